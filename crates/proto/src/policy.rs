//! Rules and policies in the log.

use chappe_model::{Bounds, Condition, Field, Measure, MemberId, Of, Policy, Rule, Source, WidestAudience};
use prost::Message;
use serde::{Deserialize, Serialize};

use crate::alert::{kind_from_wire, kind_to_wire};
use crate::incident::RecordError;
use crate::v1;

/// Format of a [`v1::ConfigRecord`] that this version writes.
pub const POLICY_FORMAT: u32 = 1;

/// Encodes a policy for the `config` topic.
#[must_use]
pub fn encode(policy: &Policy) -> Vec<u8> {
    let record = v1::ConfigRecord {
        format: POLICY_FORMAT,
        version: policy.version,
        rules: policy.rules().iter().map(|rule| rule_to_wire(rule)).collect(),
        unmarked_as_red: policy.unmarked_as_red.iter().map(ToString::to_string).collect(),
        lateness_ms: policy.lateness_ms,
        duty_officers: policy.duty_officers.iter().map(ToString::to_string).collect(),
    };
    record.encode_to_vec()
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// When the bytes are of another format, damaged, or hold a rule that could not be run.
pub fn decode(bytes: &[u8]) -> Result<Policy, RecordError> {
    let record = v1::ConfigRecord::decode(bytes).map_err(|e| RecordError::Protobuf(e.to_string()))?;
    if record.format != POLICY_FORMAT {
        return Err(RecordError::Format(record.format));
    }
    let members = |names: &[String]| names.iter().map(|n| MemberId::parse(n)).collect::<Result<Vec<_>, _>>();
    let rules = record
        .rules
        .into_iter()
        .map(rule_from_wire)
        .collect::<Result<Vec<_>, _>>()?;
    let unmarked = members(&record.unmarked_as_red).map_err(|_| RecordError::Field("unmarked_as_red"))?;
    let duty = members(&record.duty_officers).map_err(|_| RecordError::Field("duty_officers"))?;
    Policy::new(record.version, rules, record.lateness_ms, unmarked, duty).map_err(|_| RecordError::Field("rules"))
}

pub(crate) fn rule_to_wire(rule: &Rule) -> v1::Rule {
    v1::Rule {
        id: rule.id.to_string(),
        version: rule.version,
        kind: kind_to_wire(rule.kind) as i32,
        group_by: rule.group_by.iter().map(|field| field.as_str().to_owned()).collect(),
        field: rule.when.measure.as_str().to_owned(),
        at_least: rule.when.bounds.at_least,
        within_ms: rule.when.within_ms,
        quota: rule.quota,
        condition: rule.condition.to_string(),
        advice: rule.advice.iter().map(ToString::to_string).collect(),
        widest_audience: match rule.widest_audience {
            WidestAudience::Eu => v1::Audience::Eu as i32,
            WidestAudience::Countries => v1::Audience::Countries as i32,
        },
        body: Body {
            sources: rule.sources.clone(),
            at_most: rule.when.bounds.at_most,
            of: rule.when.of.clone(),
        }
        .to_wire(),
    }
}

pub(crate) fn rule_from_wire(wire: v1::Rule) -> Result<Rule, RecordError> {
    let group_by = wire
        .group_by
        .iter()
        .map(|name| Field::parse(name))
        .collect::<Option<Vec<_>>>();
    let widest_audience = match v1::Audience::try_from(wire.widest_audience) {
        Ok(v1::Audience::Eu) => WidestAudience::Eu,
        Ok(v1::Audience::Countries) => WidestAudience::Countries,
        _ => return Err(RecordError::Field("rule.widest_audience")),
    };
    let measure = Measure::parse(&wire.field).ok_or(RecordError::Field("rule.field"))?;
    let Body { sources, at_most, of } = Body::from_wire(&wire.body)?;
    Ok(Rule {
        id: wire.id.into(),
        version: wire.version,
        kind: kind_from_wire(wire.kind).ok_or(RecordError::Field("rule.kind"))?,
        sources,
        group_by: group_by.ok_or(RecordError::Field("rule.group_by"))?,
        when: Condition {
            measure,
            bounds: Bounds {
                at_least: wire.at_least,
                at_most,
            },
            within_ms: wire.within_ms,
            of,
        },
        quota: wire.quota,
        widest_audience,
        condition: wire.condition.into(),
        advice: wire.advice.into_iter().map(Into::into).collect(),
    })
}

/// What a rule says beyond the message's own fields, as JSON: most rules say nothing.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Body {
    sources: Vec<Source>,
    at_most: Option<u32>,
    of: Vec<Of>,
}

impl Body {
    fn plain() -> Self {
        Self {
            sources: vec![Source::any()],
            at_most: None,
            of: vec![Of::Source(0)],
        }
    }

    fn to_wire(&self) -> String {
        if *self == Self::plain() {
            return String::new();
        }
        serde_json::to_string(self).unwrap_or_default() // lists of enums and texts always have a form
    }

    fn from_wire(text: &str) -> Result<Self, RecordError> {
        if text.is_empty() {
            return Ok(Self::plain());
        }
        serde_json::from_str(text).map_err(|_| RecordError::Field("rule.body"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_comes_back_equal() {
        let duty = vec![MemberId::parse("europol").unwrap()];
        let policy = Policy::new(3, chappe_model::built_in_rules(), 300_000, duty.clone(), duty).unwrap();
        assert_eq!(decode(&encode(&policy)), Ok(policy));
    }

    #[test]
    fn a_rule_over_sources_and_firings_comes_back_equal() {
        let mut rule = chappe_model::built_in_rules().remove(0);
        let inner = rule.when.clone();
        rule.sources.push(Source {
            name: "second".into(),
            ..Source::any()
        });
        rule.when = Condition {
            measure: Measure::InOrder,
            bounds: Bounds {
                at_least: 2,
                at_most: Some(2),
            },
            within_ms: 5,
            of: vec![Of::Firings(inner), Of::Source(1)],
        };
        let policy = Policy::new(1, vec![rule], 1, vec![], vec![]).unwrap();
        assert_eq!(decode(&encode(&policy)), Ok(policy));
    }

    #[test]
    fn damage_and_newer_formats_are_named() {
        assert_eq!(decode(&[0x08, 9]), Err(RecordError::Format(9)));
        assert!(matches!(decode(&[0xff]), Err(RecordError::Protobuf(_))));
    }
}
