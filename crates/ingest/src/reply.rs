//! The one answer that every request gets.

use std::sync::Arc;
use std::time::Instant;

use chappe_proto::v1;

use crate::desk::Done;
use crate::metric_names::{Meters, REASON, REFUSED};
use crate::quota::Permit;
use crate::refusal::Refusal;

/// Holds a request's place in flight until it is answered. Dropped without an answer, it says that the outcome is unknown: a log that
/// goes away does not tell.
pub(crate) struct Reply {
    open: Option<Open>,
}

struct Open {
    done: Done,
    permit: Permit,
    meters: Arc<Meters>,
    since: Instant,
}

impl Reply {
    pub(crate) fn new(done: Done, permit: Permit, meters: Arc<Meters>, since: Instant) -> Self {
        Self {
            open: Some(Open {
                done,
                permit,
                meters,
                since,
            }),
        }
    }

    /// A new revision is durable.
    pub(crate) fn accept(self, receipt: Result<v1::Receipt, Refusal>) {
        if let (Some(open), Ok(_)) = (&self.open, &receipt) {
            open.meters.accepted.increment(1);
            open.meters.ack_seconds.record(open.since.elapsed());
        }
        self.tell(receipt);
    }

    /// It was stored already: the member's rate is not charged.
    pub(crate) fn repeat(self, receipt: Result<v1::Receipt, Refusal>) {
        if let Some(open) = &self.open {
            open.permit.refund();
            open.meters.duplicates.increment(1);
        }
        self.tell(receipt);
    }

    /// It was only checked.
    pub(crate) fn describe(self, receipt: Result<v1::Receipt, Refusal>) {
        self.tell(receipt);
    }

    pub(crate) fn refuse(self, refusal: &Refusal) {
        self.tell(Err(refusal.clone()));
    }

    fn tell(mut self, outcome: Result<v1::Receipt, Refusal>) {
        if let Some(open) = self.open.take() {
            open.tell(outcome);
        }
    }
}

impl Open {
    fn tell(self, outcome: Result<v1::Receipt, Refusal>) {
        if outcome.as_ref().is_err_and(Refusal::is_refunded) {
            self.permit.refund();
        }
        // The place in flight is free before the answer leaves, so that whoever waits for it may send at once.
        drop(self.permit);
        answer(self.done, outcome);
    }
}

/// Answers, and counts a refusal.
pub(crate) fn answer(done: Done, outcome: Result<v1::Receipt, Refusal>) {
    done(outcome.map_err(|refusal| {
        count(&refusal);
        refusal.status()
    }));
}

/// Counts a refusal.
pub(crate) fn count(refusal: &Refusal) {
    metrics::counter!(REFUSED, REASON => refusal.reason()).increment(1);
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            open.tell(Err(Refusal::Unknown));
        }
    }
}
