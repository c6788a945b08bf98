//! Postings: which entries may name a value, an address of a network, or a name below a domain.
//!
//! - [`Runs`] are rows in order of their keys, in a small head and sorted runs that are merged as they grow: cheap to add to, and to walk in order.
//! - A [`Keyer`] says under which [`Place`]s an indicator is posted, and which [`Probe`] finds it again.
//! - [`Postings`] hold entries, numbers of the caller's, under places, and give those that a set of probes names in ascending order.
//!
//! What it is not: an answer. A place is 64 bits of a keyed function or of an address, so two values may share one, and an entry that no longer names a value is
//! still found by it. Whoever asks looks at each candidate itself.
//!
//! Invariants: every entry that was posted under an indicator is found by every probe for what names it ([`Keyer::of_value`], [`Keyer::of_entry`]), in the words of
//! `chappe_constituency`'s table; adding the same twice changes nothing; what is found does not depend on the order of adding, nor on what was merged so far.
//!
//! # Memory
//! 16 bytes for each distinct (place, entry), up to twice that of the largest run while it is merged. An address or hash has one place, a name one for each of its last
//! [`SUFFIXES`] labels, a URL one of its own and those of its host.
//!
//! # Example
//! ```
//! use chappe_constituency::{Entry, EntryKind};
//! use chappe_model::{IndicatorKind, Secret};
//! use chappe_postings::{Keyer, Postings};
//!
//! let secret = Secret::new([7; 32]);
//! let mut keyer = Keyer::new(&secret);
//! let mut postings = Postings::default();
//! keyer.places(IndicatorKind::Url, "https://login.bad.example/x", |place| postings.post(place, 42));
//! keyer.places(IndicatorKind::Ip, "192.0.2.7", |place| postings.post(place, 43));
//!
//! let below = keyer.of_entry(&Entry::parse(EntryKind::Domain, "bad.example")?);
//! let network = keyer.of_entry(&Entry::parse(EntryKind::Network, "192.0.2.0/24")?);
//! let probes: Vec<_> = below.into_iter().chain(network).collect();
//! assert_eq!(postings.entries(&probes, 0, 10), Some(vec![42, 43]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod keyer;
mod lowest;
mod postings;
mod runs;
#[cfg(test)]
mod tests;

pub use keyer::{Keyer, Place, Probe, SUFFIXES};
pub use postings::{Due, Merged, NETWORK_ROWS, Postings};
pub use runs::{HEAD_ROWS, Merge, Row, Runs, Walk};
