//! How a key passes from one contribution to many, and from steady to grouped.

use std::sync::Arc;

use chappe_model::{Field, KeyHash, Measure, Rule, Timestamp};

use super::group::Group;
use super::room::RoomState;
use super::scan::Entry;
use super::steady::{self, Steady};
use super::table::{Cell, Held};
use super::voices::Voices;
use super::{Count, sight};
use crate::finding::{Finding, Firing};
use crate::sighting::Sighting;

impl Count {
    /// Whether a sighting can be taken by a steady key: it speaks openly, in the pool, under a plain rule, and the key is no group yet.
    pub(super) fn is_steady(&self, sighting: &Sighting) -> bool {
        let ever = &sighting.contribution.ever;
        let open = ever.openly && !ever.quietly && sighting.contribution.now.as_ref().is_none_or(|now| !now.quietly);
        open && sighting.compartment.is_pool() && self.rules[usize::from(sighting.rule)].steady
    }

    /// Takes a sighting that a steady key can hold, unless its key is a group: whether it did.
    pub(super) fn take_steady(&mut self, sighting: &Sighting, firings: &mut Vec<Firing>) -> bool {
        let key_hash = sighting.key_hash;
        let held = self.table.get(key_hash).map(|cell| (cell.held, cell.index));
        let index = match held {
            Some((Held::Group, _)) => return false,
            Some((Held::Steady, index)) => index,
            Some((Held::Single, _)) => self.make_steady(key_hash),
            None => {
                if self.begin_single(sighting) {
                    return true;
                }
                self.begin_steady(sighting)
            }
        };
        let Self {
            steadies,
            voices,
            rules,
            ..
        } = self;
        let Some(steady) = steadies.get_mut(index) else {
            return false;
        };
        let entry = steady::entry_of(&sighting.contribution, voices);
        let step = steady.take(entry, &rules[usize::from(sighting.rule)].rule, voices);
        if step.fired > 0 {
            firings.push(Firing {
                rule: sighting.rule,
                key_hash,
                time: entry.time,
                incident: entry.incident,
                fires: u32::try_from(step.fired).unwrap_or(u32::MAX),
                measured: u32::try_from(step.measured).unwrap_or(u32::MAX),
            });
        }
        if steady.is_rescheduled() {
            self.schedule(key_hash);
        }
        true
    }

    /// A key with one contribution that says now what it ever said, and can make no alert by itself.
    fn begin_single(&mut self, sighting: &Sighting) -> bool {
        let plan = &self.rules[usize::from(sighting.rule)];
        let contribution = &sighting.contribution;
        let constant = contribution
            .now
            .as_ref()
            .is_some_and(|now| Arc::ptr_eq(now, &contribution.ever));
        if !constant {
            return false;
        }
        let entry = steady::entry_of(contribution, &mut self.voices);
        if alone(&plan.rule, &entry, &self.voices) >= plan.rule.when.bounds.at_least {
            steady::release(&entry, &mut self.voices);
            return false;
        }
        self.expiry.add(entry.time.plus(plan.settled_ms + 1), sighting.key_hash);
        let realm = sighting.compartment.realm;
        let cell = Cell::single(
            sighting.key_hash,
            Arc::clone(&sighting.key),
            sighting.rule,
            realm,
            &entry,
        );
        self.table.insert(cell);
        true
    }

    /// An empty steady key for what a sighting says.
    pub(super) fn begin_steady(&mut self, sighting: &Sighting) -> u32 {
        let plan = &self.rules[usize::from(sighting.rule)];
        let index = self.steadies.add(Steady::new(&plan.rule));
        self.expiry
            .add(sighting.contribution.time.plus(plan.settled_ms + 1), sighting.key_hash);
        let (key, realm) = (Arc::clone(&sighting.key), sighting.compartment.realm);
        let cell = Cell::elsewhere(sighting.key_hash, key, sighting.rule, realm, Held::Steady, index);
        self.table.insert(cell);
        index
    }

    /// The second contribution is there.
    fn make_steady(&mut self, key_hash: KeyHash) -> u32 {
        let Self {
            table,
            steadies,
            voices,
            rules,
            ..
        } = self;
        let Some(cell) = table.get_mut(key_hash) else {
            return u32::MAX;
        };
        let rule = &rules[usize::from(cell.rule)].rule;
        let mut steady = Steady::new(rule);
        steady.take(cell.entry(), rule, voices);
        let index = steadies.add(steady);
        cell.moved(Held::Steady, index);
        index
    }

