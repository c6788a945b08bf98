//! When alerts are told, and when what they rest on goes: equality alone would also hold for a core that says everything at the end, and
//! for one that forgets nothing.
//!
//! `CHAPPE_CASES` sets the number of generated cases (1,000), `CHAPPE_SEED` the first seed (0). A failing case names its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_correlate::{COALESCE_MS, Count, Engine, Finding, Intake, Linker, Shard};
use chappe_model::{
    Accepted, Alert, AlertId, Compartment, Country, KeyHash, Marking, Pap, Policy, Realm, ReportKey, Secret, Severity,
    Timestamp, Tlp, built_in_rules,
};
use chappe_testkit::{
    Case, Deliveries, Entry, MEMBERS, PARTITIONS, canonical, check_seeds, link_policy, linking_case, member, number,
    secret,
};

/// Places in each case at which it is looked at what could have been told by then.
const LOOKS: u64 = 4;
/// One case in so many has its stamps on a grid this wide, in milliseconds: reports of one log time come one after the other.
const COARSE_ONE_IN: u64 = 2;
const GRID_MS: u64 = 600_000;
/// Longer than anything stays that no report keeps up, in milliseconds of log time.
const LONG_MS: u64 = 100_000_000;

#[test]
fn only_counts_wait_to_be_told_and_not_for_long() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 1_000));
    let waited = check_seeds(first..first + cases, || (), |(), seed| told_by_then(seed));
    assert!(waited >= cases / 10, "only {waited} alerts waited in {cases} cases");
}

/// Returns how many alerts waited at the places looked at.
fn told_by_then(seed: u64) -> u64 {
    let mut case = Case::generate(seed);
    if seed.is_multiple_of(COARSE_ONE_IN) {
        put_on_grid(&mut case);
    }
    let deliveries = Deliveries::in_order(&case);
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x71e);
    let mut waited = 0;
    for _ in 0..LOOKS {
        let until = rng.usize(1..=deliveries.turns.len());
        let mut engine = delivered(&case, &deliveries, until);
        let told: BTreeMap<AlertId, Alert> = engine.drain().into_iter().map(|alert| (alert.id, alert)).collect();
        engine.flush();
        for alert in engine.drain() {
            // What is held for a person is told to nobody else, so it may wait as well.
            waited += 1;
            if alert.held {
                continue;
            }
            let Some(before) = told.get(&alert.id) else {
                panic!(
                    "seed {seed}: after {until} turns nothing is told yet of {}",
                    canonical(&alert)
                );
            };
            assert!(
                !alert.differs_materially_from(before),
                "seed {seed}: after {until} turns {} is still told, not {}",
                canonical(before),
                canonical(&alert)
            );
        }
        let mut engine = delivered(&case, &deliveries, until);
        let later = engine
            .watermark()
            .plus(2 * COALESCE_MS + 1)
            .max(case.now.plus(COALESCE_MS));
        (0..PARTITIONS).for_each(|partition| engine.mark(partition, later));
        engine.drain();
        engine.flush();
        let late = engine.drain();
        assert!(
            late.is_empty(),
            "seed {seed}: after {until} turns these still wait: {late:#?}"
        );
    }
    waited
}

fn put_on_grid(case: &mut Case) {
    let on_grid = |stamp: &mut Timestamp| *stamp = Timestamp::from_millis(stamp.as_millis() / GRID_MS * GRID_MS);
    for entry in case.partitions.iter_mut().flatten() {
        match entry {
            Entry::Report(stamp, accepted) => {
                on_grid(stamp);
                accepted.reported_at = *stamp;
            }
            Entry::Mark(stamp) => on_grid(stamp),
        }
    }
}

/// An engine that has read so many entries, in the order of log time.
fn delivered(case: &Case, deliveries: &Deliveries, until: usize) -> Engine {
    let mut engine = Engine::new(&secret(), case.policy.clone(), PARTITIONS, 2, 1);
    engine.settle();
    read(&mut engine, deliveries, until);
    engine
}

fn read(engine: &mut Engine, deliveries: &Deliveries, until: usize) {
    for (partition, entry) in entries(deliveries).take(until) {
        match entry {
            Entry::Report(stamp, accepted) => engine.record(partition, *stamp, accepted),
            Entry::Mark(stamp) => engine.mark(partition, *stamp),
        }
    }
}

/// What is read, in its order, and from which partition.
fn entries(deliveries: &Deliveries) -> impl Iterator<Item = (u16, &Entry)> {
    let mut read = [0; PARTITIONS as usize];
    deliveries.turns.iter().map(move |partition| {
        let entry = &deliveries.partitions[*partition][read[*partition]];
        read[*partition] += 1;
        (u16::try_from(*partition).unwrap(), entry)
    })
}

/// Members that each report what the others do, twice, of their own country alone.
const NATIVES: usize = 4;

