//! Why a log does not open.

use std::{io, path::PathBuf};

use chappe_eventlog::Topic;
use thiserror::Error;

/// Why a log does not open. Nothing was changed, except that a torn tail may have been cut off.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// An option is out of its range.
    #[error("option {option} must be {expected}")]
    BadOption {
        /// Its name.
        option: &'static str,
        /// What it may be.
        expected: String,
    },
    /// Another process has the log open.
    #[error("the log in {} is open in another process: stop that one first, or use another folder", folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The log was created with another number of partitions.
    #[error(
        "the log in {} has {on_disk} partitions of {topic}, not {asked}: start with {on_disk}, \
         or begin a new log in an empty folder and replay this one into it",
        folder.display()
    )]
    OtherPartitions {
        /// The folder.
        folder: PathBuf,
        /// The topic that differs.
        topic: Topic,
        /// How many it has.
        on_disk: u16,
        /// How many were asked for.
        asked: u16,
    },
    /// The file that describes the log is missing though there are segments.
    #[error("{} is missing beside journal segments: restore it from a backup of the same log", file.display())]
    MetaMissing {
        /// The file.
        file: PathBuf,
    },
    /// The file that describes the log cannot be understood.
    #[error("{} does not describe a log this version can read ({reason}): restore it from a backup, or use the version that wrote it", file.display())]
    BadMeta {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The journal is damaged elsewhere than at its very end.
    #[error("{} is damaged at byte {offset} ({reason}): restore the folder from a backup; nothing was changed", file.display())]
    Corrupt {
        /// The segment.
        file: PathBuf,
        /// Where the damaged commit begins.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// The disk did not do what was asked.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl OpenError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
