//! The correlation keys of a report.

use std::collections::BTreeMap;
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
    let mut values = Values::default();
    let mut found = Vec::new();
    for (index, rule) in policy.rules().iter().enumerate() {
        let Ok(index) = u16::try_from(index) else { break }; // a policy holds at most limits::RULES rules
        if rule.field == CountField::CriticalReport && accepted.incident.severity != Severity::Critical {
            continue;
        }
        let groups: Vec<&[KeyField]> = values.of_all(&rule.group_by, accepted);
        for fields in combinations(&groups) {
            found.push(ReportKeyOf {
                rule: index,
                hash: hash(secret, rule, realm, &fields),
                fields,
            });
        }
    }
    found
}

/// The values of each group-by field of one report, made once for all rules.
#[derive(Default)]
struct Values(BTreeMap<GroupBy, Vec<KeyField>>);

impl Values {
    fn of_all(&mut self, groups: &[GroupBy], accepted: &Accepted) -> Vec<&[KeyField]> {
        for group in groups {
            self.0.entry(*group).or_insert_with(|| values_of(*group, accepted));
        }
        groups.iter().map(|group| self.0[group].as_slice()).collect()
    }
}

fn hash(secret: &Secret, rule: &Rule, realm: Realm, fields: &[KeyField]) -> KeyHash {
    let values: Vec<&str> = fields.iter().map(|field| &*field.value).collect();
    secret.key_hash(&rule.id, realm, &values)
}

fn combinations(groups: &[&[KeyField]]) -> Vec<Arc<[KeyField]>> {
    let mut partial: Vec<Vec<KeyField>> = vec![vec![]];
    for values in groups {
        let longer = partial.iter().flat_map(|prefix| {
            values.iter().map(|value| {
                let mut fields = Vec::with_capacity(groups.len());
                fields.extend_from_slice(prefix);
                fields.push(value.clone());
                fields
            })
        });
        partial = longer.collect();
    }
    partial.into_iter().map(Into::into).collect()
}

/// Values that mean nothing outside the network where they were seen (RFC 6890) make no key: two reports of them share nothing.
fn values_of(group: GroupBy, accepted: &Accepted) -> Vec<KeyField> {
    let incident = &accepted.incident;
    let fields = |name: &str, values: Vec<Arc<str>>| {
        let field: Arc<str> = name.into();
        let with = |value| KeyField {
            field: Arc::clone(&field),
            value,
        };
        values.into_iter().map(with).collect()
    };
    match group {
        GroupBy::Indicator => {
            let telling = incident.indicators.iter().filter(|indicator| !indicator.is_special());
            fields(
                "indicator",
                telling.map(|indicator| indicator.to_string().into()).collect(),
            )
        }
        GroupBy::CriticalSector => {
            let critical = incident.sectors.iter().filter(|sector| sector.is_critical());
            fields(
                "critical_sector",
                critical.map(|sector| sector.as_str().into()).collect(),
            )
        }
        GroupBy::Reporter => fields("reporter", vec![accepted.reporter.as_str().into()]),
    }
}
