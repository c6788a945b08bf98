//! Which reports a rule looks at.

mod network;
mod regexp;
mod subject;
mod texts;
mod wildcards;

use serde::{Deserialize, Serialize};

use crate::{Accepted, Rsit};

pub use network::{Network, NetworkError};
pub use regexp::{Regexp, RegexpError};
pub use subject::Subject;
pub use texts::Texts;
pub use wildcards::Wildcards;

/// A condition on one revision of a report: what a Sigma rule's detection comes to. Serialisable, and equal where it is written alike.
///
/// A field of a report may have many values, or none: a test of a field holds when it holds for any of its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Every report.
    Any,
    /// Some value of the field passes the test.
    Has(Subject, Test),
    /// Reports that the other does not admit.
    Not(Box<Filter>),
    /// All of these hold; of none, that is every report.
    All(Vec<Filter>),
    /// One of these holds; of none, that is no report.
    Either(Vec<Filter>),
}

/// What a value is tested for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// That it is there.
    Exists,
    /// That it is one of these.
    Is(Texts),
    /// That it looks like this.
    Like(Wildcards),
    /// That a part of it matches.
    Matches(Regexp),
    /// That it is an address of this network.
    Within(Network),
}

impl Filter {
    /// Reports of one type.
    #[must_use]
    pub fn of_type(rsit: Rsit) -> Self {
        Self::Has(Subject::IncidentType, Test::Is(Texts::any_case([rsit.as_str()])))
    }

    /// No report.
    #[must_use]
    pub fn none() -> Self {
        Self::Either(Vec::new())
    }

    /// Whether it admits nothing, whatever is reported.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// That some value passes. That a field exists which every report has says nothing.
    #[must_use]
    pub fn has(subject: Subject, test: Test) -> Self {
        if test == Test::Exists && subject.is_always_there() {
            return Self::Any;
        }
        Self::Has(subject, test)
    }

    /// All of them, without what says nothing.
    #[must_use]
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = Vec::new();
        for filter in filters {
            match filter {
                Self::Any => {}
                Self::All(more) => parts.extend(more),
                filter if filter.is_none() => return filter,
                filter => parts.push(filter),
            }
        }
        match parts.len() {
            0 => Self::Any,
            1 => parts.remove(0),
            _ => Self::All(parts),
        }
    }

    /// One of them, without what never holds.
    #[must_use]
    pub fn either(filters: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = Vec::new();
        for filter in filters {
            match filter {
                Self::Any => return Self::Any,
                Self::Either(more) => parts.extend(more),
                filter => parts.push(filter),
            }
        }
        if parts.len() == 1 {
            parts.remove(0)
        } else {
            Self::Either(parts)
        }
    }

    /// The contrary.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Any => Self::none(),
            Self::Not(filter) => *filter,
            filter if filter.is_none() => Self::Any,
            filter => Self::Not(Box::new(filter)),
        }
    }

    /// Whether the rule looks at this report.
    #[must_use]
    pub fn admits(&self, accepted: &Accepted) -> bool {
        match self {
            Self::Any => true,
            Self::Has(subject, test) => subject.any_value(accepted, |value| test.holds(value)),
            Self::Not(filter) => !filter.admits(accepted),
            Self::All(filters) => filters.iter().all(|filter| filter.admits(accepted)),
            Self::Either(filters) => filters.iter().any(|filter| filter.admits(accepted)),
        }
    }

    /// Filters within each other, itself counted.
    #[must_use]
    pub fn depth(&self) -> usize {
        let inner = match self {
            Self::Any | Self::Has(..) => 0,
            Self::Not(filter) => filter.depth(),
            Self::All(filters) | Self::Either(filters) => filters.iter().map(Self::depth).max().unwrap_or(0),
        };
        1 + inner
    }

    /// Tests that a report may meet: what it costs.
    #[must_use]
    pub fn tests(&self) -> usize {
        match self {
            Self::Any => 0,
            Self::Has(..) => 1,
            Self::Not(filter) => filter.tests(),
            Self::All(filters) | Self::Either(filters) => filters.iter().map(Self::tests).sum(),
        }
    }
}

impl Test {
    /// Whether a value passes.
    #[must_use]
    pub fn holds(&self, value: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::Is(texts) => texts.contain(value),
            Self::Like(wildcards) => wildcards.matches(value),
            Self::Matches(regexp) => regexp.is_match(value),
            Self::Within(network) => network.contains(value),
        }
    }
}

#[cfg(test)]
mod tests;
