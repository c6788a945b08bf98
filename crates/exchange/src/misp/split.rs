//! Finds the events of a file without parsing them, so that one that cannot be read costs only itself, and memory holds one at a time.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{MAX_MISP_EVENTS, feed};
use crate::shown::shown;
use crate::{ReadError, text};

/// Deepest nesting of wrappers around an event: list, `response`, list, `Event`.
const MAX_WRAPPERS: usize = 5;

/// Keys of a foreign object that an error repeats.
const KEYS_SHOWN: usize = 6;

/// The keys that tell a bare event from other objects.
const BARE_EVENT: [&str; 3] = ["uuid", "info", "Attribute"];

/// An event, not parsed yet.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    /// Where it stands, such as `response[0].Event`.
    pub(super) path: String,
    /// Its JSON, a slice of the file.
    pub(super) json: &'a str,
}

/// The events of a text, or an error in the place of what should be one.
pub(super) fn split<'a>(name: &str, text: &'a str) -> Result<Vec<Result<Piece<'a>, ReadError>>, ReadError> {
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| text::syntax(name, text, text, &error))?;
    let mut split = Split {
        name,
        text,
        pieces: Vec::new(),
    };
    split.descend(whole, String::new(), 0)?;
    match split.pieces.as_slice() {
        // What is wrong with the only thing in a file is wrong with the file.
        [Err(only)] => Err(only.clone()),
        _ => Ok(split.pieces),
    }
}

struct Split<'n, 'a> {
    name: &'n str,
    text: &'a str,
    pieces: Vec<Result<Piece<'a>, ReadError>>,
}

impl<'a> Split<'_, 'a> {
    /// # Errors
    /// Only what ends the whole file: too many events.
    fn descend(&mut self, raw: &'a RawValue, path: String, depth: usize) -> Result<(), ReadError> {
        let shape = match shape(raw) {
            Ok(Shape::Long) => {
                return Err(ReadError::TooManyEvents {
                    file: self.name.to_owned(),
                });
            }
            Ok(shape) => shape,
            Err(error) => return self.push(Err(text::syntax(self.name, self.text, raw.get(), &error))),
        };
        match shape {
            Shape::List(entries) if depth < MAX_WRAPPERS => {
                for (index, entry) in entries.into_iter().enumerate() {
                    self.descend(entry, format!("{path}[{index}]"), depth + 1)?;
                }
                Ok(())
            }
            Shape::Object(object) => match (object.event, object.response) {
                (Some(event), _) => {
                    let path = joined(&path, "Event");
                    let piece = if event.get().starts_with('{') {
                        Ok(Piece {
                            path,
                            json: event.get(),
                        })
                    } else {
                        Err(self.not_an_event(&path, "not an object"))
                    };
                    self.push(piece)
                }
                (None, Some(response)) if depth < MAX_WRAPPERS => {
                    self.descend(response, joined(&path, "response"), depth + 1)
                }
                (None, None) if object.is_bare_event => self.push(Ok(Piece { path, json: raw.get() })),
                _ => {
                    let error = self.not_an_event(&path, &object.described());
                    self.push(Err(error))
                }
            },
            Shape::List(_) | Shape::Long | Shape::Other => {
                let error = self.not_an_event(&path, "neither an object nor a list of events");
                self.push(Err(error))
            }
        }
    }

    fn push(&mut self, piece: Result<Piece<'a>, ReadError>) -> Result<(), ReadError> {
        if self.pieces.len() >= MAX_MISP_EVENTS {
            return Err(ReadError::TooManyEvents {
                file: self.name.to_owned(),
            });
        }
        self.pieces.push(piece);
        Ok(())
    }

    fn not_an_event(&self, path: &str, found: &str) -> ReadError {
        ReadError::NotAnEvent {
            file: self.name.to_owned(),
            path: path.to_owned(),
            found: found.to_owned(),
        }
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// The outermost layer of a value.
enum Shape<'a> {
    List(Vec<&'a RawValue>),
    /// A list of more than [`MAX_MISP_EVENTS`] entries.
    Long,
    Object(Object<'a>),
    Other,
}

#[derive(Default)]
struct Object<'a> {
    event: Option<&'a RawValue>,
    response: Option<&'a RawValue>,
    is_bare_event: bool,
    keys: Vec<String>,
    more_keys: bool,
}

impl Object<'_> {
    /// What an object is that holds no event.
    fn described(&self) -> String {
        if self.keys.is_empty() {
            "an empty object".to_owned()
        } else if self.keys.iter().all(|key| feed::is_uuid(key)) {
            "the manifest of a MISP feed: give the feed's folder".to_owned()
        } else {
            let keys: Vec<String> = self.keys.iter().map(|key| shown(key)).collect();
            format!(
                "an object with the keys {}{}",
                keys.join(", "),
                if self.more_keys { ", …" } else { "" }
            )
        }
    }
}

fn shape(raw: &RawValue) -> serde_json::Result<Shape<'_>> {
    if raw.get().starts_with(['{', '[']) {
        serde_json::Deserializer::from_str(raw.get()).deserialize_any(ShapeVisitor)
    } else {
        Ok(Shape::Other)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element::<&RawValue>()? {
            if entries.len() < MAX_MISP_EVENTS {
                entries.push(entry);
            } else {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Shape::Long);
            }
        }
        Ok(Shape::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape<'de>, A::Error> {
        let mut object = Object::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let slot = match key.as_ref() {
                "Event" => Some(&mut object.event),
                "response" => Some(&mut object.response),
                _ => None,
            };
            match slot {
                Some(Some(_)) => return Err(A::Error::custom(format!("the key {key} stands twice"))),
                Some(slot) => *slot = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                    object.is_bare_event |= BARE_EVENT.contains(&key.as_ref());
                }
            }
            if object.keys.len() < KEYS_SHOWN {
                object.keys.push(key.into_owned());
            } else {
                object.more_keys = true;
            }
        }
        Ok(Shape::Object(object))
    }
}
