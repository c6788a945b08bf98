//! From bytes to text: size, encoding, and where in the file an error lies.

use crate::{MAX_FILE_BYTES, ReadError};

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

const UTF16: &str = "UTF-16, not UTF-8: convert it, for example with iconv -f UTF-16 -t UTF-8";
const NOT_UTF8: &str =
    "not UTF-8, perhaps Latin-1 or Windows-1252: convert it, for example with iconv -f WINDOWS-1252 -t UTF-8";
const CUT_OFF: &str = "the file ends inside a character: it seems to be cut off, fetch it again";

/// The text of a file, without a UTF-8 byte order mark.
pub(crate) fn text<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, ReadError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ReadError::TooLarge {
            file: name.to_owned(),
            bytes: bytes.len(),
        });
    }
    let wrong = |offset: usize, found| {
        let line = 1 + bytes[..offset].iter().filter(|byte| **byte == b'\n').count();
        ReadError::Encoding {
            file: name.to_owned(),
            offset,
            line,
            found,
        }
    };
    // JSON starts with two ASCII characters or ends after one, so that a zero among the first two bytes means UTF-16 or UTF-32.
    if matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, ..] | [_, 0, ..]) {
        return Err(wrong(0, UTF16));
    }
    let mark = if bytes.starts_with(UTF8_MARK) {
        UTF8_MARK.len()
    } else {
        0
    };
    std::str::from_utf8(&bytes[mark..]).map_err(|error| {
        wrong(
            mark + error.valid_up_to(),
            if error.error_len().is_none() { CUT_OFF } else { NOT_UTF8 },
        )
    })
}

/// An error of the JSON parser, placed in the whole text. `part` is the slice of `text` that was parsed.
pub(crate) fn syntax(name: &str, text: &str, part: &str, error: &serde_json::Error) -> ReadError {
    let before = &text[..(part.as_ptr() as usize)
        .saturating_sub(text.as_ptr() as usize)
        .min(text.len())];
    let ahead = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1);
    syntax_on(name, 1 + before.matches('\n').count(), ahead, error)
}

/// The same where it is known that the part begins on a line, counted from 1, and how many bytes of that line are ahead of it.
pub(crate) fn syntax_on(name: &str, line: usize, ahead: usize, error: &serde_json::Error) -> ReadError {
    let ahead = if error.line() == 1 { ahead } else { 0 };
    let whole = error.to_string();
    let message = whole.split(" at line ").next().unwrap_or_default();
    let advice = if error.is_eof() {
        "the file is cut off, fetch it again"
    } else {
        "not JSON as it should be"
    };
    ReadError::Syntax {
        file: name.to_owned(),
        line: line - 1 + error.line(),
        column: ahead + error.column(),
        message: format!("{message}: {advice}"),
    }
}
