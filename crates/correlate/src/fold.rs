//! Fold: revisions of incidents into sightings. One instance per partition of the log; all revisions of an incident share a partition.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_model::{Accepted, Compartment, IncidentId, KeyHash, Measure, MemberId, Policy, Rule, Secret, Timestamp};
use serde::{Deserialize, Serialize};

use crate::choir::Choir;
use crate::keys::{ReportKeyOf, keys_of};
use crate::live::LiveCounts;
use crate::parted_map::PartedMap;
use crate::sighting::{Contribution, Sighting};
use crate::voice::Voice;

/// Folds the incidents of one partition, in log order.
#[derive(Debug)]
pub struct Fold {
    secret: Secret,
    policy: Arc<Policy>,
    state: FoldState,
    /// So that reports that say the same share one voice: a shard then knows it by its address.
    choir: Choir,
    /// Of the open contributions of `state`.
    live: LiveCounts,
}

/// What a snapshot holds of a fold.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct FoldState {
    /// Boxed, so that little moves when the table grows.
    incidents: PartedMap<IncidentId, Box<Folded>>,
    /// When contributions can no longer be revised, and their voices may go.
    freezing: BTreeMap<Timestamp, Vec<IncidentId>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Folded {
    /// As the first revision in the log said: one that says otherwise counts for no reader.
    exercise: bool,
    revisions: BTreeSet<u32>,
    top: Top,
    said: Vec<Said>,
}

/// The highest revision: what the incident says now.
#[derive(Debug, Serialize, Deserialize)]
struct Top {
    revision: u32,
    retracted: bool,
    compartment: Arc<Compartment>,
    voices: BTreeMap<KeyHash, Arc<Voice>>,
}

/// What the incident ever said on one key in one compartment. It is never forgotten: a later update must not fire old windows again.
#[derive(Debug, Serialize, Deserialize)]
struct Said {
    key_hash: KeyHash,
    compartment: Arc<Compartment>,
    /// None once no revision can change it any more.
    open: Option<OpenSaid>,
}

#[derive(Debug, Serialize, Deserialize)]
struct OpenSaid {
    sighting: Sighting,
    /// Log time up to which a revision changes it: its time and the rule's window and lateness.
    until: Timestamp,
}

impl FoldState {
    fn open(&self) -> impl Iterator<Item = &OpenSaid> {
        let said = self.incidents.values().flat_map(|folded| &folded.said);
        said.filter_map(|said| said.open.as_ref())
    }
}

impl OpenSaid {
    /// Whose contribution it is.
    fn reporter(&self) -> &MemberId {
        &self.sighting.contribution.ever.reporter
    }
}

impl Fold {
    /// Starts empty.
    #[must_use]
    pub fn new(secret: Secret, policy: Arc<Policy>) -> Self {
        Self::restore(secret, policy, FoldState::default())
    }

    /// Goes on from a snapshot taken under the same rules.
    #[must_use]
    pub fn restore(secret: Secret, policy: Arc<Policy>, state: FoldState) -> Self {
        Self {
            secret,
            policy,
            live: state.open().map(OpenSaid::reporter).collect(),
            state,
            choir: Choir::default(),
        }
    }

    /// What a snapshot holds.
    #[must_use]
    pub fn state(&self) -> &FoldState {
        &self.state
    }

    /// The contributions that a revision may still change, by member: who has any, and how many.
    pub fn live(&self) -> impl Iterator<Item = (&MemberId, u64)> {
        self.live.iter()
    }

    /// Takes one accepted revision at its log time, which never falls within the partition, and emits the sightings that changed.
    /// A revision seen before changes nothing, whatever it says, nor does one that is an exercise where the first was none, or the other way:
    /// the first in the log stands, since only the log decides between the processes that append to it.
    pub fn apply(&mut self, time: Timestamp, accepted: &Accepted, emit: &mut Vec<Sighting>) {
        let said_now = Revision::new(&self.secret, &self.policy, &mut self.choir, time, accepted);
        let folded = self
            .state
            .incidents
            .get_or_insert_with(accepted.id, || Box::new(Folded::before(&said_now)));
        if folded.exercise != said_now.exercise || !folded.revisions.insert(said_now.number) {
            return;
        }
        if said_now.number >= folded.top.revision {
            folded.top = said_now.as_top();
        }
        folded.revise(&said_now, emit);
        let said_before = folded.said.len();
        let frozen_at = folded.add(&said_now, &self.policy, accepted.id, emit);
        self.live
            .open(&accepted.reporter, (folded.said.len() - said_before) as u64);
        for until in frozen_at {
            self.state.freezing.entry(until).or_default().push(accepted.id);
        }
    }

    /// Log time has passed `watermark` in every partition: lets go of what no revision can change any more.
    pub fn advance(&mut self, watermark: Timestamp) {
        let still_open = self.state.freezing.split_off(&watermark);
        for incident in std::mem::replace(&mut self.state.freezing, still_open)
            .into_values()
            .flatten()
        {
            if let Some(folded) = self.state.incidents.get_mut(&incident) {
                for said in &mut folded.said {
                    if let Some(open) = said.open.take_if(|open| open.until < watermark) {
                        self.live.freeze(open.reporter());
                    }
                }
            }
        }
    }
}

/// One revision, as fold looks at it.
struct Revision {
    number: u32,
    time: Timestamp,
    exercise: bool,
    retracted: bool,
    /// Whether it may open or widen contributions.
    carries: bool,
    compartment: Arc<Compartment>,
    keys: Vec<ReportKeyOf>,
    voices: BTreeMap<KeyHash, Arc<Voice>>,
}

