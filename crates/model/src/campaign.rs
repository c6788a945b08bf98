use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{IncidentId, MemberId, Timestamp};

/// Why the reports of a campaign belong together: the links that joined it, with every number that a link was decided on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Links that joined it, in order of (later time, ids): at most [`crate::limits::CAMPAIGN_LINKS`], the first ones.
    pub links: Vec<Link>,
    /// How many links joined it in all.
    pub joined_by: u32,
    /// A link holds from this weight on, in thousandths.
    pub threshold_milli: u32,
    /// Campaigns that it shares evidence with and was not joined to: at most [`crate::limits::CAMPAIGN_REFUSALS`], the first ones.
    pub refused: Vec<RefusedJoin>,
    /// Warning lists in force, each with its version.
    pub warning_lists: Vec<Arc<str>>,
}

/// Two reports and what they share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The earlier report, and who reported it: never shown to others.
    pub earlier: (IncidentId, MemberId),
    /// The later report, and who reported it: never shown to others.
    pub later: (IncidentId, MemberId),
    /// Log time at which the later one said what they share.
    pub time: Timestamp,
    /// What they share, heaviest first.
    pub shared: Vec<SharedValue>,
    /// Sum over `shared`, in thousandths.
    pub weight_milli: u32,
}

/// One value that two reports share. Its weight is prior × rarity × decay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedValue {
    /// The indicator, canonical.
    pub value: Arc<str>,
    /// Reports that carried it in the window up to the link's time, of each member so many at most.
    pub document_frequency: u32,
    /// What the kind of value is worth, in thousandths.
    pub prior_milli: u32,
    /// By its document frequency, in thousandths.
    pub rarity_milli: u32,
    /// By the distance of the two reports, in thousandths.
    pub decay_milli: u32,
    /// The product, in thousandths.
    pub weight_milli: u32,
}

/// A join that was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RefusedJoin {
    /// The earliest report of the other campaign.
    pub other: IncidentId,
    /// Why.
    pub why: JoinRefusal,
}

/// Why two clusters were not joined although links run between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum JoinRefusal {
    /// Too few members on one side, or too few values, stand behind the links.
    Uncorroborated,
    /// Both are large: a person has to decide.
    Size,
}

impl JoinRefusal {
    /// Its name, as shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uncorroborated => "uncorroborated",
            Self::Size => "size",
        }
    }
}
