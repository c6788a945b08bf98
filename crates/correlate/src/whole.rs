//! Detectors that look at all reports of an installation, because what they find has no key to be parted by: each with its alerts' revisions.

use std::collections::BTreeSet;

use chappe_model::{Alert, AlertId, AlertState, KeyHash, Timestamp};

use crate::assess::Assess;
use crate::count::Retired;
use crate::finding::Finding;

/// Finds something in all reports. Nothing is told while the log is read again; what ends meanwhile is kept as its last words.
pub(crate) trait Detector {
    /// Log time has passed `watermark` in every partition.
    fn advance(&mut self, watermark: Timestamp, emit: &mut Vec<Finding>);
    /// The log has been read up to where it was at the start: emits all that may have changed.
    fn settle(&mut self, emit: &mut Vec<Finding>);
    /// Finds nothing from here on, as after a start, until it settles.
    fn look_on(&mut self);
    /// Whether nothing is told yet.
    fn is_replaying(&self) -> bool;
    /// Another has told of the end of an alert: it needs not be told again.
    fn forget_last_words(&mut self, alert: &Alert);
    /// The keys of all that is known.
    fn keys(&self) -> BTreeSet<KeyHash>;
    /// Keys about which nothing can change any more.
    fn drain_retired(&mut self) -> Vec<KeyHash>;
}

/// A detector and its alerts' revisions: the owner of all that it finds.
#[derive(Debug)]
pub struct WholeShard<D> {
    pub(crate) detector: D,
    assess: Assess,
    findings: Vec<Finding>,
    /// What was ever told: the end of what came and went between two marks concerns nobody.
    told: BTreeSet<AlertId>,
    /// Another owner tells.
    stands_by: bool,
}

#[allow(private_bounds, reason = "the detectors are those of this crate")]
impl<D: Detector> WholeShard<D> {
    pub(crate) fn of(detector: D, epoch: u64) -> Self {
        Self {
            detector,
            assess: Assess::new(epoch),
            findings: vec![],
            told: BTreeSet::new(),
            stands_by: false,
        }
    }

    /// Tells nothing from here on: another owner does. What that one told is to be recalled, as it comes. Log time may pass as it does: what
    /// ends meanwhile is kept until the other has told of its end.
    pub fn stand_by(&mut self) {
        self.stands_by = true;
        self.detector.look_on();
        self.assess.clear();
        self.told.clear();
    }

    /// See [`crate::Shard::own`].
    pub fn own(&mut self, epoch: u64, emit: &mut Vec<Alert>) {
        self.stands_by = false;
        self.assess.own(epoch);
        self.settle(emit);
    }

    /// Learns what was told before.
    pub fn recall(&mut self, alert: Alert) {
        self.told.insert(alert.id);
        if self.stands_by && alert.state != AlertState::Open {
            self.detector.forget_last_words(&alert);
        }
        self.assess.recall(alert);
    }

    /// Log time has passed `watermark` in every partition.
    pub fn advance(&mut self, watermark: Timestamp, emit: &mut Vec<Alert>) {
        self.detector.advance(watermark, &mut self.findings);
        self.assess_all(emit);
        if !self.detector.is_replaying() {
            self.assess.advance(watermark, emit);
            for key_hash in self.detector.drain_retired() {
                let retired = Retired { key_hash, pool: true };
                if self.stands_by {
                    self.assess.forget_earlier(retired);
                } else {
                    self.assess.forget(retired, emit);
                }
            }
        }
    }

    /// The log has been read up to where it was at the start.
    pub fn settle(&mut self, emit: &mut Vec<Alert>) {
        self.detector.settle(&mut self.findings);
        self.assess_all(emit);
        let known = self.detector.keys();
        self.assess.keep(|key_hash, _| known.contains(&key_hash), emit);
    }

    /// Tells everything that could wait.
    pub fn flush(&mut self, emit: &mut Vec<Alert>) {
        self.assess.flush(emit);
    }

    fn assess_all(&mut self, emit: &mut Vec<Alert>) {
        for mut finding in self.findings.drain(..) {
            let told = &mut self.told;
            let holds = |alert: &Alert| alert.campaign.is_some() || alert.surge.is_some() || alert.cascade.is_some();
            finding
                .alerts
                .retain(|alert| told.contains(&alert.id) || (holds(alert) && told.insert(alert.id)));
            if finding.alerts.is_empty() {
                continue;
            }
            self.assess.apply(finding, emit);
        }
    }
}
