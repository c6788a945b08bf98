//! What a run does, in which order and for how long.

use std::time::Duration;

use serde_json::{Value, json};

use super::traffic::{INDICATORS, MEMBERS, SHARED_ONE_IN, mean_bytes};

/// Reports that each member has under way in a closed loop.
pub(super) const WINDOW: usize = 512;
/// Reports that a member sends at most in a closed loop: 3.2 million in all, about 2 GiB of log.
pub(super) const MAX_REPORTS_PER_MEMBER: u64 = 400_000;
/// A closed loop ends early, and an open one fails, when the server holds more than one part in this many of the machine's memory.
pub(super) const MEMORY_SHARE: u64 = 3;
/// How often that is looked at.
pub(super) const MEMORY_LOOK: Duration = Duration::from_millis(100);
/// Members, each of another country, that make an alert.
pub(super) const ALERT_MEMBERS: usize = 3;
/// Between the reports of one shared value in an open loop.
pub(super) const APART: Duration = Duration::from_millis(500);
/// How often the open loop looks what is due.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// The lower rate, reports a second.
const CALM: u64 = 1_000;
/// The rate of F5.
pub(super) const BUSY: u64 = 10_000;

/// One open loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) phase: u32,
    pub(super) name: &'static str,
    pub(super) reports_per_second: u64,
    pub(super) duration: Duration,
}

/// Durations of everything; their sum bounds the run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Of each of three probes: at the start, before the closed loop, at the end.
    pub(super) sync_probe: Duration,
    pub(super) warm_up: Duration,
    pub(super) fresh: [Rate; 2],
    pub(super) closed_loop: Duration,
    /// After the closed loop, with its state in memory; left out of the quick run.
    pub(super) laden: Option<Rate>,
    pub(super) limit: Duration,
    /// Over it the run fails.
    pub(super) whole: Duration,
}

/// Numbers of the closed loops; the open loops have 2, 3 and 5.
pub(super) const WARM_UP: u32 = 1;
pub(super) const CLOSED_LOOP: u32 = 4;
pub(super) const LIMIT: u32 = 6;

impl Plan {
    pub(super) fn new(quick: bool) -> Self {
        let seconds = Duration::from_secs;
        let open = |phase, name, reports_per_second, duration| Rate {
            phase,
            name,
            reports_per_second,
            duration,
        };
        if quick {
            return Self {
                sync_probe: Duration::from_millis(500),
                warm_up: seconds(1),
                fresh: [
                    open(2, "1,000 reports/s", CALM, seconds(4)),
                    open(3, "10,000 reports/s", BUSY, seconds(4)),
                ],
                closed_loop: seconds(4),
                laden: None,
                limit: seconds(3),
                whole: seconds(60),
            };
        }
        Self {
            sync_probe: seconds(3),
            warm_up: seconds(2),
            fresh: [
                open(2, "1,000 reports/s", CALM, seconds(30)),
                open(3, "10,000 reports/s", BUSY, seconds(30)),
            ],
            closed_loop: seconds(20),
            laden: Some(open(5, "10,000 reports/s after the closed loop", BUSY, seconds(20))),
            limit: seconds(10),
            whole: seconds(240),
        }
    }

    /// For the report.
    pub(super) fn parameters(&self, quick: bool) -> Value {
        let rates = self.fresh.iter().chain(&self.laden);
        let rates: Vec<Value> = rates
            .map(|rate| json!({"reports_per_second": rate.reports_per_second, "seconds": rate.duration.as_secs_f64()}))
            .collect();
        json!({
            "quick": quick,
            "members": MEMBERS.len(),
            "window_per_member": WINDOW,
            "indicators_per_report": INDICATORS,
            "mean_report_bytes": mean_bytes(),
            "one_report_in_with_a_shared_value": SHARED_ONE_IN,
            "subscribers": 1,
            "closed_loop_seconds": self.closed_loop.as_secs_f64(),
            "limit_seconds": self.limit.as_secs_f64(),
            "sync_probe_seconds": 3.0 * self.sync_probe.as_secs_f64(),
            "open_loops": rates,
        })
    }
}
