//! Members: they report, repeat what was not answered, and watch.

use std::sync::{Arc, Mutex, PoisonError};

use chappe_ingest::Desk;
use chappe_model::{Accepted, Country, Principal, Timestamp};
use chappe_notification::{Board, Feed};
use chappe_proto::{incident, v1};
use chappe_testkit::{Case, member, secret};
use fastrand::Rng;
use prost::Message;
use tonic::{Code, Status};

/// How long a member waits before it asks again, in milliseconds.
const AGAIN_MS: u64 = 300;

type Slot = Arc<Mutex<Option<Result<v1::Receipt, Status>>>>;

/// One revision that a member wants to be stored.
pub(crate) struct Request {
    /// Sent once the virtual time has come.
    pub(crate) due: u64,
    who: Principal,
    report: v1::Incident,
    retracts: bool,
    /// Where the answer is to come from: the process and its start.
    sent_to: Option<(usize, u64, Slot)>,
    pub(crate) receipt: Option<v1::Receipt>,
    pub(crate) refused: Option<String>,
    /// What it was told last, where that was not final.
    last: Option<String>,
}

impl Request {
    pub(crate) fn is_done(&self) -> bool {
        self.receipt.is_some() || self.refused.is_some()
    }

    /// How it stands, for whoever asks why it is not done.
    pub(crate) fn story(&self) -> String {
        let (who, report) = (&self.who.member, &self.report);
        format!("{who} {} {}: {:?}", report.report_key, report.revision, self.last)
    }

    pub(crate) fn revision(&self) -> u32 {
        self.report.revision
    }

    /// What tells two contents of one revision apart; none of a retraction, which has no content of its own.
    pub(crate) fn title(&self) -> Option<&str> {
        (!self.retracts).then_some(self.report.title.as_str())
    }

    /// The process and its start of which an answer is awaited.
    pub(crate) fn awaits(&self) -> Option<(usize, u64)> {
        self.sent_to.as_ref().map(|(process, start, _)| (*process, *start))
    }

    pub(crate) fn send(&mut self, process: usize, start: u64, desk: &Desk) {
        let slot = Slot::default();
        let answer = Arc::clone(&slot);
        let done = Box::new(move |outcome| *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome));
        self.sent_to = Some((process, start, slot));
        if self.retracts {
            let request = v1::RetractRequest {
                report_key: self.report.report_key.clone(),
                revision: self.report.revision,
                reason: String::new(),
            };
            desk.retract(&self.who, &request, done);
        } else {
            desk.submit(&self.who, &self.report, false, done);
        }
    }

    /// Takes the answer, if there is one. What is not final is asked again, as is what nobody will answer any more.
    pub(crate) fn hear(&mut self, now: u64, is_gone: bool) {
        let Some((_, _, slot)) = &self.sent_to else { return };
        let answer = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        match answer {
            None if !is_gone => return,
            Some(Ok(receipt)) => self.receipt = Some(receipt),
            Some(Err(status)) if is_final(status.code()) => {
                self.refused = Some(format!("{:?} {}", status.code(), status.message()));
            }
            other => {
                self.last = other.and_then(Result::err).map(|status| status.message().to_owned());
                self.due = now + AGAIN_MS;
            }
        }
        self.sent_to = None;
    }
}

fn is_final(code: Code) -> bool {
    !matches!(
        code,
        Code::Unavailable | Code::ResourceExhausted | Code::Unknown | Code::Aborted | Code::Internal
    )
}

/// What is reported in the course of a history, and how far log time runs ahead of the virtual time by then.
pub(crate) struct Script {
    pub(crate) requests: Vec<Request>,
    /// From this virtual time on log time is so much further.
    pub(crate) leaps: Vec<(u64, u64)>,
    pub(crate) end: u64,
}

/// Virtual time between two reports at most, in milliseconds: what a case waits longer is a leap of log time.
const PAUSE_MS: u64 = 700;

