//! What a check found.

use std::fmt;

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// As it should be.
    Well,
    /// It works, and should not stay so.
    Warning,
    /// It does not start, or will fail.
    Broken,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked at: a name that never changes.
    pub(super) check: &'static str,
    pub(super) state: State,
    /// What was seen.
    pub(super) found: String,
    /// What follows from it; empty where all is well.
    pub(super) means: String,
    /// What to do; empty where all is well.
    pub(super) action: String,
}

impl Finding {
    pub(super) fn well(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Well,
            found: found.into(),
            means: String::new(),
            action: String::new(),
        }
    }

    pub(super) fn warning(
        check: &'static str,
        found: impl Into<String>,
        means: &str,
        action: impl Into<String>,
    ) -> Self {
        Self {
            state: State::Warning,
            means: means.to_owned(),
            action: action.into(),
            ..Self::well(check, found)
        }
    }

    pub(super) fn broken(
        check: &'static str,
        found: impl Into<String>,
        means: &str,
        action: impl Into<String>,
    ) -> Self {
        Self {
            state: State::Broken,
            ..Self::warning(check, found, means, action)
        }
    }
}

/// For people: `BROKEN   secret: …`, and two lines below.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Well => "well",
            State::Warning => "WARNING",
            State::Broken => "BROKEN",
        };
        write!(f, "{state:<8} {}: {}", self.check, self.found)?;
        if !self.means.is_empty() {
            write!(f, "\n         means: {}", self.means)?;
        }
        if !self.action.is_empty() {
            write!(f, "\n         do: {}", self.action)?;
        }
        Ok(())
    }
}
