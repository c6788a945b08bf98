//! What Chappe tells, in the formats of others.

mod alert;
mod idea;
mod misp;
mod stix;
mod table;

pub use alert::{Told, ToldState};
pub use idea::write_idea;
pub use misp::{FeedFile, write_misp_feed};
pub use stix::write_stix;
pub use table::write_csv;
