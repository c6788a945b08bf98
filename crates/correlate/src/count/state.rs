//! What a snapshot holds of a count: the contributions, whoever holds them. The rest follows from them.

use std::sync::Arc;

use chappe_model::{KeyHash, Realm, Timestamp};
use serde::{Deserialize, Serialize};

use super::Count;
use super::group::Group;
use super::room::RoomState;
use super::shadows::ShadowState;
use super::steady::{self, Steady};
use super::table::{Cell, Held};
use crate::choir::Choir;
use crate::shard::shard_of;

/// What a snapshot holds of a count.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct CountState {
    watermark: Timestamp,
    keys: Vec<KeyState>,
    shadows: Vec<ShadowState>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeyState {
    key_hash: KeyHash,
    rule: u16,
    realm: Realm,
    key: Arc<str>,
    grouped: bool,
    pool: RoomState,
}

impl CountState {
    /// The state of each of `shards` shards, by their keys.
    #[must_use]
    pub fn split(self, shards: usize) -> Vec<Self> {
        let mut parts: Vec<Self> = (0..shards.max(1))
            .map(|_| Self {
                watermark: self.watermark,
                keys: vec![],
                shadows: vec![],
            })
            .collect();
        for key in self.keys {
            parts[shard_of(key.key_hash, shards)].keys.push(key);
        }
        for shadow in self.shadows {
            parts[shard_of(shadow.key_hash, shards)].shadows.push(shadow);
        }
        parts
    }
}

impl Count {
    /// Adds what a snapshot holds of this shard's keys, see [`CountState::split`].
    pub fn restore(&mut self, state: CountState) {
        self.watermark = self.watermark.max(state.watermark);
        let mut choir = Choir::default();
        for key in state.keys {
            if key.grouped {
                self.restore_group(key);
            } else {
                self.restore_steady(key, &mut choir);
            }
        }
        state
            .shadows
            .into_iter()
            .for_each(|shadow| self.shadows.restore(shadow));
    }

    fn restore_group(&mut self, state: KeyState) {
        let KeyState {
            key_hash,
            rule,
            realm,
            key,
            pool,
            ..
        } = state;
        let group = Group::restore(realm, Arc::clone(&key), pool, vec![]);
        let index = self.groups.add(group);
        self.table
            .insert(Cell::elsewhere(key_hash, key, rule, realm, Held::Group, index));
        self.schedule(key_hash);
    }

    fn restore_steady(&mut self, state: KeyState, choir: &mut Choir) {
        let plan = &self.rules[usize::from(state.rule)];
        let mut steady = Steady::new(&plan.rule);
        let (contributions, kept_from, final_before) = state.pool.into_parts();
        let oldest = contributions.first().map_or(Timestamp::ZERO, |first| first.time);
        for mut contribution in contributions {
            contribution.ever = choir.share_again(contribution.ever);
            contribution.now = contribution.now.map(|now| choir.share_again(now));
            let entry = steady::entry_of(&contribution, &mut self.voices);
            steady.take(entry, &plan.rule, &mut self.voices);
        }
        steady.answer_for_the_past(kept_from, final_before);
        self.expiry.add(oldest.plus(plan.settled_ms + 1), state.key_hash);
        let index = self.steadies.add(steady);
        let cell = Cell::elsewhere(state.key_hash, state.key, state.rule, state.realm, Held::Steady, index);
        self.table.insert(cell);
        self.schedule(state.key_hash);
    }

    /// What a snapshot holds.
    #[must_use]
    pub fn state(&self) -> CountState {
        CountState {
            watermark: self.watermark,
            keys: self.table.iter().map(|cell| self.key_state(cell)).collect(),
            shadows: self.shadows.states().collect(),
        }
    }

    fn key_state(&self, cell: &Cell) -> KeyState {
        KeyState {
            key_hash: cell.key(),
            rule: cell.rule,
            realm: cell.realm,
            key: cell.text(),
            grouped: cell.held == Held::Group,
            pool: self.pool_state(cell),
        }
    }

    /// The contributions of a key, whoever holds them.
    pub(super) fn pool_state(&self, cell: &Cell) -> RoomState {
        match cell.held {
            Held::Single => {
                let contribution = steady::contribution(&cell.entry(), &self.voices);
                RoomState::new(contribution.into_iter().collect(), Timestamp::ZERO, Timestamp::ZERO)
            }
            Held::Steady => {
                let steady = self.steadies.get(cell.index);
                steady.map(|steady| steady.state(&self.voices)).unwrap_or_default()
            }
            Held::Group => self
                .groups
                .get(cell.index)
                .map(|group| group.state().0)
                .unwrap_or_default(),
        }
    }
}
