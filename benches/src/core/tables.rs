//! Figures as tables.

use super::figures::Figures;
use super::maps::{Counted, Dealing};
use super::measure::Load;
use super::peers::PeerRun;
use crate::cpu::per_second;
use crate::table::{head, median, number, row};

/// All tables.
pub(super) fn tables(figures: &Figures) -> String {
    let parts = [
        engines(figures),
        inputs(figures),
        rules(figures),
        shapes(figures),
        maps(figures),
        memory(figures),
        format!("{}.\n", figures.machine.sentence()),
    ];
    parts.join("\n")
}

fn whole(value: f64) -> String {
    number(value, 0)
}

fn sums(load: &Load) -> String {
    if !load.is_whole() {
        return "cut off, took too long".to_owned();
    }
    format!("{} / {}", whole(load.told.r1 as f64), whole(load.told.r2 as f64))
}

fn engines(figures: &Figures) -> String {
    let mut rows = head(&[
        "engine",
        "threads",
        "rows by CPU-second",
        "rows by second and core, on the wall",
        "r1 / r2",
    ]);
    let ours = &figures.ours;
    rows.push(row(&[
        "Chappe, to findings, middle run",
        "1",
        &whole(ours.rows_per_cpu_second()),
        &whole(ours.rows_per_second()),
        &sums(ours),
    ]));
    rows.push(row(&[
        "the same, with alerts drawn and told each hour of log time",
        "1",
        &whole(ours.rows_told_per_cpu_second()),
        "",
        "",
    ]));
    let mut names: Vec<(&str, usize)> = figures
        .peers
        .iter()
        .map(|run| (run.engine.as_str(), run.threads))
        .collect();
    names.dedup();
    for (name, threads) in names {
        let runs: Vec<&PeerRun> = figures
            .peers
            .iter()
            .filter(|run| run.engine == name && run.threads == threads)
            .collect();
        let best = |rate: fn(&PeerRun) -> f64| runs.iter().map(|run| rate(run)).fold(0.0, f64::max);
        let told = runs.first().map(|run| run.sums).unwrap_or_default();
        rows.push(row(&[
            &format!("{name}, best run"),
            &threads.to_string(),
            &whole(best(|run| per_second(run.rows, run.feeding_cpu_seconds))),
            &whole(best(|run| per_second(run.rows, run.wall_seconds) / run.threads as f64)),
            &format!("{} / {}", whole(told.r1 as f64), whole(told.r2 as f64)),
        ]));
    }
    let ratios = (figures.ratio(), figures.told_ratio(), figures.wall_ratio());
    let ratio = match ratios {
        (Some(ratio), Some(told), Some(wall)) => format!(
            "F1: {ratio:.2} × the best peer by core, from sightings to findings; {told:.2} × with alerts drawn and told; {wall:.2} × on the wall."
        ),
        _ => "F1: the peers were not run.".to_owned(),
    };
    let right = &ours.right;
    format!(
        "{}\n\n{ratio} The oracle tells {} / {} of {} rows. {} sightings by CPU-second; {} revisions of alerts in a run.\n",
        rows.join("\n"),
        whole(right.r1 as f64),
        whole(right.r2 as f64),
        whole(ours.rows as f64),
        whole(ours.sightings_per_cpu_second()),
        whole(ours.alerts as f64),
    )
}

fn inputs(figures: &Figures) -> String {
    let mut rows = head(&["input", "rows by CPU-second", "× best peer by core", "r1 / r2"]);
    let times = |ratio: Option<f64>| ratio.map_or_else(|| "not run".to_owned(), |ratio| number(ratio, 1));
    let mut push = |name: &str, load: &Load, ratio: Option<f64>| {
        rows.push(row(&[
            name,
            &whole(load.rows_per_cpu_second()),
            &times(ratio),
            &sums(load),
        ]));
    };
    push("shared: seed 7, exponent 1.1", &figures.ours, figures.ratio());
    for other in &figures.elsewhere {
        let name = format!("seed {}, exponent {}", other.draw.seed, other.draw.exponent);
        push(&name, &other.ours, other.ratio());
    }
    rows.join("\n") + "\n"
}

