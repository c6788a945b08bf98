use std::collections::BTreeSet;

use chappe_model::{
    Accepted, Country, Digest, Incident, IncidentId, Indicator, IndicatorKind, Marking, MemberId, Pap, ReportKey,
    Severity, Timestamp, Tlp, Use,
};
use prost::Message;

use super::particulars;
use super::submission::marking;
use crate::time;
use crate::v1;
use crate::violations::Violations;

/// Format of an [`v1::IncidentRecord`] that this version writes.
pub const INCIDENT_FORMAT: u32 = 1;

/// Why bytes of the log are no incident.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not protobuf.
    #[error("no protobuf message: {0}")]
    Protobuf(String),
    /// Written by a newer version.
    #[error("format {0}: this version reads up to {INCIDENT_FORMAT}; upgrade first")]
    Format(u32),
    /// A field that no version writes.
    #[error("field {0} is not as this version writes it")]
    Field(&'static str),
}

/// Encodes an accepted revision for the log.
#[must_use]
pub fn encode(accepted: &Accepted, content_digest: &Digest) -> Vec<u8> {
    let record = v1::IncidentRecord {
        format: INCIDENT_FORMAT,
        incident_id: accepted.id.as_bytes().to_vec().into(),
        reporter: accepted.reporter.to_string(),
        home: accepted.home.map(|c| c.as_str().to_owned()).unwrap_or_default(),
        incident: Some(named(accepted, String::new(), String::new())), // the record itself names both
        content_digest: content_digest.to_vec().into(),
        unmarked: accepted.unmarked,
    };
    record.encode_to_vec()
}

/// Reads what [`encode`] wrote: the revision and the digest of its content as submitted.
///
/// # Errors
/// When the bytes are of another format or damaged.
pub fn decode(bytes: &[u8]) -> Result<(Accepted, Digest), RecordError> {
    let record = v1::IncidentRecord::decode(bytes).map_err(|e| RecordError::Protobuf(e.to_string()))?;
    if record.format != INCIDENT_FORMAT {
        return Err(RecordError::Format(record.format));
    }
    let id = <[u8; 16]>::try_from(&record.incident_id[..]).map_err(|_| RecordError::Field("incident_id"))?;
    let digest = <[u8; 16]>::try_from(&record.content_digest[..]).map_err(|_| RecordError::Field("content_digest"))?;
    let reporter = MemberId::parse(&record.reporter).map_err(|_| RecordError::Field("reporter"))?;
    let home = match record.home.as_str() {
        "" => None,
        code => Some(Country::parse(code).map_err(|_| RecordError::Field("home"))?),
    };
    let wire = record.incident.ok_or(RecordError::Field("incident"))?;
    let reported_at = moment(wire.reported_at.as_ref(), "incident.reported_at")?.unwrap_or(Timestamp::ZERO);
    let incident = incident(wire)?;
    Ok((
        Accepted {
            id: IncidentId::from_bytes(id),
            reporter,
            home,
            unmarked: record.unmarked,
            reported_at,
            incident,
        },
        digest,
    ))
}

