//! Overlays: what reports for named recipients say, on top of what their pool says.
//!
//! A key with overlays has a shadow: its overlays, and a copy of its pool that they read. The pool itself is counted elsewhere, in the same
//! way whether or not there is a shadow, so that nothing of an overlay can show in it: not a finding, nor when one is made.

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::{KeyHash, Realm, Recipients, Secret, Timestamp};
use serde::{Deserialize, Serialize};

use super::group::{Group, Rooms};
use super::room::RoomState;
use super::{Judging, Plan, Times};
use crate::finding::Finding;
use crate::keyed_map::KeyedMap;
use crate::sighting::Sighting;

/// When, which key, and of which recipient list; none for the copy of the pool.
type Due = (Timestamp, KeyHash, Option<Recipients>);

/// The shadows of a shard's keys.
#[derive(Debug, Default)]
pub(super) struct Shadows {
    shadows: KeyedMap<KeyHash, Box<Shadow>>,
    due: BTreeSet<Due>,
}

#[derive(Debug)]
struct Shadow {
    rule: u16,
    realm: Realm,
    key: Arc<str>,
    group: Group,
}

/// What a snapshot holds of a shadow.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ShadowState {
    pub(super) key_hash: KeyHash,
    rule: u16,
    realm: Realm,
    key: Arc<str>,
    pool: RoomState,
    overlays: Vec<(Recipients, RoomState)>,
}

/// What judging a shadow needs of its shard.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) secret: &'a Secret,
    pub(super) rules: &'a [Plan],
    pub(super) times: Times,
    pub(super) replaying: bool,
}

impl<'a> Sight<'a> {
    /// What judging a key of a rule needs.
    pub(super) fn judging(&self, rule: u16, key_hash: KeyHash, at: Timestamp) -> Judging<'a> {
        let plan = &self.rules[usize::from(rule)];
        Judging {
            secret: self.secret,
            rule: &plan.rule,
            key_hash,
            settled_ms: plan.settled_ms,
            watermark: self.times.watermark,
            confirmed: self.times.confirmed,
            at,
        }
    }
}

impl Shadows {
    pub(super) fn hold(&self, key_hash: KeyHash) -> bool {
        self.shadows.contains_key(&key_hash)
    }

    /// Begins the shadow of a key whose pool is this now.
    pub(super) fn begin(&mut self, sighting: &Sighting, pool: RoomState) {
        let (realm, key) = (sighting.compartment.realm, Arc::clone(&sighting.key));
        let shadow = Shadow {
            rule: sighting.rule,
            realm,
            group: Group::restore(realm, Arc::clone(&key), pool, vec![]),
            key,
        };
        self.shadows.insert(sighting.key_hash, Box::new(shadow));
    }

    /// Takes a sighting, of an overlay or of the pool, if its key has a shadow.
    pub(super) fn apply(&mut self, at: Timestamp, sighting: Sighting, sight: Sight<'_>, emit: &mut Vec<Finding>) {
        let key_hash = sighting.key_hash;
        let Some(shadow) = self.shadows.get_mut(&key_hash) else {
            return;
        };
        let judging = sight.judging(shadow.rule, key_hash, at);
        let from = emit.len();
        shadow.group.apply(sighting, &judging, sight.replaying, emit);
        keep_overlays(emit, from);
        self.schedule(key_hash);
    }

    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, ..)| *due)
    }

    /// Judges what is due, `left` keys at most; returns the keys of which nothing is left.
    pub(super) fn judge_due(&mut self, sight: Sight<'_>, left: &mut usize, emit: &mut Vec<Finding>) -> Vec<KeyHash> {
        let mut gone = vec![];
        while *left > 0
            && let Some(entry) = self.due.first()
            && entry.0 <= sight.times.watermark
        {
            *left -= 1;
            let Some((_, key_hash, list)) = self.due.pop_first() else {
                break;
            };
            if self.judge(key_hash, &Rooms::Of(list), sight, emit) {
                gone.push(key_hash);
            }
        }
        gone
    }

    /// Judges everything that has changed; returns the keys of which nothing is left.
    pub(super) fn flush(&mut self, sight: Sight<'_>, emit: &mut Vec<Finding>) -> Vec<KeyHash> {
        let mut all: Vec<KeyHash> = self.shadows.keys().copied().collect();
        all.sort_unstable();
        all.retain(|key_hash| {
            self.shadows
                .get_mut(key_hash)
                .into_iter()
                .for_each(|shadow| shadow.group.hurry());
            self.judge(*key_hash, &Rooms::All, sight, emit)
        });
        all
    }

    /// The next judgements answer for what was told before a restart.
    pub(super) fn answer_for_the_past(&mut self) {
        let shadows = self.shadows.values_mut();
        shadows.for_each(|shadow| shadow.group.answer_for_the_past());
    }

    /// Judges what is due of a key; whether nothing of it is left.
    fn judge(&mut self, key_hash: KeyHash, rooms: &Rooms, sight: Sight<'_>, emit: &mut Vec<Finding>) -> bool {
        let Some(shadow) = self.shadows.get_mut(&key_hash) else {
            return false;
        };
        let judging = sight.judging(shadow.rule, key_hash, sight.times.watermark);
        let from = emit.len();
        shadow.group.judge_due(rooms, &judging, emit);
        keep_overlays(emit, from);
        let gone = shadow.group.has_no_overlays();
        self.schedule(key_hash);
        if gone && let Some(mut shadow) = self.shadows.remove(&key_hash) {
            shadow
                .group
                .unschedule(|list, time| _ = self.due.remove(&(time, key_hash, list.cloned())));
        }
        gone
    }

    fn schedule(&mut self, key_hash: KeyHash) {
        let Some(shadow) = self.shadows.get_mut(&key_hash) else {
            return;
        };
        shadow.group.reschedule(|list, (was, is)| {
            if let Some(time) = was.filter(|_| was != is) {
                self.due.remove(&(time, key_hash, list.cloned()));
            }
            self.due.extend(is.map(|time| (time, key_hash, list.cloned())));
        });
    }

    /// What a snapshot holds.
    pub(super) fn states(&self) -> impl Iterator<Item = ShadowState> + '_ {
        self.shadows.iter().map(|(key_hash, shadow)| {
            let (pool, overlays) = shadow.group.state();
            ShadowState {
                key_hash: *key_hash,
                rule: shadow.rule,
                realm: shadow.realm,
                key: Arc::clone(&shadow.key),
                pool,
                overlays,
            }
        })
    }

    pub(super) fn restore(&mut self, state: ShadowState) {
        let shadow = Shadow {
            rule: state.rule,
            realm: state.realm,
            group: Group::restore(state.realm, Arc::clone(&state.key), state.pool, state.overlays),
            key: state.key,
        };
        self.shadows.insert(state.key_hash, Box::new(shadow));
        self.schedule(state.key_hash);
    }
}

/// The copy of a pool says nothing itself.
fn keep_overlays(emit: &mut Vec<Finding>, from: usize) {
    let mut place = 0;
    emit.retain(|finding| {
        place += 1;
        place <= from || !finding.compartment.is_pool()
    });
}
