use std::sync::Arc;

use chappe_model::{Accepted, Secret, Timestamp};

use super::{CascadePolicy, CascadeState, Cascades};
use crate::whole::WholeShard;

/// Format of the part of a snapshot that holds cascades. It changes with the definition too.
const FORMAT: u32 = 1;

/// Cascades and their alerts' revisions: the owner of all of them.
pub type CascadeShard = WholeShard<Cascades>;

/// Why a snapshot of cascades is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CascadeSnapshotError {
    /// Damaged, or of another version.
    #[error("the part of the snapshot that holds cascades is not readable by this version: {0}")]
    Unreadable(String),
    /// Taken where none were looked for.
    #[error("the snapshot was taken without cascades")]
    NotWatched,
    /// Taken under a policy that judges otherwise, or with other dependencies.
    #[error("the part of the snapshot that holds cascades was taken under another policy or with other dependencies")]
    OtherPolicy,
}

impl CascadeShard {
    /// Starts empty and replaying: nothing is told before [`WholeShard::settle`]. `epoch` is above every earlier owner's.
    #[must_use]
    pub fn new(secret: Secret, policy: Arc<CascadePolicy>, epoch: u64) -> Self {
        Self::of(Cascades::new(secret, policy), epoch)
    }

    /// Goes on from a snapshot.
    ///
    /// # Errors
    /// When it cannot serve: the log is read from the beginning instead.
    pub fn restore(
        secret: Secret,
        policy: Arc<CascadePolicy>,
        epoch: u64,
        bytes: &[u8],
    ) -> Result<Self, CascadeSnapshotError> {
        if bytes.is_empty() {
            return Err(CascadeSnapshotError::NotWatched);
        }
        let (format, rest) = postcard::take_from_bytes::<u32>(bytes).map_err(unreadable)?;
        if format != FORMAT {
            return Err(CascadeSnapshotError::Unreadable(format!("format {format}")));
        }
        let (was, rest) = postcard::take_from_bytes::<Vec<u8>>(rest).map_err(unreadable)?;
        if was != written(&policy)? {
            return Err(CascadeSnapshotError::OtherPolicy);
        }
        let state: CascadeState = postcard::from_bytes(rest).map_err(unreadable)?;
        Ok(Self::of(Cascades::restore(secret, policy, state), epoch))
    }

    /// A snapshot of now. It is valid once everything emitted is durable.
    ///
    /// # Errors
    /// When the state cannot be encoded.
    pub fn snapshot(&self) -> Result<Vec<u8>, CascadeSnapshotError> {
        let whole = (FORMAT, written(&self.detector.policy)?, self.detector.state());
        postcard::to_stdvec(&whole).map_err(unreadable)
    }

    /// Takes one accepted revision at its log time.
    pub fn take(&mut self, at: Timestamp, accepted: &Accepted) {
        self.detector.take(at, accepted);
    }
}

/// The policy as a snapshot holds it: enough to tell another one.
fn written(policy: &CascadePolicy) -> Result<Vec<u8>, CascadeSnapshotError> {
    postcard::to_stdvec(policy).map_err(unreadable)
}

fn unreadable(error: postcard::Error) -> CascadeSnapshotError {
    CascadeSnapshotError::Unreadable(error.to_string())
}
