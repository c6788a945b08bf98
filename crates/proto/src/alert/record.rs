use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::{
    Alert, AlertId, AlertState, Audience, Compartment, Country, CountrySet, Counts, Evidence, IncidentId, KeyField,
    KeyHash, MemberId, Realm, Rsit, Sector, Timestamp,
};
use prost::Message;

use crate::incident::{RecordError, pap_from_wire, severity_from_wire, severity_to_wire, tlp_from_wire};
use crate::policy::{rule_from_wire, rule_to_wire};
use crate::{time, v1};

/// Format of a [`v1::AlertRecord`] and a [`v1::AlertMark`] that this version writes.
pub const ALERT_FORMAT: u32 = 1;

/// Encodes one revision for the `alerts` topic.
#[must_use]
pub fn encode(alert: &Alert) -> Vec<u8> {
    let recipients = alert.compartment.recipients.iter().flat_map(|list| list.iter());
    let superseded_by = if let AlertState::Superseded(id) = alert.state {
        id.as_bytes().to_vec()
    } else {
        vec![]
    };
    let record = v1::AlertRecord {
        format: ALERT_FORMAT,
        alert_id: alert.id.as_bytes().to_vec().into(),
        epoch: alert.epoch,
        alert: Some(super::to_wire(alert)),
        overlay: !alert.compartment.is_pool(),
        recipients: recipients.map(ToString::to_string).collect(),
        reporter: if let Audience::Reporter(reporter) = &alert.audience {
            reporter.to_string()
        } else {
            String::new()
        },
        evidence: alert.evidence.iter().map(evidence_to_record).collect(),
        anchor_time_ms: alert.anchor.0.as_millis(),
        anchor_incident: alert.anchor.1.as_bytes().to_vec().into(),
        superseded_by: superseded_by.into(),
        key: alert.key_hash.0.to_le_bytes().to_vec().into(),
        rule: Some(rule_to_wire(&alert.rule)),
        last_fire_ms: alert.last_fire.as_millis(),
        campaign: alert.campaign.as_deref().map(super::campaign::to_record),
    };
    record.encode_to_vec()
}

