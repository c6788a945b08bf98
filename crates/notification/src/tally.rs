//! Surges that were told, beside what was judged of them: the realised rate of false alarms beside the stated one.

use chappe_model::{AlertState, Outcome, Timestamp};
use metrics::gauge;

use crate::metric_names as names;
use crate::view::View;

/// How far back it goes, in milliseconds of log time: 365 days.
const YEAR_MS: u64 = 365 * 24 * 3_600 * 1_000;

/// The surges of the last 365 days of log time, by when their first report came. One that another carries on is that one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// False alarms a year that the newest of them states.
    pub(crate) stated: u32,
    pub(crate) told: usize,
    pub(crate) dismissed: usize,
    /// Neither dismissed nor confirmed.
    pub(crate) undecided: usize,
}

impl Tally {
    pub(crate) fn of(view: &View) -> Self {
        let since = view.watermark.minus(YEAR_MS);
        let mut newest = Timestamp::ZERO;
        let mut tally = Self::default();
        for id in &view.surges {
            let Some(alert) = view.alerts.get(id).map(|held| &held.alert) else {
                continue;
            };
            if alert.first_seen < since || matches!(alert.state, AlertState::Superseded(_)) {
                continue;
            }
            if let Some(surge) = alert.surge.as_deref().filter(|_| alert.first_seen >= newest) {
                (newest, tally.stated) = (alert.first_seen, surge.false_alarms_per_year);
            }
            let judged = view.judged(id, |_| true);
            let verdicts = judged.iter().map(|(_, it)| (it.judgement.verdict(), it.by_hub));
            tally.told += 1;
            match Outcome::of(verdicts) {
                Outcome::Dismissed => tally.dismissed += 1,
                Outcome::Undecided | Outcome::Acknowledged => tally.undecided += 1,
                Outcome::Confirmed => {}
            }
        }
        tally
    }

    pub(crate) fn show(self) {
        gauge!(names::SURGE_BUDGET).set(f64::from(self.stated));
        gauge!(names::SURGES_TOLD).set(self.told as f64);
        gauge!(names::SURGES_DISMISSED).set(self.dismissed as f64);
        gauge!(names::SURGES_UNDECIDED).set(self.undecided as f64);
    }
}
