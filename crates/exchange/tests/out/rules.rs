//! Alerts as others read them, and as they are read again here.
use std::collections::BTreeSet;

use chappe_exchange::{
    Draft, FeedRole, Mapping, Reading, STIX_SHARED_TYPES, Told, ToldState, read_idea, read_manifest, read_misp,
    read_stix, read_table, stix_ids, stix_objects, write_csv, write_idea, write_misp_feed, write_stix,
};
use chappe_model::{Country, Indicator, IndicatorKind, Pap, Rsit, Sector, Severity, Tlp};
use proptest::prelude::*;
use serde_json::Value;

use crate::told::{alert, any_alert, id};

/// The mapping by which the CSV that is written is read again, as docs/formats.md gives it.
const MAPPING: &str = r#"
source = "chappe"
format = "csv"
key = ["alert"]
unmapped = "list"
[columns]
alert = "ignore"
revision = "revision"
severity = "severity"
tlp = "tlp"
pap = "pap"
indicators = { as = "indicator", split = " " }
countries = { as = "country", split = " " }
sectors = { as = "sector", split = " " }
incident_types = { as = "type", split = " " }
first_seen = "occurred-from"
last_seen = "occurred-to"
"#;

fn stix(alerts: &[Told]) -> Vec<Value> {
    let bundle: Value = serde_json::from_str(&write_stix(alerts)).unwrap();
    bundle["objects"].as_array().unwrap().clone()
}

fn of<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["type"] == kind).collect()
}

#[test]
fn a_stix_report_holds_what_its_alert_says() {
    let objects = stix(&[alert(1)]);
    let report = of(&objects, "report")[0];
    assert_eq!(report["name"], "cross-border: bad[.]example in AT, DE, FR");
    assert_eq!(
        report["object_marking_refs"][0],
        "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
    );
    let own = &report["extensions"]["extension-definition--2a9e5a4e-6f1c-4d0b-9b57-0d6c3e1f7a84"];
    assert_eq!(
        (own["severity"].as_str(), own["reports"].as_u64()),
        (Some("high"), Some(4))
    );
    assert_eq!(
        (own["rule"].as_str(), own.get("recipients")),
        (Some("cross-border"), None)
    );
    assert_eq!(
        of(&objects, "indicator")[0]["pattern"],
        "[domain-name:value = 'bad.example']"
    );
    assert_eq!(of(&objects, "location").len(), 3);
    assert_eq!(of(&objects, "marking-definition")[0]["name"], "TLP:AMBER");
    let ids: BTreeSet<&str> = objects.iter().map(|object| object["id"].as_str().unwrap()).collect();
    for reference in report["object_refs"].as_array().unwrap() {
        assert!(ids.contains(reference.as_str().unwrap()), "{reference}");
    }
}

#[test]
fn quotes_in_values_and_alerts_without_indicators_are_written() {
    let mut quoted = alert(1);
    quoted.key = vec![("indicator".into(), r"url:https://bad.example/it's".into())];
    let objects = stix(&[quoted.clone()]);
    assert_eq!(
        of(&objects, "indicator")[0]["pattern"],
        r"[url:value = 'https://bad.example/it\'s']"
    );
    let again = read_stix("f", write_stix(&[quoted.clone()]).as_bytes())
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(again.draft.indicators, quoted.indicators());
    let mut bare = alert(2);
    (bare.key, bare.countries) = (vec![("sector".into(), "energy".into())], BTreeSet::new());
    let objects = stix(&[bare.clone()]);
    let author = of(&objects, "identity")[0]["id"].clone();
    assert_eq!(of(&objects, "report")[0]["object_refs"], Value::from(vec![author]));
    assert!(write_idea(&[bare.clone()]).contains("sector energy") && !write_idea(&[bare]).contains("\"Source\""));
}

#[test]
fn a_pseudonym_is_no_indicator_for_others() {
    let mut masked = alert(1);
    masked.key = vec![(
        "indicator".into(),
        "email:pseudonym:00112233445566778899aabbccddeeff".into(),
    )];
    assert!(masked.indicators().is_empty());
    assert!(masked.title().contains("a mail address") && !masked.title().contains("pseudonym"));
    let mut account = alert(2);
    account.key = vec![("iban".into(), "pseudonym:00112233445566778899aabbccddeeff".into())];
    assert!(account.indicators().is_empty() && account.title().contains("a bank account"));
    assert!(of(&stix(&[masked]), "indicator").is_empty());
}