fn evidence_to_record(evidence: &Evidence) -> v1::EvidenceRecord {
    v1::EvidenceRecord {
        incident_id: evidence.incident.as_bytes().to_vec().into(),
        reporter: evidence.reporter.to_string(),
        time_ms: evidence.time.as_millis(),
        countries: evidence.countries.iter().map(|c| c.as_str().to_owned()).collect(),
        incident_type: evidence.incident_type.as_str().to_owned(),
        severity: severity_to_wire(evidence.severity) as i32,
    }
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// When the bytes are of another format or damaged.
pub fn decode(bytes: &[u8]) -> Result<Alert, RecordError> {
    let record = v1::AlertRecord::decode(bytes).map_err(|e| RecordError::Protobuf(e.to_string()))?;
    if record.format != ALERT_FORMAT {
        return Err(RecordError::Format(record.format));
    }
    let wire = record.alert.ok_or(RecordError::Field("alert"))?;
    let marking = wire.marking.as_ref().ok_or(RecordError::Field("alert.marking"))?;
    let explanation = wire
        .explanation
        .as_ref()
        .ok_or(RecordError::Field("alert.explanation"))?;
    let counts = wire.counts.as_ref().ok_or(RecordError::Field("alert.counts"))?;
    let realm = if wire.exercise { Realm::Exercise } else { Realm::Live };
    let recipients = record
        .recipients
        .iter()
        .map(|r| MemberId::parse(r))
        .collect::<Result<BTreeSet<_>, _>>();
    let recipients = recipients.map_err(|_| RecordError::Field("recipients"))?;
    Ok(Alert {
        id: AlertId::from_bytes(sixteen(&record.alert_id, "alert_id")?),
        revision: wire.revision,
        revised_at: moment(wire.revised_at.as_ref(), "alert.revised_at")?,
        epoch: record.epoch,
        state: state(wire.state, &record.superseded_by)?,
        rule: Arc::new(rule_from_wire(record.rule.ok_or(RecordError::Field("rule"))?)?),
        compartment: Compartment {
            realm,
            recipients: record.overlay.then(|| Arc::new(recipients)),
        },
        key_hash: KeyHash(u128::from_le_bytes(sixteen(&record.key, "key")?)),
        key: wire.key.iter().map(key_field).collect(),
        anchor: (
            Timestamp::from_millis(record.anchor_time_ms),
            IncidentId::from_bytes(sixteen(&record.anchor_incident, "anchor_incident")?),
        ),
        last_fire: Timestamp::from_millis(record.last_fire_ms),
        audience: audience(wire.audience, &wire.audience_countries, &record.reporter)?,
        severity: severity_from_wire(wire.severity).ok_or(RecordError::Field("alert.severity"))?,
        tlp: tlp_from_wire(marking.tlp).ok_or(RecordError::Field("alert.marking.tlp"))?,
        pap: pap_from_wire(marking.pap).ok_or(RecordError::Field("alert.marking.pap"))?,
        countries: countries(&wire.countries)?,
        sectors: sectors(&wire.sectors)?,
        incident_types: wire.incident_types.iter().map(|t| rsit(t)).collect::<Result<_, _>>()?,
        counts: Counts {
            reports: counts.reports,
            unlisted: counts.unlisted,
            members: counts.members,
        },
        digest: chappe_model::bytes_of_hex(&wire.digest).ok_or(RecordError::Field("alert.digest"))?,
        evidence: record.evidence.iter().map(evidence).collect::<Result<_, _>>()?,
        values: explanation.values.iter().map(|v| v.as_str().into()).collect(),
        peak: explanation.peak,
        fires: explanation.fires,
        first_seen: moment(wire.first_seen.as_ref(), "alert.first_seen")?,
        last_seen: moment(wire.last_seen.as_ref(), "alert.last_seen")?,
        held: wire.held,
        campaign: boxed(record.campaign.as_ref().map(super::campaign::from_record))?,
        surge: boxed(explanation.surge.as_ref().map(super::surge::from_wire))?,
        cascade: boxed(explanation.cascade.as_ref().map(super::cascade::from_wire))?,
    })
}

fn boxed<T>(read: Option<Result<T, RecordError>>) -> Result<Option<Box<T>>, RecordError> {
    Ok(read.transpose()?.map(Box::new))
}

fn key_field(wire: &v1::KeyField) -> KeyField {
    KeyField {
        field: wire.field.as_str().into(),
        value: wire.value.as_str().into(),
    }
}

fn evidence(record: &v1::EvidenceRecord) -> Result<Evidence, RecordError> {
    Ok(Evidence {
        incident: IncidentId::from_bytes(sixteen(&record.incident_id, "evidence.incident_id")?),
        reporter: MemberId::parse(&record.reporter).map_err(|_| RecordError::Field("evidence.reporter"))?,
        time: Timestamp::from_millis(record.time_ms),
        countries: countries(&record.countries)?,
        incident_type: rsit(&record.incident_type)?,
        severity: severity_from_wire(record.severity).ok_or(RecordError::Field("evidence.severity"))?,
    })
}

fn sectors(names: &[String]) -> Result<BTreeSet<Sector>, RecordError> {
    let read: Result<_, _> = names.iter().map(|name| name.parse()).collect();
    read.map_err(|_| RecordError::Field("alert.sectors"))
}

fn rsit(text: &str) -> Result<Rsit, RecordError> {
    text.parse().map_err(|_| RecordError::Field("incident_type"))
}

fn countries(codes: &[String]) -> Result<CountrySet, RecordError> {
    codes
        .iter()
        .map(|c| Country::parse(c))
        .collect::<Result<_, _>>()
        .map_err(|_| RecordError::Field("countries"))
}

fn sixteen(bytes: &[u8], field: &'static str) -> Result<[u8; 16], RecordError> {
    bytes.try_into().map_err(|_| RecordError::Field(field))
}

fn moment(wire: Option<&prost_types::Timestamp>, field: &'static str) -> Result<Timestamp, RecordError> {
    let wire = wire.ok_or(RecordError::Field(field))?;
    time::from_wire(wire).map_err(|_| RecordError::Field(field))
}

fn state(code: i32, superseded_by: &[u8]) -> Result<AlertState, RecordError> {
    match v1::AlertState::try_from(code) {
        Ok(v1::AlertState::Open) => Ok(AlertState::Open),
        Ok(v1::AlertState::Resolved) => Ok(AlertState::Resolved),
        Ok(v1::AlertState::Retracted) => Ok(AlertState::Retracted),
        Ok(v1::AlertState::Superseded) => Ok(AlertState::Superseded(AlertId::from_bytes(sixteen(
            superseded_by,
            "superseded_by",
        )?))),
        _ => Err(RecordError::Field("alert.state")),
    }
}

fn audience(code: i32, codes: &[String], reporter: &str) -> Result<Audience, RecordError> {
    match v1::Audience::try_from(code) {
        Ok(v1::Audience::Eu) => Ok(Audience::Eu),
        Ok(v1::Audience::Countries) => Ok(Audience::Countries(countries(codes)?)),
        Ok(v1::Audience::Recipients) => Ok(Audience::Recipients),
        Ok(v1::Audience::Reporter) => Ok(Audience::Reporter(
            MemberId::parse(reporter).map_err(|_| RecordError::Field("reporter"))?,
        )),
        _ => Err(RecordError::Field("alert.audience")),
    }
}

/// What a mark of the `alerts` topic says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertsMark {
    /// Everything reported up to this log time has been judged, and what follows from it stands before the mark.
    Reached {
        /// The log time.
        watermark: Timestamp,
        /// Epoch of the owner of the first lot.
        epoch: u64,
    },
    /// A new owner of a lot.
    Claim(Claim),
}

