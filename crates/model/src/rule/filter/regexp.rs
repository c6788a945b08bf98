//! Regular expressions, in time linear in what they are matched with.

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::limits::REGEXP_BYTES;

/// Largest compiled expression, in bytes: counted repetitions such as `(a{1000}){1000}` are refused.
const COMPILED_BYTES: usize = 256 * 1024;
/// Largest table of states that matching may build, in bytes; beyond it is rebuilt, which costs time and no memory.
const STATES_BYTES: usize = 1024 * 1024;
/// Groups within each other.
const NEST: u32 = 32;

/// A regular expression of at most [`REGEXP_BYTES`], in the syntax of Rust's `regex`: without look-around and back references, so
/// that matching takes linear time. It finds a match anywhere in the value unless anchored. Equal where written alike.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Regexp(Regex);

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegexpError {
    /// Too long.
    #[error("{0} bytes: at most {REGEXP_BYTES}")]
    TooLong(usize),
    /// Too large when compiled.
    #[error("too large when compiled: repeat less, or count lower")]
    TooLarge,
    /// Not of the syntax: on one line.
    #[error("{0}")]
    Syntax(String),
}

impl Regexp {
    /// Reads an expression.
    ///
    /// # Errors
    /// When it is too long, too large, or not of the syntax.
    pub fn parse(text: &str) -> Result<Self, RegexpError> {
        if text.len() > REGEXP_BYTES {
            return Err(RegexpError::TooLong(text.len()));
        }
        let built = RegexBuilder::new(text)
            .size_limit(COMPILED_BYTES)
            .dfa_size_limit(STATES_BYTES)
            .nest_limit(NEST)
            .build();
        built.map(Self).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => RegexpError::TooLarge,
            error => RegexpError::Syntax(reason(&error.to_string())),
        })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether any part of the value matches.
    #[must_use]
    pub fn is_match(&self, value: &str) -> bool {
        self.0.is_match(value)
    }
}

/// The parser draws a picture of several lines; what was wrong stands behind `error: `.
fn reason(message: &str) -> String {
    let said = message.rsplit_once("error: ").map_or(message, |(_, reason)| reason);
    said.lines().next().unwrap_or_default().trim().to_owned()
}

impl PartialEq for Regexp {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Regexp {}

impl From<Regexp> for String {
    fn from(regexp: Regexp) -> Self {
        regexp.as_str().into()
    }
}

impl TryFrom<String> for Regexp {
    type Error = RegexpError;

    fn try_from(text: String) -> Result<Self, RegexpError> {
        Self::parse(&text)
    }
}
