//! Poisoning: one or two members of 27 that collude, flood, name all countries and inject hubs weld no campaigns, raise no alert to every
//! member by themselves, and take next to no recall. Three succeed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::io::Write;

use chappe_correlate::LinkPolicy;
use chappe_model::{AlertId, Audience, IncidentId};
use chappe_testkit::{Attack, Landscape, Scores, TUNING_SEEDS, link, poisoned};

/// B-cubed recall that an attack may take.
const RECALL_LOST: f64 = 0.01;
/// Small enough for every run; dense enough that campaigns meet.
const LANDSCAPE: Landscape = Landscape {
    incidents: 500,
    background_percent: 20,
    days: 30,
    largest_campaign: 60,
    sharing_percent: 20,
    noise_percent: 1,
    retracted_percent: 1,
    revised_percent: 1,
    hubs: 0,
};

struct Outcome {
    clean: Scores,
    attacked: Scores,
    /// Campaigns told to every member whose reports are all by colluders.
    forged: usize,
}

fn outcome(colluders: usize, seed: u64) -> Outcome {
    let attack = Attack {
        colluders,
        flood_times: 100,
        hubs: 20,
        tied: 4,
    };
    let (clean, attacked) = poisoned(&LANDSCAPE, &attack, seed);
    let policy = LinkPolicy::default();
    let honest: BTreeSet<IncidentId> = clean.reports.iter().map(|(_, report)| report.id).collect();
    let (before, _) = link(&policy, &clean.reports);
    let (after, findings) = link(&policy, &attacked.reports);
    let told = findings.iter().flat_map(|finding| &finding.alerts);
    let forged: BTreeSet<AlertId> = told
        .filter(|alert| alert.audience == Audience::Eu && !alert.evidence.is_empty())
        .filter(|alert| {
            !alert
                .evidence
                .iter()
                .any(|evidence| honest.contains(&evidence.incident))
        })
        .map(|alert| alert.id)
        .collect();
    Outcome {
        clean: Scores::of(&clean.labels, &before),
        attacked: Scores::of(&clean.labels, &after),
        forged: forged.len(),
    }
}

#[test]
fn two_that_collude_weld_nothing_and_three_do() {
    for seed in TUNING_SEEDS.take(2) {
        for colluders in 1..=3 {
            let Outcome {
                clean,
                attacked,
                forged,
            } = outcome(colluders, seed);
            let mut out = std::io::stderr();
            writeln!(
                out,
                "seed {seed}, {colluders} collude, {forged} forged\n  {clean:?}\n  {attacked:?}"
            )
            .unwrap();
            if colluders < 3 {
                assert!(attacked.welds <= clean.welds, "seed {seed}, {colluders}: welds");
                assert!(
                    attacked.bcubed_recall >= clean.bcubed_recall - RECALL_LOST,
                    "seed {seed}, {colluders}: recall"
                );
                assert_eq!(forged, 0, "seed {seed}, {colluders}: alerts to every member");
            } else {
                assert!(attacked.welds > clean.welds, "three are enough: seed {seed}");
            }
        }
    }
}
