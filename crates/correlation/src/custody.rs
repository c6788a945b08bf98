//! Who owns which lot, where several processes share the work: a state machine without log, clock or threads.
//!
//! Ownership stands in the alerts topic: a claim names a lot's new owner under a higher epoch, and what an earlier owner writes behind it
//! counts for nobody. So two owners at once do no harm, and nothing here needs to be agreed upon: beats of the pulse topic only tell when it
//! makes sense to claim.

use std::collections::BTreeMap;

use chappe_eventlog::Fences;
use chappe_model::Timestamp;
use chappe_proto::alert::Claim;
use chappe_proto::pulse::{Beat, HeldLot};

/// An instance that was not heard for so long has gone, in milliseconds.
pub(crate) const SILENCE_MS: u64 = 2_000;
/// Lots of living owners change hands only once the same instances have lived for so long, in milliseconds.
pub(crate) const CALM_MS: u64 = 1_000;
/// A claim that did not come back from the log after this long is made again, in milliseconds.
const CLAIM_AGAIN_MS: u64 = 1_000;
/// Bits of an epoch that tell apart instances that claim at once.
const NONCE_BITS: u32 = 24;

/// What a claim in the log means for this instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It owns the lot from here on, under this epoch.
    Gained(u16, u64),
    /// It owned the lot and does not any more.
    Lost(u16),
}

#[derive(Debug)]
pub(crate) struct Custody {
    me: String,
    nonce: u64,
    fences: Fences,
    /// Of each lot the owner and its epoch; none before the first claim.
    owners: Vec<Option<(String, u64)>>,
    /// When this instance claimed each lot last, while the log has not answered.
    claimed_at: Vec<Option<u64>>,
    peers: BTreeMap<String, Peer>,
    ready: bool,
    /// Who is alive and ready, and since when it has been just these.
    alive: Vec<String>,
    alive_since: u64,
    /// When this instance began to listen.
    began: u64,
}

#[derive(Debug)]
struct Peer {
    beat: Beat,
    heard_at: u64,
}

impl Custody {
    /// Begins to listen at `now` (milliseconds of any clock that only rises). `nonce` tells this start of this instance from all others.
    pub(crate) fn new(me: String, nonce: u64, lots: u16, now: u64) -> Self {
        Self {
            me,
            nonce: nonce & ((1 << NONCE_BITS) - 1),
            fences: Fences::new(lots),
            owners: vec![None; usize::from(lots)],
            claimed_at: vec![None; usize::from(lots)],
            peers: BTreeMap::new(),
            ready: false,
            alive: vec![],
            alive_since: now,
            began: now,
        }
    }

    pub(crate) fn lots(&self) -> u16 {
        self.fences.lots()
    }

    /// From here on this instance may own lots.
    pub(crate) fn make_ready(&mut self) {
        self.ready = true;
    }

    /// Whether a record of the alerts topic counts.
    pub(crate) fn admits(&mut self, lot: u16, epoch: u64) -> bool {
        self.fences.admit(lot, epoch)
    }

    /// The epoch under which this instance owns a lot.
    pub(crate) fn owned(&self, lot: u16) -> Option<u64> {
        let owner = self.owners.get(usize::from(lot))?.as_ref();
        owner.filter(|(owner, _)| *owner == self.me).map(|(_, epoch)| *epoch)
    }

    /// A claim, next in the order of the log.
    pub(crate) fn claimed(&mut self, claim: &Claim) -> Option<Change> {
        let lot = usize::from(claim.lot);
        if claim.lots != self.lots() || !self.fences.admit(claim.lot, claim.epoch) {
            return None;
        }
        let mine = claim.instance == self.me && claim.epoch & ((1 << NONCE_BITS) - 1) == self.nonce;
        let before = self.owned(claim.lot);
        let was_mine = before.is_some();
        // A claim of an earlier start of this instance is another's.
        let owner = if mine || claim.instance != self.me {
            claim.instance.clone()
        } else {
            String::new()
        };
        *self.owners.get_mut(lot)? = Some((owner, claim.epoch));
        *self.claimed_at.get_mut(lot)? = None;
        match (was_mine, mine) {
            // Made again, for the log did not answer in time: it has begun already.
            (true, true) if before == Some(claim.epoch) => None,
            (_, true) => Some(Change::Gained(claim.lot, claim.epoch)),
            (true, false) => Some(Change::Lost(claim.lot)),
            (false, false) => None,
        }
    }

