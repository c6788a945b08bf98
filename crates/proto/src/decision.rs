//! Decisions on alerts: as asked for, in the log, and as others see them.

use chappe_model::{AlertId, Decision, Judgement, MemberId, Reason, Timestamp, Verdict};
use prost::Message;

use crate::incident::RecordError;
use crate::{Violations, time, v1};

/// Format of a [`v1::DecisionRecord`] that this version writes.
pub const DECISION_FORMAT: u32 = 1;

/// A verdict on the wire.
#[must_use]
pub const fn verdict_to_wire(verdict: Verdict) -> v1::Verdict {
    match verdict {
        Verdict::Acknowledged => v1::Verdict::Acknowledged,
        Verdict::Confirmed => v1::Verdict::Confirmed,
        Verdict::Dismissed => v1::Verdict::Dismissed,
    }
}

/// The verdict of a wire code; none for 0 and for one this version does not know.
#[must_use]
pub fn verdict_from_wire(code: i32) -> Option<Verdict> {
    match v1::Verdict::try_from(code).ok()? {
        v1::Verdict::Unspecified => None,
        v1::Verdict::Acknowledged => Some(Verdict::Acknowledged),
        v1::Verdict::Confirmed => Some(Verdict::Confirmed),
        v1::Verdict::Dismissed => Some(Verdict::Dismissed),
    }
}

/// Takes a request apart, noting every violation with its field path.
pub fn parse(request: &v1::DecideRequest, bad: &mut Violations) -> Option<(AlertId, Judgement)> {
    let alert = bad.check("name", AlertId::parse_resource_name(&request.name));
    let verdict = verdict_from_wire(request.verdict);
    if verdict.is_none() {
        bad.push(
            "verdict",
            format!(
                "{} is no verdict: give 1 (acknowledged), 2 (confirmed) or 3 (dismissed)",
                request.verdict
            ),
        );
    }
    let reason = bad.check("reason", Reason::parse(&request.reason));
    let judgement = bad.check("reason", Judgement::new(verdict?, reason?));
    Some((alert?, judgement?))
}

/// A decision as a viewer sees it: who decided only where the viewer may know.
#[must_use]
pub fn to_wire(judgement: &Judgement, decided_at: Timestamp, by_hub: bool, member: Option<&MemberId>) -> v1::Decision {
    v1::Decision {
        verdict: verdict_to_wire(judgement.verdict()) as i32,
        reason: judgement.reason().as_str().to_owned(),
        decided_at: Some(time::to_wire(decided_at)),
        member: member.map(ToString::to_string).unwrap_or_default(),
        hub: by_hub,
    }
}

/// Encodes one record of the topic.
#[must_use]
pub fn encode(decision: &Decision) -> Vec<u8> {
    v1::DecisionRecord {
        format: DECISION_FORMAT,
        alert_id: decision.alert.as_bytes().to_vec().into(),
        member: decision.member.to_string(),
        hub: decision.by_hub,
        verdict: verdict_to_wire(decision.judgement.verdict()) as i32,
        reason: decision.judgement.reason().as_str().to_owned(),
    }
    .encode_to_vec()
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// When the bytes are of another format or damaged.
pub fn decode(bytes: &[u8]) -> Result<Decision, RecordError> {
    let record = v1::DecisionRecord::decode(bytes).map_err(|e| RecordError::Protobuf(e.to_string()))?;
    if record.format != DECISION_FORMAT {
        return Err(RecordError::Format(record.format));
    }
    let alert = <[u8; 16]>::try_from(&record.alert_id[..]).map_err(|_| RecordError::Field("alert_id"))?;
    let member = MemberId::parse(&record.member).map_err(|_| RecordError::Field("member"))?;
    let verdict = verdict_from_wire(record.verdict).ok_or(RecordError::Field("verdict"))?;
    let reason = Reason::parse(&record.reason).map_err(|_| RecordError::Field("reason"))?;
    let judgement = Judgement::new(verdict, reason).map_err(|_| RecordError::Field("reason"))?;
    Ok(Decision {
        alert: AlertId::from_bytes(alert),
        member,
        by_hub: record.hub,
        judgement,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn decision(verdict: Verdict, reason: &str) -> Decision {
        Decision {
            alert: AlertId::from_bytes([7; 16]),
            member: MemberId::parse("csirt-at").unwrap(),
            by_hub: verdict == Verdict::Confirmed,
            judgement: Judgement::new(verdict, Reason::parse(reason).unwrap()).unwrap(),
        }
    }

    #[test]
    fn what_was_decided_is_read_back_and_nothing_else_is() {
        for verdict in Verdict::ALL {
            let decision = decision(verdict, "a new sensor\nin Vienna");
            assert_eq!(decode(&encode(&decision)), Ok(decision));
        }
        assert!(decode(b"").is_err() && decode(&[0xff]).is_err());
        let changed = |change: fn(&mut v1::DecisionRecord)| {
            let bytes = encode(&decision(Verdict::Dismissed, "noise"));
            let mut record = v1::DecisionRecord::decode(&bytes[..]).unwrap();
            change(&mut record);
            decode(&record.encode_to_vec())
        };
        assert_eq!(changed(|r| r.format = 2), Err(RecordError::Format(2)));
        assert_eq!(changed(|r| r.reason.clear()), Err(RecordError::Field("reason")));
        assert_eq!(changed(|r| r.verdict = 9), Err(RecordError::Field("verdict")));
        assert_eq!(changed(|r| r.member = "X".into()), Err(RecordError::Field("member")));
        assert_eq!(
            changed(|r| r.alert_id = vec![1].into()),
            Err(RecordError::Field("alert_id"))
        );
    }

    #[test]
    fn a_request_names_every_violation_at_once() {
        let fields = |request: &v1::DecideRequest| {
            let mut bad = Violations::default();
            let parsed = parse(request, &mut bad);
            assert_eq!(parsed.is_some(), bad.is_empty());
            bad.into_vec().into_iter().map(|v| v.field).collect::<Vec<_>>()
        };
        let wrong = v1::DecideRequest {
            name: "incidents/1".into(),
            verdict: 0,
            reason: "x".repeat(1_001),
        };
        assert_eq!(fields(&wrong), ["name", "verdict", "reason"]);
        let silent = v1::DecideRequest {
            name: AlertId::from_bytes([7; 16]).resource_name(),
            verdict: v1::Verdict::Dismissed as i32,
            reason: " ".into(),
        };
        assert_eq!(fields(&silent), ["reason"]);
        let sound = v1::DecideRequest {
            reason: "noise".into(),
            ..silent
        };
        assert_eq!(fields(&sound), [""; 0]);
    }
}
