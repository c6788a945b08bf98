//! Members of foreign JSON, loosely: writers give numbers and truth values as JSON strings in one version and as themselves in another. Both are read.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// The text of a member: a string without white space at its ends, or a number as text. Nothing where it is empty, absent or of another type.
pub(crate) fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<Cow<'a, str>> {
    match object.get(key)? {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(Cow::Borrowed),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

/// The whole number of a member.
pub(crate) fn number(object: &Map<String, Value>, key: &str) -> Option<u64> {
    text(object, key)?.parse().ok()
}

/// The truth value of a member: itself, 0 or 1, or one of these as text. Nothing where it is absent or something else.
pub(crate) fn truth(object: &Map<String, Value>, key: &str) -> Option<bool> {
    match object.get(key)? {
        Value::Bool(truth) => Some(*truth),
        Value::Number(number) => number.as_u64().map(|number| number != 0),
        Value::String(text) => match text.trim() {
            "1" => Some(true),
            "0" => Some(false),
            other => other.to_ascii_lowercase().parse().ok(),
        },
        _ => None,
    }
}

/// The entries of a member that should be a list. `null` and an absent member are an empty list; anything else counts as one entry.
pub(crate) fn list<'a>(object: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    match object.get(key) {
        None | Some(Value::Null) => &[],
        Some(Value::Array(entries)) => entries,
        Some(other) => std::slice::from_ref(other),
    }
}