/// A lot's new owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which lot.
    pub lot: u16,
    /// Of how many.
    pub lots: u16,
    /// Who owns it from here on.
    pub instance: String,
    /// Its fencing epoch.
    pub epoch: u64,
}

/// Encodes a time mark of the `alerts` topic: how far correlation has judged, and under which epoch.
#[must_use]
pub fn encode_mark(watermark: Timestamp, epoch: u64) -> Vec<u8> {
    v1::AlertMark {
        format: ALERT_FORMAT,
        watermark_ms: watermark.as_millis(),
        epoch,
        claim: None,
    }
    .encode_to_vec()
}

/// Encodes that a lot has a new owner.
#[must_use]
pub fn encode_claim(claim: &Claim) -> Vec<u8> {
    v1::AlertMark {
        format: ALERT_FORMAT,
        watermark_ms: 0,
        epoch: claim.epoch,
        claim: Some(v1::LotClaim {
            lot: claim.lot.into(),
            lots: claim.lots.into(),
            instance: claim.instance.clone(),
        }),
    }
    .encode_to_vec()
}

/// Reads what [`encode_mark`] or [`encode_claim`] wrote.
///
/// # Errors
/// When the bytes are of another format or damaged.
pub fn decode_mark(bytes: &[u8]) -> Result<AlertsMark, RecordError> {
    let mark = v1::AlertMark::decode(bytes).map_err(|e| RecordError::Protobuf(e.to_string()))?;
    if mark.format != ALERT_FORMAT {
        return Err(RecordError::Format(mark.format));
    }
    let Some(claim) = mark.claim else {
        let (watermark, epoch) = (Timestamp::from_millis(mark.watermark_ms), mark.epoch);
        return Ok(AlertsMark::Reached { watermark, epoch });
    };
    let small = |number: u32, field| u16::try_from(number).map_err(|_| RecordError::Field(field));
    Ok(AlertsMark::Claim(Claim {
        lot: small(claim.lot, "claim.lot")?,
        lots: small(claim.lots, "claim.lots")?,
        instance: claim.instance,
        epoch: mark.epoch,
    }))
}
