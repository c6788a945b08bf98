use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::limits::CASCADE_NODES;
use chappe_model::{Accepted, CascadeNode, Use};
use serde::{Deserialize, Serialize};

use super::policy::CascadePolicy;
use crate::Voice;

/// Where it counts, and what it says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) nodes: BTreeSet<CascadeNode>,
    pub(super) voice: Arc<Voice>,
}

impl Counts {
    /// None where a revision counts nowhere.
    pub(super) fn of(policy: &CascadePolicy, accepted: &Accepted) -> Option<Self> {
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
        (says && (1..=CASCADE_NODES).contains(&named)).then(|| Self {
            nodes: nodes(),
            voice: Arc::new(Voice::of(accepted)),
        })
    }
}
