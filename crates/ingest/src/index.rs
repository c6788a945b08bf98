//! What is known of one partition's incidents: the revisions stored, those on their way, and those whose outcome is unknown.

mod read_back;

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::hash::{BuildHasherDefault, Hasher};

use chappe_eventlog::Position;
use chappe_model::limits::REVISIONS;
use chappe_model::{Digest, IncidentId, Pap, Severity, Tlp, Use};

pub(crate) use self::read_back::{First, Settled, Verdict};
use crate::ledger::Claim;
use crate::lists::ListId;
use crate::reply::Reply;

/// Most revisions whose outcome may be unknown at a time; beyond it nothing new is taken until some are settled by a retry, by
/// reading on where the log is shared, or all by a restart, which reads the log.
pub const DOUBTS: usize = 65_536;

/// What a receipt says besides the ids, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) tlp: Tlp,
    pub(crate) pap: Pap,
    pub(crate) usage: Use,
    pub(crate) severity: Severity,
    pub(crate) list: Option<ListId>,
    pub(crate) unmarked: bool,
    pub(crate) exercise: bool,
    pub(crate) backfill: bool,
    pub(crate) retracted: bool,
}

/// A stored revision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) revision: u32,
    pub(crate) facts: Facts,
    pub(crate) digest: Digest,
    pub(crate) position: Position,
}

/// Most incidents have one revision: it lies in the table itself.
enum Revisions {
    One(Stored),
    More(Vec<Stored>),
}

impl Revisions {
    fn all(&self) -> &[Stored] {
        match self {
            Self::One(only) => std::slice::from_ref(only),
            Self::More(all) => all,
        }
    }
}

/// A revision on its way to the log, or of unknown outcome.
struct Flight {
    revision: u32,
    digest: Digest,
    facts: Facts,
    /// An append is under way; otherwise only the doubt is left.
    under_way: bool,
    /// An earlier append had an unknown outcome: the log may hold the record.
    in_doubt: bool,
    /// Of the last append. What the log tells of an earlier one, or of a flight that is over, is for nobody.
    ticket: Ticket,
    /// Where the log says that it is; until it is read there, what stands before it is unknown. On a shared log only.
    written_at: Option<Position>,
    /// What the last append may open. On a shared log only.
    claim: Option<Claim>,
    waiters: Vec<Waiter>,
}

/// Tells the appends of one revision apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// A request whose answer depends on a flight's outcome.
pub(crate) struct Waiter {
    pub(crate) reply: Reply,
    /// The flight is its own.
    pub(crate) is_own: bool,
    pub(crate) revision: u32,
    pub(crate) digest: Digest,
    pub(crate) exercise: bool,
}

/// What is known of a revision before it is appended.
pub(crate) enum Known {
    /// Stored with the same content.
    Same(Stored),
    /// Stored with other content.
    Other,
    /// The outcome of one on its way decides.
    Wait { on_revision: u32 },
    /// Perhaps stored, with other content.
    OtherInDoubt,
    /// Another revision, stored or perhaps stored, is of the other realm.
    ExerciseChanged { was_exercise: bool },
    /// Nothing stands against it. After an unknown outcome of the same content, what was then to be stored.
    Free { in_doubt: Option<Facts> },
}

/// How a flight ended.
pub(crate) struct Landed {
    pub(crate) waiters: Vec<Waiter>,
    /// The list that is no longer needed, if nothing was stored.
    pub(crate) release: Option<ListId>,
    /// By how much the number of doubts changed.
    pub(crate) doubts: isize,
}

/// What the log told of a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing stands before it: nobody else appends.
    Stored(Position),
    /// It is in the log; what stands before it is known once it is read there.
    ToBeRead(Position),
    Absent,
    Unknown,
}

/// The incidents of one partition.
#[derive(Default)]
pub(crate) struct Shelf {
    stored: HashMap<IncidentId, Revisions, BuildHasherDefault<IdHasher>>,
    flights: HashMap<IncidentId, Vec<Flight>, BuildHasherDefault<IdHasher>>,
    last_ticket: Ticket,
}

