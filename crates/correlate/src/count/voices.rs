//! The voices that a shard's contributions speak with, each under a small id: thousands of contributions share a few of them.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::num::NonZeroU32;
use std::sync::Arc;

use chappe_model::{Field, MemberId};

use super::tally::Spread;
use crate::voice::Voice;

/// A voice known to a shard, for as long as a contribution or an alert holds it. Never zero, so that an optional one takes no more room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VoiceId(NonZeroU32);

impl VoiceId {
    /// A shard cannot hold so many that the numbers do not suffice: each takes more than a hundred bytes.
    fn of_place(place: usize) -> Self {
        Self::of_number(u32::try_from(place + 1).unwrap_or(u32::MAX))
    }

    fn place(self) -> usize {
        self.number() as usize - 1
    }

    pub(super) fn number(self) -> u32 {
        self.0.get()
    }

    /// The voice of a number that [`VoiceId::number`] gave.
    pub(super) fn of_number(number: u32) -> Self {
        Self(NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN))
    }

    pub(super) fn as_key(self) -> u64 {
        u64::from(self.number())
    }

    pub(super) fn of_key(key: u64) -> Self {
        Self::of_number(u32::try_from(key).unwrap_or(u32::MAX))
    }
}

/// What judging needs of a voice at hand.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) voice: Arc<Voice>,
    pub(super) member: u64,
    pub(super) home: Option<u64>,
    /// The countries it names.
    pub(super) countries: Box<[u64]>,
    pub(super) sectors: u32,
    pub(super) types: u64,
    /// It names its own country and nothing else.
    pub(super) native: bool,
    uses: u32,
}

/// All voices of a shard.
#[derive(Debug, Default)]
pub(super) struct Voices {
    known: Vec<Option<Known>>,
    free: Vec<VoiceId>,
    /// By the address of the shared voice, which stays while it is held here.
    ids: HashMap<u64, VoiceId, BuildHasherDefault<Spread>>,
    members: HashMap<MemberId, u64>,
}

impl Voices {
    /// The id of a voice, held once more.
    pub(super) fn hold(&mut self, voice: &Arc<Voice>) -> VoiceId {
        let address = address(voice);
        if let Some(id) = self.ids.get(&address).copied() {
            self.hold_again(id);
            return id;
        }
        let known = self.know(voice);
        let id = if let Some(free) = self.free.pop() {
            self.known[free.place()] = Some(known);
            free
        } else {
            self.known.push(Some(known));
            VoiceId::of_place(self.known.len() - 1)
        };
        self.ids.insert(address, id);
        id
    }

    pub(super) fn hold_again(&mut self, id: VoiceId) {
        if let Some(known) = self.known.get_mut(id.place()).and_then(Option::as_mut) {
            known.uses += 1;
        }
    }

    /// Held once less; who holds it last lets it go.
    pub(super) fn release(&mut self, id: VoiceId) {
        let Some(slot) = self.known.get_mut(id.place()) else {
            return;
        };
        let Some(known) = slot else { return };
        known.uses -= 1;
        if known.uses == 0 {
            self.ids.remove(&address(&known.voice));
            *slot = None;
            self.free.push(id);
        }
    }

    /// Whether nobody holds any.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub(super) fn get(&self, id: VoiceId) -> Option<&Known> {
        self.known.get(id.place()).and_then(Option::as_ref)
    }

    pub(super) fn shared(&self, id: VoiceId) -> Option<Arc<Voice>> {
        self.get(id).map(|known| Arc::clone(&known.voice))
    }

    fn know(&mut self, voice: &Arc<Voice>) -> Known {
        let next = self.members.len() as u64;
        let member = *self.members.entry(voice.reporter.clone()).or_insert(next);
        Known {
            native: voice.countries.len() == 1 && voice.home.is_some_and(|home| voice.countries.contains(home)),
            voice: Arc::clone(voice),
            member,
            home: voice.home.map(|country| u64::from(country.index())),
            countries: voice
                .countries
                .iter()
                .map(|country| u64::from(country.index()))
                .collect(),
            sectors: voice
                .sectors
                .iter()
                .fold(0, |bits, sector| bits | 1 << (*sector as u32)),
            types: voice
                .incident_types
                .iter()
                .fold(0, |bits, kind| bits | 1 << (*kind as u32)),
            uses: 1,
        }
    }
}

fn address(voice: &Arc<Voice>) -> u64 {
    Arc::as_ptr(voice).addr() as u64
}

impl Known {
    /// The values it has in a field, as ids that differ if the values do.
    pub(super) fn values(&self, field: Field, mut each: impl FnMut(u64)) {
        let voice = &self.voice;
        match field {
            Field::Country | Field::AttestedCountry => self.countries.iter().for_each(|country| each(*country)),
            Field::Reporter => each(self.member),
            Field::ReporterCountry => self.home.into_iter().for_each(each),
            Field::Sector => voice.sectors.iter().for_each(|sector| each(*sector as u64)),
            Field::CriticalSector => {
                let critical = voice.sectors.iter().filter(|sector| sector.is_critical());
                critical.for_each(|sector| each(*sector as u64));
            }
            Field::IncidentType => voice.incident_types.iter().for_each(|kind| each(*kind as u64)),
            // Of a class the first type stands for all.
            Field::IncidentClass => voice
                .incident_types
                .iter()
                .for_each(|kind| each(kind.first_of_class() as u64)),
            Field::Severity => voice.severities.iter().for_each(|severity| each(severity as u64)),
            Field::Indicator => {
                let identifying = voice.observed.iter().filter(|(kind, _)| !kind.is_context());
                identifying.for_each(|(_, hash)| each(*hash));
            }
            Field::IndicatorOf(kind) => {
                let of_kind = voice.observed.iter().filter(|(of, _)| *of == kind);
                of_kind.for_each(|(_, hash)| each(*hash));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::tests::voice_of;

    #[test]
    fn ids_are_given_again_once_nobody_holds_them() {
        let mut voices = Voices::default();
        let (one, two) = (Arc::new(voice_of("csirt-at", 1)), Arc::new(voice_of("csirt-be", 2)));
        let first = voices.hold(&one);
        assert_eq!(voices.hold(&one), first);
        assert_ne!(voices.hold(&two), first);
        voices.release(first);
        assert!(voices.get(first).is_some());
        voices.release(first);
        assert!(voices.get(first).is_none());
        assert_eq!(voices.hold(&Arc::new(voice_of("csirt-cz", 3))), first);
    }
}
