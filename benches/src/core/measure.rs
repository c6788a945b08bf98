//! The core under each load.

use std::fmt;
use std::hint::black_box;

use anyhow::{Context, Result, bail};
use fastrand::Rng;
use serde::Serialize;

use super::correlation::{Pair, Sums};
use super::oracle;
use super::ours::{Core, STEP_MS, Stamped, TELLING_STEP_MS, Told, routed, routed_by_rings};
use super::plan::Plan;
use super::reports::Said;
use super::rows::{COUNTRIES, Rows, TYPES};
use crate::cpu::{Spent, Started, per_second};
use crate::machine::resident_bytes;
use crate::table::{median, number};

/// Reports that are made at once where all would take too much memory.
const BATCH: usize = 10_000;
/// Seed of what is drawn here.
const SEED: u64 = 0x0a11_1ce5;
/// A log time to begin at, in milliseconds.
const BEGIN_MS: u64 = 1_700_000_000_000;

/// One run.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Run {
    #[serde(flatten)]
    spent: Spent,
    /// Of it, what went into what comes after findings: drawing alerts, and telling them.
    telling: Spent,
    /// Of all sightings; below 1 the run took too long and was cut off.
    share_done: f64,
}

/// One load, several times.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Load {
    pub(super) rows: usize,
    pub(super) sightings: usize,
    pub(super) shards: usize,
    /// Steps of log time in milliseconds.
    pub(super) step_ms: u64,
    pub(super) runs: Vec<Run>,
    /// What the oracle tells.
    pub(super) right: Sums,
    /// What we tell, over findings; the same in every run that was not cut off.
    pub(super) told: Sums,
    /// Revisions of alerts in one run.
    pub(super) alerts: u64,
}

impl Load {
    /// From sightings to findings, one for each firing, and letting go of what is old: by the CPU time of the shards' threads, the middle run.
    pub(super) fn rows_per_cpu_second(&self) -> f64 {
        self.middle(self.rows, |run| run.spent.cpu_seconds - run.telling.cpu_seconds)
    }

    /// The same, and the alerts that follow drawn and told whenever log time passes.
    pub(super) fn rows_told_per_cpu_second(&self) -> f64 {
        self.middle(self.rows, |run| run.spent.cpu_seconds)
    }

    pub(super) fn sightings_per_cpu_second(&self) -> f64 {
        self.middle(self.sightings, |run| run.spent.cpu_seconds - run.telling.cpu_seconds)
    }

    /// By the clock on the wall, to findings, the middle run.
    pub(super) fn rows_per_second(&self) -> f64 {
        self.middle(self.rows, |run| run.spent.wall_seconds - run.telling.wall_seconds)
    }

    /// Whether every run went to the end.
    pub(super) fn is_whole(&self) -> bool {
        self.runs.iter().all(|run| run.share_done >= 1.0)
    }

    fn middle(&self, count: usize, seconds: fn(&Run) -> f64) -> f64 {
        let rate = |run: &Run| per_second(count, seconds(run)) * run.share_done;
        median(self.runs.iter().map(rate))
    }

    /// With more runs of the same.
    pub(super) fn and(mut self, more: Self) -> Self {
        self.runs.extend(more.runs);
        self
    }
}

/// Rows through one shard, or dealt to several before the clock starts. A sum that is wrong is an error.
pub(super) fn load(rows: &Rows, rules: &Pair, shards: usize, repetitions: usize) -> Result<Load> {
    load_in_steps(rows, rules, shards, repetitions, STEP_MS)
}

/// Rows through one shard, with alerts drawn as often as they may be told at the input's own pace.
pub(super) fn telling(rows: &Rows) -> Result<Load> {
    load_in_steps(rows, &Pair::shared(), 1, 1, TELLING_STEP_MS)
}

fn load_in_steps(rows: &Rows, rules: &Pair, shards: usize, repetitions: usize, step_ms: u64) -> Result<Load> {
    let right = oracle::sums(rows, rules);
    let core = Core::new(rules)?;
    let sightings = core.folded(rows)?;
    let count = sightings.len();
    let parts = routed(sightings, shards);
    let mut runs = Vec::new();
    let mut last = Told::default();
    for _ in 0..repetitions {
        let (told, spent) = core.run(parts.clone(), step_ms)?;
        let share_done = told.taken as f64 / count.max(1) as f64;
        if told.sums != right && share_done >= 1.0 {
            let told = told.sums;
            bail!("the core tells {told:?} instead of {right:?} on {shards} shards under {rules}");
        }
        last = told;
        runs.push(Run {
            spent,
            telling: told.telling,
            share_done,
        });
    }
    let load = Load {
        rows: rows.len(),
        sightings: count,
        shards,
        step_ms,
        runs,
        right,
        told: last.sums,
        alerts: last.alerts,
    };
    eprintln!(
        "  {} rows by CPU-second to findings, {} to alerts told",
        number(load.rows_per_cpu_second(), 0),
        number(load.rows_told_per_cpu_second(), 0)
    );
    Ok(load)
}

