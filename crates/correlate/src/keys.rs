//! The correlation keys of a report.

use std::sync::Arc;

use chappe_model::{Accepted, CountField, GroupBy, KeyField, KeyHash, Policy, Realm, Rule, Secret, Severity};

/// One key of a report under one rule.
#[derive(Clone, Debug)]
pub(crate) struct ReportKeyOf {
    pub(crate) rule: u16,
    pub(crate) hash: KeyHash,
    pub(crate) fields: Arc<[KeyField]>,
}

/// All keys of a report: for each rule, one for each combination of its group-by values.
pub(crate) fn keys_of(secret: &Secret, policy: &Policy, accepted: &Accepted) -> Vec<ReportKeyOf> {
    let realm = accepted.compartment().realm;
    let mut found = Vec::new();
    for (index, rule) in policy.rules().iter().enumerate() {
        let Ok(index) = u16::try_from(index) else { break }; // a policy holds at most limits::RULES rules
        if rule.field == CountField::CriticalReport && accepted.incident.severity != Severity::Critical {
            continue;
        }
        for fields in combinations(rule, accepted) {
            found.push(ReportKeyOf {
                rule: index,
                hash: hash(secret, rule, realm, &fields),
                fields,
            });
        }
    }
    found
}

fn hash(secret: &Secret, rule: &Rule, realm: Realm, fields: &[KeyField]) -> KeyHash {
    let values: Vec<&str> = fields.iter().map(|field| &*field.value).collect();
    secret.key_hash(&rule.id, realm, &values)
}

fn combinations(rule: &Rule, accepted: &Accepted) -> Vec<Arc<[KeyField]>> {
    let mut partial: Vec<Vec<KeyField>> = vec![vec![]];
    for group in &rule.group_by {
        let (field, values) = values_of(*group, accepted);
        let mut longer = Vec::with_capacity(partial.len() * values.len());
        for prefix in &partial {
            for value in &values {
                let mut fields = prefix.clone();
                fields.push(KeyField {
                    field: Arc::clone(&field),
                    value: Arc::clone(value),
                });
                longer.push(fields);
            }
        }
        partial = longer;
    }
    partial.into_iter().map(Into::into).collect()
}

/// Values that mean nothing outside the network where they were seen (RFC 6890) make no key: two reports of them share nothing.
fn values_of(group: GroupBy, accepted: &Accepted) -> (Arc<str>, Vec<Arc<str>>) {
    let incident = &accepted.incident;
    match group {
        GroupBy::Indicator => {
            let telling = incident.indicators.iter().filter(|indicator| !indicator.is_special());
            (
                "indicator".into(),
                telling.map(|indicator| indicator.to_string().into()).collect(),
            )
        }
        GroupBy::CriticalSector => {
            let critical = incident.sectors.iter().filter(|sector| sector.is_critical());
            (
                "critical_sector".into(),
                critical.map(|sector| sector.as_str().into()).collect(),
            )
        }
        GroupBy::Reporter => ("reporter".into(), vec![accepted.reporter.as_str().into()]),
    }
}
