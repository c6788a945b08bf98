//! Several desks on one shared log, each as in a process of its own: what is read back is what counts.

use std::sync::Arc;

use chappe_clock::ManualClock;
use chappe_eventlog::{AppendFault, FaultPlan, Hold, MemoryLog, Partitions, Record, Topic, append_blocking};
use chappe_ingest::{OpenError, Options, Service};
use chappe_model::Secret;
use chappe_proto::{time, v1};
use tonic::Code;

use crate::installation::{Answer, Installation, START, marking, options, reason, report};

fn held(hold: Hold) -> MemoryLog {
    MemoryLog::with_faults(Partitions::default(), FaultPlan::none().hold(hold)).shared()
}

fn other(key: &str) -> v1::Incident {
    v1::Incident {
        title: "Other".into(),
        ..report(key)
    }
}

fn exercise(report: v1::Incident) -> v1::Incident {
    v1::Incident {
        exercise: true,
        ..report
    }
}

fn revised(revision: u32, report: v1::Incident) -> v1::Incident {
    v1::Incident { revision, ..report }
}

fn refused(answer: &Answer, expected: &str) {
    assert_eq!(reason(&answer.refusal()), expected);
}

#[test]
fn no_answer_leaves_before_the_record_is_read_back() {
    let log = MemoryLog::new().shared();
    let both = Installation::sharing(&log, 2);
    let (first, same) = (
        both[0].submit("csirt-at", &report("A")),
        both[0].submit("csirt-at", &report("A")),
    );
    assert!(first.is_open() && same.is_open());
    both[1].follow();
    assert!(first.is_open(), "that another process read it answers nothing");
    both[0].follow();
    assert_eq!(first.receipt(), same.receipt());
    let elsewhere = both[1].submit("csirt-at", &report("A"));
    assert_eq!(
        elsewhere.receipt(),
        first.receipt(),
        "it read it, so it answers at once"
    );
    refused(&both[1].submit("csirt-at", &other("A")), "REVISION_EXISTS");
    assert_eq!(both[0].records().len(), 1);
}

#[test]
fn a_log_of_ones_own_needs_no_reading_back() {
    let it = Installation::new();
    assert_eq!(it.submit("csirt-at", &report("A")).code(), Code::Ok);
    assert_eq!(it.desk.follow(), Ok(0));
}

#[test]
fn the_first_in_the_log_counts_and_the_receipt_says_what_it_says() {
    let old = v1::Incident {
        detected_at: Some(time::to_wire(START.minus(6 * 24 * 3600 * 1000))),
        ..report("A")
    };
    for late_is_first in [false, true] {
        let log = held(Hold::Write);
        let both = Installation::sharing(&log, 2);
        // A fortnight later by its own clock, so to this one it is backfill.
        both[1].clock.advance_millis(14 * 24 * 3600 * 1000);
        let (first, second) = if late_is_first { (1, 0) } else { (0, 1) };
        let answers = [first, second].map(|nth| both[nth].submit("csirt-at", &old));
        log.release(1);
        both.iter().for_each(Installation::follow);
        let receipt = answers[0].receipt();
        assert_eq!(
            receipt,
            answers[1].receipt(),
            "by the other's record: its own is not written yet"
        );
        assert_eq!(
            receipt.notes.len(),
            usize::from(late_is_first),
            "backfill if the first says so"
        );
        log.release_all();
        both.iter().for_each(Installation::follow);
        let again = Installation::on(options(), log.clone(), both[1].clock.clone());
        assert_eq!(again.submit("csirt-at", &old).receipt(), receipt);
        assert_eq!(again.records().len(), 2);
    }
}

#[test]
fn who_waited_for_what_lost_is_told_by_what_won() {
    let log = held(Hold::Write);
    let both = Installation::sharing(&log, 2);
    let winner = both[0].submit("csirt-at", &report("A"));
    let loser = both[1].submit("csirt-at", &other("A"));
    let (with_loser, with_winner) = (
        both[1].submit("csirt-at", &other("A")),
        both[1].submit("csirt-at", &report("A")),
    );
    log.release_all();
    both.iter().for_each(Installation::follow);
    refused(&loser, "REVISION_EXISTS");
    refused(&with_loser, "REVISION_EXISTS");
    assert_eq!(with_winner.receipt(), winner.receipt());
}

