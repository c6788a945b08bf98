//! What was measured, and the ratios that follow from it.

use serde::Serialize;
use serde_json::{Value, json};

use super::dram::Dram;
use super::maps::Counted;
use super::measure::{Checked, Hot, Load, Many, Scaling};
use super::ours::LINES_TOUCHED;
use super::peers::{PeerRun, best};
use super::plan::Plan;
use super::rows::Draw;
use crate::cpu::per_second;
use crate::machine::Machine;

/// The whole run.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub(super) machine: Machine,
    pub(super) plan: Plan,
    pub(super) ours: Load,
    /// The same with alerts drawn as often as they may be told.
    pub(super) telling: Load,
    pub(super) peers: Vec<PeerRun>,
    pub(super) elsewhere: Vec<Elsewhere>,
    pub(super) others: Vec<Checked>,
    pub(super) scaling: Scaling,
    pub(super) hot: Hot,
    pub(super) many: Many,
    pub(super) maps: Vec<Counted>,
    pub(super) dram: Dram,
}

/// Another input.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Elsewhere {
    pub(super) draw: Draw,
    pub(super) ours: Load,
    pub(super) peers: Vec<PeerRun>,
}

/// Rows a second and core, ours by the best peer's.
fn ratio(ours: &Load, peers: &[PeerRun]) -> Option<f64> {
    best(peers).map(|peer| ours.rows_per_cpu_second() / peer.rows_per_core_second())
}

impl Elsewhere {
    pub(super) fn ratio(&self) -> Option<f64> {
        ratio(&self.ours, &self.peers)
    }
}

impl Figures {
    /// F1: from sightings to findings, before assess has them, as the peers are measured to their own; the middle run of ours on one thread, by
    /// its CPU time, by the kindest figure of the best peer's best run.
    pub(super) fn ratio(&self) -> Option<f64> {
        ratio(&self.ours, &self.peers)
    }

    /// The same with alerts drawn and told, which the peers do not do.
    pub(super) fn told_ratio(&self) -> Option<f64> {
        best(&self.peers).map(|peer| self.ours.rows_told_per_cpu_second() / peer.rows_per_core_second())
    }

    /// The same on the wall alone, a thread counting as a core.
    pub(super) fn wall_ratio(&self) -> Option<f64> {
        let rate = |run: &PeerRun| per_second(run.rows, run.wall_seconds) / run.threads as f64;
        let best = self.peers.iter().map(rate).max_by(f64::total_cmp)?;
        Some(self.ours.rows_per_second() / best)
    }

    /// F2: accesses that our sightings need a second, by what memory gives when many are under way.
    pub(super) fn of_memory(&self) -> f64 {
        self.ours.sightings_per_cpu_second() * LINES_TOUCHED / self.dram.independent
    }

    /// Everything, for machines.
    pub(super) fn json(&self) -> Value {
        let elsewhere: Vec<Value> = self
            .elsewhere
            .iter()
            .map(|other| json!({"measured": other, "ratio_to_best_peer_per_core": other.ratio()}))
            .collect();
        json!({
            "ratio_to_best_peer_per_core": self.ratio(),
            "ratio_to_best_peer_with_alerts_told": self.told_ratio(),
            "ratio_to_best_peer_on_the_wall": self.wall_ratio(),
            "rows_per_cpu_second": self.ours.rows_per_cpu_second(),
            "rows_told_per_cpu_second": self.ours.rows_told_per_cpu_second(),
            "sightings_per_cpu_second": self.ours.sightings_per_cpu_second(),
            "of_independent_accesses": self.of_memory(),
            "how": "ours: the middle run, by CPU time of the shard's thread; peers: the best run, by the better of wall time by thread and \
                    CPU time of the feeding threads, garbage collection and compilation not counted; ratios within this run",
            "machine": self.machine,
            "plan": self.plan,
            "lines_touched_per_sighting": LINES_TOUCHED,
            "ours": self.ours,
            "with_alerts_told": self.telling,
            "best_peer": best(&self.peers),
            "peers": self.peers,
            "other_inputs": elsewhere,
            "other_rules": self.others,
            "scaling": self.scaling,
            "hot_key": self.hot,
            "many_keys": self.many,
            "maps": self.maps,
            "memory": self.dram,
        })
    }
}
