//! Labelled campaigns: reports with the campaign each belongs to, from a seed. The labels come out beside the reports and never go into the
//! core. The seeds to tune on and the seeds to judge with are apart, and were fixed before the linker was written.

mod draw;
mod poison;
mod values;

use std::collections::BTreeMap;
use std::ops::Range;

use chappe_model::{Accepted, IncidentId, Timestamp};

pub use poison::{Attack, poisoned};

/// Seeds that parameters may be tuned on.
pub const TUNING_SEEDS: Range<u64> = 0..10;
/// Seeds that results are reported on. Nothing is tuned on them.
pub const JUDGING_SEEDS: Range<u64> = 1_000..1_020;

/// An hour in milliseconds.
const HOUR_MS: u64 = 3_600_000;
/// A day in milliseconds.
const DAY_MS: u64 = 24 * HOUR_MS;

/// Parameters of a labelled history. [`Landscape::default`] is the one that figures are reported on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landscape {
    /// Incidents, at least; the last campaign may go over by its size.
    pub incidents: usize,
    /// Of these, incidents that belong to no campaign, in percent.
    pub background_percent: u64,
    /// Length of the history in days.
    pub days: u64,
    /// Sizes of campaigns: from 2 to this, with the density of a power law of exponent 2, so that half of all campaigns have 2 or 3 incidents
    /// and the largest hold a large part of all incidents.
    pub largest_campaign: usize,
    /// Campaigns that use one value of another campaign's infrastructure, in percent.
    pub sharing_percent: u64,
    /// Chance, in percent, that an indicator of a report comes with a common value: a content delivery network, a public resolver, a
    /// mail gateway. Half of them are common to all members, half are the reporter's own.
    pub noise_percent: u64,
    /// Incidents whose report is withdrawn later, in percent. They are not judged.
    pub retracted_percent: u64,
    /// Incidents whose report is revised with more values within two days, in percent.
    pub revised_percent: u64,
    /// Reports of [`HUB_MEMBER`] that each carry the values of several campaigns of the days before.
    pub hubs: usize,
}

impl Default for Landscape {
    fn default() -> Self {
        Self {
            incidents: 10_000,
            background_percent: 30,
            days: 180,
            largest_campaign: 500,
            sharing_percent: 20,
            noise_percent: 1,
            retracted_percent: 2,
            revised_percent: 5,
            hubs: 50,
        }
    }
}

/// The member that injects hubs: its reports tie campaigns together that have nothing to do with each other.
pub const HUB_MEMBER: usize = 26;

/// A history and, apart from it, the truth about it.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// Every revision with its log time, in order of log time.
    pub reports: Vec<(Timestamp, Accepted)>,
    /// For each incident that stands at the end and is to be judged: its campaign, or none. Injected hubs have no entry.
    pub labels: BTreeMap<IncidentId, Option<u32>>,
}

impl Landscape {
    /// The history of a seed.
    #[must_use]
    pub fn generate(&self, seed: u64) -> Labelled {
        draw::Draw::new(*self, seed).run()
    }
}
