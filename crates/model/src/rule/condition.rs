//! What must hold in a window for a rule to fire, after the Sigma correlation rules specification 2.0.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Field, Filter};

/// What a rule measures in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// How many events: Sigma's `event_count`.
    Events,
    /// How many distinct values of a field: Sigma's `value_count`.
    Distinct(Field),
    /// How many of what the rule looks at were there, in any order: Sigma's `temporal`.
    Together,
    /// The same, counted along the longest beginning of the list that came in this order, at strictly rising log times: Sigma's
    /// `temporal_ordered`.
    InOrder,
    /// Each report of critical severity, by itself: it corroborates nothing.
    CriticalReport,
}

impl Measure {
    /// Its name in explanations: the counted field, or Sigma's word for the type.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Events => "event_count",
            Self::Distinct(field) => field.as_str(),
            Self::Together => "temporal",
            Self::InOrder => "temporal_ordered",
            Self::CriticalReport => "critical_report",
        }
    }

    /// The measure of a name that [`Measure::as_str`] gives.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let plain = [Self::Events, Self::Together, Self::InOrder, Self::CriticalReport];
        let plain = plain.into_iter().find(|measure| measure.as_str() == name);
        plain.or_else(|| Field::parse(name).map(Self::Distinct))
    }
}

/// The bounds of a measure: Sigma's gt, gte, lt, lte and eq as one range, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// At least this much, 1 or more: nothing fires on nothing.
    pub at_least: u32,
    /// At most this much. More data can make it false, so it is judged only once every partition has passed the window's end.
    pub at_most: Option<u32>,
}

impl Bounds {
    /// Whether a measure lies within.
    #[must_use]
    pub fn hold(self, measured: usize) -> bool {
        self.reached(measured) && self.at_most.is_none_or(|most| measured <= most as usize)
    }

    /// Whether a measure reaches the lower bound: identity rests on that alone, because it only grows.
    #[must_use]
    pub fn reached(self, measured: usize) -> bool {
        measured >= self.at_least as usize
    }
}

/// What must hold in one window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// What is measured.
    pub measure: Measure,
    /// What it must come to.
    pub bounds: Bounds,
    /// The window in milliseconds of log time: (t − within, t].
    pub within_ms: u64,
    /// What it looks at, in order; at most [`crate::limits::RULE_SOURCES`].
    pub of: Vec<Of>,
}

/// One thing that a condition looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Reports that a source of the rule admits, by its place in [`super::Rule::sources`].
    Source(u8),
    /// Firings of another correlation on the same key: an event at the time of the report that made it fire.
    Firings(Condition),
}

impl Condition {
    /// At least so much of one measure, over the rule's first source.
    #[must_use]
    pub fn plain(measure: Measure, at_least: u32, within_ms: u64) -> Self {
        Self {
            measure,
            bounds: Bounds {
                at_least,
                at_most: None,
            },
            within_ms,
            of: vec![Of::Source(0)],
        }
    }

    /// How far back the oldest report may lie that can have a part in a firing: the window, and the longest one of what it looks at.
    #[must_use]
    pub fn span_ms(&self) -> u64 {
        let inner = self.inner().map(Self::span_ms).max().unwrap_or(0);
        self.within_ms.saturating_add(inner)
    }

    /// Whether any part has an upper bound.
    #[must_use]
    pub fn may_turn_false(&self) -> bool {
        self.bounds.at_most.is_some() || self.inner().any(Self::may_turn_false)
    }

    /// Whether any part measures this.
    pub fn measures(&self, what: impl Fn(Measure) -> bool + Copy) -> bool {
        what(self.measure) || self.inner().any(|inner| inner.measures(what))
    }

    /// Correlations within correlations, itself counted.
    #[must_use]
    pub fn depth(&self) -> usize {
        1 + self.inner().map(Self::depth).max().unwrap_or(0)
    }

    /// The correlations whose firings it looks at.
    pub fn inner(&self) -> impl Iterator<Item = &Self> {
        self.of.iter().filter_map(|of| match of {
            Of::Firings(condition) => Some(condition),
            Of::Source(_) => None,
        })
    }

    /// Whether it looks at nothing but reports of a rule's only source: then a report is an event and nothing else is.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.of == [Of::Source(0)]
    }
}

/// Reports that a rule looks at: a Sigma rule, as far as it says which events match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name in the rule.
    pub name: Arc<str>,
    /// Which reports.
    pub filter: Filter,
    /// The fields that make its keys, where they are others than the rule's: Sigma's aliases. As many as the rule has.
    pub group_by: Option<Vec<Field>>,
}

impl Source {
    /// Every report.
    #[must_use]
    pub fn any() -> Self {
        Self {
            name: "report".into(),
            filter: Filter::Any,
            group_by: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_read_back() {
        let all = Field::all().map(Measure::Distinct);
        for measure in all.chain([
            Measure::Events,
            Measure::Together,
            Measure::InOrder,
            Measure::CriticalReport,
        ]) {
            assert_eq!(Measure::parse(measure.as_str()), Some(measure));
        }
    }

    #[test]
    fn spans_add_up_and_depths_too() {
        let inner = Condition::plain(Measure::Events, 3, 10);
        let outer = Condition {
            of: vec![Of::Firings(inner), Of::Source(0)],
            ..Condition::plain(Measure::InOrder, 2, 100)
        };
        assert_eq!((outer.span_ms(), outer.depth()), (110, 2));
        assert!(!outer.is_plain());
    }
}
