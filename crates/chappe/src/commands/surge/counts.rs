//! Counts from a CSV file, bin by bin.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail, ensure};
use chappe_exchange::MAX_FILE_BYTES;
use chappe_surge::{Bin, Calendar};
use jiff::civil::{Date, date};

use crate::cli::{ReportArgs, Width};
use crate::csv_place;
use crate::rule_files::read_text;

/// Most series of a report.
const SERIES: usize = 50;
/// Longest time of a report, in bins: thirty years of days.
const BINS: usize = 11_000;
/// The name of the one series where there is no column to tell them apart.
const ALL: &str = "all";
const MONTHS: i64 = 12;

/// What was counted.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) width: Width,
    /// The first bin.
    pub(super) first: i64,
    /// Each series, from the first bin on; all of one length.
    pub(super) series: Vec<(String, Vec<u64>)>,
}

impl Width {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The calendar of such bins. What it takes for weeks may be months, of which a year has twelve.
    pub(super) fn calendar(self) -> Calendar {
        match self {
            Self::Day => Calendar::new(Bin::Day, []),
            Self::Week => Calendar::new(Bin::Week, []),
            Self::Month => Calendar::new(Bin::Week, []).with_year_of(MONTHS as f64),
        }
    }

    /// The bin of a day.
    pub(super) fn bin(self, of: Date) -> i64 {
        let day = days(of);
        match self {
            Self::Day => day,
            Self::Week => Bin::Week.of(day * 86_400),
            Self::Month => i64::from(of.year() - 1970) * MONTHS + i64::from(of.month()) - 1,
        }
    }

    /// The first day of a bin.
    pub(super) fn begins(self, bin: i64) -> Date {
        match self {
            Self::Day => day(bin),
            Self::Week => day(Bin::Week.begins(bin) / 86_400),
            Self::Month => {
                let year = i16::try_from(1970 + bin.div_euclid(MONTHS)).unwrap_or(i16::MAX);
                let month = i8::try_from(bin.rem_euclid(MONTHS) + 1).unwrap_or(1); // a remainder by a positive number
                Date::new(year, month, 1).unwrap_or(Date::MAX)
            }
        }
    }

    /// How many days a bin has.
    fn days(self, bin: i64) -> i64 {
        days(self.begins(bin + 1)) - days(self.begins(bin))
    }
}

/// Days since 1970.
fn days(of: Date) -> i64 {
    let since = date(1970, 1, 1).until(of);
    since.map_or(0, |span| i64::from(span.get_days()))
}

