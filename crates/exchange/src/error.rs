//! Why a file or one of its entries was not read.

use crate::misp::{MAX_MISP_EVENTS, MAX_MISP_ITEMS};
use crate::shown::shown;

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;

/// Why a file or one of its entries was not read: the file, the place in it, what was wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("{file}: {bytes} bytes: at most {MAX_FILE_BYTES} are read, split it or export its entries one by one")]
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
    /// The file is not of the format that it was taken for.
    #[error("{file}: {}: {found}: {wanted}", place(path))]
    NotOfFormat {
        /// The file.
        file: String,
        /// The place in it; empty for the whole file.
        path: String,
        /// What stands there.
        found: String,
        /// What to give instead.
        wanted: &'static str,
    },
    /// The file, or one of its entries, holds too much.
    #[error("{file}: {}: more than {most} {what}: split the file", place(path))]
    TooMany {
        /// The file.
        file: String,
        /// The place in it; empty for the whole file.
        path: String,
        /// Of what.
        what: &'static str,
        /// How many are read.
        most: usize,
    },
    /// A field of an entry is missing or wrong, so that the entry cannot be read.
    #[error("{file}: {}: {message}", place(path))]
    Field {
        /// The file.
        file: String,
        /// Where the field stands.
        path: String,
        /// What is wrong and what is accepted.
        message: String,
    },
    /// The JSON is no MISP event.
    #[error(
        "{file}: {}: {found}: give a MISP event as MISP's JSON export writes it, a STIX 2 bundle, or IDEA messages",
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
