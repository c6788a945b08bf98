//! Campaign linking against the truth: ours, plain single link, and a cut-off at 20 as MISP has it, on the same histories, with the seeds that
//! nothing was tuned on; and what linking costs, on these histories and on one hot indicator.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use chappe_correlate::{LinkPolicy, Linker};
use chappe_model::{Accepted, Timestamp};
use chappe_testkit::{JUDGING_SEEDS, Labelled, Landscape, Scores, join_by_value, link, secret};
use serde::Serialize;

/// Common values, in percent of indicators.
const NOISE_PERCENT: [u64; 3] = [0, 1, 5];
/// Seeds judged with: all in a whole run, the first of them in a quick one.
const SEEDS: [usize; 2] = [10, 2];
/// Occurrences from which MISP no longer joins by a value, as shipped.
const MISP_CUT_OFF: usize = 20;
/// Reports on the hot indicator.
const HOT_REPORTS: usize = 20_000;
/// Where figures go.
const OUTPUT: &str = "target/bench/linking.json";

#[derive(Debug, Serialize)]
struct Row {
    method: &'static str,
    noise_percent: u64,
    seed: u64,
    hubs: usize,
    bcubed_precision: f64,
    bcubed_recall: f64,
    bcubed_f1: f64,
    pairwise_precision: f64,
    pairwise_recall: f64,
    over_merged: f64,
    split: f64,
    welds: usize,
    reports_per_second: f64,
}

#[derive(Debug, Serialize)]
struct Figures {
    rows: Vec<Row>,
    hot_reports_per_second: f64,
}

/// Runs it and writes the figures.
pub(crate) fn command(quick: bool) -> Result<()> {
    let mut rows = vec![];
    for noise_percent in NOISE_PERCENT {
        for seed in JUDGING_SEEDS.take(SEEDS[usize::from(quick)]) {
            let landscape = Landscape {
                noise_percent,
                ..Landscape::default()
            };
            rows.extend(judge(&landscape, seed));
        }
    }
    // The same without injected hubs: what they weld is the difference.
    rows.extend(judge(
        &Landscape {
            hubs: 0,
            ..Landscape::default()
        },
        JUDGING_SEEDS.start,
    ));
    let hot_reports_per_second = hot();
    for method in ["ours", "single link", "cut-off 20"] {
        for noise_percent in NOISE_PERCENT {
            let of = rows
                .iter()
                .filter(|row| (row.method, row.noise_percent) == (method, noise_percent));
            if let Some(worst) = of.min_by(|a, b| a.bcubed_f1.total_cmp(&b.bcubed_f1)) {
                println!("{method}, noise {noise_percent} %, worst seed: {worst:?}");
            }
        }
    }
    println!("one hot indicator: {hot_reports_per_second:.0} reports/s");
    let figures = Figures {
        rows,
        hot_reports_per_second,
    };
    std::fs::create_dir_all("target/bench")?;
    std::fs::write(OUTPUT, serde_json::to_vec_pretty(&figures)?)?;
    println!("figures are in {OUTPUT}");
    Ok(())
}

fn judge(landscape: &Landscape, seed: u64) -> Vec<Row> {
    let Labelled { reports, labels } = landscape.generate(seed);
    let policy = LinkPolicy::default();
    let methods: [(&'static str, &dyn Fn() -> chappe_testkit::Clustering); 3] = [
        ("ours", &|| link(&policy, &reports).0),
        ("single link", &|| join_by_value(&reports, None)),
        ("cut-off 20", &|| join_by_value(&reports, Some(MISP_CUT_OFF))),
    ];
    let rows = methods.into_iter().map(|(method, run)| {
        let began = Instant::now();
        let found = run();
        let seconds = began.elapsed().as_secs_f64();
        let scores = Scores::of(&labels, &found);
        let row = Row {
            method,
            noise_percent: landscape.noise_percent,
            seed,
            hubs: landscape.hubs,
            bcubed_precision: scores.bcubed_precision,
            bcubed_recall: scores.bcubed_recall,
            bcubed_f1: scores.bcubed_f1,
            pairwise_precision: scores.pairwise_precision,
            pairwise_recall: scores.pairwise_recall,
            over_merged: scores.over_merged,
            split: scores.split,
            welds: scores.welds,
            reports_per_second: reports.len() as f64 / seconds,
        };
        println!("{row:?}");
        row
    });
    rows.collect()
}

/// Every report carries one and the same indicator, from all members in turn.
fn hot() -> f64 {
    let landscape = Landscape {
        incidents: HOT_REPORTS,
        background_percent: 100,
        retracted_percent: 0,
        revised_percent: 0,
        hubs: 0,
        ..Landscape::default()
    };
    let mut reports: Vec<(Timestamp, Accepted)> = landscape.generate(JUDGING_SEEDS.start).reports;
    let hot = reports
        .iter()
        .find_map(|(_, report)| report.incident.indicators.first().cloned());
    for (_, report) in &mut reports {
        report.incident.indicators.extend(hot.clone());
    }
    let mut linker = Linker::new(secret(), Arc::new(LinkPolicy::default()));
    let began = Instant::now();
    for (at, report) in &reports {
        linker.take(*at, report);
    }
    let end = reports.last().map_or(Timestamp::ZERO, |(at, _)| at.plus(1));
    linker.advance(end, &mut vec![]);
    reports.len() as f64 / began.elapsed().as_secs_f64()
}
