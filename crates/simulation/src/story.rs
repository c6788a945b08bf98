//! The alerts topic, a line for each record: what whoever looks for a cause reads first.

use std::fmt::Write;

use chappe_eventlog::{EventLog, Fences, MemoryLog, Position, ReadLimit, RecordKind, Topic};
use chappe_model::limits::LOTS;
use chappe_proto::alert::{self, AlertsMark};

pub(crate) fn of(log: &MemoryLog) -> String {
    let all = ReadLimit {
        records: usize::MAX,
        bytes: usize::MAX,
    };
    let (mut fences, mut story) = (Fences::new(LOTS), String::new());
    for (at, record) in log.read(Topic::Alerts, 0, Position(0), all).unwrap_or_default() {
        let mut line = |lot, epoch, what: String| {
            let fenced = if fences.admit(lot, epoch) { "" } else { " (fenced)" };
            let _ = writeln!(story, "{at}: lot {lot} epoch {epoch:x}: {what}{fenced}"); // a String takes everything
        };
        match record.kind {
            RecordKind::Data => {
                if let Ok(told) = alert::decode(&record.payload) {
                    let what = format!(
                        "{}.{} {} {} at {}",
                        told.id,
                        told.revision,
                        told.rule.id,
                        told.state.as_str(),
                        told.revised_at
                    );
                    line(told.lot(LOTS), told.epoch, what);
                }
            }
            RecordKind::Mark => match alert::decode_mark(&record.payload) {
                Ok(AlertsMark::Claim(claim)) => line(claim.lot, claim.epoch, format!("claimed by {}", claim.instance)),
                Ok(AlertsMark::Reached { watermark, epoch }) => line(0, epoch, format!("all up to {watermark}")),
                Err(_) => {}
            },
        }
    }
    story
}
