//! The rules by which STIX is read, on objects made for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_exchange::{ReadError, Reading, read_stix};
use chappe_model::{Country, Pap, Rsit, Sector, Severity, Tlp};
use serde_json::{Value, json};

const TIME: &str = "2026-03-02T06:15:00.000Z";
const AMBER_1: &str = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82";
const RED_1: &str = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed";
const GREEN_2: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const STRICT_2: &str = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003";

/// An object of a type with an id by number.
fn object(kind: &str, number: u32, members: Value) -> Value {
    let mut object = json!({
        "type": kind, "spec_version": "2.1", "id": id(kind, number), "created": TIME, "modified": TIME,
    });
    object
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    object
}

fn id(kind: &str, number: u32) -> String {
    format!("{kind}--00000000-0000-4000-8000-{number:012}")
}

fn indicator(number: u32, pattern: &str) -> Value {
    object(
        "indicator",
        number,
        json!({ "pattern": pattern, "pattern_type": "stix", "valid_from": TIME }),
    )
}

fn marked(mut object: Value, markings: &[&str]) -> Value {
    object["object_marking_refs"] = json!(markings);
    object
}

fn bundle(objects: Vec<Value>) -> Value {
    json!({ "type": "bundle", "id": "bundle--1", "objects": objects })
}

fn read_all(file: &Value) -> Vec<Result<Reading, ReadError>> {
    let readings = read_stix("f.json", file.to_string().as_bytes()).unwrap();
    for reading in readings.iter().flatten() {
        assert!(reading.is_whole());
    }
    readings
}

fn read(objects: Vec<Value>) -> Reading {
    let mut readings = read_all(&bundle(objects));
    assert_eq!(readings.len(), 1);
    readings.remove(0).unwrap()
}

fn indicators(reading: &Reading) -> Vec<String> {
    reading.draft.indicators.iter().map(ToString::to_string).collect()
}

fn skipped(reading: &Reading) -> Vec<String> {
    let skipped = reading.skipped.iter();
    skipped.map(|item| format!("{}: {}", item.path, item.reason)).collect()
}

#[test]
fn every_wrapping_is_opened() {
    let one = indicator(1, "[domain-name:value = 'bad.example']");
    for (file, path) in [
        (one.clone(), ""),
        (json!([one]), "[0]"),
        (bundle(vec![one.clone()]), "objects[0]"),
        (json!([bundle(vec![one.clone()])]), "[0].objects[0]"),
        (json!({ "more": false, "objects": [one] }), "objects[0]"),
    ] {
        let reading = read_all(&file).remove(0).unwrap();
        assert_eq!(reading.read[0].path, path);
        assert_eq!(indicators(&reading), ["domain:bad.example"]);
        assert_eq!(reading.draft.report_key, format!("stix:{}", id("indicator", 1)));
        assert_eq!(reading.draft.revision, 1_772_432_100);
    }
    for empty in [
        json!([]),
        bundle(vec![]),
        json!({ "type": "bundle", "id": "bundle--1" }),
    ] {
        assert_eq!(read_all(&empty).len(), 0);
    }
}

#[test]
fn patterns_and_observables_give_their_indicators() {
    let observable = |kind: &str, number, value: &str| json!({ "type": kind, "spec_version": "2.1", "id": id(kind, number), "value": value });
    let reading = read(vec![
        indicator(
            1,
            "[ipv4-addr:value = '192.0.2.1/32' OR ipv6-addr:value = '2001:db8::1']",
        ),
        indicator(
            2,
            "[network-traffic:dst_ref.value = 'c2.example' OR network-traffic:src_ref.value = '192.0.2.2']",
        ),
        indicator(
            3,
            "[file:hashes.'SHA-1' = '00112233445566778899AABBCCDDEEFF00112233' AND file:hashes.MD5 = '00112233445566778899aabbccddeeff']",
        ),
        indicator(4, "[email-message:from_ref.value = 'Boss@bad.example']"),
        observable("domain-name", 5, "bad[.]example"),
        observable("url", 6, "hxxps://bad.example/x"),
        json!({ "type": "file", "id": id("file", 7), "name": "a.exe", "hashes": { "SHA256": "ab".repeat(32), "SSDEEP": "3:a:b" } }),
        object(
            "vulnerability",
            8,
            json!({ "name": "x", "external_references": [{ "source_name": "cve", "external_id": "CVE-2021-44228" }] }),
        ),
    ]);
    assert_eq!((reading.read.len(), reading.skipped.len()), (8, 0));
    assert_eq!(
        indicators(&reading),
        [
            "ip:192.0.2.1".to_owned(),
            "ip:192.0.2.2".to_owned(),
            "ip:2001:db8::1".to_owned(),
            "domain:bad.example".to_owned(),
            "domain:c2.example".to_owned(),
            "url:https://bad.example/x".to_owned(),
            "md5:00112233445566778899aabbccddeeff".to_owned(),
            "sha1:00112233445566778899aabbccddeeff00112233".to_owned(),
            format!("sha256:{}", "ab".repeat(32)),
            "email:boss@bad.example".to_owned(),
            "cve:CVE-2021-44228".to_owned(),
        ]
    );
}

