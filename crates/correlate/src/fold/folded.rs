//! What is kept of one incident.

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::{Compartment, IncidentId, KeyHash, MemberId, Policy, Timestamp};
use serde::{Deserialize, Serialize};

use super::revision::{Revision, Spoken};
use crate::sighting::{Contribution, Sighting};
use crate::voice::Voice;

/// One incident, over all its revisions.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Folded {
    /// As the first revision in the log said: one that says otherwise counts for no reader.
    exercise: bool,
    /// Sorted. Ingest takes at most `limits::REVISIONS`.
    revisions: Vec<u32>,
    top: Top,
    /// What a revision may still change.
    open: Vec<Said>,
    /// The keys of what none can change any more, by compartment. They are never forgotten: a later update must not fire old windows again.
    over: Vec<(Arc<Compartment>, Vec<KeyHash>)>,
}

/// The highest revision: what the incident says now.
#[derive(Debug, Serialize, Deserialize)]
struct Top {
    revision: u32,
    retracted: bool,
    /// It opened a contribution for each of its keys that had none.
    carries: bool,
    compartment: Arc<Compartment>,
    /// None once no key to come can be one of its keys.
    spoken: Option<Arc<Spoken>>,
}

/// What the incident ever said on one key in one compartment. There are several for each live report, so nothing stands here that follows from the
/// rest.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Said {
    key_hash: KeyHash,
    compartment: Arc<Compartment>,
    rule: u16,
    key: Arc<str>,
    time: Timestamp,
    ever: Arc<Voice>,
    now: Option<Arc<Voice>>,
}

impl Said {
    /// Whose contribution it is.
    pub(crate) fn reporter(&self) -> &MemberId {
        &self.ever.reporter
    }

    /// Log time up to which a revision changes it: its time and the rule's window and lateness.
    fn until(&self, policy: &Policy) -> Timestamp {
        let rule = policy.rules().get(usize::from(self.rule));
        rule.map_or(Timestamp::ZERO, |rule| self.time.plus(policy.horizon_ms(rule)))
    }

    fn sighting(&self, incident: IncidentId) -> Sighting {
        Sighting {
            rule: self.rule,
            key_hash: self.key_hash,
            key: Arc::clone(&self.key),
            compartment: Arc::clone(&self.compartment),
            contribution: Contribution {
                time: self.time,
                incident,
                ever: Arc::clone(&self.ever),
                now: self.now.clone(),
            },
        }
    }
}

impl Top {
    fn of(revision: &Revision) -> Self {
        Self {
            revision: revision.number,
            retracted: revision.retracted,
            carries: revision.carries,
            compartment: Arc::clone(&revision.compartment),
            spoken: Some(Arc::clone(&revision.spoken)),
        }
    }

    fn voice_on(&self, key_hash: KeyHash, compartment: &Compartment) -> Option<Arc<Voice>> {
        let stands = !self.retracted && *self.compartment == *compartment;
        let voice = self.spoken.as_ref().and_then(|spoken| spoken.on(key_hash));
        voice.filter(|_| stands).cloned()
    }
}

impl Folded {
    /// Before its first revision is taken.
    pub(crate) fn before(first: &Revision) -> Self {
        Self {
            exercise: first.exercise,
            revisions: Vec::with_capacity(1),
            top: Top::of(first),
            open: vec![],
            over: vec![],
        }
    }

    /// What may still change.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Said> {
        self.open.iter()
    }

    /// Notes a revision; false where it counts for nobody.
    pub(crate) fn take(&mut self, revision: &Revision) -> bool {
        if self.exercise != revision.exercise {
            return false;
        }
        let Err(place) = self.revisions.binary_search(&revision.number) else {
            return false;
        };
        self.revisions.insert(place, revision.number);
        if revision.number >= self.top.revision {
            self.top = Top::of(revision);
        }
        true
    }

    /// Brings what was said before up to date with a new revision, as far as it may still change.
    pub(crate) fn revise(&mut self, revision: &Revision, policy: &Policy, emit: &mut Vec<Sighting>) {
        for said in &mut self.open {
            if revision.time > said.until(policy) {
                continue;
            }
            let mut changed = false;
            let here = revision.carries && *said.compartment == *revision.compartment;
            if let Some(voice) = revision.spoken.on(said.key_hash).filter(|_| here) {
                let ever = said.ever.union(voice);
                if ever != *said.ever {
                    said.ever = Arc::new(ever);
                    changed = true;
                }
            }
            let now = self.top.voice_on(said.key_hash, &said.compartment);
            if now != said.now {
                said.now = now;
                changed = true;
            }
            if changed {
                emit.push(said.sighting(revision.incident));
            }
        }
    }

    /// Opens a contribution for each key the incident never carried before in this compartment; returns how many, and when they freeze.
    pub(crate) fn add(
        &mut self,
        revision: &Revision,
        policy: &Policy,
        emit: &mut Vec<Sighting>,
    ) -> (u64, Vec<Timestamp>) {
        let mut freezing = Vec::new();
        if !revision.carries {
            return (0, freezing);
        }
        let opened_before = self.open.len();
        let known = self.known_in(&revision.compartment);
        if known.is_empty() {
            self.open.reserve_exact(revision.keys.len());
        }
        for (key, voice) in revision.keys.iter().filter(|(key, _)| !known.contains(&key.hash)) {
            let said = Said {
                key_hash: key.hash,
                compartment: Arc::clone(&revision.compartment),
                rule: key.rule,
                key: Arc::clone(&key.text),
                time: revision.time,
                ever: Arc::clone(voice),
                now: self.top.voice_on(key.hash, &revision.compartment),
            };
            let until = said.until(policy);
            if !freezing.contains(&until) {
                freezing.push(until); // at most one for each rule
            }
            emit.push(said.sighting(revision.incident));
            self.open.push(said);
        }
        ((self.open.len() - opened_before) as u64, freezing)
    }

    fn known_in(&self, compartment: &Compartment) -> BTreeSet<KeyHash> {
        let open = self.open.iter().filter(|said| *said.compartment == *compartment);
        let over = self.over.iter().filter(|(place, _)| **place == *compartment);
        let over = over.flat_map(|(_, keys)| keys.iter().copied());
        open.map(|said| said.key_hash).chain(over).collect()
    }

    /// Lets go of what no revision after `watermark` can change.
    pub(crate) fn freeze(&mut self, policy: &Policy, watermark: Timestamp, mut frozen: impl FnMut(&MemberId)) {
        let over = &mut self.over;
        self.open.retain(|said| {
            let stays = said.until(policy) >= watermark;
            if !stays {
                frozen(said.reporter());
                keep(over, said);
            }
            stays
        });
        if self.open.is_empty() {
            self.open = vec![];
            // Of a revision that carries every key is known by now; one that is withdrawn says nothing.
            if self.top.carries || self.top.retracted {
                self.top.spoken = None;
            }
        }
    }
}

fn keep(over: &mut Vec<(Arc<Compartment>, Vec<KeyHash>)>, said: &Said) {
    match over.iter_mut().find(|(place, _)| *place == said.compartment) {
        Some((_, keys)) => keys.push(said.key_hash),
        None => {
            over.reserve_exact(1); // a second compartment is rare
            over.push((Arc::clone(&said.compartment), vec![said.key_hash]));
        }
    }
}
