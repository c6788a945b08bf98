//! Records and their positions.

use bytes::Bytes;

use crate::error::AppendError;

/// The largest record a log takes: key and payload together, in bytes.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

/// The longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 1_024;

/// The ordinal of a record within its (topic, partition), from 0 without gaps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl Position {
    /// The position after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// Something happened.
    Data,
    /// A time mark: log time has reached the stamp in this partition. It may carry a payload.
    Mark,
}

impl RecordKind {
    /// The code on disk. It never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Data => 1,
            Self::Mark => 2,
        }
    }

    /// The kind of a code, if there is one.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Data),
            2 => Some(Self::Mark),
            _ => None,
        }
    }
}

/// One record of the log.
///
/// Key and payload may be slices of a larger buffer that stays in memory as long as they do: copy what is kept for
/// long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What the record says.
    pub kind: RecordKind,
    /// When its writer stamped it, in milliseconds since the Unix epoch. The log does not interpret it.
    pub stamp_ms: u64,
    /// What the record is about, up to [`MAX_KEY_BYTES`].
    pub key: Bytes,
    /// The content; together with the key up to [`MAX_RECORD_BYTES`].
    pub payload: Bytes,
}

impl Record {
    /// A record of something that happened.
    #[must_use]
    pub const fn data(stamp_ms: u64, key: Bytes, payload: Bytes) -> Self {
        Self {
            kind: RecordKind::Data,
            stamp_ms,
            key,
            payload,
        }
    }

    /// A time mark without key or payload.
    #[must_use]
    pub const fn mark(stamp_ms: u64) -> Self {
        Self {
            kind: RecordKind::Mark,
            stamp_ms,
            key: Bytes::new(),
            payload: Bytes::new(),
        }
    }

    /// The size that limits count: key and payload, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.key.len() + self.payload.len()
    }

    /// Checks the size.
    ///
    /// # Errors
    /// [`AppendError::TooLarge`] when the key or the whole is over its limit.
    pub fn check_size(&self) -> Result<(), AppendError> {
        if self.key.len() > MAX_KEY_BYTES {
            return Err(AppendError::TooLarge {
                what: "key",
                bytes: self.key.len(),
                limit_bytes: MAX_KEY_BYTES,
            });
        }
        if self.size_bytes() > MAX_RECORD_BYTES {
            let bytes = self.size_bytes();
            return Err(AppendError::TooLarge {
                what: "record",
                bytes,
                limit_bytes: MAX_RECORD_BYTES,
            });
        }
        Ok(())
    }
}
