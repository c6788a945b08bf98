//! The rules of the benchmark, told once and given to each engine in its own words.

use serde::{Deserialize, Serialize};

/// A column of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Column {
    Indicator,
    Country,
    Type,
}

/// Fires at a row when, of the rows with the same key in the window that ends with it, so many stand or have so many distinct values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Correlation {
    pub(crate) name: &'static str,
    pub(crate) group_by: Vec<Column>,
    /// The column whose distinct values count; rows count where there is none.
    pub(crate) distinct: Option<Column>,
    pub(crate) at_least: u32,
    /// The window, (t − within, t].
    pub(crate) within_ms: u64,
}

/// The two rules that run side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Pair {
    pub(crate) first: Correlation,
    pub(crate) second: Correlation,
}

/// What an engine told, so that a wrong answer shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sums {
    /// Firings of the first rule.
    pub(crate) r1: u64,
    /// What the second rule counted at each of its firings, added up.
    pub(crate) r2: u64,
}

impl Sums {
    /// Of a million rows drawn with seed 7 and exponent 1.1, under [`Pair::shared`]: known from engines of three makers.
    pub(crate) const KNOWN: Self = Self {
        r1: 769_103,
        r2: 31_493_246,
    };

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            r1: self.r1 + other.r1,
            r2: self.r2 + other.r2,
        }
    }
}

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

impl Pair {
    /// Three countries on an indicator within a day; reports of a country and type within an hour.
    pub(crate) fn shared() -> Self {
        Self {
            first: Correlation {
                name: "r1",
                group_by: vec![Column::Indicator],
                distinct: Some(Column::Country),
                at_least: 3,
                within_ms: 24 * HOUR_MS,
            },
            second: Correlation {
                name: "r2",
                group_by: vec![Column::Country, Column::Type],
                distinct: None,
                at_least: 1,
                within_ms: HOUR_MS,
            },
        }
    }

    /// Others, to see that no engine knows the shared ones by heart: other thresholds and windows, then other fields.
    pub(crate) fn others() -> Vec<Self> {
        let mut narrower = Self::shared();
        narrower.first.at_least = 5;
        narrower.first.within_ms = 6 * HOUR_MS;
        narrower.second.at_least = 7;
        narrower.second.within_ms = 25 * MINUTE_MS;
        let mut renamed = Self::shared();
        renamed.first.distinct = Some(Column::Type);
        renamed.first.at_least = 4;
        renamed.second.group_by = vec![Column::Type];
        renamed.second.within_ms = 10 * MINUTE_MS;
        let mut turned = Self::shared();
        turned.first.group_by = vec![Column::Type];
        turned.first.at_least = 9;
        turned.first.within_ms = 2 * MINUTE_MS;
        turned.second.group_by = vec![Column::Indicator];
        turned.second.at_least = 2;
        turned.second.within_ms = 12 * HOUR_MS;
        vec![narrower, renamed, turned]
    }
}

impl Correlation {
    /// In one line.
    pub(crate) fn sentence(&self) -> String {
        let column = |column: Column| match column {
            Column::Indicator => "indicator",
            Column::Country => "country",
            Column::Type => "type",
        };
        let counted = self.distinct.map_or("rows", column);
        let keys: Vec<&str> = self.group_by.iter().map(|key| column(*key)).collect();
        let minutes = self.within_ms / MINUTE_MS;
        format!(
            "≥ {} {counted} by {} in {minutes} min",
            self.at_least,
            keys.join(" and ")
        )
    }
}
