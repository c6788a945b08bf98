#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::*;
use crate::notes::MAX_NOTES;

fn tagged(tags: &[&str]) -> Map<String, Value> {
    let tags: Vec<Value> = tags.iter().map(|name| json!({ "name": name })).collect();
    json!({ "Tag": tags }).as_object().unwrap().clone()
}

fn event(tags: &[&str]) -> (EventTags, Vec<String>) {
    let mut notes = Notes::default();
    let read = of_event(&tagged(tags), &mut notes);
    (read, notes.finish())
}

#[test]
fn labels_types_and_sectors_are_read() {
    let (read, notes) = event(&[
        "tlp:amber+strict",
        "PAP:GREEN",
        "rsit:fraud=\"phishing\"",
        "nis2:impact-sectors-impacted=\"financial\"",
        "nis2:important-entities=\"postal\"",
        "nis2:impact-subsectors-impacted=\"electricity\"",
        "nis2:impact-subsectors-impacted=\"health-subsector\"",
    ]);
    assert_eq!(
        read.handling,
        Handling {
            tlp: Some(Tlp::AmberStrict),
            pap: Some(Pap::Green)
        }
    );
    assert_eq!(read.incident_type, Some(Rsit::Phishing));
    let sectors = [
        Sector::Energy,
        Sector::FinancialMarketInfrastructures,
        Sector::Health,
        Sector::PostalCourier,
    ];
    assert_eq!(read.sectors, BTreeSet::from(sectors));
    assert_eq!(read.subsectors, BTreeSet::from([Subsector::Electricity]));
    assert_eq!(notes, Vec::<String>::new());
}

#[test]
fn the_most_restrictive_label_counts_in_any_order() {
    for tags in [["tlp:white", "tlp:amber"], ["tlp:amber", "tlp:white"]] {
        let (read, notes) = event(&tags);
        assert_eq!(read.handling.tlp, Some(Tlp::Amber));
        assert_eq!(
            notes,
            ["several labels, the most restrictive counts: TLP:CLEAR, TLP:AMBER"]
        );
    }
}

#[test]
fn a_label_that_is_not_understood_leaves_the_event_unmarked() {
    let (read, notes) = event(&["tlp:green", "tlp:ex:chr"]);
    assert_eq!(read.handling.tlp, None);
    assert_eq!(
        notes,
        ["the tag tlp:ex:chr is no label of TLP 2.0: the event counts as not marked, unless another is RED"]
    );
    let (read, _) = event(&["tlp:red", "tlp:ex:chr"]);
    assert_eq!(read.handling.tlp, Some(Tlp::Red), "nothing could ask for more");
    assert_eq!(of_attribute(&tagged(&["tlp:ex:chr"])).tlp, Some(Tlp::Red));
    assert_eq!(of_attribute(&tagged(&["PAP:PINK"])).pap, Some(Pap::Red));
}

#[test]
fn an_rsit_tag_goes_before_a_mapped_one() {
    let europol = "europol-incident:malware=\"c&c\"";
    assert_eq!(event(&[europol]).0.incident_type, Some(Rsit::C2Server));
    let (read, notes) = event(&[europol, "rsit:malicious-code=\"infected-system\""]);
    assert_eq!((read.incident_type, notes.len()), (Some(Rsit::InfectedSystem), 0));
}

#[test]
fn tags_that_say_nothing_here_are_noted_once_and_boundedly() {
    let (_, notes) = event(&[
        "osint:source-type=\"blog-post\"",
        "osint:source-type=\"blog-post\"",
        "PAP:PINK",
    ]);
    assert_eq!(
        notes,
        [
            "the tag osint:source-type=\"blog-post\" is not read",
            "the tag PAP:PINK is not read"
        ]
    );

    let many: Vec<String> = (0..500).map(|n| format!("tag-{n}")).collect();
    let (_, notes) = event(&many.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(
        (notes.len(), notes.last().unwrap().as_str()),
        (MAX_NOTES, "and 401 more notes")
    );
}

#[test]
fn what_law_enforcement_says_is_read_where_rsit_says_the_same() {
    for (tag, rsit) in [
        ("common-taxonomy:malware=\"command-and-control\"", Some(Rsit::C2Server)),
        ("europol-incident:malware=\"c&c\"", Some(Rsit::C2Server)),
        ("europol-event:sql-injection", Some(Rsit::ApplicationCompromise)),
        ("europol-event:flood", None),
        ("europol-event:nothing", None),
    ] {
        let (read, notes) = event(&[tag]);
        assert_eq!((read.incident_type, notes.is_empty()), (rsit, rsit.is_some()), "{tag}");
    }
}

#[test]
fn a_grade_has_two_halves_and_the_least_of_several_counts() {
    let (reliable, less) = (
        "admiralty-scale:source-reliability=\"b\"",
        "admiralty-scale:source-reliability=\"c\"",
    );
    let credible = "admiralty-scale:information-credibility=\"2\"";
    let grade = |tags: &[&str]| event(tags).0.confidence.map(|grade| grade.to_string());
    assert_eq!(grade(&[reliable, credible]).as_deref(), Some("B2"));
    assert_eq!(grade(&[less, credible, reliable]).as_deref(), Some("C2"));
    assert_eq!(grade(&[reliable]), None);
    assert_eq!(
        grade(&["admiralty-scale:source-reliability=\"g\"", credible]),
        None,
        "MISP's own"
    );
}
