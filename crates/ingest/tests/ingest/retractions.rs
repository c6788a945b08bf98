//! Withdrawing a report.

use chappe_eventlog::{AppendFault, FaultPlan, Hold};
use chappe_proto::v1;
use tonic::Code;

use crate::installation::{Installation, fields, marking, options, reason, report};

#[test]
fn a_retraction_is_a_revision_drawn_from_the_newest() {
    let it = Installation::new();
    it.submit("csirt-at", &report("A")).receipt();
    let named = marking(v1::Tlp::Red, v1::Use::Unspecified, &["csirt-be"]);
    let newest = v1::Incident {
        revision: 4,
        marking: Some(named),
        summary: "More".into(),
        exercise: false,
        ..report("A")
    };
    it.submit("csirt-at", &newest).receipt();
    let receipt = it.retract("csirt-at", "A", 5, "A false alarm").receipt();
    assert_eq!((receipt.revision, receipt.report_key.as_str()), (5, "A"));
    assert!(
        receipt.notes.iter().any(|note| note.contains("withdrawn")),
        "{:?}",
        receipt.notes
    );
    let stored = it.get("csirt-at", &receipt.incident).unwrap();
    assert!(stored.retracted && stored.indicators.is_empty());
    assert_eq!(
        (stored.revision, stored.title.as_str(), stored.summary.as_str()),
        (5, "A false alarm", "More")
    );
    let kept = stored.marking.unwrap();
    assert_eq!(
        (kept.tlp(), kept.recipients),
        (v1::Tlp::Red, vec!["csirt-be".to_owned()])
    );
    assert_eq!(stored.countries, ["AT"]);
}

#[test]
fn a_retraction_again_gets_the_same_receipt_also_after_a_restart() {
    let it = Installation::new();
    it.submit("csirt-at", &report("A")).receipt();
    let receipt = it.retract("csirt-at", "A", 2, "false alarm").receipt();
    let again = it.restart(options());
    for it in [&it, &again] {
        // The old log no longer takes anything, but what is known needs no log.
        assert_eq!(it.retract("csirt-at", "A", 2, "false alarm").receipt(), receipt);
    }
    let refusal = again.retract("csirt-at", "A", 2, "another reason").refusal();
    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::FailedPrecondition, "REVISION_TOO_LOW")
    );
    assert_eq!(
        again
            .submit(
                "csirt-at",
                &v1::Incident {
                    revision: 2,
                    ..report("A")
                }
            )
            .code(),
        Code::AlreadyExists
    );
    assert_eq!(
        again
            .submit(
                "csirt-at",
                &v1::Incident {
                    revision: 3,
                    ..report("A")
                }
            )
            .code(),
        Code::Ok,
        "a later revision stands again"
    );
}

#[test]
fn it_must_be_above_the_highest_revision() {
    let it = Installation::new();
    it.submit(
        "csirt-at",
        &v1::Incident {
            revision: 7,
            ..report("A")
        },
    )
    .receipt();
    for revision in [1, 7] {
        let refusal = it.retract("csirt-at", "A", revision, "").refusal();
        assert_eq!(
            (refusal.code(), reason(&refusal).as_str()),
            (Code::FailedPrecondition, "REVISION_TOO_LOW")
        );
        assert!(refusal.message().contains("is 7"), "{}", refusal.message());
    }
    assert_eq!(it.records().len(), 1);
}

#[test]
fn what_was_never_reported_by_the_caller_is_not_found() {
    let it = Installation::new();
    it.submit("csirt-at", &report("A")).receipt();
    let (foreign, absent) = (
        it.retract("csirt-be", "A", 2, "").refusal(),
        it.retract("csirt-be", "Z", 2, "").refusal(),
    );
    assert_eq!((foreign.code(), absent.code()), (Code::NotFound, Code::NotFound));
    assert_eq!(
        (foreign.message(), foreign.details()),
        (absent.message(), absent.details())
    );
}

#[test]
fn every_fault_of_a_request_is_named() {
    let it = Installation::new();
    let refusal = it.retract("csirt-at", "", 0, &"x".repeat(513)).refusal();
    assert_eq!(fields(&refusal), ["report_key", "revision", "reason"]);
}

#[test]
fn while_a_revision_is_written_it_asks_to_come_again() {
    let it = Installation::with(options(), FaultPlan::none().hold(Hold::Write));
    let submitted = it.submit("csirt-at", &report("A"));
    let early = it.retract("csirt-at", "A", 2, "").refusal();
    assert_eq!(
        (early.code(), reason(&early).as_str()),
        (Code::ResourceExhausted, "UNDER_WAY")
    );
    it.log.release_all();
    assert_eq!(submitted.code(), Code::Ok);
    let (first, same) = (it.retract("csirt-at", "A", 2, ""), it.retract("csirt-at", "A", 2, ""));
    assert!(first.is_open() && same.is_open());
    it.log.release_all();
    assert_eq!(first.receipt(), same.receipt());
    assert_eq!(it.records().len(), 2);
}

#[test]
fn after_an_unknown_outcome_the_same_retraction_comes_through() {
    for fault in [AppendFault::UnknownWritten, AppendFault::UnknownLost] {
        let it = Installation::with(options(), FaultPlan::none().at(2, fault));
        it.submit("csirt-at", &report("A")).receipt();
        assert_eq!(it.retract("csirt-at", "A", 2, "x").code(), Code::Unavailable);
        let receipt = it.retract("csirt-at", "A", 2, "x").receipt();
        assert_eq!(
            it.restart(options()).retract("csirt-at", "A", 2, "x").receipt(),
            receipt,
            "{fault:?}"
        );
    }
}

#[test]
fn a_report_of_unknown_outcome_cannot_be_retracted_yet() {
    let it = Installation::with(options(), FaultPlan::none().at(1, AppendFault::UnknownWritten));
    assert_eq!(it.submit("csirt-at", &report("A")).code(), Code::Unavailable);
    assert_eq!(it.retract("csirt-at", "A", 2, "").code(), Code::Unavailable);
}

#[test]
fn a_retraction_in_doubt_is_not_repeated_from_another_revision() {
    let it = Installation::with(options(), FaultPlan::none().at(2, AppendFault::UnknownLost));
    it.submit("csirt-at", &report("A")).receipt();
    assert_eq!(it.retract("csirt-at", "A", 5, "x").code(), Code::Unavailable);
    let named = marking(v1::Tlp::Red, v1::Use::Unspecified, &["csirt-be"]);
    it.submit(
        "csirt-at",
        &v1::Incident {
            revision: 2,
            marking: Some(named),
            ..report("A")
        },
    )
    .receipt();
    // Its receipt would have to say which marking it bears, and only the log knows.
    assert_eq!(it.retract("csirt-at", "A", 5, "x").code(), Code::AlreadyExists);
    let receipt = it.retract("csirt-at", "A", 6, "x").receipt();
    assert_eq!(
        receipt.marking.as_ref().map(|marking| marking.tlp()),
        Some(v1::Tlp::Red)
    );
    assert_eq!(
        it.restart(options()).retract("csirt-at", "A", 6, "x").receipt(),
        receipt
    );
}
