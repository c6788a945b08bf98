use std::sync::Arc;

use chappe_model::{Accepted, Secret, Timestamp};

use super::policy::LinkPolicy;
use super::{LinkState, Linker};
use crate::whole::WholeShard;

/// Format of linking's part of a snapshot. It changes with the definition too: clusters of another one are not gone on with.
const FORMAT: u32 = 3;

/// Linking and its alerts' revisions: the owner of all campaigns.
pub type LinkShard = WholeShard<Linker>;

/// Why a snapshot of linking is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkSnapshotError {
    /// Damaged, or of another version.
    #[error("linking's part of the snapshot is not readable by this version: {0}")]
    Unreadable(String),
    /// Taken where nothing was linked.
    #[error("the snapshot was taken without linking")]
    NotLinked,
    /// Taken under a policy that links differently, or with other warning lists.
    #[error("linking's part of the snapshot was taken under another policy or with other warning lists")]
    OtherPolicy,
}

impl LinkShard {
    /// Starts empty and replaying: nothing is told before [`WholeShard::settle`]. `epoch` is above every earlier owner's.
    #[must_use]
    pub fn new(secret: Secret, policy: Arc<LinkPolicy>, epoch: u64) -> Self {
        Self::of(Linker::new(secret, policy), epoch)
    }

    /// Goes on from a snapshot.
    ///
    /// # Errors
    /// When it cannot serve: the log is read from the beginning instead.
    pub fn restore(
        secret: Secret,
        policy: Arc<LinkPolicy>,
        epoch: u64,
        bytes: &[u8],
    ) -> Result<Self, LinkSnapshotError> {
        if bytes.is_empty() {
            return Err(LinkSnapshotError::NotLinked);
        }
        let (format, rest) = postcard::take_from_bytes::<u32>(bytes).map_err(unreadable)?;
        if format != FORMAT {
            return Err(LinkSnapshotError::Unreadable(format!("format {format}")));
        }
        let (was, rest) = postcard::take_from_bytes::<Vec<u8>>(rest).map_err(unreadable)?;
        if was != written(&policy)? {
            return Err(LinkSnapshotError::OtherPolicy);
        }
        let state: LinkState = postcard::from_bytes(rest).map_err(unreadable)?;
        Ok(Self::of(Linker::restore(secret, policy, state), epoch))
    }

    /// A snapshot of now. It is valid once everything emitted is durable.
    ///
    /// # Errors
    /// When the state cannot be encoded.
    pub fn snapshot(&self) -> Result<Vec<u8>, LinkSnapshotError> {
        let whole = (FORMAT, written(&self.detector.policy)?, self.detector.state());
        postcard::to_stdvec(&whole).map_err(unreadable)
    }

    /// Takes one accepted revision at its log time.
    pub fn take(&mut self, at: Timestamp, accepted: &Accepted) {
        self.detector.take(at, accepted);
    }

    /// The pure part.
    #[must_use]
    pub fn linker(&self) -> &Linker {
        &self.detector
    }
}

/// The policy as a snapshot holds it: enough to tell another one, but no entries of warning lists.
fn written(policy: &LinkPolicy) -> Result<Vec<u8>, LinkSnapshotError> {
    postcard::to_stdvec(policy).map_err(unreadable)
}

fn unreadable(error: postcard::Error) -> LinkSnapshotError {
    LinkSnapshotError::Unreadable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{WarningFile, WarningList};

    fn restored(was: LinkPolicy, is: LinkPolicy) -> Result<(), LinkSnapshotError> {
        let secret = Secret::new([7; 32]);
        let bytes = LinkShard::new(secret.clone(), Arc::new(was), 1).snapshot()?;
        LinkShard::restore(secret, Arc::new(is), 2, &bytes).map(drop)
    }

    fn listing(entries: &[&str]) -> LinkPolicy {
        let list = WarningFile {
            name: "List".to_owned(),
            version: 1,
            kind: "string".to_owned(),
            list: entries.iter().map(ToString::to_string).collect(),
            matching_attributes: vec![],
        };
        LinkPolicy {
            warning_lists: vec![WarningList::new(list).unwrap()],
            ..LinkPolicy::default()
        }
    }

    #[test]
    fn a_snapshot_serves_under_the_policy_and_the_lists_it_was_taken_under() {
        let plain = LinkPolicy::default;
        assert_eq!(restored(plain(), plain()), Ok(()));
        assert_eq!(restored(listing(&["a", "b"]), listing(&["b", "a"])), Ok(()));
        let longer = LinkPolicy {
            window_ms: plain().window_ms + 1,
            ..plain()
        };
        for (was, is) in [
            (plain(), longer),
            (plain(), listing(&["a"])),
            (listing(&["a"]), plain()),
            (listing(&["a"]), listing(&["a", "b"])),
        ] {
            assert_eq!(restored(was, is), Err(LinkSnapshotError::OtherPolicy));
        }
        let nothing = LinkShard::restore(Secret::new([7; 32]), Arc::new(plain()), 2, &[]).map(drop);
        assert_eq!(nothing, Err(LinkSnapshotError::NotLinked));
    }
}
