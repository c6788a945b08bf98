//! What hits a constituency, against an oracle that compares texts and bits; and that nothing hidden has a part in it.

use std::sync::Arc;

use chappe_constituency::{Constituency, Entry, EntryKind, Holder, Table};
use chappe_model::limits::HITS;
use chappe_model::{Alert, Audience, Field, KeyField, Measure, Network, Principal, Role, Sector};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{alert, overlay, pool, viewer};
use crate::{Filter, Hit, Looks, hits, may_see};

pub(super) const VALUES: [(&str, &str); 12] = [
    ("indicator", "ip:192.0.2.7"),
    ("indicator", "ip:198.51.100.7"),
    ("indicator", "domain:www.example.at"),
    ("indicator", "domain:anexample.at"),
    ("indicator", "url:http://192.0.2.9:81/x"),
    ("indicator", "email:info@example.at"),
    ("indicator", "cve:CVE-2021-44228"),
    ("ip", "2001:db8::7"),
    ("country", "AT"),
    ("critical_sector", "energy"),
    ("reporter", "csirt-at"),
    ("reporter_country", "AT"),
];

const ENTRIES: [(EntryKind, &str); 9] = [
    (EntryKind::Country, "AT"),
    (EntryKind::Country, "BE"),
    (EntryKind::Sector, "energy"),
    (EntryKind::Network, "192.0.2.0/24"),
    (EntryKind::Network, "192.0.2.8/29"),
    (EntryKind::Network, "2001:db8::/32"),
    (EntryKind::Domain, "example.at"),
    (EntryKind::Domain, "www.example.at"),
    (EntryKind::Domain, "at"),
];

pub(super) fn any_alert() -> impl Strategy<Value = Alert> {
    let key = subsequence(VALUES.to_vec(), 0..=4);
    let counted = subsequence(
        vec![
            "ip:192.0.2.10",
            "domain:b.example.at",
            "md5:00112233445566778899aabbccddeeff",
        ],
        0..=3,
    );
    let audience = select(vec![Audience::Eu, Audience::Countries(super::countries(&["AT"]))]);
    let place = (
        subsequence(vec!["AT", "BE", "CZ"], 0..=3),
        btree_set(select(Sector::ALL[..3].to_vec()), 0..3),
    );
    (key, counted, audience, place, any::<bool>()).prop_map(
        |(key, counted, audience, (countries, sectors), confined)| {
            let compartment = if confined { overlay(&["a"]) } else { pool() };
            let mut alert = alert(compartment, audience);
            let mut rule = (*alert.rule).clone();
            rule.when.measure = Measure::Distinct(Field::Indicator);
            alert.rule = Arc::new(rule);
            let key = key.into_iter().map(|(field, value)| KeyField {
                field: field.into(),
                value: value.into(),
            });
            alert.key = key.collect();
            alert.values = counted.into_iter().map(Arc::from).collect();
            alert.countries = super::countries(&countries);
            alert.sectors = sectors;
            alert
        },
    )
}

fn any_entries() -> impl Strategy<Value = Vec<(EntryKind, &'static str)>> {
    subsequence(ENTRIES.to_vec(), 1..=5)
}

fn table(entries: &[(EntryKind, &str)]) -> Table {
    let entries = entries.iter().map(|(kind, text)| Entry::parse(*kind, text).unwrap());
    Table::new([(Holder(0), &Constituency::recorded(entries).unwrap())])
}

pub(super) fn any_viewer() -> impl Strategy<Value = Principal> {
    let who = (
        select(vec!["a", "b"]),
        select(vec!["AT", "DE"]),
        select(vec![Role::Member, Role::Hub]),
    );
    who.prop_map(|(id, home, role)| viewer(id, home, role))
}

/// The definition: what stands in the alert, entry by entry.
fn oracle(alert: &Alert, entries: &[(EntryKind, &str)]) -> Vec<Hit> {
    let mut said: Vec<(String, String)> = Vec::new();
    let counted = alert
        .values
        .iter()
        .map(|value| ("indicator".to_owned(), value.to_string()));
    said.extend(
        alert
            .key
            .iter()
            .map(|part| (part.field.to_string(), part.value.to_string())),
    );
    said.extend(counted);
    said.extend(
        alert
            .countries
            .iter()
            .map(|country| ("country".to_owned(), country.as_str().to_owned())),
    );
    said.extend(
        alert
            .sectors
            .iter()
            .map(|sector| ("sector".to_owned(), sector.to_string())),
    );
    let mut hits: Vec<Hit> = Vec::new();
    for (field, value) in said {
        let under = entries
            .iter()
            .filter(|(kind, entry)| falls_under(&field, &value, *kind, entry));
        let narrowest = under.max_by_key(|(_, entry)| {
            entry
                .split_once('/')
                .map_or(entry.len(), |(_, bits)| bits.parse().unwrap())
        });
        let hit = narrowest.map(|(kind, entry)| Hit {
            kind: *kind,
            value,
            entry: (*entry).to_owned(),
        });
        hits.extend(hit.filter(|hit| !hits.contains(hit)));
    }
    hits
}

