//! Stopping: asked for from outside, or forced by a failure inside.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::error::RunError;

/// Shared by all threads of the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Halt(Arc<State>);

#[derive(Debug, Default)]
struct State {
    stop: AtomicBool,
    failure: Mutex<Option<RunError>>,
    failed: Notify,
}

impl Halt {
    pub(crate) fn ask(&self) {
        self.0.stop.store(true, Ordering::Release);
    }

    pub(crate) fn asked(&self) -> bool {
        self.0.stop.load(Ordering::Acquire)
    }

    /// Stops everything; the first failure is the one that is told.
    pub(crate) fn fail(&self, error: RunError) {
        self.0
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
        self.ask();
        self.0.failed.notify_one();
    }

    /// Waits for a failure.
    pub(crate) async fn failed(&self) {
        self.0.failed.notified().await;
    }

    pub(crate) fn take_failure(&self) -> Option<RunError> {
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
