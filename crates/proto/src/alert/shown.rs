use chappe_model::{Alert, AlertKind, AlertState, Audience, Evidence, Indicator, KeyField, Secret, Severity, hex};

use crate::incident::{pap_to_wire, severity_from_wire, severity_to_wire, tlp_to_wire};
use crate::{time, v1};

/// A kind on the wire.
#[must_use]
pub fn kind_to_wire(kind: AlertKind) -> v1::AlertKind {
    match kind {
        AlertKind::Campaign => v1::AlertKind::Campaign,
        AlertKind::Surge => v1::AlertKind::Surge,
        AlertKind::CrossBorder => v1::AlertKind::CrossBorder,
        AlertKind::Cascade => v1::AlertKind::Cascade,
        AlertKind::Rule => v1::AlertKind::Rule,
        AlertKind::Urgent => v1::AlertKind::Urgent,
        AlertKind::Advisory => v1::AlertKind::Advisory,
    }
}

/// The kind of a wire code; none for 0 and for one this version does not know.
#[must_use]
pub fn kind_from_wire(code: i32) -> Option<AlertKind> {
    Some(match v1::AlertKind::try_from(code).ok()? {
        v1::AlertKind::Unspecified => return None,
        v1::AlertKind::Campaign => AlertKind::Campaign,
        v1::AlertKind::Surge => AlertKind::Surge,
        v1::AlertKind::CrossBorder => AlertKind::CrossBorder,
        v1::AlertKind::Cascade => AlertKind::Cascade,
        v1::AlertKind::Rule => AlertKind::Rule,
        v1::AlertKind::Urgent => AlertKind::Urgent,
        v1::AlertKind::Advisory => AlertKind::Advisory,
    })
}

/// The lower bound that a filter's severity code asks for: the lowest for 0, none for a code that is no severity.
#[must_use]
pub fn severity_at_least(code: i32) -> Option<Severity> {
    if code == 0 {
        Some(Severity::Info)
    } else {
        severity_from_wire(code)
    }
}

/// An alert as its recipients see it: no reporter, no report, no position.
#[must_use]
pub fn to_wire(alert: &Alert) -> v1::Alert {
    let (audience, audience_countries) = audience_to_wire(&alert.audience);
    let superseded_by = if let AlertState::Superseded(id) = alert.state {
        id.resource_name()
    } else {
        String::new()
    };
    let recipients = alert.compartment.recipients.iter().flat_map(|list| list.iter());
    let usage = if alert.compartment.is_pool() {
        v1::Use::Share
    } else {
        v1::Use::NamedRecipientsOnly
    };
    v1::Alert {
        name: alert.id.resource_name(),
        revision: alert.revision,
        kind: kind_to_wire(alert.rule.kind) as i32,
        state: state_to_wire(alert.state) as i32,
        severity: severity_to_wire(alert.severity) as i32,
        audience: audience as i32,
        audience_countries,
        marking: Some(v1::Marking {
            tlp: tlp_to_wire(alert.tlp) as i32,
            pap: pap_to_wire(alert.pap) as i32,
            r#use: usage as i32,
            recipients: recipients.map(ToString::to_string).collect(),
        }),
        key: alert.key.iter().map(key_to_wire).collect(),
        countries: alert.countries.iter().map(|c| c.as_str().to_owned()).collect(),
        sectors: alert.sectors.iter().map(|s| s.as_str().to_owned()).collect(),
        incident_types: alert.incident_types.iter().map(|t| t.as_str().to_owned()).collect(),
        counts: Some(v1::Counts {
            reports: alert.counts.reports,
            unlisted: alert.counts.unlisted,
            members: alert.counts.members,
        }),
        digest: hex(&alert.digest),
        first_seen: Some(time::to_wire(alert.first_seen)),
        last_seen: Some(time::to_wire(alert.last_seen)),
        revised_at: Some(time::to_wire(alert.revised_at)),
        exercise: alert.compartment.realm == chappe_model::Realm::Exercise,
        superseded_by,
        explanation: Some(explanation(alert)),
        advice: alert.rule.advice.iter().map(ToString::to_string).collect(),
        uncorroborated: alert.rule.kind == AlertKind::Urgent,
        held: alert.held,
        decisions: vec![], // whoever shows it adds them
        hits: vec![],      // and them, for whom it is shown to
    }
}

fn explanation(alert: &Alert) -> v1::Explanation {
    v1::Explanation {
        rule_id: alert.rule.id.to_string(),
        rule_version: alert.rule.version,
        condition: alert.rule.condition.to_string(),
        field: alert.rule.when.measure.as_str().to_owned(),
        values: alert.values.iter().map(ToString::to_string).collect(),
        threshold: alert.rule.when.bounds.at_least,
        window_seconds: u32::try_from(alert.rule.when.within_ms / 1_000).unwrap_or(u32::MAX),
        fires: alert.fires,
        peak: alert.peak,
        link_threshold_milli: alert.campaign.as_ref().map_or(0, |campaign| campaign.threshold_milli),
        links: alert.campaign.as_ref().map_or(0, |campaign| campaign.joined_by),
        warning_lists: alert
            .campaign
            .iter()
            .flat_map(|campaign| campaign.warning_lists.iter().map(ToString::to_string))
            .collect(),
        surge: alert.surge.as_deref().map(super::surge::to_wire),
        cascade: alert.cascade.as_deref().map(super::cascade::to_wire),
    }
}

/// One report behind an alert, as `viewer` may know it: under a handle of its own, by name only if it is the viewer's.
#[must_use]
pub fn evidence_to_wire(evidence: &Evidence, viewer: &chappe_model::MemberId, secret: &Secret) -> v1::Evidence {
    let own = evidence.reporter == *viewer;
    v1::Evidence {
        handle: hex(&secret.report_handle(viewer, evidence.incident)),
        seen_at: Some(time::to_wire(evidence.time)),
        countries: evidence.countries.iter().map(|c| c.as_str().to_owned()).collect(),
        incident_type: evidence.incident_type.as_str().to_owned(),
        severity: severity_to_wire(evidence.severity) as i32,
        incident: if own {
            evidence.incident.resource_name()
        } else {
            String::new()
        },
    }
}

fn key_to_wire(key: &KeyField) -> v1::KeyField {
    let defanged = key
        .value
        .parse::<Indicator>()
        .map_or_else(|_| key.value.to_string(), |i| format!("{}:{}", i.kind(), i.defanged()));
    v1::KeyField {
        field: key.field.to_string(),
        value: key.value.to_string(),
        defanged,
    }
}

fn state_to_wire(state: AlertState) -> v1::AlertState {
    match state {
        AlertState::Open => v1::AlertState::Open,
        AlertState::Resolved => v1::AlertState::Resolved,
        AlertState::Retracted => v1::AlertState::Retracted,
        AlertState::Superseded(_) => v1::AlertState::Superseded,
    }
}

fn audience_to_wire(audience: &Audience) -> (v1::Audience, Vec<String>) {
    match audience {
        Audience::Eu => (v1::Audience::Eu, vec![]),
        Audience::Countries(countries) => (
            v1::Audience::Countries,
            countries.iter().map(|c| c.as_str().to_owned()).collect(),
        ),
        Audience::Recipients => (v1::Audience::Recipients, vec![]),
        Audience::Reporter(_) => (v1::Audience::Reporter, vec![]),
    }
}
