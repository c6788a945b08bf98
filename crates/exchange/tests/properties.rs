//! What holds of every input: no panic, every item accounted for, nothing stricter than its event let through.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_exchange::{ReadError, Reading, read_manifest, read_misp, read_stix};
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

const STIX_MARKINGS: [(&str, Tlp); 5] = [
    ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", Tlp::Clear),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", Tlp::Green),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", Tlp::Amber),
    (
        "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        Tlp::AmberStrict,
    ),
    ("marking-definition--none", Tlp::Red),
];

/// A STIX object of few ids, so that they refer to each other, stand twice and contain each other.
fn stix_object() -> impl Strategy<Value = Value> {
    let kinds = [
        "indicator",
        "report",
        "grouping",
        "observed-data",
        "ipv4-addr",
        "email-message",
        "email-addr",
        "sighting",
        "relationship",
        "location",
        "identity",
        "incident",
        "marking-definition",
        "malware",
        "",
    ];
    let id = || {
        let of = (proptest::sample::select(kinds.to_vec()), 0..3).prop_map(|(kind, n)| format!("{kind}--{n}"));
        of.boxed()
    };
    (
        proptest::sample::select(kinds.to_vec()),
        0..3,
        proptest::collection::vec(id(), 0..4),
        proptest::option::of(proptest::sample::select(STIX_MARKINGS.to_vec())),
        0..3,
        proptest::option::weighted(0.2, (key(), any_json())),
    )
        .prop_map(|(kind, n, refs, marking, modified, odd)| {
            let mut object = json!({
                "type": kind, "id": format!("{kind}--{n}"), "modified": format!("2026-03-0{}T00:00:00Z", modified + 1),
                "object_refs": refs, "to_refs": refs, "sighting_of_ref": refs.first(), "source_ref": refs.first(), "target_ref": refs.last(),
                "where_sighted_refs": refs, "relationship_type": "targets", "country": "AT", "value": format!("192.0.2.{n}"),
                "pattern": format!("[ipv4-addr:value = '192.0.2.{n}']"), "revoked": modified == 2 && n == 0,
            });
            if let Some((marking, _)) = marking {
                object["object_marking_refs"] = json!([marking]);
            }
            if let Some((key, value)) = odd {
                object[key] = value;
            }
            object
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

fn is_miscounted(reading: &Result<Reading, ReadError>) -> bool {
    matches!(reading, Err(ReadError::Miscounted { .. }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = read_misp("any", &bytes);
        let _ = read_manifest("any", &bytes);
        let _ = read_stix("any", &bytes);
    }

    #[test]
    fn any_json_is_read_or_refused(json in any_json()) {
        let text = json.to_string();
        let _ = read_manifest("any", text.as_bytes());
        let stix = read_stix("any", text.as_bytes()).into_iter().flatten();
        for reading in stix.chain(read_misp("any", text.as_bytes()).into_iter().flatten()) {
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

    #[test]
    fn every_stix_object_is_accounted_for(objects in proptest::collection::vec(stix_object(), 1..12), seed in any::<u64>()) {
        let bundle = |objects: &[Value]| json!({ "type": "bundle", "objects": objects }).to_string();
        let readings = read_stix("any", bundle(&objects).as_bytes()).unwrap();
        prop_assert!(!readings.iter().any(is_miscounted));
        let whole = readings.iter().all(Result::is_ok);
        let readings: Vec<Reading> = readings.into_iter().flatten().collect();
        let mut places = std::collections::BTreeSet::new();
        for reading in &readings {
            prop_assert!(reading.is_whole());
            let own: std::collections::BTreeSet<&str> = reading.read.iter().map(|item| item.path.as_str()).chain(reading.skipped.iter().map(|item| item.path.as_str())).collect();
            prop_assert_eq!(own.len(), reading.total, "no place stands twice");
            places.extend(own);
            for item in &reading.read {
                let index: usize = item.path.strip_prefix("objects[").and_then(|rest| rest.split(']').next()).unwrap().parse().unwrap();
                for id in objects[index]["object_marking_refs"].as_array().into_iter().flatten() {
                    let own = STIX_MARKINGS.iter().find(|(known, _)| id == known).map_or(Tlp::Red, |(_, tlp)| *tlp);
                    if !item.indicators.is_empty() {
                        prop_assert!(own <= reading.draft.tlp.unwrap_or(Tlp::Clear), "{own} at {}", item.path);
                    }
                }
            }
        }
        prop_assert!(!whole || places.len() >= objects.len(), "each object belongs to a report");
        let mut shuffled = objects.clone();
        let mut state = seed;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(index, usize::try_from(state >> 33).unwrap() % (index + 1));
        }
        let drafts = |text: String| {
            let mut drafts: Vec<_> = read_stix("any", text.as_bytes()).unwrap().into_iter().flatten().map(|reading| reading.draft).collect();
            drafts.sort_by(|one, other| one.report_key.cmp(&other.report_key));
            drafts
        };
        prop_assert_eq!(drafts(bundle(&objects)), drafts(bundle(&shuffled)));
    }
}