impl Revision {
    fn new(secret: &Secret, policy: &Policy, choir: &mut Choir, time: Timestamp, accepted: &Accepted) -> Self {
        let keys = keys_of(secret, policy, choir, accepted);
        Self {
            number: accepted.incident.revision,
            time,
            exercise: accepted.incident.exercise,
            retracted: accepted.incident.retracted,
            carries: !accepted.incident.retracted && !accepted.incident.backfill,
            compartment: choir.place(accepted.compartment()),
            voices: Voices::new(secret, accepted, choir).on_all(policy, &keys),
            keys,
        }
    }

    fn as_top(&self) -> Top {
        Top {
            revision: self.number,
            retracted: self.retracted,
            compartment: Arc::clone(&self.compartment),
            voices: self.voices.clone(),
        }
    }
}

/// What one revision says under each of its keys: nearly always the same, so that one voice serves many.
struct Voices<'a> {
    secret: &'a Secret,
    accepted: &'a Accepted,
    choir: &'a mut Choir,
    plain: Arc<Voice>,
    made: BTreeMap<(u16, u32), Arc<Voice>>,
}

impl<'a> Voices<'a> {
    fn new(secret: &'a Secret, accepted: &'a Accepted, choir: &'a mut Choir) -> Self {
        Self {
            secret,
            accepted,
            plain: choir.share(Voice::of(accepted)),
            choir,
            made: BTreeMap::new(),
        }
    }

    fn on_all(mut self, policy: &Policy, keys: &[ReportKeyOf]) -> BTreeMap<KeyHash, Arc<Voice>> {
        let voice = |key: &ReportKeyOf| (key.hash, self.on(&policy.rules()[usize::from(key.rule)], key));
        keys.iter().map(voice).collect()
    }

    fn on(&mut self, rule: &Rule, key: &ReportKeyOf) -> Arc<Voice> {
        let critical = rule.when.measure == Measure::CriticalReport;
        let counted = rule
            .when
            .measures(|measure| matches!(measure, Measure::Distinct(field) if field.is_indicator()));
        if !critical && !counted && key.sources == 1 {
            return Arc::clone(&self.plain);
        }
        let Self {
            secret,
            accepted,
            choir,
            plain,
            made,
        } = self;
        let voice = made.entry((key.rule, key.sources)).or_insert_with(|| {
            let mut voice = Voice::clone(plain);
            voice.sources = key.sources;
            if counted {
                voice.observed = Voice::observed(secret, accepted);
            }
            if critical {
                voice.indicators = Voice::shown_indicators(accepted);
            }
            choir.share(voice)
        });
        Arc::clone(voice)
    }
}

impl Top {
    fn voice_on(&self, key_hash: KeyHash, compartment: &Compartment) -> Option<Arc<Voice>> {
        let stands = !self.retracted && *self.compartment == *compartment;
        self.voices.get(&key_hash).filter(|_| stands).cloned()
    }
}

impl Folded {
    fn before(first: &Revision) -> Self {
        Self {
            exercise: first.exercise,
            revisions: BTreeSet::new(),
            top: first.as_top(),
            said: vec![],
        }
    }

    /// Brings what was said before up to date with a new revision, as far as it may still change.
    fn revise(&mut self, revision: &Revision, emit: &mut Vec<Sighting>) {
        for said in &mut self.said {
            let Some(open) = said.open.as_mut().filter(|open| revision.time <= open.until) else {
                continue;
            };
            let contribution = &mut open.sighting.contribution;
            let mut changed = false;
            let here = revision.carries && *said.compartment == *revision.compartment;
            if let Some(voice) = revision.voices.get(&said.key_hash).filter(|_| here) {
                let ever = contribution.ever.union(voice);
                if ever != *contribution.ever {
                    contribution.ever = Arc::new(ever);
                    changed = true;
                }
            }
            let now = self.top.voice_on(said.key_hash, &said.compartment);
            if now != contribution.now {
                contribution.now = now;
                changed = true;
            }
            if changed {
                emit.push(open.sighting.clone());
            }
        }
    }

    /// Opens a contribution for each key the incident never carried before in this compartment; returns when they freeze.
    fn add(
        &mut self,
        revision: &Revision,
        policy: &Policy,
        incident: IncidentId,
        emit: &mut Vec<Sighting>,
    ) -> BTreeSet<Timestamp> {
        let mut freezing = BTreeSet::new();
        if !revision.carries {
            return freezing;
        }
        let known: BTreeSet<KeyHash> = self
            .said
            .iter()
            .filter(|said| *said.compartment == *revision.compartment)
            .map(|said| said.key_hash)
            .collect();
        for key in revision.keys.iter().filter(|key| !known.contains(&key.hash)) {
            let until = revision
                .time
                .plus(policy.horizon_ms(&policy.rules()[usize::from(key.rule)]));
            let Some(voice) = revision.voices.get(&key.hash) else {
                continue;
            };
            let contribution = Contribution {
                time: revision.time,
                incident,
                ever: Arc::clone(voice),
                now: self.top.voice_on(key.hash, &revision.compartment),
            };
            let compartment = Arc::clone(&revision.compartment);
            let sighting = Sighting {
                rule: key.rule,
                key_hash: key.hash,
                key: Arc::clone(&key.text),
                compartment: Arc::clone(&compartment),
                contribution,
            };
            emit.push(sighting.clone());
            self.said.push(Said {
                key_hash: key.hash,
                compartment,
                open: Some(OpenSaid { sighting, until }),
            });
            freezing.insert(until);
        }
        freezing
    }
}
