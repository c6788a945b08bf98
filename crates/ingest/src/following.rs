//! Reading on where other processes append too: what stands first counts, whoever wrote it.

use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use chappe_eventlog::{EventLog, Position, ReadError, ReadLimit, Record, RecordKind, Topic};
use chappe_model::{Accepted, IncidentId, Live};
use chappe_proto::pulse::{self, Pulse};

use crate::desk::Inner;
use crate::index::{First, Settled, Stored, Verdict};
use crate::ledger::Claim;
use crate::rebuild::{self, Unfit};
use crate::receipt::Subject;
use crate::refusal::Refusal;

/// How many of the last records of each partition of the pulse topic are read at the start, so that a restart knows at once how much is
/// live: correlation says so every few seconds, and each of its processes says that it lives.
const PULSE_TAIL: u64 = 1_000;

/// How far a shared log was read: for each partition the next record.
pub(crate) struct Reading {
    pub(crate) incidents: Vec<Position>,
    pulse: Vec<Position>,
    /// How far correlation had read when it counted what the ledger rests on.
    counted_to: Vec<u64>,
    /// A record that does not count was logged.
    has_complained: bool,
}

impl Reading {
    /// Behind these records of the incidents, and a little before the end of the pulse.
    pub(crate) fn new(log: &dyn EventLog, incidents: Vec<Position>) -> Self {
        let before_end = |partition| Position(log.end(Topic::Pulse, partition).0.saturating_sub(PULSE_TAIL));
        Self {
            incidents,
            pulse: (0..log.partitions(Topic::Pulse)).map(before_end).collect(),
            counted_to: Vec::new(),
            has_complained: false,
        }
    }
}

impl Inner {
    /// Reads on once in every partition; one that cannot be read does not hold up the others.
    pub(crate) fn follow(&self) -> Result<usize, ReadError> {
        if !self.is_shared {
            return Ok(0);
        }
        let reading = &mut *self.reading();
        let (mut read, mut failed) = (0, Ok(()));
        for partition in 0..self.log.partitions(Topic::Incidents) {
            match self.follow_incidents(reading, partition) {
                Ok(records) => read += records,
                Err(error) => failed = failed.and(Err(error)),
            }
        }
        match self.follow_pulse(reading) {
            Ok(records) => read += records,
            Err(error) => failed = failed.and(Err(error)),
        }
        failed.map(|()| read)
    }