#[test]
fn the_first_revision_in_the_log_says_whether_it_is_an_exercise() {
    let log = held(Hold::Write);
    let both = Installation::sharing(&log, 2);
    let live = both[0].submit("csirt-at", &revised(2, report("A")));
    let drill = both[1].submit("csirt-at", &exercise(report("A")));
    let waits = both[1].submit("csirt-at", &revised(3, report("A")));
    assert!(waits.is_open(), "the drill may stand first");
    log.release(1);
    both.iter().for_each(Installation::follow);
    assert_eq!(live.code(), Code::Ok);
    refused(&drill, "EXERCISE_CHANGED");
    refused(&waits, "UNDER_WAY");
    // The drill's record comes into the log behind: it takes no revision, and what the log tells of it touches nobody else.
    let first = both[1].submit("csirt-at", &report("A"));
    log.release(1);
    both.iter().for_each(Installation::follow);
    assert!(first.is_open());
    log.release_all();
    both.iter().for_each(Installation::follow);
    assert_eq!(first.code(), Code::Ok);
    let again = Installation::on(options(), log.clone(), both[0].clock.clone());
    for it in both.iter().chain([&again]) {
        assert_eq!(it.submit("csirt-at", &report("A")).receipt(), first.receipt());
        refused(
            &it.submit("csirt-at", &exercise(revised(4, report("A")))),
            "EXERCISE_CHANGED",
        );
    }
}

#[test]
fn an_unknown_outcome_is_settled_once_the_log_was_read() {
    for fault in [AppendFault::UnknownWritten, AppendFault::UnknownLost] {
        let log = MemoryLog::with_faults(Partitions::default(), FaultPlan::none().at(1, fault)).shared();
        let both = Installation::sharing(&log, 2);
        refused(&both[0].submit("csirt-at", &report("A")), "UNKNOWN_OUTCOME");
        let theirs = both[1].submit("csirt-at", &other("A"));
        both.iter().for_each(Installation::follow);
        let again = both[0].submit("csirt-at", &report("A"));
        assert!(!again.is_open(), "nothing is appended for it");
        let written = fault == AppendFault::UnknownWritten;
        let expected = if written {
            (Code::Ok, Code::AlreadyExists)
        } else {
            (Code::AlreadyExists, Code::Ok)
        };
        assert_eq!((again.code(), theirs.code()), expected, "{fault:?}");
    }
}

#[test]
fn what_the_log_did_not_take_is_refused_and_may_be_anothers() {
    let log = MemoryLog::new().shared();
    let both = Installation::sharing(&log, 2);
    log.set_faults(FaultPlan::none().at(1, AppendFault::Refused));
    refused(&both[0].submit("csirt-at", &report("A")), "LOG_BUSY");
    let theirs = both[1].submit("csirt-at", &other("A"));
    both.iter().for_each(Installation::follow);
    assert_eq!(theirs.code(), Code::Ok);
    refused(&both[0].submit("csirt-at", &report("A")), "REVISION_EXISTS");
}

#[test]
fn a_log_that_goes_away_leaves_nobody_waiting() {
    let log = held(Hold::Write);
    let it = Installation::sharing(&log, 1).remove(0);
    let answer = it.submit("csirt-at", &report("A"));
    drop(log.crash(FaultPlan::none()));
    refused(&answer, "UNKNOWN_OUTCOME");
}

#[test]
fn what_another_acknowledged_is_known_to_get_and_to_retractions() {
    let log = MemoryLog::new().shared();
    let both = Installation::sharing(&log, 2);
    let first = both[0].submit("csirt-at", &report("A"));
    let named = v1::Incident {
        marking: Some(marking(v1::Tlp::Red, v1::Use::Unspecified, &["csirt-be"])),
        ..revised(2, report("A"))
    };
    let second = both[0].submit("csirt-at", &named);
    both[0].follow();
    assert_eq!((first.code(), second.code()), (Code::Ok, Code::Ok));
    assert_eq!(both[1].get("csirt-at", &first.receipt().incident).unwrap().revision, 2);
    refused(&both[1].retract("csirt-at", "A", 2, ""), "REVISION_TOO_LOW");
    let retraction = both[1].retract("csirt-at", "A", 3, "");
    both[1].follow();
    assert_eq!(
        retraction.receipt().marking,
        second.receipt().marking,
        "drawn from the newest"
    );
    assert_eq!(both[0].retract("csirt-at", "A", 3, "").receipt(), retraction.receipt());
}

#[test]
fn a_foreign_record_counts_for_nobody_and_stops_nothing() {
    let log = MemoryLog::new().shared();
    let it = Installation::sharing(&log, 1).remove(0);
    let poison = || Record::data(1, "key".into(), "not protobuf".into());
    for partition in 0..8 {
        append_blocking(&log, Topic::Incidents, partition, poison()).unwrap();
        append_blocking(&log, Topic::Pulse, 0, poison()).unwrap();
    }
    let answer = it.submit("csirt-at", &report("A"));
    it.follow();
    assert_eq!(answer.code(), Code::Ok);
    let again = Installation::on(options(), log.clone(), it.clock.clone());
    assert_eq!(again.submit("csirt-at", &report("A")).receipt(), answer.receipt());
    let secret = Secret::new([8; 32]);
    let stranger = Service::open(
        Options { secret, ..options() },
        Arc::new(log),
        Arc::new(ManualClock::starting_at(START)),
    );
    assert!(matches!(stranger, Err(OpenError::Secret { .. })), "{stranger:?}");
}
