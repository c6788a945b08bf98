//! The voices inside one window, with what a rule measures over them kept up to date as voices come and go.

use std::collections::BTreeMap;

use chappe_model::limits::MATCH_ONLY_RELEASE;
use chappe_model::{Country, CountrySet, Field, IndicatorKind, Measure, MemberId, Rsit, Sector, Severity};

use crate::tally::{Tally, Times};
use crate::voice::Voice;

/// A multiset of voices. Match-only voices count once [`MATCH_ONLY_RELEASE`] distinct members spoke so; then any viewer sees three others.
///
/// Voices, members and countries are always kept; anything else only where the pane was made for it, see [`Pane::new`].
#[derive(Clone, Debug)]
pub(crate) struct Pane {
    reports: Times,
    members: Tally<MemberId>,
    /// Members with any match-only voice, with how many.
    quiet_members: BTreeMap<MemberId, u32>,
    countries: BTreeMap<Country, Attestation>,
    /// Countries that anybody names, and those that are attested.
    named: Times,
    attested: Times,
    further: Further,
}

#[derive(Clone, Debug, Default)]
struct Attestation {
    members: Tally<MemberId>,
    /// Voices of members of this very country.
    own: Times,
}

/// What is kept besides.
#[derive(Clone, Debug)]
enum Further {
    Nothing,
    /// Which entries of its list a condition finds there.
    Entries(Tally<Value>),
    Values(Field, Tally<Value>),
}

/// One of the distinct values that a measure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Country(Country),
    Sector(Sector),
    Type(Rsit),
    Class(&'static str),
    Severity(Severity),
    Indicator(IndicatorKind, u64),
    /// By its place in the list of a condition.
    Entry(u8),
}

impl Default for Pane {
    fn default() -> Self {
        Self::new(Measure::Events)
    }
}

impl Pane {
    /// For a measure. Events and distinct members and countries can be asked of every pane.
    pub(crate) fn new(measure: Measure) -> Self {
        let further = match measure {
            Measure::Events | Measure::CriticalReport => Further::Nothing,
            Measure::Distinct(Field::Country | Field::AttestedCountry | Field::Reporter) => Further::Nothing,
            Measure::Distinct(field) => Further::Values(field, Tally::default()),
            Measure::Together | Measure::InOrder => Further::Entries(Tally::default()),
        };
        Self {
            reports: Times::default(),
            members: Tally::default(),
            quiet_members: BTreeMap::new(),
            countries: BTreeMap::new(),
            named: Times::default(),
            attested: Times::default(),
            further,
        }
    }

    pub(crate) fn add(&mut self, voice: &Voice) {
        self.add_as(voice, 1);
    }

    /// Takes back a voice that was added.
    pub(crate) fn remove(&mut self, voice: &Voice) {
        self.remove_as(voice, 1);
    }

    /// Adds a voice that is one of these entries of a condition's list, a bit each.
    pub(crate) fn add_as(&mut self, voice: &Voice, entries: u32) {
        self.reports.add(voice.openly);
        self.members.add(&voice.reporter, voice.openly);
        if voice.quietly {
            *self.quiet_members.entry(voice.reporter.clone()).or_default() += 1;
        }
        self.attest(voice, |attestation, own| {
            attestation.members.add(&voice.reporter, voice.openly);
            if own {
                attestation.own.add(voice.openly);
            }
        });
        self.further
            .each(voice, entries, |tally, value| tally.add(&value, voice.openly));
    }

    /// Takes back a voice that was added as these entries.
    pub(crate) fn remove_as(&mut self, voice: &Voice, entries: u32) {
        self.reports.remove(voice.openly);
        self.members.remove(&voice.reporter, voice.openly);
        if voice.quietly {
            self.unquiet(&voice.reporter);
        }
        self.attest(voice, |attestation, own| {
            attestation.members.remove(&voice.reporter, voice.openly);
            if own {
                attestation.own.remove(voice.openly);
            }
        });
        self.further
            .each(voice, entries, |tally, value| tally.remove(&value, voice.openly));
    }

    fn unquiet(&mut self, member: &MemberId) {
        if let Some(voices) = self.quiet_members.get_mut(member) {
            *voices -= 1;
            if *voices == 0 {
                self.quiet_members.remove(member);
            }
        }
    }

    /// Changes what is said of each country of a voice, and keeps the numbers of countries in step.
    fn attest(&mut self, voice: &Voice, change: impl Fn(&mut Attestation, bool)) {
        for country in voice.countries.iter() {
            let attestation = self.countries.entry(country).or_default();
            let before = (attestation.is_named(), attestation.is_attested());
            change(attestation, voice.home == Some(country));
            let after = (attestation.is_named(), attestation.is_attested());
            self.named.follow(before.0, after.0);
            self.attested.follow(before.1, after.1);
            if attestation.members.is_empty() {
                self.countries.remove(&country);
            }
        }
    }

