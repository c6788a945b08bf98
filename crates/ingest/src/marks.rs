//! Time marks: time passes in the log, and nowhere else.

use std::sync::{Arc, Mutex, PoisonError};

use chappe_eventlog::{AppendError, Position, Record, Topic};
use chappe_model::Timestamp;

use crate::desk::Desk;

/// What is called with the outcome of a mark: exactly once, with the marked time after it is durable in every partition, else with the
/// first error. It may run on the log's own thread: it must be quick and must not wait for the log.
pub type Marked = Box<dyn FnOnce(Result<Timestamp, AppendError>) + Send>;

impl Desk {
    /// Marks every partition of the incidents topic with the clock's now.
    pub fn mark(&self, done: Marked) {
        let now = self.inner.clock.now();
        let partitions = self.inner.log.partitions(Topic::Incidents);
        let round = Arc::new(Mutex::new(Round {
            left: partitions,
            outcome: Ok(now),
            done: Some(done),
        }));
        for partition in 0..partitions {
            let round = Arc::clone(&round);
            let told = move |outcome: Result<Position, AppendError>| {
                let due = round.lock().unwrap_or_else(PoisonError::into_inner).count(outcome);
                // Outside the lock.
                if let Some((done, outcome)) = due {
                    done(outcome);
                }
            };
            self.inner.log.append(
                Topic::Incidents,
                partition,
                Record::mark(now.as_millis()),
                Box::new(told),
            );
        }
    }
}

/// One mark in all partitions.
struct Round {
    left: u16,
    outcome: Result<Timestamp, AppendError>,
    done: Option<Marked>,
}

impl Round {
    fn count(&mut self, outcome: Result<Position, AppendError>) -> Option<(Marked, Result<Timestamp, AppendError>)> {
        self.left = self.left.saturating_sub(1);
        if let (Err(error), Ok(_)) = (outcome, &self.outcome) {
            self.outcome = Err(error);
        }
        if self.left > 0 {
            return None;
        }
        self.done.take().map(|done| (done, self.outcome.clone()))
    }
}

impl Drop for Round {
    /// A log that went away does not tell.
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            done(Err(AppendError::Unknown {
                reason: "the log went away without telling the outcome".into(),
            }));
        }
    }
}
