//! A record read from a shared log: the first of each (id, revision) counts, and what was under way for it is over.

use chappe_model::IncidentId;

use super::{Flight, Shelf, Stored, Ticket, Waiter};
use crate::ledger::Claim;
use crate::lists::ListId;
use crate::refusal::Refusal;

/// What a record that was read decides.
pub(crate) enum Settled {
    /// It counts for nobody: another stands before it under its revision, or the incident is of the other realm.
    Ignored,
    /// It is the first of its revision.
    First(Box<First>),
}

/// What follows from the first record of a revision.
#[derive(Default)]
pub(crate) struct First {
    /// Who waited for it, or for what can no longer be, and what each is told.
    pub(crate) answers: Vec<(Waiter, Verdict)>,
    /// Lists that are no longer needed.
    pub(crate) release: Vec<ListId>,
    /// By how much the number of doubts changed.
    pub(crate) doubts: isize,
    /// What an append of the same content claimed here; none if there was none.
    pub(crate) claimed: Option<Option<Claim>>,
}

/// What a waiter is told.
pub(crate) enum Verdict {
    /// The receipt of this revision: its own content. Whether its own append put it there, as far as the log told yet.
    Receipt { stored: Stored, is_new: bool },
    /// Other content stands, or will.
    Refused(Refusal),
}

impl Shelf {
    /// Takes the next record of the partition.
    pub(crate) fn read_back(&mut self, id: IncidentId, stored: Stored) -> Settled {
        let known = self.revisions(&id);
        let realm = known
            .first()
            .map_or(stored.facts.exercise, |first| first.facts.exercise);
        let is_taken = known.iter().any(|known| known.revision == stored.revision);
        if is_taken || realm != stored.facts.exercise {
            return Settled::Ignored;
        }
        self.insert(id, stored);
        let mut first = First::default();
        // What would be of the other realm counts for nobody, whether it stands in the log by now or not.
        let is_over = |flight: &mut Flight| flight.revision == stored.revision || flight.facts.exercise != realm;
        let over: Vec<Flight> = match self.flights.get_mut(&id) {
            Some(flights) => flights.extract_if(.., is_over).collect(),
            None => return Settled::First(Box::new(first)),
        };
        self.forget_if_empty(id);
        for flight in over {
            let is_same = flight.revision == stored.revision && flight.digest == stored.digest;
            if is_same && flight.under_way {
                first.claimed = Some(flight.claim);
            }
            first.release.extend(flight.facts.list);
            first.doubts -= isize::from(flight.in_doubt);
            // The log may not have told yet: it is ours unless it told otherwise.
            let is_ours = is_same && flight.written_at.is_none_or(|at| at == stored.position);
            for waiter in flight.waiters {
                let verdict = self.verdict(&id, &waiter, is_ours && waiter.is_own);
                first.answers.push((waiter, verdict));
            }
        }
        Settled::First(Box::new(first))
    }

    /// What is stored says of a request whose flight is over.
    fn verdict(&self, id: &IncidentId, waiter: &Waiter, is_new: bool) -> Verdict {
        let stored = self.revisions(id);
        if let Some(same) = stored.iter().find(|stored| stored.revision == waiter.revision) {
            return match same.digest == waiter.digest {
                true => Verdict::Receipt { stored: *same, is_new },
                false => Verdict::Refused(Refusal::RevisionExists(waiter.revision)),
            };
        }
        let was_exercise = stored.first().map(|first| first.facts.exercise);
        Verdict::Refused(match was_exercise.filter(|was| *was != waiter.exercise) {
            Some(was_exercise) => Refusal::ExerciseChanged { was_exercise },
            // It waited for a flight of the other realm, which lost: its way is free now.
            None => Refusal::UnderWay,
        })
    }

    /// Leaves the request that an append is for, and what it may open, with its flight.
    pub(crate) fn board(&mut self, id: &IncidentId, ticket: Ticket, waiter: Waiter, claim: Option<Claim>) {
        let mut flights = self.flights.get_mut(id).into_iter().flatten();
        if let Some(flight) = flights.find(|flight| flight.ticket == ticket) {
            flight.written_at = None;
            flight.claim = claim;
            flight.waiters.push(waiter);
        }
    }

    /// Takes everyone who waits, for good: nobody reads on.
    pub(crate) fn give_up(&mut self) -> Vec<Waiter> {
        let flights = self.flights.values_mut().flatten();
        flights.flat_map(|flight| std::mem::take(&mut flight.waiters)).collect()
    }

    /// Whether anybody waits.
    pub(crate) fn is_awaited(&self) -> bool {
        self.flights.values().flatten().any(|flight| !flight.waiters.is_empty())
    }
}
