//! The alert of a run, as it is now.

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::limits::LISTED_REPORTS;
use chappe_model::{
    Alert, AlertState, Audience, CountrySet, Counts, Evidence, Field, Measure, Pap, Rsit, Sector, Severity, Timestamp,
    Tlp, WidestAudience,
};

use super::entries::Entries;
use super::run::{Facts, Run};
use super::scan::Entry;
use super::voices::{Known, Voices};
use crate::subject::Subject;

/// Draws the alert of a run over these entries, as of log time `now`. It has no revision yet: assess gives it one.
pub(super) fn draw(run: &mut Run, entries: &Entries, subject: &Subject<'_>, voices: &Voices, now: Timestamp) -> Alert {
    let rule = subject.rule;
    let evidence = listed(run, entries, rule.when.within_ms, voices);
    let run = &*run;
    let facts = run.now.as_deref().unwrap_or(&run.ever);
    let standing = known(facts, voices);
    let ever = if standing.is_empty() {
        known(&run.ever, voices)
    } else {
        vec![]
    };
    let said = Said::by(if standing.is_empty() { &ever } else { &standing });
    let (first, last) = seen(run, entries, rule.when.within_ms);
    Alert {
        id: subject
            .secret
            .alert_id(&rule.id, subject.compartment, subject.key_hash, run.anchor),
        revision: 0,
        revised_at: Timestamp::ZERO,
        epoch: 0,
        state: state(run, facts, rule.when.within_ms, now),
        rule: Arc::clone(rule),
        compartment: subject.compartment.clone(),
        key_hash: subject.key_hash,
        key: Arc::clone(subject.key),
        anchor: run.anchor,
        last_fire: run.last_fire,
        audience: audience(run, rule.widest_audience),
        severity: said.severity,
        tlp: said.tlp,
        pap: said.pap,
        countries: facts.attested,
        sectors: said.sectors,
        incident_types: said.types,
        counts: Counts {
            reports: u32::try_from(facts.reports().reports()).unwrap_or(u32::MAX),
            unlisted: 0,
            members: u32::try_from(members(&standing)).unwrap_or(u32::MAX),
        },
        digest: subject.secret.digest_of(facts.reports()),
        evidence,
        values: values(rule.when.measure, facts, &standing),
        peak: facts.peak,
        fires: run.fires,
        first_seen: first.unwrap_or(run.anchor.0),
        last_seen: last.unwrap_or(run.last_fire),
        held: false,
        campaign: None,
        surge: None,
        cascade: None,
    }
}

fn known<'a>(facts: &Facts, voices: &'a Voices) -> Vec<&'a Known> {
    facts.voices.iter().filter_map(|id| voices.get(id)).collect()
}

fn state(run: &Run, facts: &Facts, within_ms: u64, now: Timestamp) -> AlertState {
    if !facts.stands {
        AlertState::Retracted
    } else if now >= run.last_fire.plus(within_ms) {
        AlertState::Resolved
    } else {
        AlertState::Open
    }
}

fn audience(run: &Run, widest: WidestAudience) -> Audience {
    if run.ever.eu && widest == WidestAudience::Eu {
        Audience::Eu
    } else {
        Audience::Countries(run.ever.homes)
    }
}

fn members(standing: &[&Known]) -> usize {
    let mut members: Vec<u64> = standing.iter().map(|known| known.member).collect();
    members.sort_unstable();
    members.dedup();
    members.len()
}

/// What voices say together.
struct Said {
    severity: Severity,
    tlp: Tlp,
    pap: Pap,
    sectors: BTreeSet<Sector>,
    types: BTreeSet<Rsit>,
}

impl Said {
    fn by(voices: &[&Known]) -> Self {
        let mut said = Self {
            severity: voices
                .iter()
                .map(|known| known.voice.severity)
                .max()
                .unwrap_or(Severity::Medium),
            tlp: Tlp::Clear,
            pap: Pap::Clear,
            sectors: BTreeSet::new(),
            types: BTreeSet::new(),
        };
        // Voices differ in few ways, so most say no sector and no type that was not there before.
        let (mut sectors, mut types) = (0, 0);
        for known in voices {
            let voice = &known.voice;
            said.tlp = said.tlp.join(voice.tlp);
            said.pap = said.pap.join(voice.pap);
            if known.sectors & !sectors != 0 {
                sectors |= known.sectors;
                said.sectors.extend(&voice.sectors);
            }
            if known.types & !types != 0 {
                types |= known.types;
                said.types.extend(&voice.incident_types);
            }
        }
        said
    }
}

/// The entries of a run: those inside the window of any of its fires.
fn of_run<'a>(run: &Run, entries: &'a Entries, within_ms: u64) -> impl DoubleEndedIterator<Item = &'a Entry> {
    let from = run.anchor.0.minus(within_ms - 1);
    let first = entries.partition_point(|entry| entry.time < from);
    let last = entries.partition_point(|entry| entry.time <= run.last_fire);
    entries.range(first..last.max(first))
}

/// Log times of the first and of the last report that stands.
fn seen(run: &Run, entries: &Entries, within_ms: u64) -> (Option<Timestamp>, Option<Timestamp>) {
    let stands = |entry: &&Entry| entry.now.is_some();
    let first = of_run(run, entries, within_ms).find(stands);
    let last = of_run(run, entries, within_ms).rev().find(stands);
    (first.map(|entry| entry.time), last.map(|entry| entry.time))
}

/// The reports that are listed. Once there are as many as may be, and all of them before the last fire, they stay: what comes later stands
/// behind them, and where something earlier changes the run is found anew.
fn listed(run: &mut Run, entries: &Entries, within_ms: u64, voices: &Voices) -> Arc<[Evidence]> {
    if let Some(listed) = &run.listed {
        return Arc::clone(listed);
    }
    let listed = evidence(run, entries, within_ms, voices);
    let stays = listed.len() == LISTED_REPORTS && listed.last().is_some_and(|last| last.time < run.last_fire);
    run.listed = stays.then(|| Arc::clone(&listed));
    listed
}

fn evidence(run: &Run, entries: &Entries, within_ms: u64, voices: &Voices) -> Arc<[Evidence]> {
    let standing = of_run(run, entries, within_ms).filter_map(|entry| Some((entry, voices.get(entry.now?)?)));
    let listed = standing.take(LISTED_REPORTS).filter_map(|(entry, known)| {
        Some(Evidence {
            incident: entry.incident,
            reporter: known.voice.reporter.clone(),
            time: entry.time,
            countries: known.voice.countries,
            incident_type: known.voice.incident_types.first().copied()?,
            severity: known.voice.severity,
        })
    });
    listed.collect()
}

/// The counted values, sorted, where they may be shown.
fn values(measure: Measure, facts: &Facts, standing: &[&Known]) -> Vec<Arc<str>> {
    let Measure::Distinct(field) = measure else {
        return vec![];
    };
    let countries = match field {
        Field::AttestedCountry => facts.attested,
        Field::Country => {
            let mut all = CountrySet::new();
            standing
                .iter()
                .for_each(|known| all.extend_from(&known.voice.countries));
            all
        }
        _ => CountrySet::new(),
    };
    if !countries.is_empty() {
        return countries.iter().map(|country| country.as_str().into()).collect();
    }
    let names: BTreeSet<&str> = standing.iter().flat_map(|known| known.voice.names(field)).collect();
    names.into_iter().map(Arc::from).collect()
}
