//! Whatever way an object is drawn into a report of STIX: a stricter label comes along, and what was taken back draws in nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_exchange::{ReadError, Reading, read_stix};
use chappe_model::{Pap, Tlp};
use serde_json::{Value, json};

const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
const OWN: &str = "marking-definition--00000000-0000-4000-8000-000000000001";

fn read_all(objects: &Value) -> Vec<Result<Reading, ReadError>> {
    let readings = read_stix("f", json!({ "objects": objects }).to_string().as_bytes()).unwrap();
    assert!(readings.iter().flatten().all(Reading::is_whole));
    readings
}

/// The indicators of the first report, in whatever order its objects stand.
fn indicators(objects: &Value) -> Vec<String> {
    let of = |objects: &Value| -> Vec<String> {
        let reading = read_all(objects).remove(0).unwrap();
        reading.draft.indicators.iter().map(ToString::to_string).collect()
    };
    let mut turned = objects.as_array().unwrap().clone();
    turned.reverse();
    let found = of(objects);
    assert_eq!(of(&Value::from(turned)), found);
    found
}

fn report(refs: &[&str]) -> Value {
    json!({ "type": "report", "id": "report--1", "name": "r", "modified": "2026-03-02T06:15:00Z", "object_refs": refs, "object_marking_refs": [GREEN] })
}

fn address(number: u8) -> Value {
    json!({ "type": "ipv4-addr", "id": format!("ipv4-addr--{number}"), "value": format!("192.0.2.{number}") })
}

fn marked(mut object: Value, marking: &str) -> Value {
    object["object_marking_refs"] = json!([marking]);
    object
}

#[test]
fn a_stricter_label_goes_along_every_reference() {
    let traffic = json!({ "type": "network-traffic", "id": "network-traffic--1", "src_ref": "ipv4-addr--1", "dst_ref": "ipv4-addr--2" });
    let mail = json!({ "type": "email-message", "id": "email-message--1", "from_ref": "email-addr--1" });
    let sender = json!({ "type": "email-addr", "id": "email-addr--1", "value": "a@bad.example" });
    let seen = json!({ "type": "observed-data", "id": "observed-data--1", "object_refs": ["network-traffic--1"] });
    let malware = json!({ "type": "malware", "id": "malware--1", "sample_refs": ["file--1"] });
    let file = json!({ "type": "file", "id": "file--1", "hashes": { "MD5": "00112233445566778899aabbccddeeff" } });
    let sighting = json!({ "type": "sighting", "id": "sighting--1", "sighting_of_ref": "x", "observed_data_refs": ["observed-data--1"] });
    let cases = [
        ("network-traffic--1", json!([traffic, address(1), address(2)]), 2),
        ("email-message--1", json!([mail, sender]), 1),
        ("observed-data--1", json!([seen, traffic, address(1), address(2)]), 2),
        ("malware--1", json!([malware, file]), 1),
        (
            "sighting--1",
            json!([sighting, seen, traffic, address(1), address(2)]),
            2,
        ),
    ];
    for (first, objects, open) in cases {
        let mut objects = objects.as_array().unwrap().clone();
        objects.push(report(&[first]));
        assert_eq!(indicators(&json!(objects)).len(), open, "{first}");
        objects[0] = marked(objects[0].clone(), RED);
        assert_eq!(indicators(&json!(objects)), [""; 0], "{first}");
        // By the word of its holder it is strict though the report names it too.
        let last = objects.len() - 1;
        let all: Vec<&str> = objects[..last]
            .iter()
            .filter_map(|object| object["id"].as_str())
            .collect();
        let named = report(&all);
        objects[last] = named;
        assert_eq!(
            indicators(&json!(objects)),
            [""; 0],
            "{first}, and the report names all"
        );
    }
}

#[test]
fn what_only_its_label_keeps_out_stands_beside_the_account() {
    let seen = json!({ "type": "observed-data", "id": "observed-data--1", "object_refs": ["ipv4-addr--1"] });
    let within = json!({ "type": "observed-data", "id": "observed-data--2", "objects": { "0": address(3) } });
    let objects = json!([
        report(&["observed-data--1", "observed-data--2", "ipv4-addr--2", "note--1"]),
        marked(seen, RED),
        address(1),
        address(2),
        marked(within, RED),
        marked(json!({ "type": "note", "id": "note--1", "content": "192.0.2.9" }), RED),
    ]);
    let reading = read_all(&objects).remove(0).unwrap();
    let texts = |indicators: Vec<String>| indicators.join(" ");
    assert_eq!(
        texts(reading.draft.indicators.iter().map(ToString::to_string).collect()),
        "ip:192.0.2.2"
    );
    let withheld = reading.skipped.iter().flat_map(|item| &item.withheld);
    assert_eq!(
        texts(withheld.map(ToString::to_string).collect()),
        "ip:192.0.2.1 ip:192.0.2.3"
    );
}

