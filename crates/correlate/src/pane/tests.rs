use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::{Pap, SeveritySet, Tlp};
use proptest::prelude::*;

use super::*;
use crate::voice::tests::voice_of;

const CODES: [&str; 4] = ["AT", "BE", "CZ", "IT"];
const KINDS: [IndicatorKind; 2] = [IndicatorKind::Domain, IndicatorKind::Ip];
/// Entries of the list that a pane is asked about.
const ENTRIES: u8 = 3;

/// A voice with the entries that it is.
type Said = (Voice, u32);

fn country(of: usize) -> Country {
    Country::parse(CODES[of]).unwrap()
}

fn types() -> [Rsit; 3] {
    ["fraud/phishing", "fraud/masquerade", "availability/ddos"].map(|name| name.parse().unwrap())
}

prop_compose! {
    fn said()(
        member in 0..6usize,
        countries in prop::collection::btree_set(0..4usize, 0..4),
        sectors in prop::collection::btree_set(0..18usize, 0..3),
        of_types in prop::collection::btree_set(0..3usize, 1..3),
        severities in prop::collection::btree_set(0..5usize, 1..3),
        observed in prop::collection::btree_set((0..2usize, 0..3u64), 0..3),
        how in 0..3u8,
        entries in 1..8u32,
    ) -> Said {
        let mut all = SeveritySet::default();
        severities.iter().for_each(|severity| all.extend_from(Severity::ALL[*severity].into()));
        let voice = Voice {
            reporter: MemberId::parse(&format!("m{member}")).unwrap(),
            home: CODES.get(member).map(|_| country(member)),
            countries: countries.into_iter().map(country).collect(),
            sectors: sectors.into_iter().map(|sector| Sector::ALL[sector]).collect(),
            incident_types: of_types.into_iter().map(|place| types()[place]).collect(),
            severity: Severity::Low,
            severities: all,
            tlp: Tlp::Green,
            pap: Pap::Green,
            openly: how != 1,
            quietly: how != 0,
            sources: 1,
            observed: observed.into_iter().map(|(kind, hash)| (KINDS[kind], hash)).collect(),
            indicators: Arc::default(),
        };
        (voice, entries)
    }
}

fn all_said() -> impl Strategy<Value = Vec<Said>> {
    prop::collection::vec(said(), 0..14)
}

fn measures() -> Vec<Measure> {
    let fields = Field::all().map(Measure::Distinct);
    fields.chain([Measure::Events, Measure::Together]).collect()
}

fn pane(measure: Measure, said: &[Said]) -> Pane {
    let mut pane = Pane::new(measure);
    said.iter().for_each(|(voice, entries)| pane.add_as(voice, *entries));
    pane
}

fn counted(said: &[Said]) -> Vec<&Said> {
    let quiet: BTreeSet<_> = said
        .iter()
        .filter(|(v, _)| v.quietly)
        .map(|(v, _)| &v.reporter)
        .collect();
    said.iter()
        .filter(|(v, _)| v.openly || quiet.len() >= MATCH_ONLY_RELEASE)
        .collect()
}

/// As the oracle says it, over a plain list.
fn attested_by_definition(said: &[Said]) -> CountrySet {
    let counted = counted(said);
    let attested = |of: &Country| {
        let by = || counted.iter().filter(|(voice, _)| voice.countries.contains(*of));
        let members: BTreeSet<&MemberId> = by().map(|(voice, _)| &voice.reporter).collect();
        by().any(|(voice, _)| voice.home == Some(*of)) || members.len() >= 2
    };
    (0..CODES.len()).map(country).filter(attested).collect()
}

fn by_definition(measure: Measure, said: &[Said]) -> usize {
    let counted = counted(said);
    let distinct = |texts: fn(&Voice) -> Vec<String>| {
        let all = counted.iter().flat_map(|(voice, _)| texts(voice));
        all.collect::<BTreeSet<_>>().len()
    };
    let observed = |wanted: Option<IndicatorKind>| {
        let all = counted.iter().flat_map(|(voice, _)| voice.observed.iter());
        let all = all.filter(|(kind, _)| wanted.is_none_or(|wanted| wanted == *kind));
        all.collect::<BTreeSet<_>>().len()
    };
    let texts: fn(&Voice) -> Vec<String> = match measure {
        Measure::Distinct(Field::AttestedCountry) => return attested_by_definition(said).len(),
        Measure::Distinct(Field::Indicator) => return observed(None),
        Measure::Distinct(Field::IndicatorOf(kind)) => return observed(Some(kind)),
        Measure::Together => {
            let is = |entry: &u8| counted.iter().any(|(_, entries)| entries & (1 << entry) != 0);
            return (0..ENTRIES).filter(is).count();
        }
        Measure::Distinct(Field::Country) => |v| v.countries.iter().map(|c| c.as_str().into()).collect(),
        Measure::Distinct(Field::Sector) => |v| v.sectors.iter().map(|s| s.as_str().into()).collect(),
        Measure::Distinct(Field::CriticalSector) => |v| {
            let critical = v.sectors.iter().filter(|s| s.is_critical());
            critical.map(|s| s.as_str().into()).collect()
        },
        Measure::Distinct(Field::IncidentType) => |v| v.incident_types.iter().map(|t| t.as_str().into()).collect(),
        Measure::Distinct(Field::IncidentClass) => |v| v.incident_types.iter().map(|t| t.class().into()).collect(),
        Measure::Distinct(Field::Severity) => |v| v.severities.iter().map(|s| s.as_str().into()).collect(),
        Measure::Distinct(Field::Reporter) => |v| vec![v.reporter.to_string()],
        Measure::Distinct(Field::ReporterCountry) => |v| v.home.iter().map(|c| c.as_str().into()).collect(),
        Measure::Events | Measure::InOrder | Measure::CriticalReport => return counted.len(),
    };
    distinct(texts)
}

proptest! {
    #[test]
    fn measures_as_the_definition_says(said in all_said()) {
        for measure in measures() {
            let pane = pane(measure, &said);
            prop_assert_eq!(pane.measure(measure), by_definition(measure, &said), "{:?}", measure);
            prop_assert_eq!(pane.attested(), attested_by_definition(&said));
        }
    }

    #[test]
    fn what_is_removed_was_never_there(kept in all_said(), gone in all_said()) {
        for measure in measures() {
            let mut with = pane(measure, &gone);
            kept.iter().for_each(|(voice, entries)| with.add_as(voice, *entries));
            gone.iter().for_each(|(voice, entries)| with.remove_as(voice, *entries));
            prop_assert_eq!(format!("{with:?}"), format!("{:?}", pane(measure, &kept)));
        }
    }

    #[test]
    fn values_are_named_whole_or_not_at_all(said in all_said()) {
        for measure in measures() {
            let pane = pane(measure, &said);
            let hidden = match measure {
                Measure::Distinct(field) => field.names_members() || field.is_indicator(),
                other => other == Measure::Events,
            };
            let named = if hidden { 0 } else { pane.measure(measure) };
            prop_assert_eq!(pane.values(measure).len(), named, "{:?}", measure);
        }
    }
}

#[test]
fn a_list_in_order_is_no_longer_than_what_came_at_all() {
    let voice = voice_of("m1", 0);
    let mut pane = Pane::new(Measure::InOrder);
    pane.add_as(&voice, 0b101);
    assert_eq!(pane.measure(Measure::InOrder), 2);
    assert_eq!(pane.values(Measure::InOrder), []);
}
