//! What MISP events say besides indicators: galaxies, sightings, reports, objects that describe victims. On events made for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_exchange::{Reading, read_misp};
use serde_json::{Value, json};

fn read_event(members: Value) -> Reading {
    let mut event = json!({
        "uuid": "5f0c7d1e-0000-4000-8000-00000000000a", "timestamp": "1601564930", "date": "2020-10-01", "info": "A wave",
    });
    let more = members.as_object().unwrap().clone();
    event.as_object_mut().unwrap().extend(more);
    let file = json!({ "Event": event }).to_string();
    let reading = read_misp("test.json", file.as_bytes()).unwrap().remove(0).unwrap();
    assert!(reading.is_whole());
    reading
}

fn indicators(reading: &Reading) -> Vec<String> {
    reading.draft.indicators.iter().map(ToString::to_string).collect()
}

fn countries(reading: &Reading) -> Vec<&str> {
    reading.draft.countries.iter().map(|country| country.as_str()).collect()
}

fn sectors(reading: &Reading) -> Vec<&str> {
    reading.draft.sectors.iter().map(|sector| sector.as_str()).collect()
}

fn skipped(reading: &Reading) -> Vec<String> {
    let skipped = reading.skipped.iter();
    skipped.map(|item| format!("{}: {}", item.path, item.reason)).collect()
}

#[test]
fn galaxies_say_at_whom_an_event_aims_and_name_who_is_behind_it() {
    let cluster = |kind: &str, value: &str| json!({"type": kind, "GalaxyCluster": [{"type": kind, "value": value}]});
    let far = json!({"type": "target-information", "GalaxyCluster": [
        {"type": "target-information", "value": "Somewhere", "meta": {"iso-code": ["JP", "JPN"]}},
    ]});
    let reading = read_event(json!({
        "Galaxy": [
            cluster("mitre-attack-pattern", "Spearphishing Attachment - T1566.001"), cluster("threat-actor", "Sand Rat"),
            cluster("sector", "Energy"), cluster("sector", "Hotels"), cluster("target-information", "Austria"), far,
            {"type": "tool", "GalaxyCluster": [{"value": "Loader"}, {"type": "tool"}]},
        ],
        "Tag": [
            {"name": "misp-galaxy:threat-actor=\"Sand Rat\""}, {"name": "misp-galaxy:mitre-malware=\"Grain - S9999\""},
            {"name": "misp-galaxy:target-information=\"Belgium\""}, {"name": "misp-galaxy:country=\"belgium\""},
        ],
    }));
    // Whom somebody aims at is not who was hit: two members that share an event would else attest countries by it.
    assert!(countries(&reading).is_empty() && sectors(&reading).is_empty());
    assert_eq!(
        reading.draft.summary,
        "MISP event of 2020-10-01.\nActors: Sand Rat.\nTechniques: Spearphishing Attachment - T1566.001.\n\
         Malware: Grain - S9999.\nTools: Loader.\n\
         Aimed at: Austria; Belgium; Energy; Hotels; Somewhere."
    );
    assert_eq!(
        reading.notes,
        [
            "a cluster of a galaxy without type or value is not read",
            "the cluster belgium of the galaxy country is not read",
        ]
    );
}

#[test]
fn sightings_take_back_widen_the_time_and_raise_the_revision() {
    let sighted = |value: &str, kind: &str, at: u64| json!({"type": "domain", "value": value, "Sighting": [{"type": kind, "date_sighting": at.to_string()}]});
    let reading = read_event(json!({ "Attribute": [
        sighted("seen.example", "0", 1_601_600_000),
        sighted("wrong.example", "1", 1_601_700_000),
        sighted("over.example", "2", 1_601_500_000),
        sighted("later.example", "2", 1_699_999_999),
    ]}));
    assert_eq!(indicators(&reading), ["domain:later.example", "domain:seen.example"]);
    assert_eq!(
        skipped(&reading),
        [
            "Event.Attribute[1]: a false positive by its newest sighting",
            "Event.Attribute[2]: expired by its newest sighting",
        ]
    );
    assert_eq!(reading.draft.occurred_to_ms, Some(1_601_600_000_000));
    assert_eq!(
        reading.draft.revision, 1_601_700_000,
        "the event's own time does not move with a sighting"
    );
    assert_eq!(
        reading.notes,
        ["Event.Attribute[3]: expires after the event's last edit: read"]
    );
}

