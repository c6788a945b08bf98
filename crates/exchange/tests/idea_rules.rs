//! The rules by which IDEA messages are read, on messages made for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_exchange::{Reading, read_idea};
use chappe_model::Rsit;
use proptest::prelude::*;
use serde_json::{Value, json};

fn message(members: Value) -> Value {
    let mut message = json!({
        "Format": "IDEA0", "ID": "4390fc3f-c753-4a3e-bc83-1b44f24baf75", "DetectTime": "2026-03-02T06:15:00Z", "Category": ["Recon.Scanning"],
    });
    message
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    message
}

fn read(members: Value) -> Reading {
    let reading = read_idea("f.json", message(members).to_string().as_bytes())
        .unwrap()
        .remove(0)
        .unwrap();
    assert!(reading.is_whole());
    reading
}

fn indicators(reading: &Reading) -> Vec<String> {
    reading.draft.indicators.iter().map(ToString::to_string).collect()
}

fn skipped(reading: &Reading) -> Vec<String> {
    let skipped = reading.skipped.iter();
    skipped.map(|item| format!("{}: {}", item.path, item.reason)).collect()
}

fn error(text: &str) -> String {
    read_idea("f.json", text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_message_is_read_with_its_times_and_what_attacks() {
    let reading = read(json!({
        "EventTime": "2026-03-02T06:00:00Z", "CeaseTime": "2026-03-02T07:00:00+01:00", "CreateTime": "2026-03-02T06:16:00Z",
        "Description": "A scan\nof ports", "ConnCount": 20,
        "Source": [
            { "IP4": ["192.0.2.1", "192.0.2.0/24", "192.0.2.1-192.0.2.9"], "ASN": [64500], "IP6": ["2001:db8::1"], "Hostname": ["Bad.example"], "Port": [1], "MAC": ["00:00:5e:00:53:01"] },
            { "URL": ["http://bad.example/x"], "Email": ["a@bad.example"] },
        ],
        "Target": [{ "IP4": ["198.51.100.7"], "Hostname": ["good.example"] }, { "Type": ["CC"], "IP4": ["203.0.113.9"] }],
        "Attach": [{ "Hash": ["sha1:00112233445566778899aabbccddeeff00112233", "ssdeep:3:a:b"], "FileName": ["a.exe"] }],
        "Ref": ["cve:CVE-2021-44228", "https://news.example/"],
        "Node": [{ "Name": "eu.example.trap", "Type": ["Honeypot"] }],
    }));
    assert_eq!(
        indicators(&reading),
        [
            "ip:192.0.2.1",
            "ip:2001:db8::1",
            "ip:203.0.113.9",
            "domain:bad.example",
            "url:http://bad.example/x",
            "sha1:00112233445566778899aabbccddeeff00112233",
            "email:a@bad.example",
            "cve:CVE-2021-44228",
            "cidr:192.0.2.0/24",
            "asn:AS64500",
        ]
    );
    assert_eq!(
        skipped(&reading),
        [
            "Source[0].IP4[2]: ip \"192.0.2.1-192.0.2.9\": not an IP address: give four decimal numbers without leading zeros such as 192.0.2.7, or IPv6 such as 2001:db8::7",
            "Source[0].MAC[0]: not an indicator type this version correlates",
            "Target[0].IP4[0]: belongs to those who were attacked: only what attacks is compared",
            "Target[0].Hostname[0]: belongs to those who were attacked: only what attacks is compared",
            "Attach[0].Hash[1]: not an indicator type this version correlates",
            "Ref[1]: not an indicator type this version correlates",
        ]
    );
    let draft = &reading.draft;
    assert_eq!(draft.report_key, "idea:4390fc3f-c753-4a3e-bc83-1b44f24baf75");
    assert_eq!((draft.revision, draft.incident_type), (1, Some(Rsit::Scanner)));
    assert_eq!(
        (draft.title.as_str(), draft.summary.as_str()),
        ("A scan of ports", "IDEA message by eu.example.trap.")
    );
    assert_eq!(
        (draft.occurred_from_ms, draft.occurred_to_ms, draft.detected_at_ms),
        (
            Some(1_772_431_200_000),
            Some(1_772_431_200_000),
            Some(1_772_432_100_000)
        )
    );
}

#[test]
fn what_is_not_genuine_is_not_compared() {
    let reading = read(json!({ "source": [
        { "Spoofed": true, "ip4": ["192.0.2.1"] },
        { "Anonymised": true, "IP4": "192.0.2.2" },
        { "Imprecise": true, "IP4": ["192.0.2.3"] },
        { "Type": ["Backscatter"], "IP4": ["192.0.2.4"] },
        { "IP4": [5, "192.0.2.6"] },
        7,
    ] }));
    assert_eq!(indicators(&reading), ["ip:192.0.2.6"]);
    assert_eq!(
        skipped(&reading),
        [
            "Source[0].IP4[0]: forged by the word of its source",
            "Source[1].IP4[0]: made anonymous by the word of its source",
            "Source[2].IP4[0]: imprecise by the word of its source",
            "Source[3].IP4[0]: belongs to those who were attacked: only what attacks is compared",
            "Source[4].IP4[0]: malformed: not a text",
            "Source[5]: malformed: not an object",
        ]
    );
}

#[test]
fn categories_give_types_and_what_is_not_the_same_is_noted() {
    let of = |categories: Value| read(json!({ "Category": categories }));
    for (category, rsit) in [
        ("Abusive.Spam", Some(Rsit::Spam)),
        ("Attempt.Login", Some(Rsit::BruteForce)),
        ("availability.ddos", Some(Rsit::Ddos)),
        ("Fraud.Phishing", Some(Rsit::Phishing)),
        ("Malware.Trojan", Some(Rsit::InfectedSystem)),
        ("Test", Some(Rsit::Test)),
        ("Anomaly.Traffic", None),
        ("Fraud.Scam", None),
    ] {
        let reading = of(json!([category]));
        assert_eq!(
            (reading.draft.incident_type, reading.notes.len()),
            (rsit, usize::from(rsit.is_none())),
            "{category}"
        );
    }
    let both = of(json!(["Fraud.Phishing", "Abusive.Spam"]));
    assert_eq!(both.draft.incident_type, Some(Rsit::Spam));
    assert_eq!(
        both.notes,
        ["several types, the first in the order of RSIT counts: abusive-content/spam, fraud/phishing"]
    );
    let control =
        read(json!({ "Category": ["Intrusion.Botnet"], "Source": [{ "Type": ["CC"], "IP4": ["192.0.2.1"] }] }));
    assert_eq!(control.draft.incident_type, Some(Rsit::C2Server));
}

#[test]
fn lists_and_lines_are_read_and_a_bad_one_spoils_no_other() {
    let (good, bad) = (
        message(json!({})).to_string(),
        message(json!({ "DetectTime": "now" })).to_string(),
    );
    for (text, place) in [
        (format!("[{good}, {bad}, {good}]"), "[1]"),
        (format!("{good}\n{bad}\n{good}\n"), "line 2"),
    ] {
        let readings = read_idea("f", text.as_bytes()).unwrap();
        let sound: Vec<bool> = readings.iter().map(Result::is_ok).collect();
        assert_eq!(sound, [true, false, true]);
        let error = readings[1].as_ref().unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("f: {place}: DetectTime: \"now\" is no time since 1970")),
            "{error}"
        );
    }
}

