//! What a memory log holds, behind its lock.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use super::{MAX_HELD_APPENDS, MEMORY_CAPACITY_BYTES};
use crate::{
    error::{AppendError, ReadError},
    faults::{AppendFault, FaultPlan, Hold},
    log::{OnDurable, ReadLimit, Writers},
    record::{Position, Record},
    topic::{Partitions, Topic},
};

type Wake = Arc<dyn Fn() + Send + Sync>;

/// An outcome or a wake that is to be told outside the lock.
pub(super) enum Due {
    Outcome(OnDurable, Result<Position, AppendError>),
    Wake(Wake),
}

impl Due {
    pub(super) fn tell(self) {
        match self {
            Self::Outcome(on_durable, outcome) => on_durable(outcome),
            Self::Wake(wake) => wake(),
        }
    }
}

/// An append that waits to become durable. After a failed sync its outcome has been told, and only a crash decides
/// about the record.
struct Unwritten {
    slot: usize,
    record: Record,
    on_durable: Option<OnDurable>,
}

pub(super) struct State {
    pub(super) partitions: Partitions,
    pub(super) capacity_bytes: usize,
    pub(super) writers: Writers,
    pub(super) snapshots: BTreeMap<String, Vec<u8>>,
    pub(super) wakes: Vec<(Topic, Wake)>,
    pub(super) failed: Option<AppendError>,
    plan: FaultPlan,
    appends: u64,
    slots: Vec<Vec<Record>>,
    bytes: usize,
    unwritten: VecDeque<Unwritten>,
    untold: VecDeque<(OnDurable, Position)>,
    due: VecDeque<Due>,
    delivering: bool,
    closed: bool,
}

impl State {
    pub(super) fn new(partitions: Partitions, plan: FaultPlan) -> Self {
        Self {
            partitions,
            capacity_bytes: MEMORY_CAPACITY_BYTES,
            writers: Writers::Sole,
            snapshots: BTreeMap::new(),
            wakes: Vec::new(),
            failed: None,
            plan,
            appends: 0,
            slots: vec![Vec::new(); partitions.total()],
            bytes: 0,
            unwritten: VecDeque::new(),
            untold: VecDeque::new(),
            due: VecDeque::new(),
            delivering: false,
            closed: false,
        }
    }

    pub(super) fn set_plan(&mut self, plan: FaultPlan) {
        self.plan = plan;
        self.appends = 0;
    }

    pub(super) fn held(&self) -> usize {
        self.unwritten.len() + self.untold.len()
    }

    pub(super) fn append(&mut self, topic: Topic, partition: u16, record: Record, on_durable: OnDurable) {
        match self.admit(topic, partition, &record) {
            Ok(slot) => self.append_admitted(slot, record, on_durable),
            Err(error) => self.due.push_back(Due::Outcome(on_durable, Err(error))),
        }
    }

    fn admit(&self, topic: Topic, partition: u16, record: &Record) -> Result<usize, AppendError> {
        if self.closed {
            return Err(AppendError::Closed);
        }
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        record.check_size()?;
        let slot = self
            .partitions
            .slot(topic, partition)
            .ok_or_else(|| AppendError::Refused {
                reason: format!(
                    "topic {topic} has no partition {partition}, only {}",
                    self.partitions.of(topic)
                ),
            })?;
        if self.held() >= MAX_HELD_APPENDS {
            return Err(AppendError::Refused {
                reason: format!("{MAX_HELD_APPENDS} appends wait already"),
            });
        }
        if self.bytes + record.size_bytes() > self.capacity_bytes {
            return Err(AppendError::DiskFull);
        }
        Ok(slot)
    }

    fn append_admitted(&mut self, slot: usize, record: Record, on_durable: OnDurable) {
        self.appends += 1;
        let fault = self.plan.fault(self.appends);
        let unknown = || AppendError::Unknown {
            reason: "injected fault".into(),
        };
        let answer = match fault {
            None => return self.accept(slot, record, on_durable),
            Some(AppendFault::Refused) => AppendError::Refused {
                reason: "injected fault".into(),
            },
            Some(AppendFault::DiskFull) => AppendError::DiskFull,
            Some(AppendFault::UnknownLost) => unknown(),
            Some(AppendFault::UnknownWritten) => {
                // Order: it is written after what waits before it.
                if self.unwritten.is_empty() {
                    self.write(slot, record);
                } else {
                    self.hold_write(slot, record, None);
                }
                unknown()
            }
            Some(AppendFault::FailedSync) => {
                self.hold_write(slot, record, Some(on_durable));
                return self.fail_sync();
            }
        };
        self.due.push_back(Due::Outcome(on_durable, Err(answer)));
    }

    fn accept(&mut self, slot: usize, record: Record, on_durable: OnDurable) {
        match self.plan.hold {
            // What an earlier plan holds goes first, or the order of calls would be lost.
            Hold::Write => self.hold_write(slot, record, Some(on_durable)),
            _ if !self.unwritten.is_empty() => self.hold_write(slot, record, Some(on_durable)),
            Hold::Ack => {
                let position = self.write(slot, record);
                self.untold.push_back((on_durable, position));
            }
            Hold::Nothing => {
                let position = self.write(slot, record);
                self.tell_written(on_durable, position);
            }
        }
    }

