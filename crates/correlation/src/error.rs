use chappe_eventlog::{AppendError, ReadError};

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The alerts topic cannot be read.
    #[error("the alerts topic cannot be read: {0}")]
    Read(#[from] ReadError),
    /// The fencing epoch cannot be written.
    #[error("no fencing epoch could be appended to the alerts topic: {0}")]
    Epoch(#[from] AppendError),
}

/// Why the service has stopped by itself. What is durable is safe; a restart goes on from it.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The incidents topic cannot be read.
    #[error("the incidents topic cannot be read: {0}")]
    Read(#[from] ReadError),
    /// The log takes no more alerts.
    #[error("the log takes no more alerts: {0}")]
    Append(#[from] AppendError),
    /// A thread could not be started, or ended without saying why.
    #[error("thread '{0}': {1}")]
    Thread(String, String),
}