impl Shelf {
    fn revisions(&self, id: &IncidentId) -> &[Stored] {
        self.stored.get(id).map_or(&[], Revisions::all)
    }

    fn flights_of(&self, id: &IncidentId) -> &[Flight] {
        self.flights.get(id).map_or(&[], Vec::as_slice)
    }

    /// The newest stored revision.
    pub(crate) fn newest(&self, id: &IncidentId) -> Option<Stored> {
        self.revisions(id).iter().max_by_key(|stored| stored.revision).copied()
    }

    /// The highest revision stored, under way or in doubt, other than `revision` itself in doubt.
    pub(crate) fn highest_besides(&self, id: &IncidentId, revision: u32) -> Option<u32> {
        let flying = self
            .flights_of(id)
            .iter()
            .filter(|flight| flight.under_way || flight.revision != revision);
        let flying = flying.map(|flight| flight.revision);
        self.revisions(id)
            .iter()
            .map(|stored| stored.revision)
            .chain(flying)
            .max()
    }

    /// Whether so many revisions besides this one are stored, under way or in doubt that no other is taken. A retraction is, unless the
    /// report is withdrawn already: the highest known revision is one.
    pub(crate) fn is_full(&self, id: &IncidentId, revision: u32, retracts: bool) -> bool {
        let stored = self.revisions(id).iter().map(|stored| (stored.revision, stored.facts));
        let flying = self.flights_of(id).iter().map(|flight| (flight.revision, flight.facts));
        let known = stored.chain(flying).filter(|(known, _)| *known != revision);
        if known.clone().count() < REVISIONS {
            return false;
        }
        let highest = known.max_by_key(|(known, _)| *known);
        !retracts || highest.is_some_and(|(_, facts)| facts.retracted)
    }

    /// Whether a revision of the incident is on its way.
    pub(crate) fn is_under_way(&self, id: &IncidentId) -> bool {
        self.flights_of(id).iter().any(|flight| flight.under_way)
    }

    /// Whether a revision of the incident has an unknown outcome.
    pub(crate) fn is_in_doubt(&self, id: &IncidentId) -> bool {
        self.flights_of(id).iter().any(|flight| flight.in_doubt)
    }

    /// What is known of (id, revision) with this content.
    pub(crate) fn look(&self, id: &IncidentId, revision: u32, digest: &Digest, exercise: bool) -> Known {
        if let Some(stored) = self.revisions(id).iter().find(|stored| stored.revision == revision) {
            return if stored.digest == *digest {
                Known::Same(*stored)
            } else {
                Known::Other
            };
        }
        if let Some(stored) = self
            .revisions(id)
            .first()
            .filter(|stored| stored.facts.exercise != exercise)
        {
            return Known::ExerciseChanged {
                was_exercise: stored.facts.exercise,
            };
        }
        let mut in_doubt = None;
        for flight in self.flights_of(id) {
            let same_revision = flight.revision == revision;
            let same = same_revision && flight.digest == *digest;
            let changes_exercise = flight.facts.exercise != exercise;
            if flight.under_way && (same_revision || changes_exercise) {
                return Known::Wait {
                    on_revision: flight.revision,
                };
            }
            if same {
                in_doubt = Some(flight.facts);
            } else if same_revision {
                return Known::OtherInDoubt;
            } else if changes_exercise {
                return Known::ExerciseChanged {
                    was_exercise: flight.facts.exercise,
                };
            }
        }
        Known::Free { in_doubt }
    }

    /// Waits for the flight of a revision; gives the waiter back if there is none.
    pub(crate) fn wait(&mut self, id: &IncidentId, on_revision: u32, waiter: Waiter) -> Result<(), Box<Waiter>> {
        let flights = self.flights.get_mut(id).into_iter().flatten();
        match flights
            .into_iter()
            .find(|flight| flight.revision == on_revision && flight.under_way)
        {
            Some(flight) => {
                flight.waiters.push(waiter);
                Ok(())
            }
            None => Err(Box::new(waiter)),
        }
    }

