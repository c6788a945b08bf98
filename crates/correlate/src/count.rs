//! Count: sightings into findings. One instance per shard, which owns its keys; all compartments of a key are on the same shard, because
//! an overlay reads its pool.
//!
//! A key begins as one contribution in a cell of the table. With the second it becomes *steady*: its window moves one step with each
//! contribution. What a steady key cannot hold (overlays, match-only reports, rules over several sources) makes it a *group*, each
//! judgement of which looks at every contribution.

mod draw;
mod entries;
mod expiry;
mod group;
mod keys;
mod motion;
mod native;
mod recency;
mod room;
mod run;
mod scan;
mod shadows;
mod slab;
mod state;
mod steady;
mod table;
mod tally;
#[cfg(test)]
mod tests;
mod voice_set;
mod voices;
mod window;

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::{Alert, Compartment, KeyHash, Measure, Policy, Rule, Secret, Timestamp};

use crate::finding::{Finding, Firing};
use crate::key_text;
use crate::sighting::Sighting;
use expiry::Expiry;
use group::{Group, Rooms, subject};
use shadows::{Shadows, Sight};
use slab::Slab;
pub use state::CountState;
use steady::Steady;
use table::{Held, Table};
use voices::Voices;

/// Count-only changes are judged at most this often, in milliseconds of log time.
pub const COALESCE_MS: u64 = 30_000;
/// From this many contributions on, what changes the past of a key is judged at most once in [`HOT_MS`]: it costs in proportion to them.
pub const HOT_CONTRIBUTIONS: usize = 1_000;
/// How often a hot key is judged at most, in milliseconds of log time.
pub const HOT_MS: u64 = 1_000;

/// Keys whose time to go has come that are read ahead together.
const AHEAD_KEYS: usize = 64;

/// Counts the sightings of one shard's keys.
#[derive(Debug)]
pub struct Count {
    secret: Secret,
    rules: Vec<Plan>,
    watermark: Timestamp,
    /// Log time up to which what was told counts for certain: only that makes anything final. The end where nobody else may own these keys.
    confirmed: Timestamp,
    /// While the log is read again after a restart nothing is judged: states between would be older than what was told already.
    replaying: bool,
    table: Table,
    steadies: Slab<Steady>,
    groups: Slab<Group>,
    shadows: Shadows,
    voices: Voices,
    /// When pools must be judged next. Overlays have times of their own: they must not change when, or in which order, pools are judged.
    due: BTreeSet<(Timestamp, KeyHash)>,
    /// Something is due at once.
    hasty: bool,
    /// Log time has passed, and what is due by it is not judged yet.
    behind: bool,
    expiry: Expiry,
    /// Keys whose time to go has come.
    expiring: std::vec::IntoIter<KeyHash>,
    retired: Vec<Retired>,
    /// Steady keys of the batch that is read ahead.
    ahead: Vec<u32>,
}

/// A key about which nothing can change any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retired {
    /// Which.
    pub key_hash: KeyHash,
    /// Its pool; else its overlays.
    pub pool: bool,
}

/// A rule, and what follows from it.
#[derive(Debug)]
struct Plan {
    rule: Arc<Rule>,
    settled_ms: u64,
    /// Its keys can be steady.
    steady: bool,
}

impl Plan {
    fn new(policy: &Policy, rule: &Arc<Rule>) -> Self {
        let incremental = matches!(rule.when.measure, Measure::Events | Measure::Distinct(_));
        Self {
            rule: Arc::clone(rule),
            settled_ms: policy.settled_ms(rule),
            steady: rule.is_plain() && !rule.when.may_turn_false() && incremental,
        }
    }
}

/// How far log time is.
#[derive(Clone, Copy, Debug)]
struct Times {
    watermark: Timestamp,
    confirmed: Timestamp,
}

/// What a judgement needs besides the contributions.
struct Judging<'a> {
    secret: &'a Secret,
    rule: &'a Arc<Rule>,
    key_hash: KeyHash,
    settled_ms: u64,
    watermark: Timestamp,
    confirmed: Timestamp,
    at: Timestamp,
}

