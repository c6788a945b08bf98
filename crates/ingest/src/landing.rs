//! What the log tells of an append, and who is told what.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chappe_eventlog::{AppendError, Position};
use chappe_model::IncidentId;

use crate::desk::Inner;
use crate::index::{Facts, Landed, Outcome, Ticket, Waiter};
use crate::receipt::Subject;
use crate::refusal::Refusal;
use crate::reply::Reply;

impl Inner {
    /// The outcome on a log that nobody else appends to: it is the answer.
    pub(crate) fn land(
        &self,
        subject: &Subject<'_>,
        ticket: Ticket,
        facts: &Facts,
        told: Result<Position, AppendError>,
        reply: Reply,
    ) {
        let outcome = told.as_ref().map_or_else(not_stored, |at| Outcome::Stored(*at));
        let waiters = self.settle(&subject.id, ticket, outcome);
        self.note_health(&told);
        let receipt = match &told {
            Ok(_) => self.receipt(subject, facts),
            Err(error) => Err(error.into()),
        };
        for waiter in waiters {
            match &told {
                Err(error) => waiter.reply.refuse(&error.into()),
                Ok(_) if waiter.revision != subject.revision => waiter.reply.refuse(&Refusal::ExerciseChanged {
                    was_exercise: facts.exercise,
                }),
                Ok(_) if waiter.digest != subject.digest => {
                    waiter.reply.refuse(&Refusal::RevisionExists(subject.revision));
                }
                Ok(_) => waiter.reply.repeat(receipt.clone()),
            }
        }
        reply.accept(receipt);
    }

    /// The outcome on a shared log: that the record is there answers nothing yet.
    fn land_on_shared(&self, id: &IncidentId, ticket: Ticket, told: &Result<Position, AppendError>) {
        let outcome = told.as_ref().map_or_else(not_stored, |at| Outcome::ToBeRead(*at));
        let waiters = self.settle(id, ticket, outcome);
        self.note_health(told);
        if let Err(error) = told {
            waiters
                .into_iter()
                .for_each(|waiter| waiter.reply.refuse(&error.into()));
        }
    }

    fn settle(&self, id: &IncidentId, ticket: Ticket, outcome: Outcome) -> Vec<Waiter> {
        let Landed {
            waiters,
            release,
            doubts,
        } = self.shelf(id).land(*id, ticket, outcome);
        self.doubts.fetch_add(doubts, Ordering::Relaxed);
        if let Some(list) = release {
            self.lists().release(list);
        }
        waiters
    }

    /// Logs the first sign of trouble that an operator should know of, and its end; the rest is metered. Overload is metered only.
    fn note_health(&self, told: &Result<Position, AppendError>) {
        match told {
            Ok(_) => {
                if self.troubled.load(Ordering::Relaxed) && self.troubled.swap(false, Ordering::Relaxed) {
                    tracing::info!("the log takes reports again");
                }
            }
            Err(AppendError::Refused { .. } | AppendError::TooLarge { .. } | AppendError::Closed) => {}
            Err(error) => {
                if !self.troubled.swap(true, Ordering::Relaxed) {
                    tracing::error!("the log did not take a report, and may not take the next: {error}");
                }
                self.trouble.notify_one();
            }
        }
    }
}

fn not_stored(error: &AppendError) -> Outcome {
    match error.is_surely_absent() {
        true => Outcome::Absent,
        false => Outcome::Unknown,
    }
}

/// An append to a shared log whose outcome is not told yet. Dropped so, the outcome is unknown: a log that goes away does not tell.
pub(crate) struct Untold {
    flight: Option<(Arc<Inner>, IncidentId, Ticket)>,
}

impl Untold {
    pub(crate) fn new(desk: &Arc<Inner>, id: IncidentId, ticket: Ticket) -> Self {
        Self {
            flight: Some((Arc::clone(desk), id, ticket)),
        }
    }

    pub(crate) fn tell(mut self, told: &Result<Position, AppendError>) {
        if let Some((desk, id, ticket)) = self.flight.take() {
            desk.land_on_shared(&id, ticket, told);
        }
    }
}

impl Drop for Untold {
    fn drop(&mut self) {
        if let Some((desk, id, ticket)) = self.flight.take() {
            let reason = "the log went away without telling the outcome".into();
            desk.land_on_shared(&id, ticket, &Err(AppendError::Unknown { reason }));
        }
    }
}
