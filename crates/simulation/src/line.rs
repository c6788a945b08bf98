//! One process's line to the log, with everything that may go wrong on it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chappe_eventlog::{
    AppendError, Durability, EventLog, MemoryLog, OnDurable, Position, ReadError, ReadLimit, Record, Topic, Writers,
    append_blocking,
};
use fastrand::Rng;

/// What may be wrong with a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Nothing passes; what is on its way stays there.
    pub(crate) cut: bool,
    /// Appends wait until they are released: before they are written, or written and not told.
    pub(crate) holds: bool,
    /// Reads show the log as it was a while ago, each partition on its own.
    pub(crate) lags: bool,
    /// Appends in a thousand that are refused, and whose outcome is unknown.
    pub(crate) refused: u16,
    pub(crate) unknown: u16,
}

/// A process's own handle to the log that all share.
pub(crate) struct Line {
    log: MemoryLog,
    /// Every partition, in the order of `seen`.
    slots: Vec<Slot>,
    state: Mutex<State>,
}

struct State {
    rng: Rng,
    trouble: Trouble,
    /// Appended and not yet told, in order.
    sent: VecDeque<Sent>,
    /// How much of each partition is to be seen while the line lags.
    seen: Vec<u64>,
}

enum Sent {
    Unwritten(Slot, Record, Option<OnDurable>),
    Untold(Slot, Position, OnDurable),
}

pub(crate) type Slot = (Topic, u16);

/// What was appended before its process went away, and may still be written.
pub(crate) type Leftover = (Slot, Record);

impl Line {
    pub(crate) fn to(log: &MemoryLog, seed: u64) -> Arc<Self> {
        let of = |topic| (0..log.partitions(topic)).map(move |partition| (topic, partition));
        Arc::new(Self {
            log: log.clone(),
            slots: Topic::ALL.into_iter().flat_map(of).collect(),
            state: Mutex::new(State {
                rng: Rng::with_seed(seed),
                trouble: Trouble::default(),
                sent: VecDeque::new(),
                seen: vec![],
            }),
        })
    }

    pub(crate) fn trouble(&self) -> Trouble {
        self.lock().trouble
    }

    pub(crate) fn set_trouble(&self, trouble: Trouble) {
        let ends = self
            .slots
            .iter()
            .map(|(topic, partition)| self.log.end(*topic, *partition).0);
        let ends = ends.collect();
        let mut state = self.lock();
        if !state.trouble.lags {
            state.seen = ends;
        }
        state.trouble = trouble;
    }

    /// Shows a partition up to its end, where the line lags.
    pub(crate) fn refresh(&self, nth: usize) {
        let (topic, partition) = self.slots[nth % self.slots.len()];
        let end = self.log.end(topic, partition).0;
        self.saw((topic, partition), end);
    }

    fn saw(&self, slot: Slot, end: u64) {
        let mut state = self.lock();
        if !state.trouble.lags {
            return;
        }
        let at = self.slots.iter().position(|of| *of == slot);
        if let Some(seen) = at.and_then(|at| state.seen.get_mut(at)) {
            *seen = end.max(*seen);
        }
    }

    fn end_seen(&self, slot: Slot) -> u64 {
        let end = self.log.end(slot.0, slot.1).0;
        let state = self.lock();
        if !state.trouble.lags {
            return end;
        }
        let at = self.slots.iter().position(|of| *of == slot);
        at.and_then(|at| state.seen.get(at)).map_or(end, |seen| end.min(*seen))
    }

    /// Lets so many held appends go on, unless the line is cut.
    pub(crate) fn release(&self, count: usize) {
        for _ in 0..count {
            let next = {
                let mut state = self.lock();
                if state.trouble.cut {
                    None
                } else {
                    state.sent.pop_front()
                }
            };
            match next {
                None => return,
                Some(Sent::Untold(slot, position, done)) => self.tell(slot, position, done),
                Some(Sent::Unwritten(slot, record, done)) => {
                    let position = self.write(slot, record);
                    if let Some(done) = done {
                        self.tell(slot, position, done);
                    }
                }
            }
        }
    }

