//! Why a file or an event was not read.

use super::{MAX_MISP_BYTES, MAX_MISP_EVENTS, MAX_MISP_ITEMS};
use crate::shown::shown;

/// Why a file or one of its events was not read: the file, the place in it, what was wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MispError {
    /// The file is larger than [`MAX_MISP_BYTES`].
    #[error("{file}: {bytes} bytes: at most {MAX_MISP_BYTES} are read, export the events one by one")]
    TooLarge {
        /// The file.
        file: String,
        /// Its size, in bytes.
        bytes: usize,
    },
    /// The file is not UTF-8.
    #[error("{file}: byte {offset} (line {line}): {found}")]
    Encoding {
        /// The file.
        file: String,
        /// The first byte that is not UTF-8, counted from 0.
        offset: usize,
        /// Its line, counted from 1.
        line: usize,
        /// What it looks like and what to do.
        found: &'static str,
    },
    /// The file is not JSON.
    #[error("{file}: line {line}, column {column}: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The column, in bytes counted from 1.
        column: usize,
        /// What was wrong.
        message: String,
    },
    /// The JSON is no MISP event.
    #[error(
        "{file}: {}: {found}: give a MISP event, as MISP's JSON export writes it",
        place(path)
    )]
    NotAnEvent {
        /// The file.
        file: String,
        /// The place in it; empty for the whole file.
        path: String,
        /// What stands there.
        found: String,
    },
    /// The file holds more than [`MAX_MISP_EVENTS`] events.
    #[error("{file}: more than {MAX_MISP_EVENTS} events: split the file")]
    TooManyEvents {
        /// The file.
        file: String,
    },
    /// The event holds more than [`MAX_MISP_ITEMS`] items.
    #[error(
        "{file}: {}: {items} attributes and objects: at most {MAX_MISP_ITEMS} are read, split the event",
        place(path)
    )]
    TooManyItems {
        /// The file.
        file: String,
        /// The event's place in it.
        path: String,
        /// How many there are.
        items: usize,
    },
    /// The event has no UUID, and so no key that stays the same when it is sent again.
    #[error(
        "{file}: {}: no uuid: export the event from MISP, or give it a uuid that stays the same when it is sent again",
        place(path)
    )]
    NoUuid {
        /// The file.
        file: String,
        /// The event's place in it.
        path: String,
    },
    /// The event's UUID is none.
    #[error(
        "{file}: {}: uuid \"{}\": give 32 hexadecimal digits in groups of 8-4-4-4-12",
        place(path),
        shown(value)
    )]
    BadUuid {
        /// The file.
        file: String,
        /// The event's place in it.
        path: String,
        /// The UUID as written.
        value: String,
    },
    /// Items were lost while reading: a fault of this program.
    #[error(
        "{file}: {}: {accounted} of {total} items accounted for: this is a fault of Chappe, please report it",
        place(path)
    )]
    Miscounted {
        /// The file.
        file: String,
        /// The event's place in it.
        path: String,
        /// Items read or skipped.
        accounted: usize,
        /// Items there are.
        total: usize,
    },
}

fn place(path: &str) -> &str {
    if path.is_empty() { "top level" } else { path }
}
