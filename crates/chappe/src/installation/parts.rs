//! Which services a process runs.

/// Ingest, correlation, notification: each, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Takes reports.
    pub ingest: bool,
    /// Finds what they have in common.
    pub correlation: bool,
    /// Tells those who may know.
    pub notification: bool,
}

impl Parts {
    /// Everything in one process.
    pub const ALL: Self = Self {
        ingest: true,
        correlation: true,
        notification: true,
    };
    /// Ingest alone.
    pub const INGEST: Self = Self {
        ingest: true,
        ..Self::NONE
    };
    /// Correlation alone.
    pub const CORRELATION: Self = Self {
        correlation: true,
        ..Self::NONE
    };
    /// Notification alone.
    pub const NOTIFICATION: Self = Self {
        notification: true,
        ..Self::NONE
    };
    const NONE: Self = Self {
        ingest: false,
        correlation: false,
        notification: false,
    };

    /// The command that runs them.
    #[must_use]
    pub fn command(self) -> &'static str {
        match self {
            Self::INGEST => "ingest",
            Self::CORRELATION => "correlation",
            Self::NOTIFICATION => "notification",
            _ => "serve",
        }
    }
}
