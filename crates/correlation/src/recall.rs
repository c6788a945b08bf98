//! What stands in the alerts topic at the start: who owned it, and what was told.

use std::collections::BTreeMap;

use bytes::Bytes;
use chappe_eventlog::{EventLog, Fence, Position, ReadLimit, Record, RecordKind, Topic, append_blocking};
use chappe_model::{Alert, AlertId, Timestamp};
use chappe_proto::alert::{self, AlertsMark};
use metrics::counter;

use crate::error::OpenError;
use crate::metric_names::UNREADABLE;
use crate::tell::ALERTS_PARTITION;

/// The state of the alerts topic as a new owner finds it.
#[derive(Debug)]
pub(crate) struct Recalled {
    pub(crate) epoch: u64,
    pub(crate) watermark: Timestamp,
    pub(crate) alerts: Vec<Alert>,
}

/// Takes over the alerts topic: appends an epoch above every earlier one, then reads everything before it.
pub(crate) fn take_over(log: &dyn EventLog) -> Result<Recalled, OpenError> {
    let mut told = Told::default();
    let read = told.read_from(log, Position(0))?;
    let epoch = told.fence.next_epoch();
    let mark = Record {
        payload: Bytes::from(alert::encode_mark(told.watermark, epoch)),
        ..Record::mark(told.watermark.as_millis())
    };
    append_blocking(log, Topic::Alerts, ALERTS_PARTITION, mark)?;
    told.read_from(log, read)?; // what an earlier owner wrote meanwhile; behind our epoch it is fenced
    Ok(Recalled {
        epoch,
        watermark: told.watermark,
        alerts: told.last.into_values().collect(),
    })
}

#[derive(Default)]
struct Told {
    fence: Fence,
    watermark: Timestamp,
    last: BTreeMap<AlertId, Alert>,
}

impl Told {
    fn read_from(&mut self, log: &dyn EventLog, mut position: Position) -> Result<Position, OpenError> {
        loop {
            let batch = log.read(Topic::Alerts, ALERTS_PARTITION, position, ReadLimit::default())?;
            let Some((last, _)) = batch.last() else {
                return Ok(position);
            };
            position = last.next();
            batch.into_iter().for_each(|(at, record)| self.take(at, &record));
        }
    }

    fn take(&mut self, at: Position, record: &Record) {
        let outcome = match record.kind {
            RecordKind::Mark => alert::decode_mark(&record.payload).map(|mark| match mark {
                AlertsMark::Reached { watermark, epoch } if self.fence.admit(epoch) => {
                    self.watermark = self.watermark.max(watermark);
                }
                _ => {}
            }),
            RecordKind::Data => alert::decode(&record.payload).map(|told| {
                let newer = self
                    .last
                    .get(&told.id)
                    .is_none_or(|before| before.revision < told.revision);
                if self.fence.admit(told.epoch) && newer {
                    self.last.insert(told.id, told);
                }
            }),
        };
        if let Err(error) = outcome {
            counter!(UNREADABLE).increment(1);
            tracing::error!(%error, position = at.0, "a record of the alerts topic is not readable by this version; skipped");
        }
    }
}
