//! What stands in the alerts topic for every reader: what owners that were replaced wrote counts for nobody.

use std::collections::BTreeMap;

use chappe_eventlog::{EventLog, Fences, MemoryLog, Position, ReadLimit, Record, RecordKind, Topic};
use chappe_model::limits::LOTS;
use chappe_model::{Alert, AlertId, Timestamp};
use chappe_proto::alert::{self, AlertsMark};

pub(crate) struct Standing {
    at: Position,
    fences: Fences,
    /// Each alert as it was told last.
    pub(crate) alerts: BTreeMap<AlertId, Alert>,
    /// Where each was told first.
    pub(crate) first: BTreeMap<AlertId, Position>,
    /// The time marks that count.
    pub(crate) marks: Vec<(Position, Timestamp)>,
    pub(crate) watermark: Timestamp,
    pub(crate) claims: u64,
    pub(crate) fenced: u64,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            at: Position(0),
            fences: Fences::new(LOTS),
            alerts: BTreeMap::new(),
            first: BTreeMap::new(),
            marks: vec![],
            watermark: Timestamp::ZERO,
            claims: 0,
            fenced: 0,
        }
    }
}

impl Standing {
    pub(crate) fn read_on(&mut self, log: &MemoryLog) -> Result<(), String> {
        loop {
            let batch = log.read(Topic::Alerts, 0, self.at, ReadLimit::default());
            let batch = batch.map_err(|error| error.to_string())?;
            if batch.is_empty() {
                return Ok(());
            }
            for (at, record) in batch {
                self.at = at.next();
                self.take(at, &record)?;
            }
        }
    }

    fn take(&mut self, at: Position, record: &Record) -> Result<(), String> {
        if record.kind == RecordKind::Data {
            return alert::decode(&record.payload).map_or(Ok(()), |told| self.take_alert(at, told));
        }
        match alert::decode_mark(&record.payload) {
            Ok(AlertsMark::Claim(claim)) if self.fences.admit(claim.lot, claim.epoch) => self.claims += 1,
            Ok(AlertsMark::Reached { watermark, epoch }) if self.fences.admit(0, epoch) => {
                if watermark < self.watermark {
                    return Err(format!(
                        "log time falls back from {} to {watermark}, at {at}",
                        self.watermark
                    ));
                }
                self.watermark = watermark;
                self.marks.push((at, watermark));
            }
            Ok(_) => self.fenced += 1,
            Err(_) => {}
        }
        Ok(())
    }

    fn take_alert(&mut self, at: Position, told: Alert) -> Result<(), String> {
        if !self.fences.admit(told.lot(LOTS), told.epoch) {
            self.fenced += 1;
            return Ok(());
        }
        self.first.entry(told.id).or_insert(at);
        let Some(before) = self.alerts.get(&told.id) else {
            self.alerts.insert(told.id, told);
            return Ok(());
        };
        if told.revision > before.revision {
            self.alerts.insert(told.id, told);
        } else if told.epoch != before.epoch {
            // An owner may tell again what may not have been written; another may not.
            return Err(format!(
                "a revision told by two owners, at {at}:\n{before:#?}\n{told:#?}"
            ));
        } else if told.revision == before.revision && !told.says_the_same_as(before) {
            return Err(format!("two revisions of one number, at {at}:\n{before:#?}\n{told:#?}"));
        }
        Ok(())
    }
}
