//! IDEA0 messages (CESNET) in: one, a list, or one a line.

mod category;
mod members;
mod message;

use serde_json::Value;

use crate::entries::{Entry, entries};
use crate::{ReadError, Reading, text};

/// Most messages in one file.
pub const MAX_IDEA_MESSAGES: usize = 100_000;

/// Most items (addresses, names, hashes, references) in one message.
pub const MAX_IDEA_ITEMS: usize = 100_000;

/// Reads every message of a file. `name` is the file's or entry's name, for messages and for [`crate::Draft::source`].
///
/// Each message makes one draft. One that cannot be read takes its own place in the list as an error; the others are read.
///
/// # Errors
/// When the file as a whole cannot be read: larger than [`crate::MAX_FILE_BYTES`], not UTF-8, a list that is not JSON, or more than
/// [`MAX_IDEA_MESSAGES`] messages.
pub fn read_idea(name: &str, bytes: &[u8]) -> Result<Vec<Result<Reading, ReadError>>, ReadError> {
    let text = text::text(name, bytes)?;
    let found = entries(name, text, MAX_IDEA_MESSAGES)?;
    let read = |entry: Entry<'_>| {
        let json = entry.json.clone()?;
        let message: Value = serde_json::from_str(json).map_err(|error| entry.syntax(name, &error))?;
        message::read(name, &entry.path, &message)
    };
    let readings: Vec<Result<Reading, ReadError>> = found.into_iter().map(read).collect();
    match readings.as_slice() {
        // What is wrong with the only thing in a file is wrong with the file.
        [Err(only)] => Err(only.clone()),
        [] => Err(ReadError::NotOfFormat {
            file: name.to_owned(),
            path: String::new(),
            found: "empty".to_owned(),
            wanted: message::WANTED,
        }),
        _ => Ok(readings),
    }
}
