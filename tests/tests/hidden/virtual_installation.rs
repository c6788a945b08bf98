//! Ingest's desk, the core and notification's board on an in-memory log, in virtual time and one thread.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chappe_clock::{Clock, ManualClock};
use chappe_correlate::Engine;
use chappe_eventlog::{EventLog, MemoryLog, Position, ReadLimit, Record, RecordKind, Topic, append_blocking};
use chappe_identity::{Directory, TokenDigest};
use chappe_model::{Country, MemberId, Policy, Principal, Role, Secret, Timestamp, built_in_rules};
use chappe_notification::Feed;
use chappe_proto::{alert, incident, v1};
use prost::Message;
use tonic::Status;

use crate::script::{MEMBERS, Script, Step};

/// What one viewer was answered: to what, and the bytes.
pub(crate) type Answers = Vec<(String, Vec<u8>)>;

pub(crate) struct Outcome {
    pub(crate) answers: BTreeMap<&'static str, Answers>,
    /// Every alert that was ever told, to whomever.
    pub(crate) alert_names: Vec<String>,
}

/// Runs a script, with or without its hidden incident; everyone also asks for the alerts named in `probes`.
pub(crate) fn run(script: &Script, hidden: bool, probes: &[String]) -> Outcome {
    let mut installation = Installation::new();
    for (number, (secret_step, step)) in script.steps.iter().enumerate() {
        if *secret_step && !hidden {
            continue;
        }
        installation.take(number, step, probes);
        installation.correlate();
    }
    installation.outcome()
}

struct Viewer {
    principal: Arc<Principal>,
    feed: Feed,
    cursor: String,
    answers: Answers,
}

struct Installation {
    clock: Arc<ManualClock>,
    log: Arc<MemoryLog>,
    ingest: chappe_ingest::Service,
    notification: chappe_notification::Service,
    engine: Engine,
    positions: Vec<Position>,
    watermark: Timestamp,
    viewers: BTreeMap<&'static str, Viewer>,
}

