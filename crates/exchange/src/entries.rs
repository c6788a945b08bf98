//! The entries of a JSON text: one object, a list, or one object behind another (JSON lines).

use serde_json::value::RawValue;

use crate::{MAX_FILE_BYTES, ReadError, text};

/// Most bytes that are read in one file from the begin of an entry to the error in it: the whole file, and as much again.
const MAX_VAIN_BYTES: usize = 2 * MAX_FILE_BYTES;

/// One entry, not parsed further, or why it is none.
pub(crate) struct Entry<'t> {
    /// `[3]` in a list, `line 7` where several stand behind each other, empty for the only one.
    pub(crate) path: String,
    pub(crate) json: Result<&'t str, ReadError>,
    at: Place,
}

impl Entry<'_> {
    /// An error of the JSON parser in this entry, placed in the whole text.
    pub(crate) fn syntax(&self, name: &str, error: &serde_json::Error) -> ReadError {
        text::syntax_on(name, self.at.line, self.at.ahead(), error)
    }
}

/// A place in a text that is gone through once.
#[derive(Clone, Copy)]
struct Place {
    /// In bytes.
    offset: usize,
    /// Counted from 1.
    line: usize,
    /// Where the line begins, in bytes.
    line_begin: usize,
}

impl Place {
    const BEGIN: Self = Self {
        offset: 0,
        line: 1,
        line_begin: 0,
    };

    /// Goes on to a later place of the same text.
    fn go_to(&mut self, text: &str, offset: usize) {
        let passed = text.get(self.offset..offset).unwrap_or_default();
        self.line += passed.matches('\n').count();
        if let Some(newline) = passed.rfind('\n') {
            self.line_begin = self.offset + newline + 1;
        }
        self.offset = offset;
    }

    /// The bytes of the line before this place.
    fn ahead(&self) -> usize {
        self.offset - self.line_begin
    }
}

/// The entries of a text. One that is no JSON takes its place as an error; where they stand behind each other, reading goes on at the next line that
/// begins an object. What is read in vain is bounded by [`MAX_VAIN_BYTES`] a file.
pub(crate) fn entries<'t>(name: &str, text: &'t str, most: usize) -> Result<Vec<Entry<'t>>, ReadError> {
    let too_many = |what, most| ReadError::TooMany {
        file: name.to_owned(),
        path: String::new(),
        what,
        most,
    };
    let mut at = Place::BEGIN;
    if text.trim_start().starts_with('[') {
        let listed: Vec<&RawValue> =
            serde_json::from_str(text).map_err(|error| text::syntax(name, text, text, &error))?;
        if listed.len() > most {
            return Err(too_many("entries", most));
        }
        let listed = listed.into_iter().enumerate();
        return Ok(listed
            .map(|(index, raw)| {
                at.go_to(
                    text,
                    (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize),
                );
                Entry {
                    path: format!("[{index}]"),
                    json: Ok(raw.get()),
                    at,
                }
            })
            .collect());
    }
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    let mut vain_bytes = 0;
    while !rest.is_empty() {
        if found.len() == most {
            return Err(too_many("entries", most));
        }
        at.go_to(text, text.len() - rest.len());
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let (json, next) = match stream.next() {
            Some(Ok(value)) => {
                let next = rest.get(stream.byte_offset()..).unwrap_or_default().trim_start();
                (Ok(value.get()), next)
            }
            Some(Err(error)) => {
                let next = next_object(rest);
                vain_bytes += begin_of_line(rest, error.line()) + error.column();
                if vain_bytes > MAX_VAIN_BYTES {
                    return Err(too_many("bytes of broken entries", MAX_VAIN_BYTES));
                }
                (Err(text::syntax_on(name, at.line, at.ahead(), &error)), next)
            }
            None => break,
        };
        rest = next;
        found.push(Entry {
            path: format!("line {}", at.line),
            json,
            at,
        });
    }
    if let [only] = found.as_mut_slice() {
        only.path.clear();
    }
    Ok(found)
}

/// Where a line of a text begins, in bytes; `line` is counted from 1.
fn begin_of_line(text: &str, line: usize) -> usize {
    match line.checked_sub(2) {
        Some(before) => text
            .match_indices('\n')
            .nth(before)
            .map_or(text.len(), |(at, _)| at + 1),
        None => 0,
    }
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
    fn errors_are_placed_by_line_and_column_of_the_whole_text() {
        let place = |text: &str| {
            let found = entries("f", text, 9).unwrap();
            let last = found.last().unwrap();
            let error = match &last.json {
                Ok(json) => last.syntax("f", &serde_json::from_str::<serde_json::Value>(json).unwrap_err()),
                Err(error) => error.clone(),
            };
            error.to_string().split(": ").nth(1).unwrap().to_owned()
        };
        assert_eq!(place("{}\n {\"a\": \"\\ud800\"}"), "line 2, column 15");
        assert_eq!(place("{} {\"a\": }"), "line 1, column 10");
        assert_eq!(place("[{},\n {},\n  {\"a\":\n\"\\ud800\"}]"), "line 4, column 8");
    }

    #[test]
    fn what_is_broken_again_and_again_is_read_in_time_of_its_length() {
        let unfinished = "{\"IDEA0\":[\n".repeat(1_000_000);
        let error = entries("f", &unfinished, 10_000_000).err().unwrap().to_string();
        assert!(error.contains("bytes of broken entries"), "{error}");
        let wrong = "{\"a\":\"\\ud800\"}\n".repeat(200_000) + &"{\"a\":\"\\ud800\"} ".repeat(200_000);
        let found = entries("f", &wrong, 1_000_000).unwrap();
        let parse = |entry: &Entry<'_>| {
            let error = serde_json::from_str::<serde_json::Value>(entry.json.as_ref().unwrap()).unwrap_err();
            entry.syntax("f", &error).to_string()
        };
        assert_eq!(
            found
                .iter()
                .map(parse)
                .filter(|error| error.contains("line 200001"))
                .count(),
            200_000
        );
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
