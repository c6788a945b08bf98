//! From a file to collections of objects that may refer to each other.

use serde_json::{Map, Value};

use super::MAX_STIX_OBJECTS;
use crate::shown::shown;
use crate::{ReadError, text};

const WANTED: &str = "give a STIX 2 bundle, a list of STIX objects, or one object with a type and an id";

/// Deepest nesting of lists around bundles.
const MAX_LISTS: usize = 4;

/// An object of a collection, and where it stands in the file.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    pub(super) path: String,
    pub(super) value: &'a Value,
}

/// The JSON of a file.
pub(super) fn parse(name: &str, bytes: &[u8]) -> Result<Value, ReadError> {
    let text = text::text(name, bytes)?;
    serde_json::from_str(text).map_err(|error| text::syntax(name, text, text, &error))
}

/// The collections of a file: each bundle or envelope is one, and so are all objects that stand outside of them.
pub(super) fn collections<'a>(name: &str, whole: &'a Value) -> Result<Vec<Vec<Item<'a>>>, ReadError> {
    let mut found = Found {
        name,
        bundles: Vec::new(),
        bare: Vec::new(),
    };
    found.descend(whole, String::new(), 0)?;
    let Found { mut bundles, bare, .. } = found;
    if !bare.is_empty() {
        bundles.push(bare);
    }
    for bundle in &bundles {
        if bundle.len() > MAX_STIX_OBJECTS {
            return Err(ReadError::TooMany {
                file: name.to_owned(),
                path: bundle[0].path.clone(),
                what: "objects",
                most: MAX_STIX_OBJECTS,
            });
        }
    }
    Ok(bundles)
}

struct Found<'n, 'a> {
    name: &'n str,
    bundles: Vec<Vec<Item<'a>>>,
    bare: Vec<Item<'a>>,
}

impl<'a> Found<'_, 'a> {
    fn descend(&mut self, value: &'a Value, path: String, depth: usize) -> Result<(), ReadError> {
        match value {
            Value::Array(entries) if depth < MAX_LISTS => {
                for (index, entry) in entries.iter().enumerate() {
                    self.descend(entry, format!("{path}[{index}]"), depth + 1)?;
                }
                Ok(())
            }
            Value::Object(object) if is_bundle(object) => self.bundle(object, &path),
            Value::Object(object) if is_object(object) => {
                self.bare.push(Item { path, value });
                Ok(())
            }
            // In a list of objects one that is none is an item like the others.
            other if depth > 0 && !matches!(other, Value::Array(_)) => {
                self.bare.push(Item { path, value: other });
                Ok(())
            }
            other => Err(self.not_stix(&path, described(other))),
        }
    }

    fn bundle(&mut self, bundle: &'a Map<String, Value>, path: &str) -> Result<(), ReadError> {
        let below = |index: usize| match path {
            "" => format!("objects[{index}]"),
            path => format!("{path}.objects[{index}]"),
        };
        let objects = match bundle.get("objects") {
            // A bundle may be empty; 2.0 and 2.1 then leave the list out.
            None | Some(Value::Null) => &[],
            Some(Value::Array(objects)) => objects.as_slice(),
            Some(_) => return Err(self.not_stix(path, "objects that are no list".to_owned())),
        };
        let items = objects.iter().enumerate();
        let items: Vec<_> = items
            .map(|(index, value)| Item {
                path: below(index),
                value,
            })
            .collect();
        if !items.is_empty() {
            self.bundles.push(items);
        }
        Ok(())
    }

    fn not_stix(&self, path: &str, found: String) -> ReadError {
        ReadError::NotOfFormat {
            file: self.name.to_owned(),
            path: path.to_owned(),
            found,
            wanted: WANTED,
        }
    }
}

/// A bundle, or an envelope of TAXII 2.1, which has no type.
fn is_bundle(object: &Map<String, Value>) -> bool {
    match object.get("type").and_then(Value::as_str) {
        Some(kind) => kind == "bundle",
        None => object.contains_key("objects"),
    }
}

fn is_object(object: &Map<String, Value>) -> bool {
    let has_type = object.get("type").is_some_and(Value::is_string);
    has_type && object.get("id").is_some_and(Value::is_string)
}

fn described(value: &Value) -> String {
    match value {
        Value::Object(object) if object.is_empty() => "an empty object".to_owned(),
        Value::Object(object) => {
            let keys: Vec<String> = object.keys().take(6).map(|key| shown(key)).collect();
            format!("an object with the keys {}", keys.join(", "))
        }
        Value::Array(_) => "lists within lists".to_owned(),
        _ => "neither an object nor a list".to_owned(),
    }
}