#[test]
fn of_reports_of_one_log_time_each_is_told_at_once() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 1_000));
    let policy = Policy::new(1, built_in_rules(), 300_000, vec![], vec![]).unwrap();
    check_seeds(
        first..first + cases,
        || (),
        |(), seed| {
            let mut rng = fastrand::Rng::with_seed(seed ^ 0x0ace);
            let twice = [2 * seed, 2 * seed + 1].into_iter();
            let mut reports: Vec<Accepted> = twice
                .flat_map(|key| MEMBERS[..NATIVES].iter().map(move |(id, home)| native(key, id, home)))
                .collect();
            rng.shuffle(&mut reports);
            let new_engine = || Engine::new(&secret(), policy.clone(), PARTITIONS, 1, 1);
            let (mut at_once, mut told) = (new_engine(), BTreeMap::new());
            at_once.settle();
            for read in 1..=reports.len() {
                deliver(&mut at_once, &reports[read - 1]);
                told.extend(at_once.drain().into_iter().map(|alert| (alert.id, alert)));
                let mut later = new_engine();
                reports[..read].iter().for_each(|report| deliver(&mut later, report));
                later.settle();
                for alert in later.drain() {
                    let told: Option<&Alert> = told.get(&alert.id);
                    let is_told = told.is_some_and(|told| !alert.differs_materially_from(told));
                    assert!(
                        is_told,
                        "seed {seed}: after {read} reports {} is not told",
                        canonical(&alert)
                    );
                }
            }
            1
        },
    );
}

fn deliver(engine: &mut Engine, report: &Accepted) {
    engine.record(Secret::partition(report.id, PARTITIONS), report.reported_at, report);
}

/// A report whose id differs with the key.
fn native(key: u64, id: &str, home: &str) -> Accepted {
    let (_, mut report) = Case::generate(0).reports().swap_remove(0);
    let home = Country::parse(home).unwrap();
    report.reporter = member(id);
    report.home = Some(home);
    report.reported_at = Timestamp::from_millis(500);
    let said = &mut report.incident;
    said.report_key = ReportKey::parse(&key.to_string()).unwrap();
    said.marking = Marking::new(Tlp::Green, Pap::Green, None, BTreeSet::new()).unwrap();
    said.severity = Severity::Low;
    said.countries = [home].into();
    said.sectors.clear();
    said.indicators = ["domain:one.example".parse().unwrap()].into();
    (said.retracted, said.exercise, said.backfill) = (false, false, false);
    report.id = secret().incident_id(&report.reporter, &said.report_key);
    report
}

#[test]
fn nothing_is_told_while_the_log_is_read_again() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 1_000));
    let alerts = check_seeds(first..first + cases, || (), |(), seed| told_after_replay(seed));
    assert!(alerts >= cases, "only {alerts} alerts in {cases} cases");
}

/// Returns how many alerts are told at the end of the replay.
fn told_after_replay(seed: u64) -> u64 {
    let case = Case::generate(seed);
    let deliveries = Deliveries::in_order(&case);
    let mut engine = Engine::new(&secret(), case.policy.clone(), PARTITIONS, 2, 1);
    read(&mut engine, &deliveries, deliveries.turns.len());
    let early = engine.drain();
    assert!(early.is_empty(), "seed {seed}: told while replaying: {early:#?}");
    engine.settle();
    let told = engine.drain().len();
    engine.flush();
    let late = engine.drain();
    assert!(
        late.is_empty(),
        "seed {seed}: left out at the end of the replay: {late:#?}"
    );
    u64::try_from(told).unwrap()
}

#[test]
fn slices_find_what_one_go_finds_and_say_how_far_they_are() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 1_000));
    let found = check_seeds(first..first + cases, || (), |(), seed| found_by_time(seed));
    assert!(found >= cases, "only {found} findings by time alone in {cases} cases");
}

/// Returns how many findings the passing of time made.
fn found_by_time(seed: u64) -> u64 {
    let case = Case::generate(seed);
    let policy = Arc::new(case.policy.clone());
    let mut intake = Intake::new(&secret(), &policy, PARTITIONS);
    let mut counts = [Count::new(secret(), &policy), Count::new(secret(), &policy)];
    counts.iter_mut().for_each(|count| count.settle(&mut vec![]));
    let (mut sightings, mut by_time) = (vec![], 0);
    let deliveries = Deliveries::in_order(&case);
    let ends = [case.now, case.now.plus(LONG_MS), case.now.plus(2 * LONG_MS)].map(Entry::Mark);
    let ends = ends
        .iter()
        .flat_map(|mark| (0..PARTITIONS).map(move |partition| (partition, mark)));
    for (partition, entry) in entries(&deliveries).chain(ends) {
        let mark = match entry {
            Entry::Report(stamp, accepted) => {
                let at = intake.record(partition, *stamp, accepted, &mut sightings);
                for sighting in sightings.drain(..) {
                    let found = counts.each_mut().map(|count| {
                        let mut found = vec![];
                        count.find(at, &sighting, &mut vec![], &mut found);
                        count.judge(&mut found);
                        sorted(found)
                    });
                    assert_eq!(found[0], found[1], "seed {seed}");
                }
                None
            }
            Entry::Mark(stamp) => intake.mark(partition, *stamp),
        };
        if let Some(watermark) = mark {
            let [whole, sliced] = &mut counts;
            let (mut once, mut in_slices) = (vec![], vec![]);
            whole.advance(watermark, &mut once);
            pass_in_slices(seed, sliced, watermark, &mut in_slices);
            by_time += once.len();
            assert_eq!(sorted(once), sorted(in_slices), "seed {seed}: at {watermark:?}");
            assert_eq!(whole.keys(), sliced.keys(), "seed {seed}: at {watermark:?}");
        }
    }
    u64::try_from(by_time).unwrap()
}

