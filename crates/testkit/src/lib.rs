//! What tests of the whole core share: generated cases, a world that delivers them in any order and crashes, and the oracle.
//!
//! - [`Case`] is a seeded history of reports on a partitioned log.
//! - [`Landscape`] draws labelled campaigns: reports, and beside them which campaign each belongs to.
//! - [`World`] runs the core on a log, in virtual time, with any delivery order, duplicates, shard counts and crashes.
//! - [`Oracle`] runs `tests/oracle/episodes.py`, the executable definition of alerts.
//!
//! What it is not: part of the product. Nothing but tests depends on it.
//!
//! Invariant: the same seed gives the same case, on every machine.
//!
//! # Example
//! ```
//! use chappe_testkit::{Case, Deliveries, World};
//! let case = Case::generate(7);
//! let told = World::new(&case).run(Deliveries::in_order(&case));
//! assert_eq!(told, World::new(&case).run(Deliveries::in_order(&case)));
//! ```

mod campaigns;
mod cascade_case;
mod cascade_world;
mod case;
mod clustering;
mod compare;
mod deliveries;
mod everything;
mod joins;
mod link_case;
mod link_world;
mod oracle;
mod rules;
mod seeds;
mod surge_case;
mod surge_world;
mod whole_world;
mod world;

pub use campaigns::{Attack, HUB_MEMBER, JUDGING_SEEDS, Labelled, Landscape, TUNING_SEEDS, poisoned};
pub use cascade_case::{CascadeCase, cascade_case};
pub use cascade_world::{cascades_expected, cascades_to_tell, cascades_told, run_cascades};
pub use case::{Case, Entry, MEMBERS, PARTITIONS, member, secret};
pub use clustering::{Clustering, Scores};
pub use compare::{canonical, differences, live};
pub use deliveries::{Crash, Deliveries};
pub use everything::{Everything, everything_case, run_everything};
pub use joins::{join_by_value, link};
pub use link_case::{link_policy, linking_case};
pub use link_world::{campaigns_expected, campaigns_to_tell, campaigns_told, run_linking};
pub use oracle::Oracle;
pub use seeds::{check_seeds, number};
pub use surge_case::{SurgeCase, surge_case};
pub use surge_world::{run_surges, surges_alike, surges_expected, surges_told};
pub use world::World;
