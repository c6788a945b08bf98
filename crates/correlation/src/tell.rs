//! Alerts into the log: durable before anything that rests on them goes on.

use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use chappe_eventlog::{AppendError, EventLog, Record, Topic};
use chappe_model::Alert;
use chappe_proto::alert;
use metrics::counter;

use crate::error::RunError;
use crate::halt::Halt;
use crate::metric_names::ALERTS;

/// The one partition of the alerts topic: one order for every stream.
pub(crate) const ALERTS_PARTITION: u16 = 0;
/// Pause before what was refused is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Whether what was told is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Told {
    /// All of it.
    Durable,
    /// Not all, and the service stops: nothing may rest on it. The next start judges again.
    Stopping,
}

/// Appends alerts in order and waits until all are durable. What the log refuses for now (a full queue, a full disk) is tried until it
/// fits or the service stops: an alert is never dropped. After an unknown outcome a revision may stand twice; readers take the first.
pub(crate) fn tell(log: &dyn EventLog, alerts: &mut Vec<Alert>, halt: &Halt) -> Result<Told, RunError> {
    let mut waiting: Vec<Record> = alerts.drain(..).map(|told| record(&told)).collect();
    counter!(ALERTS).increment(waiting.len() as u64);
    let mut troubled = false;
    while !waiting.is_empty() {
        let (outcome, outcomes) = mpsc::channel();
        for (index, record) in waiting.iter().enumerate() {
            let outcome = outcome.clone();
            let done = Box::new(move |result| drop(outcome.send((index, result)))); // the receiver outlives every outcome
            log.append(Topic::Alerts, ALERTS_PARTITION, record.clone(), done);
        }
        drop(outcome);
        let mut first_refused = None::<usize>;
        for (index, result) in outcomes {
            match result {
                Ok(_) => {}
                Err(error @ (AppendError::Failed { .. } | AppendError::Closed | AppendError::TooLarge { .. })) => {
                    return Err(error.into());
                }
                Err(error) => {
                    // Once, not at every attempt: it may take as long as a disk stays full.
                    if !troubled {
                        tracing::warn!(%error, "an alert could not be appended; trying until it is");
                    }
                    troubled = true;
                    first_refused = Some(first_refused.map_or(index, |first| first.min(index)));
                }
            }
        }
        // All from there on, though some stand in the log: a revision must not stand behind a later one only.
        waiting.drain(..first_refused.unwrap_or(waiting.len()));
        if !waiting.is_empty() {
            if halt.asked() {
                return Ok(Told::Stopping);
            }
            std::thread::park_timeout(RETRY_PAUSE);
        }
    }
    if troubled {
        tracing::info!("alerts are appended again");
    }
    Ok(Told::Durable)
}

fn record(told: &Alert) -> Record {
    let key = Bytes::copy_from_slice(told.id.as_bytes());
    Record::data(told.revised_at.as_millis(), key, alert::encode(told).into())
}
