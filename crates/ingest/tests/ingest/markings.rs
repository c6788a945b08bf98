//! Handling rules at the desk: recipients, unmarked reports, and what the notes promise.

use chappe_eventlog::FaultPlan;
use chappe_ingest::Options;
use chappe_model::{Pap, Tlp, Use};
use chappe_proto::{time, v1};
use tonic::Code;

use crate::installation::{Installation, START, fields, marking, member, options, policy, report};

fn unmarked(key: &str) -> v1::Incident {
    v1::Incident {
        marking: None,
        ..report(key)
    }
}

fn taking_unmarked() -> Options {
    Options {
        policy: policy(&["csirt-at"]),
        ..options()
    }
}

#[test]
fn every_fault_is_named_at_once_with_its_path() {
    let it = Installation::new();
    let bad = v1::Incident {
        report_key: String::new(),
        countries: vec!["AT".into(), "XX".into()],
        marking: Some(marking(
            v1::Tlp::Red,
            v1::Use::Unspecified,
            &["csirt-be", "nobody", "Not An Id"],
        )),
        ..report("")
    };
    let mut found = fields(&it.submit("csirt-at", &bad).refusal());
    found.sort();
    let expected = [
        "incident.countries[1]",
        "incident.marking.recipients[1]",
        "incident.marking.recipients[2]",
        "incident.report_key",
    ];
    assert_eq!(found, expected);
    assert!(it.records().is_empty());
}

#[test]
fn recipients_must_be_members() {
    let it = Installation::new();
    let named = |recipients: &[&str]| v1::Incident {
        marking: Some(marking(v1::Tlp::Red, v1::Use::Unspecified, recipients)),
        ..report("CASE-1")
    };
    let refusal = it.submit("csirt-at", &named(&["csirt-be", "csirt-xx"])).refusal();
    assert_eq!(fields(&refusal), ["incident.marking.recipients[1]"]);
    let receipt = it.submit("csirt-at", &named(&["europol", "csirt-be"])).receipt();
    assert_eq!(receipt.marking.unwrap().recipients, ["csirt-be", "europol"]);
}

#[test]
fn an_unmarked_report_is_refused_with_what_to_do() {
    let it = Installation::new();
    for wire in [
        unmarked("CASE-1"),
        v1::Incident {
            marking: Some(v1::Marking::default()),
            ..report("CASE-1")
        },
    ] {
        let refusal = it.submit("csirt-at", &wire).refusal();
        assert_eq!(fields(&refusal), ["incident.marking.tlp"]);
        assert!(
            refusal.message().contains("give a TLP 2.0 label"),
            "{}",
            refusal.message()
        );
    }
    // A use without a label is one fault, not two.
    let half = v1::Incident {
        marking: Some(marking(v1::Tlp::Unspecified, v1::Use::MatchOnly, &[])),
        ..report("CASE-1")
    };
    assert_eq!(
        fields(&it.submit("csirt-at", &half).refusal()),
        ["incident.marking.tlp"]
    );
}

#[test]
fn where_the_member_chose_so_an_unmarked_report_is_for_itself_and_the_duty_officers() {
    let it = Installation::with(taking_unmarked(), FaultPlan::none());
    let receipt = it.submit("csirt-at", &unmarked("CASE-1")).receipt();
    let taken = receipt.marking.unwrap();
    assert_eq!(
        (taken.tlp(), taken.pap(), taken.r#use()),
        (v1::Tlp::Red, v1::Pap::Red, v1::Use::NamedRecipientsOnly)
    );
    assert_eq!(taken.recipients, ["csirt-at", "duty"]);
    assert!(
        receipt.notes[0].contains("no marking") && receipt.notes[0].contains("TLP:RED"),
        "{:?}",
        receipt.notes
    );
    let stored = &it.stored()[0];
    assert!(stored.unmarked);
    let kept = &stored.incident.marking;
    assert_eq!(
        (kept.tlp(), kept.pap(), kept.usage()),
        (Tlp::Red, Pap::Red, Use::NamedRecipientsOnly)
    );
    assert!(kept.recipients().contains(&member("duty")) && kept.recipients().len() == 2);
    // Other members did not choose so.
    assert_eq!(
        fields(&it.submit("csirt-be", &unmarked("CASE-1")).refusal()),
        ["incident.marking.tlp"]
    );
    // The marking it was given, sent as one's own, is other content.
    let marked = marking(v1::Tlp::Red, v1::Use::NamedRecipientsOnly, &["csirt-at", "duty"]);
    let marked = v1::Incident {
        marking: Some(v1::Marking {
            pap: v1::Pap::Red as i32,
            ..marked
        }),
        ..report("CASE-1")
    };
    assert_eq!(it.submit("csirt-at", &marked).code(), Code::AlreadyExists);
}

#[test]
fn a_retry_gets_its_receipt_also_after_the_policy_has_changed() {
    let it = Installation::with(taking_unmarked(), FaultPlan::none());
    let receipt = it.submit("csirt-at", &unmarked("CASE-1")).receipt();
    let stricter = it.restart(options());
    assert_eq!(stricter.submit("csirt-at", &unmarked("CASE-1")).receipt(), receipt);
    assert_eq!(
        fields(&stricter.submit("csirt-at", &unmarked("CASE-2")).refusal()),
        ["incident.marking.tlp"]
    );
    let revised = v1::Incident {
        revision: 2,
        ..unmarked("CASE-1")
    };
    assert_eq!(
        fields(&stricter.submit("csirt-at", &revised).refusal()),
        ["incident.marking.tlp"]
    );
}

#[test]
fn the_notes_of_a_critical_report_say_who_is_told() {
    let it = Installation::with(taking_unmarked(), FaultPlan::none());
    let note = |key: &str, marking: Option<v1::Marking>| {
        let critical = v1::Incident {
            severity: v1::Severity::Critical as i32,
            marking,
            ..report(key)
        };
        it.submit("csirt-at", &critical).receipt().notes.pop().unwrap()
    };
    let share = note("SHARE", Some(marking(v1::Tlp::Amber, v1::Use::Share, &[])));
    assert!(
        share.contains("duty contacts of the countries it names and the hub"),
        "{share}"
    );
    let named = note(
        "NAMED",
        Some(marking(v1::Tlp::Amber, v1::Use::NamedRecipientsOnly, &["csirt-be"])),
    );
    assert!(named.contains("recipients on its list only"), "{named}");
    let matched = note("MATCH", Some(marking(v1::Tlp::Amber, v1::Use::MatchOnly, &[])));
    assert!(matched.contains("hub's duty officers only"), "{matched}");
    let unmarked = note("NONE", None);
    assert!(unmarked.contains("hub's duty officers only"), "{unmarked}");
}

#[test]
fn the_notes_say_what_match_only_and_backfill_mean() {
    let it = Installation::new();
    let matched = v1::Incident {
        marking: Some(marking(v1::Tlp::Green, v1::Use::MatchOnly, &[])),
        ..report("CASE-1")
    };
    let notes = it.submit("csirt-at", &matched).receipt().notes;
    assert!(
        notes[0].contains("once 4 members") && notes[0].contains("never shown"),
        "{notes:?}"
    );
    let old = v1::Incident {
        severity: v1::Severity::Critical as i32,
        detected_at: Some(time::to_wire(START.minus(15 * 24 * 3600 * 1000))),
        ..report("CASE-2")
    };
    let notes = it.submit("csirt-at", &old).receipt().notes;
    assert!(notes.len() == 1 && notes[0].contains("raises no alert"), "{notes:?}");
}
