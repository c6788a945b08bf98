//! MISP events, by the MISP core format and what MISP instances and feeds write.

mod attribute;
mod event;
mod feed;
mod galaxy;
mod narrative;
mod places;
mod sighting;
mod split;
pub(crate) mod tags;

use serde_json::Value;

pub use feed::{FeedEntry, FeedRole, read_manifest};

use crate::{ReadError, Reading, text};

/// Most events in one file.
pub const MAX_MISP_EVENTS: usize = 10_000;

/// Most items (attributes, proposals, objects and their attributes) in one event.
pub const MAX_MISP_ITEMS: usize = 100_000;

/// Reads every event of a file. `name` is the file's or entry's name, for messages and for [`crate::Draft::source`].
///
/// Accepted are `{"Event": …}`, `{"response": […]}`, `{"response": {"Event": …}}`, lists of those, and a bare event. An event that cannot be read
/// takes its own place in the list as an error; the others are read.
///
/// # Errors
/// When the file as a whole cannot be read: larger than [`crate::MAX_FILE_BYTES`], not UTF-8, not JSON, not MISP, or more than [`MAX_MISP_EVENTS`] events.
pub fn read_misp(name: &str, bytes: &[u8]) -> Result<Vec<Result<Reading, ReadError>>, ReadError> {
    let text = text::text(name, bytes)?;
    let pieces = split::split(name, text)?;
    Ok(pieces
        .into_iter()
        .map(|piece| {
            let piece = piece?;
            let event: Value =
                serde_json::from_str(piece.json).map_err(|error| text::syntax(name, text, piece.json, &error))?;
            event::read(name, &piece.path, &event)
        })
        .collect())
}