/// One key at a time.
fn pass_in_slices(seed: u64, count: &mut Count, watermark: Timestamp, emit: &mut Vec<Finding>) {
    count.pass(watermark);
    loop {
        let (reached, found) = (count.reached(), emit.len());
        let more = count.judge_due(1, emit);
        assert!(
            emit.len() == found || reached < watermark,
            "seed {seed}: more was found at {watermark:?} than all"
        );
        if !count.go_on(1, emit) && !more {
            break;
        }
    }
    assert_eq!(count.reached(), watermark, "seed {seed}");
}

/// What was found of each key and compartment. That nothing is left may be said once more where a key goes later.
fn sorted(findings: Vec<Finding>) -> Vec<(KeyHash, Compartment, Vec<Alert>)> {
    let found = findings.into_iter().filter(|finding| !finding.alerts.is_empty());
    let mut found: Vec<_> = found
        .map(|finding| (finding.key_hash, finding.compartment, finding.alerts))
        .collect();
    found.sort_by_cached_key(|(key_hash, compartment, _)| (*key_hash, compartment.clone()));
    found
}

#[test]
fn nothing_stays_of_what_can_change_no_more() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 1_000));
    let alerts = check_seeds(first..first + cases, || (), |(), seed| left_of(seed));
    assert!(alerts >= cases, "only {alerts} alerts in {cases} cases");
}

/// Returns how many alerts were told.
fn left_of(seed: u64) -> u64 {
    let case = Case::generate(seed);
    let (secret, policy) = (secret(), Arc::new(case.policy.clone()));
    let mut intake = Intake::new(&secret, &policy, PARTITIONS);
    let (mut shard, mut told, mut sightings) = (Shard::new(secret, &policy, 1), vec![], vec![]);
    let slice = [1, 2, usize::MAX][fastrand::Rng::with_seed(seed).usize(0..3)];
    shard.settle(&mut told);
    let deliveries = Deliveries::in_order(&case);
    for (partition, entry) in entries(&deliveries) {
        match entry {
            Entry::Report(stamp, accepted) => {
                let at = intake.record(partition, *stamp, accepted, &mut sightings);
                sightings
                    .drain(..)
                    .for_each(|sighting| shard.apply(at, &sighting, &mut told));
            }
            Entry::Mark(stamp) => {
                intake
                    .mark(partition, *stamp)
                    .into_iter()
                    .for_each(|watermark| shard.pass(watermark));
                shard.go_on(slice, &mut told);
            }
        }
    }
    // As time marks come: what falls due by one may be put off to a later one.
    for step in 1..=8 {
        shard.pass(Timestamp::from_millis(step * LONG_MS));
        while shard.go_on(slice, &mut told) {}
    }
    assert_eq!(shard.keys(), 0, "seed {seed}");
    let left = format!("{shard:?}");
    let incidents = case.reports().into_iter().map(|(_, accepted)| accepted.id.to_string());
    let alerts = told.iter().map(|alert| alert.id.to_string());
    for id in incidents.chain(alerts) {
        let at = left.find(&id);
        assert!(
            at.is_none(),
            "seed {seed}: {id} still stands in {}",
            at.map_or("", |at| &left[at.saturating_sub(1_000)..])
        );
    }
    u64::try_from(told.len()).unwrap()
}

#[test]
fn nothing_stays_of_campaigns_that_can_change_no_more() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 1_000));
    let campaigns = check_seeds(first..first + cases, || (), |(), seed| campaigns_left_of(seed));
    assert!(campaigns * 3 >= cases, "only {campaigns} campaigns in {cases} cases");
}

/// Returns how many campaigns there were.
fn campaigns_left_of(seed: u64) -> u64 {
    let case = linking_case(seed);
    let (mut linker, mut found) = (Linker::new(secret(), Arc::new(link_policy())), vec![]);
    linker.settle(&mut found);
    for (at, accepted) in case.reports() {
        linker.take(at, &accepted);
    }
    linker.advance(case.now, &mut found);
    let known = linker.keys();
    (1..=2).for_each(|step| linker.advance(Timestamp::from_millis(step * LONG_MS), &mut found));
    for realm in [Realm::Live, Realm::Exercise] {
        let left: Vec<_> = linker.clusters(realm).collect();
        assert!(left.is_empty(), "seed {seed}: {left:?}");
    }
    let retired: BTreeSet<KeyHash> = linker.drain_retired().collect();
    assert!(retired.is_superset(&known), "seed {seed}: not all campaigns are let go");
    assert!(linker.keys().is_empty(), "seed {seed}");
    u64::try_from(known.len()).unwrap()
}
