//! The entries of a JSON text: one object, a list, or one object behind another (JSON lines).

use serde_json::value::RawValue;

use crate::{ReadError, text};

/// One entry, not parsed further, or why it is none.
pub(crate) struct Entry<'t> {
    /// `[3]` in a list, `line 7` where several stand behind each other, empty for the only one.
    pub(crate) path: String,
    pub(crate) json: Result<&'t str, ReadError>,
}

/// The entries of a text. One that is no JSON takes its place as an error; where they stand behind each other, reading goes on at the next line that
/// begins an object.
pub(crate) fn entries<'t>(name: &str, text: &'t str, most: usize) -> Result<Vec<Entry<'t>>, ReadError> {
    let too_many = || ReadError::TooMany {
        file: name.to_owned(),
        path: String::new(),
        what: "entries",
        most,
    };
    if text.trim_start().starts_with('[') {
        let listed: Vec<&RawValue> =
            serde_json::from_str(text).map_err(|error| text::syntax(name, text, text, &error))?;
        if listed.len() > most {
            return Err(too_many());
        }
        let listed = listed.into_iter().enumerate();
        return Ok(listed
            .map(|(index, raw)| Entry {
                path: format!("[{index}]"),
                json: Ok(raw.get()),
            })
            .collect());
    }
    let mut found = Vec::new();
    let (mut rest, mut line) = (text.trim_start(), 1 + newlines(text, text.trim_start()));
    while !rest.is_empty() {
        if found.len() == most {
            return Err(too_many());
        }
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let (json, next) = match stream.next() {
            Some(Ok(value)) => {
                let next = rest.get(stream.byte_offset()..).unwrap_or_default().trim_start();
                (Ok(value.get()), next)
            }
            Some(Err(error)) => (
                Err(text::syntax_on(name, line, indent(text, rest), &error)),
                next_object(rest),
            ),
            None => break,
        };
        let path = format!("line {line}");
        line += newlines(rest, next);
        rest = next;
        found.push(Entry { path, json });
    }
    if let [only] = found.as_mut_slice() {
        only.path.clear();
    }
    Ok(found)
}

/// The bytes between the begin of the line in which a rest of a text begins, and that rest.
fn indent(text: &str, rest: &str) -> usize {
    let before = &text[..text.len() - rest.len()];
    before.len() - before.rfind('\n').map_or(0, |newline| newline + 1)
}

/// The line ends of a text before a rest of it.
fn newlines(text: &str, rest: &str) -> usize {
    text[..text.len() - rest.len()].matches('\n').count()
}

/// The rest of a text from the next line on that begins an object.
fn next_object(text: &str) -> &str {
    let mut rest = text;
    while let Some((_, next)) = rest.split_once('\n') {
        rest = next.trim_start();
        if rest.starts_with('{') {
            return rest;
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn paths(text: &str) -> Vec<(String, bool)> {
        let found = entries("f", text, 9).unwrap().into_iter();
        found.map(|entry| (entry.path, entry.json.is_ok())).collect()
    }

    #[test]
    fn lists_lines_and_single_objects_are_told_apart() {
        let path = |path: &str, ok| (path.to_owned(), ok);
        assert_eq!(paths(" {}"), [path("", true)]);
        assert_eq!(paths("[{}, 1]"), [path("[0]", true), path("[1]", true)]);
        assert_eq!(paths("\n{}\n\n{}\n"), [path("line 2", true), path("line 4", true)]);
        assert_eq!(
            paths("{}\n{\"a\": }\n{}"),
            [path("line 1", true), path("line 2", false), path("line 3", true)]
        );
        assert_eq!(paths(""), []);
        assert!(entries("f", &"{}\n".repeat(10), 9).is_err());
        assert!(entries("f", "[1, ", 9).is_err());
    }
}
