//! What was measured, as JSON, as a table and as a plot.

use serde::Serialize;
use serde_json::{Value, json};

use crate::cpu::{Spent, per_second};
use crate::latency::Quantiles;
use crate::machine::Machine;
use crate::plot::{Bar, Scale, bars};
use crate::table::{head, number, row};

/// One phase.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Phase {
    pub(super) name: &'static str,
    pub(super) reports: usize,
    /// Of the reports that it should have; below 1 it was cut off.
    pub(super) share_done: f64,
    pub(super) sightings: usize,
    /// In the shard's calls.
    pub(super) spent: Spent,
    pub(super) alert_revisions: u64,
    /// Calls that take sightings, on the wall.
    pub(super) takes: Quantiles,
    /// Slices of what log time makes due as it passes, on the wall.
    pub(super) passes: Quantiles,
    /// The same by CPU time: without what other processes took from the core meanwhile.
    pub(super) takes_cpu: Quantiles,
    pub(super) passes_cpu: Quantiles,
    /// Calls of both kinds by CPU time: from so many microseconds up to twice as many, how many.
    pub(super) calls_by_us: Vec<(u64, u64)>,
}

impl Phase {
    fn rate(&self) -> f64 {
        per_second(self.sightings, self.spent.cpu_seconds)
    }

    fn longest_ms(&self) -> f64 {
        self.takes_cpu.max_ms.max(self.passes_cpu.max_ms)
    }
}

/// The whole run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figures {
    pub(super) machine: Machine,
    pub(super) live_alerts: u32,
    pub(super) reports_per_phase: usize,
    pub(super) reports_per_call: usize,
    pub(super) reports_per_mark: usize,
    /// Resident memory that the alerts took.
    pub(super) memory_of_alerts_mib: u64,
    pub(super) memory_at_the_end_mib: u64,
    pub(super) phases: Vec<Phase>,
}

impl Figures {
    /// Everything, for machines.
    pub(super) fn json(&self) -> Value {
        json!({"storm_to_calm": self.ratio(), "longest_call_ms": self.longest_ms(), "measured": self})
    }

    /// The longest call by CPU time once all alerts are there.
    fn longest_ms(&self) -> f64 {
        self.phases.iter().skip(1).map(Phase::longest_ms).fold(0.0, f64::max)
    }

    /// Sightings by CPU-second, storm by the mean of the calm before and after it.
    fn ratio(&self) -> f64 {
        let rate = |name: &str| {
            let named = self.phases.iter().filter(|phase| phase.name.starts_with(name));
            let rates: Vec<f64> = named.map(Phase::rate).collect();
            rates.iter().sum::<f64>() / rates.len().max(1) as f64
        };
        rate("storm") / rate("calm").max(f64::MIN_POSITIVE)
    }

    pub(super) fn tables(&self) -> String {
        let mut rows = head(&[
            "phase",
            "reports",
            "sightings by CPU-second",
            "revisions of alerts",
            "call p50 / p99 / max, ms",
            "slice of the passing of time p50 / max, ms",
            "longest on the wall, ms",
        ]);
        for phase in &self.phases {
            let ms = |ms: f64| number(ms, 2);
            let (takes, passes) = (&phase.takes_cpu, &phase.passes_cpu);
            let cut = if phase.share_done < 1.0 { ", cut off" } else { "" };
            rows.push(row(&[
                &format!("{}{cut}", phase.name),
                &number(phase.reports as f64, 0),
                &number(phase.rate(), 0),
                &number(phase.alert_revisions as f64, 0),
                &format!("{} / {} / {}", ms(takes.p50_ms), ms(takes.p99_ms), ms(takes.max_ms)),
                &format!("{} / {}", ms(passes.p50_ms), ms(passes.max_ms)),
                &ms(phase.takes.max_ms.max(phase.passes.max_ms)),
            ]));
        }
        format!(
            "{}\n\nF7: {:.2} × calm; longest call {:.1} ms of CPU time once all alerts are there. {} live alerts took {} MiB; {} MiB at the \
             end. Times of calls are CPU time unless they are said to be on the wall.\n\n{}.\n",
            rows.join("\n"),
            self.ratio(),
            self.longest_ms(),
            number(f64::from(self.live_alerts), 0),
            number(self.memory_of_alerts_mib as f64, 0),
            number(self.memory_at_the_end_mib as f64, 0),
            self.machine.sentence(),
        )
    }

    pub(super) fn plot(&self) -> String {
        let mut shown = Vec::new();
        for phase in self
            .phases
            .iter()
            .filter(|phase| ["calm", "storm"].contains(&phase.name))
        {
            for (from, count) in &phase.calls_by_us {
                let label = format!("{}: {from} to {} µs", phase.name, from * 2);
                shown.push(Bar::new(label, *count as f64, phase.name == "storm"));
            }
        }
        bars(
            "Calls of the shard by how long they took",
            "number of calls, by CPU time; the length of a bar grows with its digits",
            &shown,
            Scale::Log,
        )
    }
}
