//! The plain values of a rule's own attributes.

use crate::fault::Faults;
use crate::yaml::{Kind, Node};

/// A text of 1 to `most` characters.
pub(crate) fn text<'n>(node: &'n Node, what: &str, most: usize, faults: &mut Faults) -> Option<&'n str> {
    let Some(text) = node.text() else {
        faults.push(node.at, format!("'{what}' is a text, this is {}", node.what()));
        return None;
    };
    let chars = text.chars().count();
    if chars == 0 || chars > most {
        faults.push(
            node.at,
            format!("'{what}' has 1 to {most} characters, this has {chars}"),
        );
        return None;
    }
    Some(text)
}

/// A list of texts, or one text.
pub(crate) fn texts<'n>(node: &'n Node, what: &str, most: usize, faults: &mut Faults) -> Vec<&'n str> {
    match &node.kind {
        Kind::List(items) => items.iter().filter_map(|item| text(item, what, most, faults)).collect(),
        _ => text(node, what, most, faults).into_iter().collect(),
    }
}

/// The items of a list that may not be empty.
pub(crate) fn items<'n>(node: &'n Node, what: &str, faults: &mut Faults) -> Option<&'n [Node]> {
    match &node.kind {
        Kind::List(items) if !items.is_empty() => Some(items),
        Kind::List(_) => {
            faults.push(node.at, format!("'{what}' is an empty list"));
            None
        }
        _ => {
            faults.push(
                node.at,
                format!("'{what}' is a list, this is {}: write [a, b]", node.what()),
            );
            None
        }
    }
}

/// Seconds, minutes, hours or days, in milliseconds.
pub(crate) fn span_ms(node: &Node, what: &str, faults: &mut Faults) -> Option<u64> {
    let text = node.text().unwrap_or_default();
    let unit_ms = match text.chars().last() {
        Some('s') => 1_000,
        Some('m') => 60_000,
        Some('h') => 3_600_000,
        Some('d') => 86_400_000,
        _ => 0,
    };
    let digits = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    let number = digits
        .parse::<u32>()
        .ok()
        .filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let span = number.map(|number| u64::from(number) * unit_ms).filter(|_| unit_ms > 0);
    if span.is_none() {
        let hint = match text.chars().last() {
            Some('w') => "; a week is 7d",
            Some('M' | 'y') => "; months and years differ in length, count days",
            _ => "",
        };
        let message = format!(
            "'{what}' is a number and s, m, h or d, such as 90m, not '{}'{hint}",
            cut(text)
        );
        faults.push(node.at, message);
    }
    span
}

/// The beginning of what somebody wrote.
pub(crate) fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(64).flat_map(char::escape_debug).collect();
    if text.chars().count() > 64 {
        shown.push_str("...");
    }
    shown
}

/// `YYYY-MM-DD`.
pub(crate) fn date(node: &Node, what: &str, faults: &mut Faults) {
    let text = node.text().unwrap_or_default();
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u32>().ok());
    let digits = text.bytes().enumerate().all(|(i, byte)| {
        if i == 4 || i == 7 {
            byte == b'-'
        } else {
            byte.is_ascii_digit()
        }
    });
    let month = number(5..7).is_some_and(|month| (1..=12).contains(&month));
    let day = number(8..10).is_some_and(|day| (1..=31).contains(&day));
    if text.len() != 10 || !digits || !month || !day {
        faults.push(
            node.at,
            format!("'{what}' is a date like 2026-03-02, not '{}'", cut(text)),
        );
    }
}

/// A UUID, in lower case.
pub(crate) fn uuid(node: &Node, faults: &mut Faults) -> Option<String> {
    let text = node.text().unwrap_or_default();
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if parts.iter().map(|part| part.len()).ne([8, 4, 4, 4, 12]) || !parts.iter().all(hex) {
        faults.push(
            node.at,
            format!("'id' is a UUID, not '{}': for a word use 'name'", cut(text)),
        );
        return None;
    }
    Some(text.to_ascii_lowercase())
}
