//! The correlation core: pure state machines that turn accepted reports into alerts.
//!
//! *Fold* turns the revisions of an incident into sightings, *count* judges the windows of each key and compartment, *assess* gives each
//! change of an alert its revision. [`Intake`] holds the folds of all partitions, a [`Shard`] owns its keys through count and assess, and
//! [`Engine`] puts them together in one thread.
//!
//! The seams: another detector (surge), or linking, takes the sightings that [`Fold`] emits beside [`Count`] and hands [`Assess`] findings of
//! its own rule; a campaign is then a key like any other. Sightings and findings are serialisable, so each stage may run in another process.
//!
//! What it is not: it reads no clock, file or socket and starts no thread. Time is what the log's records and time marks say.
//!
//! Invariants:
//! - The live alerts are a function of the set of records and of log time: not of the order of delivery, duplication, the number of shards,
//!   crashes or replay. `tests/oracle/episodes.py` defines that function.
//! - Identity (anchors, ids, audience) rests on all that was ever said, which only grows; state rests on what the highest revision says now.
//! - Nothing flows from an overlay to its pool.
//! - Sightings and findings are whole states: applying one twice changes nothing.
//!
//! # Example
//! ```
//! use chappe_correlate::Engine;
//! use chappe_model::{built_in_rules, Policy, Secret, Timestamp};
//! let policy = Policy::new(1, built_in_rules(), 300_000, vec![], vec![])?;
//! let mut engine = Engine::new(&Secret::new([7; 32]), policy, 8, 2, 1);
//! engine.settle();
//! (0..8).for_each(|partition| engine.mark(partition, Timestamp::from_millis(1_000)));
//! assert_eq!(engine.watermark(), Timestamp::from_millis(1_000));
//! assert!(engine.drain().is_empty());
//! # Ok::<(), chappe_model::RuleError>(())
//! ```

mod assess;
mod behind;
mod cascade;
mod choir;
mod count;
mod engine;
mod episode;
mod finding;
mod fold;
mod intake;
mod key_text;
mod keyed_map;
mod keys;
mod last_words;
mod link;
mod live;
mod order;
mod overview;
mod pane;
mod parted_map;
mod picture;
mod shard;
mod sighting;
mod snapshot;
mod subject;
mod surge;
mod tally;
mod urgent;
mod voice;
mod whole;
mod window;

pub use assess::Assess;
pub use cascade::{
    CASCADE_REPORTS, CASCADE_RULE, CASCADE_WINDOW_HOURS, CascadePolicy, CascadeShard, CascadeSnapshotError, Cascades,
    Connection, Dependencies, Dependency, DependencyError, Dependent, WARNED_HOURS,
};
pub use chappe_surge::Bin;
pub use count::{COALESCE_MS, Count, CountState, HOT_CONTRIBUTIONS, HOT_MS, Retired};
pub use engine::Engine;
pub use finding::{Finding, Firing};
pub use fold::{Fold, FoldState};
pub use intake::{Intake, PartitionState, PartitionStateRef};
pub use link::{
    CAMPAIGN_RULE, LinkPolicy, LinkShard, LinkSnapshotError, LinkState, Linker, WARNING_ENTRIES, WARNING_NAME_BYTES,
    WARNING_REGEXES, WarningFile, WarningList, WarningListError,
};
pub use overview::{Detectors, Overview, OverviewError};
pub use shard::{Shard, shard_of};
pub use sighting::{Contribution, Sighting};
pub use snapshot::{Snapshot, SnapshotError, encode_snapshot};
pub use surge::{FALSE_ALARMS_PER_YEAR, SURGE_RULE, SurgePolicy, SurgeShard, SurgeSnapshotError, SurgeTask, Surges};
pub use voice::Voice;
pub use whole::WholeShard;
