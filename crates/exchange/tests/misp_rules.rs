//! The rules by which MISP events are read, on events made for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use chappe_exchange::{ReadError, Reading, SkipReason, read_misp};
use chappe_model::{Indicator, Severity, Tlp};
use serde_json::{Value, json};

const UUID: &str = "5f0c7d1e-0000-4000-8000-00000000000a";

fn read(file: &Value) -> Vec<Result<Reading, ReadError>> {
    read_misp("test.json", file.to_string().as_bytes()).unwrap()
}

fn read_event(members: Value) -> Reading {
    let mut event = json!({ "uuid": UUID, "timestamp": "1601564930", "date": "2020-10-01", "info": "A wave" });
    event
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    let reading = read(&json!({ "Event": event })).remove(0).unwrap();
    assert!(reading.is_whole());
    reading
}

fn indicators(reading: &Reading) -> Vec<String> {
    reading.draft.indicators.iter().map(ToString::to_string).collect()
}

/// The skipped items as `path: reason`.
fn skipped(reading: &Reading) -> Vec<String> {
    reading
        .skipped
        .iter()
        .map(|item| format!("{}: {}", item.path, item.reason))
        .collect()
}

/// What only its marking or distribution kept out.
fn withheld(reading: &Reading) -> Vec<String> {
    let withheld = reading.skipped.iter().flat_map(|item| &item.withheld);
    withheld.map(ToString::to_string).collect()
}

fn attributes(list: &[(&str, &str)]) -> Value {
    json!({ "Attribute": list.iter().map(|(kind, value)| json!({ "type": kind, "value": value })).collect::<Vec<_>>() })
}

#[test]
fn every_wrapping_is_opened() {
    let bare = json!({ "uuid": UUID, "timestamp": 5 });
    let event = json!({ "Event": bare });
    for (file, path) in [
        (bare.clone(), ""),
        (event.clone(), "Event."),
        (json!([event]), "[0].Event."),
        (json!({ "response": [event] }), "response[0].Event."),
        (json!({ "response": event }), "response.Event."),
        (json!({ "response": [bare] }), "response[0]."),
        (json!([{ "response": [event] }]), "[0].response[0].Event."),
    ] {
        let mut text = file.to_string();
        text = text.replace(
            "\"timestamp\":5",
            "\"timestamp\":5,\"Attribute\":[{\"type\":\"domain\",\"value\":\"bad.example\"}]",
        );
        let readings = read_misp("test.json", text.as_bytes()).unwrap();
        let reading = readings[0].as_ref().unwrap();
        assert_eq!((readings.len(), reading.draft.revision), (1, 5));
        assert_eq!(reading.read[0].path, format!("{path}Attribute[0]"));
    }
    assert_eq!(read(&json!([])).len(), 0);
    assert_eq!(read(&json!({ "response": [] })).len(), 0);
}

