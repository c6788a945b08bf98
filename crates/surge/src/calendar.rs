//! What time of the day, week and year a bin is at.

use std::sync::Arc;

use crate::fit::Design;

/// Days from the epoch's Thursday, 1970-01-01, back to a Monday.
const EPOCH_WEEKDAY: i64 = 3;
const HOURS_A_DAY: i64 = 24;
const DAYS_A_WEEK: i64 = 7;
const DAYS_A_YEAR: f64 = 365.2425;
/// Waves of the year: one a year and two.
const HARMONICS: usize = 2;
/// Level, trend and the waves.
const COLUMNS_OF_WEEKS: usize = 2 + 2 * HARMONICS + 1;
/// And each weekday but the first.
const COLUMNS_OF_DAYS: usize = COLUMNS_OF_WEEKS + 6;
/// Column of the level, the logarithm of the mean.
pub(crate) const LEVEL: usize = 0;
/// Column of the trend, a year.
pub(crate) const TREND: usize = 1;
/// Column of the holidays.
pub(crate) const HOLIDAYS: usize = COLUMNS_OF_WEEKS - 1;

/// The width of a bin. Bins are counted from 1970-01-01 00:00 UTC; weeks begin on Mondays, and week 0 holds that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bin {
    /// 3,600 seconds.
    Hour,
    /// 24 hours.
    Day,
    /// Seven days from Monday on.
    Week,
}

impl Bin {
    /// How many there are in a year.
    #[must_use]
    pub fn per_year(self) -> f64 {
        match self {
            Self::Hour => DAYS_A_YEAR * HOURS_A_DAY as f64,
            Self::Day => DAYS_A_YEAR,
            Self::Week => DAYS_A_YEAR / DAYS_A_WEEK as f64,
        }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    /// Its width.
    #[must_use]
    pub fn seconds(self) -> u32 {
        match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Week => 604_800,
        }
    }

    /// The bin of a width.
    #[must_use]
    pub fn of_seconds(seconds: u32) -> Option<Self> {
        [Self::Hour, Self::Day, Self::Week]
            .into_iter()
            .find(|bin| bin.seconds() == seconds)
    }

    /// The bin of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Hour, Self::Day, Self::Week]
            .into_iter()
            .find(|bin| bin.as_str() == name)
    }

    /// Where a bin begins, in seconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub fn begins(self, bin: i64) -> i64 {
        match self {
            Self::Hour => bin * 3_600,
            Self::Day => bin * HOURS_A_DAY * 3_600,
            Self::Week => (bin * DAYS_A_WEEK - EPOCH_WEEKDAY) * HOURS_A_DAY * 3_600,
        }
    }

    /// The bin of a time, in seconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub fn of(self, unix_seconds: i64) -> i64 {
        let hour = unix_seconds.div_euclid(3_600);
        match self {
            Self::Hour => hour,
            Self::Day => hour.div_euclid(HOURS_A_DAY),
            Self::Week => (hour.div_euclid(HOURS_A_DAY) + EPOCH_WEEKDAY).div_euclid(DAYS_A_WEEK),
        }
    }

    /// The width of the bins in which the year and the trend are looked at: those of an hour are too many and too empty.
    #[must_use]
    pub fn coarse(self) -> Self {
        match self {
            Self::Hour | Self::Day => Self::Day,
            Self::Week => Self::Week,
        }
    }

    /// The coarse bin that a bin lies in.
    #[must_use]
    pub fn coarse_of(self, bin: i64) -> i64 {
        match self {
            Self::Hour => bin.div_euclid(HOURS_A_DAY),
            Self::Day | Self::Week => bin,
        }
    }

    /// Which of the bins of its coarse one a bin is.
    #[must_use]
    pub fn place_of(self, bin: i64) -> usize {
        match self {
            Self::Hour => usize::try_from(bin.rem_euclid(HOURS_A_DAY)).unwrap_or(0), // a remainder by a positive number
            Self::Day | Self::Week => 0,
        }
    }

    /// How many bins a coarse one has.
    #[must_use]
    pub fn in_coarse(self) -> usize {
        match self {
            Self::Hour => 24,
            Self::Day | Self::Week => 1,
        }
    }
}

/// The day of the week, from Monday on, which is 0.
fn weekday(day: i64) -> usize {
    usize::try_from((day + EPOCH_WEEKDAY).rem_euclid(DAYS_A_WEEK)).unwrap_or(0) // a remainder by a positive number
}

pub(crate) fn is_weekend(day: i64) -> bool {
    weekday(day) >= 5
}

/// Where bins are in the year, and which days are holidays.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    bin: Bin,
    /// Length of a year in coarse bins.
    year: f64,
    /// Days since 1970-01-01, rising; each baseline holds them.
    holidays: Arc<[i64]>,
}

