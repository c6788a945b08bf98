use std::collections::BTreeSet;

use crate::{Admiralty, Notification, Subsector};

/// What a report says for its own record: nothing of it is compared, counted or shown to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Particulars {
    /// Affected parts of the sectors.
    pub subsectors: BTreeSet<Subsector>,
    /// How far the reporter relies on it.
    pub confidence: Option<Admiralty>,
    /// What it says as a stage of NIS2 Art. 23.
    pub notification: Option<Box<Notification>>,
}

impl Particulars {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