#[test]
fn what_was_withdrawn_is_revoked_and_looked_for_no_more() {
    for state in [ToldState::Retracted, ToldState::Superseded(Some(id(9)))] {
        let mut withdrawn = alert(1);
        withdrawn.state = state;
        let text = write_stix(&[withdrawn.clone()]);
        let objects = stix(&[withdrawn.clone()]);
        let of_the_alert = |object: &&Value| {
            let kinds = ["report", "indicator", "vulnerability"];
            kinds.iter().any(|kind| object["type"] == *kind)
        };
        assert!(objects.iter().filter(of_the_alert).count() > 1);
        assert!(
            objects
                .iter()
                .filter(of_the_alert)
                .all(|object| object["revoked"] == true)
        );
        let error = read_stix("f", text.as_bytes())
            .unwrap()
            .remove(0)
            .unwrap_err()
            .to_string();
        assert!(error.contains("was revoked"), "{error}");
        let event = &write_misp_feed(&[withdrawn])[0];
        assert!(event.text.contains("\"to_ids\": false") && !event.text.contains("\"to_ids\": true"));
        assert!(event.text.contains(&format!("({})", state.as_str())));
    }
}

#[test]
fn ids_stay_from_revision_to_revision_but_those_of_messages() {
    let (first, mut second) = (alert(1), alert(1));
    second.revision = 3;
    second.revised_at_ms += 60_000;
    let ids = |alert: &Told| -> BTreeSet<String> {
        stix(std::slice::from_ref(alert))
            .iter()
            .map(|object| object["id"].to_string())
            .collect()
    };
    assert_eq!(ids(&first), ids(&second));
    let files = |alert: &Told| -> Vec<String> {
        write_misp_feed(std::slice::from_ref(alert))
            .into_iter()
            .map(|file| file.name)
            .collect()
    };
    assert_eq!(files(&first), files(&second));
    let message = |alert: &Told| -> Value { serde_json::from_str(&write_idea(std::slice::from_ref(alert))).unwrap() };
    let mut before = second.clone();
    before.revision = 2;
    assert_eq!(message(&second)["PredID"][0], message(&before)["ID"]);
    assert_ne!(message(&first)["ID"], message(&second)["ID"]);
}

#[test]
fn cells_that_a_spreadsheet_would_run_are_guarded() {
    let mut odd = alert(1);
    odd.condition = "=cmd|' /C calc'!A0, \"x\"".to_owned();
    let text = write_csv(&[odd]);
    assert!(text.contains("\"'=cmd|' /C calc'!A0, \"\"x\"\"\""), "{text}");
    assert_eq!(text.lines().count(), 2);
    assert!(write_csv(&[]).starts_with("alert,revision,kind,"));
}

/// Kinds that IDEA has no member for.
const UNPLACED: [IndicatorKind; 9] = [
    IndicatorKind::Certificate,
    IndicatorKind::CryptoAddress,
    IndicatorKind::Iban,
    IndicatorKind::Malware,
    IndicatorKind::Mutex,
    IndicatorKind::Phone,
    IndicatorKind::RegistryKey,
    IndicatorKind::Technique,
    IndicatorKind::UserAgent,
];

type Core = (
    BTreeSet<String>,
    Option<Tlp>,
    Option<Pap>,
    Option<Rsit>,
    Option<Severity>,
    BTreeSet<Sector>,
    BTreeSet<Country>,
);

/// What a draft can hold of an alert, but for the names that formats give it.
fn core(draft: &Draft) -> Core {
    (
        draft.indicators.iter().map(ToString::to_string).collect(),
        draft.tlp,
        draft.pap,
        draft.incident_type,
        draft.severity,
        draft.sectors.clone(),
        draft.countries.clone(),
    )
}

#[test]
fn what_chappe_wrote_is_known_when_it_is_read() {
    let alerts = [alert(1)];
    let feed = write_misp_feed(&alerts);
    for readings in [
        read_stix("f", write_stix(&alerts).as_bytes()).unwrap(),
        read_misp("f", feed[0].text.as_bytes()).unwrap(),
        read_idea("f", write_idea(&alerts).as_bytes()).unwrap(),
    ] {
        let notes = &readings[0].as_ref().unwrap().notes;
        let is_known = |note: &String| note.starts_with("an alert that Chappe wrote");
        assert!(notes.iter().any(is_known), "{notes:?}");
    }
}

