//! What a viewer asks to be told.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use chappe_constituency::Table;
use chappe_model::{
    Alert, AlertKind, CountrySet, Field, Incident, Indicator, Realm, Rsit, RsitError, Sector, Severity,
};

use crate::mine::{named, touches};
use crate::sought::Sought;

/// Most countries a filter may list.
pub const FILTER_COUNTRIES: usize = 64;
/// Most incident types and classes a filter may list.
pub const FILTER_TYPES: usize = 64;
/// Most values, most networks and most domains a filter may list, each.
pub const FILTER_VALUES: usize = 64;

/// What to tell. The parts restrict together; an empty set does not restrict. Valid by construction: every part is.
///
/// Its `Display` is canonical: equal filters, and only they, have equal texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Kinds of alert.
    pub kinds: BTreeSet<AlertKind>,
    /// This severity or above.
    pub min_severity: Severity,
    /// Alerts that affect any of these.
    pub countries: CountrySet,
    /// Alerts with reports of any of these; a class stands as all of its types ([`types_named`]).
    pub incident_types: BTreeSet<Rsit>,
    /// Alerts that affect any of these.
    pub sectors: BTreeSet<Sector>,
    /// Alerts that name any of these, in what their reports share or in what was counted.
    pub sought: Sought,
    /// Exercise traffic instead of live traffic: never both.
    pub exercise: bool,
    /// Alerts that hit the viewer's own constituency ([`crate::hits`]).
    pub mine: bool,
}

impl Default for Filter {
    /// All live alerts.
    fn default() -> Self {
        Self {
            kinds: BTreeSet::new(),
            min_severity: Severity::Info,
            countries: CountrySet::new(),
            incident_types: BTreeSet::new(),
            sectors: BTreeSet::new(),
            sought: Sought::default(),
            exercise: false,
            mine: false,
        }
    }
}

impl Filter {
    /// Whether this revision is asked for by a viewer whose constituency is `own`; none is hit by nothing. Says nothing of whether it may be shown.
    #[must_use]
    pub fn matches(&self, alert: &Alert, own: Option<&Table>) -> bool {
        let sectors = || alert.sectors.iter().copied();
        self.takes_in(alert.compartment.realm, alert.rule.kind)
            && self.asks_for(alert.severity, &alert.countries, &alert.incident_types, &alert.sectors)
            && self.seeks(named(alert))
            && (!self.mine || own.is_some_and(|own| touches(own, named(alert), &alert.countries, sectors())))
    }

    /// Whether an incident is asked for: `named` are its indicators, or of a withdrawn one those that it had. Kinds of alert and `mine` restrict no incident. Says nothing of
    /// whether it may be shown.
    #[must_use]
    pub fn finds(&self, incident: &Incident, named: &BTreeSet<Indicator>) -> bool {
        let countries: CountrySet = incident.countries.iter().copied().collect();
        self.exercise == incident.exercise
            && self.asks_for(
                incident.severity,
                &countries,
                &BTreeSet::from([incident.incident_type]),
                &incident.sectors,
            )
            && (self.sought.is_empty() || self.sought.finds_indicator(named.iter()))
    }

    /// The part of the decision that is the same for every revision of an alert.
    pub(crate) fn takes_in(&self, realm: Realm, kind: AlertKind) -> bool {
        self.exercise == (realm == Realm::Exercise) && (self.kinds.is_empty() || self.kinds.contains(&kind))
    }

    /// The part of the decision that may change from revision to revision.
    pub(crate) fn asks_for(
        &self,
        severity: Severity,
        countries: &CountrySet,
        types: &BTreeSet<Rsit>,
        sectors: &BTreeSet<Sector>,
    ) -> bool {
        severity >= self.min_severity
            && (self.countries.is_empty() || self.countries.iter().any(|country| countries.contains(country)))
            && (self.incident_types.is_empty() || !self.incident_types.is_disjoint(types))
            && (self.sectors.is_empty() || !self.sectors.is_disjoint(sectors))
    }

    /// As [`Filter::asks_for`], of what an alert names.
    pub(crate) fn seeks<'a>(&self, named: impl Iterator<Item = (Field, &'a Arc<str>)>) -> bool {
        self.sought.is_empty() || self.sought.finds(named)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.exercise { "exercise" } else { "live" })?;
        f.write_str(if self.mine { " mine" } else { "" })?;
        write!(f, " severity>={}", self.min_severity)?;
        let kinds = self.kinds.iter().map(|kind| kind.as_str());
        list(f, " kinds", kinds)?;
        for (i, country) in self.countries.iter().enumerate() {
            write!(f, "{}{}", if i == 0 { " countries=" } else { "," }, country.as_str())?;
        }
        list(f, " types", self.incident_types.iter().map(|rsit| rsit.as_str()))?;
        list(f, " sectors", self.sectors.iter().map(|sector| sector.as_str()))?;
        self.sought.fmt(f)
    }
}

pub(crate) fn list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    mut items: impl Iterator<Item = T>,
) -> fmt::Result {
    let Some(first) = items.next() else {
        return Ok(());
    };
    write!(f, "{name}={first}")?;
    items.try_for_each(|item| write!(f, ",{item}"))
}

/// The types that a text names: one (`fraud/phishing`, or in any form that [`Rsit`] reads), or all of a class (`fraud`). Never none.
///
/// # Errors
/// When the text is neither a class nor a type of RSIT.
pub fn types_named(text: &str) -> Result<BTreeSet<Rsit>, RsitError> {
    let of_class: BTreeSet<Rsit> = Rsit::all()
        .filter(|rsit| rsit.class().eq_ignore_ascii_case(text))
        .collect();
    // `other` and `test` are classes and types at once, `other` with one type more than its namesake: the wider reading is taken.
    if of_class.is_empty() {
        text.parse().map(|rsit| BTreeSet::from([rsit]))
    } else {
        Ok(of_class)
    }
}
