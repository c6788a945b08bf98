//! How many keys a report has, without making them.

use super::{Field, Measure, Policy, Rule, Source};
use crate::{Accepted, Severity};

impl Policy {
    /// At most how many contributions a revision opens: its keys under all rules, if its report never carried any of them. It counts a key
    /// twice that two sources of a rule give it. None for retractions and backfill, which open nothing.
    #[must_use]
    pub fn keys_at_most(&self, accepted: &Accepted) -> u64 {
        if !accepted.incident.carries() {
            return 0;
        }
        let of_source = |(rule, source): (&Rule, &Source)| {
            let fields = rule.group_by_of(source).iter();
            let counts = fields.map(|field| field.count_key_values(accepted) as u64);
            counts.fold(1, u64::saturating_mul)
        };
        self.looking_at(accepted).map(of_source).fold(0, u64::saturating_add)
    }

    /// Whether every key of `revision` is one that `before`, an earlier revision of the same report, has carried in the same compartment:
    /// then it opens nothing.
    #[must_use]
    pub fn has_no_new_key(&self, revision: &Accepted, before: &Accepted) -> bool {
        if !revision.incident.carries() {
            return true;
        }
        if !before.incident.carries() || revision.compartment() != before.compartment() {
            return false;
        }
        self.looking_at(revision).all(|(rule, source)| {
            let known = |field: &Field| {
                let before = field.key_values(before);
                field.key_values(revision).iter().all(|value| before.contains(value))
            };
            looks_at(rule, source, before) && rule.group_by_of(source).iter().all(known)
        })
    }

    /// Each rule with each of its sources that a report gives keys.
    fn looking_at<'a>(&'a self, accepted: &'a Accepted) -> impl Iterator<Item = (&'a Rule, &'a Source)> {
        let sources = |rule: &'a Rule| rule.sources.iter().map(move |source| (rule, source));
        let all = self.rules().iter().flat_map(move |rule| sources(rule));
        all.filter(|(rule, source)| looks_at(rule, source, accepted))
    }
}

fn looks_at(rule: &Rule, source: &Source, accepted: &Accepted) -> bool {
    let severe = rule.when.measure != Measure::CriticalReport || accepted.incident.severity == Severity::Critical;
    severe && source.filter.admits(accepted)
}
