//! What is found of each series' last outbreak, by whom, and how much is told besides.

use chappe_surge::{Bin, Calendar, Delay, History, Lookout, OVER_AT, learn};

use super::series::{JUDGED_FROM, Series, YEAR};

/// The baseline is learned again after so many weeks.
const REFIT_WEEKS: usize = 4;
/// The last weeks before are not learned from: an outbreak that builds up must not become its own baseline.
const LEFT_OUT_WEEKS: usize = 4;

/// A series with an outbreak in the weeks that are judged, and how high each of them scored.
pub(super) struct Judged {
    pub(super) place: Place,
    /// Weeks with cases of the outbreak.
    outbreak: Vec<bool>,
    scores: Vec<f64>,
    /// Of one who knows the true law of each week: minus the logarithm of the chance of so many in it.
    oracle: Vec<f64>,
}

/// Which series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) seed: u64,
    pub(super) scenario: usize,
    pub(super) replicate: usize,
}

/// What was told of a series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// Weeks from the outbreak's first to the first that was told within it.
    pub(super) delay_weeks: Option<usize>,
    pub(super) false_weeks: usize,
    pub(super) quiet_weeks: usize,
}

/// Scores all series; those whose outbreak left nothing in the judged weeks are left out.
pub(super) fn judge(all: &[Series], seed: u64) -> Vec<Judged> {
    let judged = all.iter().map(|series| Judged {
        place: Place {
            seed,
            scenario: series.scenario,
            replicate: series.replicate,
        },
        outbreak: series.added[JUDGED_FROM..].iter().map(|added| *added > 0).collect(),
        scores: scores(series),
        oracle: (JUDGED_FROM..series.counts.len())
            .map(|week| -series.true_law(week).ln_tail(series.counts[week]))
            .collect(),
    });
    judged.filter(|judged| judged.outbreak.contains(&true)).collect()
}

fn scores(series: &Series) -> Vec<f64> {
    let calendar = Calendar::new(Bin::Week, []).with_year_of(YEAR);
    let (delay, mut lookout) = (Delay::none(), Lookout::new());
    let mut scores = vec![];
    for from in (JUDGED_FROM..series.counts.len()).step_by(REFIT_WEEKS) {
        let counts = series.counts[..from - LEFT_OUT_WEEKS].to_vec();
        let baseline = learn(&calendar, &History { first: 0, counts });
        for (week, count) in (from..).zip(&series.counts[from..]).take(REFIT_WEEKS) {
            lookout.begin(baseline.law(week as i64), &delay);
            lookout.came(0, *count);
            scores.push(lookout.score(&delay));
        }
    }
    scores
}

impl Judged {
    /// What we tell at a threshold: a week in which a surge begins.
    pub(super) fn ours(&self, threshold: f64) -> Told {
        let over_at = OVER_AT.min(threshold);
        let mut is_open = false;
        let told = self.scores.iter().map(|score| {
            let begins = *score > threshold && !is_open;
            is_open = *score > threshold || (is_open && *score > over_at);
            begins
        });
        self.told(told.collect())
    }

    /// What the oracle tells: each week that stands out.
    pub(super) fn oracles(&self, threshold: f64) -> Told {
        self.told(self.oracle.iter().map(|score| *score > threshold).collect())
    }

    fn told(&self, told: Vec<bool>) -> Told {
        let first = self.outbreak.iter().position(|out| *out).unwrap_or(0);
        let last = self.outbreak.iter().rposition(|out| *out).unwrap_or(0);
        let hit = (first..=last).find(|week| told[*week]);
        Told {
            delay_weeks: hit.map(|week| week - first),
            false_weeks: told
                .iter()
                .zip(&self.outbreak)
                .filter(|(told, out)| **told && !**out)
                .count(),
            quiet_weeks: self.outbreak.iter().filter(|out| !**out).count(),
        }
    }
}
