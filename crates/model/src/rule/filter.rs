//! Which reports a rule looks at.

use serde::{Deserialize, Serialize};

use crate::Accepted;

/// A condition on one report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Every report.
    Any,
}

impl Filter {
    /// Whether the rule looks at this report.
    #[must_use]
    pub fn admits(&self, _accepted: &Accepted) -> bool {
        match self {
            Self::Any => true,
        }
    }
}
