//! An alert as its viewer is told it.

use std::collections::BTreeSet;

use chappe_model::{
    Alert, AlertId, AlertKind, AlertState, Audience, Country, Field, Indicator, Pap, Realm, Rsit, Sector, Severity,
    Tlp, hex,
};
use jiff::Timestamp;

/// Countries that a title names; more are counted.
const TITLE_COUNTRIES: usize = 6;

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldState {
    /// It holds now.
    Open,
    /// It held.
    Resolved,
    /// The reports behind it were withdrawn or corrected.
    Retracted,
    /// Another carries it on; nothing where it is not said which.
    Superseded(Option<AlertId>),
}

impl ToldState {
    /// Its name, as shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Retracted => "retracted",
            Self::Superseded(_) => "superseded",
        }
    }

    /// Whether nothing rests on the alert any more.
    pub(super) fn is_withdrawn(self) -> bool {
        matches!(self, Self::Retracted | Self::Superseded(_))
    }
}

/// A revision of an alert as its viewer is told it: all that is written of an alert is in here, and so nothing that its viewer may not see. Times are
/// log time, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Which.
    pub id: AlertId,
    /// Rises with every change.
    pub revision: u32,
    /// What it is about.
    pub kind: AlertKind,
    /// Where it stands.
    pub state: ToldState,
    /// The highest severity among the reports that stand.
    pub severity: Severity,
    /// Who is told: `eu`, `countries`, `recipients` or `reporter`.
    pub audience: String,
    /// For the audience `countries`.
    pub audience_countries: BTreeSet<Country>,
    /// The strictest label of the reports that stand.
    pub tlp: Tlp,
    /// The strictest label of the reports that stand.
    pub pap: Pap,
    /// `share` or `named-recipients-only`.
    pub usage: String,
    /// Of named recipients.
    pub recipients: Vec<String>,
    /// What the reports share: field and canonical value.
    pub key: Vec<(String, String)>,
    /// Affected countries.
    pub countries: BTreeSet<Country>,
    /// Affected sectors.
    pub sectors: BTreeSet<Sector>,
    /// Types of the reports.
    pub incident_types: BTreeSet<Rsit>,
    /// Reports that stand.
    pub reports: u32,
    /// Of these, reports that may never be shown.
    pub unlisted: u32,
    /// Distinct members among them.
    pub members: u32,
    /// Names the set of contributing reports.
    pub digest: String,
    /// Of the first contributing report.
    pub first_seen_ms: u64,
    /// Of the last.
    pub last_seen_ms: u64,
    /// Of this revision.
    pub revised_at_ms: u64,
    /// Raised by exercise traffic.
    pub exercise: bool,
    /// Not confirmed by a second member.
    pub uncorroborated: bool,
    /// Waits for a person at the hub.
    pub held: bool,
    /// Id of the rule that raised it.
    pub rule: String,
    /// Its version.
    pub rule_version: u32,
    /// The rule in words.
    pub condition: String,
    /// What the recipient should do next.
    pub advice: Vec<String>,
}

