//! A steady key says what judging all of its contributions says, whatever the order in which they came.

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::{
    AlertKind, Compartment, Condition, Country, CountrySet, Field, IncidentId, KeyHash, Measure, MemberId, Pap, Realm,
    Rule, Secret, Severity, Source, Timestamp, Tlp, WidestAudience,
};
use proptest::prelude::*;

use super::steady::{Steady, entry_of};
use super::voices::Voices;
use super::{Judging, subject};
use crate::episode::{Visible, judge};
use crate::sighting::Contribution;
use crate::voice::Voice;

const WITHIN_MS: u64 = 50;
const CODES: [&str; 4] = ["AT", "BE", "CZ", "IT"];
const NOW: Timestamp = Timestamp::from_millis(600);

fn rule(measure: Measure, at_least: u32) -> Arc<Rule> {
    Arc::new(Rule {
        id: "r".into(),
        version: 1,
        kind: AlertKind::Rule,
        sources: vec![Source::any()],
        group_by: vec![],
        when: Condition::plain(measure, at_least, WITHIN_MS),
        quota: 0,
        widest_audience: WidestAudience::Eu,
        condition: "r".into(),
        advice: vec![],
    })
}

fn voice(member: usize, countries: &[usize], severity: bool) -> Arc<Voice> {
    let country = |i: usize| Country::parse(CODES[i]).unwrap();
    Arc::new(Voice {
        reporter: MemberId::parse(&format!("m{member}")).unwrap(),
        home: CODES.get(member).map(|_| country(member)),
        countries: countries.iter().map(|i| country(*i)).collect::<CountrySet>(),
        sectors: BTreeSet::from([["energy", "food"][member % 2].parse().unwrap()]),
        incident_types: BTreeSet::from(["fraud/phishing".parse().unwrap()]),
        severity: if severity { Severity::High } else { Severity::Low },
        severities: if severity { Severity::High } else { Severity::Low }.into(),
        tlp: Tlp::Green,
        pap: Pap::Green,
        openly: true,
        quietly: false,
        sources: 1,
        observed: Arc::default(),
        indicators: Arc::default(),
    })
}

/// A contribution, and what becomes of it: nothing, a correction, a withdrawal.
#[derive(Clone, Debug)]
struct Said {
    pause: u64,
    incident: u8,
    member: usize,
    abroad: bool,
    severe: bool,
    fate: u8,
}

fn said(corrections: bool, abroad: bool) -> impl Strategy<Value = Said> {
    let fates = if corrections { 0..6_u8 } else { 3..6_u8 };
    let pauses = prop_oneof![Just(0_u64), Just(1), 2..30_u64, Just(50), 51..120_u64];
    (pauses, any::<u8>(), 0..5_usize, any::<bool>(), any::<bool>(), fates).prop_map(
        move |(pause, incident, member, out, severe, fate)| Said {
            pause,
            incident,
            member,
            abroad: abroad && out,
            severe,
            fate,
        },
    )
}

/// First what is said at first, then the corrections.
fn contributions(all: &[Said]) -> (Vec<Contribution>, Vec<Contribution>) {
    let (mut time, mut first, mut then) = (100, vec![], vec![]);
    for (index, said) in all.iter().enumerate() {
        time += said.pause;
        let home = said.member.min(3);
        let countries = if said.abroad { vec![home, 3] } else { vec![home] };
        let voice = voice(said.member, &countries, said.severe);
        let contribution = Contribution {
            time: Timestamp::from_millis(time),
            incident: IncidentId::from_bytes([
                said.incident,
                u8::try_from(index).unwrap(),
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
            ]),
            ever: Arc::clone(&voice),
            now: Some(voice),
        };
        first.push(contribution.clone());
        if said.fate < 3 {
            let now = (said.fate > 0).then(|| self::voice(said.member, &[(home + 1) % 4], said.severe));
            let ever = now.as_ref().map_or_else(
                || Arc::clone(&contribution.ever),
                |now| Arc::new(contribution.ever.union(now)),
            );
            then.push(Contribution {
                ever,
                now,
                ..contribution
            });
        }
    }
    (first, then)
}

fn check(rule: &Arc<Rule>, all: &[Said], order: &[usize], look_between: bool) {
    let (first, then) = contributions(all);
    let (secret, key_hash) = (Secret::new([1; 32]), KeyHash(7));
    let (compartment, key) = (Compartment::pool(Realm::Live), Arc::default());
    let judging = |watermark| Judging {
        secret: &secret,
        rule,
        key_hash,
        settled_ms: 10_000,
        watermark,
        confirmed: Timestamp::END,
        at: watermark,
    };
    let (mut voices, mut steady) = (Voices::default(), Steady::new(rule));
    let mut arriving: Vec<&Contribution> = first.iter().collect();
    for (place, other) in order.iter().enumerate().take(arriving.len()) {
        let other = other % arriving.len();
        arriving.swap(place, other);
    }
    for contribution in arriving.into_iter().chain(&then) {
        let entry = entry_of(contribution, &mut voices);
        steady.take(entry, rule, &mut voices);
        if look_between {
            let judging = judging(contribution.time.minus(1));
            steady.judge(&subject(&judging, &compartment, &key), &judging, &mut voices);
        }
    }
    steady.answer();
    let now = judging(NOW);
    let found = steady
        .judge(&subject(&now, &compartment, &key), &now, &mut voices)
        .unwrap()
        .alerts;
    let mut last: Vec<Contribution> = first;
    for corrected in then {
        let place = last
            .iter()
            .position(|known| known.order() == corrected.order())
            .unwrap();
        last[place] = corrected;
    }
    last.sort_by_key(Contribution::order);
    let visible: Vec<Visible<'_>> = last
        .iter()
        .map(|contribution| Visible {
            contribution,
            own: true,
        })
        .collect();
    assert_eq!(found, judge(&subject(&now, &compartment, &key), &visible, NOW));
    steady.release(&mut voices);
    assert!(voices.is_empty(), "every voice that was held is let go of");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn in_order(all in prop::collection::vec(said(false, false), 1..40), at_least in 1..4_u32) {
        check(&rule(Measure::Distinct(Field::Country), at_least), &all, &[], false);
        check(&rule(Measure::Events, at_least), &all, &[], true);
    }

    #[test]
    fn naming_other_countries(all in prop::collection::vec(said(false, true), 1..40), at_least in 1..4_u32, order in prop::collection::vec(any::<usize>(), 0..8)) {
        check(&rule(Measure::Distinct(Field::AttestedCountry), at_least), &all, &order, false);
        check(&rule(Measure::Distinct(Field::Reporter), at_least), &all, &[], true);
    }

    #[test]
    fn corrected_and_in_any_order(all in prop::collection::vec(said(true, true), 1..30), at_least in 1..4_u32, order in prop::collection::vec(any::<usize>(), 0..30)) {
        check(&rule(Measure::Distinct(Field::AttestedCountry), at_least), &all, &order, true);
        check(&rule(Measure::Distinct(Field::Sector), at_least.min(2)), &all, &order, false);
        check(&rule(Measure::Events, at_least), &all, &order, true);
    }
}
