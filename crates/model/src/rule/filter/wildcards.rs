//! Patterns with wildcards, as Sigma writes them.

use serde::{Deserialize, Serialize};

use super::texts::fold;

/// A pattern over a whole value: `*` is any number of characters, `?` is one. A backslash takes the meaning from a wildcard or a backslash behind
/// it; before anything else it stands for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Wildcards {
    written: Written,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    cased: bool,
    pattern: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Char(char),
    One,
    Many,
}

impl Wildcards {
    /// Reads a pattern.
    #[must_use]
    pub fn parse(pattern: &str, cased: bool) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            let escaped = (c == '\\').then(|| chars.next_if(|next| matches!(next, '*' | '?' | '\\')));
            let part = match (c, escaped.flatten()) {
                (_, Some(next)) => Part::Char(next),
                ('*', _) => Part::Many,
                ('?', _) => Part::One,
                (c, _) => Part::Char(if cased { c } else { fold(c) }),
            };
            // Two in a row say what one says.
            if part != Part::Many || parts.last() != Some(&Part::Many) {
                parts.push(part);
            }
        }
        Self {
            written: Written {
                cased,
                pattern: pattern.to_owned(),
            },
            parts,
        }
    }

    /// The text it stands for, if it has no wildcard.
    #[must_use]
    pub fn literal(pattern: &str) -> Option<String> {
        let parts = Self::parse(pattern, true).parts.into_iter();
        let literal = |part| match part {
            Part::Char(c) => Some(c),
            Part::One | Part::Many => None,
        };
        parts.map(literal).collect()
    }

    /// As it was written.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.written.pattern
    }

    /// Whether the whole value is as the pattern says, in time of at most the product of their lengths.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        let (mut at, mut rest) = (0, value.chars());
        // Where to go on when the text after the last `*` does not fit here.
        let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            let part = self.parts.get(at).copied();
            if part == Some(Part::Many) {
                at += 1;
                retry = Some((at, rest.clone()));
                continue;
            }
            let mut next = rest.clone();
            let c = next.next();
            let fits = match (part, c) {
                (None, None) => return true,
                (Some(Part::One), Some(_)) => true,
                (Some(Part::Char(wanted)), Some(c)) => wanted == if self.written.cased { c } else { fold(c) },
                _ => false,
            };
            if fits {
                (at, rest) = (at + 1, next);
                continue;
            }
            let Some((after, from)) = &mut retry else {
                return false;
            };
            if from.next().is_none() {
                return false;
            }
            (at, rest) = (*after, from.clone());
        }
    }
}

impl From<Written> for Wildcards {
    fn from(written: Written) -> Self {
        Self::parse(&written.pattern, written.cased)
    }
}

impl From<Wildcards> for Written {
    fn from(wildcards: Wildcards) -> Self {
        wildcards.written
    }
}
