//! From the wire to what is written.

use std::fmt::Display;

use chappe_exchange::{Told, ToldState};
use chappe_model::{AlertId, Pap, Severity, Tlp};
use chappe_proto::alert::kind_from_wire;
use chappe_proto::v1;

use crate::alert_view::millis;
use crate::words;

/// An alert as the server told it; or what in it this program does not know, so that nothing is written that says something else.
pub(super) fn of_wire(alert: &v1::Alert) -> Result<Told, String> {
    let marking = alert.marking.clone().unwrap_or_default();
    let counts = alert.counts.unwrap_or_default();
    let why = alert.explanation.clone().unwrap_or_default();
    Ok(Told {
        id: AlertId::parse_resource_name(&alert.name).map_err(|error| error.to_string())?,
        revision: alert.revision,
        kind: kind_from_wire(alert.kind).ok_or("a kind of alert that this program does not know")?,
        state: state(alert)?,
        severity: one::<Severity, _>(words::severity(alert.severity))?,
        audience: words::audience(alert.audience).to_owned(),
        audience_countries: all(&alert.audience_countries)?,
        tlp: one::<Tlp, _>(words::tlp(marking.tlp))?,
        pap: one::<Pap, _>(words::pap(marking.pap))?,
        usage: words::usage(marking.r#use).to_owned(),
        recipients: marking.recipients,
        key: alert
            .key
            .iter()
            .map(|key| (key.field.clone(), key.value.clone()))
            .collect(),
        countries: all(&alert.countries)?,
        sectors: all(&alert.sectors)?,
        incident_types: all(&alert.incident_types)?,
        reports: counts.reports,
        unlisted: counts.unlisted,
        members: counts.members,
        digest: alert.digest.clone(),
        first_seen_ms: millis(alert.first_seen.as_ref()),
        last_seen_ms: millis(alert.last_seen.as_ref()),
        revised_at_ms: millis(alert.revised_at.as_ref()),
        exercise: alert.exercise,
        uncorroborated: alert.uncorroborated,
        held: alert.held,
        rule: why.rule_id,
        rule_version: why.rule_version,
        condition: why.condition,
        advice: alert.advice.clone(),
    })
}

fn state(alert: &v1::Alert) -> Result<ToldState, String> {
    match alert.state() {
        v1::AlertState::Open => Ok(ToldState::Open),
        v1::AlertState::Resolved => Ok(ToldState::Resolved),
        v1::AlertState::Retracted => Ok(ToldState::Retracted),
        v1::AlertState::Superseded => Ok(ToldState::Superseded(
            AlertId::parse_resource_name(&alert.superseded_by).ok(),
        )),
        v1::AlertState::Unspecified => Err("a state that this program does not know".to_owned()),
    }
}

fn one<T, E: Display>(word: &str) -> Result<T, String>
where
    T: std::str::FromStr<Err = E>,
{
    word.parse().map_err(|error: E| error.to_string())
}

fn all<T, E: Display, C: FromIterator<T>>(words: &[String]) -> Result<C, String>
where
    T: std::str::FromStr<Err = E>,
{
    words.iter().map(|word| one(word)).collect()
}
