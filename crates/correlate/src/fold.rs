//! Fold: revisions of incidents into sightings. One instance per partition of the log; all revisions of an incident share a partition.

mod folded;
mod revision;

use std::collections::BTreeMap;
use std::sync::Arc;

use chappe_model::{Accepted, IncidentId, MemberId, Policy, Secret, Timestamp};
use serde::{Deserialize, Serialize};

use self::folded::{Folded, Said};
use self::revision::Revision;
use crate::choir::Choir;
use crate::live::LiveCounts;
use crate::parted_map::PartedMap;
use crate::sighting::Sighting;

/// Folds the incidents of one partition, in log order.
#[derive(Debug)]
pub struct Fold {
    secret: Secret,
    policy: Arc<Policy>,
    state: FoldState,
    /// So that reports that say the same share one voice: a shard then knows it by its address.
    choir: Choir,
    /// Of the open contributions of `state`.
    live: LiveCounts,
}

/// What a snapshot holds of a fold.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct FoldState {
    /// Boxed, so that little moves when the table grows.
    incidents: PartedMap<IncidentId, Box<Folded>>,
    /// When contributions can no longer be revised, and their voices may go.
    freezing: BTreeMap<Timestamp, Vec<IncidentId>>,
}

impl FoldState {
    fn open(&self) -> impl Iterator<Item = &Said> {
        self.incidents.values().flat_map(|folded| folded.open())
    }
}

impl Fold {
    /// Starts empty.
    #[must_use]
    pub fn new(secret: Secret, policy: Arc<Policy>) -> Self {
        Self::restore(secret, policy, FoldState::default())
    }

    /// Goes on from a snapshot taken under the same rules.
    #[must_use]
    pub fn restore(secret: Secret, policy: Arc<Policy>, state: FoldState) -> Self {
        Self {
            secret,
            policy,
            live: state.open().map(Said::reporter).collect(),
            state,
            choir: Choir::default(),
        }
    }

    /// What a snapshot holds.
    #[must_use]
    pub fn state(&self) -> &FoldState {
        &self.state
    }

    /// The contributions that a revision may still change, by member: who has any, and how many.
    pub fn live(&self) -> impl Iterator<Item = (&MemberId, u64)> {
        self.live.iter()
    }

    /// Takes one accepted revision at its log time, which never falls within the partition, and emits the sightings that changed.
    /// A revision seen before changes nothing, whatever it says, nor does one that is an exercise where the first was none, or the other way:
    /// the first in the log stands, since only the log decides between the processes that append to it.
    pub fn apply(&mut self, time: Timestamp, accepted: &Accepted, emit: &mut Vec<Sighting>) {
        let said_now = Revision::new(&self.secret, &self.policy, &mut self.choir, time, accepted);
        let folded = self
            .state
            .incidents
            .get_or_insert_with(accepted.id, || Box::new(Folded::before(&said_now)));
        if !folded.take(&said_now) {
            return;
        }
        folded.revise(&said_now, &self.policy, emit);
        let (opened, frozen_at) = folded.add(&said_now, &self.policy, emit);
        self.live.open(&accepted.reporter, opened);
        for until in frozen_at {
            self.state.freezing.entry(until).or_default().push(accepted.id);
        }
    }

    /// Log time has passed `watermark` in every partition: lets go of what no revision can change any more.
    pub fn advance(&mut self, watermark: Timestamp) {
        let still_open = self.state.freezing.split_off(&watermark);
        for incident in std::mem::replace(&mut self.state.freezing, still_open)
            .into_values()
            .flatten()
        {
            if let Some(folded) = self.state.incidents.get_mut(&incident) {
                folded.freeze(&self.policy, watermark, |reporter| self.live.freeze(reporter));
            }
        }
    }
}
