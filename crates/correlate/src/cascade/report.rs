use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::limits::CASCADE_NODES;
use chappe_model::{Accepted, CascadeNode, IncidentId, Realm, Use};
use serde::{Deserialize, Serialize};

use super::policy::CascadePolicy;
use crate::Voice;
use crate::order::Revision;

/// What cascades take from one accepted revision.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Report {
    incident: IncidentId,
    revision: u32,
    realm: Realm,
    /// None if it counts nowhere.
    pub(super) counts: Option<Counts>,
}

/// Where it counts, and what it says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) nodes: BTreeSet<CascadeNode>,
    pub(super) voice: Arc<Voice>,
}

impl Report {
    pub(super) fn of(policy: &CascadePolicy, accepted: &Accepted) -> Self {
        let incident = &accepted.incident;
        let says = !incident.retracted
            && incident.marking.usage() == Use::Share
            && !incident.backfill
            && incident.severity >= policy.least_severity;
        let named = incident.sectors.len() * incident.countries.len();
        let nodes = || {
            let of = |sector| {
                let countries = incident.countries.iter();
                countries.map(move |country| CascadeNode {
                    sector,
                    country: *country,
                })
            };
            incident.sectors.iter().flat_map(|sector| of(*sector)).collect()
        };
        Self {
            incident: accepted.id,
            revision: incident.revision,
            realm: accepted.compartment().realm,
            counts: (says && (1..=CASCADE_NODES).contains(&named)).then(|| Counts {
                nodes: nodes(),
                voice: Arc::new(Voice::of(accepted)),
            }),
        }
    }
}

impl Revision for Report {
    fn incident(&self) -> IncidentId {
        self.incident
    }

    fn revision(&self) -> u32 {
        self.revision
    }

    fn realm(&self) -> Realm {
        self.realm
    }
}
