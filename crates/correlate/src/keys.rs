//! The correlation keys of a report.

use std::collections::BTreeMap;
use std::sync::Arc;

use chappe_model::{Accepted, Field, KeyHash, Measure, Policy, Secret, Severity};

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
            values.combine(rule.group_by_of(source), accepted, |fields, whole| {
                let hash = secret.key_hash(&rule.id, realm, fields);
                if let Some(place) = places.get(&hash) {
                    found[*place].sources |= 1 << bit;
                    return;
                }
                if rule.sources.len() > 1 {
                    places.insert(hash, found.len());
                }
                let text = || whole.map_or_else(|| key_text::join(fields), Arc::clone);
                found.push(ReportKeyOf {
                    rule: index,
                    hash,
                    text: choir.key(hash, text),
                    sources: 1 << bit,
                });
            });
        }
    }
    found
}

/// The values of each group-by field of one report, made once for all rules.
#[derive(Default)]
struct Values(Vec<(Field, Vec<Arc<str>>)>);

impl Values {
    /// Calls with each way to take one value of each field; where there is one field, with the value as the text of the key as well.
    fn combine(&mut self, groups: &[Field], accepted: &Accepted, mut each: impl FnMut(&[&str], Option<&Arc<str>>)) {
        for group in groups {
            if !self.0.iter().any(|(field, _)| field == group) {
                self.0.push((*group, group.key_values(accepted)));
            }
        }
        let of = |group: &Field| self.0.iter().find(|(field, _)| field == group);
        let values: Vec<&[Arc<str>]> = groups.iter().filter_map(of).map(|(_, values)| &values[..]).collect();
        if let [only] = values[..] {
            return only.iter().for_each(|value| each(&[value], Some(value)));
        }
        let firsts: Option<Vec<&str>> = values.iter().map(|values| Some(&**values.first()?)).collect();
        let Some(mut fields) = firsts else { return };
        let mut places = vec![0; values.len()];
        loop {
            each(&fields, None);
            // The last field that has a further value takes it, and those behind it begin again.
            let Some(turned) = (0..values.len()).rev().find(|at| places[*at] + 1 < values[*at].len()) else {
                return;
            };
            places[turned] += 1;
            places[turned + 1..].fill(0);
            for at in turned..values.len() {
                fields[at] = &values[at][places[at]];
            }
        }
    }
}