impl Installation {
    fn new() -> Self {
        let secret = Secret::new([9; 32]);
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_700_000_000_000)));
        let log = Arc::new(MemoryLog::new());
        let principals: Vec<Principal> = MEMBERS.iter().map(|(id, home)| principal(id, home)).collect();
        let tokens = principals
            .iter()
            .map(|p| (p.clone(), TokenDigest::of(p.member.as_str())));
        let directory = Arc::new(Directory::new(tokens.collect()).unwrap());
        let ingest = chappe_ingest::Options {
            secret: secret.clone(),
            directory: Arc::clone(&directory),
            policy: policy(),
            quotas: chappe_ingest::Quotas::default(),
            budget: chappe_model::Budget::default(),
            mark_interval: Duration::from_secs(1),
        };
        let ingest =
            chappe_ingest::Service::open(ingest, Arc::<MemoryLog>::clone(&log), Arc::<ManualClock>::clone(&clock));
        let notification = chappe_notification::Options {
            secret: secret.clone(),
            directory: Arc::clone(&directory),
            heartbeat: Duration::from_secs(1),
            stale_after_ms: 5_000,
        };
        let notification = chappe_notification::Service::open(
            notification,
            Arc::<MemoryLog>::clone(&log),
            Arc::<ManualClock>::clone(&clock),
        )
        .unwrap();
        let partitions = log.partitions(Topic::Incidents);
        let mut engine = Engine::new(&secret, policy(), partitions, 2, 1);
        engine.settle();
        state_constituencies(&notification, &directory);
        let viewers = viewers(&notification, principals);
        Self {
            clock,
            log,
            ingest: ingest.unwrap(),
            notification,
            engine,
            positions: vec![Position(0); usize::from(partitions)],
            watermark: Timestamp::ZERO,
            viewers,
        }
    }

    fn take(&mut self, number: usize, step: &Step, probes: &[String]) {
        match step {
            Step::Wait(millis) => {
                self.clock.advance_millis(*millis);
                self.ingest.desk().mark(Box::new(|marked| assert!(marked.is_ok())));
            }
            Step::Submit(who, incident) => {
                let desk = self.ingest.desk();
                self.answer(number, who, |principal, done| {
                    desk.submit(principal, incident, false, done)
                });
            }
            Step::Retract(who, request) => {
                let desk = self.ingest.desk();
                self.answer(number, who, |principal, done| desk.retract(principal, request, done));
            }
            Step::Look => self.look(number, probes),
            Step::Resume => self.resume(),
        }
    }

    fn answer(&mut self, number: usize, who: &str, ask: impl FnOnce(&Principal, chappe_ingest::Done)) {
        let viewer = self.viewers.get_mut(who).unwrap();
        let answer = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&answer);
        ask(
            &viewer.principal,
            Box::new(move |outcome| *slot.lock().unwrap() = Some(outcome)),
        );
        let outcome = answer
            .lock()
            .unwrap()
            .take()
            .expect("the in-memory log answers at once");
        viewer.answers.push((format!("step {number}"), bytes(outcome)));
    }

    fn look(&mut self, number: usize, probes: &[String]) {
        let (board, desk, now) = (self.notification.board(), self.ingest.desk(), self.clock.now());
        board.catch_up().unwrap();
        for viewer in self.viewers.values_mut() {
            let mut note =
                |what: String, answer: Vec<u8>| viewer.answers.push((format!("step {number}: {what}"), answer));
            let mut told = viewer.feed.next(&board, 1_000).unwrap();
            told.push(viewer.feed.heartbeat(&board, now));
            viewer.cursor = told.last().unwrap().cursor.clone();
            told.iter()
                .for_each(|response| note("stream".into(), response.encode_to_vec()));
            for exercise in [false, true] {
                let request = v1::ListAlertsRequest {
                    page_size: 2,
                    filter: Some(v1::AlertFilter {
                        exercise,
                        ..Default::default()
                    }),
                    ..Default::default()
                };
                let page = board.list(&viewer.principal, &request).unwrap();
                note("list".into(), page.encode_to_vec());
                let next = v1::ListAlertsRequest {
                    page_token: page.next_page_token,
                    ..request
                };
                note("next page".into(), bytes(board.list(&viewer.principal, &next)));
            }
            let mine = v1::ListAlertsRequest {
                filter: Some(v1::AlertFilter {
                    mine: true,
                    ..Default::default()
                }),
                ..Default::default()
            };
            note("mine".into(), bytes(board.list(&viewer.principal, &mine)));
            let search = v1::ListAlertsRequest {
                page_size: 1,
                filter: Some(v1::AlertFilter {
                    domains: vec!["one.example".into()],
                    networks: vec!["203.0.113.0/24".into()],
                    ..Default::default()
                }),
                until: Some(chappe_proto::time::to_wire(now)),
                ..Default::default()
            };
            note("search".into(), bytes(board.list(&viewer.principal, &search)));
            if let Some(name) = probes.get(number % probes.len().max(1)) {
                let request = v1::DecideRequest {
                    name: name.clone(),
                    verdict: [1, 2, 3][number % 3],
                    reason: "because".into(),
                };
                note(
                    format!("decide {name}"),
                    bytes(board.decide(&viewer.principal, &request, now)),
                );
            }
            for name in probes {
                note(name.clone(), bytes(board.get(&viewer.principal, name)));
                note(
                    "incident".into(),
                    bytes(desk.get(&viewer.principal, &name.replace("alerts", "incidents"))),
                );
            }
        }
    }

    fn resume(&mut self) {
        let board = self.notification.board();
        for viewer in self.viewers.values_mut().filter(|viewer| !viewer.cursor.is_empty()) {
            let request = v1::SubscribeRequest {
                cursor: viewer.cursor.clone(),
                ..Default::default()
            };
            viewer.feed = board.subscribe(Arc::clone(&viewer.principal), &request).unwrap();
        }
    }

    /// What the correlation service does: reads on, judges, appends alerts and time marks.
    fn correlate(&mut self) {
        for partition in 0..self.log.partitions(Topic::Incidents) {
            let at = &mut self.positions[usize::from(partition)];
            for (position, record) in self
                .log
                .read(Topic::Incidents, partition, *at, ReadLimit::default())
                .unwrap()
            {
                *at = position.next();
                let stamp = Timestamp::from_millis(record.stamp_ms);
                match record.kind {
                    RecordKind::Mark => self.engine.mark(partition, stamp),
                    RecordKind::Data => {
                        self.engine
                            .record(partition, stamp, &incident::decode(&record.payload).unwrap().0)
                    }
                }
            }
        }
        for told in self.engine.drain() {
            let record = Record::data(
                told.revised_at.as_millis(),
                told.id.as_bytes().to_vec().into(),
                alert::encode(&told).into(),
            );
            append_blocking(&*self.log, Topic::Alerts, 0, record).unwrap();
        }
        if self.engine.watermark() > self.watermark {
            self.watermark = self.engine.watermark();
            let mark = Record {
                payload: alert::encode_mark(self.watermark, 1).into(),
                ..Record::mark(self.watermark.as_millis())
            };
            append_blocking(&*self.log, Topic::Alerts, 0, mark).unwrap();
        }
    }

    fn outcome(self) -> Outcome {
        let told = self
            .log
            .read(
                Topic::Alerts,
                0,
                Position(0),
                ReadLimit {
                    records: 100_000,
                    bytes: 1 << 30,
                },
            )
            .unwrap();
        let data = told.into_iter().filter(|(_, record)| record.kind == RecordKind::Data);
        let mut alert_names: Vec<String> = data
            .map(|(_, record)| alert::decode(&record.payload).unwrap().id.resource_name())
            .collect();
        alert_names.sort();
        alert_names.dedup();
        Outcome {
            answers: self
                .viewers
                .into_iter()
                .map(|(id, viewer)| (id, viewer.answers))
                .collect(),
            alert_names,
        }
    }
}

