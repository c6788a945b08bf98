//! What the reader tells of live state, and when.

use std::time::Duration;

use chappe_correlate::Intake;
use chappe_model::{Live, Timestamp};
use metrics::gauge;

use crate::metric_names::LIVE_CONTRIBUTIONS;
use crate::options::LiveListener;
use crate::pace::Pace;

/// While there is more to read and the watermark stands, it is told at most this often.
const BUSY_INTERVAL: Duration = Duration::from_millis(100);

/// Tells live contributions whenever they may have changed, at a bounded rate.
pub(crate) struct LiveTeller {
    listener: Option<LiveListener>,
    pace: Pace,
    told_at: Option<Duration>,
    /// The positions and the watermark told last.
    told: (Vec<u64>, Timestamp),
}

impl LiveTeller {
    pub(crate) fn new(listener: Option<LiveListener>, pace: Pace) -> Self {
        Self {
            listener,
            pace,
            told_at: None,
            told: (vec![], Timestamp::ZERO),
        }
    }

    /// Tells what `intake` counts once it has read up to `positions`, unless that was told or is to wait for more of it.
    pub(crate) fn tell(&mut self, intake: &Intake, positions: &[u64], is_idle: bool) {
        let watermark = intake.watermark();
        if self.told.0 == positions {
            return;
        }
        let due = self.told_at.is_none_or(|at| self.pace.since(at) >= BUSY_INTERVAL);
        if !due && !is_idle && self.told.1 == watermark {
            return;
        }
        self.told_at = Some(self.pace.now());
        self.told = (positions.to_vec(), watermark);
        let live = Live {
            read_to: positions.to_vec(),
            members: intake.live(),
        };
        gauge!(LIVE_CONTRIBUTIONS).set(live.total() as f64);
        if let Some(listener) = &self.listener {
            listener.tell(&live);
        }
    }
}
