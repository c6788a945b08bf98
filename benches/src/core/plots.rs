//! Figures as plots.

use super::figures::Figures;
use super::maps::Dealing;
use crate::cpu::per_second;
use crate::plot::{Bar, Scale, bars};
use crate::table::median;

/// Each with its name.
pub(super) fn plots(figures: &Figures) -> Vec<(&'static str, String)> {
    vec![
        ("core-engines", engines(figures)),
        ("core-loads", loads(figures)),
        ("core-maps", maps(figures)),
    ]
}

fn engines(figures: &Figures) -> String {
    let mut shown = vec![Bar::new("Chappe", figures.ours.rows_per_cpu_second(), true)];
    for run in &figures.peers {
        let name = format!("{}, {} threads", run.engine, run.threads);
        let name = name.replace(" 1 threads", " 1 thread");
        let rate = run.rows_per_core_second();
        match shown.iter_mut().find(|bar| bar.label == name) {
            Some(bar) => bar.value = bar.value.max(rate),
            None => shown.push(Bar::new(name, rate, false)),
        }
    }
    bars(
        "Two rules on the shared input",
        "rows by second and core; exact sums everywhere",
        &shown,
        Scale::Linear,
    )
}

fn loads(figures: &Figures) -> String {
    let (scaling, hot, many) = (&figures.scaling, &figures.hot, &figures.many);
    let shown = [
        Bar::new("shared input, one shard", scaling.one.sightings_per_cpu_second(), true),
        Bar::new("shared input, two shards", scaling.two.sightings_per_cpu_second(), true),
        Bar::new("any indicator alike", hot.uniform.sightings_per_cpu_second(), true),
        Bar::new("every row on one indicator", hot.hot.sightings_per_cpu_second(), true),
        Bar::new(
            "many live keys, while they come",
            many.growing_sightings_per_cpu_second,
            true,
        ),
        Bar::new("many live keys, any of them", many.sightings_per_cpu_second, true),
    ];
    bars(
        "The core under different loads",
        "sightings by CPU-second of one shard's thread",
        &shown,
        Scale::Linear,
    )
}

fn maps(figures: &Figures) -> String {
    let mut shown: Vec<(Bar, Vec<f64>)> = Vec::new();
    for way in &figures.maps {
        let dealing = match way.dealing {
            Dealing::ByKey => "by key",
            Dealing::InTurns => "in turns",
        };
        let exact = if way.exact { "" } else { ", inexact" };
        let label = format!("{}, {} × {dealing}{exact}", way.map, way.threads);
        let rate = per_second(figures.ours.rows, way.spent.wall_seconds);
        match shown.iter_mut().find(|(bar, _)| bar.label == label) {
            Some((_, rates)) => rates.push(rate),
            None => shown.push((Bar::new(label, 0.0, way.threads == 1), vec![rate])),
        }
    }
    let shown: Vec<Bar> = shown
        .into_iter()
        .map(|(bar, rates)| Bar {
            value: median(rates),
            ..bar
        })
        .collect();
    bars(
        "Counting alone, in other maps",
        "rows by second on the wall, number of threads and how rows come to them",
        &shown,
        Scale::Linear,
    )
}