fn policy() -> Policy {
    let member = |id| MemberId::parse(id).unwrap();
    let mut rules = built_in_rules();
    rules
        .iter_mut()
        .filter(|rule| rule.quota > 0)
        .for_each(|rule| rule.quota = 2);
    // Windows as short as the histories, so that alerts resolve and state is let go within them.
    rules.iter_mut().for_each(|rule| rule.when.within_ms = 50_000);
    Policy::new(1, rules, 5_000, vec![member("csirt-de")], vec![member("europol")]).unwrap()
}

/// An address, two names and a country.
fn answered_for() -> [(&'static str, v1::Constituency); 4] {
    let none = v1::Constituency::default;
    let domains = |name: &str| v1::Constituency {
        domains: vec![name.into()],
        ..none()
    };
    let networks = vec!["203.0.113.0/24".into()];
    let countries = vec!["DE".into()];
    [
        ("csirt-at", v1::Constituency { networks, ..none() }),
        ("csirt-be", domains("one.example")),
        ("csirt-cz", domains("mail.example")),
        ("csirt-de", v1::Constituency { countries, ..none() }),
    ]
}

/// Members answer for what is reported, hidden or not: whatever they are shown says which of it is theirs.
fn state_constituencies(notification: &chappe_notification::Service, directory: &Directory) {
    let hub = principal("europol", "");
    for (member, constituency) in answered_for() {
        let request = v1::SetConstituencyRequest {
            member: member.into(),
            constituency: Some(constituency),
        };
        let now = Timestamp::from_millis(1_700_000_000_000);
        notification
            .board()
            .state_constituency(&hub, directory, &request, now)
            .unwrap();
    }
}

/// Everyone is subscribed from the beginning.
fn viewers(notification: &chappe_notification::Service, principals: Vec<Principal>) -> BTreeMap<&'static str, Viewer> {
    let board = notification.board();
    let subscribe = |principal: &Arc<Principal>| {
        let request = v1::SubscribeRequest {
            from_beginning: true,
            ..Default::default()
        };
        board.subscribe(Arc::clone(principal), &request).unwrap()
    };
    let each = MEMBERS.iter().zip(principals).map(|((id, _), principal)| {
        let principal = Arc::new(principal);
        let feed = subscribe(&principal);
        (
            *id,
            Viewer {
                principal,
                feed,
                cursor: String::new(),
                answers: vec![],
            },
        )
    });
    each.collect()
}

fn principal(id: &str, home: &str) -> Principal {
    let role = match id {
        "europol" => Role::DutyOfficer,
        "enisa" => Role::Hub,
        _ => Role::Member,
    };
    Principal {
        member: MemberId::parse(id).unwrap(),
        home: Country::parse(home).ok(),
        role,
    }
}

/// An answer or a refusal, with its details, as bytes.
fn bytes<T: Message>(outcome: Result<T, Status>) -> Vec<u8> {
    match outcome {
        Ok(message) => message.encode_to_vec(),
        Err(status) => format!("{:?} {} {:?}", status.code(), status.message(), status.details()).into_bytes(),
    }
}