pub(super) fn falls_under(field: &str, value: &str, kind: EntryKind, entry: &str) -> bool {
    let bare = if field == "indicator" {
        value.split_once(':').unwrap().1
    } else {
        value
    };
    let host = bare.strip_prefix("http://").unwrap_or(bare);
    let host = host.strip_suffix(":81/x").unwrap_or(host).rsplit('@').next().unwrap();
    match kind {
        EntryKind::Country => field == "country" && value == entry,
        EntryKind::Sector => field.ends_with("sector") && value == entry,
        EntryKind::Network => Network::parse(entry).unwrap().contains(host),
        EntryKind::Domain => field == "indicator" && (host == entry || host.ends_with(&format!(".{entry}"))),
    }
}

proptest! {
    #[test]
    fn hits_are_the_oracles_of_what_may_be_seen(alert in any_alert(), entries in any_entries(), viewer in any_viewer()) {
        let found = hits(&viewer, &alert, &table(&entries));
        let expected = if may_see(&viewer, &alert) { oracle(&alert, &entries) } else { vec![] };
        prop_assert_eq!(&found, &expected);
        let mine = Filter { mine: true, ..Filter::default() };
        let asked = mine.matches(&alert, Some(&table(&entries)));
        prop_assert_eq!(asked && may_see(&viewer, &alert), !found.is_empty());
        prop_assert!(!mine.matches(&alert, None), "no constituency is hit by nothing");
        prop_assert!(asked <= Filter::default().matches(&alert, None), "it only restricts");
    }

    #[test]
    fn nothing_that_is_hidden_has_a_part_in_it(alert in any_alert(), entries in any_entries(), viewer in any_viewer()) {
        let own = table(&entries);
        let mut other = alert.clone();
        other.evidence = Arc::default();
        (other.digest, other.anchor.1, other.key_hash) = ([9; 16], chappe_model::IncidentId::from_bytes([9; 16]), chappe_model::KeyHash(9));
        other.counts.reports += 1;
        other.key = alert.key.iter().filter(|part| !part.field.starts_with("reporter")).cloned().collect();
        prop_assert_eq!(hits(&viewer, &alert, &own), hits(&viewer, &other, &own));
    }

    #[test]
    fn corrections_reach_exactly_those_whom_it_was_told_as_theirs(
        revisions in vec(any_alert(), 1..7),
        by_value_alone in any::<bool>(),
        entries in any_entries(),
        before in any_entries(),
        viewer in any_viewer(),
    ) {
        let compartment = revisions[0].compartment.clone();
        let numbered = (1..).zip(revisions).map(|(revision, alert)| Alert { revision, compartment: compartment.clone(), ..alert });
        // Else a look is mostly one for its countries.
        let revisions: Vec<Alert> = numbered
            .map(|alert| if by_value_alone { Alert { countries: super::countries(&[]), sectors: [].into(), ..alert } } else { alert })
            .collect();
        let (own, before) = (table(&entries), table(&before));
        let mine = Filter { mine: true, ..Filter::default() };
        let mut looks = Looks::default();
        revisions.iter().for_each(|revision| looks.note(revision));
        for (i, revision) in revisions.iter().enumerate() {
            let told = revisions[..i].iter().any(|earlier| {
                may_see(&viewer, earlier) && (mine.matches(earlier, Some(&own)) || mine.matches(earlier, Some(&before)))
            });
            prop_assert_eq!(looks.told_before(&viewer, &mine, revision, &[&own, &before]), told);
        }
    }
}

#[test]
fn so_many_hits_are_named_and_each_once() {
    let mut alert = alert(pool(), Audience::Eu);
    let many = (0..HITS * 2).map(|i| KeyField {
        field: "indicator".into(),
        value: format!("domain:n{}.example.at", i / 2).into(),
    });
    alert.key = many.collect();
    let found = hits(
        &viewer("a", "AT", Role::Member),
        &alert,
        &table(&[(EntryKind::Domain, "example.at")]),
    );
    assert_eq!((found.len(), found[1].value.as_str()), (HITS, "domain:n1.example.at"));
}