impl Calendar {
    /// A calendar for bins of this width, with these holidays, in days since 1970-01-01.
    #[must_use]
    pub fn new(bin: Bin, holidays: impl IntoIterator<Item = i64>) -> Self {
        let mut holidays: Vec<i64> = holidays.into_iter().collect();
        holidays.sort_unstable();
        holidays.dedup();
        Self {
            bin,
            year: bin.coarse().per_year(),
            holidays: holidays.into(),
        }
    }

    /// The same where no day is a holiday.
    #[must_use]
    pub fn without_holidays(mut self) -> Self {
        self.holidays = Arc::default();
        self
    }

    /// For series whose year is so many weeks, days or hours long, such as generated ones of 52 weeks.
    #[must_use]
    pub fn with_year_of(mut self, bins: f64) -> Self {
        self.year = bins.max(1.0) / self.bin.in_coarse() as f64;
        self
    }

    /// How many coarse bins (days, or weeks) a year has.
    #[must_use]
    pub fn coarse_a_year(&self) -> f64 {
        self.year
    }

    /// The width of the bins.
    #[must_use]
    pub fn bin(&self) -> Bin {
        self.bin
    }

    pub(crate) fn columns(&self) -> usize {
        match self.bin.coarse() {
            Bin::Week => COLUMNS_OF_WEEKS,
            Bin::Hour | Bin::Day => COLUMNS_OF_DAYS,
        }
    }

    /// How far `coarse` is from `origin`, in years.
    pub(crate) fn years(&self, origin: i64, coarse: i64) -> f64 {
        (coarse - origin) as f64 / self.year
    }

    /// The row of a coarse bin: level, years since `origin`, waves of the year, holidays, weekday.
    pub(crate) fn row(&self, origin: i64, coarse: i64) -> Vec<f64> {
        let mut row = vec![0.0; self.columns()];
        row[LEVEL] = 1.0;
        row[TREND] = self.years(origin, coarse);
        let at = std::f64::consts::TAU * (coarse as f64 / self.year).fract();
        for wave in 0..HARMONICS {
            let (sin, cos) = (at * (wave + 1) as f64).sin_cos();
            row[2 + 2 * wave] = cos;
            row[3 + 2 * wave] = sin;
        }
        match self.bin.coarse() {
            Bin::Week => {
                let monday = coarse * DAYS_A_WEEK - EPOCH_WEEKDAY;
                // Of five working days so many are none.
                row[HOLIDAYS] = (monday..monday + 5).filter(|day| self.is_holiday(*day)).count() as f64 / 5.0;
            }
            Bin::Hour | Bin::Day => {
                row[HOLIDAYS] = f64::from(u8::from(self.is_holiday(coarse)));
                if weekday(coarse) > 0 {
                    row[HOLIDAYS + weekday(coarse)] = 1.0;
                }
            }
        }
        row
    }

    fn is_holiday(&self, day: i64) -> bool {
        self.holidays.binary_search(&day).is_ok()
    }

    /// The rows of coarse bins from `first` on, seen from `origin`.
    pub(crate) fn design(&self, origin: i64, first: i64, count: usize) -> Design {
        let mut design = Design::new(self.columns());
        for coarse in (first..).take(count) {
            design.push(&self.row(origin, coarse));
        }
        design
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday() {
        // 2026-11-23 was a Monday, 1,795,392,000 seconds after the epoch began.
        let monday = 1_795_392_000;
        assert_eq!(Bin::Week.of(monday) - 1, Bin::Week.of(monday - 1));
        assert_eq!(Bin::Week.of(monday), Bin::Week.of(monday + 7 * 86_400 - 1));
        let day = Bin::Day.of(monday);
        assert_eq!([day - 1, day, day + 4, day + 5].map(weekday), [6, 0, 4, 5]);
        assert!(is_weekend(day - 1) && !is_weekend(day));
        assert_eq!(Bin::Week.of(0), 0);
        for bin in [Bin::Hour, Bin::Day, Bin::Week] {
            let at = bin.of(monday + 30 * 3_600);
            assert_eq!([bin.of(bin.begins(at)), bin.of(bin.begins(at) - 1)], [at, at - 1]);
            assert_eq!(Bin::parse(bin.as_str()), Some(bin));
            assert_eq!(Bin::of_seconds(bin.seconds()), Some(bin));
        }
        assert_eq!(Bin::Hour.coarse_of(-1), -1);
    }

    #[test]
    fn a_row_says_weekday_and_holiday() {
        let day = Bin::Day.of(1_795_392_000) + 2;
        let calendar = Calendar::new(Bin::Hour, [day]);
        let row = calendar.row(day, day);
        assert_eq!((row[LEVEL], row[TREND], row[HOLIDAYS]), (1.0, 0.0, 1.0));
        let weekdays: Vec<f64> = row[HOLIDAYS + 1..].into();
        assert_eq!(weekdays, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0], "Wednesday");
        let weeks = Calendar::new(Bin::Week, [day]);
        assert_eq!(weeks.row(0, Bin::Week.of(1_795_392_000))[HOLIDAYS], 0.2);
    }
}
