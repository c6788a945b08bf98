//! What happens, in which order.

use std::time::{Duration, Instant};

use anyhow::Result;
use fastrand::Rng;

use super::figures::{Figures, Phase};
use crate::core::{COUNTRIES, Core, Folder, OneShard, Pair, Said, Stamped};
use crate::cpu::{Spent, Started};
use crate::latency::Latencies;
use crate::machine::{Machine, resident_bytes};

/// Countries that report each value before anything is measured: as many as make it an alert.
const COUNTRIES_EACH: u32 = 3;
/// Reports between two passings of log time, and how far it passes: ten thousand reports a second, marked each second.
const REPORTS_PER_MARK: usize = 10_000;
const MARK_MS: u64 = 1_000;
/// Reports whose sightings the shard takes in one call.
const REPORTS_PER_CALL: usize = 64;
/// A phase that takes longer is cut off, and says so.
const LONGEST_PHASE: Duration = Duration::from_secs(120);
/// Log time at the beginning, in milliseconds. All that follows lies within a day, so every alert stays live.
const BEGIN_MS: u64 = 1_700_000_000_000;
/// Seed of the traffic.
const SEED: u64 = 0x5707_0001;
/// Types that reports have.
const TYPES: u8 = 12;

/// Runs every phase.
pub(super) fn all(quick: bool, machine: Machine) -> Result<Figures> {
    let (alerts, reports) = if quick { (100_000, 50_000) } else { (1_000_000, 500_000) };
    let rules = Pair::shared();
    let core = Core::new(&rules)?;
    let mut storm = Storm {
        core: &core,
        shard: core.shard(),
        alerts,
        random: Rng::with_seed(SEED),
        number: 0,
        time: BEGIN_MS,
    };
    let before = resident_bytes()?;
    let growth = |since: u64| -> Result<u64> { Ok(resident_bytes()?.saturating_sub(since) >> 20) };
    let all_of_them = alerts as usize * COUNTRIES_EACH as usize;
    let growing = storm.phase("the alerts come", all_of_them, Traffic::Growing)?;
    let grown = growth(before)?;
    let mut phases = vec![growing];
    for (name, traffic) in [
        ("calm", Traffic::Calm),
        ("storm", Traffic::Storm),
        ("calm again", Traffic::Calm),
    ] {
        phases.push(storm.phase(name, reports, traffic)?);
    }
    Ok(Figures {
        machine,
        live_alerts: alerts,
        reports_per_phase: reports,
        reports_per_call: REPORTS_PER_CALL,
        reports_per_mark: REPORTS_PER_MARK,
        memory_of_alerts_mib: grown,
        memory_at_the_end_mib: growth(before)?,
        phases,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Traffic {
    /// Each value from its first country, then from its second, and so on.
    Growing,
    /// Two of the values in each report.
    Calm,
    /// One of the values, and the one that all reports carry.
    Storm,
}

struct Storm<'a> {
    core: &'a Core,
    shard: OneShard,
    alerts: u32,
    random: Rng,
    number: u64,
    time: u64,
}

impl Storm<'_> {
    /// So many reports: made apart, a mark's worth at a time, then timed call by call.
    fn phase(&mut self, name: &'static str, reports: usize, traffic: Traffic) -> Result<Phase> {
        eprintln!("{name} …");
        let mut phase = Timed {
            spent: Spent::default(),
            takes: Latencies::new()?,
            passes: Latencies::new()?,
            takes_cpu: Latencies::new()?,
            passes_cpu: Latencies::new()?,
        };
        let before = self.shard.told();
        let (begun, mut done) = (Instant::now(), 0);
        while done < reports && begun.elapsed() < LONGEST_PHASE {
            let now = REPORTS_PER_MARK.min(reports - done);
            let calls = self.made(now, traffic)?;
            for sightings in calls {
                let started = Started::now();
                self.shard.take(&sightings);
                phase.took(started.spent());
                // What the last passing of time made due is done between them, as a shard's thread does it.
                phase.pass_on(&mut self.shard);
            }
            while phase.pass_on(&mut self.shard) {}
            self.time += MARK_MS;
            self.shard.begin_pass(self.time);
            done += now;
        }
        while phase.pass_on(&mut self.shard) {}
        let told = self.shard.told();
        Ok(Phase {
            name,
            reports: done,
            share_done: done as f64 / reports.max(1) as f64,
            sightings: told.taken - before.taken,
            spent: phase.spent,
            alert_revisions: told.alerts - before.alerts,
            takes: phase.takes.figures(),
            passes: phase.passes.figures(),
            takes_cpu: phase.takes_cpu.figures(),
            passes_cpu: phase.passes_cpu.figures(),
            calls_by_us: phase.by_us()?,
        })
    }

    /// The sightings of so many reports, by call. The fold is dropped with them: what it would keep is not the shard's.
    fn made(&mut self, reports: usize, traffic: Traffic) -> Result<Vec<Vec<Stamped>>> {
        let core = self.core;
        let mut folder = core.folder();
        let mut calls = Vec::with_capacity(reports / REPORTS_PER_CALL + 1);
        let mut left = reports;
        while left > 0 {
            let mut sightings = Vec::new();
            let now = left.min(REPORTS_PER_CALL);
            for _ in 0..now {
                self.report(&mut folder, traffic, &mut sightings)?;
            }
            calls.push(sightings);
            left -= now;
        }
        Ok(calls)
    }

    fn report(&mut self, folder: &mut Folder<'_>, traffic: Traffic, sightings: &mut Vec<Stamped>) -> Result<()> {
        let round = self.number / u64::from(self.alerts);
        let value = u32::try_from(self.number % u64::from(self.alerts))?;
        let any = u8::try_from(COUNTRIES.len())?;
        let mut one = || 1 + self.random.u32(..self.alerts);
        let (indicators, country): ([u32; 2], u8) = match traffic {
            // Which countries differs from value to value.
            Traffic::Growing => (
                [1 + value; 2],
                u8::try_from((u64::from(value) + round) % u64::from(any))?,
            ),
            Traffic::Calm => ([one(), one()], self.random.u8(..any)),
            Traffic::Storm => ([one(), 0], self.random.u8(..any)),
        };
        let said = Said {
            number: self.number,
            time: self.time,
            country,
            kind: self.random.u8(..TYPES),
            indicators: &indicators,
        };
        self.number += 1;
        folder.fold(&said, sightings)
    }
}

struct Timed {
    spent: Spent,
    takes: Latencies,
    passes: Latencies,
    takes_cpu: Latencies,
    passes_cpu: Latencies,
}

impl Timed {
    fn took(&mut self, spent: Spent) {
        self.spent = self.spent.then(spent);
        self.takes.record(Duration::from_secs_f64(spent.wall_seconds));
        self.takes_cpu.record(Duration::from_secs_f64(spent.cpu_seconds));
    }

    /// A slice of what the passing of time made due; whether more may be left.
    fn pass_on(&mut self, shard: &mut OneShard) -> bool {
        let started = Started::now();
        let more = shard.go_on();
        let spent = started.spent();
        self.spent = self.spent.then(spent);
        self.passes.record(Duration::from_secs_f64(spent.wall_seconds));
        self.passes_cpu.record(Duration::from_secs_f64(spent.cpu_seconds));
        more
    }

    fn by_us(&self) -> Result<Vec<(u64, u64)>> {
        let mut all = self.takes_cpu.clone();
        all.add(&self.passes_cpu)?;
        Ok(all.by_power_of_two())
    }
}
