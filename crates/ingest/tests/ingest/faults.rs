//! A log that is slow, refuses, forgets to answer, or breaks.

use chappe_eventlog::{AppendFault, AtCrash, FaultPlan, Hold};
use chappe_model::IncidentId;
use chappe_proto::{time, v1};
use tonic::Code;

use crate::installation::{Answer, Installation, START, marking, options, reason, report, retry_after};

fn other(key: &str) -> v1::Incident {
    v1::Incident {
        title: "Other".into(),
        ..report(key)
    }
}

#[test]
fn no_answer_leaves_before_the_record_is_durable() {
    for hold in [Hold::Write, Hold::Ack] {
        let it = Installation::with(options(), FaultPlan::none().hold(hold));
        let (first, second) = (it.submit("csirt-at", &report("A")), it.submit("csirt-at", &report("B")));
        let (same, conflicting) = (it.submit("csirt-at", &report("A")), it.submit("csirt-at", &other("A")));
        assert!(
            [&first, &second, &same, &conflicting]
                .iter()
                .all(|answer| answer.is_open()),
            "{hold:?}"
        );
        assert_eq!(it.log.held(), 2, "the retry is not appended");
        it.log.release(1);
        assert_eq!(first.receipt(), same.receipt());
        assert_eq!(
            (conflicting.code(), reason(&conflicting.refusal()).as_str()),
            (Code::AlreadyExists, "REVISION_EXISTS")
        );
        assert!(second.is_open());
        it.log.release_all();
        assert_eq!(second.code(), Code::Ok);
        assert_eq!(it.records().len(), 2);
    }
}

#[test]
fn an_exercise_that_contradicts_one_on_its_way_waits_for_it() {
    let it = Installation::with(options(), FaultPlan::none().hold(Hold::Write));
    let first = it.submit("csirt-at", &report("A"));
    let drill = it.submit(
        "csirt-at",
        &v1::Incident {
            revision: 2,
            exercise: true,
            ..report("A")
        },
    );
    assert!(drill.is_open());
    it.log.release_all();
    assert_eq!((first.code(), drill.code()), (Code::Ok, Code::FailedPrecondition));
    assert_eq!(reason(&drill.refusal()), "EXERCISE_CHANGED");
}

#[test]
fn what_the_log_refuses_is_not_stored_and_may_come_again() {
    for (fault, expected) in [(AppendFault::Refused, "LOG_BUSY"), (AppendFault::DiskFull, "DISK_FULL")] {
        let it = Installation::with(options(), FaultPlan::none().at(1, fault));
        let refusal = it.submit("csirt-at", &report("A")).refusal();
        assert_eq!(
            (refusal.code(), reason(&refusal).as_str()),
            (Code::ResourceExhausted, expected)
        );
        assert!(retry_after(&refusal).is_some());
        assert!(it.records().is_empty());
        // Nothing stands against other content, nor against an exercise.
        assert_eq!(
            it.submit(
                "csirt-at",
                &v1::Incident {
                    exercise: true,
                    ..other("A")
                }
            )
            .code(),
            Code::Ok
        );
        assert_eq!(it.records().len(), 1);
    }
}

#[test]
fn after_an_unknown_outcome_the_same_gets_its_receipt_and_other_content_is_refused() {
    for fault in [AppendFault::UnknownWritten, AppendFault::UnknownLost] {
        let it = Installation::with(options(), FaultPlan::none().at(1, fault));
        let refusal = it.submit("csirt-at", &report("A")).refusal();
        assert_eq!(
            (refusal.code(), reason(&refusal).as_str()),
            (Code::Unavailable, "UNKNOWN_OUTCOME")
        );
        assert!(retry_after(&refusal).is_some());
        let refusal = it.submit("csirt-at", &other("A")).refusal();
        assert_eq!(
            (refusal.code(), reason(&refusal).as_str()),
            (Code::AlreadyExists, "REVISION_EXISTS"),
            "{fault:?}"
        );
        let drill = v1::Incident {
            revision: 2,
            exercise: true,
            ..report("A")
        };
        assert_eq!(reason(&it.submit("csirt-at", &drill).refusal()), "EXERCISE_CHANGED");
        let receipt = it.submit("csirt-at", &report("A")).receipt();
        assert_eq!(it.submit("csirt-at", &report("A")).receipt(), receipt);
        // The first in the log is the one that counts; either says the same.
        let again = it.restart(options());
        assert_eq!(again.submit("csirt-at", &report("A")).receipt(), receipt, "{fault:?}");
        assert_eq!(again.submit("csirt-at", &other("A")).code(), Code::AlreadyExists);
    }
}