#[test]
fn what_is_marked_without_a_report_has_the_strictest_label_of_what_holds_it() {
    let malware = json!({ "type": "malware", "id": "malware--1", "sample_refs": ["ipv4-addr--1"] });
    let draft = read_all(&json!([marked(malware, RED), address(1)]))
        .remove(0)
        .unwrap()
        .draft;
    assert_eq!((draft.tlp, draft.indicators.len()), (Some(Tlp::Red), 1));
    let nameless = json!({ "type": "report", "name": "r", "object_refs": ["ipv4-addr--1"] });
    let draft = read_all(&json!([marked(nameless, RED), address(1)]))
        .remove(0)
        .unwrap()
        .draft;
    assert_eq!(draft.tlp, Some(Tlp::Red));
}

#[test]
fn what_was_revoked_draws_in_nothing() {
    let seen =
        json!({ "type": "observed-data", "id": "observed-data--1", "object_refs": ["ipv4-addr--1"], "revoked": true });
    let named = json!([report(&["observed-data--1"]), seen, address(1)]);
    assert_eq!(indicators(&named), [""; 0]);
    let skipped = read_all(&named).remove(0).unwrap().skipped;
    let reasons: Vec<String> = skipped.iter().map(|item| item.reason.to_string()).collect();
    assert_eq!(
        reasons,
        [
            "nothing refers to it but what was revoked, or an older version",
            "revoked in the source"
        ]
    );
    let both = report(&["observed-data--1", "ipv4-addr--1"]);
    assert_eq!(indicators(&json!([both, seen, address(1)])), ["ip:192.0.2.1"]);
    assert_eq!(
        indicators(&json!([both, marked(seen.clone(), RED), address(1)])),
        [""; 0]
    );
    // Without a report too: nobody stands for what was seen.
    assert_eq!(indicators(&json!([seen, address(1), address(2)])), ["ip:192.0.2.2"]);
}

#[test]
fn an_older_version_draws_in_nothing() {
    let mut newer = report(&["ipv4-addr--1"]);
    newer["modified"] = json!("2026-03-03T06:15:00Z");
    let older = report(&["ipv4-addr--1", "ipv4-addr--2"]);
    let objects = json!([older, newer, address(1), address(2)]);
    assert_eq!(indicators(&objects), ["ip:192.0.2.1"]);
    assert_eq!(
        read_all(&objects).len(),
        1,
        "what only the older version held makes no report"
    );
}

