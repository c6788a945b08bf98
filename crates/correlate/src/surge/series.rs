//! The reports that a series may have to name: those of the time since it was last quiet.

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::limits::SURGE_REPORTS;
use chappe_model::{Country, IncidentId, MemberId, Rsit, Sector, Timestamp};
use serde::{Deserialize, Serialize};

use super::watching::Stood;
use crate::Voice;
use crate::keyed_map::KeyedMap;

/// The incidents of a type in one country, or over all of them.
pub(super) type Series = (Rsit, Scope);

/// Which incidents of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Scope {
    /// Those that members of one country report.
    Country(Country),
    /// All.
    Everywhere,
    /// All that hit a sector.
    Sector(Sector),
}

impl Scope {
    /// The country whose members report it; none if all do.
    pub(super) fn country(self) -> Option<Country> {
        match self {
            Self::Country(country) => Some(country),
            Self::Everywhere | Self::Sector(_) => None,
        }
    }

    pub(super) fn sector(self) -> Option<Sector> {
        match self {
            Self::Sector(sector) => Some(sector),
            Self::Everywhere | Self::Country(_) => None,
        }
    }
}

/// What a series has gathered since it was last quiet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Gathered {
    /// Those that stand, and when they came; at most [`SURGE_REPORTS`].
    pub(super) standing: KeyedMap<IncidentId, (Timestamp, Arc<Voice>)>,
    /// Who ever reported one of them.
    pub(super) reach: BTreeSet<MemberId>,
    /// The alert, if it has come to one.
    pub(super) opened: Option<Opened>,
    /// How it stood when it was last looked at.
    pub(super) stood: Stood,
}

/// A surge that has begun.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Opened {
    pub(super) anchor: (Timestamp, IncidentId),
    pub(super) last_fire: Timestamp,
    pub(super) fires: u32,
}

impl Gathered {
    /// A report counts in it from `at` on, or says something new. Whether it came to it.
    pub(super) fn add(&mut self, at: Timestamp, incident: IncidentId, voice: &Arc<Voice>) -> bool {
        if let Some(known) = self.standing.get_mut(&incident) {
            known.1 = Arc::clone(voice);
            return false;
        }
        if self.standing.len() >= SURGE_REPORTS {
            return false;
        }
        if !self.reach.contains(&voice.reporter) {
            self.reach.insert(voice.reporter.clone());
        }
        self.standing.insert(incident, (at, Arc::clone(voice)));
        if let Some(opened) = &mut self.opened {
            opened.last_fire = at;
            opened.fires = opened.fires.saturating_add(1);
        }
        true
    }

    pub(super) fn remove(&mut self, incident: IncidentId) {
        self.standing.remove(&incident);
    }

    pub(super) fn open(&mut self, at: Timestamp, incident: IncidentId) {
        self.opened = Some(Opened {
            anchor: (at, incident),
            last_fire: at,
            fires: 1,
        });
    }
}