#[test]
fn what_is_not_read_says_why() {
    let mut older = indicator(1, "[domain-name:value = 'old.example']");
    older["modified"] = json!("2026-03-01T00:00:00Z");
    let mut revoked = indicator(2, "[domain-name:value = 'b.example']");
    revoked["revoked"] = json!(true);
    let mut benign = indicator(3, "[domain-name:value = 'c.example']");
    benign["indicator_types"] = json!(["benign"]);
    let mut yara = indicator(4, "rule x {}");
    yara["pattern_type"] = json!("yara");
    let reading = read(vec![
        older,
        indicator(1, "[domain-name:value = 'new.example']"),
        revoked,
        benign,
        yara,
        indicator(5, "[ipv4-addr:value ISSUBSET '192.0.2.0/24']"),
        indicator(
            6,
            "[file:name = 'a.exe' AND file:hashes.MD5 = '00112233445566778899aabbccddeeff']",
        ),
        indicator(7, "[ipv4-addr:value = '0.0.0.0/0']"),
        object("malware", 8, json!({ "name": "x", "is_family": false })),
        object("x-of-somebody", 9, json!({})),
        json!(7),
        json!({ "id": "indicator--x" }),
        object("indicator", 10, json!({})),
    ]);
    assert_eq!(indicators(&reading), ["domain:new.example"]);
    assert_eq!(
        skipped(&reading),
        [
            "objects[0]: the file holds a newer version of it, or the same again",
            "objects[2]: revoked in the source",
            "objects[3]: the source calls it benign",
            "objects[4]: a pattern of type yara: only STIX patterns are read",
            "objects[5]: pattern, column 18: ISSUBSET: only values compared by = or IN, joined by AND and OR, are read",
            "objects[6]: pattern, column 2: file:name: nothing that is compared",
            "objects[7]: cidr \"0.0.0.0/0\": wider than any network that was ever given out: give IPv4 of 8 bits or more, IPv6 of 16 or more",
            "objects[8]: not an indicator type this version correlates",
            "objects[9]: not an indicator type this version correlates",
            "objects[10]: malformed: not an object",
            "objects[11]: malformed: no type",
            "objects[12]: malformed: no pattern",
        ]
    );
}

