//! Rules as they stand in the `config` topic.

mod built_in;
mod condition;
mod field;
mod filter;
mod keys;
mod policy;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::AlertKind;
use crate::limits::{RULE_DEPTH, RULE_ID_BYTES, RULE_SOURCES, RULES};

pub use built_in::built_in_rules;
pub use condition::{Bounds, Condition, Measure, Of, Source};
pub use field::Field;
pub use filter::{Filter, Network, NetworkError, Regexp, RegexpError, Subject, Test, Texts, Wildcards};
pub use policy::Policy;

/// The widest audience a rule's alerts may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WidestAudience {
    /// Every member, once three independent members stand behind it.
    Eu,
    /// The contributing members' own countries and the hub.
    Countries,
}

/// One rule in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Stable: alert ids rest on it.
    pub id: Arc<str>,
    /// Rises with every edit; stands in explanations, never in ids.
    pub version: u32,
    /// What its alerts are.
    pub kind: AlertKind,
    /// Which reports it looks at, 1 to [`RULE_SOURCES`].
    pub sources: Vec<Source>,
    /// What makes its key: a report has one for each combination of values. Without fields all reports share one.
    pub group_by: Vec<Field>,
    /// When it fires.
    pub when: Condition,
    /// For [`Measure::CriticalReport`]: this many per reporter and window go out, the rest waits for a person.
    pub quota: u32,
    /// The widest audience of its alerts.
    pub widest_audience: WidestAudience,
    /// In words, for explanations.
    pub condition: Arc<str>,
    /// What recipients should do next.
    pub advice: Vec<Arc<str>>,
}

/// Why rules cannot be in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Bad id.
    #[error("rule id '{0}': 1 to {RULE_ID_BYTES} of a-z, 0-9 and '-'")]
    Id(String),
    /// Same id twice.
    #[error("rule id '{0}' stands twice")]
    Twice(Arc<str>),
    /// Window of nothing, or threshold of nothing.
    #[error("rule '{0}': {1} must be at least 1")]
    Zero(Arc<str>, &'static str),
    /// An upper bound below the lower.
    #[error("rule '{0}': at most {2} of what must be at least {1} never holds")]
    Bounds(Arc<str>, u32, u32),
    /// Repeated fields, or one that makes no key.
    #[error("rule '{0}': group-by takes each field once, and neither attested_country nor one that names a member")]
    GroupBy(Arc<str>),
    /// A window that would keep state for more than 90 days.
    #[error("rule '{0}': windows of {1} ms together are longer than 90 days")]
    Window(Arc<str>, u64),
    /// Critical reports are judged one by one.
    #[error("rule '{0}': critical_report needs group-by reporter, the threshold 1 and one source")]
    Critical(Arc<str>),
    /// Nothing to look at, too much, or something that is not there.
    #[error(
        "rule '{0}': looks at 1 to {RULE_SOURCES} sources, each of them its own, and at 1 to {RULE_SOURCES} things in each correlation"
    )]
    Sources(Arc<str>),
    /// Correlations of correlations of correlations.
    #[error("rule '{0}': {1} correlations within each other: at most {RULE_DEPTH}")]
    Depth(Arc<str>, usize),
    /// An alias of another number of fields.
    #[error("rule '{0}': source '{1}' groups by another number of fields than the rule")]
    Alias(Arc<str>, Arc<str>),
    /// Too many.
    #[error("{0} rules: at most {RULES}")]
    TooMany(usize),
}

/// Longest window, in milliseconds (90 days).
const WITHIN_MS: u64 = 90 * 24 * 3600 * 1000;

