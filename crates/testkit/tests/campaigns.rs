//! The labelled generator is what its parameters say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use chappe_testkit::{Attack, JUDGING_SEEDS, Landscape, TUNING_SEEDS, member, poisoned};

#[test]
fn a_landscape_has_the_incidents_sizes_and_withdrawals_that_were_asked_for() {
    let drawn = Landscape::default().generate(TUNING_SEEDS.start);
    let incidents: BTreeSet<_> = drawn.reports.iter().map(|(_, report)| report.id).collect();
    assert!(incidents.len() >= 10_000, "{}", incidents.len());
    let withdrawn = drawn
        .reports
        .iter()
        .filter(|(_, report)| report.incident.retracted)
        .count();
    assert!((100..400).contains(&withdrawn), "{withdrawn}");
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    drawn
        .labels
        .values()
        .flatten()
        .for_each(|label| *sizes.entry(*label).or_default() += 1);
    let (small, large) = (
        sizes.values().filter(|size| **size <= 3).count(),
        sizes.values().max().unwrap(),
    );
    assert!(small * 3 > sizes.len(), "{small} of {} are small", sizes.len());
    assert!((100..=500).contains(large), "{large}");
    let alone = drawn.labels.values().filter(|label| label.is_none()).count();
    assert!((2_500..3_500).contains(&alone), "{alone}");
    assert!(drawn.reports.is_sorted_by_key(|(time, _)| *time));
}

#[test]
fn a_seed_gives_one_history_and_no_seed_is_both_tuned_on_and_judged_with() {
    let small = Landscape {
        incidents: 300,
        ..Landscape::default()
    };
    assert_eq!(small.generate(5).reports, small.generate(5).reports);
    assert_ne!(small.generate(5).reports, small.generate(6).reports);
    assert!(TUNING_SEEDS.end <= JUDGING_SEEDS.start && JUDGING_SEEDS.count() >= 10);
}

#[test]
fn an_attack_adds_reports_of_its_colluders_alone() {
    let small = Landscape {
        incidents: 300,
        ..Landscape::default()
    };
    let attack = Attack {
        colluders: 2,
        flood_times: 10,
        hubs: 5,
        tied: 4,
    };
    let (clean, attacked) = poisoned(&small, &attack, 1);
    assert_eq!(clean.labels, attacked.labels);
    let honest: BTreeSet<_> = clean.reports.iter().map(|(_, report)| report.id).collect();
    let added: Vec<_> = attacked
        .reports
        .iter()
        .filter(|(_, report)| !honest.contains(&report.id))
        .collect();
    assert_eq!(added.len(), 2 * (10 * 300 / 27 + 5));
    let colluders = BTreeSet::from([member("csirt-si"), member("csirt-sk")]);
    assert!(added.iter().all(|(_, report)| colluders.contains(&report.reporter)));
    assert!(added.iter().all(|(_, report)| report.incident.countries.len() == 27));
}
