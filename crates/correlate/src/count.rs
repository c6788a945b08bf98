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
/// From this many contributions on a key is judged at most once in [`HOT_MS`]: judging costs in proportion to them.
pub const HOT_CONTRIBUTIONS: usize = 1_000;
/// How often a hot key is judged at most, in milliseconds of log time.
pub const HOT_MS: u64 = 1_000;

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
    /// When rooms must be judged next, each by itself: an overlay must not change when, or in which order, others are judged.
    due: BTreeSet<Due>,
    retired: Vec<KeyHash>,
}

/// When, which key, and of which recipient list; none for the pool.
type Due = (Timestamp, KeyHash, Option<Recipients>);

/// One key with all its compartments.
#[derive(Debug)]
struct Group {
    rule: u16,
    realm: Realm,
    key: Arc<[KeyField]>,
    pool: Room,
    overlays: BTreeMap<Recipients, Room>,
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
        let change = group.room_mut(list.as_ref()).upsert(sighting.contribution);
        if change != Change::None {
            group.touch(list.as_ref(), &change, self.watermark, rule);
            if !self.replaying {
                let rooms = list.map_or(Rooms::All, |list| Rooms::Of(Some(list)));
                group.judge_due(&rooms, &judging, emit);
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
        while let Some((due, key_hash, list)) = self.due.pop_first() {
            if due > self.watermark {
                self.due.insert((due, key_hash, list));
                break;
            }
            self.judge(key_hash, Rooms::Of(list), emit);
        }
    }

    /// The log has been read up to where it was at the start: judges everything, and from now on at once.
    pub fn settle(&mut self, emit: &mut Vec<Finding>) {
        self.replaying = false;
        // What was told before the restart may not hold any more: a key says so even where it finds nothing.
        self.groups.values_mut().for_each(|group| group.answer_for_the_past());
        self.flush(emit);
    }

    /// Judges every key that has changed since it was last judged, whatever could wait.
    pub fn flush(&mut self, emit: &mut Vec<Finding>) {
        let mut all: Vec<KeyHash> = self.groups.keys().copied().collect();
        all.sort_unstable();
        for key_hash in all {
            if let Some(group) = self.groups.get_mut(&key_hash) {
                group.hurry();
                self.judge(key_hash, Rooms::All, emit);
            }
        }
    }

    /// Judges what is due of a key, and lets go of it when nothing of it is left.
    fn judge(&mut self, key_hash: KeyHash, rooms: Rooms, emit: &mut Vec<Finding>) {
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
        group.judge_due(&rooms, &judging, emit);
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
        reschedule(&mut self.due, key_hash, None, &mut group.pool);
        for (list, room) in &mut group.overlays {
            reschedule(&mut self.due, key_hash, Some(list), room);
        }
    }
}

/// Which rooms of a key are judged, if their time has come.
enum Rooms {
    All,
    Of(Option<Recipients>),
}

impl Rooms {
    fn include(&self, list: Option<&Recipients>) -> bool {
        match self {
            Self::All => true,
            Self::Of(one) => one.as_ref() == list,
        }
    }
}

fn reschedule(due: &mut BTreeSet<Due>, key_hash: KeyHash, list: Option<&Recipients>, room: &mut Room) {
    let (was, is) = room.reschedule();
    if let Some(time) = was.filter(|_| was != is) {
        due.remove(&(time, key_hash, list.cloned()));
    }
    due.extend(is.map(|time| (time, key_hash, list.cloned())));
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
            Some(_) => {
                let pool = self.pool.contributions().len();
                self.room_mut(list).touch(change, watermark, rule, pool);
            }
            None => {
                self.pool.touch(change, watermark, rule, 0);
                let pool = self.pool.contributions().len();
                let overlays = self.overlays.values_mut();
                overlays.for_each(|overlay| overlay.touch(change, watermark, rule, pool));
            }
        }
    }

    fn hurry(&mut self) {
        self.pool.hurry();
        self.overlays.values_mut().for_each(Room::hurry);
    }

    fn answer_for_the_past(&mut self) {
        self.pool.answer_for_the_past();
        self.overlays.values_mut().for_each(Room::answer_for_the_past);
    }

    /// Judges those of the rooms whose time has come.
    fn judge_due(&mut self, rooms: &Rooms, judging: &Judging<'_>, emit: &mut Vec<Finding>) {
        if rooms.include(None) && self.pool.is_due(judging.watermark) {
            let compartment = Compartment::pool(self.realm);
            let subject = subject(judging, &compartment, &self.key);
            emit.extend(self.pool.judge(&subject, None, judging));
        }
        self.judge_overlays(rooms, judging, emit);
        self.overlays.values_mut().for_each(|room| room.let_go(Timestamp::END));
        self.overlays.retain(|_, room| !room.contributions().is_empty());
        let overlays_need = self.overlays.values().map(Room::kept_from).min();
        self.pool.let_go(overlays_need.unwrap_or(Timestamp::END));
    }

    fn judge_overlays(&mut self, rooms: &Rooms, judging: &Judging<'_>, emit: &mut Vec<Finding>) {
        for (list, room) in &mut self.overlays {
            if rooms.include(Some(list)) && room.is_due(judging.watermark) {
                let compartment = Compartment {
                    realm: self.realm,
                    recipients: Some(Arc::clone(list)),
                };
                let subject = subject(judging, &compartment, &self.key);
                emit.extend(room.judge(&subject, Some(&self.pool), judging));
            }
        }
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