impl Script {
    /// Two cases on one set of members: their revisions contradict each other now and then.
    pub(crate) fn draw(case: &Case, rng: &mut Rng) -> Self {
        let other = Case::generate(case.seed.wrapping_mul(31).wrapping_add(5) % 998);
        let mut reports = case.reports();
        reports.extend(other.reports());
        reports.sort_by_key(|(at, accepted)| (*at, accepted.id, accepted.incident.revision));
        let mut script = Self {
            requests: vec![],
            leaps: vec![],
            end: 3_000,
        };
        let mut last = Timestamp::ZERO;
        for (at, accepted) in reports {
            let pause = at.as_millis() - last.as_millis().min(at.as_millis());
            last = at;
            script.end += pause.min(PAUSE_MS);
            if pause > PAUSE_MS && script.requests.len() > 1 {
                script.leaps.push((script.end, pause - PAUSE_MS));
            }
            script.ask(&accepted, script.end, rng);
        }
        script.end += 3_000;
        script
    }

    /// Sent once, or to two desks at once, or with other content as well.
    fn ask(&mut self, accepted: &Accepted, due: u64, rng: &mut Rng) {
        let request = |report: v1::Incident| Request {
            due,
            who: reporter(accepted),
            report,
            retracts: accepted.incident.retracted,
            sent_to: None,
            receipt: None,
            refused: None,
            last: None,
        };
        let report = incident::to_wire(accepted);
        match rng.u8(0..6) {
            0 => self.requests.push(request(report.clone())),
            1 => self.requests.push(request(v1::Incident {
                title: "Other".into(),
                ..report.clone()
            })),
            _ => {}
        }
        self.requests.push(request(report));
    }
}

fn reporter(accepted: &Accepted) -> Principal {
    Principal {
        member: accepted.reporter.clone(),
        home: accepted.home,
        role: chappe_model::Role::Member,
    }
}

/// The id of what a request reports.
pub(crate) fn incident_id(request: &Request) -> chappe_model::IncidentId {
    let key = chappe_model::ReportKey::parse(&request.report.report_key).expect("a sound key");
    secret().incident_id(&request.who.member, &key)
}

/// One that watches from the beginning, on whatever board.
pub(crate) struct Watcher {
    pub(crate) who: Arc<Principal>,
    /// The process and its start that serve it, and its place.
    pub(crate) feed: Option<(usize, u64, Feed)>,
    cursor: String,
    /// The revisions it was told, in order.
    pub(crate) told: Vec<Vec<u8>>,
    pub(crate) resumed: u64,
}

impl Watcher {
    pub(crate) fn new(id: &str, home: Option<&str>) -> Self {
        let who = Principal {
            member: member(id),
            home: home.and_then(|code| Country::parse(code).ok()),
            role: if home.is_some() {
                chappe_model::Role::Member
            } else {
                chappe_model::Role::DutyOfficer
            },
        };
        Self {
            who: Arc::new(who),
            feed: None,
            cursor: String::new(),
            told: vec![],
            resumed: 0,
        }
    }

    /// Goes on where it was. It stays away if it is turned away.
    pub(crate) fn resume(&mut self, process: usize, start: u64, board: &Board) {
        let request = v1::SubscribeRequest {
            from_beginning: self.cursor.is_empty(),
            cursor: self.cursor.clone(),
            ..Default::default()
        };
        let feed = board.subscribe(Arc::clone(&self.who), &request);
        self.resumed += u64::from(feed.is_ok() && !self.cursor.is_empty());
        self.feed = feed.ok().map(|feed| (process, start, feed));
    }

    /// Takes some of what there is.
    pub(crate) fn watch(&mut self, board: &Board, at_most: usize, beat: Option<Timestamp>) -> Result<usize, String> {
        let Some((.., feed)) = &mut self.feed else { return Ok(0) };
        let mut answers = feed.next(board, at_most).unwrap_or_default();
        answers.extend(beat.map(|now| feed.heartbeat(board, now)));
        let count = answers.len();
        for answer in answers {
            self.cursor = answer.cursor;
            match answer.event {
                Some(v1::subscribe_response::Event::Alert(alert)) => self.told.push(alert.encode_to_vec()),
                Some(v1::subscribe_response::Event::Gap(gap)) => {
                    return Err(format!("{} got a gap notice: {}", self.who.member, gap.reason));
                }
                _ => {}
            }
        }
        Ok(count)
    }
}
