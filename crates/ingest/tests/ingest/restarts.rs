//! Random submissions, retries, faults and restarts against a model that fits on a page.

use std::collections::BTreeMap;
use std::sync::Arc;

use chappe_clock::ManualClock;
use chappe_eventlog::{AtCrash, FaultPlan, FaultRates, Hold, MemoryLog, Partitions};
use chappe_ingest::{OpenError, Options, Service};
use chappe_model::Secret;
use chappe_proto::v1;
use proptest::prelude::*;
use tonic::Code;

use crate::installation::{Answer, Installation, START, marking, options, policy, reason, report};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    key: u8,
    revision: u32,
    content: u8,
}

#[derive(Clone, Debug)]
enum Step {
    Submit(Said),
    Retract { key: u8, revision: u32 },
    Release(usize),
    Advance(u64),
    Restart { stricter: bool, at_crash: AtCrash },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let said = (0..3_u8, 1..4_u32, 0..4_u8).prop_map(|(key, revision, content)| Said { key, revision, content });
    let at_crash = prop_oneof![
        Just(AtCrash::Lost),
        Just(AtCrash::Kept),
        Just(AtCrash::TornTail),
        any::<u64>().prop_map(|seed| AtCrash::Prefix { seed })
    ];
    let step = prop_oneof![
        12 => said.prop_map(Step::Submit),
        2 => (0..3_u8, 1..6_u32).prop_map(|(key, revision)| Step::Retract { key, revision }),
        4 => (1..5_usize).prop_map(Step::Release),
        1 => (1..100_000_000_u64).prop_map(Step::Advance),
        2 => (any::<bool>(), at_crash).prop_map(|(stricter, at_crash)| Step::Restart { stricter, at_crash }),
    ];
    proptest::collection::vec(step, 1..60)
}

/// Four contents of one report: shared, named, unmarked (which only some policies take), critical match-only.
fn wire(said: Said) -> v1::Incident {
    let base = v1::Incident {
        revision: said.revision,
        ..report(&format!("K{}", said.key))
    };
    match said.content {
        0 => base,
        1 => v1::Incident {
            marking: Some(marking(v1::Tlp::Red, v1::Use::Unspecified, &["csirt-be", "europol"])),
            ..base
        },
        2 => v1::Incident { marking: None, ..base },
        _ => v1::Incident {
            marking: Some(marking(v1::Tlp::Green, v1::Use::MatchOnly, &[])),
            severity: v1::Severity::Critical as i32,
            ..base
        },
    }
}

fn under(stricter: bool) -> Options {
    let unmarked: &[&str] = if stricter { &[] } else { &["csirt-at"] };
    Options {
        policy: policy(unmarked),
        ..options()
    }
}

/// What was told so far, whoever told it.
#[derive(Default)]
struct Model {
    receipts: BTreeMap<Said, v1::Receipt>,
    acknowledged: BTreeMap<(u8, u32), Said>,
    retracted: BTreeMap<(u8, u32), v1::Receipt>,
}

impl Model {
    fn hear(&mut self, said: Said, answer: &Answer) {
        match answer.told() {
            Ok(receipt) => {
                let first = self.receipts.entry(said).or_insert_with(|| receipt.clone());
                assert_eq!(*first, receipt, "{said:?}");
                let winner = *self.acknowledged.entry((said.key, said.revision)).or_insert(said);
                assert_eq!(winner, said, "two contents of one revision were acknowledged");
                assert!(
                    !self.retracted.contains_key(&(said.key, said.revision)),
                    "{said:?} and a retraction under one revision"
                );
            }
            Err(refusal) => {
                let known = self.acknowledged.get(&(said.key, said.revision));
                assert!(
                    known != Some(&said) || refusal.code() != Code::AlreadyExists,
                    "{said:?} is stored, yet: {refusal:?}"
                );
                let expected = [
                    Code::AlreadyExists,
                    Code::InvalidArgument,
                    Code::ResourceExhausted,
                    Code::Unavailable,
                ];
                assert!(expected.contains(&refusal.code()), "{refusal:?}");
            }
        }
    }
}

struct Run {
    it: Installation,
    model: Model,
    open: Vec<(Said, Answer)>,
    open_retractions: Vec<((u8, u32), Answer)>,
}

impl Run {
    fn step(&mut self, step: &Step, hold: Hold, seed: u64) {
        match step {
            Step::Submit(said) => self.open.push((*said, self.it.submit("csirt-at", &wire(*said)))),
            Step::Retract { key, revision } => {
                let answer = self
                    .it
                    .retract("csirt-at", &format!("K{key}"), *revision, "false alarm");
                self.open_retractions.push(((*key, *revision), answer));
            }
            Step::Release(count) => drop(self.it.log.release(*count)),
            Step::Advance(millis) => self.it.clock.advance_millis(*millis),
            Step::Restart { stricter, at_crash } => {
                // Faults drawn so far stay drawn: the plan only learns what the crash keeps.
                self.it.log.set_faults(FaultPlan::none().hold(hold).at_crash(*at_crash));
                let log = self.it.log.crash(faults(seed, hold));
                self.it = Installation::on(under(*stricter), log, self.it.clock.clone());
                self.hear();
                self.open.clear();
                self.open_retractions.clear();
            }
        }
        self.hear();
    }

