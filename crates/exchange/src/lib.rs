//! Foreign formats: what other systems wrote, as drafts of incident reports; and alerts in the formats of others.
//!
//! - [`Format`] tells formats apart by the first object of a file.
//! - [`read_misp`] reads MISP events: bare, wrapped in `Event`, in `response`, or lists of these.
//! - [`FeedRole`] and [`read_manifest`] tell the files of a MISP feed folder apart.
//! - [`read_stix`] reads STIX 2.1 and 2.0: bundles, TAXII envelopes, lists, single objects; [`read_stix_within`] does where there is less room.
//! - [`read_idea`] reads IDEA0 messages: one, a list, or one a line.
//! - [`read_table`] reads CSV and JSON lines by a [`Mapping`].
//! - [`write_stix`], [`write_misp_feed`], [`write_idea`] and [`write_csv`] write alerts, each as its viewer was [`Told`] it.
//! - [`stix_objects`] and [`StixShared`] are the objects of that bundle one by one, for whoever adds them to a collection.
//! - A [`Reading`] holds the [`Draft`] and an account of every item of the source: what was read, and what was not and why.
//!
//! What it is not: it opens no file, knows no network and decides on no marking. A draft without a TLP label is for its submitter to mark. It fills
//! the detection time only where the format says when its submitter detected something: MISP and STIX do not.
//!
//! Invariants: read + skipped = total, against a count made apart from the reading; nothing marked more strictly than what holds it together enters a
//! draft, but stands beside its account; no input makes it panic; equal content gives equal drafts, and equal alerts
//! equal bytes, in whatever order they stand.
//!
//! # Example
//! ```
//! let file = br#"{"Event": {"uuid": "5f0c7d1e-0000-4000-8000-000000000001", "timestamp": "1601564930", "info": "Phishing wave",
//!     "Tag": [{"name": "tlp:green"}],
//!     "Attribute": [{"type": "domain", "value": "bad[.]example"}, {"type": "comment", "value": "seen by mail"}]}}"#;
//! let readings = chappe_exchange::read_misp("wave.json", file)?;
//! let reading = readings[0].as_ref().map_err(Clone::clone)?;
//! assert_eq!(reading.draft.report_key, "misp:5f0c7d1e-0000-4000-8000-000000000001");
//! assert_eq!(reading.draft.indicators.first().map(ToString::to_string).as_deref(), Some("domain:bad.example"));
//! assert_eq!((reading.read.len(), reading.skipped.len(), reading.total), (1, 1, 2));
//! # Ok::<(), chappe_exchange::ReadError>(())
//! ```

mod address;
mod draft;
mod entries;
mod error;
mod format;
mod idea;
mod loose;
mod misp;
mod moment;
mod namespace;
mod notes;
mod out;
mod shown;
mod stix;
mod table;
mod text;

pub use draft::{Draft, ReadItem, Reading, SkipReason, Skipped};
pub use error::{MAX_FILE_BYTES, ReadError};
pub use format::Format;
pub use idea::{MAX_IDEA_ITEMS, MAX_IDEA_MESSAGES, read_idea};
pub use misp::{FeedEntry, FeedRole, MAX_MISP_EVENTS, MAX_MISP_ITEMS, read_manifest, read_misp};
pub use notes::MAX_NOTES;
pub use out::{
    FeedFile, OWN_NOTE, STIX_SHARED_TYPES, StixShared, Told, ToldState, stix_ids, stix_objects, write_csv, write_idea,
    write_misp_feed, write_stix,
};
pub use stix::{
    MAX_STIX_ITEMS, MAX_STIX_OBJECTS, MAX_STIX_REFERENCES, MAX_STIX_REPORTS, StixBounds, read_stix, read_stix_within,
};
pub use table::{
    MAX_TABLE_COLUMNS, MAX_TABLE_NAME_BYTES, MAX_TABLE_REPORTS, MAX_TABLE_ROWS, Mapping, TableFormat, read_table,
};