    /// Notes a revision on its way: one that is [`Known::Free`].
    pub(crate) fn depart(&mut self, id: IncidentId, revision: u32, digest: Digest, facts: Facts) -> Ticket {
        self.last_ticket = Ticket(self.last_ticket.0.wrapping_add(1));
        let ticket = self.last_ticket;
        let flights = self.flights.entry(id).or_default();
        match flights.iter_mut().find(|flight| flight.revision == revision) {
            Some(doubt) => {
                doubt.under_way = true;
                doubt.ticket = ticket;
            }
            None => flights.push(Flight {
                revision,
                digest,
                facts,
                under_way: true,
                in_doubt: false,
                ticket,
                written_at: None,
                claim: None,
                waiters: Vec::new(),
            }),
        }
        ticket
    }

    /// Notes what the log told of an append. A flight that is over by then, since the log was read further, stays over.
    pub(crate) fn land(&mut self, id: IncidentId, ticket: Ticket, outcome: Outcome) -> Landed {
        let mut landed = Landed {
            waiters: Vec::new(),
            release: None,
            doubts: 0,
        };
        let MapEntry::Occupied(mut entry) = self.flights.entry(id) else {
            return landed;
        };
        let flights = entry.get_mut();
        let Some(at) = flights.iter().position(|flight| flight.ticket == ticket) else {
            return landed;
        };
        let flight = &mut flights[at];
        if let Outcome::ToBeRead(position) = outcome {
            flight.written_at = Some(position);
            return landed;
        }
        landed.waiters = std::mem::take(&mut flight.waiters);
        flight.under_way = false;
        flight.claim = None;
        match outcome {
            Outcome::ToBeRead(_) => {}
            Outcome::Stored(position) => {
                landed.doubts = -isize::from(flight.in_doubt);
                let stored = Stored {
                    revision: flight.revision,
                    facts: flight.facts,
                    digest: flight.digest,
                    position,
                };
                flights.swap_remove(at);
                self.insert(id, stored);
            }
            Outcome::Unknown => {
                landed.doubts = isize::from(!flight.in_doubt);
                flight.in_doubt = true;
            }
            // The doubt of an earlier attempt stays.
            Outcome::Absent if flight.in_doubt => {}
            Outcome::Absent => {
                landed.release = flight.facts.list;
                flights.swap_remove(at);
            }
        }
        self.forget_if_empty(id);
        landed
    }

    fn forget_if_empty(&mut self, id: IncidentId) {
        if let MapEntry::Occupied(entry) = self.flights.entry(id)
            && entry.get().is_empty()
        {
            entry.remove();
        }
    }

    /// Notes a stored revision; one that is there already stays, since the first in the log counts. Says whether it was new.
    pub(crate) fn insert(&mut self, id: IncidentId, stored: Stored) -> bool {
        match self.stored.entry(id) {
            MapEntry::Vacant(place) => {
                place.insert(Revisions::One(stored));
                true
            }
            MapEntry::Occupied(mut place) => {
                if place.get().all().iter().any(|known| known.revision == stored.revision) {
                    return false;
                }
                match place.get_mut() {
                    Revisions::More(all) => all.push(stored),
                    Revisions::One(first) => {
                        let all = vec![*first, stored];
                        place.insert(Revisions::More(all));
                    }
                }
                true
            }
        }
    }
}

/// Ids are keyed pseudo-random: any 8 of their bytes are a hash that no member can aim at. The first bytes choose the partition.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk::<8>() {
            self.0 = u64::from_le_bytes(*last);
        }
    }

    fn write_usize(&mut self, _length: usize) {}
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_documented_memory_of_a_revision_holds() {
        assert!(
            size_of::<(IncidentId, Revisions)>() <= 64,
            "{}",
            size_of::<(IncidentId, Revisions)>()
        );
        assert!(size_of::<Stored>() <= 48, "{}", size_of::<Stored>());
    }
}
