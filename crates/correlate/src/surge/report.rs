use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::{Accepted, Country, Realm, Rsit, Sector, Timestamp, Use};
use serde::{Deserialize, Serialize};

use crate::Voice;

/// Where it counts, and what it says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) kind: Rsit,
    pub(super) home: Option<Country>,
    /// Hours since 1970 in which it occurred.
    pub(super) hour: i64,
    /// Statistics only.
    pub(super) backfill: bool,
    pub(super) voice: Arc<Voice>,
}

impl Counts {
    /// None where a revision counts nowhere: withdrawn, match-only, for named recipients, or an exercise.
    pub(super) fn of(at: Timestamp, accepted: &Accepted) -> Option<Self> {
        let incident = &accepted.incident;
        let realm = accepted.compartment().realm;
        let counts = !incident.retracted && incident.marking.usage() == Use::Share && realm == Realm::Live;
        let occurred = incident.occurred_from.or(incident.detected_at).unwrap_or(at).min(at);
        counts.then(|| Self {
            kind: incident.incident_type,
            home: accepted.home,
            hour: seconds(occurred).div_euclid(3_600),
            backfill: incident.backfill,
            voice: Arc::new(Voice::of(accepted)),
        })
    }
}

/// Seconds since 1970, as bins are reckoned.
pub(super) fn seconds(at: Timestamp) -> i64 {
    i64::try_from(at.as_millis() / 1_000).unwrap_or(i64::MAX)
}

/// Sectors, a bit each in the order of [`Sector::ALL`]: they are kept of every incident for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sectors(u32);

const _: () = assert!(Sector::ALL.len() <= 32, "a bit for each sector");

impl From<&BTreeSet<Sector>> for Sectors {
    fn from(sectors: &BTreeSet<Sector>) -> Self {
        let bits = (0..).zip(Sector::ALL).filter(|(_, sector)| sectors.contains(sector));
        Self(bits.fold(0, |all, (bit, _)| all | 1 << bit))
    }
}

impl Sectors {
    pub(super) fn iter(self) -> impl Iterator<Item = Sector> {
        let with_bits = (0u32..).zip(Sector::ALL);
        with_bits
            .filter(move |(bit, _)| self.0 >> bit & 1 == 1)
            .map(|(_, sector)| sector)
    }
}
