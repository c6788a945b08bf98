//! What a budget means: surges of several sizes, put into an installation in which nothing else happens.

use std::io::Write;

use anyhow::{Context, Result};
use chappe_surge::{Baseline, Bin, Calendar, CountLaw, Delay, Grid, History, Lesson, Lookout};
use serde_json::{Value, json};

use crate::cli::SimulateArgs;
use crate::commands::Exit;
use crate::words::count;

/// Days that are learned from, and where they begin: a year, from a Monday on.
const DAYS: (i64, usize) = (20_090, 364);
/// Bins before a surge, in which sums find their level.
const BEFORE: usize = 60;
/// Surges of each size.
const SURGES: u64 = 400;
/// Sizes: so many times as many incidents as usual.
const SIZES: [f64; 6] = [1.5, 2.0, 3.0, 5.0, 10.0, 20.0];
/// Within so many bins of its beginning a surge is found: the first, and later ones.
const WITHIN: [usize; 4] = [1, 2, 7, 28];

pub(super) fn run(args: &SimulateArgs, out: &mut dyn Write) -> Result<Exit> {
    let bins_a_day = Bin::Day.per_year() / args.bin.per_year();
    let law = CountLaw::new(args.per_day * bins_a_day, args.dispersion);
    let calendar = Calendar::new(args.bin, []);
    let (first, bins) = match args.bin {
        Bin::Hour => (DAYS.0 * 24, DAYS.1 * 24),
        Bin::Day => (DAYS.0, DAYS.1),
        Bin::Week => (Bin::Week.of(DAYS.0 * 86_400), DAYS.1 / 7),
    };
    let (types, countries) = (args.types as usize, args.countries as usize);
    let seed_of = |kind: usize, country: usize| {
        args.seed
            .wrapping_mul(1_000_003)
            .wrapping_add((kind * countries + country) as u64)
    };
    let lesson = Lesson {
        calendars: vec![calendar; countries],
        histories: Grid::new(types, countries, |kind, country| History {
            first,
            counts: law.draws(bins, seed_of(kind, country)),
        }),
        parts: vec![],
        delay: Delay::none(),
        false_alarms_per_year: f64::from(args.false_alarms_per_year),
        valid: if args.bin == Bin::Week { 13 } else { 91 },
        seed: args.seed,
    };
    let learned = lesson.learn(|| true).context("nothing could be learned")?;
    let baseline = learned.baselines.cells.get(0, 0).context("there is no series")?;
    let (name, per_bin) = (args.bin.as_str(), law.mean());
    let found = |size: f64| -> Vec<Option<usize>> {
        let one = |nth| one(baseline, law, size, learned.threshold, first + bins as i64, nth);
        (0..SURGES).map(one).collect()
    };
    if args.json {
        let sizes = SIZES.map(|size| json!({"times": size, "found_within": shares(&found(size))}));
        let all = json!({
            "series": types * countries, "bin": name, "per_bin": per_bin, "threshold": learned.threshold,
            "false_alarms_per_year": args.false_alarms_per_year, "surges": SURGES, "sizes": sizes,
        });
        writeln!(out, "{all}")?;
        return Ok(Exit::Done);
    }
    writeln!(
        out,
        "{} series by the {name}, {per_bin:.2} incidents a {name} each, and each type over all countries; {} a year for no reason:\n\
         a score above {:.2}",
        types * countries,
        count(args.false_alarms_per_year as usize, "alert"),
        learned.threshold
    )?;
    writeln!(
        out,
        "\n{:>14}  {}  found after",
        "a surge of",
        WITHIN.map(|bins| format!("in {bins:>2}")).join("  ")
    )?;
    for size in SIZES {
        writeln!(out, "{size:>10} x the usual  {}", row(&found(size), name))?;
    }
    writeln!(
        out,
        "\nEach row is {SURGES} surges of one series of this kind that last {} {name}s. Reports are there at the end of their {name}; no season is drawn.",
        WITHIN[WITHIN.len() - 1]
    )?;
    Ok(Exit::Done)
}

/// The shares of these surges that were found within so many bins.
fn shares(found: &[Option<usize>]) -> Vec<Value> {
    let within = |bins: usize| {
        let in_time = found.iter().flatten().filter(|after| **after <= bins).count();
        json!({"bins": bins, "share": in_time as f64 / found.len() as f64})
    };
    WITHIN.into_iter().map(within).collect()
}

/// How many of these surges were found in time, and how soon.
fn row(found: &[Option<usize>], name: &str) -> String {
    let within = |bins: usize| {
        let in_time = found.iter().flatten().filter(|after| **after <= bins).count();
        format!("{:>3.0} %", 100.0 * in_time as f64 / found.len() as f64)
    };
    let all: Vec<usize> = found.iter().flatten().copied().collect();
    let mean = all.iter().sum::<usize>() as f64 / all.len().max(1) as f64;
    let after = if all.is_empty() {
        "never".to_owned()
    } else {
        format!("{mean:.1} {name}s")
    };
    format!("{}  {after}", WITHIN.map(within).join("  "))
}

/// In which bin of a surge it is found, from 1 on.
fn one(baseline: &Baseline, law: CountLaw, size: f64, threshold: f64, first: i64, seed: u64) -> Option<usize> {
    let last = WITHIN[WITHIN.len() - 1];
    let raised = CountLaw::new(law.mean() * size, law.dispersion());
    let counts = law.draws(BEFORE, seed).into_iter().chain(raised.draws(last, !seed));
    let (delay, mut lookout) = (Delay::none(), Lookout::new());
    let scores = (first..).zip(counts).map(|(bin, count)| {
        lookout.begin(baseline.law(bin), &delay);
        lookout.came(0, count);
        lookout.score(&delay)
    });
    let after: Vec<f64> = scores.skip(BEFORE).collect();
    after.iter().position(|score| *score > threshold).map(|at| at + 1)
}
