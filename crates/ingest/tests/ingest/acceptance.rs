//! What is stored, what the receipt says, and that a retry changes nothing.

use chappe_eventlog::{EventLog, Topic};
use chappe_model::{Country, IncidentId, Secret};
use chappe_proto::{time, v1};
use tonic::Code;

use crate::installation::{Installation, START, fields, indicator, marking, reason, report};

const DAY_MS: u64 = 24 * 3600 * 1000;

#[test]
fn a_report_is_stored_once_under_its_reporter_id_and_stamp() {
    let it = Installation::new();
    let receipt = it.submit("csirt-at", &report("CASE-1")).receipt();
    let records = it.records();
    assert_eq!(records.len(), 1);
    let (partition, record) = &records[0];
    let stored = &it.stored()[0];
    assert_eq!(receipt.incident, stored.id.resource_name());
    assert_eq!(record.key[..], stored.id.as_bytes()[..]);
    assert_eq!(
        *partition,
        Secret::partition(stored.id, it.log.partitions(Topic::Incidents))
    );
    assert_eq!((record.stamp_ms, stored.reported_at), (START.as_millis(), START));
    assert_eq!(stored.reporter.as_str(), "csirt-at");
    assert_eq!(stored.home, Some(Country::parse("AT").unwrap()));
    assert!(!stored.unmarked && !stored.incident.backfill && !stored.incident.retracted);
}