/// One shard against two.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Scaling {
    pub(super) one: Load,
    pub(super) two: Load,
    /// Rows a second on the wall, two shards by one; the machine must have two cores to itself.
    pub(super) wall_ratio: f64,
    /// Rows by CPU-second, of both threads together by one's: 1 means that nothing is lost, whatever else the machine does.
    pub(super) cpu_ratio: f64,
    /// What dealing sightings to two shards costs, nanoseconds of CPU time each, apart from the rest.
    pub(super) router_ns_per_sighting: f64,
}

pub(super) fn scaling(rows: &Rows, one: Load, repetitions: usize) -> Result<Scaling> {
    let rules = Pair::shared();
    let two = load(rows, &rules, 2, repetitions)?;
    let sightings = Core::new(&rules)?.folded(rows)?;
    let count = sightings.len();
    let started = Started::now();
    black_box(routed_by_rings(sightings, 2));
    let router = started.spent();
    Ok(Scaling {
        wall_ratio: two.rows_per_second() / one.rows_per_second(),
        cpu_ratio: two.rows_per_cpu_second() / one.rows_per_cpu_second(),
        router_ns_per_sighting: router.cpu_seconds * 1e9 / count.max(1) as f64,
        one,
        two,
    })
}

/// Every row on one indicator against every indicator as likely as any other.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Hot {
    pub(super) hot: Load,
    pub(super) uniform: Load,
    /// Rows by CPU-second, hot by uniform.
    pub(super) ratio: f64,
}

pub(super) fn hot(rows: &Rows, repetitions: usize) -> Result<Hot> {
    let rules = Pair::shared();
    let hot = load(&rows.on_one_indicator(), &rules, 1, repetitions)?;
    let uniform = load(&rows.on_any_indicator(), &rules, 1, repetitions)?;
    Ok(Hot {
        ratio: hot.rows_per_cpu_second() / uniform.rows_per_cpu_second(),
        hot,
        uniform,
    })
}

/// Very many live keys in one shard.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Many {
    pub(super) keys: u32,
    /// Resident memory that the shard took, by key.
    pub(super) bytes_per_key: f64,
    /// While the keys came.
    pub(super) growing_sightings_per_cpu_second: f64,
    /// On random ones of these keys, once all were there.
    pub(super) sightings_per_cpu_second: f64,
    /// The same on the wall.
    pub(super) sightings_per_second: f64,
}

/// The first rule alone: each key is an indicator. All of them stay live, because all come within a day.
pub(super) fn many(plan: &Plan) -> Result<Many> {
    let rules = Pair::shared();
    let core = Core::with(&[&rules.first])?;
    let mut shard = core.shard();
    let before = resident_bytes()?;
    let mut random = Rng::with_seed(SEED);
    let mut number = 0;
    let mut batch = Vec::new();
    let mut time = BEGIN_MS;
    let mut feed = |count: usize, pick: &mut dyn FnMut(u64) -> u32| -> Result<Spent> {
        let mut spent = Spent::default();
        let mut left = count;
        while left > 0 {
            let now = left.min(BATCH);
            made(&core, &mut batch, now, &mut number, time, pick)?;
            let started = Started::now();
            shard.take(&batch);
            shard.pass(time);
            spent = spent.then(started.spent());
            batch.clear();
            time += 1;
            left -= now;
        }
        Ok(spent)
    };
    let growing = feed(plan.live_keys as usize, &mut |number| number as u32)?;
    let after = resident_bytes()?;
    let spent = feed(plan.on_live_keys, &mut |_| random.u32(..plan.live_keys))?;
    Ok(Many {
        keys: plan.live_keys,
        bytes_per_key: after.saturating_sub(before) as f64 / f64::from(plan.live_keys),
        growing_sightings_per_cpu_second: per_second(plan.live_keys as usize, growing.cpu_seconds),
        sightings_per_cpu_second: per_second(plan.on_live_keys, spent.cpu_seconds),
        sightings_per_second: per_second(plan.on_live_keys, spent.wall_seconds),
    })
}

/// Reports of one moment, folded by a fold that is dropped with them: what it would keep is not the shard's.
fn made(
    core: &Core,
    batch: &mut Vec<Stamped>,
    count: usize,
    number: &mut u64,
    time: u64,
    pick: &mut dyn FnMut(u64) -> u32,
) -> Result<()> {
    let mut folder = core.folder();
    for _ in 0..count {
        let said = Said {
            number: *number,
            time,
            country: u8::try_from(*number % COUNTRIES.len() as u64)?,
            kind: u8::try_from(*number % TYPES.len() as u64)?,
            indicators: &[pick(*number)],
        };
        folder.fold(&said, batch)?;
        *number += 1;
    }
    Ok(())
}

/// Other rules on the same rows, against the oracle.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Checked {
    pub(super) rules: Pair,
    pub(super) load: Load,
}

pub(super) fn others(rows: &Rows) -> Result<Vec<Checked>> {
    let check = |rules: Pair| {
        let load = load(rows, &rules, 1, 1).with_context(|| rules.to_string())?;
        Ok(Checked { rules, load })
    };
    Pair::others().into_iter().map(check).collect()
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r1 {}; r2 {}", self.first.sentence(), self.second.sentence())
    }
}