    /// Whether match-only voices count.
    pub(crate) fn released(&self) -> bool {
        self.quiet_members.len() >= MATCH_ONLY_RELEASE
    }

    /// Distinct members that count.
    pub(crate) fn members(&self) -> usize {
        self.members.count(self.released())
    }

    /// Countries named by their own reporter, or by two independent members.
    pub(crate) fn attested(&self) -> CountrySet {
        self.countries_that(|attestation| attestation.is_attested())
    }

    fn countries_that(&self, are: impl Fn(&Attestation) -> [bool; 2]) -> CountrySet {
        let released = usize::from(self.released());
        let found = self
            .countries
            .iter()
            .filter(|(_, attestation)| are(attestation)[released]);
        found.map(|(country, _)| *country).collect()
    }

    /// What a measure comes to here: one that the pane was made for. Of [`Measure::InOrder`] a pane knows no more than what came in any
    /// order, because it knows no times.
    pub(crate) fn measure(&self, measure: Measure) -> usize {
        let released = self.released();
        match (measure, &self.further) {
            (Measure::Events, _) => self.reports.count(released),
            (Measure::Distinct(Field::AttestedCountry), _) => self.attested.count(released),
            (Measure::Distinct(Field::Country), _) => self.named.count(released),
            (Measure::Distinct(Field::Reporter), _) => self.members(),
            (Measure::Together | Measure::InOrder, Further::Entries(tally)) => tally.count(released),
            (Measure::Distinct(field), Further::Values(kept, tally)) if field == *kept => tally.count(released),
            _ => 0,
        }
    }

    /// The values that a measure counts, where they may be shown: members stay hidden from each other, and of an indicator only its hash
    /// is kept.
    pub(crate) fn values(&self, measure: Measure) -> Vec<Value> {
        let released = self.released();
        let countries = |set: CountrySet| set.iter().map(Value::Country).collect();
        match (measure, &self.further) {
            (Measure::Distinct(Field::AttestedCountry), _) => countries(self.attested()),
            (Measure::Distinct(Field::Country), _) => countries(self.countries_that(Attestation::is_named)),
            (Measure::Distinct(field), _) if field.names_members() || field.is_indicator() => vec![],
            (Measure::Together, Further::Entries(tally)) | (Measure::Distinct(_), Further::Values(_, tally)) => {
                tally.keys(released).copied().collect()
            }
            _ => vec![],
        }
    }
}

impl Attestation {
    /// By voices that may be shown, and by all.
    fn is_named(&self) -> [bool; 2] {
        [false, true].map(|released| self.members.count(released) > 0)
    }

    fn is_attested(&self) -> [bool; 2] {
        [false, true].map(|released| self.own.count(released) > 0 || self.members.count(released) >= 2)
    }
}

impl Further {
    /// Does something for each value that a voice has of what is kept.
    fn each(&mut self, voice: &Voice, entries: u32, mut each: impl FnMut(&mut Tally<Value>, Value)) {
        match self {
            Self::Nothing => {}
            Self::Entries(tally) => (0..32)
                .filter(|entry| entries & (1 << entry) != 0)
                .for_each(|entry| each(tally, Value::Entry(entry))),
            Self::Values(field, tally) => values_of(voice, *field)
                .into_iter()
                .for_each(|value| each(tally, value)),
        }
    }
}

/// The distinct values of a field in one voice.
fn values_of(voice: &Voice, field: Field) -> Vec<Value> {
    let observed = |wanted: Option<IndicatorKind>| {
        let of_kind = voice
            .observed
            .iter()
            .filter(move |(kind, _)| wanted.map_or(!kind.is_context(), |wanted| wanted == *kind));
        of_kind.map(|(kind, hash)| Value::Indicator(*kind, *hash)).collect()
    };
    match field {
        Field::Indicator => observed(None),
        Field::IndicatorOf(kind) => observed(Some(kind)),
        Field::Sector => voice.sectors.iter().copied().map(Value::Sector).collect(),
        Field::CriticalSector => {
            let critical = voice.sectors.iter().filter(|sector| sector.is_critical());
            critical.copied().map(Value::Sector).collect()
        }
        Field::IncidentType => voice.incident_types.iter().copied().map(Value::Type).collect(),
        Field::IncidentClass => {
            let mut classes: Vec<&'static str> = voice.incident_types.iter().map(|rsit| rsit.class()).collect();
            classes.sort_unstable();
            classes.dedup();
            classes.into_iter().map(Value::Class).collect()
        }
        Field::Severity => voice.severities.iter().map(Value::Severity).collect(),
        Field::ReporterCountry => voice.home.into_iter().map(Value::Country).collect(),
        Field::Country | Field::AttestedCountry => voice.countries.iter().map(Value::Country).collect(),
        Field::Reporter => vec![], // kept for every pane
    }
}

#[cfg(test)]
mod tests;
