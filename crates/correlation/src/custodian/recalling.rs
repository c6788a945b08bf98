//! What others told of lots that this instance has lost is read again from the log: what it believed to have told itself may be fenced.
//!
//! That may be all alerts that ever were, so it goes in slices between which the custodian beats: one that is silent for as long as it reads
//! loses the next lot for it, and reads again.

use std::collections::{BTreeSet, VecDeque};

use chappe_eventlog::{EventLog, Position, ReadError};
use chappe_model::Alert;

use crate::recall::LastTold;

/// Lots whose alerts are on their way to the threads that may own them next. Until they are there this instance neither claims such a lot nor
/// owns it.
#[derive(Default)]
pub(crate) struct Recalling {
    /// Those of the round that is on.
    lots: BTreeSet<u16>,
    /// Those of the next one: they came after this one had begun.
    later: BTreeSet<u16>,
    /// None while there is no round, and once all of it has been read.
    reading: Option<LastTold>,
    /// Read, and not handed over yet, with what was told meanwhile behind. As many as the lots have live alerts.
    found: VecDeque<Alert>,
}

impl Recalling {
    pub(super) fn holds(&self, lot: u16) -> bool {
        self.lots.contains(&lot) || self.later.contains(&lot)
    }

    /// The alerts of a lot are to be read again.
    pub(super) fn add(&mut self, lot: u16) {
        if !self.holds(lot) {
            self.later.insert(lot);
        }
    }

    /// An alert of a lot that is held, as it comes. While the log is read again that one will come to it.
    pub(super) fn told(&mut self, lot: u16, alert: Alert) {
        if self.lots.contains(&lot) && self.reading.is_none() {
            self.found.push_back(alert);
        }
    }

    /// Reads a slice of what stands before `until`, where the custodian is itself. Whether there is something to hand over or to read.
    pub(super) fn go_on(&mut self, log: &dyn EventLog, lots: u16, until: Position) -> Result<bool, ReadError> {
        if self.lots.is_empty() && !self.later.is_empty() {
            self.lots = std::mem::take(&mut self.later);
            self.reading = Some(LastTold::of(lots, self.lots.clone()));
        }
        if let Some(reading) = &mut self.reading
            && reading.read_slice(log, until)?
        {
            let reading = self.reading.take();
            self.found.extend(reading.into_iter().flat_map(LastTold::into_alerts));
        }
        Ok(!self.lots.is_empty())
    }

    /// The next alert to hand over.
    pub(super) fn next(&self) -> Option<&Alert> {
        self.found.front()
    }

    pub(super) fn take(&mut self) -> Option<Alert> {
        self.found.pop_front()
    }

    /// The lots of which everything has been handed over; they are held no longer.
    pub(super) fn done(&mut self) -> BTreeSet<u16> {
        if self.reading.is_some() || !self.found.is_empty() {
            return BTreeSet::new();
        }
        std::mem::take(&mut self.lots)
    }
}