#[test]
fn what_cannot_be_read_says_where_and_what() {
    let without = |name: &str| {
        let mut message = message(json!({}));
        message.as_object_mut().unwrap().remove(name);
        message.to_string()
    };
    for (text, says) in [
        (String::new(), "f.json: top level: empty: give IDEA messages"),
        ("7".to_owned(), "f.json: top level: not an object: give IDEA messages"),
        ("{".to_owned(), "f.json: line 1, column 1: EOF"),
        (without("Format"), "f.json: Format: not IDEA0: give"),
        (without("ID"), "f.json: ID: give a text of 1 to 200 bytes"),
        (without("DetectTime"), "f.json: DetectTime: nothing is no time"),
        (without("Category"), "f.json: Category: give at least one"),
        (
            message(json!({ "Format": "IDEA1" })).to_string(),
            "f.json: Format: not IDEA0",
        ),
        (
            message(json!({ "ID": "x".repeat(201) })).to_string(),
            "f.json: ID: give",
        ),
        (
            message(json!({ "category": ["Test"] })).to_string(),
            "f.json: top level: category stands twice",
        ),
        (
            message(json!({ "DetectTime": "1969-01-01T00:00:00Z" })).to_string(),
            "f.json: DetectTime: \"1969",
        ),
        (
            message(json!({ "Source": [{ "IP4": [], "ip4": [] }] })).to_string(),
            "f.json: top level: Source[0]: ip4 stands twice",
        ),
    ] {
        let error = error(&text);
        assert!(error.starts_with(says), "{error}\n{says}");
    }
}

/// Any value, with the shapes that the reader looks for among others.
fn any_value() -> impl Strategy<Value = Value> {
    let words = [
        "192.0.2.1",
        "CC",
        "sha1:x",
        "cve:CVE-2021-1",
        "bad.example",
        "2026-03-02T06:15:00Z",
        "",
    ];
    let leaf = prop_oneof![
        proptest::sample::select(words.to_vec()).prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
    ];
    let names = [
        "Source",
        "source",
        "Target",
        "Attach",
        "Ref",
        "IP4",
        "IP6",
        "Hostname",
        "URL",
        "MAC",
        "Type",
        "Hash",
        "Spoofed",
        "Node",
        "EventTime",
    ];
    leaf.prop_recursive(4, 48, 5, move |inner| {
        let member = (
            proptest::sample::select(names.to_vec()).prop_map(str::to_owned),
            inner.clone(),
        );
        prop_oneof![
            proptest::collection::vec(inner, 0..5).prop_map(Value::from),
            proptest::collection::vec(member, 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn every_item_is_accounted_for(value in any_value(), bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = read_idea("any", &bytes);
        let members = if value.is_object() { value } else { json!({ "Source": value }) };
        for reading in read_idea("any", message(members).to_string().as_bytes()).into_iter().flatten() {
            let reading = match reading {
                Ok(reading) => reading,
                Err(error) => {
                    prop_assert!(error.to_string().contains("stands twice"), "{error}");
                    continue;
                }
            };
            prop_assert!(reading.is_whole());
            let mut places: Vec<&str> = reading.read.iter().map(|item| item.path.as_str()).chain(reading.skipped.iter().map(|item| item.path.as_str())).collect();
            places.sort_unstable();
            places.dedup();
            prop_assert_eq!(places.len(), reading.total);
        }
    }
}