    /// Takes a sighting whose key is a group, or becomes one by it.
    pub(super) fn take_grouped(&mut self, at: Timestamp, sighting: Sighting, emit: &mut Vec<Finding>) {
        let key_hash = sighting.key_hash;
        let index = match self.table.get(key_hash).map(|cell| (cell.held, cell.index)) {
            Some((Held::Group, index)) => index,
            Some(_) => self.make_group(key_hash),
            None => {
                let (key, realm) = (Arc::clone(&sighting.key), sighting.compartment.realm);
                let index = self.groups.add(Group::new(realm, Arc::clone(&key)));
                let cell = Cell::elsewhere(key_hash, key, sighting.rule, realm, Held::Group, index);
                self.table.insert(cell);
                index
            }
        };
        let sight = sight(&self.secret, &self.rules, self.times(), self.replaying);
        let judging = sight.judging(sighting.rule, key_hash, at);
        if let Some(group) = self.groups.get_mut(index) {
            group.apply(sighting, &judging, self.replaying, emit);
        }
        self.schedule(key_hash);
    }

    /// Everything a key holds passes to a group.
    fn make_group(&mut self, key_hash: KeyHash) -> u32 {
        let Some(cell) = self.table.get_mut(key_hash) else {
            return u32::MAX;
        };
        let (mut state, mut found_alerts, mut scheduled) = (RoomState::default(), false, None);
        if cell.held == Held::Single {
            let entry = cell.entry();
            let contribution = steady::contribution(&entry, &self.voices);
            state = RoomState::new(contribution.into_iter().collect(), Timestamp::ZERO, Timestamp::ZERO);
            steady::release(&entry, &mut self.voices);
        } else if let Some(mut steady) = self.steadies.take(cell.index) {
            state = steady.state(&self.voices);
            (found_alerts, scheduled) = (steady.has_runs(), steady.scheduled());
            steady.release(&mut self.voices);
        }
        let mut group = Group::new(cell.realm, cell.text());
        group.take_over(state, found_alerts);
        let index = self.groups.add(group);
        cell.moved(Held::Group, index);
        if let Some(time) = scheduled {
            self.due.remove(&(time, key_hash));
        }
        index
    }

    /// A key's time to go has come: if nothing of it can change any more it goes, else it is looked at again later.
    pub(super) fn expire_key(&mut self, key_hash: KeyHash, emit: &mut Vec<Finding>) {
        let Some(cell) = self.table.get(key_hash) else { return };
        let settled_ms = self.rules[usize::from(cell.rule)].settled_ms;
        let settled = self.watermark.min(self.confirmed).minus(settled_ms);
        let oldest = match cell.held {
            Held::Group => return, // it has times of its own
            Held::Single => Some(cell.entry().time).filter(|time| *time >= settled),
            Held::Steady => {
                let Some(steady) = self.steadies.get_mut(cell.index) else {
                    return;
                };
                if steady.settles(settled) {
                    steady.hurry_to_settle();
                    self.schedule(key_hash);
                    self.judge_key(key_hash, emit);
                } else {
                    let within_ms = self.rules[usize::from(cell.rule)].rule.when.within_ms;
                    steady.expire(settled, within_ms, &mut self.voices);
                }
                self.oldest(key_hash)
            }
        };
        let Some(oldest) = oldest else {
            self.remove(key_hash);
            return;
        };
        // Not before an eighth of the time has passed again: what goes later costs nothing but room.
        let again = oldest.plus(settled_ms + 1).max(self.watermark.plus(settled_ms / 8 + 1));
        self.expiry.add(again, key_hash);
    }

    fn oldest(&self, key_hash: KeyHash) -> Option<Timestamp> {
        let cell = self.table.get(key_hash)?;
        self.steadies.get(cell.index)?.oldest()
    }

    /// Lets go of a key.
    pub(super) fn remove(&mut self, key_hash: KeyHash) {
        let Some(cell) = self.table.get(key_hash) else { return };
        match cell.held {
            Held::Single => {
                let entry = cell.entry();
                steady::release(&entry, &mut self.voices);
            }
            Held::Steady => {
                if let Some(mut steady) = self.steadies.take(cell.index) {
                    steady.release(&mut self.voices);
                }
            }
            Held::Group => drop(self.groups.take(cell.index)),
        }
        self.table.remove(key_hash);
    }
}

/// What a rule measures in a window with this contribution alone.
fn alone(rule: &Rule, entry: &Entry, voices: &Voices) -> u32 {
    let Some(known) = voices.get(entry.ever) else { return 0 };
    let mut values = 0;
    match rule.when.measure {
        Measure::Distinct(Field::AttestedCountry) => {
            values = u32::from(known.home.is_some_and(|home| known.countries.contains(&home)));
        }
        Measure::Distinct(field) => known.values(field, |_| values += 1),
        _ => values = 1,
    }
    values
}