impl From<&Alert> for Told {
    /// What every viewer of an alert is told of it: no reporter, no report, no position.
    fn from(alert: &Alert) -> Self {
        let (audience, told_in) = match &alert.audience {
            Audience::Eu => ("eu", None),
            Audience::Countries(countries) => ("countries", Some(countries)),
            Audience::Recipients => ("recipients", None),
            Audience::Reporter(_) => ("reporter", None),
        };
        let state = match alert.state {
            AlertState::Open => ToldState::Open,
            AlertState::Resolved => ToldState::Resolved,
            AlertState::Retracted => ToldState::Retracted,
            AlertState::Superseded(heir) => ToldState::Superseded(Some(heir)),
        };
        let is_pool = alert.compartment.is_pool();
        let recipients = alert.compartment.recipients.iter().flat_map(|list| list.iter());
        let rule = &alert.rule;
        Self {
            id: alert.id,
            revision: alert.revision,
            kind: rule.kind,
            state,
            severity: alert.severity,
            audience: audience.to_owned(),
            audience_countries: told_in.into_iter().flat_map(|countries| countries.iter()).collect(),
            tlp: alert.tlp,
            pap: alert.pap,
            usage: if is_pool { "share" } else { "named-recipients-only" }.to_owned(),
            recipients: recipients.map(ToString::to_string).collect(),
            key: (alert.key.iter())
                .map(|key| (key.field.to_string(), key.value.to_string()))
                .collect(),
            countries: alert.countries.iter().collect(),
            sectors: alert.sectors.clone(),
            incident_types: alert.incident_types.clone(),
            reports: alert.counts.reports,
            unlisted: alert.counts.unlisted,
            members: alert.counts.members,
            digest: hex(&alert.digest),
            first_seen_ms: alert.first_seen.as_millis(),
            last_seen_ms: alert.last_seen.as_millis(),
            revised_at_ms: alert.revised_at.as_millis(),
            exercise: alert.compartment.realm == Realm::Exercise,
            uncorroborated: rule.kind == AlertKind::Urgent,
            held: alert.held,
            rule: rule.id.to_string(),
            rule_version: rule.version,
            condition: rule.condition.to_string(),
            advice: rule.advice.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Told {
    /// The indicators among what the reports share. A pseudonym in place of a personal value is none: it means nothing elsewhere.
    #[must_use]
    pub fn indicators(&self) -> BTreeSet<Indicator> {
        let shared = self.key.iter().filter_map(|(field, value)| indicator_of(field, value));
        shared.filter(|indicator| !indicator.is_pseudonym()).collect()
    }

    /// One line that says what it is about.
    #[must_use]
    pub fn title(&self) -> String {
        let exercise = if self.exercise { "EXERCISE: " } else { "" };
        let withdrawn = if self.state.is_withdrawn() {
            format!(" ({})", self.state.as_str())
        } else {
            String::new()
        };
        let kind = self.kind.as_str();
        let about = match (self.indicators().first(), self.key.first()) {
            (Some(indicator), _) => indicator.defanged(),
            // It stands only where the whole key does, and a title goes everywhere.
            (None, Some((field, value))) => match indicator_of(field, value) {
                Some(pseudonym) => pseudonym.kind().noun().to_owned(),
                None => format!("{field} {value}"),
            },
            (None, None) => self.rule.clone(),
        };
        let named: Vec<&str> = self
            .countries
            .iter()
            .take(TITLE_COUNTRIES)
            .map(Country::as_str)
            .collect();
        let more = self.countries.len() - named.len();
        let places = match (named.is_empty(), more) {
            (true, _) => String::new(),
            (false, 0) => format!(" in {}", named.join(", ")),
            (false, more) => format!(" in {} and {more} more", named.join(", ")),
        };
        format!("{exercise}{kind}: {about}{places}{withdrawn}")
    }

    /// When the first version of it was made: never after this one.
    pub(super) fn created_ms(&self) -> u64 {
        self.first_seen_ms.min(self.revised_at_ms)
    }
}

/// The indicator that a field of a key holds.
fn indicator_of(field: &str, value: &str) -> Option<Indicator> {
    match Field::parse(field)? {
        Field::Indicator => value.parse().ok(),
        // Of the field's kind and no other, whatever the value looks like: a mutex may be called `domain:bad.example`.
        Field::IndicatorOf(kind) => {
            let named = value
                .strip_prefix(kind.as_str())
                .and_then(|rest| rest.strip_prefix(':'));
            Indicator::parse(kind, named.unwrap_or(value)).ok()
        }
        _ => None,
    }
}

/// A time by RFC 3339, in UTC, with milliseconds.
pub(super) fn rfc3339(ms: u64) -> String {
    let moment = i64::try_from(ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    format!("{:.3}", moment.unwrap_or(Timestamp::MAX))
}
