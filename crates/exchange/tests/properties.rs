//! What holds of every input: no panic, every item accounted for, nothing stricter than its event let through.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_exchange::{MispError, Reading, read_manifest, read_misp};
use chappe_model::Tlp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Any JSON, with the keys and values that the reader looks for among others.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((key(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    let known = [
        "Event",
        "response",
        "Attribute",
        "Object",
        "ShadowAttribute",
        "Tag",
        "name",
        "type",
        "value",
        "uuid",
        "timestamp",
        "date",
        "deleted",
        "to_ids",
        "distribution",
        "first_seen",
        "last_seen",
        "info",
        "threat_level_id",
        "Orgc",
        "Galaxy",
    ];
    prop_oneof![9 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn word() -> impl Strategy<Value = String> {
    let known = [
        "5f0c7d1e-0000-4000-8000-00000000000a",
        "domain",
        "ip-dst",
        "domain|ip",
        "filename|md5",
        "email-dst",
        "bad.example",
        "bad.example|192.0.2.1",
        "192.0.2.1",
        "a|00112233445566778899aabbccddeeff",
        "tlp:amber",
        "tlp:green",
        "tlp:?",
        "PAP:RED",
        "1",
        "0",
        "4",
        "2020-10-01",
        "2020-10-01T00:00:00Z",
        "victim",
        "text",
    ];
    proptest::sample::select(known.to_vec()).prop_map(str::to_owned)
}

/// An attribute as MISP writes it, but for a member here and there.
fn attribute() -> impl Strategy<Value = Value> {
    let pairs = [
        ("domain", "bad.example"),
        ("domain", "-"),
        ("domain|ip", "bad.example|192.0.2.1"),
        ("ip-dst|port", "192.0.2.1|80"),
        ("filename|md5", "a|00112233445566778899aabbccddeeff"),
        ("email-dst", "jane@bad.example"),
        ("text", "x"),
    ];
    let tags = ["tlp:clear", "tlp:green", "tlp:amber", "tlp:red", "tlp:?", "osint"];
    (
        proptest::sample::select(pairs.to_vec()),
        proptest::option::of(proptest::sample::select(tags.to_vec())),
        proptest::option::of(0..6),
        any::<bool>(),
        proptest::option::weighted(0.2, (key(), any_json())),
    )
        .prop_map(|((kind, value), tag, distribution, deleted, odd)| {
            let mut attribute =
                json!({ "type": kind, "value": value, "deleted": deleted, "distribution": distribution });
            if let Some(tag) = tag {
                attribute["Tag"] = json!([{ "name": tag }]);
            }
            if let Some((key, value)) = odd {
                attribute[key] = value;
            }
            attribute
        })
}

fn event() -> impl Strategy<Value = Value> {
    let object = (proptest::collection::vec(attribute(), 0..4), any::<bool>())
        .prop_map(|(attributes, deleted)| json!({ "name": "file", "deleted": deleted, "Attribute": attributes }));
    (
        proptest::collection::vec(attribute(), 0..8),
        proptest::collection::vec(object, 0..4),
        proptest::collection::vec(any_json(), 0..3),
        proptest::option::of(proptest::sample::select(
            ["tlp:clear", "tlp:green", "tlp:amber"].as_slice(),
        )),
        proptest::option::weighted(0.3, (key(), any_json())),
    )
        .prop_map(|(attributes, objects, proposals, tag, odd)| {
            let mut event: Map<String, Value> =
                [("uuid".to_owned(), Value::from("5f0c7d1e-0000-4000-8000-00000000000a"))]
                    .into_iter()
                    .collect();
            event.insert("Attribute".to_owned(), attributes.into());
            event.insert("Object".to_owned(), objects.into());
            event.insert("ShadowAttribute".to_owned(), proposals.into());
            event.insert(
                "Tag".to_owned(),
                tag.map(|name| json!({ "name": name })).into_iter().collect(),
            );
            event.extend(odd);
            Value::Object(event)
        })
}

/// Every item of an event that has lists where MISP has lists, counted by this test's own means.
fn items(event: &Value) -> usize {
    let list = |holder: &Value, key: &str| match &holder[key] {
        Value::Null => Vec::new(),
        Value::Array(entries) => entries.clone(),
        other => vec![other.clone()],
    };
    let attributes = |holder: &Value| {
        list(holder, "Attribute")
            .iter()
            .map(|one| 1 + list(one, "ShadowAttribute").len())
            .sum::<usize>()
    };
    attributes(event)
        + list(event, "ShadowAttribute").len()
        + list(event, "Object")
            .iter()
            .map(|object| 1 + attributes(object))
            .sum::<usize>()
}

fn is_miscounted(reading: &Result<Reading, MispError>) -> bool {
    matches!(reading, Err(MispError::Miscounted { .. }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = read_misp("any", &bytes);
        let _ = read_manifest("any", &bytes);
    }

    #[test]
    fn any_json_is_read_or_refused(json in any_json()) {
        let text = json.to_string();
        let _ = read_manifest("any", text.as_bytes());
        for reading in read_misp("any", text.as_bytes()).into_iter().flatten() {
            prop_assert!(!is_miscounted(&reading));
            prop_assert!(reading.is_err() || reading.is_ok_and(|reading| reading.is_whole()));
        }
    }

    #[test]
    fn every_item_is_accounted_for_once(event in event()) {
        let file = json!({ "Event": event });
        let readings = read_misp("any", file.to_string().as_bytes());
        for reading in readings.unwrap_or_default() {
            prop_assert!(!is_miscounted(&reading));
            let Ok(reading) = reading else { continue };
            prop_assert!(reading.is_whole());
            prop_assert_eq!(reading.total, items(&file["Event"]));
            let mut paths: Vec<&str> = reading.read.iter().map(|item| item.path.as_str()).chain(reading.skipped.iter().map(|item| item.path.as_str())).collect();
            paths.sort_unstable();
            paths.dedup();
            prop_assert_eq!(paths.len(), reading.total);
        }
    }

    #[test]
    fn nothing_stricter_than_its_event_is_read(event in event()) {
        for reading in read_misp("any", json!([event]).to_string().as_bytes()).unwrap_or_default().into_iter().flatten() {
            for item in reading.read {
                let at = format!("/{}", item.path.strip_prefix("[0].").unwrap().replace(['.', '['], "/").replace(']', ""));
                for tag in event.pointer(&at).and_then(|item| item["Tag"].as_array()).into_iter().flatten() {
                    if let Some(own) = tag["name"].as_str().and_then(|name| name.parse::<Tlp>().ok()) {
                        prop_assert!(own <= reading.draft.tlp.unwrap_or(Tlp::Clear), "{own} at {at}");
                    }
                }
            }
        }
    }
}
