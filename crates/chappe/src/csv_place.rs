//! Where a record of CSV begins: the reader's position is that before the line ends, empty lines and comments that it skips.

use csv::Position;

/// The byte at which the record of a position begins. Lines that begin with `comment` are none.
pub(crate) fn begins(text: &str, position: &Position, comment: Option<char>) -> usize {
    let mut at = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(text.len());
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(['\r', '\n']) {
            at += 1;
        } else if comment.is_some_and(|comment| rest.starts_with(comment)) {
            at += rest.find('\n').map_or(rest.len(), |end| end + 1);
        } else {
            break;
        }
    }
    at
}

/// The line of that byte, from 1.
pub(crate) fn line(text: &str, position: Option<&Position>) -> usize {
    let begins = position.map_or(0, |position| begins(text, position, None));
    text.get(..begins).unwrap_or_default().matches('\n').count() + 1
}
