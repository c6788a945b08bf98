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
    said: Vec<Said>,
}

/// The highest revision: what the incident says now.
#[derive(Debug, Serialize, Deserialize)]
struct Top {
    revision: u32,
    retracted: bool,
    compartment: Arc<Compartment>,
    spoken: Arc<Spoken>,
}

/// What the incident ever said on one key in one compartment. It is never forgotten: a later update must not fire old windows again.
#[derive(Debug, Serialize, Deserialize)]
struct Said {
    key_hash: KeyHash,
    compartment: Arc<Compartment>,
    /// None once no revision can change it any more.
    open: Option<OpenSaid>,
}

/// The rest of a sighting, as long as it may change. There are several for each live report, so nothing stands here that follows from the rest.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OpenSaid {
    rule: u16,
    key: Arc<str>,
    time: Timestamp,
    ever: Arc<Voice>,
    now: Option<Arc<Voice>>,
}

impl OpenSaid {
    /// Whose contribution it is.
    pub(crate) fn reporter(&self) -> &MemberId {
        &self.ever.reporter
    }

    /// Log time up to which a revision changes it: its time and the rule's window and lateness.
    fn until(&self, policy: &Policy) -> Timestamp {
        until(policy, self.rule, self.time)
    }
}

fn until(policy: &Policy, rule: u16, time: Timestamp) -> Timestamp {
    let rule = policy.rules().get(usize::from(rule));
    rule.map_or(Timestamp::ZERO, |rule| time.plus(policy.horizon_ms(rule)))
}

impl Said {
    fn sighting(&self, incident: IncidentId, open: &OpenSaid) -> Sighting {
        Sighting {
            rule: open.rule,
            key_hash: self.key_hash,
            key: Arc::clone(&open.key),
            compartment: Arc::clone(&self.compartment),
            contribution: Contribution {
                time: open.time,
                incident,
                ever: Arc::clone(&open.ever),
                now: open.now.clone(),
            },
        }
    }
}

impl Top {
    fn of(revision: &Revision) -> Self {
        Self {
            revision: revision.number,
            retracted: revision.retracted,
            compartment: Arc::clone(&revision.compartment),
            spoken: Arc::clone(&revision.spoken),
        }
    }

    fn voice_on(&self, key_hash: KeyHash, compartment: &Compartment) -> Option<Arc<Voice>> {
        let stands = !self.retracted && *self.compartment == *compartment;
        self.spoken.on(key_hash).filter(|_| stands).cloned()
    }
}

impl Folded {
    /// Before its first revision is taken.
    pub(crate) fn before(first: &Revision) -> Self {
        Self {
            exercise: first.exercise,
            revisions: Vec::with_capacity(1),
            top: Top::of(first),
            said: vec![],
        }
    }

    /// What may still change.
    pub(crate) fn open(&self) -> impl Iterator<Item = &OpenSaid> {
        self.said.iter().filter_map(|said| said.open.as_ref())
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
        for said in &mut self.said {
            let Some(open) = said.open.as_mut().filter(|open| revision.time <= open.until(policy)) else {
                continue;
            };
            let mut changed = false;
            let here = revision.carries && *said.compartment == *revision.compartment;
            if let Some(voice) = revision.spoken.on(said.key_hash).filter(|_| here) {
                let ever = open.ever.union(voice);
                if ever != *open.ever {
                    open.ever = Arc::new(ever);
                    changed = true;
                }
            }
            let now = self.top.voice_on(said.key_hash, &said.compartment);
            if now != open.now {
                open.now = now;
                changed = true;
            }
            if let Some(open) = said.open.as_ref().filter(|_| changed) {
                emit.push(said.sighting(revision.incident, open));
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
        let said_before = self.said.len();
        let here = |said: &&Said| *said.compartment == *revision.compartment;
        let known: BTreeSet<KeyHash> = self.said.iter().filter(here).map(|said| said.key_hash).collect();
        if known.is_empty() {
            self.said.reserve_exact(revision.keys.len());
        }
        for (key, voice) in revision.keys.iter().filter(|(key, _)| !known.contains(&key.hash)) {
            let open = OpenSaid {
                rule: key.rule,
                key: Arc::clone(&key.text),
                time: revision.time,
                ever: Arc::clone(voice),
                now: self.top.voice_on(key.hash, &revision.compartment),
            };
            let until = open.until(policy);
            if !freezing.contains(&until) {
                freezing.push(until); // at most one for each rule
            }
            let mut said = Said {
                key_hash: key.hash,
                compartment: Arc::clone(&revision.compartment),
                open: None,
            };
            emit.push(said.sighting(revision.incident, &open));
            said.open = Some(open);
            self.said.push(said);
        }
        ((self.said.len() - said_before) as u64, freezing)
    }

    /// Lets go of what no revision after `watermark` can change.
    pub(crate) fn freeze(&mut self, policy: &Policy, watermark: Timestamp, mut frozen: impl FnMut(&MemberId)) {
        for said in &mut self.said {
            if let Some(open) = said.open.take_if(|open| open.until(policy) < watermark) {
                frozen(open.reporter());
            }
        }
    }
}
