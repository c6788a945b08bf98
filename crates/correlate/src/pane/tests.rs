use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::{Pap, Severity, Tlp};
use proptest::prelude::*;

use chappe_model::{Country, CountrySet, MemberId};

use super::*;

const CODES: [&str; 4] = ["AT", "BE", "CZ", "IT"];

fn voice(member: usize, countries: &BTreeSet<usize>, how: u8) -> Voice {
    let country = |i: usize| Country::parse(CODES[i]).unwrap();
    Voice {
        reporter: MemberId::parse(&format!("m{member}")).unwrap(),
        home: CODES.get(member).map(|_| country(member)),
        countries: countries.iter().map(|i| country(*i)).collect(),
        sectors: BTreeSet::new(),
        incident_types: BTreeSet::new(),
        severity: Severity::Low,
        severities: Severity::Low.into(),
        tlp: Tlp::Green,
        pap: Pap::Green,
        openly: how != 1,
        quietly: how != 0,
        sources: 1,
        observed: Arc::default(),
        indicators: Arc::default(),
    }
}

fn voices() -> impl Strategy<Value = Vec<Voice>> {
    let one = (0..6usize, prop::collection::btree_set(0..4usize, 1..4), 0..3u8);
    prop::collection::vec(
        one.prop_map(|(member, countries, how)| voice(member, &countries, how)),
        0..14,
    )
}

/// As the oracle says it, over a plain list.
fn attested_by_definition(voices: &[Voice]) -> CountrySet {
    let quiet: BTreeSet<_> = voices.iter().filter(|v| v.quietly).map(|v| &v.reporter).collect();
    let counted: Vec<_> = voices
        .iter()
        .filter(|v| v.openly || quiet.len() >= MATCH_ONLY_RELEASE)
        .collect();
    let named: CountrySet = counted
        .iter()
        .flat_map(|v| v.countries.iter().collect::<Vec<_>>())
        .collect();
    let by = |c: Country| counted.iter().filter(move |v| v.countries.contains(c));
    let attested = |c: &Country| {
        by(*c).any(|v| v.home == Some(*c)) || by(*c).map(|v| &v.reporter).collect::<BTreeSet<_>>().len() >= 2
    };
    named.iter().filter(attested).collect()
}

proptest! {
    #[test]
    fn attests_as_the_definition_says(voices in voices()) {
        let mut pane = Pane::default();
        voices.iter().for_each(|v| pane.add(v));
        prop_assert_eq!(pane.attested(), attested_by_definition(&voices));
    }

    #[test]
    fn what_is_removed_was_never_there(kept in voices(), gone in voices()) {
        let (mut with, mut without) = (Pane::default(), Pane::default());
        gone.iter().chain(&kept).for_each(|v| with.add(v));
        gone.iter().for_each(|v| with.remove(v));
        kept.iter().for_each(|v| without.add(v));
        prop_assert_eq!(format!("{with:?}"), format!("{without:?}"));
    }
}