    /// A beat of any instance, this one's included.
    pub(crate) fn heard(&mut self, beat: Beat, now: u64) {
        if beat.instance != self.me {
            self.peers.insert(beat.instance.clone(), Peer { beat, heard_at: now });
        }
    }

    /// Log time up to which the owner of a lot has told everything, as far as another instance owns it and was heard.
    pub(crate) fn reached_elsewhere(&self, lot: u16) -> Option<Timestamp> {
        let (owner, epoch) = self.owners.get(usize::from(lot))?.as_ref()?;
        let held = self.peers.get(owner)?.beat.held.iter();
        let mut held = held.filter(|held| held.lot == lot && held.epoch == *epoch);
        held.next().map(|held| held.reached)
    }

    /// What this instance says of itself, given how far it is in each lot it owns.
    pub(crate) fn beat(&self, reached: impl Fn(u16, u64) -> Option<Timestamp>) -> Beat {
        let held = (0..self.lots()).filter_map(|lot| {
            let epoch = self.owned(lot)?;
            let reached = reached(lot, epoch)?;
            Some(HeldLot { lot, epoch, reached })
        });
        Beat {
            instance: self.me.clone(),
            ready: self.ready,
            held: held.collect(),
        }
    }

    /// The claims to make now. None of lots that are `held`: this instance could not go on with them yet.
    pub(crate) fn claims(&mut self, now: u64, held: impl Fn(u16) -> bool) -> Vec<Claim> {
        self.peers
            .retain(|_, peer| now.saturating_sub(peer.heard_at) < SILENCE_MS);
        if !self.ready {
            return vec![];
        }
        let peers = self.peers.iter().filter(|(_, peer)| peer.beat.ready);
        let mut alive: Vec<String> = peers.map(|(name, _)| name.clone()).chain([self.me.clone()]).collect();
        alive.sort();
        if alive != self.alive {
            self.alive = alive;
            self.alive_since = now;
        }
        let calm = now.saturating_sub(self.alive_since) >= CALM_MS;
        let listened = now.saturating_sub(self.began) >= SILENCE_MS;
        let shares = self.shares();
        let mut claims = vec![];
        for (lot, wanted) in (0..self.lots()).zip(shares) {
            let at = usize::from(lot);
            let waits = self.claimed_at[at].is_some_and(|at| now.saturating_sub(at) < CLAIM_AGAIN_MS);
            if wanted != self.me || self.owned(lot).is_some() || waits || held(lot) {
                continue;
            }
            let due = match &self.owners[at] {
                None => true,
                Some((owner, _)) if self.peers.contains_key(owner) => calm,
                // Whoever owned it may live and not have been heard yet.
                Some(_) => listened,
            };
            if due {
                self.claimed_at[at] = Some(now);
                claims.push(Claim {
                    lot,
                    lots: self.lots(),
                    instance: self.me.clone(),
                    epoch: self.next_epoch(lot),
                });
            }
        }
        claims
    }

    fn next_epoch(&self, lot: u16) -> u64 {
        (((self.fences.highest(lot) >> NONCE_BITS) + 1) << NONCE_BITS) | self.nonce
    }

    /// Of each lot the instance that should own it: as many for each as for the others, and as few as possible change hands.
    fn shares(&self) -> Vec<String> {
        let (lots, count) = (self.owners.len(), self.alive.len().max(1));
        let mut room: BTreeMap<&str, usize> = BTreeMap::new();
        for (rank, name) in self.alive.iter().enumerate() {
            room.insert(name, lots / count + usize::from(rank < lots % count));
        }
        let mut take = |name: &str| match room.get_mut(name) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        };
        let kept: Vec<Option<String>> = self
            .owners
            .iter()
            .map(|owner| owner.as_ref().map(|(name, _)| name.clone()).filter(|name| take(name)))
            .collect();
        let given = |kept: Option<String>| {
            kept.unwrap_or_else(|| {
                let next = self.alive.iter().find(|name| take(name));
                next.cloned().unwrap_or_default()
            })
        };
        kept.into_iter().map(given).collect()
    }
}

#[cfg(test)]
#[path = "custody/tests.rs"]
mod tests;
