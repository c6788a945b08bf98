//! The files of a MISP feed folder: `manifest.json`, `hashes.csv`, and one `<uuid>.json` for each event.

use serde_json::{Map, Value};

use super::MAX_MISP_EVENTS;
use crate::{ReadError, loose, text};

/// What a file of a feed folder is, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedRole {
    /// `manifest.json`: lists the events, read it with [`read_manifest`].
    Manifest,
    /// `hashes.csv`: hashes of the feed's values, for look-ups only. Not read.
    Hashes,
    /// `<uuid>.json`: an event of the feed, read it with [`crate::read_misp`].
    Event,
    /// Any other file.
    Other,
}

impl FeedRole {
    /// The role of a file, by its name without folders.
    #[must_use]
    pub fn of(file_name: &str) -> Self {
        match file_name {
            "manifest.json" => Self::Manifest,
            "hashes.csv" => Self::Hashes,
            _ if file_name.strip_suffix(".json").is_some_and(is_uuid) => Self::Event,
            _ => Self::Other,
        }
    }
}

/// An event that a manifest lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedEntry {
    /// The event's UUID, in lower case.
    pub uuid: String,
    /// The name of its file, in the folder of the manifest: `<uuid>.json`, the UUID as the manifest spells it.
    pub file_name: String,
    /// Its title; may be empty.
    pub info: String,
    /// When it was last edited, in seconds since 1970.
    pub timestamp: Option<u64>,
}

/// Reads the manifest of a feed: the events it lists, by UUID.
///
/// # Errors
/// When the file is too large, not UTF-8, not JSON, no manifest, or lists more than [`MAX_MISP_EVENTS`] events.
pub fn read_manifest(name: &str, bytes: &[u8]) -> Result<Vec<FeedEntry>, ReadError> {
    let text = text::text(name, bytes)?;
    let manifest: Value = serde_json::from_str(text).map_err(|error| text::syntax(name, text, text, &error))?;
    let not_one = |path: &str, found: &str| ReadError::NotAnEvent {
        file: name.to_owned(),
        path: crate::shown::shown(path),
        found: format!("{found}, not the manifest of a feed, an object with a uuid for each event"),
    };
    let events = match manifest {
        Value::Object(events) => events,
        // PHP writes an empty object as an empty list.
        Value::Array(entries) if entries.is_empty() => Map::new(),
        _ => return Err(not_one("", "no object")),
    };
    if events.len() > MAX_MISP_EVENTS {
        return Err(ReadError::TooManyEvents { file: name.to_owned() });
    }
    let entries = events.iter().map(|(uuid, event)| match event {
        Value::Object(event) if is_uuid(uuid) => Ok(FeedEntry {
            uuid: uuid.to_ascii_lowercase(),
            file_name: format!("{uuid}.json"),
            info: loose::text(event, "info").unwrap_or_default().into_owned(),
            timestamp: loose::number(event, "timestamp"),
        }),
        _ => Err(not_one(uuid, "a key without an event")),
    });
    entries.collect()
}

/// Whether the text is a UUID (RFC 9562, section 4), in either case.
pub(crate) fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut groups = text.split('-');
    let whole = lengths.iter().all(|length| {
        groups
            .next()
            .is_some_and(|group| group.len() == *length && group.bytes().all(|byte| byte.is_ascii_hexdigit()))
    });
    whole && groups.next().is_none()
}
