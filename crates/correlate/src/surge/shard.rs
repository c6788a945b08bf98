use chappe_model::{Accepted, Secret, SurgeLessonPart, Timestamp};

use super::{SurgePolicy, SurgeState, SurgeTask, Surges};
use crate::whole::WholeShard;

/// Format of the part of a snapshot that holds surges. It changes with the definition too.
const FORMAT: u32 = 4;

/// Surges and their alerts' revisions: the owner of all of them.
pub type SurgeShard = WholeShard<Surges>;

/// Why a snapshot of surges is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SurgeSnapshotError {
    /// Damaged, or of another version.
    #[error("the part of the snapshot that holds surges is not readable by this version: {0}")]
    Unreadable(String),
    /// Taken where no counts were watched.
    #[error("the snapshot was taken without surges")]
    NotWatched,
}

impl SurgeShard {
    /// Starts empty and replaying: nothing is told before [`WholeShard::settle`]. `epoch` is above every earlier owner's.
    #[must_use]
    pub fn new(secret: Secret, epoch: u64) -> Self {
        Self::of(Surges::new(secret), epoch)
    }

    /// Goes on from a snapshot.
    ///
    /// # Errors
    /// When it cannot serve: the log is read from the beginning instead.
    pub fn restore(secret: Secret, epoch: u64, bytes: &[u8]) -> Result<Self, SurgeSnapshotError> {
        if bytes.is_empty() {
            return Err(SurgeSnapshotError::NotWatched);
        }
        let (format, rest) = postcard::take_from_bytes::<u32>(bytes).map_err(unreadable)?;
        if format != FORMAT {
            return Err(SurgeSnapshotError::Unreadable(format!("format {format}")));
        }
        let state: SurgeState = postcard::from_bytes(rest).map_err(unreadable)?;
        Ok(Self::of(Surges::restore(secret, state), epoch))
    }

    /// A snapshot of now. It is valid once everything emitted is durable.
    ///
    /// # Errors
    /// When the state cannot be encoded.
    pub fn snapshot(&self) -> Result<Vec<u8>, SurgeSnapshotError> {
        postcard::to_stdvec(&(FORMAT, self.detector.state())).map_err(unreadable)
    }

    /// Takes one accepted revision at its log time.
    pub fn take(&mut self, at: Timestamp, accepted: &Accepted) {
        self.detector.take(at, accepted);
    }

    /// Takes a part of a lesson at its log time.
    pub fn learn(&mut self, at: Timestamp, part: SurgeLessonPart) {
        self.detector.learn(at, part);
    }

    /// What is to be learned now, if a lesson is due. Looks at all that was counted: not for every time that passes.
    #[must_use]
    pub fn task(&self, policy: SurgePolicy) -> Option<SurgeTask> {
        self.detector.task(policy)
    }

    /// The pure part.
    #[must_use]
    pub fn surges(&self) -> &Surges {
        &self.detector
    }
}

fn unreadable(error: postcard::Error) -> SurgeSnapshotError {
    SurgeSnapshotError::Unreadable(error.to_string())
}