impl Judging<'_> {
    /// What lies before can no longer change, and is told for good.
    fn settled(&self) -> Timestamp {
        self.watermark.min(self.confirmed).minus(self.settled_ms)
    }

    /// What was found: alerts whose last fire lies before `settled_before` are final from now on.
    fn finding(
        &self,
        compartment: &Compartment,
        alerts: Vec<Alert>,
        final_before: Timestamp,
        settled_before: Timestamp,
    ) -> Finding {
        Finding {
            key_hash: self.key_hash,
            compartment: compartment.clone(),
            judged_at: self.at.max(self.watermark),
            final_before,
            settled_before,
            alerts,
        }
    }
}

impl Count {
    /// Starts empty, replaying.
    #[must_use]
    pub fn new(secret: Secret, policy: &Policy) -> Self {
        Self {
            secret,
            rules: policy.rules().iter().map(|rule| Plan::new(policy, rule)).collect(),
            watermark: Timestamp::ZERO,
            confirmed: Timestamp::END,
            replaying: true,
            table: Table::default(),
            steadies: Slab::default(),
            groups: Slab::default(),
            shadows: Shadows::default(),
            voices: Voices::default(),
            due: BTreeSet::new(),
            hasty: false,
            behind: false,
            expiry: Expiry::default(),
            expiring: vec![].into_iter(),
            retired: vec![],
            ahead: vec![],
        }
    }