#[test]
fn reports_and_groupings_each_make_a_report() {
    let file = bundle(vec![
        indicator(1, "[domain-name:value = 'a.example']"),
        object(
            "report",
            2,
            json!({ "name": "First", "published": TIME, "object_refs": [id("indicator", 1), id("observed-data", 4)], "created_by_ref": id("identity", 7) }),
        ),
        object(
            "grouping",
            3,
            json!({ "name": "Second", "context": "suspicious-activity", "object_refs": [id("indicator", 1), id("report", 2)] }),
        ),
        object(
            "observed-data",
            4,
            json!({ "first_observed": "2026-03-01T00:00:00Z", "last_observed": "2026-03-01T01:00:00Z", "number_observed": 1, "object_refs": [id("ipv4-addr", 5)] }),
        ),
        json!({ "type": "ipv4-addr", "id": id("ipv4-addr", 5), "value": "192.0.2.5" }),
        indicator(6, "[domain-name:value = 'alone.example']"),
        object("identity", 7, json!({ "name": "CSIRT One" })),
    ]);
    let readings: Vec<Reading> = read_all(&file).into_iter().map(Result::unwrap).collect();
    let titles: Vec<&str> = readings.iter().map(|reading| reading.draft.title.as_str()).collect();
    assert_eq!(titles, ["First", "Second", "STIX objects: indicator"]);
    assert_eq!(indicators(&readings[0]), ["ip:192.0.2.5", "domain:a.example"]);
    assert_eq!(indicators(&readings[1]), ["domain:a.example"]);
    assert_eq!(indicators(&readings[2]), ["domain:alone.example"]);
    assert_eq!(readings[0].draft.report_key, format!("stix:{}", id("report", 2)));
    assert_eq!(readings[0].draft.summary, format!("STIX report, published {TIME}."));
    assert_eq!(
        (readings[0].draft.occurred_from_ms, readings[0].draft.occurred_to_ms),
        (Some(1_772_323_200_000), Some(1_772_326_800_000))
    );
    assert_eq!((readings[0].total, readings[1].total, readings[2].total), (4, 2, 2));
}

#[test]
fn a_bundle_sent_again_is_the_same_incident_whatever_its_id_and_order() {
    let mut objects = vec![
        indicator(1, "[domain-name:value = 'a.example']"),
        indicator(2, "[domain-name:value = 'b.example']"),
        object("identity", 3, json!({ "name": "x" })),
    ];
    let first = read(objects.clone()).draft;
    objects.reverse();
    let mut file = bundle(objects.clone());
    file["id"] = json!("bundle--2");
    assert_eq!(read_all(&file).remove(0).unwrap().draft, first);
    assert!(first.report_key.starts_with("stix:objects--"), "{}", first.report_key);
    let without_author = objects[1..].to_vec();
    assert_eq!(read(without_author).draft, first);
    objects[0]["modified"] = json!("2026-03-04T00:00:00Z");
    assert_eq!(
        read(objects.clone()).draft.revision,
        first.revision,
        "its author is no part of it"
    );
    objects[1]["modified"] = json!("2026-03-03T00:00:00Z");
    let later = read(objects.clone()).draft;
    assert_eq!(later.report_key, first.report_key);
    assert!(later.revision > first.revision);
    objects.push(object("incident", 4, json!({ "name": "The wave" })));
    let named = read(objects).draft;
    assert_eq!(
        (named.report_key, named.title.as_str()),
        (format!("stix:{}", id("incident", 4)), "The wave")
    );
}

#[test]
fn labels_of_both_versions_of_tlp_are_read() {
    let own = object(
        "marking-definition",
        9,
        json!({ "definition_type": "tlp", "definition": { "tlp": "green" } }),
    );
    let extended = object(
        "marking-definition",
        8,
        json!({ "extensions": { "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": { "extension_type": "property-extension", "tlp_2_0": "amber+strict" } } }),
    );
    for (marking, tlp) in [
        (AMBER_1.to_owned(), Tlp::Amber),
        (RED_1.to_owned(), Tlp::Red),
        (GREEN_2.to_owned(), Tlp::Green),
        (STRICT_2.to_owned(), Tlp::AmberStrict),
        (id("marking-definition", 9), Tlp::Green),
        (id("marking-definition", 8), Tlp::AmberStrict),
    ] {
        let one = marked(indicator(1, "[domain-name:value = 'a.example']"), &[&marking]);
        let reading = read(vec![one, own.clone(), extended.clone()]);
        assert_eq!(
            (reading.draft.tlp, reading.draft.indicators.len()),
            (Some(tlp), 1),
            "{marking}"
        );
        assert_eq!(reading.read.len(), 3);
    }
    let two = vec![
        marked(indicator(1, "[domain-name:value = 'a.example']"), &[GREEN_2]),
        marked(indicator(2, "[domain-name:value = 'b.example']"), &[AMBER_1]),
        indicator(3, "[domain-name:value = 'c.example']"),
    ];
    let reading = read(two);
    assert_eq!(
        (reading.draft.tlp, reading.draft.indicators.len()),
        (Some(Tlp::Amber), 3)
    );
    assert_eq!(
        reading.notes,
        ["several labels, the most restrictive counts: TLP:GREEN, TLP:AMBER"]
    );
}