#[test]
fn the_receipt_says_what_was_accepted_and_holds_no_time() {
    let it = Installation::new();
    let receipt = it.submit("csirt-at", &report("CASE-1")).receipt();
    assert_eq!((receipt.report_key.as_str(), receipt.revision), ("CASE-1", 1));
    assert_eq!(receipt.durability(), v1::DurabilityClass::Process);
    assert_eq!(receipt.receipt_id.len(), 32);
    let marking = receipt.marking.clone().unwrap();
    assert_eq!(
        (marking.tlp(), marking.pap(), marking.r#use()),
        (v1::Tlp::Amber, v1::Pap::Amber, v1::Use::Share)
    );
    assert_eq!(receipt.notes, Vec::<String>::new());
    // Another installation with the same secret, at another time and log position, gives the same.
    let other = Installation::new();
    other.clock.advance_millis(DAY_MS);
    (0..50).for_each(|n| {
        assert_eq!(
            other.submit("csirt-at", &report(&format!("OTHER-{n}"))).code(),
            Code::Ok
        )
    });
    assert_eq!(other.submit("csirt-at", &report("CASE-1")).receipt(), receipt);
}

#[test]
fn the_same_again_gets_the_same_receipt_and_stores_nothing() {
    let it = Installation::new();
    let receipt = it.submit("csirt-at", &report("CASE-1")).receipt();
    it.clock.advance_millis(30 * DAY_MS);
    assert_eq!(it.submit("csirt-at", &report("CASE-1")).receipt(), receipt);
    // Written differently, it says the same.
    let mut loose = report("CASE-1");
    loose.indicators = vec![
        indicator(v1::IndicatorType::Domain, "BAD[.]example."),
        indicator(v1::IndicatorType::Domain, "bad.example"),
    ];
    loose.severity = v1::Severity::Medium as i32;
    loose.incident_type = "phishing".into();
    loose.name = "incidents/whatever".into();
    loose.reporter = "csirt-fr".into();
    assert_eq!(it.submit("csirt-at", &loose).receipt(), receipt);
    assert_eq!(it.records().len(), 1);
}

#[test]
fn other_content_under_the_same_revision_is_refused_whatever_differs() {
    let it = Installation::new();
    it.submit("csirt-at", &report("CASE-1")).receipt();
    let edits: [fn(&mut v1::Incident); 10] = [
        |r| r.title = "Other".into(),
        |r| r.summary = "More".into(),
        |r| r.severity = v1::Severity::High as i32,
        |r| r.incident_type = "malicious-code/c2-server".into(),
        |r| r.countries.push("BE".into()),
        |r| r.sectors.push("energy".into()),
        |r| r.indicators.clear(),
        |r| r.detected_at = Some(time::to_wire(START)),
        |r| r.backfill = true,
        |r| r.marking.as_mut().unwrap().tlp = v1::Tlp::Green as i32,
    ];
    for (n, edit) in edits.iter().enumerate() {
        let mut other = report("CASE-1");
        edit(&mut other);
        let refusal = it.submit("csirt-at", &other).refusal();
        assert_eq!(
            (refusal.code(), reason(&refusal).as_str()),
            (Code::AlreadyExists, "REVISION_EXISTS"),
            "edit {n}"
        );
        assert!(
            refusal.message().contains("raise the revision"),
            "{}",
            refusal.message()
        );
    }
    assert_eq!(it.records().len(), 1);
}

#[test]
fn another_marking_is_other_content() {
    let it = Installation::new();
    let under = |usage, recipients: &[&str], pap: v1::Pap| {
        let marking = v1::Marking {
            pap: pap as i32,
            ..marking(v1::Tlp::Amber, usage, recipients)
        };
        v1::Incident {
            marking: Some(marking),
            ..report("CASE-1")
        }
    };
    let named = v1::Use::NamedRecipientsOnly;
    let receipt = it
        .submit("csirt-at", &under(named, &["csirt-be", "csirt-fr"], v1::Pap::Amber))
        .receipt();
    let same = under(named, &["csirt-fr", "csirt-be", "csirt-fr"], v1::Pap::Unspecified);
    assert_eq!(it.submit("csirt-at", &same).receipt(), receipt);
    let others = [
        under(named, &["csirt-be"], v1::Pap::Amber),
        under(named, &["csirt-be", "csirt-fr"], v1::Pap::Green),
        under(v1::Use::Share, &[], v1::Pap::Amber),
        under(v1::Use::MatchOnly, &[], v1::Pap::Amber),
    ];
    for other in others {
        assert_eq!(it.submit("csirt-at", &other).code(), Code::AlreadyExists, "{other:?}");
    }
    // What policy has against it comes first: raising the revision would not help.
    assert_eq!(
        fields(
            &it.submit("csirt-at", &under(named, &["nobody"], v1::Pap::Amber))
                .refusal()
        ),
        ["incident.marking.recipients[0]"]
    );
}

#[test]
fn keys_are_per_reporter_and_revisions_arrive_in_any_order() {
    let it = Installation::new();
    let first = it.submit("csirt-at", &report("CASE-1")).receipt();
    let other = it.submit("csirt-be", &report("CASE-1")).receipt();
    assert_ne!(first.incident, other.incident);
    for revision in [7, 3] {
        let revised = v1::Incident {
            revision,
            title: format!("Revision {revision}"),
            ..report("CASE-1")
        };
        assert_eq!(it.submit("csirt-at", &revised).receipt().incident, first.incident);
    }
    assert_eq!(it.get("csirt-at", &first.incident).unwrap().revision, 7);
    let of_one_incident = it
        .records()
        .iter()
        .filter(|(_, r)| r.key == it.records()[0].1.key)
        .map(|(p, _)| *p)
        .collect::<Vec<_>>();
    assert!(
        of_one_incident.windows(2).all(|pair| pair[0] == pair[1]),
        "all revisions share a partition"
    );
}

#[test]
fn mail_addresses_are_stored_as_keyed_pseudonyms_only() {
    let it = Installation::new();
    let with_mail = |key: &str, address: &str| v1::Incident {
        indicators: vec![indicator(v1::IndicatorType::Email, address)],
        ..report(key)
    };
    it.submit("csirt-at", &with_mail("CASE-1", "Jane.Doe@Victim.example"))
        .receipt();
    it.submit("csirt-be", &with_mail("CASE-2", "jane.doe[@]victim[.]example"))
        .receipt();
    let values: Vec<String> = it
        .stored()
        .iter()
        .flat_map(|s| {
            s.incident
                .indicators
                .iter()
                .map(|i| i.value().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(values[0].starts_with("pseudonym:"), "{values:?}");
    assert_eq!(values[0], values[1], "the same address matches");
    for (_, record) in it.records() {
        let bytes = String::from_utf8_lossy(&record.payload).to_lowercase();
        assert!(!bytes.contains("jane") && !bytes.contains("victim"));
    }
    // Handing a stored report back changes nothing of it.
    let got = it
        .get(
            "csirt-at",
            &it.stored()
                .iter()
                .find(|s| s.reporter.as_str() == "csirt-at")
                .unwrap()
                .id
                .resource_name(),
        )
        .unwrap();
    assert_eq!(got.indicators[0].value, values[0]);
}

#[test]
fn a_check_stores_nothing_and_proves_nothing() {
    let it = Installation::new();
    let checked = it.check("csirt-at", &report("CASE-1")).receipt();
    assert_eq!(
        (checked.receipt_id.as_str(), checked.durability()),
        ("", v1::DurabilityClass::Unspecified)
    );
    assert!(it.records().is_empty());
    let receipt = it.submit("csirt-at", &report("CASE-1")).receipt();
    assert_eq!(
        (checked.incident, checked.marking, checked.notes),
        (receipt.incident.clone(), receipt.marking.clone(), receipt.notes.clone())
    );
    assert_eq!(
        it.check("csirt-at", &report("CASE-1")).receipt(),
        receipt,
        "it is stored"
    );
    let other = v1::Incident {
        title: "Other".into(),
        ..report("CASE-1")
    };
    assert_eq!(it.check("csirt-at", &other).code(), Code::AlreadyExists);
    assert_eq!(
        fields(&it.check("csirt-at", &v1::Incident::default()).refusal()).len(),
        4
    );
    assert_eq!(it.records().len(), 1);
}

#[test]
fn only_the_reporter_gets_a_report_and_nobody_else_learns_of_it() {
    let it = Installation::new();
    let receipt = it.submit("csirt-at", &report("CASE-1")).receipt();
    let got = it.get("csirt-at", &receipt.incident).unwrap();
    assert_eq!(
        (got.name.as_str(), got.report_key.as_str(), got.reporter.as_str()),
        (receipt.incident.as_str(), "CASE-1", "csirt-at")
    );
    assert_eq!(got.reported_at, Some(time::to_wire(START)));
    let absent = it
        .get("csirt-be", &IncidentId::from_bytes([9; 16]).resource_name())
        .unwrap_err();
    for other in ["csirt-be", "europol", "duty"] {
        let refusal = it.get(other, &receipt.incident).unwrap_err();
        assert_eq!(refusal.code(), Code::NotFound);
        assert_eq!(
            (refusal.message(), refusal.details()),
            (absent.message(), absent.details())
        );
    }
    assert_eq!(fields(&it.get("csirt-at", "CASE-1").unwrap_err()), ["name"]);
}

#[test]
fn an_exercise_stays_one_and_a_real_report_too() {
    let it = Installation::new();
    it.submit("csirt-at", &report("REAL")).receipt();
    it.submit(
        "csirt-at",
        &v1::Incident {
            exercise: true,
            ..report("DRILL")
        },
    )
    .receipt();
    for (key, exercise) in [("REAL", true), ("DRILL", false)] {
        let refusal = it
            .submit(
                "csirt-at",
                &v1::Incident {
                    revision: 2,
                    exercise,
                    ..report(key)
                },
            )
            .refusal();
        assert_eq!(
            (refusal.code(), reason(&refusal).as_str()),
            (Code::FailedPrecondition, "EXERCISE_CHANGED")
        );
        assert!(refusal.message().contains("incident.exercise"));
    }
    it.submit(
        "csirt-at",
        &v1::Incident {
            revision: 2,
            exercise: true,
            ..report("DRILL")
        },
    )
    .receipt();
    assert_eq!(it.records().len(), 3);
}

#[test]
fn what_was_detected_more_than_14_days_before_is_stored_as_backfill() {
    let it = Installation::new();
    let detected = |key: &str, age_ms: u64| v1::Incident {
        detected_at: Some(time::to_wire(START.minus(age_ms))),
        ..report(key)
    };
    it.submit("csirt-at", &detected("OLD", 14 * DAY_MS + 1)).receipt();
    it.submit("csirt-at", &detected("NEW", 14 * DAY_MS)).receipt();
    let backfill = |key: &str| {
        it.stored()
            .iter()
            .find(|s| s.incident.report_key.as_str() == key)
            .unwrap()
            .incident
            .backfill
    };
    assert_eq!((backfill("OLD"), backfill("NEW")), (true, false));
}

#[test]
fn accounts_and_phone_numbers_are_stored_as_keyed_pseudonyms_only() {
    let it = Installation::new();
    let naming = |key: &str, kind, value: &str| v1::Incident {
        indicators: vec![indicator(kind, value)],
        ..report(key)
    };
    for (key, kind, value) in [
        ("A", v1::IndicatorType::Iban, "AT61 1904 3002 3457 3201"),
        ("B", v1::IndicatorType::Phone, "+43 1 2345678"),
        (
            "C",
            v1::IndicatorType::CryptoAddress,
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        ),
    ] {
        it.submit("csirt-at", &naming(key, kind, value)).receipt();
    }
    let bytes: String = it
        .records()
        .iter()
        .map(|(_, record)| String::from_utf8_lossy(&record.payload).into_owned())
        .collect();
    assert_eq!(bytes.matches("pseudonym:").count(), 2);
    assert!(!bytes.contains("19043002") && !bytes.contains("2345678"));
    assert!(bytes.contains("bc1qw508"), "who pays must be able to compare it");
}

#[test]
fn a_stage_of_nis2_is_stored_and_told_with_its_deadlines() {
    let it = Installation::new();
    let aware = START.minus(3_600_000);
    let staged = |revision, stage: &str| v1::Incident {
        revision,
        sectors: vec!["energy".into()],
        subsectors: vec!["electricity".into()],
        confidence: "B2".into(),
        notification: Some(v1::Notification {
            stage: stage.into(),
            aware_at: Some(time::to_wire(aware)),
            suspected_malicious: Some(true),
            ..v1::Notification::default()
        }),
        ..report("CASE-1")
    };
    let early = it.submit("csirt-at", &staged(0, "early-warning")).receipt();
    assert_eq!(it.submit("csirt-at", &staged(0, "early-warning")).receipt(), early);
    let got = it.get("csirt-at", &early.incident).unwrap();
    assert_eq!(
        (got.subsectors.as_slice(), got.confidence.as_str()),
        (&["electricity".to_owned()][..], "B2")
    );
    let said = got.notification.clone().unwrap();
    assert_eq!((said.suspected_malicious, said.cross_border), (Some(true), None));
    assert_eq!(said.early_warning_due, Some(time::to_wire(aware.plus(DAY_MS))));
    assert_eq!(said.notification_due, Some(time::to_wire(aware.plus(3 * DAY_MS))));
    let month = said.final_report_due.unwrap().seconds - said.notification_due.unwrap().seconds;
    assert!((28..=31).contains(&(month / 86_400)), "{month}");
    // Handing it back changes nothing of it: deadlines are told, not taken.
    assert_eq!(it.submit("csirt-at", &got).receipt(), early);
    let other = it.submit("csirt-at", &staged(0, "intermediate"));
    assert_eq!(other.code(), Code::AlreadyExists, "another content");
    let refused = it.submit("csirt-at", &staged(1, "final")).refusal();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused.message().contains("incident.notification.root_cause"),
        "{}",
        refused.message()
    );
}

#[test]
fn of_many_threads_with_the_same_revision_one_content_wins() {
    let it = Installation::new();
    let told = std::thread::scope(|scope| {
        let send = |n: usize| {
            let content = v1::Incident {
                title: format!("Content {}", n % 2),
                ..report("CASE-1")
            };
            it.submit("csirt-at", &content)
        };
        let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || send(n))).collect();
        // Who waited for another thread's report is answered by that thread: all are when all have ended.
        let answers: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        answers.iter().map(|answer| answer.told()).collect::<Vec<_>>()
    });
    let receipts: Vec<_> = told.iter().flatten().collect();
    assert_eq!(
        receipts.len(),
        4,
        "every sender of the content that won has its receipt: {told:?}"
    );
    assert!(receipts.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(
        told.iter()
            .filter_map(|outcome| outcome.as_ref().err())
            .all(|refusal| refusal.code() == Code::AlreadyExists)
    );
    assert_eq!(it.records().len(), 1);
}
