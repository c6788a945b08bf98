//! The same path as in the program, without its runtime: a reader, the desk of ingest, the log, the core; with a secret and a clock that
//! are the same in every run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use chappe_clock::{Clock, ManualClock};
use chappe_correlate::Engine;
use chappe_eventlog::{EventLog, MemoryLog, Position, ReadLimit, RecordKind, Topic};
use chappe_exchange::{Draft, read_misp};
use chappe_identity::{Directory, TokenDigest};
use chappe_ingest::{Desk, Options, Quotas, Service};
use chappe_model::{
    Alert, Country, MemberId, Policy, Principal, Role, Secret, Severity, Timestamp, Tlp, built_in_rules,
};
use chappe_proto::{incident, time, v1};
use tonic::Code;
use tonic_types::StatusExt;

use super::events::{DIFFERENT, Raised, SUBMITTERS, XDSPY, bytes, event, one_id_each, table};

/// 2026-03-02T06:00:00Z.
const START: Timestamp = Timestamp::from_millis(1_772_431_200_000);
/// Log time between two reports.
const HOUR_MS: u64 = 3_600_000;
/// More than the time for which changes of counts alone may wait.
const MINUTE_MS: u64 = 60_000;

fn member(id: &str) -> MemberId {
    MemberId::parse(id).unwrap()
}

fn principal(id: &str, home: &str) -> Principal {
    Principal {
        member: member(id),
        home: Some(Country::parse(home).unwrap()),
        role: Role::Member,
    }
}

fn policy(unmarked_as_red: &[&str]) -> Policy {
    let unmarked = unmarked_as_red.iter().map(|id| member(id)).collect();
    Policy::new(1, built_in_rules(), 300_000, unmarked, vec![member("europol")]).unwrap()
}

struct Spine {
    log: MemoryLog,
    clock: Arc<ManualClock>,
    desk: Arc<Desk>,
    engine: Engine,
    told: Vec<Alert>,
}