    fn hear(&mut self) {
        for (said, answer) in self.open.extract_if(.., |(_, answer)| !answer.is_open()) {
            self.model.hear(said, &answer);
        }
        for (at, answer) in self.open_retractions.extract_if(.., |(_, answer)| !answer.is_open()) {
            if let Ok(receipt) = answer.told() {
                assert!(
                    !self.model.acknowledged.contains_key(&at),
                    "a retraction took the revision of a report"
                );
                let first = self.model.retracted.entry(at).or_insert_with(|| receipt.clone());
                assert_eq!(*first, receipt, "retraction {at:?}");
            }
        }
    }

    /// At the end, whatever was acknowledged stands in the log first under its revision, and its retry gets its receipt.
    fn settle(mut self) {
        self.it.log.set_faults(FaultPlan::none());
        self.it.log.release_all();
        self.hear();
        assert!(
            self.open.is_empty() && self.open_retractions.is_empty(),
            "a request was never answered"
        );
        for restarted in [false, true] {
            if restarted {
                self.it = self.it.restart(under(true));
            }
            for ((key, revision), receipt) in &self.model.retracted {
                assert_eq!(
                    self.it
                        .retract("csirt-at", &format!("K{key}"), *revision, "false alarm")
                        .receipt(),
                    *receipt
                );
            }
            for (said, receipt) in &self.model.receipts {
                assert_eq!(self.it.submit("csirt-at", &wire(*said)).receipt(), *receipt);
                let other = Said {
                    content: (said.content + 1) % 2,
                    ..*said
                };
                let refusal = self.it.submit("csirt-at", &wire(other)).told();
                let refused = refusal.err().filter(|_| other != *said);
                assert!(
                    other == *said || refused.is_some_and(|status| reason(&status) == "REVISION_EXISTS"),
                    "{other:?}"
                );
            }
        }
    }
}

fn faults(seed: u64, hold: Hold) -> FaultPlan {
    let rates = FaultRates {
        refused_per_mille: 60,
        unknown_written_per_mille: 60,
        unknown_lost_per_mille: 60,
    };
    FaultPlan::seeded(seed, rates).hold(hold)
}

proptest! {
    #[test]
    fn one_content_a_revision_and_one_receipt_a_content(
        steps in steps(), seed in any::<u64>(), hold in prop_oneof![Just(Hold::Nothing), Just(Hold::Write), Just(Hold::Ack)]
    ) {
        let log = MemoryLog::with_faults(Partitions::default(), faults(seed, hold));
        let clock = Arc::new(ManualClock::starting_at(START));
        let mut run = Run { it: Installation::on(under(false), log, clock), model: Model::default(), open: vec![], open_retractions: vec![] };
        for step in &steps {
            run.step(step, hold, seed);
        }
        run.settle();
    }
}

#[test]
fn without_faults_each_revision_stands_in_the_log_once() {
    let it = Installation::with(under(false), FaultPlan::none());
    for round in 0..3 {
        for key in 0..3 {
            for revision in 1..4 {
                for content in 0..4 {
                    let code = it.submit("csirt-at", &wire(Said { key, revision, content })).code();
                    let expected = if content == 0 { Code::Ok } else { Code::AlreadyExists };
                    assert_eq!(code, expected, "round {round}");
                }
            }
        }
    }
    assert_eq!(it.records().len(), 9);
}

#[test]
fn a_log_does_not_open_under_another_secret() {
    let it = Installation::new();
    it.submit("csirt-at", &report("A")).receipt();
    let other = Options {
        secret: Secret::new([8; 32]),
        ..options()
    };
    let opened = Service::open(other, Arc::new(it.log.clone()), it.clock.clone());
    assert!(matches!(opened, Err(OpenError::Secret { .. })), "{opened:?}");
}

#[test]
fn a_damaged_record_is_named() {
    use chappe_eventlog::{Record, Topic, append_blocking};
    let it = Installation::new();
    append_blocking(
        &it.log,
        Topic::Incidents,
        2,
        Record::data(1, "key".into(), "not protobuf".into()),
    )
    .unwrap();
    let error = Service::open(options(), Arc::new(it.log.clone()), it.clock.clone())
        .unwrap_err()
        .to_string();
    assert!(error.contains("record 0 of partition 2"), "{error}");
}
