//! What of STIX is on computers and accounts, and what describes an attack.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_exchange::{Reading, read_stix};
use serde_json::{Value, json};

const TIME: &str = "2026-03-02T06:15:00.000Z";

/// An object of a type with an id by number.
fn object(kind: &str, number: u32, members: Value) -> Value {
    let mut object = json!({
        "type": kind, "spec_version": "2.1", "id": format!("{kind}--00000000-0000-4000-8000-{number:012}"), "created": TIME, "modified": TIME,
    });
    let members = members.as_object().unwrap().clone();
    object.as_object_mut().unwrap().extend(members);
    object
}

fn indicator(number: u32, pattern: &str) -> Value {
    object(
        "indicator",
        number,
        json!({ "pattern": pattern, "pattern_type": "stix", "valid_from": TIME }),
    )
}

fn read(objects: Vec<Value>) -> Reading {
    let bundle = json!({ "type": "bundle", "id": "bundle--1", "objects": objects });
    let reading = read_stix("f.json", bundle.to_string().as_bytes())
        .unwrap()
        .remove(0)
        .unwrap();
    assert!(reading.is_whole());
    reading
}

#[test]
fn what_computers_and_accounts_bear_and_what_describes_an_attack_is_read() {
    let observable =
        |kind: &str, number, property: &str, value: Value| object(kind, number, json!({ property: value }));
    let header = |value: Value| json!({ "http-request-ext": { "request_method": "get", "request_value": "/", "request_header": { "User-Agent": value } } });
    let reading = read(vec![
        indicator(
            1,
            "[ipv4-addr:value = '192.0.2.0/24' OR autonomous-system:number = 64500]",
        ),
        indicator(
            2,
            r"[mutex:name = 'Global\\x' OR windows-registry-key:key = 'HKEY_CURRENT_USER\\Software\\Bad']",
        ),
        indicator(
            3,
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'a/1']",
        ),
        indicator(
            4,
            "[cryptocurrency-wallet:value = '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed' OR phone-number:value = '+4312345678']",
        ),
        indicator(
            5,
            "[x509-certificate:hashes.'SHA-1' = '00112233445566778899AABBCCDDEEFF00112233']",
        ),
        observable("autonomous-system", 6, "number", json!(64501)),
        observable("mutex", 7, "name", json!("y")),
        observable("network-traffic", 8, "extensions", header(json!(["b/1"]))),
        observable(
            "x509-certificate",
            9,
            "hashes",
            json!({ "SHA-256": "ab".repeat(32), "MD5": "ab".repeat(16) }),
        ),
        object("malware", 10, json!({ "name": "Cobalt Strike", "is_family": true })),
        object(
            "attack-pattern",
            11,
            json!({ "name": "Phishing", "external_references": [{ "source_name": "mitre-attack", "external_id": "T1566" }] }),
        ),
        object("attack-pattern", 12, json!({ "name": "Another" })),
    ]);
    assert_eq!(
        reading
            .draft
            .indicators
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        [
            "cidr:192.0.2.0/24".to_owned(),
            "asn:AS64500".to_owned(),
            "asn:AS64501".to_owned(),
            "crypto_address:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed".to_owned(),
            "phone:+4312345678".to_owned(),
            "user_agent:a/1".to_owned(),
            "user_agent:b/1".to_owned(),
            "certificate:00112233445566778899aabbccddeeff00112233".to_owned(),
            format!("certificate:{}", "ab".repeat(32)),
            r"mutex:Global\x".to_owned(),
            "mutex:y".to_owned(),
            r"registry_key:HKEY_CURRENT_USER\software\bad".to_owned(),
            "malware:cobalt-strike".to_owned(),
            "technique:T1566".to_owned(),
        ]
    );
    let skipped: Vec<&str> = reading.skipped.iter().map(|item| item.path.as_str()).collect();
    assert_eq!(skipped, ["objects[11]"], "an attack pattern that no list knows");
}
