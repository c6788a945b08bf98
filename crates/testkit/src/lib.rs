//! What tests of the whole core share: generated cases, a world that delivers them in any order and crashes, and the oracle.
//!
//! - [`Case`] is a seeded history of reports on a partitioned log.
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

mod case;
mod compare;
mod deliveries;
mod oracle;
mod rules;
mod world;

pub use case::{Case, Entry, PARTITIONS, member, secret};
pub use compare::{canonical, differences, live};
pub use deliveries::{Crash, Deliveries};
pub use oracle::Oracle;
pub use world::World;