#[test]
fn what_another_report_holds_is_that_reports_alone_in_all_its_versions() {
    let other = |modified: &str| {
        let mut other = marked(report(&["ipv4-addr--2"]), RED);
        other["id"] = json!("report--2");
        other["modified"] = json!(modified);
        other
    };
    let objects = json!([
        report(&["ipv4-addr--1", "report--2"]),
        other("2026-03-02T06:15:00Z"),
        other("2026-03-03T06:15:00Z"),
        address(1),
        address(2)
    ]);
    assert_eq!(indicators(&json!([report(&["report--2"]), address(1)])), [""; 0]);
    let readings: Vec<Reading> = read_all(&objects).into_iter().map(Result::unwrap).collect();
    let found = |reading: &Reading| {
        (
            reading.draft.tlp,
            reading
                .draft
                .indicators
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(found(&readings[0]), (Some(Tlp::Green), vec!["ip:192.0.2.1".to_owned()]));
    assert_eq!(found(&readings[1]), (Some(Tlp::Red), vec!["ip:192.0.2.2".to_owned()]));
}

#[test]
fn a_definition_that_stands_twice_means_its_strictest() {
    let defined = |tlp: &str| json!({ "type": "marking-definition", "id": OWN, "definition_type": "tlp", "definition": { "tlp": tlp } });
    let one = marked(address(1), OWN);
    for tlps in [["green", "red"], ["red", "green"]] {
        let objects = json!([report(&["ipv4-addr--1"]), one, defined(tlps[0]), defined(tlps[1])]);
        assert_eq!(indicators(&objects), [""; 0], "{tlps:?}");
    }
}

#[test]
fn a_country_is_not_taken_by_way_of_a_stricter_identity() {
    let relation = |number: u8, kind: &str, from: &str, to: &str| json!({ "type": "relationship", "id": format!("relationship--{number}"), "relationship_type": kind, "source_ref": from, "target_ref": to });
    let objects = |identity: Value| {
        json!([
            report(&["campaign--1"]),
            { "type": "campaign", "id": "campaign--1", "name": "c" },
            identity,
            { "type": "location", "id": "location--1", "country": "AT" },
            relation(1, "targets", "campaign--1", "identity--1"),
            relation(2, "located-at", "identity--1", "location--1"),
        ])
    };
    let identity = json!({ "type": "identity", "id": "identity--1", "name": "v" });
    let countries = |identity: Value| read_all(&objects(identity)).remove(0).unwrap().draft.countries.len();
    assert_eq!(countries(identity.clone()), 1);
    assert_eq!(countries(marked(identity, RED)), 0);
}

#[test]
fn labels_that_are_tags_count_as_markings_do() {
    let tagged = |mut object: Value, labels: &[&str]| {
        object["labels"] = json!(labels);
        object
    };
    let read = |report: Value, item: Value| read_all(&json!([report, item])).remove(0).unwrap().draft;
    let green = report(&["ipv4-addr--1"]);
    let cases: [(&[&str], Option<Tlp>); 4] = [
        (&[], Some(Tlp::Green)),
        (&["tlp:amber"], Some(Tlp::Amber)),
        (&["tlp:ex:chr"], None),
        (&["tlp:ex:chr", "TLP:RED"], Some(Tlp::Red)),
    ];
    for (labels, tlp) in cases {
        assert_eq!(read(tagged(green.clone(), labels), address(1)).tlp, tlp, "{labels:?}");
    }
    let cases: [(&[&str], usize); 6] = [
        (&["tlp:green", "PAP:WHITE", "benign-activity"], 1),
        (&["tlp:red"], 0),
        (&["TLP:AMBER+STRICT"], 0),
        (&["tlp:ex:chr"], 0),
        (&["PAP:RED"], 0),
        (&["pap:none-such"], 0),
    ];
    for (labels, indicators) in cases {
        let draft = read(green.clone(), tagged(address(1), labels));
        assert_eq!(draft.indicators.len(), indicators, "{labels:?}");
    }
    let within = read(tagged(green, &["PAP:RED"]), tagged(address(1), &["PAP:AMBER"]));
    assert_eq!((within.pap, within.indicators.len()), (Some(Pap::Red), 1));
    let alone = read_all(&json!([tagged(address(1), &["PAP:RED"]), address(2)]))
        .remove(0)
        .unwrap();
    assert_eq!((alone.draft.pap, alone.draft.indicators.len()), (Some(Pap::Red), 2));
}

#[test]
fn a_label_that_stands_as_a_statement_is_one() {
    let definition = |more: Value| {
        let mut definition = json!({ "type": "marking-definition", "id": OWN, "definition_type": "statement" });
        definition
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        definition
    };
    let strict = [
        json!({ "definition": { "statement": "custom" }, "x_opencti_definition_type": "TLP", "x_opencti_definition": "TLP:AMBER+STRICT" }),
        json!({ "definition": { "statement": " tlp:amber+strict " } }),
        json!({ "definition": { "statement": "TLP:EX:CHR" } }),
    ];
    for more in strict {
        let objects = json!([
            report(&["ipv4-addr--1", "ipv4-addr--2"]),
            marked(address(1), OWN),
            address(2),
            definition(more.clone())
        ]);
        assert_eq!(indicators(&objects), ["ip:192.0.2.2"], "{more}");
    }
    let terms = json!([
        report(&["ipv4-addr--1"]),
        marked(address(1), OWN),
        definition(json!({ "definition": { "statement": "Copyright" } }))
    ]);
    assert_eq!(indicators(&terms).len(), 1);
}

#[test]
fn what_an_observation_holds_within_itself_marks_it() {
    let seen = |marking: &str| {
        json!({ "type": "observed-data", "id": "observed-data--1", "objects": {
            "0": { "type": "ipv4-addr", "value": "192.0.2.1", "object_marking_refs": [marking] },
            "1": { "type": "ipv4-addr", "value": "192.0.2.2" } } })
    };
    let of = |marking| {
        indicators(&json!([
            report(&["observed-data--1", "ipv4-addr--3"]),
            seen(marking),
            address(3)
        ]))
    };
    assert_eq!(of(GREEN).len(), 3);
    assert_eq!(of(RED), ["ip:192.0.2.3"]);
}
