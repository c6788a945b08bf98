//! The figures, and the tables made of them.

use serde::Serialize;

use crate::table::{head, row};

#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) outbreaks: usize,
    pub(super) oracle: Vec<Against>,
    pub(super) peers: Vec<Against>,
    pub(super) budgets: Vec<Budget>,
    pub(super) flooding: Vec<Flooding>,
}

#[derive(Debug, Serialize)]
pub(super) struct Score {
    pub(super) sensitivity: f64,
    pub(super) false_weeks_per_quiet_week: f64,
    pub(super) mean_delay_weeks: f64,
}

/// Ours against another, at that one's rate of false alarms.
#[derive(Debug, Serialize)]
pub(super) struct Against {
    pub(super) name: String,
    pub(super) theirs: Score,
    pub(super) ours: Score,
    pub(super) threshold: f64,
    /// Ours less theirs, 95 % interval of the paired bootstrap.
    pub(super) gain_low_high: (f64, f64),
    pub(super) mean_delay_where_both_found: (f64, f64),
    /// Scenarios in which the other finds significantly more.
    pub(super) scenarios_worse: Vec<usize>,
}

#[derive(Debug, Serialize)]
pub(super) struct Budget {
    pub(super) bins: String,
    pub(super) series: usize,
    pub(super) false_alarms_a_year_stated: f64,
    pub(super) threshold: f64,
    pub(super) false_alarms: u64,
    pub(super) years: f64,
    pub(super) false_alarms_a_year: f64,
    pub(super) seconds_to_calibrate: f64,
}

/// Surges over all countries, of those planted, with one member that reports a hundred times as much as usual.
#[derive(Debug, Serialize)]
pub(super) struct Flooding {
    pub(super) surges: u64,
    pub(super) found_without: u64,
    /// The member is of a country that the surge has not.
    pub(super) found_beside: u64,
    /// It is of one that it has.
    pub(super) found_within: u64,
    /// Without a surge: told for no reason without a flood, and with one.
    pub(super) raised_by_none: u64,
    pub(super) raised_by_flood: u64,
}

impl Flooding {
    fn line(&self) -> String {
        let percent = |found: u64| 100.0 * found as f64 / self.surges.max(1) as f64;
        format!(
            "One member at a hundred times its usual, {} surges of four to ten countries over all countries: found {:.1} % without it, {:.1} % beside it, \
             {:.1} % where it is of a country of the surge; without a surge {} are told without it, {} with it.",
            self.surges,
            percent(self.found_without),
            percent(self.found_beside),
            percent(self.found_within),
            self.raised_by_none,
            self.raised_by_flood
        )
    }
}

impl Figures {
    pub(super) fn tables(&self) -> String {
        let mut lines = vec![format!(
            "{} outbreaks; ours at the rate of false alarms of each other, in quiet weeks told:",
            self.outbreaks
        )];
        lines.push(String::new());
        lines.extend(head(&[
            "against",
            "rate",
            "theirs finds",
            "ours finds",
            "gain, 95 %",
            "mean delay: theirs, ours",
            "where both found",
            "scenarios worse",
        ]));
        for against in self.oracle.iter().chain(&self.peers) {
            let (low, high) = against.gain_low_high;
            let (ours, theirs) = against.mean_delay_where_both_found;
            lines.push(row(&[
                &against.name,
                &format!("{:.4}", against.theirs.false_weeks_per_quiet_week),
                &format!("{:.3}", against.theirs.sensitivity),
                &format!("{:.3}", against.ours.sensitivity),
                &format!("{low:+.3} to {high:+.3}"),
                &format!(
                    "{:.2}, {:.2} weeks",
                    against.theirs.mean_delay_weeks, against.ours.mean_delay_weeks
                ),
                &format!("{theirs:.2}, {ours:.2}"),
                &against.scenarios_worse.len().to_string(),
            ]));
        }
        lines.push(String::new());
        lines.extend(head(&[
            "bins",
            "series",
            "stated a year",
            "realised a year",
            "alarms in years",
            "threshold",
            "to calibrate",
        ]));
        for budget in &self.budgets {
            lines.push(row(&[
                &budget.bins,
                &budget.series.to_string(),
                &format!("{}", budget.false_alarms_a_year_stated),
                &format!("{:.1}", budget.false_alarms_a_year),
                &format!("{} in {:.0}", budget.false_alarms, budget.years),
                &format!("{:.2}", budget.threshold),
                &format!("{:.0} s", budget.seconds_to_calibrate),
            ]));
        }
        for flooding in &self.flooding {
            lines.push(String::new());
            lines.push(flooding.line());
        }
        lines.join("\n")
    }
}