impl Spine {
    fn new(policy: &Policy) -> Self {
        let secret = Secret::new([7; 32]);
        let duty = Principal {
            member: member("europol"),
            home: None,
            role: Role::DutyOfficer,
        };
        let members = SUBMITTERS.iter().map(|(id, home)| principal(id, home)).chain([duty]);
        let members = members.map(|who| (who.clone(), TokenDigest::of(who.member.as_str())));
        let options = Options {
            secret: secret.clone(),
            directory: Arc::new(Directory::new(members.collect()).unwrap()),
            policy: policy.clone(),
            quotas: Quotas::default(),
            budget: chappe_model::Budget::default(),
            mark_interval: Duration::from_secs(1),
        };
        let (log, clock) = (MemoryLog::new(), Arc::new(ManualClock::starting_at(START)));
        let service = Service::open(options, Arc::new(log.clone()), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        let mut engine = Engine::new(&secret, policy.clone(), log.partitions(Topic::Incidents), 2, 1);
        engine.settle();
        Self {
            desk: service.desk(),
            log,
            clock,
            engine,
            told: vec![],
        }
    }

    /// Submits, then lets an hour pass.
    fn submit(&mut self, (id, home): (&str, &str), report: &v1::Incident) -> Result<v1::Receipt, tonic::Status> {
        let (tell, answer) = mpsc::channel();
        self.desk.submit(
            &principal(id, home),
            report,
            false,
            Box::new(move |outcome| tell.send(outcome).unwrap()),
        );
        let answer = answer.recv().unwrap();
        self.pass(HOUR_MS);
        answer
    }

    /// Lets log time pass, and the core read what stands in the log.
    fn pass(&mut self, millis: u64) {
        self.clock.advance_millis(millis);
        let (tell, marked) = mpsc::channel();
        self.desk.mark(Box::new(move |outcome| tell.send(outcome).unwrap()));
        marked.recv().unwrap().unwrap();
        for partition in 0..self.log.partitions(Topic::Incidents) {
            let from = Position(self.engine.positions()[usize::from(partition)]);
            for (_, record) in self.log.read(Topic::Incidents, partition, from, everything()).unwrap() {
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
        self.told.extend(self.engine.drain());
    }

    /// What was accepted: position and content of every report.
    fn stored(&self) -> Vec<Vec<u8>> {
        let partitions = 0..self.log.partitions(Topic::Incidents);
        let records = partitions.flat_map(|partition| {
            self.log
                .read(Topic::Incidents, partition, Position(0), everything())
                .unwrap()
        });
        let data = records.filter(|(_, record)| record.kind == RecordKind::Data);
        data.map(|(_, record)| record.payload.to_vec()).collect()
    }

    /// The alerts, by id.
    fn alerts(&self) -> BTreeMap<String, Raised> {
        one_id_each(self.told.iter().map(|alert| {
            let key: Vec<&str> = alert.key.iter().map(|field| &*field.value).collect();
            let countries = alert
                .countries
                .iter()
                .map(|country| country.as_str().to_owned())
                .collect();
            (
                alert.id.to_string(),
                Raised::new(&alert.rule.id, &key, countries, alert.counts.members),
            )
        }))
    }
}

fn everything() -> ReadLimit {
    ReadLimit {
        records: usize::MAX,
        bytes: usize::MAX,
    }
}

/// A MISP event as a report of a member: what the event lacks is given, and nothing else.
fn report(path: &Path, country: &str, tlp: Option<Tlp>) -> v1::Incident {
    let mut readings = read_misp("event", &bytes(path)).unwrap();
    assert_eq!(readings.len(), 1);
    let reading = readings.remove(0).unwrap();
    assert!(reading.is_whole());
    let draft: Draft = reading.draft;
    assert!(draft.tlp.is_none() && draft.countries.is_empty() && draft.sectors.is_empty());
    let moment = |millis: Option<u64>| millis.map(|millis| time::to_wire(Timestamp::from_millis(millis)));
    v1::Incident {
        report_key: draft.report_key,
        revision: draft.revision,
        incident_type: "other/undetermined".into(),
        severity: match draft.severity {
            Some(Severity::High) => v1::Severity::High,
            Some(Severity::Low) => v1::Severity::Low,
            other => panic!("{other:?}"),
        } as i32,
        marking: tlp.map(|tlp| match tlp {
            Tlp::Amber => v1::Marking {
                tlp: v1::Tlp::Amber as i32,
                ..v1::Marking::default()
            },
            other => panic!("{other}"),
        }),
        occurred_from: moment(draft.occurred_from_ms),
        occurred_to: moment(draft.occurred_to_ms),
        countries: vec![country.into()],
        indicators: draft.indicators.iter().map(incident::indicator_to_wire).collect(),
        title: draft.title,
        summary: draft.summary,
        ..v1::Incident::default()
    }
}

/// Each member submits the event for its country.
fn submit_by_all(path: &mut Spine, event: &Path, tlp: Option<Tlp>) -> Vec<Result<v1::Receipt, tonic::Status>> {
    SUBMITTERS
        .iter()
        .map(|who| path.submit(*who, &report(event, who.1, tlp)))
        .collect()
}

#[test]
fn three_members_raise_what_the_table_says_each_under_one_id() {
    let Some(event) = event("three_members_raise_what_the_table_says_each_under_one_id", XDSPY) else {
        return;
    };
    let run = || {
        let mut path = Spine::new(&policy(&[]));
        let first = submit_by_all(&mut path, &event, Some(Tlp::Amber));
        assert!(first.iter().all(Result::is_ok), "{first:?}");
        path.pass(MINUTE_MS);
        (path, first)
    };
    let (path, _) = run();
    assert_eq!(path.alerts().into_values().collect::<BTreeSet<_>>(), table());
    let (again, _) = run();
    assert_eq!(
        path.told, again.told,
        "same secret, same clock: the same ids and revisions"
    );
}

#[test]
fn the_same_submitted_again_changes_nothing() {
    let Some(event) = event("the_same_submitted_again_changes_nothing", XDSPY) else {
        return;
    };
    let mut path = Spine::new(&policy(&[]));
    let first: Vec<_> = submit_by_all(&mut path, &event, Some(Tlp::Amber))
        .into_iter()
        .map(Result::unwrap)
        .collect();
    path.pass(MINUTE_MS);
    let (stored, told) = (path.stored(), path.told.clone());
    assert_eq!(stored.len(), 3);
    let again: Vec<_> = submit_by_all(&mut path, &event, Some(Tlp::Amber))
        .into_iter()
        .map(Result::unwrap)
        .collect();
    path.pass(MINUTE_MS);
    assert_eq!(again, first, "the same receipts");
    assert_eq!(path.stored(), stored, "nothing is stored twice");
    assert_eq!(path.told, told, "no alert has another revision");
}

#[test]
fn unmarked_it_is_refused_and_raises_nothing() {
    let Some(event) = event("unmarked_it_is_refused_and_raises_nothing", XDSPY) else {
        return;
    };
    let mut path = Spine::new(&policy(&[]));
    for answer in submit_by_all(&mut path, &event, None) {
        let refusal = answer.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument);
        let bad = refusal.get_details_bad_request().unwrap();
        let [violation] = &bad.field_violations[..] else {
            panic!("{bad:?}")
        };
        assert_eq!(violation.field, "incident.marking.tlp");
        assert!(
            violation.description.contains("give a TLP 2.0 label"),
            "{}",
            violation.description
        );
    }
    path.pass(MINUTE_MS);
    assert!(path.stored().is_empty() && path.told.is_empty());
}

#[test]
fn unmarked_reports_taken_as_red_raise_nothing() {
    let Some(event) = event("unmarked_reports_taken_as_red_raise_nothing", XDSPY) else {
        return;
    };
    let mut path = Spine::new(&policy(&SUBMITTERS.map(|(id, _)| id)));
    for (answer, (id, _)) in submit_by_all(&mut path, &event, None).into_iter().zip(SUBMITTERS) {
        let receipt = answer.unwrap();
        let marking = receipt.marking.unwrap();
        assert_eq!(
            (marking.tlp(), marking.r#use()),
            (v1::Tlp::Red, v1::Use::NamedRecipientsOnly)
        );
        assert_eq!(marking.recipients, [id, "europol"]);
        assert!(receipt.notes[0].contains("no marking"), "{:?}", receipt.notes);
    }
    path.pass(MINUTE_MS);
    assert_eq!(path.stored().len(), 3);
    assert_eq!(
        path.told,
        [],
        "each stands alone with its reporter and the duty officer"
    );
}

#[test]
fn three_different_events_raise_nothing() {
    let mut path = Spine::new(&policy(&[]));
    for (who, file) in SUBMITTERS.into_iter().zip(DIFFERENT) {
        let Some(event) = event("three_different_events_raise_nothing", file) else {
            return;
        };
        path.submit(who, &report(&event, who.1, Some(Tlp::Amber))).unwrap();
    }
    path.pass(MINUTE_MS);
    assert_eq!(path.stored().len(), 3);
    assert_eq!(path.told, []);
}
