//! Foreign formats in: what other systems wrote, as drafts of incident reports.
//!
//! - [`read_misp`] reads MISP events: bare, wrapped in `Event`, in `response`, or lists of these.
//! - [`FeedRole`] and [`read_manifest`] tell the files of a MISP feed folder apart.
//! - A [`Reading`] holds the [`Draft`] and an account of every attribute and object: what was read, and what was not and why.
//!
//! What it is not: it opens no file, knows no network and decides on no marking. A draft without a TLP label is for its submitter to mark. It never
//! fills the detection time: a MISP event does not say when its submitter detected anything.
//!
//! Invariants: read + skipped = total, against a count made apart from the reading; nothing marked more strictly than its event enters a
//! draft; no input makes it panic; equal content gives equal drafts in whatever order the lists stand.
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
//! # Ok::<(), chappe_exchange::MispError>(())
//! ```

mod draft;
mod misp;
mod shown;

pub use draft::{Draft, ReadItem, Reading, SkipReason, Skipped};
pub use misp::{
    FeedEntry, FeedRole, MAX_MISP_BYTES, MAX_MISP_EVENTS, MAX_MISP_ITEMS, MAX_NOTES, MispError, read_manifest,
    read_misp,
};
