//! Exact values, compared with or without case.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A set of texts. What is compared without case is compared by the lower-case form of each letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    cased: bool,
    texts: BTreeSet<String>,
}

impl Texts {
    /// In any case.
    #[must_use]
    pub fn any_case(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self {
            cased: false,
            texts: texts
                .into_iter()
                .map(|text| folded(text.as_ref()).into_owned())
                .collect(),
        }
    }

    /// In this case only.
    #[must_use]
    pub fn cased(texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            cased: true,
            texts: texts.into_iter().map(Into::into).collect(),
        }
    }

    /// Whether the value is one of them.
    #[must_use]
    pub fn contain(&self, value: &str) -> bool {
        if self.cased {
            return self.texts.contains(value);
        }
        self.texts.contains(&*folded(value))
    }
}

/// The lower-case form of each letter, for itself: no letter becomes two, so that positions stay.
pub(super) fn folded(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| fold(c) == c) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(fold).collect())
}

/// The lower-case form of a letter, where that is one letter.
pub(super) fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}
