//! Named blobs that hold a stage's state.

use crate::error::SnapshotError;

/// The longest snapshot name, in bytes.
pub const MAX_SNAPSHOT_NAME_BYTES: usize = 64;

/// The largest snapshot, in bytes.
pub const MAX_SNAPSHOT_BYTES: usize = 4 << 30;

/// A store of named blobs, each replaced as a whole: after a crash a load gives either the blob saved last or the one
/// before, never a mixture.
pub trait SnapshotStore: Send + Sync + 'static {
    /// Saves a blob under a name in place of the one before; durable when it returns.
    ///
    /// # Errors
    /// [`SnapshotError`]; the blob saved before is then still there.
    fn save(&self, name: &str, bytes: &[u8]) -> Result<(), SnapshotError>;

    /// The blob saved last under a name; none if there never was one.
    ///
    /// # Errors
    /// [`SnapshotError::Corrupt`] when what is stored is not what was saved; [`SnapshotError::Storage`] when it cannot be
    /// read.
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, SnapshotError>;
}

/// Keeps nothing: whoever starts reads the log from its beginning.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSnapshots;

impl SnapshotStore for NoSnapshots {
    fn save(&self, _: &str, _: &[u8]) -> Result<(), SnapshotError> {
        Ok(())
    }

    fn load(&self, _: &str) -> Result<Option<Vec<u8>>, SnapshotError> {
        Ok(None)
    }
}

/// Checks a snapshot's name (`a`-`z`, `0`-`9`, `-`, 1 to [`MAX_SNAPSHOT_NAME_BYTES`]) and size, as every store does.
///
/// # Errors
/// [`SnapshotError::BadName`] or [`SnapshotError::TooLarge`].
pub fn check_snapshot(name: &str, bytes: usize) -> Result<(), SnapshotError> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > MAX_SNAPSHOT_NAME_BYTES || !name.bytes().all(good) {
        return Err(SnapshotError::BadName {
            name: name.into(),
            limit_bytes: MAX_SNAPSHOT_NAME_BYTES,
        });
    }
    if bytes > MAX_SNAPSHOT_BYTES {
        return Err(SnapshotError::TooLarge {
            name: name.into(),
            bytes,
            limit_bytes: MAX_SNAPSHOT_BYTES,
        });
    }
    Ok(())
}
