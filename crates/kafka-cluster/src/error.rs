//! Why a cluster does not do what a test wants.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Why a cluster does not do what a test wants.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// Something that a broker needs is not there.
    #[error("{what}: run `cargo xtask setup kafka`")]
    Missing {
        /// What, and where it was looked for.
        what: String,
    },
    /// There is no such broker.
    #[error("the cluster has brokers 1 to {nodes}, there is no broker {node}")]
    NoSuchNode {
        /// The one asked for.
        node: usize,
        /// How many there are.
        nodes: usize,
    },
    /// A broker is not in the state that was asked for.
    #[error("broker {node} is {state}")]
    State {
        /// Which.
        node: usize,
        /// How it is.
        state: &'static str,
    },
    /// A broker did not open its port.
    #[error("broker {node} did not open port {port} within {seconds} s; see {}", log.display())]
    NotUp {
        /// Which.
        node: usize,
        /// Where it should listen.
        port: u16,
        /// How long was waited.
        seconds: u64,
        /// What it said.
        log: PathBuf,
    },
    /// The system did not do what was asked.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: String,
        /// What the system said.
        source: io::Error,
    },
}

impl ClusterError {
    pub(crate) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}
