//! Count: sightings into findings. One instance per shard, which owns its keys; all compartments of a key are on the same shard, because
//! an overlay reads its pool.

mod room;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_model::{Compartment, KeyField, KeyHash, Policy, Realm, Recipients, Rule, Secret, Timestamp};
use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::keyed_map::KeyedMap;
use crate::shard::shard_of;
use crate::sighting::Sighting;
use crate::subject::Subject;
use room::{Change, Room, RoomState};

/// Count-only changes are judged at most this often, in milliseconds of log time.
pub const COALESCE_MS: u64 = 30_000;

/// Counts the sightings of one shard's keys.
#[derive(Debug)]
pub struct Count {
    secret: Secret,
    policy: Arc<Policy>,
    watermark: Timestamp,
    /// While the log is read again after a restart nothing is judged: states between would be older than what was told already.
    replaying: bool,
    /// Boxed, so that the table grows without moving what it holds.
    groups: KeyedMap<KeyHash, Box<Group>>,
    due: BTreeSet<(Timestamp, KeyHash)>,
    retired: Vec<KeyHash>,
}

/// One key with all its compartments.
#[derive(Debug)]
struct Group {
    rule: u16,
    realm: Realm,
    key: Arc<[KeyField]>,
    pool: Room,
    overlays: BTreeMap<Recipients, Room>,
    due: Option<Timestamp>,
}

/// What a snapshot holds of a count.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct CountState {
    watermark: Timestamp,
    groups: Vec<GroupState>,
}

#[derive(Debug, Serialize, Deserialize)]
struct GroupState {
    key_hash: KeyHash,
    rule: u16,
    realm: Realm,
    key: Arc<[KeyField]>,
    pool: RoomState,
    overlays: Vec<(Recipients, RoomState)>,
}

impl CountState {
    /// The state of each of `shards` shards, by their keys.
    #[must_use]
    pub fn split(self, shards: usize) -> Vec<Self> {
        let mut parts: Vec<Self> = (0..shards.max(1))
            .map(|_| Self {
                watermark: self.watermark,
                groups: vec![],
            })
            .collect();
        for group in self.groups {
            parts[shard_of(group.key_hash, shards)].groups.push(group);
        }
        parts
    }
}

impl Count {
    /// Starts empty, replaying.
    #[must_use]
    pub fn new(secret: Secret, policy: Arc<Policy>) -> Self {
        Self {
            secret,
            policy,
            watermark: Timestamp::ZERO,
            replaying: true,
            groups: KeyedMap::default(),
            due: BTreeSet::new(),
            retired: vec![],
        }
    }

    /// Adds what a snapshot holds of this shard's keys, see [`CountState::split`].
    pub fn restore(&mut self, state: CountState) {
        self.watermark = self.watermark.max(state.watermark);
        for group in state.groups {
            let overlays = group
                .overlays
                .into_iter()
                .map(|(list, room)| (list, Room::restore(room)))
                .collect();
            let restored = Group {
                rule: group.rule,
                realm: group.realm,
                key: group.key,
                pool: Room::restore(group.pool),
                overlays,
                due: None,
            };
            self.groups.insert(group.key_hash, Box::new(restored));
        }
    }

    /// What a snapshot holds.
    #[must_use]
    pub fn state(&self) -> CountState {
        let groups = self.groups.iter().map(|(key_hash, group)| GroupState {
            key_hash: *key_hash,
            rule: group.rule,
            realm: group.realm,
            key: Arc::clone(&group.key),
            pool: group.pool.state(),
            overlays: group
                .overlays
                .iter()
                .map(|(list, room)| (Arc::clone(list), room.state()))
                .collect(),
        });
        CountState {
            watermark: self.watermark,
            groups: groups.collect(),
        }
    }

