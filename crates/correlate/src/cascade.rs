//! Cascades: a sector of a country is hit, and what depends on it is warned.
//!
//! A *node* is a sector in a country. Enough reports by enough members that a node is hit make it the *root* of an episode. What depends on the
//! root, by the installation's [`Dependencies`], is warned for as long as they say; a warned node that is then reported to be hit as well is
//! *confirmed*, and what depends on that one is warned too. So a path holds as far as each of its nodes but the last is hit. There is an alert for
//! each country in which an episode warns, so that each is told of its own.
//!
//! All of it happens behind the watermark, revision by revision in the order of (log time, incident, revision), so the state is a function of
//! the set of records stamped before the watermark. `tests/oracle/cascades.py` is that function.
//!
//! Only reports that may be shared count; match-only reports, reports for named recipients and backfill do not. What is exercised raises warnings
//! among exercises alone.

mod dependencies;
mod policy;
mod report;
mod shard;
mod situation;
mod spread;
mod standing;
mod tell;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_model::{Accepted, Alert, CascadeNode, Country, KeyHash, Realm, Rule, Secret, Timestamp};
use serde::{Deserialize, Serialize};

pub use dependencies::{Connection, Dependencies, Dependency, DependencyError, Dependent, WARNED_HOURS};
pub use policy::{CASCADE_REPORTS, CASCADE_RULE, CASCADE_WINDOW_HOURS, CascadePolicy};
pub use shard::{CascadeShard, CascadeSnapshotError};

use crate::finding::Finding;
use crate::last_words::LastWords;
use crate::order::{Next, Order, Report};
use crate::whole::Detector;
use report::Counts;
use situation::{Situation, Stake};

/// The root of an episode, and a country in which it warns.
type Key = (Realm, CascadeNode, Country);

/// Watches what is hit in an installation. One instance: a path runs over nodes that no key parts.
#[derive(Debug)]
pub struct Cascades {
    secret: Secret,
    policy: Arc<CascadePolicy>,
    rule: Arc<Rule>,
    state: CascadeState,
    /// Log time up to which all was told.
    told: Timestamp,
    last_words: LastWords<Key>,
    /// Nothing is told while the log is read again.
    replaying: bool,
}

/// What a snapshot holds of cascades.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct CascadeState {
    /// Of each incident the nodes on which it ever counted.
    order: Order<Counts, Vec<Stake>>,
    watermark: Timestamp,
    situations: BTreeMap<Realm, Situation>,
}

impl Cascades {
    /// Starts empty and replaying: nothing is found before it settles.
    #[must_use]
    pub fn new(secret: Secret, policy: Arc<CascadePolicy>) -> Self {
        Self::restore(secret, policy, CascadeState::default())
    }

    /// Goes on from a snapshot taken under the same policy.
    pub(crate) fn restore(secret: Secret, policy: Arc<CascadePolicy>, state: CascadeState) -> Self {
        Self {
            secret,
            rule: Arc::new(policy.rule()),
            policy,
            told: state.watermark,
            state,
            last_words: LastWords::default(),
            replaying: true,
        }
    }

    pub(crate) fn state(&self) -> &CascadeState {
        &self.state
    }

    /// Takes one accepted revision at its log time, in any order that keeps each partition's. It counts once the watermark has passed it,
    /// unless it is an exercise where the incident's first revision is none, or the other way.
    pub fn take(&mut self, at: Timestamp, accepted: &Accepted) {
        let report = Report::of(accepted, Counts::of(&self.policy, accepted));
        self.state.order.take(at, report);
    }

    fn count_next(&mut self) {
        let Some(Next {
            at,
            incident,
            realm,
            counts,
            kept,
            ..
        }) = self.state.order.pop()
        else {
            return;
        };
        if counts.is_none() && kept.is_empty() {
            return; // nothing changes
        }
        let mut stakes = std::mem::take(kept);
        self.end_before(realm, at);
        let situation = self.state.situations.entry(realm).or_default();
        situation.take(&self.policy, (at, incident), &mut stakes, counts.as_ref());
        self.state.order.keep(incident, stakes);
    }

    /// Episodes that have ended before `at` are over.
    fn end_before(&mut self, realm: Realm, at: Timestamp) {
        let Some(situation) = self.state.situations.get_mut(&realm) else {
            return;
        };
        for root in situation.ended_before(&self.policy, at) {
            self.end(realm, root);
        }
    }

    fn end(&mut self, realm: Realm, root: CascadeNode) {
        let Some(situation) = self.state.situations.get(&realm) else {
            return;
        };
        let Some(episode) = situation.episode(root) else { return };
        let after = episode.ends().plus(1);
        let alerts = episode.countries.iter().map(|country| {
            let key = (realm, root, country);
            (key, self.alert(key, situation, episode, after))
        });
        for (key, alert) in alerts.collect::<Vec<_>>() {
            self.last_words.add(key, alert);
        }
        if let Some(situation) = self.state.situations.get_mut(&realm) {
            situation.close(root);
        }
    }

    fn tell(&mut self, emit: &mut Vec<Finding>) {
        let mut keys: BTreeSet<Key> = self.last_words.ended().collect();
        for (realm, situation) in &mut self.state.situations {
            for root in situation.news(&self.policy, self.state.watermark, self.told) {
                let countries = situation.episode(root).map(|episode| episode.countries);
                keys.extend(
                    countries
                        .iter()
                        .flat_map(|countries| countries.iter().map(|country| (*realm, root, country))),
                );
            }
        }
        self.told = self.state.watermark;
        for key in keys {
            let ended = self.last_words.take(key);
            emit.extend(self.finding(key, ended));
        }
    }
}

impl Detector for Cascades {
    fn advance(&mut self, watermark: Timestamp, emit: &mut Vec<Finding>) {
        self.state.watermark = self.state.watermark.max(watermark);
        while self.state.order.next_at().is_some_and(|at| at < watermark) {
            self.count_next();
        }
        for realm in [Realm::Live, Realm::Exercise] {
            self.end_before(realm, watermark);
        }
        if !self.replaying {
            self.tell(emit);
        }
        for situation in self.state.situations.values_mut() {
            situation.forget(&self.policy, watermark);
        }
    }

    fn settle(&mut self, emit: &mut Vec<Finding>) {
        self.replaying = false;
        self.state.situations.values_mut().for_each(Situation::renew);
        self.tell(emit);
    }

    fn look_on(&mut self) {
        self.replaying = true;
    }

    fn is_replaying(&self) -> bool {
        self.replaying
    }

    fn forget_last_words(&mut self, alert: &Alert) {
        self.last_words.forget(alert);
    }

    fn keys(&self) -> BTreeSet<KeyHash> {
        let known = self.state.keys().chain(self.last_words.keys());
        known.map(|key| self.key_hash(key)).collect()
    }

    fn drain_retired(&mut self) -> Vec<KeyHash> {
        let on: BTreeSet<Key> = self.state.keys().collect();
        let over = self.last_words.drain_retired(|key| on.contains(&key));
        let over: Vec<Key> = over.collect();
        over.into_iter().map(|key| self.key_hash(key)).collect()
    }
}

#[cfg(test)]
mod tests;
