//! The members of an IDEA object: their names are unique and read in any case.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::shown::shown;

/// Members by name in lower case.
pub(super) struct Members<'a>(BTreeMap<String, &'a Value>);

impl<'a> Members<'a> {
    /// The members of an object, or the name that stands twice.
    pub(super) fn of(object: &'a Map<String, Value>) -> Result<Self, String> {
        let mut members = BTreeMap::new();
        for (name, value) in object {
            if members.insert(name.to_ascii_lowercase(), value).is_some() {
                return Err(format!("{} stands twice, in different cases: leave one", shown(name)));
            }
        }
        Ok(Self(members))
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).copied()
    }

    /// A text that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The entries of a list; anything else counts as one entry.
    pub(super) fn list(&self, name: &str) -> &'a [Value] {
        match self.get(name) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(entries)) => entries,
            Some(other) => std::slice::from_ref(other),
        }
    }

    /// The words of a list, in lower case.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        let words = self.list(name).iter().filter_map(Value::as_str);
        words.map(str::to_ascii_lowercase).collect()
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Bool(true))
    }
}
