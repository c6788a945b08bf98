//! The correlation keys of a report.

use std::collections::BTreeMap;
use std::sync::Arc;

use chappe_model::{Accepted, Field, KeyHash, Measure, Policy, Realm, Rule, Secret, Severity};

use crate::choir::Choir;
use crate::key_text;

/// One key of a report under one rule.
#[derive(Clone, Debug)]
pub(crate) struct ReportKeyOf {
    pub(crate) rule: u16,
    pub(crate) hash: KeyHash,
    /// The values, joined.
    pub(crate) text: Arc<str>,
    /// The rule's sources that admit the report under this key, a bit each.
    pub(crate) sources: u32,
}

/// All keys of a report: for each rule, one for each combination of the values by which its sources group.
pub(crate) fn keys_of(secret: &Secret, policy: &Policy, choir: &mut Choir, accepted: &Accepted) -> Vec<ReportKeyOf> {
    let realm = accepted.compartment().realm;
    let mut values = Values::default();
    let mut found: Vec<ReportKeyOf> = Vec::new();
    for (index, rule) in policy.rules().iter().enumerate() {
        let Ok(index) = u16::try_from(index) else { break }; // a policy holds at most limits::RULES rules
        if rule.when.measure == Measure::CriticalReport && accepted.incident.severity != Severity::Critical {
            continue;
        }
        let mut places: BTreeMap<KeyHash, usize> = BTreeMap::new();
        for (bit, source) in rule.sources.iter().enumerate() {
            if !source.filter.admits(accepted) {
                continue;
            }
            let groups = values.of_all(rule.group_by_of(source), accepted);
            for fields in combinations(&groups) {
                let hash = hash(secret, rule, realm, &fields);
                if let Some(place) = places.get(&hash) {
                    found[*place].sources |= 1 << bit;
                    continue;
                }
                if rule.sources.len() > 1 {
                    places.insert(hash, found.len());
                }
                found.push(ReportKeyOf {
                    rule: index,
                    hash,
                    text: choir.key(hash, || key_text::join(&fields)),
                    sources: 1 << bit,
                });
            }
        }
    }
    found
}

/// The values of each group-by field of one report, made once for all rules.
#[derive(Default)]
struct Values(BTreeMap<Field, Vec<Arc<str>>>);

impl Values {
    fn of_all(&mut self, groups: &[Field], accepted: &Accepted) -> Vec<&[Arc<str>]> {
        for group in groups {
            self.0.entry(*group).or_insert_with(|| group.key_values(accepted));
        }
        groups.iter().map(|group| self.0[group].as_slice()).collect()
    }
}

fn hash(secret: &Secret, rule: &Rule, realm: Realm, values: &[&str]) -> KeyHash {
    secret.key_hash(&rule.id, realm, values)
}

/// Each way to take one value of each field.
fn combinations<'a>(groups: &[&'a [Arc<str>]]) -> Vec<Vec<&'a str>> {
    let mut partial: Vec<Vec<&str>> = vec![vec![]];
    for values in groups {
        let longer = partial.iter().flat_map(|prefix| {
            values.iter().map(|value| {
                let mut fields = Vec::with_capacity(groups.len());
                fields.extend_from_slice(prefix);
                fields.push(&**value);
                fields
            })
        });
        partial = longer.collect();
    }
    partial
}
