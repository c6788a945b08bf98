//! What earlier revisions of an alert looked like to viewers and filters.

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_constituency::{Subject, Table};
use chappe_model::{Alert, Audience, CountrySet, Field, Principal, Rsit, Sector, Severity, Tlp};

use crate::Filter;
use crate::mine::{named, touches};
use crate::see::sees;

/// Most looks kept of one alert under one audience. What comes later is merged into the last of them: a stream is then told too much
/// rather than too little.
pub const LOOKS: usize = 32;

/// The looks of one alert: what of its revisions decided who was told, so that a revision which no longer matches a filter (a
/// retraction names no country and no severity any more) still reaches those whom an earlier one reached.
///
/// A function of the alert's own revisions alone. For each change of country, sector, severity, type, audience or value named some 300 bytes, and as many
/// references as values are named, [`LOOKS`] times at most.
#[derive(Clone, Debug, Default)]
pub struct Looks {
    looks: Vec<Look>,
}

#[derive(Clone, Debug)]
struct Look {
    /// The first revision that looked like this.
    revision: u32,
    audience: Audience,
    tlp: Tlp,
    severity: Severity,
    countries: CountrySet,
    types: BTreeSet<Rsit>,
    sectors: BTreeSet<Sector>,
    /// What may fall under a constituency or be looked for, of the key and of what was counted; sorted.
    named: Vec<(Field, Arc<str>)>,
}

impl Looks {
    /// Takes note of a revision; revisions must rise.
    pub fn note(&mut self, alert: &Alert) {
        let covered = self.looks.iter().any(|look| {
            look.shown_like(alert)
                && look.severity >= alert.severity
                && alert.countries.is_subset(&look.countries)
                && alert.incident_types.is_subset(&look.types)
                && alert.sectors.is_subset(&look.sectors)
                && telling(alert).all(|(field, value)| look.names(field, value))
        });
        if covered {
            return;
        }
        let alike = self.looks.iter_mut().filter(|look| look.shown_like(alert));
        let (count, last) = alike.fold((0, None), |(count, _), look| (count + 1, Some(look)));
        match last {
            Some(last) if count >= LOOKS => last.widen(alert),
            _ => self.looks.push(Look::of(alert)),
        }
    }

    /// Whether some revision before this one was visible to `viewer` and matched `filter` under any of these constituencies of the viewer's:
    /// what follows it is owed to them, as far as they may see it.
    #[must_use]
    pub fn told_before(&self, viewer: &Principal, filter: &Filter, alert: &Alert, own: &[&Table]) -> bool {
        filter.takes_in(alert.compartment.realm, alert.rule.kind)
            && self.looks.iter().any(|look| {
                look.revision < alert.revision
                    && filter.asks_for(look.severity, &look.countries, &look.types, &look.sectors)
                    && filter.seeks(look.named())
                    && (!filter.mine || own.iter().any(|own| look.touches(own)))
                    && sees(viewer, &alert.compartment, &look.audience, look.tlp)
            })
    }
}

impl Look {
    fn of(alert: &Alert) -> Self {
        Self {
            revision: alert.revision,
            audience: alert.audience.clone(),
            tlp: alert.tlp,
            severity: alert.severity,
            countries: alert.countries,
            types: alert.incident_types.clone(),
            sectors: alert.sectors.clone(),
            named: sorted(
                telling(alert)
                    .map(|(field, value)| (field, Arc::clone(value)))
                    .collect(),
            ),
        }
    }

    fn names(&self, field: Field, value: &Arc<str>) -> bool {
        let place = self
            .named
            .binary_search_by(|(held, text)| (held, text).cmp(&(&field, value)));
        place.is_ok()
    }

    fn named(&self) -> impl Iterator<Item = (Field, &Arc<str>)> {
        self.named.iter().map(|(field, value)| (*field, value))
    }

    fn touches(&self, own: &Table) -> bool {
        touches(own, self.named(), &self.countries, self.sectors.iter().copied())
    }

    fn shown_like(&self, alert: &Alert) -> bool {
        self.audience == alert.audience && (self.tlp == Tlp::Red) == (alert.tlp == Tlp::Red)
    }

    fn widen(&mut self, alert: &Alert) {
        self.severity = self.severity.max(alert.severity);
        self.countries.extend_from(&alert.countries);
        self.types.extend(&alert.incident_types);
        self.sectors.extend(&alert.sectors);
        self.named
            .extend(telling(alert).map(|(field, value)| (field, Arc::clone(value))));
        self.named = sorted(std::mem::take(&mut self.named));
    }
}

/// What an alert names and a constituency may hold, or a filter look for.
fn telling(alert: &Alert) -> impl Iterator<Item = (Field, &Arc<str>)> {
    named(alert).filter(|(field, value)| field.is_indicator() || Subject::of_field(*field, value).is_some())
}

fn sorted(mut named: Vec<(Field, Arc<str>)>) -> Vec<(Field, Arc<str>)> {
    named.sort_unstable();
    named.dedup();
    named
}