    fn hold_write(&mut self, slot: usize, record: Record, on_durable: Option<OnDurable>) {
        self.bytes += record.size_bytes();
        self.unwritten.push_back(Unwritten {
            slot,
            record,
            on_durable,
        });
    }

    /// Makes a record durable and readable, and wakes those who wait for its topic.
    fn write(&mut self, slot: usize, record: Record) -> Position {
        self.bytes += record.size_bytes();
        let Some(records) = self.slots.get_mut(slot) else {
            return Position(0);
        };
        let position = Position(records.len() as u64);
        records.push(record);
        if let Some((topic, _)) = self.partitions.at_slot(slot) {
            let wakes = self.wakes.iter().filter(|(of, _)| *of == topic);
            self.due.extend(wakes.map(|(_, wake)| Due::Wake(Arc::clone(wake))));
        }
        position
    }

    /// Tells success, behind the outcomes that are held already.
    fn tell_written(&mut self, on_durable: OnDurable, position: Position) {
        if self.untold.is_empty() {
            self.due.push_back(Due::Outcome(on_durable, Ok(position)));
        } else {
            self.untold.push_back((on_durable, position));
        }
    }

    pub(super) fn release(&mut self, count: usize) -> usize {
        let told = count.min(self.untold.len());
        let outcomes = self.untold.drain(..told);
        self.due
            .extend(outcomes.map(|(on_durable, position)| Due::Outcome(on_durable, Ok(position))));
        // After a failed sync what is unwritten stays so: its outcome was told, a crash decides.
        let writable = if self.failed.is_some() { 0 } else { self.unwritten.len() };
        let written = (count - told).min(writable);
        let released: Vec<Unwritten> = self.unwritten.drain(..written).collect();
        for held in released {
            self.bytes -= held.record.size_bytes();
            let position = self.write(held.slot, held.record);
            if let Some(on_durable) = held.on_durable {
                self.due.push_back(Due::Outcome(on_durable, Ok(position)));
            }
        }
        told + written
    }

    fn fail_sync(&mut self) {
        self.failed = Some(AppendError::Failed {
            reason: "injected failure of a sync".into(),
        });
        for held in &mut self.unwritten {
            if let Some(on_durable) = held.on_durable.take() {
                let unknown = AppendError::Unknown {
                    reason: "injected failure of a sync".into(),
                };
                self.due.push_back(Due::Outcome(on_durable, Err(unknown)));
            }
        }
    }

    pub(super) fn close(&mut self) {
        self.release(usize::MAX);
        self.closed = true;
    }

    pub(super) fn crash(&mut self, plan: FaultPlan) -> Self {
        let mut survivor = Self::new(self.partitions, plan);
        survivor.capacity_bytes = self.capacity_bytes;
        survivor.writers = self.writers;
        survivor.snapshots = std::mem::take(&mut self.snapshots);
        survivor.slots = self.slots.clone();
        survivor.bytes = self.slots.iter().flatten().map(Record::size_bytes).sum();
        let kept = self.plan.kept_at_crash(self.unwritten.len());
        for held in self.unwritten.drain(..).take(kept) {
            survivor.write(held.slot, held.record);
        }
        self.untold.clear();
        self.due.clear();
        self.wakes.clear();
        self.closed = true;
        survivor
    }

    pub(super) fn read(
        &self,
        topic: Topic,
        partition: u16,
        from: Position,
        limit: ReadLimit,
    ) -> Result<Vec<(Position, Record)>, ReadError> {
        let partitions = self.partitions.of(topic);
        let slot = self
            .partitions
            .slot(topic, partition)
            .and_then(|slot| self.slots.get(slot));
        let records = slot.ok_or(ReadError::NoSuchPartition {
            topic,
            partition,
            partitions,
        })?;
        let start = usize::try_from(from.0).unwrap_or(usize::MAX).min(records.len());
        let (mut found, mut bytes) = (Vec::new(), 0);
        let mut position = from;
        for record in records.iter().skip(start) {
            if !limit.admits(found.len(), bytes, record.size_bytes()) {
                break;
            }
            bytes += record.size_bytes();
            found.push((position, record.clone()));
            position = position.next();
        }
        Ok(found)
    }

    pub(super) fn end(&self, topic: Topic, partition: u16) -> Position {
        let slot = self
            .partitions
            .slot(topic, partition)
            .and_then(|slot| self.slots.get(slot));
        Position(slot.map_or(0, |records| records.len() as u64))
    }

    pub(super) fn begin_delivery(&mut self) -> bool {
        let begins = !self.delivering && !self.due.is_empty();
        self.delivering |= begins;
        begins
    }

    pub(super) fn next_due(&mut self) -> Option<Due> {
        let due = self.due.pop_front();
        self.delivering = due.is_some();
        due
    }
}
