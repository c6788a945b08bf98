//! The voices inside one window, with what a rule counts over them kept up to date as voices come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_model::limits::MATCH_ONLY_RELEASE;
use chappe_model::{Country, CountrySet, Field, Measure, MemberId};

use crate::voice::Voice;

/// A multiset of voices. Match-only voices count once [`MATCH_ONLY_RELEASE`] distinct members spoke so; then any viewer sees three others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pane {
    /// Voices that may be shown.
    open: Side,
    /// Voices that are match-only and nothing else.
    quiet: Side,
    /// Members with any match-only voice, with how many.
    quiet_members: BTreeMap<MemberId, u32>,
}

#[derive(Clone, Debug, Default)]
struct Side {
    members: BTreeMap<MemberId, u32>,
    countries: BTreeMap<Country, Attestation>,
}

#[derive(Clone, Debug, Default)]
struct Attestation {
    members: BTreeMap<MemberId, u32>,
    /// Voices of members of this very country.
    own: u32,
}

impl Pane {
    pub(crate) fn add(&mut self, voice: &Voice) {
        let side = if voice.openly { &mut self.open } else { &mut self.quiet };
        *side.members.entry(voice.reporter.clone()).or_default() += 1;
        for country in voice.countries.iter() {
            let attestation = side.countries.entry(country).or_default();
            *attestation.members.entry(voice.reporter.clone()).or_default() += 1;
            attestation.own += u32::from(voice.home == Some(country));
        }
        if voice.quietly {
            *self.quiet_members.entry(voice.reporter.clone()).or_default() += 1;
        }
    }

    /// Takes back a voice that was added.
    pub(crate) fn remove(&mut self, voice: &Voice) {
        let side = if voice.openly { &mut self.open } else { &mut self.quiet };
        decrement(&mut side.members, &voice.reporter);
        for country in voice.countries.iter() {
            if let Some(attestation) = side.countries.get_mut(&country) {
                decrement(&mut attestation.members, &voice.reporter);
                attestation.own = attestation.own.saturating_sub(u32::from(voice.home == Some(country)));
                if attestation.members.is_empty() {
                    side.countries.remove(&country);
                }
            }
        }
        if voice.quietly {
            decrement(&mut self.quiet_members, &voice.reporter);
        }
    }

    /// Whether match-only voices count.
    pub(crate) fn released(&self) -> bool {
        self.quiet_members.len() >= MATCH_ONLY_RELEASE
    }

    /// Distinct members that count.
    pub(crate) fn members(&self) -> usize {
        let more = if self.released() {
            self.quiet
                .members
                .keys()
                .filter(|m| !self.open.members.contains_key(*m))
                .count()
        } else {
            0
        };
        self.open.members.len() + more
    }

    /// Countries named by those that count.
    fn countries(&self) -> CountrySet {
        let quiet = self.released().then_some(&self.quiet);
        self.open
            .countries
            .keys()
            .chain(quiet.into_iter().flat_map(|side| side.countries.keys()))
            .copied()
            .collect()
    }

    /// Countries named by their own reporter, or by two independent members.
    pub(crate) fn attested(&self) -> CountrySet {
        self.countries()
            .iter()
            .filter(|country| self.is_attested(*country))
            .collect()
    }

    fn is_attested(&self, country: Country) -> bool {
        let quiet = if self.released() {
            self.quiet.countries.get(&country)
        } else {
            None
        };
        let sides = [self.open.countries.get(&country), quiet];
        let mut members = BTreeSet::new();
        for side in sides.into_iter().flatten() {
            if side.own > 0 {
                return true;
            }
            members.extend(side.members.keys().take(2)); // two are enough
        }
        members.len() >= 2
    }

    /// What the rule measures here.
    pub(crate) fn count(&self, measure: Measure) -> usize {
        match measure {
            Measure::Distinct(Field::AttestedCountry) => self.attested().len(),
            Measure::Distinct(Field::Country) => self.countries().len(),
            Measure::Distinct(Field::Reporter) => self.members(),
            _ => 0,
        }
    }

    /// Its values, where they may be shown.
    pub(crate) fn values(&self, measure: Measure) -> Vec<Arc<str>> {
        match measure {
            Measure::Distinct(Field::AttestedCountry) => codes(&self.attested()),
            Measure::Distinct(Field::Country) => codes(&self.countries()),
            _ => vec![], // members stay hidden from each other: their number says enough
        }
    }
}

fn codes(countries: &CountrySet) -> Vec<Arc<str>> {
    countries.iter().map(|country| country.as_str().into()).collect()
}

fn decrement(counts: &mut BTreeMap<MemberId, u32>, member: &MemberId) {
    if let Some(count) = counts.get_mut(member) {
        *count -= 1;
        if *count == 0 {
            counts.remove(member);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chappe_model::{Pap, Severity, Tlp};
    use proptest::prelude::*;

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
}