    /// Keys let go of since the last call and not seen again: nothing about them can change any more.
    pub fn drain_retired(&mut self) -> impl Iterator<Item = KeyHash> + '_ {
        let groups = &self.groups;
        self.retired.drain(..).filter(|key_hash| !groups.contains_key(key_hash))
    }

    /// Whether anything about a key can still change.
    #[must_use]
    pub fn holds(&self, key_hash: KeyHash) -> bool {
        self.groups.contains_key(&key_hash)
    }

    /// Whether the log is still being read again.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.replaying
    }

    /// Contributions held: what the memory budget is counted in.
    #[must_use]
    pub fn contributions(&self) -> usize {
        self.groups
            .values()
            .map(|g| {
                g.pool.contributions().len()
                    + g.overlays
                        .values()
                        .map(|room| room.contributions().len())
                        .sum::<usize>()
            })
            .sum()
    }

    /// Takes a sighting stamped at log time `at`; judges the key at once unless only counts can have changed.
    pub fn apply(&mut self, at: Timestamp, sighting: Sighting, emit: &mut Vec<Finding>) {
        let key_hash = sighting.key_hash;
        let group = self
            .groups
            .entry(key_hash)
            .or_insert_with(|| Box::new(Group::new(&sighting)));
        let rule = &self.policy.rules()[usize::from(group.rule)];
        let judging = Judging {
            secret: &self.secret,
            rule,
            key_hash,
            settled_ms: self.policy.settled_ms(rule),
            watermark: self.watermark,
            at,
        };
        let list = sighting.compartment.recipients.clone();
        let change = group.room_mut(list.as_ref()).upsert(rule, sighting.contribution);
        if change != Change::None {
            group.touch(list.as_ref(), &change, self.watermark, rule);
            if !self.replaying {
                group.judge_due(&judging, emit);
            }
        }
        self.schedule(key_hash);
    }

    /// Log time has passed `watermark` in every partition: judges what is due, and lets go of what can no longer change.
    pub fn advance(&mut self, watermark: Timestamp, emit: &mut Vec<Finding>) {
        self.watermark = self.watermark.max(watermark);
        if self.replaying {
            return;
        }
        while let Some(&(due, key_hash)) = self.due.first().filter(|(due, _)| *due <= self.watermark) {
            self.due.remove(&(due, key_hash));
            if let Some(group) = self.groups.get_mut(&key_hash) {
                group.due = None;
                self.judge(key_hash, emit);
            }
        }
    }

    /// The log has been read up to where it was at the start: judges everything, and from now on at once.
    pub fn settle(&mut self, emit: &mut Vec<Finding>) {
        self.replaying = false;
        self.flush(emit);
    }

    /// Judges every key that has changed since it was last judged, whatever could wait.
    pub fn flush(&mut self, emit: &mut Vec<Finding>) {
        let mut all: Vec<KeyHash> = self.groups.keys().copied().collect();
        all.sort_unstable();
        for key_hash in all {
            if let Some(group) = self.groups.get_mut(&key_hash) {
                group.hurry();
                self.judge(key_hash, emit);
            }
        }
    }

    /// Judges what is due of a key, and lets go of it when nothing of it is left.
    fn judge(&mut self, key_hash: KeyHash, emit: &mut Vec<Finding>) {
        let Some(group) = self.groups.get_mut(&key_hash) else {
            return;
        };
        let rule = &self.policy.rules()[usize::from(group.rule)];
        let judging = Judging {
            secret: &self.secret,
            rule,
            key_hash,
            settled_ms: self.policy.settled_ms(rule),
            watermark: self.watermark,
            at: self.watermark,
        };
        group.judge_due(&judging, emit);
        let empty = group.is_empty();
        self.schedule(key_hash);
        if empty {
            self.groups.remove(&key_hash);
            self.retired.push(key_hash);
        }
    }

    fn schedule(&mut self, key_hash: KeyHash) {
        let Some(group) = self.groups.get_mut(&key_hash) else {
            return;
        };
        let next = group.rooms().filter_map(Room::due).min();
        if next != group.due {
            if let Some(due) = group.due {
                self.due.remove(&(due, key_hash));
            }
            self.due.extend(next.map(|due| (due, key_hash)));
            group.due = next;
        }
    }
}

/// What a judgement needs besides the contributions.
struct Judging<'a> {
    secret: &'a Secret,
    rule: &'a Arc<Rule>,
    key_hash: KeyHash,
    settled_ms: u64,
    watermark: Timestamp,
    at: Timestamp,
}

impl Group {
    fn new(sighting: &Sighting) -> Self {
        Self {
            rule: sighting.rule,
            realm: sighting.compartment.realm,
            key: Arc::clone(&sighting.key),
            pool: Room::default(),
            overlays: BTreeMap::new(),
            due: None,
        }
    }

    fn rooms(&self) -> impl Iterator<Item = &Room> {
        std::iter::once(&self.pool).chain(self.overlays.values())
    }

    fn is_empty(&self) -> bool {
        self.rooms().all(|room| room.contributions().is_empty())
    }

    fn room_mut(&mut self, list: Option<&Recipients>) -> &mut Room {
        match list {
            None => &mut self.pool,
            Some(list) => self.overlays.entry(Arc::clone(list)).or_default(),
        }
    }

    /// Notes that a room has changed, and, for the pool, every overlay, because they read it. Nothing flows from an overlay to the pool.
    fn touch(&mut self, list: Option<&Recipients>, change: &Change, watermark: Timestamp, rule: &Rule) {
        match list {
            Some(_) => self.room_mut(list).touch(change, watermark, rule),
            None => {
                self.pool.touch(change, watermark, rule);
                self.overlays
                    .values_mut()
                    .for_each(|overlay| overlay.touch(change, watermark, rule));
            }
        }
    }

    fn hurry(&mut self) {
        self.pool.hurry();
        self.overlays.values_mut().for_each(Room::hurry);
    }

    /// Judges every room whose time has come.
    fn judge_due(&mut self, judging: &Judging<'_>, emit: &mut Vec<Finding>) {
        let pool_compartment = Compartment::pool(self.realm);
        if self.pool.is_due(judging.watermark) {
            let subject = subject(judging, &pool_compartment, &self.key);
            emit.extend(self.pool.judge(&subject, None, judging));
        }
        for (list, room) in &mut self.overlays {
            if room.is_due(judging.watermark) {
                let compartment = Compartment {
                    realm: self.realm,
                    recipients: Some(Arc::clone(list)),
                };
                let subject = subject(judging, &compartment, &self.key);
                emit.extend(room.judge(&subject, Some(&self.pool), judging));
            }
        }
        let overlays_need = self
            .overlays
            .values()
            .map(Room::kept_from)
            .min()
            .unwrap_or(Timestamp::END);
        self.pool.let_go(overlays_need);
        self.overlays.values_mut().for_each(|room| room.let_go(Timestamp::END));
        self.overlays.retain(|_, room| !room.contributions().is_empty());
    }
}

fn subject<'a>(judging: &'a Judging<'_>, compartment: &'a Compartment, key: &'a Arc<[KeyField]>) -> Subject<'a> {
    Subject {
        secret: judging.secret,
        rule: judging.rule,
        compartment,
        key_hash: judging.key_hash,
        key,
    }
}