fn incident(wire: v1::Incident) -> Result<Incident, RecordError> {
    let mut bad = Violations::default();
    let marking = marking(&mut bad, wire.marking.as_ref()).ok_or(RecordError::Field("incident.marking"))?;
    let particulars = particulars::read(&mut bad, &wire);
    if !bad.is_empty() {
        return Err(RecordError::Field("incident.subsectors, confidence or notification"));
    }
    let countries = wire
        .countries
        .iter()
        .map(|c| Country::parse(c))
        .collect::<Result<BTreeSet<_>, _>>();
    let sectors = wire
        .sectors
        .iter()
        .map(|s| s.parse())
        .collect::<Result<BTreeSet<_>, _>>();
    let mut indicators = BTreeSet::new();
    for indicator in wire.indicators {
        let kind = kind_from_wire(indicator.r#type).ok_or(RecordError::Field("incident.indicators.type"))?;
        indicators.insert(
            Indicator::from_canonical(kind, indicator.value)
                .map_err(|_| RecordError::Field("incident.indicators.value"))?,
        );
    }
    Ok(Incident {
        report_key: ReportKey::parse(&wire.report_key).map_err(|_| RecordError::Field("incident.report_key"))?,
        revision: wire.revision,
        retracted: wire.retracted,
        incident_type: wire
            .incident_type
            .parse()
            .map_err(|_| RecordError::Field("incident.incident_type"))?,
        severity: severity_from_wire(wire.severity).ok_or(RecordError::Field("incident.severity"))?,
        marking,
        occurred_from: moment(wire.occurred_from.as_ref(), "incident.occurred_from")?,
        occurred_to: moment(wire.occurred_to.as_ref(), "incident.occurred_to")?,
        detected_at: moment(wire.detected_at.as_ref(), "incident.detected_at")?,
        countries: countries.map_err(|_| RecordError::Field("incident.countries"))?,
        sectors: sectors.map_err(|_| RecordError::Field("incident.sectors"))?,
        indicators,
        title: wire.title,
        summary: wire.summary,
        exercise: wire.exercise,
        backfill: wire.backfill,
        particulars,
    })
}

fn moment(wire: Option<&prost_types::Timestamp>, field: &'static str) -> Result<Option<Timestamp>, RecordError> {
    wire.map(time::from_wire)
        .transpose()
        .map_err(|_| RecordError::Field(field))
}

/// An accepted revision as its reporter gets it back.
#[must_use]
pub fn to_wire(accepted: &Accepted) -> v1::Incident {
    let mut wire = named(accepted, accepted.id.resource_name(), accepted.reporter.to_string());
    let notification = accepted.incident.particulars.notification.as_deref();
    wire.notification = notification.map(|one| particulars::notification_to_wire(one, Some(accepted.reported_at)));
    wire
}

fn named(accepted: &Accepted, name: String, reporter: String) -> v1::Incident {
    let incident = &accepted.incident;
    let particulars = &incident.particulars;
    v1::Incident {
        name,
        report_key: incident.report_key.to_string(),
        revision: incident.revision,
        retracted: incident.retracted,
        incident_type: incident.incident_type.as_str().to_owned(),
        severity: severity_to_wire(incident.severity) as i32,
        marking: Some(marking_to_wire(&incident.marking)),
        occurred_from: incident.occurred_from.map(time::to_wire),
        occurred_to: incident.occurred_to.map(time::to_wire),
        detected_at: incident.detected_at.map(time::to_wire),
        reported_at: Some(time::to_wire(accepted.reported_at)),
        countries: incident.countries.iter().map(|c| c.as_str().to_owned()).collect(),
        sectors: incident.sectors.iter().map(|s| s.as_str().to_owned()).collect(),
        indicators: incident.indicators.iter().map(indicator_to_wire).collect(),
        title: incident.title.clone(),
        summary: incident.summary.clone(),
        exercise: incident.exercise,
        backfill: incident.backfill,
        reporter,
        subsectors: particulars.subsectors.iter().map(ToString::to_string).collect(),
        confidence: particulars
            .confidence
            .map(|grade| grade.to_string())
            .unwrap_or_default(),
        notification: particulars
            .notification
            .as_deref()
            .map(|one| particulars::notification_to_wire(one, None)),
    }
}

/// A kind of indicators on the wire.
#[must_use]
pub fn kind_to_wire(kind: IndicatorKind) -> v1::IndicatorType {
    match kind {
        IndicatorKind::Ip => v1::IndicatorType::Ip,
        IndicatorKind::Domain => v1::IndicatorType::Domain,
        IndicatorKind::Url => v1::IndicatorType::Url,
        IndicatorKind::Md5 => v1::IndicatorType::Md5,
        IndicatorKind::Sha1 => v1::IndicatorType::Sha1,
        IndicatorKind::Sha256 => v1::IndicatorType::Sha256,
        IndicatorKind::Sha512 => v1::IndicatorType::Sha512,
        IndicatorKind::Email => v1::IndicatorType::Email,
        IndicatorKind::Cve => v1::IndicatorType::Cve,
        IndicatorKind::Cidr => v1::IndicatorType::Cidr,
        IndicatorKind::Asn => v1::IndicatorType::Asn,
        IndicatorKind::CryptoAddress => v1::IndicatorType::CryptoAddress,
        IndicatorKind::Iban => v1::IndicatorType::Iban,
        IndicatorKind::Phone => v1::IndicatorType::Phone,
        IndicatorKind::UserAgent => v1::IndicatorType::UserAgent,
        IndicatorKind::Certificate => v1::IndicatorType::Certificate,
        IndicatorKind::Mutex => v1::IndicatorType::Mutex,
        IndicatorKind::RegistryKey => v1::IndicatorType::RegistryKey,
        IndicatorKind::Malware => v1::IndicatorType::Malware,
        IndicatorKind::Technique => v1::IndicatorType::Technique,
    }
}

/// The kind of a wire type; none for one this version does not know.
pub(super) fn kind_from_wire(code: i32) -> Option<IndicatorKind> {
    IndicatorKind::ALL
        .into_iter()
        .find(|kind| kind_to_wire(*kind) as i32 == code)
}

/// An indicator on the wire.
#[must_use]
pub fn indicator_to_wire(indicator: &Indicator) -> v1::Indicator {
    v1::Indicator {
        r#type: kind_to_wire(indicator.kind()) as i32,
        value: indicator.value().to_owned(),
    }
}

/// A marking, complete.
#[must_use]
pub fn marking_to_wire(marking: &Marking) -> v1::Marking {
    let usage = match marking.usage() {
        Use::Share => v1::Use::Share,
        Use::MatchOnly => v1::Use::MatchOnly,
        Use::NamedRecipientsOnly => v1::Use::NamedRecipientsOnly,
    };
    v1::Marking {
        tlp: tlp_to_wire(marking.tlp()) as i32,
        pap: pap_to_wire(marking.pap()) as i32,
        r#use: usage as i32,
        recipients: marking.recipients().iter().map(ToString::to_string).collect(),
    }
}

pub(crate) fn tlp_to_wire(tlp: Tlp) -> v1::Tlp {
    match tlp {
        Tlp::Clear => v1::Tlp::Clear,
        Tlp::Green => v1::Tlp::Green,
        Tlp::Amber => v1::Tlp::Amber,
        Tlp::AmberStrict => v1::Tlp::AmberStrict,
        Tlp::Red => v1::Tlp::Red,
    }
}

pub(crate) fn tlp_from_wire(code: i32) -> Option<Tlp> {
    Tlp::ALL.into_iter().find(|tlp| tlp_to_wire(*tlp) as i32 == code)
}

pub(crate) fn pap_to_wire(pap: Pap) -> v1::Pap {
    match pap {
        Pap::Clear => v1::Pap::Clear,
        Pap::Green => v1::Pap::Green,
        Pap::Amber => v1::Pap::Amber,
        Pap::Red => v1::Pap::Red,
    }
}

pub(crate) fn pap_from_wire(code: i32) -> Option<Pap> {
    Pap::ALL.into_iter().find(|pap| pap_to_wire(*pap) as i32 == code)
}

pub(crate) fn severity_to_wire(severity: Severity) -> v1::Severity {
    match severity {
        Severity::Info => v1::Severity::Info,
        Severity::Low => v1::Severity::Low,
        Severity::Medium => v1::Severity::Medium,
        Severity::High => v1::Severity::High,
        Severity::Critical => v1::Severity::Critical,
    }
}

pub(crate) fn severity_from_wire(code: i32) -> Option<Severity> {
    Severity::ALL
        .into_iter()
        .find(|severity| severity_to_wire(*severity) as i32 == code)
}
