//! Which reports a rule looks at.

use serde::{Deserialize, Serialize};

use crate::{Accepted, Rsit};

/// A condition on one report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Every report.
    Any,
    /// Reports of this type.
    IncidentType(Rsit),
}

impl Filter {
    /// Whether the rule looks at this report.
    #[must_use]
    pub fn admits(&self, accepted: &Accepted) -> bool {
        match self {
            Self::Any => true,
            Self::IncidentType(rsit) => accepted.incident.incident_type == *rsit,
        }
    }
}
