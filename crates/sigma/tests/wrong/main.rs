//! Wrong rules: each is refused where the `§` stands, with what would be right.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod correlations;
mod detections;
mod documents;

use chappe_sigma::{SourceText, load};

/// The place of the mark, and the text without it.
fn marked(text: &str) -> (usize, usize, String) {
    let at = text.find('§').unwrap_or_else(|| panic!("no mark in\n{text}"));
    let before = &text[..at];
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column, text.replacen('§', "", 1))
}

/// The text is refused with one fault, at its mark.
pub(crate) fn refused(text: &str, says: &str) {
    let (line, column, text) = marked(text);
    let refused = load(&[SourceText::new("r.yml", &text)]).expect_err(&text);
    let told: Vec<String> = refused.faults().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:#?}\nof\n{text}");
    assert!(
        told[0].starts_with(&format!("r.yml:{line}:{column}: ")),
        "{}\nnot at {line}:{column} of\n{text}",
        told[0]
    );
    assert!(told[0].contains(says), "{says:?} is not in {:?}", told[0]);
}

pub(crate) const HEAD: &str = "title: B\nname: b\nlogsource: {product: chappe}\n";
pub(crate) const COUNT: &str = "---\ntitle: C\nname: c\ncorrelation:\n  type: event_count\n  rules: [b]\n  group-by: [indicator]\n  timespan: 1h\n  condition: {gte: 2}\n";
pub(crate) const GOOD: &str =
    "title: B\nname: b\nlogsource: {product: chappe}\ndetection: {s: {severity: high}, condition: s}\n---\n";

/// A rule with this detection, and a correlation that looks at it.
pub(crate) fn detection(detection: &str) -> String {
    format!("{HEAD}detection:\n{detection}\n{COUNT}")
}

/// One entry of a selection, behind two lines and four spaces.
pub(crate) fn entry(entry: &str) -> String {
    detection(&format!("  s:\n    {entry}\n  condition: s"))
}

pub(crate) fn condition(condition: &str) -> String {
    detection(&format!(
        "  one: {{severity: high}}\n  two: {{severity: low}}\n  condition: {condition}"
    ))
}

/// A correlation with this body over a rule `b` that is sound.
pub(crate) fn correlation(body: &str) -> String {
    format!("{GOOD}title: C\nname: c\n{body}\n")
}