fn rules(figures: &Figures) -> String {
    let mut rows = head(&["other rules on the shared input", "ours r1 / r2", "oracle r1 / r2"]);
    for checked in &figures.others {
        let right = checked.load.right;
        let rules = format!(
            "r1 {}; r2 {}",
            checked.rules.first.sentence(),
            checked.rules.second.sentence()
        );
        let oracle = format!("{} / {}", whole(right.r1 as f64), whole(right.r2 as f64));
        rows.push(row(&[&rules, &sums(&checked.load), &oracle]));
    }
    rows.join("\n") + "\n"
}

fn shapes(figures: &Figures) -> String {
    let mut rows = head(&["load", "sightings by CPU-second", "ratio"]);
    let (scaling, hot, many) = (&figures.scaling, &figures.hot, &figures.many);
    rows.push(row(&["one shard", &whole(scaling.one.sightings_per_cpu_second()), "1"]));
    rows.push(row(&[
        "two shards, dealt beforehand",
        &whole(scaling.two.sightings_per_cpu_second()),
        &format!(
            "{:.2} × on the wall, {:.2} × by CPU time of each",
            scaling.wall_ratio, scaling.cpu_ratio
        ),
    ]));
    let router = format!("{:.1} ns each", scaling.router_ns_per_sighting);
    rows.push(row(&[
        "dealing itself",
        &whole(1e9 / scaling.router_ns_per_sighting),
        &router,
    ]));
    rows.push(row(&[
        "any indicator alike",
        &whole(hot.uniform.sightings_per_cpu_second()),
        "1",
    ]));
    rows.push(row(&[
        "every row on one indicator",
        &whole(hot.hot.sightings_per_cpu_second()),
        &format!("{:.2}", hot.ratio),
    ]));
    rows.push(row(&[
        &format!("{} live keys, while they come", whole(f64::from(many.keys))),
        &whole(many.growing_sightings_per_cpu_second),
        &format!("{} bytes a key", whole(many.bytes_per_key)),
    ]));
    rows.push(row(&[
        "on any of these keys",
        &whole(many.sightings_per_cpu_second),
        "",
    ]));
    rows.join("\n") + "\n"
}

fn maps(figures: &Figures) -> String {
    let mut rows = head(&[
        "counting alone in",
        "threads",
        "rows come",
        "rows by CPU-second",
        "rows by second",
        "r1 / r2",
        "exact",
    ]);
    let mut seen: Vec<(&str, usize, Dealing)> = Vec::new();
    for way in &figures.maps {
        let name = (way.map, way.threads, way.dealing);
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let same = || {
            figures
                .maps
                .iter()
                .filter(|other| (other.map, other.threads, other.dealing) == name)
        };
        let rate = |seconds: fn(&Counted) -> f64| median(same().map(|run| per_second(figures.ours.rows, seconds(run))));
        // Where it is inexact, each run is wrong in another way; one of them is shown.
        let told = format!("{} / {}", whole(way.sums.r1 as f64), whole(way.sums.r2 as f64));
        let dealing = match way.dealing {
            Dealing::ByKey => "by key",
            Dealing::InTurns => "in turns",
        };
        let exact = if same().all(|run| run.exact) { "yes" } else { "no" };
        rows.push(row(&[
            way.map,
            &way.threads.to_string(),
            dealing,
            &whole(rate(|run| run.spent.cpu_seconds)),
            &whole(rate(|run| run.spent.wall_seconds)),
            &told,
            exact,
        ]));
    }
    rows.join("\n") + "\n"
}

fn memory(figures: &Figures) -> String {
    let dram = &figures.dram;
    let mut rows = head(&["random accesses to memory", "each second"]);
    rows.push(row(&["one after the other", &whole(dram.dependent)]));
    rows.push(row(&[
        &format!("{} side by side, one thread", dram.chains),
        &whole(dram.independent),
    ]));
    rows.push(row(&[
        "the same on two threads, on the wall",
        &whole(dram.independent_two_threads),
    ]));
    format!(
        "{}\n\nF2: our sightings need {:.0} % of what one thread can have side by side, at {} lines each.\n",
        rows.join("\n"),
        figures.of_memory() * 100.0,
        super::ours::LINES_TOUCHED,
    )
}