#[test]
fn event_reports_stand_in_the_summary_within_its_bound() {
    let reading = read_event(json!({ "EventReport": [
        {"name": "Wave\u{7}one", "content": "# What\r\nA lure.", "timestamp": "1601564999"},
        {"name": "Old", "content": "x", "deleted": "1"},
    ]}));
    assert_eq!(
        reading.draft.summary,
        "MISP event of 2020-10-01.\nWave one: # What\nA lure."
    );
    assert_eq!(reading.draft.revision, 1_601_564_999);
    let long = read_event(json!({ "EventReport": [{"name": "n", "content": "é".repeat(20_000)}] }));
    assert!(long.draft.summary.len() <= chappe_model::limits::SUMMARY_BYTES);
    assert_eq!(
        long.notes,
        [format!(
            "the summary was cut to {} bytes",
            chappe_model::limits::SUMMARY_BYTES
        )]
    );
}

#[test]
fn objects_are_read_by_type_and_where_it_matters_by_relation() {
    let of =
        |kind: &str, relation: &str, value: &str| json!({"type": kind, "object_relation": relation, "value": value});
    let reading = read_event(json!({ "Object": [
        {"name": "file", "Attribute": [
            of("filename", "filename", "a.exe"), of("md5", "md5", "00112233445566778899aabbccddeeff"),
            {"type": "malware-sample", "object_relation": "malware-sample", "value": "a.exe|ffeeddccbbaa99887766554433221100", "data": "UEsDBA=="},
        ]},
        {"name": "domain-ip", "Attribute": [of("domain", "domain", "bad.example"), of("ip-dst", "ip", "192.0.2.1")],
         "ObjectReference": [{"relationship_type": "resolves-to"}]},
        {"name": "email", "Attribute": [of("email", "from", "a@bad.example"), of("email", "to", "b@bank.example")]},
        {"name": "network-connection", "Attribute": [of("ip-dst", "ip-dst", "192.0.2.2"), of("port", "dst-port", "443")]},
        {"name": "victim", "Attribute": [
            of("text", "sectors", "Energy"), of("target-location", "regions", "at"), of("target-org", "name", "Bank"),
            of("text", "sectors", "Hotels"),
        ]},
    ]}));
    assert_eq!(
        indicators(&reading),
        [
            "ip:192.0.2.1",
            "ip:192.0.2.2",
            "domain:bad.example",
            "md5:00112233445566778899aabbccddeeff",
            "md5:ffeeddccbbaa99887766554433221100",
            "email:a@bad.example",
        ]
    );
    assert_eq!((countries(&reading), sectors(&reading)), (vec!["AT"], vec!["energy"]));
    let of_victims: Vec<String> = skipped(&reading)
        .into_iter()
        .filter(|line| line.contains("Object[4]"))
        .collect();
    assert_eq!(
        of_victims,
        [
            "Event.Object[4].Attribute[2]: not an indicator type this version correlates",
            "Event.Object[4].Attribute[3]: no country (ISO 3166-1 alpha-2) and no NIS2 sector by a name that is known here",
        ]
    );
    assert!(
        skipped(&reading)
            .contains(&"Event.Object[2].Attribute[1]: personal data of a victim: set to_ids to report it".to_owned())
    );
    assert_eq!(
        reading.notes,
        [
            "the contents of 1 attached files are not read",
            "1 references between objects not read"
        ]
    );
}

#[test]
fn whom_it_hit_is_not_taken_from_what_goes_to_fewer() {
    let of =
        |tag: &str| json!({"type": "text", "object_relation": "sectors", "value": "energy", "Tag": [{"name": tag}]});
    let read = |tag: &str| {
        read_event(json!({"Tag": [{"name": "tlp:green"}], "Object": [{"name": "victim", "Attribute": [of(tag)]}]}))
    };
    assert_eq!(sectors(&read("tlp:green")), ["energy"]);
    assert!(sectors(&read("tlp:amber")).is_empty());
    let group = read_event(json!({"distribution": 4, "SharingGroup": {"name": "Banks"}}));
    assert_eq!(
        group.notes,
        ["the event goes to the sharing group Banks in MISP; here the label and its recipients alone decide"]
    );
}