fn day(days: i64) -> Date {
    let at = jiff::Timestamp::from_second(days.saturating_mul(86_400));
    at.map_or(Date::MAX, |at| at.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// Where the columns of dates, counts and series stand.
fn places(names: &csv::StringRecord, args: &ReportArgs) -> Result<(usize, Option<usize>, Option<usize>)> {
    let column = |name: &str| {
        let known = || names.iter().collect::<Vec<_>>().join(", ");
        let at = names.iter().position(|known| known == name);
        at.with_context(|| format!("{} has no column '{name}'; it has {}", args.file.display(), known()))
    };
    Ok((
        column(&args.date)?,
        args.count.as_deref().map(column).transpose()?,
        args.by.as_deref().map(column).transpose()?,
    ))
}

impl Counts {
    /// Reads the file that the arguments name.
    pub(super) fn read(args: &ReportArgs) -> Result<Self> {
        let file = args.file.display();
        let text = read_text(&args.file, MAX_FILE_BYTES as u64).map_err(|error| anyhow!("cannot read {error}"))?;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let names = reader.headers().with_context(|| format!("{file}: no line of names"))?;
        let (date_at, count_at, by_at) = places(names, args)?;
        let mut found: BTreeMap<String, BTreeMap<i64, u64>> = BTreeMap::new();
        let (mut first, mut last) = (None, None);
        for row in reader.records() {
            let row = row.with_context(|| format!("{file} is no CSV"))?;
            let line = || csv_place::line(&text, row.position());
            let of = |at: usize| row.get(at).unwrap_or_default();
            let date: Date = (of(date_at).get(..10).unwrap_or(of(date_at)).parse()).with_context(|| {
                format!(
                    "{file}:{}: '{}' is no date; write it as 2026-03-02",
                    line(),
                    of(date_at)
                )
            })?;
            let count: u64 = match count_at {
                Some(at) => of(at)
                    .parse()
                    .with_context(|| format!("{file}:{}: '{}' is no count", line(), of(at)))?,
                None => 1,
            };
            if args.since.is_some_and(|since| date < since) || args.until.is_some_and(|until| date > until) {
                continue;
            }
            first = first.map_or(Some(date), |first: Date| Some(first.min(date)));
            last = last.map_or(Some(date), |last: Date| Some(last.max(date)));
            let name = by_at.map_or(ALL, of).to_owned();
            ensure!(
                found.len() < SERIES || found.contains_key(&name),
                "{file}:{}: more than {SERIES} series: choose a column with fewer values",
                line()
            );
            let bins = found.entry(name).or_default();
            if !args.without.contains(&date) {
                *bins.entry(args.bin.bin(date)).or_default() += count;
            }
        }
        let (Some(first), Some(last)) = (args.since.or(first), args.until.or(last)) else {
            bail!("{file} holds no count of that time");
        };
        let (first, last) = (args.bin.bin(first), args.bin.bin(last));
        let bins = usize::try_from(last - first + 1).unwrap_or(0);
        ensure!(
            (1..=BINS).contains(&bins),
            "{bins} bins: 1 to {BINS} can be looked at; choose --since and --until"
        );
        let counts = |series: &BTreeMap<i64, u64>| {
            (first..=last)
                .map(|bin| series.get(&bin).copied().unwrap_or(0))
                .collect()
        };
        let mut all = Self {
            width: args.bin,
            first,
            series: found
                .iter()
                .map(|(name, series)| (name.clone(), counts(series)))
                .collect(),
        };
        all.fill(&args.without);
        Ok(all)
    }

    /// Bins with days that are not to be believed get what the rest of them says, or what their neighbours do.
    fn fill(&mut self, without: &[Date]) {
        let mut left_out: BTreeMap<i64, i64> = BTreeMap::new();
        for date in without {
            *left_out.entry(self.width.bin(*date)).or_default() += 1;
        }
        let hole = |bin: i64| left_out.get(&bin).is_some_and(|days| *days >= self.width.days(bin));
        for (bin, days) in &left_out {
            let Ok(at) = usize::try_from(bin - self.first) else {
                continue;
            };
            let whole = self.width.days(*bin);
            for (_, counts) in &mut self.series {
                let bins = counts.len();
                if at >= bins {
                    continue;
                }
                counts[at] = if *days >= whole {
                    let before = (0..at)
                        .rev()
                        .find(|at| !hole(self.first + *at as i64))
                        .map(|at| counts[at]);
                    let after = (at + 1..bins)
                        .find(|at| !hole(self.first + *at as i64))
                        .map(|at| counts[at]);
                    let known: Vec<u64> = before.into_iter().chain(after).collect();
                    known.iter().sum::<u64>() / (known.len() as u64).max(1)
                } else {
                    counts[at] * whole.unsigned_abs() / (whole - days).unsigned_abs().max(1)
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_begin_where_they_end() {
        for width in [Width::Day, Width::Week, Width::Month] {
            for of in [date(1999, 12, 31), date(2024, 2, 29), date(2026, 11, 28)] {
                let bin = width.bin(of);
                let begins = width.begins(bin);
                assert!(begins <= of && of < width.begins(bin + 1), "{width:?} {of}");
                assert_eq!(width.bin(begins), bin);
            }
        }
        assert_eq!(Width::Month.days(Width::Month.bin(date(2024, 2, 3))), 29);
    }

    #[test]
    fn days_that_are_left_out_are_filled() {
        let mut counts = Counts {
            width: Width::Day,
            first: Width::Day.bin(date(2026, 3, 2)),
            series: vec![("all".into(), vec![4, 900, 0, 8])],
        };
        counts.fill(&[date(2026, 3, 3), date(2026, 3, 4)]);
        assert_eq!(counts.series[0].1, [4, 6, 6, 8]);
    }
}
