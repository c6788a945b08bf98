//! Under which key what of STIX is reported: another's never, and the same one still after a part was taken back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_exchange::{Draft, read_stix};
use serde_json::{Value, json};

fn read(objects: &[Value]) -> Result<Draft, String> {
    let readings = read_stix(
        "f",
        json!({ "type": "bundle", "objects": objects }).to_string().as_bytes(),
    );
    let reading = readings.unwrap().remove(0);
    reading.map(|reading| reading.draft).map_err(|error| error.to_string())
}

fn indicator(id: &str) -> Value {
    json!({ "type": "indicator", "id": id, "pattern": "[domain-name:value = 'bad.example']", "modified": "2026-03-02T06:15:00Z" })
}

fn revoked(id: &str) -> Value {
    let mut revoked = indicator(id);
    revoked["revoked"] = json!(true);
    revoked["modified"] = json!("2026-03-03T06:15:00Z");
    revoked
}

#[test]
fn what_has_no_id_has_no_key() {
    let mut nameless = indicator("x");
    nameless.as_object_mut().unwrap().remove("id");
    let error = read(&[nameless.clone()]).unwrap_err();
    assert!(error.starts_with("f: objects[0]: no id: "), "{error}");
    let beside = read_stix(
        "f",
        json!({ "objects": [indicator("indicator--1"), nameless] })
            .to_string()
            .as_bytes(),
    );
    let reading = beside.unwrap().remove(0).unwrap();
    assert_eq!(reading.draft.report_key, "stix:indicator--1");
    assert_eq!(reading.skipped[0].reason.to_string(), "malformed: no id");
}

#[test]
fn ids_that_are_no_part_of_a_key_still_tell_reports_apart() {
    let long = |end: char| format!("report--{}{end}", "0".repeat(200));
    let key = |id: String| {
        let report = json!({ "type": "report", "id": id, "name": "r", "object_refs": ["indicator--1"] });
        read(&[report, indicator("indicator--1")]).unwrap().report_key
    };
    let keys = [
        key(long('1')),
        key(long('2')),
        key("report--\n".to_owned()),
        key("report--1".to_owned()),
    ];
    assert_eq!(
        keys.iter().collect::<std::collections::BTreeSet<_>>().len(),
        4,
        "{keys:?}"
    );
    assert!(keys.iter().all(|key| key.len() < 80), "{keys:?}");
    let of = |ids: &[&str]| {
        read(&ids.iter().map(|id| indicator(id)).collect::<Vec<_>>())
            .unwrap()
            .report_key
    };
    assert_ne!(of(&["a\nb", "c"]), of(&["a", "b\nc"]));
    assert_ne!(of(&["a\nb", "c"]), of(&["a", "b", "c"]));
}

#[test]
fn what_was_taken_back_in_part_keeps_its_key_and_as_a_whole_is_to_be_retracted() {
    let two = read(&[indicator("indicator--1"), indicator("indicator--2")]).unwrap();
    let one = read(&[indicator("indicator--1"), revoked("indicator--2")]).unwrap();
    assert_eq!((&one.report_key, one.indicators.len()), (&two.report_key, 1));
    assert!(one.revision > two.revision);
    let error = read(&[revoked("indicator--1"), revoked("indicator--2")]).unwrap_err();
    assert!(
        error.contains(&format!(
            "retract what was reported from it under the key {}",
            two.report_key
        )),
        "{error}"
    );

    let alone = read(&[indicator("indicator--1")]).unwrap().report_key;
    let error = read(&[revoked("indicator--1")]).unwrap_err();
    assert!(
        error.starts_with("f: objects[0]: ") && error.ends_with(&alone),
        "{error}"
    );
    let both = read(&[revoked("indicator--1"), indicator("indicator--1")]).unwrap_err();
    assert!(both.ends_with(&alone), "{both}");
}

#[test]
fn an_observation_that_was_taken_back_leaves_the_key_as_it_was() {
    let address = |number: u8| json!({ "type": "ipv4-addr", "id": format!("ipv4-addr--{number}"), "value": format!("192.0.2.{number}") });
    let seen = |number: u8, revoked: bool| {
        json!({ "type": "observed-data", "id": format!("observed-data--{number}"), "modified": "2026-03-02T06:15:00Z", "revoked": revoked,
            "object_refs": [format!("ipv4-addr--{number}")] })
    };
    let both = read(&[seen(1, false), address(1), seen(2, false), address(2)]).unwrap();
    let one = read(&[seen(1, true), address(1), seen(2, false), address(2)]).unwrap();
    assert_eq!((&one.report_key, one.indicators.len()), (&both.report_key, 1));
    let none = read(&[seen(1, true), address(1), seen(2, true), address(2)]).unwrap_err();
    assert!(none.ends_with(&both.report_key), "{none}");
}

#[test]
fn an_export_that_knows_more_victims_is_the_higher_revision() {
    let sighting = json!({ "type": "sighting", "id": "sighting--1", "sighting_of_ref": "indicator--1", "modified": "2026-03-02T06:15:00Z",
        "where_sighted_refs": ["location--1", "location--2"] });
    let location = |id: &str, country: &str| json!({ "type": "location", "id": id, "country": country, "modified": "2020-01-01T00:00:00Z" });
    let (one, other) = (location("location--1", "AT"), location("location--2", "BE"));
    let of = |places: &[&Value]| {
        let objects = [indicator("indicator--1"), sighting.clone()];
        read(
            &objects
                .into_iter()
                .chain(places.iter().map(|place| (*place).clone()))
                .collect::<Vec<_>>(),
        )
        .unwrap()
    };
    let (none, some, all) = (of(&[]), of(&[&one]), of(&[&one, &other]));
    assert_eq!(
        (none.countries.len(), some.countries.len(), all.countries.len()),
        (0, 1, 2)
    );
    assert_eq!(none.revision + 1, some.revision);
    assert_eq!(some.revision + 1, all.revision);
    assert_eq!(of(&[&other, &one]), all);
}
