//! Everything that is looked for, on one history at once: rules, campaigns, surges and cascades.

use std::sync::Arc;

use chappe_correlate::{CascadePolicy, Detectors, LinkPolicy};
use chappe_model::{Alert, Indicator};
use fastrand::Rng;

use crate::cascade_case::{CascadeCase, cascade_policy};
use crate::case::Entry;
use crate::deliveries::Deliveries;
use crate::link_case::{GROUPS, link_policy};
use crate::surge_case::{SurgeCase, surge_case};
use crate::whole_world::{Sought, run_whole};

const HOUR_MS: u64 = 3_600_000;

/// A history in which counts surge, whose reports name indicators, and sectors on which others depend.
#[derive(Clone, Debug)]
pub struct Everything {
    /// The history, and the lessons in it.
    pub surges: SurgeCase,
    /// The same history, and when a sector counts as hit.
    pub cascades: CascadeCase,
    /// How its incidents are linked.
    pub links: LinkPolicy,
}

/// The case of a seed.
#[must_use]
#[allow(clippy::expect_used, reason = "for tests only")]
pub fn everything_case(seed: u64) -> Everything {
    let mut rng = Rng::with_seed(seed ^ 0xa11);
    let mut surges = surge_case(seed);
    for entry in surges.case.partitions.iter_mut().flatten() {
        let Entry::Report(_, accepted) = entry else { continue };
        let group = GROUPS[rng.usize(0..GROUPS.len())];
        let some = (0..rng.usize(0..3)).map(|_| group[rng.usize(0..group.len())]);
        let parsed = some.map(|text| text.parse::<Indicator>().expect("an indicator"));
        accepted.incident.indicators = parsed.collect();
    }
    let policy: CascadePolicy = cascade_policy(&mut rng);
    Everything {
        cascades: CascadeCase {
            case: surges.case.clone(),
            policy,
        },
        links: LinkPolicy {
            window_ms: 12 * HOUR_MS,
            cross_ms: 4 * HOUR_MS,
            ..link_policy()
        },
        surges,
    }
}

/// All that looks at reports whole, over crashes: every revision that was told.
#[must_use]
pub fn run_everything(case: &Everything, deliveries: &Deliveries) -> Vec<Alert> {
    let sought = Sought {
        detectors: Detectors {
            linking: Some(Arc::new(case.links.clone())),
            surges: true,
            cascades: Some(Arc::new(case.cascades.policy.clone())),
        },
        lessons: &case.surges.lessons,
    };
    run_whole(&case.surges.case, &sought, deliveries)
}
