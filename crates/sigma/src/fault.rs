//! Places in files, and what is wrong there.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::limits::FAULTS;

/// A place in one of the files that are read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) file: usize,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl At {
    /// Further along on the same line.
    pub(crate) fn plus(self, columns: usize) -> Self {
        Self {
            column: self.column + columns,
            ..self
        }
    }
}

/// What is wrong with a rule, where, and what would be right. Shown as `file:line:column: message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file's name, as it was given.
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

/// Everything that is wrong with the files that were read together, by file and place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Refused(Vec<Fault>);

impl Refused {
    /// Each fault; never none, and at most [`FAULTS`] and one that counts the rest.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.0
    }
}

/// The faults found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeSet<(At, String)>);

impl Faults {
    pub(crate) fn push(&mut self, at: At, message: impl Into<String>) {
        // One rule looked at twice, on its own and within another, has each fault once.
        self.0.insert((at, message.into()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them, in order, under the names of their files.
    pub(crate) fn into_refused(self, names: &[Arc<str>]) -> Refused {
        let more = self.0.len().saturating_sub(FAULTS);
        let name = |at: &At| names.get(at.file).cloned().unwrap_or_default();
        let fault = |(at, message): (At, String)| Fault {
            file: name(&at),
            line: at.line,
            column: at.column,
            message,
        };
        let mut told: Vec<Fault> = self.0.into_iter().take(FAULTS).map(fault).collect();
        if let Some(last) = told.last().cloned().filter(|_| more > 0) {
            told.push(Fault {
                message: format!("and {more} faults more: mend these first"),
                ..last
            });
        }
        Refused(told)
    }
}
