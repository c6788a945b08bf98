use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Country, Sector, Timestamp};

/// A sector in a country: what an incident hits, and what depends on it. In the order of their codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CascadeNode {
    /// The sector.
    pub sector: Sector,
    /// The country.
    pub country: Country,
}

impl Ord for CascadeNode {
    fn cmp(&self, other: &Self) -> Ordering {
        let codes = |node: &Self| (node.sector.as_str(), node.country.index());
        codes(self).cmp(&codes(other))
    }
}

impl PartialOrd for CascadeNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for CascadeNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.sector, self.country.as_str())
    }
}

/// Of a cascade: what depends on the sector that is hit, in one country.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cascade {
    /// Each sector of the country that is or was warned, in the order of their codes.
    pub warnings: Vec<CascadeWarning>,
    /// The version of the dependencies that it rests on.
    pub dependencies: Arc<str>,
}

/// One sector that is warned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CascadeWarning {
    /// From the sector that is hit to the one that is warned, each of which depends on the one before: at least two, and all but the last are hit.
    pub path: Vec<CascadeNode>,
    /// How it stands.
    pub state: WarningState,
    /// What is to come, comes by then as far as the dependency says, in log time.
    pub until: Timestamp,
    /// Reports that the warned sector is hit.
    pub reports: u32,
    /// Members behind these.
    pub members: u32,
    /// Why the last depends on the one before it.
    pub why: Arc<str>,
}

impl CascadeWarning {
    /// What is warned.
    #[must_use]
    pub fn node(&self) -> Option<CascadeNode> {
        self.path.last().copied()
    }
}

/// How a warning stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WarningState {
    /// It may still come.
    Pending,
    /// The sector is hit: its own country, or two members, say so.
    Confirmed,
    /// It did not come.
    Expired,
}

impl WarningState {
    /// Its name, as shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Expired => "expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_stand_in_the_order_of_their_codes() {
        let node = |sector: &str, country: &str| CascadeNode {
            sector: sector.parse().unwrap(),
            country: Country::parse(country).unwrap(),
        };
        let sorted = [
            node("banking", "SE"),
            node("energy", "AT"),
            node("energy", "DE"),
            node("health", "AT"),
        ];
        assert!(
            sorted.is_sorted() && sorted[0] < sorted[1],
            "not in the order of the annexes"
        );
        assert_eq!(sorted[3].to_string(), "health in AT");
    }
}