#[test]
fn nothing_marked_more_strictly_than_its_report_is_read() {
    let unknown = "marking-definition--00000000-0000-4000-8000-00000000000f";
    let mut granular = indicator(3, "[domain-name:value = 'c.example']");
    granular["granular_markings"] = json!([{ "marking_ref": RED_1, "selectors": ["pattern"] }]);
    let observed = object(
        "observed-data",
        5,
        json!({ "object_refs": [id("ipv4-addr", 6)], "object_marking_refs": [STRICT_2], "first_observed": TIME, "last_observed": TIME }),
    );
    let report = |markings: &[&str]| {
        let refs: Vec<String> = [1, 2, 3, 4].map(|number| id("indicator", number)).into();
        let refs: Vec<String> = refs.into_iter().chain([id("observed-data", 5)]).collect();
        let report = object("report", 7, json!({ "name": "r", "object_refs": refs }));
        vec![
            marked(report, markings),
            marked(indicator(1, "[domain-name:value = 'a.example']"), &[GREEN_2]),
            marked(indicator(2, "[domain-name:value = 'b.example']"), &[RED_1]),
            granular.clone(),
            marked(indicator(4, "[domain-name:value = 'd.example']"), &[unknown]),
            observed.clone(),
            json!({ "type": "ipv4-addr", "id": id("ipv4-addr", 6), "value": "192.0.2.6" }),
        ]
    };
    let reading = read(report(&[AMBER_1]));
    assert_eq!(reading.draft.tlp, Some(Tlp::Amber));
    assert_eq!(indicators(&reading), ["domain:a.example"]);
    assert_eq!(reading.skipped.len(), 5);
    assert!(
        skipped(&reading)[2].contains("marked marking-definition--00000000"),
        "{:?}",
        skipped(&reading)
    );
    let unmarked = read(report(&[unknown]));
    assert_eq!((unmarked.draft.tlp, unmarked.draft.indicators.len()), (None, 0));
    assert!(
        unmarked.notes[0].contains("counts as not marked"),
        "{:?}",
        unmarked.notes
    );
}

#[test]
fn countries_and_sectors_come_from_what_was_hit_alone() {
    let relation = |number, kind: &str, from: String, to: String| {
        object(
            "relationship",
            number,
            json!({ "relationship_type": kind, "source_ref": from, "target_ref": to }),
        )
    };
    let reading = read(vec![
        indicator(1, "[domain-name:value = 'a.example']"),
        object("incident", 2, json!({ "name": "i" })),
        object("location", 3, json!({ "country": "at" })),
        object("location", 4, json!({ "country": "DE" })),
        object("location", 5, json!({ "country": "FR" })),
        object("location", 6, json!({ "country": "IT" })),
        object(
            "identity",
            7,
            json!({ "name": "v", "sectors": ["energy", "financial-services"] }),
        ),
        object(
            "sighting",
            8,
            json!({ "sighting_of_ref": id("indicator", 1), "where_sighted_refs": [id("location", 3)], "first_seen": TIME }),
        ),
        relation(9, "targets", id("incident", 2), id("identity", 7)),
        relation(10, "located-at", id("identity", 7), id("location", 4)),
        relation(11, "targets", id("intrusion-set", 99), id("location", 5)),
    ]);
    let country = |code| Country::parse(code).unwrap();
    assert_eq!(reading.draft.countries, [country("AT"), country("DE")].into());
    assert_eq!(reading.draft.sectors, [Sector::Energy].into());
    assert_eq!(reading.draft.occurred_from_ms, Some(1_772_432_100_000));
}