#[test]
fn types_give_their_indicators() {
    let reading = read_event(attributes(&[
        ("ip-src", "192.0.2.1"),
        ("ip-dst", "::ffff:192.0.2.2"),
        ("ip-dst|port", "192.0.2.3|443"),
        ("domain", "Bad[.]example"),
        ("hostname|port", "c2.bad.example|8080"),
        ("domain|ip", "worse.example|192.0.2.4"),
        ("url", "hxxps://bad[.]example/x"),
        ("filename|sha1", "a|b.exe|00112233445566778899AABBCCDDEEFF00112233"),
        ("malware-sample", "x.exe|00112233445566778899aabbccddeeff"),
        ("email-src", "Boss@bad.example"),
        ("vulnerability", "cve-2021-44228"),
        ("ip-dst", "192.0.2.0/24"),
        ("ip-src", "192.0.2.5/32"),
        ("AS", "64500"),
        ("btc", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
        ("iban", "AT61 1904 3002 3457 3201"),
        ("phone-number", "+43 1 2345678"),
        ("user-agent", "curl/8.0"),
        (
            "x509-fingerprint-sha1",
            "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33",
        ),
        ("mutex", "Global\\x"),
        ("regkey|value", "HKLM\\Software\\Bad|1"),
    ]));
    assert_eq!((reading.read.len(), reading.skipped.len()), (21, 0));
    assert_eq!(
        indicators(&reading),
        [
            "ip:192.0.2.1",
            "ip:192.0.2.2",
            "ip:192.0.2.3",
            "ip:192.0.2.4",
            "ip:192.0.2.5",
            "domain:bad.example",
            "domain:c2.bad.example",
            "domain:worse.example",
            "url:https://bad.example/x",
            "md5:00112233445566778899aabbccddeeff",
            "sha1:00112233445566778899aabbccddeeff00112233",
            "email:boss@bad.example",
            "cve:CVE-2021-44228",
            "cidr:192.0.2.0/24",
            "asn:AS64500",
            "crypto_address:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "iban:AT611904300234573201",
            "phone:+4312345678",
            "user_agent:curl/8.0",
            "certificate:00112233445566778899aabbccddeeff00112233",
            "mutex:Global\\x",
            "registry_key:HKEY_LOCAL_MACHINE\\software\\bad",
        ]
    );
}

#[test]
fn what_is_not_read_says_why() {
    let reading = read_event(json!({
        "Attribute": [
            { "type": "filename", "category": "Artifacts dropped", "value": "a.exe" },
            { "type": "domain", "value": "bad.example", "deleted": "1" },
            { "type": "domain", "value": "localhost" },
            { "type": "ip-dst", "value": "0.0.0.0/0" },
            { "type": "domain" },
            { "value": "bad.example" },
            7,
            { "type": "domain", "value": "ok.example", "ShadowAttribute": [{ "type": "domain", "value": "x.example" }] },
        ],
        "ShadowAttribute": [{ "type": "md5", "value": "?" }],
        "Object": ["?", { "name": "file", "Attribute": [{ "type": "text", "value": "x" }] }],
    }));
    assert_eq!(indicators(&reading), ["domain:ok.example"]);
    assert_eq!(
        skipped(&reading),
        [
            "Event.Attribute[0]: not an indicator type this version correlates",
            "Event.Attribute[1]: deleted in the source",
            "Event.Attribute[2]: domain \"localhost\": a single label: give a full domain name such as bad.example",
            "Event.Attribute[3]: cidr \"0.0.0.0/0\": wider than any network that was ever given out: give IPv4 of 8 bits or more, IPv6 of 16 or more",
            "Event.Attribute[4]: malformed: no value",
            "Event.Attribute[5]: malformed: no type",
            "Event.Attribute[6]: malformed: not an object",
            "Event.Attribute[7].ShadowAttribute[0]: a proposal that the event's owner has not accepted",
            "Event.ShadowAttribute[0]: a proposal that the event's owner has not accepted",
            "Event.Object[0]: malformed: not an object",
            "Event.Object[1].Attribute[0]: not an indicator type this version correlates",
            "Event.Object[1]: none of its attributes was read",
        ]
    );
    assert_eq!(reading.skipped[0].what, "filename (Artifacts dropped)");
    assert_eq!((reading.read.len(), reading.total), (1, 13));
}

#[test]
fn half_of_a_pair_is_read_and_the_other_noted() {
    let reading = read_event(attributes(&[("domain|ip", "bad.example|none")]));
    assert_eq!(indicators(&reading), ["domain:bad.example"]);
    assert!(
        reading.notes[0].starts_with("Event.Attribute[0]: read in part: ip \"none\""),
        "{:?}",
        reading.notes
    );
}

#[test]
fn objects_are_read_through_their_attributes() {
    let reading = read_event(json!({ "Object": [
        { "name": "file", "Attribute": [
            { "type": "md5", "value": "00112233445566778899aabbccddeeff" },
            { "type": "size-in-bytes", "value": 7 },
        ]},
        { "name": "file", "deleted": true, "Attribute": [{ "type": "md5", "value": "ffeeddccbbaa99887766554433221100" }] },
    ]}));
    assert_eq!(indicators(&reading), ["md5:00112233445566778899aabbccddeeff"]);
    let paths: Vec<&str> = reading.read.iter().map(|item| item.path.as_str()).collect();
    assert_eq!(paths, ["Event.Object[0].Attribute[0]", "Event.Object[0]"]);
    assert_eq!(
        reading
            .skipped
            .iter()
            .filter(|item| item.reason == SkipReason::Deleted)
            .count(),
        2
    );
    assert_eq!(reading.total, 5);
}

#[test]
fn victims_are_left_out_unless_marked_for_detection() {
    let reading = read_event(json!({
        "Attribute": [
            { "type": "email-dst", "value": "victim@bank.example" },
            { "type": "email-dst", "value": "drop@bad.example", "to_ids": "1" },
        ],
        "Object": [{ "name": "victim", "Attribute": [{ "type": "domain", "value": "bank.example", "to_ids": false }] }],
    }));
    assert_eq!(indicators(&reading), ["email:drop@bad.example"]);
    assert_eq!(
        withheld(&reading),
        [""; 0],
        "what is a victim's is looked for by nobody"
    );
    assert_eq!(
        reading
            .skipped
            .iter()
            .filter(|item| item.reason == SkipReason::Victim)
            .count(),
        2
    );
}

#[test]
fn nothing_marked_more_strictly_than_its_event_is_read() {
    let marked = |value: &str, tag: &str| json!({ "type": "domain", "value": value, "Tag": [{ "name": tag }] });
    let reading = read_event(json!({
        "Tag": [{ "name": "tlp:green" }],
        "Attribute": [marked("a.example", "tlp:clear"), marked("b.example", "tlp:green"), marked("c.example", "tlp:amber"), marked("d.example", "PAP:RED")],
    }));
    assert_eq!(reading.draft.tlp, Some(Tlp::Green));
    assert_eq!(indicators(&reading), ["domain:a.example", "domain:b.example"]);
    assert_eq!(
        skipped(&reading),
        [
            "Event.Attribute[2]: marked TLP:AMBER, stricter than the event (TLP:GREEN): mark the event so, or report it apart",
            "Event.Attribute[3]: marked PAP:RED, stricter than the event (no PAP label): mark the event so, or report it apart",
        ]
    );
    assert_eq!(withheld(&reading), ["domain:c.example", "domain:d.example"]);

    let unmarked =
        read_event(json!({ "Attribute": [marked("a.example", "tlp:white"), marked("b.example", "tlp:green")] }));
    assert_eq!(
        (unmarked.draft.tlp, indicators(&unmarked)),
        (None, vec!["domain:a.example".to_owned()])
    );
}

#[test]
fn nothing_distributed_more_narrowly_than_its_event_is_read() {
    let at = |value: &str, level: &str, group: u32| json!({ "type": "domain", "value": value, "distribution": level, "sharing_group_id": group });
    let list = [
        at("a.example", "5", 0),
        at("b.example", "3", 0),
        at("c.example", "0", 0),
        at("d.example", "4", 7),
    ];
    let reading = read_event(json!({ "distribution": "1", "Attribute": list }));
    assert_eq!(indicators(&reading), ["domain:a.example", "domain:b.example"]);
    assert_eq!(withheld(&reading), ["domain:c.example", "domain:d.example"]);
    let reading = read_event(json!({ "distribution": 4, "sharing_group_id": "7", "Attribute": list }));
    assert_eq!(
        indicators(&reading),
        ["domain:a.example", "domain:b.example", "domain:d.example"]
    );
}

#[test]
fn times_fill_the_occurrence_and_the_revision_only() {
    let reading = read_event(json!({ "Attribute": [
        { "type": "domain", "value": "a.example", "first_seen": "2020-09-30T12:00:00.000000+00:00" },
        { "type": "domain", "value": "b.example", "last_seen": "2020-10-02T00:00:00+02:00" },
        { "type": "comment", "value": "x", "first_seen": "2000-01-01T00:00:00Z" },
    ]}));
    assert_eq!(reading.draft.occurred_from_ms, Some(1_601_467_200_000));
    assert_eq!(reading.draft.occurred_to_ms, Some(1_601_589_600_000));
    assert_eq!(reading.draft.revision, 1_601_564_930);

    let undated = read_event(json!({ "date": "someday", "timestamp": "0" }));
    assert_eq!((undated.draft.occurred_from_ms, undated.draft.revision), (None, 1));
    assert_eq!(undated.notes.len(), 2);
}

#[test]
fn threat_levels_never_make_a_report_critical() {
    for (level, severity) in [
        ("1", Some(Severity::High)),
        ("2", Some(Severity::Medium)),
        ("3", Some(Severity::Low)),
        ("4", None),
        ("9", None),
    ] {
        assert_eq!(read_event(json!({ "threat_level_id": level })).draft.severity, severity);
    }
    assert_eq!(
        read_event(json!({ "threat_level_id": 2 })).draft.severity,
        Some(Severity::Medium)
    );
}

#[test]
fn values_that_mean_the_same_merge_and_are_counted_apart() {
    let reading = read_event(attributes(&[("domain", "bad.example"), ("hostname", "BAD[.]example.")]));
    assert_eq!((reading.read.len(), reading.draft.indicators.len()), (2, 1));
}

#[test]
fn the_title_is_one_line_within_its_bound() {
    let reading = read_event(json!({ "info": format!("a\nb{}", "é".repeat(400)) }));
    assert!(reading.draft.title.starts_with("a bé") && reading.draft.title.len() <= 512);
    assert_eq!(reading.notes, ["the title was cut to 512 bytes"]);
    assert_eq!(
        read_event(json!({ "info": "" })).draft.title,
        format!("MISP event {UUID}")
    );
}

#[test]
fn one_bad_event_costs_only_itself() {
    let good = json!({ "Event": { "uuid": UUID, "timestamp": 1 } });
    let readings =
        read(&json!([good, { "Event": { "info": "x" } }, { "Event": { "uuid": "7" } }, { "Event": 7 }, 7, good]));
    let errors: Vec<String> = readings
        .iter()
        .filter_map(|reading| reading.as_ref().err().map(ToString::to_string))
        .collect();
    assert_eq!(
        errors,
        [
            "test.json: [1].Event: no uuid: export the event from MISP, or give it a uuid that stays the same when it is sent again",
            "test.json: [2].Event: uuid \"7\": give 32 hexadecimal digits in groups of 8-4-4-4-12",
            "test.json: [3].Event: not an object: give a MISP event as MISP's JSON export writes it, a STIX 2 bundle, or IDEA messages",
            "test.json: [4]: neither an object nor a list of events: give a MISP event as MISP's JSON export writes it, a STIX 2 bundle, or IDEA messages",
        ]
    );
    assert!(readings[0].is_ok() && readings[5].is_ok());
}

#[test]
fn an_event_nested_too_deeply_costs_only_itself_and_is_placed() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let good = format!("{{\"Event\": {{\"uuid\": \"{UUID}\"}}}}");
    let text = format!("[\n{good},\n  {{\"Event\": {{\"uuid\": {deep}}}}},\n{good}]");
    let readings = read_misp("deep.json", text.as_bytes()).unwrap();
    assert!(readings[0].is_ok() && readings[2].is_ok());
    let error = readings[1].as_ref().unwrap_err();
    assert!(
        matches!(
            error,
            ReadError::Syntax {
                line: 3,
                column: 140..150,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_file_that_is_no_misp_says_what_it_is() {
    let error = |bytes: &[u8]| read_misp("f.json", bytes).unwrap_err().to_string();
    for (bytes, message) in [
        (
            &b"{\"Event\": {\"uuid\":"[..],
            "f.json: line 1, column 18: EOF while parsing a value: the file is cut off, fetch it again",
        ),
        (
            b"{\n \"Event\": nul }",
            "f.json: line 2, column 14: expected ident: not JSON as it should be",
        ),
        (
            b"",
            "f.json: line 1, column 0: EOF while parsing a value: the file is cut off, fetch it again",
        ),
        (
            b"\xFF\xFE{\0",
            "f.json: byte 0 (line 1): UTF-16, not UTF-8: convert it, for example with iconv -f UTF-16 -t UTF-8",
        ),
        (
            b"{\0}\0",
            "f.json: byte 0 (line 1): UTF-16, not UTF-8: convert it, for example with iconv -f UTF-16 -t UTF-8",
        ),
        (
            b"{\n\"info\": \"caf\xE9 \"}",
            "f.json: byte 14 (line 2): not UTF-8, perhaps Latin-1 or Windows-1252: convert it, for example with iconv -f WINDOWS-1252 -t UTF-8",
        ),
        (
            b"\"caf\xC3",
            "f.json: byte 4 (line 1): the file ends inside a character: it seems to be cut off, fetch it again",
        ),
        (
            b"{\"type\": \"bundle\", \"objects\": []}",
            "f.json: top level: an object with the keys type, objects: give a MISP event as MISP's JSON export writes it, a STIX 2 bundle, or IDEA messages",
        ),
        (
            b"{\"a\": 1, \"b\": 2}",
            "f.json: top level: an object with the keys a, b: give a MISP event as MISP's JSON export writes it, a STIX 2 bundle, or IDEA messages",
        ),
        (
            b"7",
            "f.json: top level: neither an object nor a list of events: give a MISP event as MISP's JSON export writes it, a STIX 2 bundle, or IDEA messages",
        ),
        (
            b"{\"Event\": {}, \"Event\": {}}",
            "f.json: line 1, column 21: the key Event stands twice: not JSON as it should be",
        ),
    ] {
        assert_eq!(error(bytes), message);
    }
    let manifest = json!({ UUID: { "info": "x" } }).to_string();
    assert!(error(manifest.as_bytes()).contains("the manifest of a MISP feed: give the feed's folder"));
}

#[test]
fn a_utf8_mark_is_accepted() {
    let text = format!("\u{feff}{{\"Event\": {{\"uuid\": \"{UUID}\"}}}}");
    assert!(read_misp("f.json", text.as_bytes()).unwrap()[0].is_ok());
}

#[test]
fn bounds_are_kept() {
    let too_large = vec![b' '; chappe_exchange::MAX_FILE_BYTES + 1];
    assert!(matches!(read_misp("f", &too_large), Err(ReadError::TooLarge { .. })));

    let events = format!("[{}0]", "0,".repeat(chappe_exchange::MAX_MISP_EVENTS));
    assert!(matches!(
        read_misp("f", events.as_bytes()),
        Err(ReadError::TooManyEvents { .. })
    ));

    let items = format!(
        "{{\"uuid\": \"{UUID}\", \"Attribute\": [{}0]}}",
        "0,".repeat(chappe_exchange::MAX_MISP_ITEMS)
    );
    let readings = read_misp("f", items.as_bytes()).unwrap();
    assert!(matches!(
        readings[0],
        Err(ReadError::TooManyItems { items: 100_001, .. })
    ));

    let wrapped = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(
        read_misp("f", wrapped.as_bytes()),
        Err(ReadError::NotAnEvent { .. })
    ));
}

#[test]
fn the_order_of_lists_changes_no_draft() {
    let mut list: Vec<Value> = ["c.example", "a.example", "b.example"]
        .iter()
        .map(|value| json!({ "type": "domain", "value": value }))
        .collect();
    let mut tags = vec![
        json!({ "name": "tlp:red" }),
        json!({ "name": "tlp:clear" }),
        json!({ "name": "rsit:test=\"test\"" }),
        json!({ "name": "rsit:fraud=\"phishing\"" }),
    ];
    let one = read_event(json!({ "Attribute": list, "Tag": tags }));
    list.reverse();
    tags.reverse();
    let other = read_event(json!({ "Attribute": list, "Tag": tags }));
    assert_eq!(one.draft, other.draft);
    let expected: BTreeSet<Indicator> = ["domain:a.example", "domain:b.example", "domain:c.example"]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    assert_eq!(one.draft.indicators, expected);
}
