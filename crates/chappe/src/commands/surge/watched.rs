//! Counts as an installation would have watched them: learned from what came before, and learned again each quarter.

use anyhow::{Result, ensure};
use chappe_surge::{Delay, Grid, History, Lesson, Lookout, OVER_AT, UNUSUAL};

use super::counts::Counts;
use crate::cli::{ReportArgs, Width};
use crate::words::count;

/// All series, and the surges in them.
#[derive(Debug)]
pub(super) struct Watched {
    /// The first bin that was watched.
    pub(super) first: i64,
    pub(super) series: Vec<Series>,
    /// In the order in which they began.
    pub(super) surges: Vec<Surge>,
}

#[derive(Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) bins: Vec<Seen>,
}

/// One bin, as it was judged at its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) count: u64,
    pub(super) expected: f64,
    pub(super) unusual_from: u64,
    pub(super) score: f64,
    pub(super) threshold: f64,
    /// It belongs to a surge.
    pub(super) in_surge: bool,
}

/// From the bin in which the score rose above the threshold to the last one that still stood out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surge {
    pub(super) series: usize,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) incidents: u64,
    pub(super) expected: f64,
    pub(super) highest: f64,
    pub(super) threshold: f64,
}

impl Surge {
    pub(super) fn bins(&self) -> usize {
        usize::try_from(self.last - self.first + 1).unwrap_or(0)
    }
}

/// Bins that a lesson is in force for: a quarter.
fn valid(width: Width) -> usize {
    match width {
        Width::Day => 91,
        Width::Week => 13,
        Width::Month => 3,
    }
}

/// Bins that must have been seen before anything is learned: eight weeks, as in an installation, or a year of months.
fn least(width: Width) -> i64 {
    match width {
        Width::Day => 56,
        Width::Week => 8,
        Width::Month => 12,
    }
}

impl Watched {
    pub(super) fn over(counts: &Counts, args: &ReportArgs) -> Result<Self> {
        let calendar = counts.width.calendar();
        let year = calendar.coarse_a_year().round() as i64;
        let first = args.from.map_or(counts.first + year, |from| counts.width.bin(from));
        let bins = counts.series.first().map_or(0, |(_, counts)| counts.len());
        let begins = usize::try_from(first - counts.first).unwrap_or(0);
        let least = least(counts.width);
        ensure!(
            first - counts.first >= least && begins < bins,
            "{} must lie between the first that is learned from ({}) and the first that is watched, and that before the last ({})",
            count(usize::try_from(least).unwrap_or(0), counts.width.name()),
            counts.width.begins(counts.first),
            counts.width.begins(counts.first + bins as i64 - 1),
        );
        let series = counts.series.iter().map(|(name, _)| Series {
            name: name.clone(),
            bins: vec![],
        });
        let mut all = Self {
            first,
            series: series.collect(),
            surges: vec![],
        };
        let mut lookouts = vec![Lookout::new(); counts.series.len()];
        for (at, number) in (begins..bins).step_by(valid(counts.width)).zip(1..) {
            let until = bins.min(at + valid(counts.width));
            all.quarter(counts, args, at..until, number, &mut lookouts);
        }
        for series in 0..all.series.len() {
            all.find(series);
        }
        all.surges.sort_by_key(|surge| (surge.first, surge.series));
        Ok(all)
    }

    /// Learns from all that lies before, then watches these bins.
    fn quarter(
        &mut self,
        counts: &Counts,
        args: &ReportArgs,
        bins: std::ops::Range<usize>,
        number: u64,
        lookouts: &mut [Lookout],
    ) {
        let histories = Grid::new(counts.series.len(), 1, |series, _| History {
            first: counts.first,
            counts: counts.series[series].1[..bins.start].to_vec(),
        });
        let lesson = Lesson {
            calendars: vec![counts.width.calendar()],
            histories,
            parts: vec![],
            delay: Delay::none(),
            false_alarms_per_year: f64::from(args.false_alarms_per_year),
            valid: valid(counts.width),
            seed: number,
        };
        let Some(learned) = lesson.learn(|| true) else { return };
        for (at, lookout) in lookouts.iter_mut().enumerate() {
            let Some(baseline) = learned.baselines.cells.get(at, 0) else {
                continue;
            };
            for bin in bins.clone() {
                let (law, counted) = (baseline.law(counts.first + bin as i64), counts.series[at].1[bin]);
                lookout.begin(law, &Delay::none());
                lookout.came(0, counted);
                self.series[at].bins.push(Seen {
                    count: counted,
                    expected: law.mean(),
                    unusual_from: law.unusual_from(UNUSUAL),
                    score: lookout.score(&Delay::none()),
                    threshold: learned.threshold,
                    in_surge: false,
                });
            }
        }
    }

    fn find(&mut self, series: usize) {
        let mut on: Option<Surge> = None;
        for (bin, seen) in (self.first..).zip(&mut self.series[series].bins) {
            if seen.score <= OVER_AT {
                self.surges.extend(on.take());
            } else if on.is_some() || seen.score > seen.threshold {
                let surge = on.get_or_insert(Surge {
                    series,
                    first: bin,
                    last: bin,
                    incidents: 0,
                    expected: 0.0,
                    highest: 0.0,
                    threshold: seen.threshold,
                });
                seen.in_surge = true;
                surge.last = bin;
                surge.incidents += seen.count;
                surge.expected += seen.expected;
                surge.highest = surge.highest.max(seen.score);
            }
        }
        self.surges.extend(on);
    }
}