#[test]
fn a_restart_settles_an_unknown_outcome_by_the_log() {
    for (fault, expected) in [
        (AppendFault::UnknownWritten, Code::AlreadyExists),
        (AppendFault::UnknownLost, Code::Ok),
    ] {
        let it = Installation::with(options(), FaultPlan::none().at(1, fault));
        assert_eq!(it.submit("csirt-at", &report("A")).code(), Code::Unavailable);
        assert_eq!(it.restart(options()).submit("csirt-at", &other("A")).code(), expected);
    }
}

#[test]
fn a_refusal_does_not_settle_an_unknown_outcome() {
    let faults = FaultPlan::none()
        .at(1, AppendFault::UnknownWritten)
        .at(2, AppendFault::Refused);
    let it = Installation::with(options(), faults);
    assert_eq!(it.submit("csirt-at", &report("A")).code(), Code::Unavailable);
    assert_eq!(it.submit("csirt-at", &report("A")).code(), Code::ResourceExhausted);
    assert_eq!(it.submit("csirt-at", &other("A")).code(), Code::AlreadyExists);
    assert_eq!(it.submit("csirt-at", &report("A")).code(), Code::Ok);
}

#[test]
fn a_retry_that_has_aged_into_backfill_keeps_what_the_first_attempt_said() {
    let fortnight_ms = 14 * 24 * 3600 * 1000;
    let it = Installation::with(options(), FaultPlan::none().at(1, AppendFault::UnknownWritten));
    let old = v1::Incident {
        detected_at: Some(time::to_wire(START.minus(fortnight_ms))),
        ..report("A")
    };
    assert_eq!(it.submit("csirt-at", &old).code(), Code::Unavailable);
    it.clock.advance_millis(60_000);
    let receipt = it.submit("csirt-at", &old).receipt();
    assert_eq!(receipt.notes, Vec::<String>::new());
    assert_eq!(it.restart(options()).submit("csirt-at", &old).receipt(), receipt);
}

#[test]
fn who_waits_for_a_failing_write_is_told_the_same() {
    let it = Installation::with(
        options(),
        FaultPlan::none().hold(Hold::Write).at(2, AppendFault::FailedSync),
    );
    let (first, same) = (it.submit("csirt-at", &report("A")), it.submit("csirt-at", &report("A")));
    let conflicting = it.submit("csirt-at", &other("A"));
    let breaking = it.submit("csirt-at", &report("B"));
    for answer in [&first, &same, &conflicting, &breaking] {
        assert_eq!(
            (answer.code(), reason(&answer.refusal()).as_str()),
            (Code::Unavailable, "UNKNOWN_OUTCOME")
        );
    }
    let after = it.submit("csirt-at", &report("C")).refusal();
    assert_eq!(
        (after.code(), reason(&after).as_str()),
        (Code::Unavailable, "LOG_STOPPED")
    );
}

#[test]
fn a_crash_loses_answers_but_nothing_acknowledged() {
    let it = Installation::with(
        options(),
        FaultPlan::none().hold(Hold::Write).at_crash(AtCrash::TornTail),
    );
    let acknowledged = it.submit("csirt-at", &report("A"));
    it.log.release_all();
    let receipt = acknowledged.receipt();
    let lost: Vec<Answer> = ["B", "C"]
        .iter()
        .map(|key| it.submit("csirt-at", &report(key)))
        .collect();
    let again = it.restart(options());
    for answer in &lost {
        assert!(
            answer.is_open() || answer.code() == Code::Unavailable,
            "no receipt for what may be lost"
        );
    }
    assert_eq!(again.submit("csirt-at", &report("A")).receipt(), receipt);
    assert_eq!(again.records().len(), 2, "A, and B of the tail");
    assert_eq!(again.submit("csirt-at", &other("B")).code(), Code::AlreadyExists);
    assert_eq!(again.submit("csirt-at", &other("C")).code(), Code::Ok);
}

#[test]
fn nothing_refused_shows_in_get() {
    let named = v1::Incident {
        marking: Some(marking(v1::Tlp::Red, v1::Use::Unspecified, &["csirt-be"])),
        ..report("A")
    };
    let it = Installation::with(
        options(),
        FaultPlan::none()
            .at(1, AppendFault::DiskFull)
            .at(2, AppendFault::UnknownLost),
    );
    let name = it.check("csirt-at", &named).receipt().incident;
    assert!(IncidentId::parse_resource_name(&name).is_ok());
    for _ in 0..2 {
        assert_ne!(it.submit("csirt-at", &named).code(), Code::Ok);
        assert_eq!(it.get("csirt-at", &name).unwrap_err().code(), Code::NotFound);
    }
}