impl Rule {
    /// Whether it looks at nothing but the reports of its only source.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.when.is_plain() && self.sources.len() == 1
    }

    /// The fields by which a source groups.
    #[must_use]
    pub fn group_by_of<'a>(&'a self, source: &'a Source) -> &'a [Field] {
        source.group_by.as_ref().unwrap_or(&self.group_by)
    }

    pub(crate) fn check(&self) -> Result<(), RuleError> {
        let id = || Arc::clone(&self.id);
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.id.is_empty() || self.id.len() > RULE_ID_BYTES || !self.id.bytes().all(plain) {
            let shown = self.id.chars().take(RULE_ID_BYTES);
            return Err(RuleError::Id(shown.flat_map(char::escape_default).collect()));
        }
        if self.sources.is_empty() || self.sources.len() > RULE_SOURCES {
            return Err(RuleError::Sources(id()));
        }
        if self.when.depth() > RULE_DEPTH {
            return Err(RuleError::Depth(id(), self.when.depth()));
        }
        self.check_condition(&self.when)?;
        if self.when.span_ms() > WITHIN_MS {
            return Err(RuleError::Window(id(), self.when.span_ms()));
        }
        self.check_keys()
    }

    fn check_condition(&self, condition: &Condition) -> Result<(), RuleError> {
        let id = || Arc::clone(&self.id);
        let Bounds { at_least, at_most } = condition.bounds;
        if at_least == 0 {
            return Err(RuleError::Zero(id(), "the threshold"));
        }
        if let Some(most) = at_most.filter(|most| *most < at_least) {
            return Err(RuleError::Bounds(id(), at_least, most));
        }
        if condition.within_ms == 0 {
            return Err(RuleError::Zero(id(), "the timespan"));
        }
        let known = |of: &Of| match of {
            Of::Source(index) => usize::from(*index) < self.sources.len(),
            Of::Firings(_) => true,
        };
        if condition.of.is_empty() || condition.of.len() > RULE_SOURCES || !condition.of.iter().all(known) {
            return Err(RuleError::Sources(id()));
        }
        condition.inner().try_for_each(|inner| self.check_condition(inner))
    }

    fn check_keys(&self) -> Result<(), RuleError> {
        let critical = self.when.measure == Measure::CriticalReport;
        let sound = self.is_plain() && self.group_by == [Field::Reporter] && self.when.bounds.at_least == 1;
        let within = self.when.inner().any(|inner| inner.measure == Measure::CriticalReport);
        if (critical && !sound) || within {
            return Err(RuleError::Critical(Arc::clone(&self.id)));
        }
        for source in &self.sources {
            let mut fields = self.group_by_of(source).to_vec();
            if fields.len() != self.group_by.len() {
                return Err(RuleError::Alias(Arc::clone(&self.id), Arc::clone(&source.name)));
            }
            let hidden = |field: &Field| field.names_members() || *field == Field::AttestedCountry;
            let shows = critical || !fields.iter().any(hidden);
            fields.sort_unstable();
            fields.dedup();
            if fields.len() != self.group_by.len() || !shows {
                return Err(RuleError::GroupBy(Arc::clone(&self.id)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_rules_are_sound() {
        assert!(Policy::new(1, built_in_rules(), 300_000, vec![], vec![]).is_ok());
    }

    #[test]
    fn unsound_rules_are_named() {
        let with = |edit: fn(&mut Rule)| {
            let mut rules = built_in_rules();
            edit(&mut rules[0]);
            Policy::new(1, rules, 300_000, vec![], vec![])
        };
        let zero = with(|r| r.when.bounds.at_least = 0);
        assert!(matches!(zero, Err(RuleError::Zero(_, "the threshold"))));
        let no_time = with(|r| r.when.within_ms = 0);
        assert!(matches!(no_time, Err(RuleError::Zero(_, "the timespan"))));
        assert!(matches!(with(|r| r.id = "urgent".into()), Err(RuleError::Twice(_))));
        assert!(matches!(with(|r| r.id = "A b".into()), Err(RuleError::Id(_))));
        assert!(matches!(
            with(|r| r.group_by.push(r.group_by[0])),
            Err(RuleError::GroupBy(_))
        ));
        assert!(matches!(
            with(|r| r.group_by = vec![Field::Reporter]),
            Err(RuleError::GroupBy(_))
        ));
        assert!(matches!(
            with(|r| r.when.measure = Measure::CriticalReport),
            Err(RuleError::Critical(_))
        ));
        assert!(matches!(
            with(|r| r.when.bounds.at_most = Some(1)),
            Err(RuleError::Bounds(_, 3, 1))
        ));
        assert!(matches!(with(|r| r.sources.clear()), Err(RuleError::Sources(_))));
        assert!(matches!(
            with(|r| r.when.of = vec![Of::Source(1)]),
            Err(RuleError::Sources(_))
        ));
        let alias = with(|r| r.sources[0].group_by = Some(vec![]));
        assert!(matches!(alias, Err(RuleError::Alias(..))));
        let deep = with(|r| {
            for _ in 0..RULE_DEPTH {
                r.when.of = vec![Of::Firings(r.when.clone())];
            }
        });
        assert!(matches!(deep, Err(RuleError::Depth(..))));
    }
}
