//! Why a configuration file is refused: file, line, column, what to do.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Longest line that a message repeats, in characters.
const SHOWN_CHARS: usize = 160;

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}: write one with 'chappe init', or name another with --config", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is larger than 4 MiB.
    #[error("{}: {bytes} bytes: at most {} are read", path.display(), super::CONFIG_BYTES)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The file is no text in UTF-8.
    #[error("{}:{line}: {}", path.display(), crate::rule_files::NOT_UTF8)]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Where that shows, from 1.
        line: usize,
    },
    /// Files of rules are: a line for each fault.
    #[error(transparent)]
    Rules(#[from] chappe_sigma::Refused),
    /// A line of it is wrong.
    #[error("{0}")]
    At(Box<Fault>),
}

/// A fault at a place of the file.
#[derive(Debug)]
pub struct Fault {
    path: PathBuf,
    line: usize,
    column: usize,
    message: String,
    shown: String,
}

impl ConfigError {
    /// A fault at a byte range of `text`.
    pub(crate) fn at(path: &Path, text: &str, span: Option<Range<usize>>, message: impl Into<String>) -> Self {
        let offset = floor(text, span.map_or(0, |span| span.start));
        let before = text.get(..offset).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        let shown = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        // A token digest is no secret, but a token pasted into its place would be.
        let shown = if shown.contains("token") {
            String::new()
        } else {
            shown.chars().take(SHOWN_CHARS).collect()
        };
        Self::At(Box::new(Fault {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
            message: message.into(),
            shown,
        }))
    }

    /// The line and column of a fault, both from 1.
    #[must_use]
    pub fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::At(fault) => Some((fault.line, fault.column)),
            Self::NotUtf8 { line, .. } => Some((*line, 1)),
            _ => None,
        }
    }
}

fn floor(text: &str, mut offset: usize) -> usize {
    offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.path.display(),
            self.line,
            self.column,
            self.message
        )?;
        if !self.shown.trim().is_empty() {
            write!(f, "\n  {:>4} | {}", self.line, self.shown)?;
        }
        Ok(())
    }
}
