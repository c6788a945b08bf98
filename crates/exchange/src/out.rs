//! What Chappe tells, in the formats of others.

mod alert;
mod idea;
mod misp;
mod stix;
mod table;

/// What a reader notes of something that a writer here wrote.
pub const OWN_NOTE: &str = "an alert that Chappe wrote: who reports it again reports what was told, not what was seen";

pub use alert::{Told, ToldState};
pub(crate) use idea::NODE;
pub use idea::write_idea;
pub(crate) use misp::ORGANISATION;
pub use misp::{FeedFile, write_misp_feed};
pub(crate) use stix::AUTHOR;
pub use stix::{STIX_SHARED_TYPES, StixShared, stix_ids, stix_objects, write_stix};
pub use table::write_csv;