#[test]
fn version_2_0_is_read_with_its_observables_within() {
    let reading = read(vec![json!({
        "type": "observed-data", "id": id("observed-data", 1), "created": TIME, "modified": TIME,
        "first_observed": TIME, "last_observed": TIME, "number_observed": 1,
        "objects": {
            "0": { "type": "email-message", "from_ref": "1", "to_refs": ["2"] },
            "1": { "type": "email-addr", "value": "a@bad.example" },
            "2": { "type": "email-addr", "value": "victim@good.example" },
            "3": 5,
        },
    })]);
    assert_eq!(indicators(&reading), ["email:a@bad.example"]);
    assert_eq!((reading.read.len(), reading.skipped.len(), reading.total), (2, 3, 5));
    assert!(
        skipped(&reading)[1].contains("personal data of a victim"),
        "{:?}",
        skipped(&reading)
    );
}

#[test]
fn recipients_of_messages_are_not_read() {
    let address = |number, value: &str| json!({ "type": "email-addr", "id": id("email-addr", number), "value": value });
    let reading = read(vec![
        json!({ "type": "email-message", "id": id("email-message", 1), "is_multipart": false, "from_ref": id("email-addr", 2), "to_refs": [id("email-addr", 3)] }),
        address(2, "a@bad.example"),
        address(3, "victim@good.example"),
    ]);
    assert_eq!(indicators(&reading), ["email:a@bad.example"]);
}

#[test]
fn machine_tags_among_the_labels_are_read() {
    let mut report = object("report", 1, json!({ "name": "r", "object_refs": [] }));
    report["labels"] = json!([
        "rsit:fraud=\"phishing\"",
        "PAP:AMBER",
        "tlp:green",
        "threat-report",
        "nis2:impact-sectors-impacted=\"energy\""
    ]);
    let draft = read(vec![report]).draft;
    assert_eq!(
        (draft.incident_type, draft.pap, draft.tlp),
        (Some(Rsit::Phishing), Some(Pap::Amber), Some(Tlp::Green))
    );
    assert_eq!(
        (draft.severity, draft.sectors),
        (None::<Severity>, [Sector::Energy].into())
    );
}

#[test]
fn a_revoked_report_costs_only_itself() {
    let mut revoked = object("report", 1, json!({ "name": "r", "object_refs": [id("indicator", 2)] }));
    revoked["revoked"] = json!(true);
    let readings = read_all(&bundle(vec![
        revoked,
        indicator(2, "[domain-name:value = 'a.example']"),
        indicator(3, "[domain-name:value = 'b.example']"),
    ]));
    let error = readings[0].as_ref().unwrap_err().to_string();
    assert!(
        error.starts_with("f.json: objects[0]: the report was revoked: retract"),
        "{error}"
    );
    assert_eq!(indicators(readings[1].as_ref().unwrap()), ["domain:b.example"]);
}

#[test]
fn neither_name_nor_place_is_taken_from_what_is_marked_more_strictly() {
    let unknown = "marking-definition--00000000-0000-4000-8000-00000000000f";
    let incident = object(
        "incident",
        1,
        json!({ "name": "Secret", "created_by_ref": id("identity", 2) }),
    );
    let named = |markings: &[&str]| read(vec![marked(incident.clone(), markings)]).draft;
    assert_eq!(named(&[RED_1]).tlp, Some(Tlp::Red));
    assert_eq!(
        named(&[RED_1, unknown]).tlp,
        Some(Tlp::Red),
        "nothing could ask for more"
    );
    assert_eq!(named(&[GREEN_2, unknown]).tlp, None);

    let seen = object(
        "sighting",
        3,
        json!({ "sighting_of_ref": id("indicator", 4), "where_sighted_refs": [id("location", 5)] }),
    );
    let countries = |sighting: &[&str], place: &[&str]| {
        let draft = read(vec![
            marked(incident.clone(), &[GREEN_2]),
            object("identity", 2, json!({ "name": "The author" })),
            marked(seen.clone(), sighting),
            indicator(4, "[domain-name:value = 'a.example']"),
            marked(object("location", 5, json!({ "country": "AT" })), place),
        ])
        .draft;
        assert!(!format!("{draft:?}").contains("The author"), "no author is told");
        draft.countries.len()
    };
    assert_eq!(countries(&[], &[GREEN_2]), 1);
    assert_eq!(countries(&[AMBER_1], &[]), 0);
    assert_eq!(countries(&[], &[unknown]), 0);
}
