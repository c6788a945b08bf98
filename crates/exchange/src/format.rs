//! Tells formats apart by the first object of a file.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A format that says itself what it is. CSV and JSON lines do not: a mapping says what they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Read it with [`crate::read_misp`].
    Misp,
    /// Read it with [`crate::read_stix`].
    Stix,
    /// Read it with [`crate::read_idea`].
    Idea,
}

type Members<'t> = BTreeMap<Cow<'t, str>, &'t RawValue>;

impl Format {
    /// The format of a file, or nothing where it looks like none of them.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let first = text.trim_start_matches(|c: char| c == '[' || c == '\u{feff}' || c.is_whitespace());
        match serde_json::Deserializer::from_str(first)
            .into_iter::<Members<'_>>()
            .next()
        {
            Some(Ok(members)) => Self::of_members(&members),
            // Broken JSON: its words tell which reader should name the fault.
            _ => Self::of_words(first),
        }
    }

    fn of_members(members: &Members<'_>) -> Option<Self> {
        let has = |key: &str| members.contains_key(key);
        let is_text = |key: &str| members.get(key).is_some_and(|value| value.get().starts_with('"'));
        if has("Event") || has("response") || (has("uuid") && (has("info") || has("Attribute"))) {
            Some(Self::Misp)
        } else if (is_text("type") && is_text("id")) || has("objects") || has("spec_version") {
            Some(Self::Stix)
        } else if members.keys().any(|key| key.eq_ignore_ascii_case("format")) {
            Some(Self::Idea)
        } else {
            None
        }
    }

    fn of_words(text: &str) -> Option<Self> {
        let mut words = [
            ("\"Event\"", Self::Misp),
            ("\"bundle\"", Self::Stix),
            ("\"spec_version\"", Self::Stix),
            ("\"IDEA0\"", Self::Idea),
        ]
        .into_iter()
        .filter_map(|(word, format)| Some((text.find(word)?, format)));
        let first = words.by_ref().min_by_key(|(at, _)| *at);
        first.map(|(_, format)| format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart_also_where_they_are_broken() {
        for (text, format) in [
            ("{\"Event\": {}}", Some(Format::Misp)),
            ("\u{feff} [ {\"response\": []}]", Some(Format::Misp)),
            ("{\"uuid\": \"x\", \"info\": \"y\"}", Some(Format::Misp)),
            ("{\"Event\": {", Some(Format::Misp)),
            ("{\"type\": \"bundle\", \"id\": \"bundle--1\"}", Some(Format::Stix)),
            ("[[{\"objects\": []}]]", Some(Format::Stix)),
            ("{\"type\": \"bundle\", ", Some(Format::Stix)),
            ("{\"Format\": \"IDEA0\", \"ID\": \"x\"}\n{}", Some(Format::Idea)),
            ("[{\"format\": \"IDEA0\"", Some(Format::Idea)),
            ("{\"a\": 1}", None),
            ("no json", None),
            ("", None),
        ] {
            assert_eq!(Format::of(text.as_bytes()), format, "{text}");
        }
        assert_eq!(Format::of(b"\xff\xfe{\0"), None);
    }
}