fn only(readings: Vec<Result<Reading, chappe_exchange::ReadError>>) -> Draft {
    assert_eq!(readings.len(), 1);
    let reading = readings.into_iter().next().unwrap().unwrap();
    assert!(reading.is_whole());
    reading.draft
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_is_read_again_with_nothing_lost_but_what_is_named(alert in any_alert()) {
        let alerts = std::slice::from_ref(&alert);
        let told = |lost: fn(&Indicator) -> bool| -> BTreeSet<String> {
            alert.indicators().iter().filter(|one| !lost(one)).map(ToString::to_string).collect()
        };
        let indicators = told(|_| false);
        let rsit = alert.incident_types.first().copied();
        let tlp = Some(alert.tlp);
        let pap = Some(alert.pap);
        let high = Some(alert.severity.min(Severity::High));
        let expected = (indicators.clone(), tlp, pap, rsit, high, alert.sectors.clone(), alert.countries.clone());

        let read = only(read_stix("f", write_stix(alerts).as_bytes()).unwrap());
        prop_assert_eq!(core(&read), expected.clone());
        prop_assert_eq!((read.occurred_from_ms, read.occurred_to_ms), (Some(alert.first_seen_ms), Some(alert.last_seen_ms)));
        prop_assert!(read.tlp == tlp && u64::from(read.revision) == alert.revised_at_ms / 1000);

        // MISP: countries are tags that are not read, and info is no threat level.
        let feed = write_misp_feed(alerts);
        let read = only(read_misp("f", feed[0].text.as_bytes()).unwrap());
        let severity = high.filter(|severity| *severity != Severity::Info);
        // What it has no type for is a text.
        let typed = told(|one| matches!(one.kind(), IndicatorKind::Malware | IndicatorKind::Technique) || one.value().starts_with("0x"));
        prop_assert_eq!(core(&read), (typed, tlp, pap, rsit, severity, alert.sectors.clone(), BTreeSet::new()));
        let listed = read_manifest("manifest.json", feed[2].text.as_bytes()).unwrap();
        prop_assert_eq!(&listed[0].file_name, &feed[0].name);
        prop_assert_eq!((FeedRole::of(&feed[0].name), FeedRole::of(&feed[1].name)), (FeedRole::Event, FeedRole::Hashes));
        prop_assert_eq!(feed[1].text.lines().count(), indicators.len());

        // IDEA: no handling, severity, countries, sectors.
        let read = only(read_idea("f", write_idea(alerts).as_bytes()).unwrap());
        prop_assert_eq!(core(&read).0, told(|one| UNPLACED.contains(&one.kind())));
        prop_assert!(write_idea(alerts).contains("malware:cobalt-strike") == indicators.contains("malware:cobalt-strike"));
        prop_assert_eq!((read.occurred_from_ms, read.occurred_to_ms, read.detected_at_ms), (Some(alert.first_seen_ms), Some(alert.last_seen_ms), Some(alert.revised_at_ms)));

        let mapping = Mapping::parse("m", MAPPING.as_bytes()).unwrap();
        let read = only(read_table("f", write_csv(alerts).as_bytes(), &mapping).unwrap());
        let without_spaces = told(|one| one.value().contains(' '));
        prop_assert_eq!(core(&read), (without_spaces, tlp, pap, rsit, Some(alert.severity), alert.sectors.clone(), alert.countries.clone()));
        prop_assert_eq!((read.revision, read.occurred_from_ms), (alert.revision, Some(alert.first_seen_ms)));
    }

    #[test]
    fn ids_are_known_before_the_objects_and_types_are_all_named(alert in any_alert()) {
        let objects = stix_objects(&alert);
        let ids: Vec<&str> = objects.iter().map(|object| object["id"].as_str().unwrap()).collect();
        prop_assert_eq!(&ids, &stix_ids(&alert));
        let (_, shared) = objects.split_last().unwrap();
        prop_assert!(shared.iter().all(|object| STIX_SHARED_TYPES.contains(&object["type"].as_str().unwrap())));
    }

    #[test]
    fn order_changes_no_byte(one in any_alert(), other in any_alert()) {
        prop_assume!(one.id != other.id);
        let (forth, back) = ([one.clone(), other.clone()], [other, one]);
        prop_assert_eq!(write_stix(&forth), write_stix(&back));
        prop_assert_eq!(write_misp_feed(&forth), write_misp_feed(&back));
        prop_assert_eq!(write_idea(&forth), write_idea(&back));
        prop_assert_eq!(write_csv(&forth), write_csv(&back));
    }
}
