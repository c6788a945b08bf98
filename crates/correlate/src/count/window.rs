//! What is said in one window, kept up as contributions come and go: most of them repeat a voice that is there already, and change nothing
//! but how often it speaks.

use chappe_model::{Field, IncidentId, Measure, SetSum};

use super::run::Facts;
use super::tally::Tally;
use super::voices::{Known, VoiceId, Voices};

/// The voices of a window, all of them open.
#[derive(Clone, Debug)]
pub(super) struct Window {
    active: Tally<Active>,
    /// Voices that came since the last fire.
    fresh: Vec<VoiceId>,
    meter: Meter,
    members: Tally<u32>,
    countries: Tally<Attestation>,
    /// Countries attested now.
    attested: u32,
    contributions: u32,
    /// Everything that ever came in, and of that what has gone.
    pub(super) came: SetSum,
    pub(super) gone: SetSum,
}

#[derive(Clone, Copy, Debug, Default)]
struct Active {
    count: u32,
    /// The present run has counted it.
    joined: bool,
    fresh: bool,
}

/// Who names a country.
#[derive(Clone, Debug, Default)]
struct Attestation {
    /// Voices of its own members.
    own: u32,
    members: Tally<u32>,
}

impl Attestation {
    fn holds(&self) -> bool {
        self.own > 0 || self.members.len() >= 2
    }
}

#[derive(Clone, Debug)]
enum Meter {
    Events,
    Attested,
    Values(Field, Tally<u32>),
}

impl Window {
    pub(super) fn new(measure: Measure) -> Self {
        Self {
            active: Tally::default(),
            fresh: vec![],
            meter: match measure {
                Measure::Distinct(Field::AttestedCountry) => Meter::Attested,
                Measure::Distinct(field) => Meter::Values(field, Tally::default()),
                _ => Meter::Events,
            },
            members: Tally::default(),
            countries: Tally::default(),
            attested: 0,
            contributions: 0,
            came: SetSum::default(),
            gone: SetSum::default(),
        }
    }

    pub(super) fn enter(&mut self, id: VoiceId, incident: IncidentId, voices: &Voices) {
        self.came.add(incident);
        self.contributions += 1;
        let active = self.active.entry(id.as_key());
        active.count += 1;
        if active.count > 1 {
            return;
        }
        if !active.fresh {
            active.fresh = true;
            self.fresh.push(id);
        }
        if let Some(known) = voices.get(id) {
            self.voice_came(known);
        }
    }

    pub(super) fn leave(&mut self, id: VoiceId, incident: IncidentId, voices: &Voices) {
        self.gone.add(incident);
        self.contributions -= 1;
        let Some(active) = self.active.get_mut(id.as_key()) else {
            return;
        };
        active.count -= 1;
        if active.count > 0 {
            return;
        }
        if !active.joined && !active.fresh {
            self.active.remove(id.as_key());
        }
        if let Some(known) = voices.get(id) {
            self.voice_went(known);
        }
    }

    fn voice_came(&mut self, known: &Known) {
        self.members.up(known.member);
        for country in &known.countries {
            let attestation = self.countries.entry(*country);
            let held = attestation.holds();
            attestation.own += u32::from(known.home == Some(*country));
            attestation.members.up(known.member);
            self.attested += u32::from(!held && attestation.holds());
        }
        if let Meter::Values(field, values) = &mut self.meter {
            known.values(*field, |value| _ = values.up(value));
        }
    }

    fn voice_went(&mut self, known: &Known) {
        self.members.down(known.member);
        for country in &known.countries {
            let Some(attestation) = self.countries.get_mut(*country) else {
                continue;
            };
            let held = attestation.holds();
            attestation.own -= u32::from(known.home == Some(*country));
            attestation.members.down(known.member);
            self.attested -= u32::from(held && !attestation.holds());
            if attestation.members.len() == 0 {
                self.countries.remove(*country);
            }
        }
        if let Meter::Values(field, values) = &mut self.meter {
            known.values(*field, |value| _ = values.down(value));
        }
    }

    /// What the rule measures now.
    pub(super) fn measured(&self) -> u32 {
        match &self.meter {
            Meter::Events => self.contributions,
            Meter::Attested => self.attested,
            Meter::Values(_, values) => u32::try_from(values.len()).unwrap_or(u32::MAX),
        }
    }

    /// Distinct members.
    pub(super) fn members(&self) -> usize {
        self.members.len()
    }

    /// The first fire of a run: every voice of the window is of it.
    pub(super) fn begin(&mut self, facts: &mut Facts, voices: &mut Voices) {
        self.fresh.clear();
        let mut joining = vec![];
        self.active.retain(|key, active| {
            *active = Active {
                count: active.count,
                joined: active.count > 0,
                fresh: false,
            };
            if active.joined {
                joining.push(VoiceId::of_key(key));
            }
            active.joined
        });
        joining.sort_unstable_by_key(|id| id.number());
        for id in joining {
            facts.join(id, voices);
            self.attest(id, facts, voices);
        }
    }

    /// A further fire: voices that came since the last one are of the run. Whether they say anything new.
    pub(super) fn go_on(&mut self, facts: &mut Facts, voices: &mut Voices) -> bool {
        let mut news = false;
        while let Some(id) = self.fresh.pop() {
            let Some(active) = self.active.get_mut(id.as_key()) else {
                continue;
            };
            active.fresh = false;
            if active.count == 0 {
                if !active.joined {
                    self.active.remove(id.as_key());
                }
                continue;
            }
            if !active.joined {
                active.joined = true;
                news |= facts.join(id, voices);
            }
            news |= self.attest(id, facts, voices);
        }
        news
    }

    /// Countries that this voice names and that are attested now.
    fn attest(&self, id: VoiceId, facts: &mut Facts, voices: &Voices) -> bool {
        let Some(known) = voices.get(id) else { return false };
        let mut news = false;
        for country in known.voice.countries.iter() {
            let attestation = self.countries.get(u64::from(country.index()));
            if !facts.attested.contains(country) && attestation.is_some_and(Attestation::holds) {
                facts.attested.insert(country);
                news = true;
            }
        }
        news
    }

    /// Nothing has come since the last fire that could say anything new.
    pub(super) fn is_stale(&self) -> bool {
        self.fresh.is_empty()
    }
}