    /// Reads what a shared log holds of the incident's partition, so that what was acknowledged before, by whomever, is known.
    pub(crate) fn catch_up(&self, id: &IncidentId) -> Result<(), Refusal> {
        if !self.is_shared {
            return Ok(());
        }
        let partition = self.partition(id);
        let end = self.log.end(Topic::Incidents, partition);
        let reading = &mut *self.reading();
        while reading
            .incidents
            .get(usize::from(partition))
            .is_some_and(|next| *next < end)
        {
            let read = self.follow_incidents(reading, partition).map_err(|error| {
                tracing::error!("cannot read what others appended: {error}");
                Refusal::Unreadable
            })?;
            if read == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Reads the pulse up to its end.
    pub(crate) fn catch_up_on_pulse(&self) -> Result<(), ReadError> {
        let reading = &mut *self.reading();
        while self.follow_pulse(reading)? > 0 {}
        Ok(())
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        // Whoever panicked here has not noted its record as read: it is read again, and then ignored or taken.
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow_incidents(&self, reading: &mut Reading, partition: u16) -> Result<usize, ReadError> {
        let Some(next) = reading.incidents.get_mut(usize::from(partition)) else {
            return Ok(0);
        };
        let records = self
            .log
            .read(Topic::Incidents, partition, *next, ReadLimit::default())?;
        for (position, record) in &records {
            if record.kind == RecordKind::Data
                && let Err(unfit) = self.take(partition, *position, record)
            {
                self.meters.skipped.increment(1);
                if !std::mem::replace(&mut reading.has_complained, true) {
                    tracing::error!(
                        partition,
                        position = position.0,
                        "{unfit}: it counts for nobody here; further ones are metered only"
                    );
                }
            }
            *next = position.next();
        }
        Ok(records.len())
    }

    /// Takes one record of a revision. The locks of the lists and of the shelf are taken one after the other, and nobody is told under one.
    fn take(&self, partition: u16, position: Position, record: &Record) -> Result<(), Unfit> {
        let (accepted, digest) = rebuild::decode(&self.options.secret, record)?;
        let facts = rebuild::facts(&accepted, &mut self.lists())?;
        let stored = Stored {
            revision: accepted.incident.revision,
            facts,
            digest,
            position,
        };
        // Bound first, so that the lock is not held while telling.
        let settled = self.shelf(&accepted.id).read_back(accepted.id, stored);
        match settled {
            Settled::Ignored => {
                if let Some(list) = facts.list {
                    self.lists().release(list);
                }
            }
            Settled::First(first) => self.conclude(partition, position, &accepted, *first),
        }
        Ok(())
    }

    fn conclude(&self, partition: u16, position: Position, accepted: &Accepted, first: First) {
        self.doubts.fetch_add(first.doubts, Ordering::Relaxed);
        for list in first.release {
            self.lists().release(list);
        }
        let claim = first.claimed.unwrap_or_else(|| self.claim_for_other(accepted));
        self.ledger.stored(partition, position.0, claim);
        for (waiter, verdict) in first.answers {
            match verdict {
                Verdict::Refused(refusal) => waiter.reply.refuse(&refusal),
                Verdict::Receipt { stored, is_new } => {
                    let subject = Subject {
                        id: accepted.id,
                        report_key: accepted.incident.report_key.as_str(),
                        revision: stored.revision,
                        digest: stored.digest,
                    };
                    let receipt = self.receipt(&subject, &stored.facts);
                    match is_new {
                        true => waiter.reply.accept(receipt),
                        false => waiter.reply.repeat(receipt),
                    }
                }
            }
        }
    }

    /// What another process took counts in full until correlation has read it, as if it were a report without a revision before it.
    fn claim_for_other(&self, accepted: &Accepted) -> Option<Claim> {
        let opens = self.options.policy.keys_at_most(accepted);
        self.ledger.claim_unchecked(&accepted.reporter, opens)
    }

    fn follow_pulse(&self, reading: &mut Reading) -> Result<usize, ReadError> {
        let mut read = 0;
        for (partition, next) in (0..).zip(&mut reading.pulse) {
            let records = self.log.read(Topic::Pulse, partition, *next, ReadLimit::default())?;
            for (position, record) in &records {
                *next = position.next();
                match pulse::decode(&record.payload) {
                    _ if record.kind == RecordKind::Mark => {}
                    Ok(Pulse::Live(live)) if is_further(&live, &reading.counted_to, self.shelves.len()) => {
                        self.ledger.publish(&live);
                        reading.counted_to = live.read_to;
                    }
                    Ok(_) => {}
                    Err(_) => self.meters.skipped.increment(1),
                }
            }
            read += records.len();
        }
        Ok(read)
    }

    /// Nobody reads on any more: who waits for a record to be read back is told that its outcome is unknown, and nothing further is appended.
    pub(crate) fn give_up(&self) {
        self.is_closed.store(true, Ordering::Release);
        for shelf in &self.shelves {
            let waiters = shelf.lock().unwrap_or_else(PoisonError::into_inner).give_up();
            waiters
                .into_iter()
                .for_each(|waiter| waiter.reply.refuse(&Refusal::Unknown));
        }
    }

    /// Whether anybody waits for a record to be read back.
    pub(crate) fn is_awaited(&self) -> bool {
        let lock = |shelf: &std::sync::Mutex<crate::index::Shelf>| {
            shelf.lock().unwrap_or_else(PoisonError::into_inner).is_awaited()
        };
        self.shelves.iter().any(lock)
    }
}

/// Whether a count was made no earlier in the log than the last, in any partition.
fn is_further(live: &Live, counted_to: &[u64], partitions: usize) -> bool {
    live.read_to.len() == partitions && live.read_to.iter().zip(counted_to).all(|(to, last)| to >= last)
}