    /// The process has gone: nobody is told any more. What it had sent may yet be written, or be lost from some place on.
    pub(crate) fn hang_up(&self, rng: &mut Rng) -> Vec<Leftover> {
        let sent = std::mem::take(&mut self.lock().sent);
        let unwritten = sent.into_iter().filter_map(|sent| match sent {
            Sent::Unwritten(slot, record, _) => Some((slot, record)),
            Sent::Untold(..) => None,
        });
        let mut left: Vec<Leftover> = unwritten.collect();
        left.truncate(rng.usize(0..=left.len()));
        left
    }

    fn write(&self, (topic, partition): Slot, record: Record) -> Position {
        append_blocking(&self.log, topic, partition, record).expect("the log itself takes everything")
    }

    /// A record is readable no later than its outcome is told.
    fn tell(&self, slot: Slot, position: Position, done: OnDurable) {
        self.saw(slot, position.next().0);
        done(Ok(position));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of an append. Under the lock nobody is told.
    fn fate(&self) -> Fate {
        let mut state = self.lock();
        let trouble = state.trouble;
        let draw = state.rng.u16(0..1_000);
        let coin = state.rng.bool();
        if trouble.cut {
            return if coin { Fate::Refused } else { Fate::Lost };
        }
        if draw < trouble.refused {
            return Fate::Refused;
        }
        if draw < trouble.refused + trouble.unknown {
            return if coin { Fate::Lost } else { Fate::WrittenUntold };
        }
        match (state.sent.is_empty(), trouble.holds) {
            (false, _) => Fate::Held,
            (true, true) if coin => Fate::HeldUntold,
            (true, true) => Fate::Held,
            (true, false) => Fate::Written,
        }
    }

    fn push(&self, sent: Sent) {
        self.lock().sent.push_back(sent);
    }
}

enum Fate {
    Written,
    Held,
    HeldUntold,
    WrittenUntold,
    Lost,
    Refused,
}

fn unknown() -> AppendError {
    AppendError::Unknown {
        reason: "nothing came back".into(),
    }
}

impl EventLog for Line {
    fn durability(&self) -> Durability {
        self.log.durability()
    }

    fn writers(&self) -> Writers {
        self.log.writers()
    }

    fn partitions(&self, topic: Topic) -> u16 {
        self.log.partitions(topic)
    }

    fn append(&self, topic: Topic, partition: u16, record: Record, done: OnDurable) {
        let slot = (topic, partition);
        match self.fate() {
            Fate::Written => {
                let position = self.write(slot, record);
                self.tell(slot, position, done);
            }
            Fate::Held => self.push(Sent::Unwritten(slot, record, Some(done))),
            Fate::HeldUntold => {
                let position = self.write(slot, record);
                self.push(Sent::Untold(slot, position, done));
            }
            Fate::WrittenUntold => {
                // Order: it is written after what waits before it.
                let is_first = self.lock().sent.is_empty();
                if is_first {
                    self.write(slot, record);
                } else {
                    self.push(Sent::Unwritten(slot, record, None));
                }
                done(Err(unknown()));
            }
            Fate::Lost => done(Err(unknown())),
            Fate::Refused => done(Err(AppendError::Refused {
                reason: "the line does not take it".into(),
            })),
        }
    }

    fn read(
        &self,
        topic: Topic,
        partition: u16,
        from: Position,
        limit: ReadLimit,
    ) -> Result<Vec<(Position, Record)>, ReadError> {
        if self.trouble().cut {
            return Err(ReadError::Unavailable {
                reason: "the line is cut".into(),
            });
        }
        let end = self.end_seen((topic, partition));
        let mut read = self.log.read(topic, partition, from, limit)?;
        read.retain(|(position, _)| position.0 < end);
        Ok(read)
    }

    fn end(&self, topic: Topic, partition: u16) -> Position {
        Position(self.end_seen((topic, partition)))
    }

    fn on_advance(&self, _: Topic, _: Arc<dyn Fn() + Send + Sync>) {
        // The scheduler says who is next.
    }

    fn health(&self) -> Result<(), AppendError> {
        Ok(())
    }

    fn close(&self) {}
}
