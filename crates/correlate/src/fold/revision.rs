//! One revision, as fold looks at it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chappe_model::{Accepted, Compartment, IncidentId, KeyHash, Measure, Policy, Rule, Secret, Timestamp};
use serde::{Deserialize, Serialize};

use crate::choir::Choir;
use crate::keys::{ReportKeyOf, keys_of};
use crate::voice::Voice;

/// What one revision says, and where.
pub(crate) struct Revision {
    pub(crate) incident: IncidentId,
    pub(crate) number: u32,
    pub(crate) time: Timestamp,
    pub(crate) exercise: bool,
    pub(crate) retracted: bool,
    /// Whether it may open or widen contributions.
    pub(crate) carries: bool,
    pub(crate) compartment: Arc<Compartment>,
    pub(crate) keys: Vec<(ReportKeyOf, Arc<Voice>)>,
    pub(crate) spoken: Arc<Spoken>,
}

impl Revision {
    pub(crate) fn new(
        secret: &Secret,
        policy: &Policy,
        choir: &mut Choir,
        time: Timestamp,
        accepted: &Accepted,
    ) -> Self {
        let found = keys_of(secret, policy, choir, accepted);
        let compartment = choir.place(accepted.compartment());
        let mut voices = Voices::new(secret, accepted, choir);
        let with_voice = |key: ReportKeyOf| {
            let voice = voices.on(&policy.rules()[usize::from(key.rule)], &key);
            (key, voice)
        };
        let keys: Vec<(ReportKeyOf, Arc<Voice>)> = found.into_iter().map(with_voice).collect();
        Self {
            incident: accepted.id,
            number: accepted.incident.revision,
            time,
            exercise: accepted.incident.exercise,
            retracted: accepted.incident.retracted,
            carries: accepted.incident.carries(),
            compartment,
            spoken: Arc::new(Spoken::on_all(&keys)),
            keys,
        }
    }
}

/// What a revision says on each of its keys: nearly always the same on all. Sorted by key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Spoken {
    /// One voice on all keys.
    Alike(Arc<Voice>, Box<[KeyHash]>),
    /// Each key with its voice.
    Each(Box<[(KeyHash, Arc<Voice>)]>),
}

impl Spoken {
    fn on_all(keys: &[(ReportKeyOf, Arc<Voice>)]) -> Self {
        match keys.first() {
            Some((_, first)) if keys.iter().all(|(_, voice)| Arc::ptr_eq(first, voice)) => {
                let mut hashes: Box<[KeyHash]> = keys.iter().map(|(key, _)| key.hash).collect();
                hashes.sort_unstable();
                Self::Alike(Arc::clone(first), hashes)
            }
            _ => {
                let each = keys.iter().map(|(key, voice)| (key.hash, Arc::clone(voice)));
                let mut each: Box<[(KeyHash, Arc<Voice>)]> = each.collect();
                each.sort_unstable_by_key(|(hash, _)| *hash);
                Self::Each(each)
            }
        }
    }

    /// The voice on a key, if it is one of the revision's.
    pub(crate) fn on(&self, key: KeyHash) -> Option<&Arc<Voice>> {
        match self {
            Self::Alike(voice, keys) => keys.binary_search(&key).ok().map(|_| voice),
            Self::Each(each) => {
                let place = each.binary_search_by_key(&key, |(hash, _)| *hash).ok()?;
                each.get(place).map(|(_, voice)| voice)
            }
        }
    }
}

/// What one revision says under each of its keys: nearly always the same, so that one voice serves many.
struct Voices<'a> {
    secret: &'a Secret,
    accepted: &'a Accepted,
    choir: &'a mut Choir,
    plain: Arc<Voice>,
    /// By rule and sources, where they change what is said.
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
