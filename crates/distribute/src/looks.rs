//! What earlier revisions of an alert looked like to viewers and filters.

use std::collections::BTreeSet;

use chappe_model::{Alert, Audience, CountrySet, Principal, Rsit, Severity, Tlp};

use crate::Filter;
use crate::see::sees;

/// Most looks kept of one alert under one audience. What comes later is merged into the last of them: a stream is then told too much
/// rather than too little.
pub const LOOKS: usize = 32;

/// The looks of one alert: what of its revisions decided who was told, so that a revision which no longer matches a filter (a
/// retraction names no country and no severity any more) still reaches those whom an earlier one reached.
///
/// A function of the alert's own revisions alone. About 250 bytes for each change of country, severity, type or audience.
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
}

impl Looks {
    /// Takes note of a revision; revisions must rise.
    pub fn note(&mut self, alert: &Alert) {
        let covered = self.looks.iter().any(|look| {
            look.shown_like(alert)
                && look.severity >= alert.severity
                && alert.countries.is_subset(&look.countries)
                && alert.incident_types.is_subset(&look.types)
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

    /// Whether some revision before this one was visible to `viewer` and matched `filter`: what follows it is owed to them, as far as
    /// they may see it.
    #[must_use]
    pub fn told_before(&self, viewer: &Principal, filter: &Filter, alert: &Alert) -> bool {
        filter.takes_in(alert.compartment.realm, alert.rule.kind)
            && self.looks.iter().any(|look| {
                look.revision < alert.revision
                    && filter.asks_for(look.severity, &look.countries, &look.types)
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
        }
    }

    fn shown_like(&self, alert: &Alert) -> bool {
        self.audience == alert.audience && (self.tlp == Tlp::Red) == (alert.tlp == Tlp::Red)
    }

    fn widen(&mut self, alert: &Alert) {
        self.severity = self.severity.max(alert.severity);
        self.countries.extend_from(&alert.countries);
        self.types.extend(&alert.incident_types);
    }
}
