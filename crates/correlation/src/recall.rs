//! What stands in the alerts topic at the start: who owned it, and what was told.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use chappe_eventlog::{EventLog, Fences, Position, ReadError, ReadLimit, Record, RecordKind, Topic, append_blocking};
use chappe_model::{Alert, AlertId, Timestamp};
use chappe_proto::alert::{self, AlertsMark, Claim};
use metrics::counter;

use crate::error::OpenError;
use crate::metric_names::UNREADABLE;
use crate::tell::ALERTS_PARTITION;

/// The state of the alerts topic as a new owner, or one that stands by, finds it.
#[derive(Debug)]
pub(crate) struct Recalled {
    /// The epoch of the new owner; 0 for one that stands by.
    pub(crate) epoch: u64,
    pub(crate) watermark: Timestamp,
    pub(crate) alerts: Vec<Alert>,
    /// The claims in their order.
    pub(crate) claims: Vec<Claim>,
    /// Up to where it was read.
    pub(crate) read_to: Position,
}

/// Takes over the alerts topic: appends an epoch above every earlier one, then reads everything before it.
pub(crate) fn take_over(log: &dyn EventLog) -> Result<Recalled, OpenError> {
    let mut told = Told::new(1);
    let read = told.read(log, Position(0))?;
    let epoch = told.fences.highest(0) + 1;
    let mark = Record {
        payload: Bytes::from(alert::encode_mark(told.watermark, epoch)),
        ..Record::mark(told.watermark.as_millis())
    };
    append_blocking(log, Topic::Alerts, ALERTS_PARTITION, mark)?;
    let read_to = told.read(log, read)?; // what an earlier owner wrote meanwhile; behind our epoch it is fenced
    Ok(told.recalled(epoch, read_to))
}

/// Reads the alerts topic of an installation whose owners share the keys in `lots`, and takes nothing over.
pub(crate) fn look_on(log: &dyn EventLog, lots: u16) -> Result<Recalled, OpenError> {
    let mut told = Told::new(lots);
    let read_to = told.read(log, Position(0))?;
    Ok(told.recalled(0, read_to))
}

/// Each alert of a log that one process owns, as it was told last; where a time is given, as it was told last until then by log time.
///
/// # Errors
/// When the log cannot be read.
pub fn last_told(log: &dyn EventLog, until: Option<Timestamp>) -> Result<Vec<Alert>, ReadError> {
    let mut told = Told::new(1);
    told.until = until;
    told.read(log, Position(0))?;
    Ok(told.last.into_values().collect())
}

/// Each alert of some lots as it was told last, read in slices from the beginning of the log.
pub(crate) struct LastTold {
    told: Told,
    read_to: Position,
}

impl LastTold {
    pub(crate) fn of(lots: u16, only: BTreeSet<u16>) -> Self {
        let mut told = Told::new(lots);
        told.only = Some(only);
        Self {
            told,
            read_to: Position(0),
        }
    }

    /// Reads on, and says whether all has been read that stands before a position.
    pub(crate) fn read_slice(&mut self, log: &dyn EventLog, until: Position) -> Result<bool, ReadError> {
        let before = self.read_to;
        self.read_to = self.told.read_slice(log, before, Some(until))?;
        Ok(self.read_to == before)
    }

    pub(crate) fn into_alerts(self) -> impl Iterator<Item = Alert> {
        self.told.last.into_values()
    }
}

struct Told {
    fences: Fences,
    /// Only alerts of these lots are kept; of all where there is none.
    only: Option<BTreeSet<u16>>,
    /// Only what was told up to this log time; all where there is none.
    until: Option<Timestamp>,
    watermark: Timestamp,
    last: BTreeMap<AlertId, Alert>,
    claims: Vec<Claim>,
}

impl Told {
    fn new(lots: u16) -> Self {
        Self {
            fences: Fences::new(lots),
            only: None,
            until: None,
            watermark: Timestamp::ZERO,
            last: BTreeMap::new(),
            claims: vec![],
        }
    }

    fn recalled(self, epoch: u64, read_to: Position) -> Recalled {
        Recalled {
            epoch,
            watermark: self.watermark,
            alerts: self.last.into_values().collect(),
            claims: self.claims,
            read_to,
        }
    }

    /// Reads on from a position to the end; returns where that was.
    fn read(&mut self, log: &dyn EventLog, mut position: Position) -> Result<Position, ReadError> {
        loop {
            let next = self.read_slice(log, position, None)?;
            if next == position {
                return Ok(position);
            }
            position = next;
        }
    }

    /// Reads once from a position, up to another if there is one; returns where it came to, which is where it began at the end.
    fn read_slice(
        &mut self,
        log: &dyn EventLog,
        position: Position,
        until: Option<Position>,
    ) -> Result<Position, ReadError> {
        let batch = log.read(Topic::Alerts, ALERTS_PARTITION, position, ReadLimit::default())?;
        let wanted = batch.iter().filter(|(at, _)| until.is_none_or(|until| *at < until));
        let last = wanted.clone().next_back().map(|(last, _)| last.next());
        wanted.for_each(|(at, record)| self.take(*at, record));
        Ok(last.unwrap_or(position))
    }

    fn take(&mut self, at: Position, record: &Record) {
        let outcome = match record.kind {
            RecordKind::Mark => alert::decode_mark(&record.payload).map(|mark| match mark {
                AlertsMark::Reached { watermark, epoch } if self.fences.admit(0, epoch) => {
                    self.watermark = self.watermark.max(watermark);
                }
                AlertsMark::Reached { .. } => {}
                AlertsMark::Claim(claim) => {
                    self.fences.admit(claim.lot, claim.epoch); // fenced from here on
                    self.claims.push(claim);
                }
            }),
            RecordKind::Data => alert::decode(&record.payload).map(|told| self.take_alert(told)),
        };
        if let Err(error) = outcome {
            counter!(UNREADABLE).increment(1);
            tracing::error!(%error, position = at.0, "a record of the alerts topic is not readable by this version; skipped");
        }
    }

    fn take_alert(&mut self, told: Alert) {
        let lot = told.lot(self.fences.lots());
        let before = self.last.get(&told.id);
        let newer = before.is_none_or(|before| before.revision < told.revision);
        let admitted = self.fences.admit(lot, told.epoch) && self.until.is_none_or(|until| told.revised_at <= until);
        if admitted && newer && self.only.as_ref().is_none_or(|only| only.contains(&lot)) {
            self.last.insert(told.id, told);
        }
    }
}
