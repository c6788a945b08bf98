use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::{Accepted, Alert, AlertId, Secret, Timestamp};

use super::policy::LinkPolicy;
use super::{LinkState, Linker};
use crate::assess::Assess;
use crate::count::Retired;
use crate::finding::Finding;

/// Format of linking's part of a snapshot. It changes with the definition too: clusters of another one are not gone on with.
const FORMAT: u32 = 2;

/// Linking and its alerts' revisions: the owner of all campaigns.
#[derive(Debug)]
pub struct LinkShard {
    linker: Linker,
    assess: Assess,
    findings: Vec<Finding>,
    /// Campaigns that were ever told: the end of one that came and went between two marks concerns nobody.
    told: BTreeSet<AlertId>,
}

/// Why a snapshot of linking is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkSnapshotError {
    /// Damaged, or of another version.
    #[error("linking's part of the snapshot is not readable by this version: {0}")]
    Unreadable(String),
    /// Taken under a policy that links differently.
    #[error("linking's part of the snapshot was taken under another policy")]
    OtherPolicy,
}

impl LinkShard {
    /// Starts empty and replaying: nothing is told before [`LinkShard::settle`]. `epoch` is above every earlier owner's.
    #[must_use]
    pub fn new(secret: Secret, policy: Arc<LinkPolicy>, epoch: u64) -> Self {
        Self {
            linker: Linker::new(secret, policy),
            assess: Assess::new(epoch),
            findings: vec![],
            told: BTreeSet::new(),
        }
    }

    /// Goes on from a snapshot.
    ///
    /// # Errors
    /// When it cannot serve: the log is read from the beginning instead.
    pub fn restore(
        secret: Secret,
        policy: Arc<LinkPolicy>,
        epoch: u64,
        bytes: &[u8],
    ) -> Result<Self, LinkSnapshotError> {
        let unreadable = |error: postcard::Error| LinkSnapshotError::Unreadable(error.to_string());
        let (format, rest) = postcard::take_from_bytes::<u32>(bytes).map_err(unreadable)?;
        if format != FORMAT {
            return Err(LinkSnapshotError::Unreadable(format!("format {format}")));
        }
        let (was, rest) = postcard::take_from_bytes::<LinkPolicy>(rest).map_err(unreadable)?;
        if was != *policy {
            return Err(LinkSnapshotError::OtherPolicy);
        }
        let state: LinkState = postcard::from_bytes(rest).map_err(unreadable)?;
        let mut shard = Self::new(secret.clone(), Arc::clone(&policy), epoch);
        shard.linker = Linker::restore(secret, policy, state);
        Ok(shard)
    }

    /// A snapshot of now. It is valid once everything emitted is durable.
    ///
    /// # Errors
    /// When the state cannot be encoded.
    pub fn snapshot(&self) -> Result<Vec<u8>, LinkSnapshotError> {
        let whole = (FORMAT, &*self.linker.policy, self.linker.state());
        postcard::to_stdvec(&whole).map_err(|error| LinkSnapshotError::Unreadable(error.to_string()))
    }

    /// Learns what was told before.
    pub fn recall(&mut self, alert: Alert) {
        self.told.insert(alert.id);
        self.assess.recall(alert);
    }

    /// Takes one accepted revision at its log time.
    pub fn take(&mut self, at: Timestamp, accepted: &Accepted) {
        self.linker.take(at, accepted);
    }

    /// Log time has passed `watermark` in every partition.
    pub fn advance(&mut self, watermark: Timestamp, emit: &mut Vec<Alert>) {
        self.linker.advance(watermark, &mut self.findings);
        self.assess_all(emit);
        if !self.linker.is_replaying() {
            self.assess.advance(watermark, emit);
            let retired: Vec<_> = self.linker.drain_retired().collect();
            for key_hash in retired {
                self.assess.forget(Retired { key_hash, pool: true }, emit);
            }
        }
    }

    /// The log has been read up to where it was at the start.
    pub fn settle(&mut self, emit: &mut Vec<Alert>) {
        self.linker.settle(&mut self.findings);
        self.assess_all(emit);
        let known = self.linker.keys();
        self.assess.keep(|key_hash, _| known.contains(&key_hash), emit);
    }

    /// Tells everything that could wait.
    pub fn flush(&mut self, emit: &mut Vec<Alert>) {
        self.assess.flush(emit);
    }

    /// The pure part.
    #[must_use]
    pub fn linker(&self) -> &Linker {
        &self.linker
    }

    fn assess_all(&mut self, emit: &mut Vec<Alert>) {
        for mut finding in self.findings.drain(..) {
            let told = &mut self.told;
            finding
                .alerts
                .retain(|alert| told.contains(&alert.id) || (alert.campaign.is_some() && told.insert(alert.id)));
            if finding.alerts.is_empty() {
                continue;
            }
            self.assess.apply(finding, emit);
        }
    }
}