    /// Live keys.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.table.len()
    }

    /// What was let go of since the last call and not seen again: nothing about it can change any more.
    pub fn drain_retired(&mut self) -> impl Iterator<Item = Retired> + '_ {
        let (table, shadows) = (&self.table, &self.shadows);
        self.retired.drain(..).filter(|retired| {
            let back = if retired.pool {
                table.get(retired.key_hash).is_some()
            } else {
                shadows.hold(retired.key_hash)
            };
            !back
        })
    }

    /// Whether a key says what is to be thought of its alerts in a compartment: one whose single contribution makes none says nothing.
    #[must_use]
    pub fn answers_for(&self, key_hash: KeyHash, compartment: &Compartment) -> bool {
        if !compartment.is_pool() {
            return self.shadows.hold(key_hash);
        }
        self.table.get(key_hash).is_some_and(|cell| cell.held != Held::Single)
    }

    /// Whether the log is still being read again.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.replaying
    }

    /// Reads ahead, for a batch of sightings to come, what [`Count::find`] will read first of each: the cache lines come in together instead
    /// of one after the other. Returns a number that depends on what was read, so that the reading cannot be left out.
    #[must_use]
    pub fn read_ahead<'a>(&mut self, batch: impl Iterator<Item = &'a Sighting> + Clone) -> u64 {
        let voices = batch
            .clone()
            .map(|sighting| u64::from(sighting.contribution.ever.openly));
        let seen = voices.fold(0, u64::wrapping_add) ^ self.glance(batch.map(|sighting| sighting.key_hash));
        let steadies = self.ahead.iter().filter_map(|index| self.steadies.get(*index));
        steadies.map(Steady::glance_beyond).fold(seen, u64::wrapping_add)
    }

    /// Reads of each key its cell, and of those that are steady what they hold themselves; these are `ahead` then.
    fn glance(&mut self, keys: impl Iterator<Item = KeyHash> + Clone) -> u64 {
        // In rounds: what a round reads of one key does not wait for another, only for the round before.
        let cells = keys.clone().map(|key| self.table.glance(key).held as u64);
        let mut seen = cells.fold(0, u64::wrapping_add);
        self.ahead.clear();
        for key in keys {
            let cell = self.table.get(key);
            if let Some(cell) = cell.filter(|cell| cell.held == Held::Steady)
                && let Some(steady) = self.steadies.get(cell.index)
            {
                seen = seen.wrapping_add(steady.glance());
                self.ahead.push(cell.index);
            }
        }
        seen
    }

    /// Takes a sighting stamped at log time `at`. Each time its contribution makes the rule fire gives a firing; findings wait for
    /// [`Count::judge`], except those of groups, which come with it.
    pub fn find(&mut self, at: Timestamp, sighting: &Sighting, firings: &mut Vec<Firing>, emit: &mut Vec<Finding>) {
        let pool = sighting.compartment.is_pool();
        let shadowed = self.shadows.hold(sighting.key_hash);
        if !pool && !shadowed {
            let state = self.table.get(sighting.key_hash).map(|cell| self.pool_state(cell));
            self.shadows.begin(sighting, state.unwrap_or_default());
        }
        if !pool || shadowed {
            let sight = sight(&self.secret, &self.rules, self.times(), self.replaying);
            self.shadows.apply(at, sighting.clone(), sight, emit);
        }
        if !pool {
            return;
        }
        let taken = self.is_steady(sighting) && self.take_steady(sighting, firings);
        if !taken {
            self.take_grouped(at, sighting.clone(), emit);
        }
    }

    /// Judges what is due at once; of what is due by the time that has passed nothing while [`Count::go_on`] is at it.
    pub fn judge(&mut self, emit: &mut Vec<Finding>) {
        if std::mem::take(&mut self.hasty) && !self.replaying {
            let until = if self.behind { Timestamp::ZERO } else { self.watermark };
            self.judge_pools(until, &mut { usize::MAX }, emit);
        }
    }

    /// Log time has passed `watermark` in every partition. What is due by it is judged by [`Count::go_on`], in as many calls as its caller
    /// likes; sightings may come in between.
    pub fn pass(&mut self, watermark: Timestamp) {
        self.watermark = self.watermark.max(watermark);
        self.behind = true;
    }

    /// From here on nothing is final before it is confirmed: another owner may have told in place of this one.
    pub fn hold_on(&mut self) {
        if self.confirmed == Timestamp::END {
            self.confirmed = Timestamp::ZERO;
        }
    }

    /// Up to this log time everything that was told of these keys, here or elsewhere, counts.
    pub fn confirm(&mut self, watermark: Timestamp) {
        self.confirmed = self.confirmed.max(watermark);
    }

    /// [`Count::judge_due`] and [`Count::let_go`] with `budget` keys each. Whether more may be left.
    pub fn go_on(&mut self, budget: usize, emit: &mut Vec<Finding>) -> bool {
        let judging = self.judge_due(budget, emit);
        let letting_go = self.let_go(budget, emit);
        judging || letting_go
    }

    /// Judges what is due by the time that has passed, `budget` keys at most. Whether more may be left.
    pub fn judge_due(&mut self, budget: usize, emit: &mut Vec<Finding>) -> bool {
        if self.replaying {
            return false;
        }
        let mut left = budget;
        self.judge_pools(self.watermark, &mut left, emit);
        let sight = sight(&self.secret, &self.rules, self.times(), self.replaying);
        let gone = self.shadows.judge_due(sight, &mut left, emit);
        self.retire_shadows(gone);
        self.behind = left == 0;
        self.behind
    }

    /// Lets go of what can no longer change, of `budget` keys at most. Whether more may be left.
    pub fn let_go(&mut self, budget: usize, emit: &mut Vec<Finding>) -> bool {
        let mut left = if self.replaying { 0 } else { budget };
        self.expire(&mut left, emit);
        left == 0 && !self.replaying
    }

    /// [`Count::pass`], and all that follows from it.
    pub fn advance(&mut self, watermark: Timestamp, emit: &mut Vec<Finding>) {
        self.pass(watermark);
        while self.go_on(usize::MAX, emit) {}
    }

    /// Log time up to which everything due has been judged.
    #[must_use]
    pub fn reached(&self) -> Timestamp {
        let pools = self.due.first().map(|(due, _)| *due);
        let due = pools.into_iter().chain(self.shadows.next_due()).min();
        due.map_or(self.watermark, |due| self.watermark.min(due.minus(1)))
    }

    fn times(&self) -> Times {
        Times {
            watermark: self.watermark,
            confirmed: self.confirmed,
        }
    }

    fn retire_shadows(&mut self, gone: Vec<KeyHash>) {
        let gone = gone.into_iter();
        self.retired
            .extend(gone.map(|key_hash| Retired { key_hash, pool: false }));
    }

    /// The log has been read up to where it was at the start: judges everything, and from now on at once.
    pub fn settle(&mut self, emit: &mut Vec<Finding>) {
        self.replaying = false;
        // What was told before the restart may not hold any more: a key says so even where it finds nothing.
        for cell in self.table.iter() {
            match cell.held {
                Held::Single => {}
                Held::Steady => self.steadies.get_mut(cell.index).into_iter().for_each(Steady::answer),
                Held::Group => self
                    .groups
                    .get_mut(cell.index)
                    .into_iter()
                    .for_each(Group::answer_for_the_past),
            }
        }
        self.shadows.answer_for_the_past();
        self.flush(emit);
    }

    /// Judges every key that has changed since it was last judged, whatever could wait.
    pub fn flush(&mut self, emit: &mut Vec<Finding>) {
        let held = self.table.iter().filter(|cell| cell.held != Held::Single);
        let mut all: Vec<KeyHash> = held.map(table::Cell::key).collect();
        all.sort_unstable();
        for key_hash in all {
            if let Some(cell) = self.table.get(key_hash) {
                match cell.held {
                    Held::Single => {}
                    Held::Steady => self.steadies.get_mut(cell.index).into_iter().for_each(Steady::hurry),
                    Held::Group => self.groups.get_mut(cell.index).into_iter().for_each(Group::hurry),
                }
            }
            self.judge_key(key_hash, emit);
        }
        let sight = sight(&self.secret, &self.rules, self.times(), self.replaying);
        let gone = self.shadows.flush(sight, emit);
        self.retire_shadows(gone);
    }

    fn judge_pools(&mut self, until: Timestamp, left: &mut usize, emit: &mut Vec<Finding>) {
        while *left > 0
            && let Some((due, key_hash)) = self.due.first().copied()
            && due <= until
        {
            *left -= 1;
            self.due.pop_first();
            self.judge_key(key_hash, emit);
        }
    }

    /// Judges what is due of a key, and lets go of it when nothing of it is left.
    fn judge_key(&mut self, key_hash: KeyHash, emit: &mut Vec<Finding>) {
        let Some(cell) = self.table.get(key_hash) else {
            return;
        };
        let sight = sight(&self.secret, &self.rules, self.times(), self.replaying);
        let judging = sight.judging(cell.rule, key_hash, self.watermark);
        let empty = match cell.held {
            Held::Single => return,
            Held::Steady => {
                let Some(steady) = self.steadies.get_mut(cell.index) else {
                    return;
                };
                if steady.due().is_some_and(|due| due <= self.watermark) {
                    let key = key_text::fields(judging.rule, &cell.text());
                    let compartment = Compartment::pool(cell.realm);
                    let subject = subject(&judging, &compartment, &key);
                    emit.extend(steady.judge(&subject, &judging, &mut self.voices));
                }
                steady.is_empty()
            }
            Held::Group => {
                let Some(group) = self.groups.get_mut(cell.index) else {
                    return;
                };
                group.judge_due(&Rooms::All, &judging, emit);
                group.is_empty()
            }
        };
        self.schedule(key_hash);
        if empty {
            self.remove(key_hash);
            self.retired.push(Retired { key_hash, pool: true });
        }
    }

    fn schedule(&mut self, key_hash: KeyHash) {
        let Some(cell) = self.table.get(key_hash) else {
            return;
        };
        let (due, hasty, watermark) = (&mut self.due, &mut self.hasty, self.watermark);
        let mut set = |(was, is): (Option<Timestamp>, Option<Timestamp>)| {
            if let Some(time) = was.filter(|_| was != is) {
                due.remove(&(time, key_hash));
            }
            if let Some(time) = is.filter(|_| was != is) {
                *hasty |= time <= watermark;
                due.insert((time, key_hash));
            }
        };
        match cell.held {
            Held::Single => {}
            Held::Steady => {
                if let Some(steady) = self.steadies.get_mut(cell.index) {
                    set(steady.reschedule());
                }
            }
            Held::Group => {
                if let Some(group) = self.groups.get_mut(cell.index) {
                    group.reschedule(|_, times| set(times));
                }
            }
        }
    }

    /// Lets go of what is older than anything that could still change it.
    fn expire(&mut self, left: &mut usize, emit: &mut Vec<Finding>) {
        while *left > 0 {
            let now = self.expiring.len().min(*left).min(AHEAD_KEYS);
            if now == 0 {
                let Some(keys) = self.expiry.pop(self.watermark) else {
                    return;
                };
                self.expiring = keys.into_iter();
                continue;
            }
            *left -= now;
            let keys: Vec<KeyHash> = self.expiring.by_ref().take(now).collect();
            std::hint::black_box(self.glance(keys.iter().copied()));
            for key_hash in keys {
                self.expire_key(key_hash, emit);
            }
        }
    }
}

fn sight<'a>(secret: &'a Secret, rules: &'a [Plan], times: Times, replaying: bool) -> Sight<'a> {
    Sight {
        secret,
        rules,
        times,
        replaying,
    }
}
