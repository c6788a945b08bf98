//! Public holidays of the 27 EU Member States: the days on which offices are closed and fewer incidents are reported.
//!
//! What is in it: nationwide days, and eves that are none by law but on which hardly anybody works (Denmark, Finland,
//! Sweden). What it leaves out:
//! - days of regions and towns, and days that only banks, schools or shops keep;
//! - holidays that are always Sundays, such as Easter itself: offices are closed then anyway;
//! - days off in place of holidays at weekends, bridging days that governments give, and holidays of one year only;
//! - changes of the law before 2010, but for the German one of 1990: earlier years have the days of 2010.
//!
//! Sources: the laws of the states on holidays and on labour, as the states publish them, as of November 2026.
//! To check against: the list of public holidays that the Official Journal prints yearly under Article 3(4) of Council
//! Regulation (EEC, Euratom) No 1182/71.

use std::ops::RangeInclusive;

use Day::{Brigid, Easter, Lustrum, Next, On, Orthodox};

/// The years of which holidays are known. The rules for Easter below hold in them, not in others.
const FIRST: i32 = 1970;
const LAST: i32 = 2199;
const ALL: RangeInclusive<i32> = FIRST..=LAST;

/// Days from a Thursday, such as 1970-01-01, on to these.
const FRI: i64 = 1;
const SAT: i64 = 2;
const SUN: i64 = 3;
const MON: i64 = 4;

/// How a holiday finds its date in a year. Months and their days count from 1.
#[derive(Clone, Copy)]
enum Day {
    /// Month and day.
    On(i64, i64),
    /// Days after Western Easter: -2 is Good Friday, 39 Ascension, 50 Whit Monday, 60 Corpus Christi.
    Easter(i64),
    /// Days after Orthodox Easter: -48 is Clean Monday.
    Orthodox(i64),
    /// A weekday, month and day: the first such weekday from that day on.
    Next(i64, i64, i64),
    /// Month and day, in years that end in 0 or 5.
    Lustrum(i64, i64),
    /// St Brigid's Day: the first Monday of February, or the 1st if that is a Friday.
    Brigid,
}

/// Country, years and the days in them: first those of all years, then those that began or ended in some.
#[rustfmt::skip]
const RULES: &[(&str, RangeInclusive<i32>, &[Day])] = &[
    ("AT", ALL, &[On(1, 1), On(1, 6), Easter(1), On(5, 1), Easter(39), Easter(50), Easter(60), On(8, 15), On(10, 26),
        On(11, 1), On(12, 8), On(12, 25), On(12, 26)]),
    ("BE", ALL, &[On(1, 1), Easter(1), On(5, 1), Easter(39), Easter(50), On(7, 21), On(8, 15), On(11, 1), On(11, 11),
        On(12, 25)]),
    ("BG", ALL, &[On(1, 1), On(3, 3), Orthodox(-2), Orthodox(-1), Orthodox(1), On(5, 1), On(5, 6), On(5, 24), On(9, 6),
        On(9, 22), On(12, 24), On(12, 25), On(12, 26)]),
    ("CY", ALL, &[On(1, 1), On(1, 6), Orthodox(-48), On(3, 25), On(4, 1), Orthodox(-2), Orthodox(1), On(5, 1),
        Orthodox(50), On(8, 15), On(10, 1), On(10, 28), On(12, 25), On(12, 26)]),
    ("CZ", ALL, &[On(1, 1), Easter(1), On(5, 1), On(5, 8), On(7, 5), On(7, 6), On(9, 28), On(10, 28), On(11, 17),
        On(12, 24), On(12, 25), On(12, 26)]),
    ("CZ", 2016..=LAST, &[Easter(-2)]),
    ("DE", ALL, &[On(1, 1), Easter(-2), Easter(1), On(5, 1), Easter(39), Easter(50), On(12, 25), On(12, 26)]),
    ("DE", 1990..=LAST, &[On(10, 3)]),
    // Christmas Eve is kept by agreement.
    ("DK", ALL, &[On(1, 1), Easter(-3), Easter(-2), Easter(1), Easter(39), Easter(50), On(12, 24), On(12, 25),
        On(12, 26)]),
    ("DK", FIRST..=2023, &[Easter(26)]), // Great Prayer Day
    ("EE", ALL, &[On(1, 1), On(2, 24), Easter(-2), On(5, 1), On(6, 23), On(6, 24), On(8, 20), On(12, 24), On(12, 25),
        On(12, 26)]),
    ("ES", ALL, &[On(1, 1), On(1, 6), Easter(-2), On(5, 1), On(8, 15), On(10, 12), On(11, 1), On(12, 6), On(12, 8),
        On(12, 25)]),
    // Midsummer's Eve and Christmas Eve are kept by agreement; All Saints' is a Saturday.
    ("FI", ALL, &[On(1, 1), On(1, 6), Easter(-2), Easter(1), On(5, 1), Easter(39), Next(FRI, 6, 19), Next(SAT, 6, 20),
        Next(SAT, 10, 31), On(12, 6), On(12, 24), On(12, 25), On(12, 26)]),
    ("FR", ALL, &[On(1, 1), Easter(1), On(5, 1), On(5, 8), Easter(39), Easter(50), On(7, 14), On(8, 15), On(11, 1),
        On(11, 11), On(12, 25)]),
    ("GR", ALL, &[On(1, 1), On(1, 6), Orthodox(-48), On(3, 25), Orthodox(-2), Orthodox(1), On(5, 1), Orthodox(50),
        On(8, 15), On(10, 28), On(12, 25), On(12, 26)]),
    ("HR", ALL, &[On(1, 1), On(1, 6), Easter(1), On(5, 1), Easter(60), On(6, 22), On(8, 5), On(8, 15), On(11, 1),
        On(12, 25), On(12, 26)]),
    ("HR", FIRST..=2019, &[On(6, 25), On(10, 8)]),
    ("HR", 2020..=LAST, &[On(5, 30), On(11, 18)]),
    ("HU", ALL, &[On(1, 1), On(3, 15), Easter(1), On(5, 1), Easter(50), On(8, 20), On(10, 23), On(11, 1), On(12, 25),
        On(12, 26)]),
    ("HU", 2017..=LAST, &[Easter(-2)]),
    ("HU", 2026..=LAST, &[On(12, 24)]),
    ("IE", ALL, &[On(1, 1), On(3, 17), Easter(1), Next(MON, 5, 1), Next(MON, 6, 1), Next(MON, 8, 1),
        Next(MON, 10, 25), On(12, 25), On(12, 26)]),
    ("IE", 2023..=LAST, &[Brigid]),
    ("IT", ALL, &[On(1, 1), On(1, 6), Easter(1), On(4, 25), On(5, 1), On(6, 2), On(8, 15), On(11, 1), On(12, 8),
        On(12, 25), On(12, 26)]),
    ("IT", 2026..=LAST, &[On(10, 4)]),
    ("LT", ALL, &[On(1, 1), On(2, 16), On(3, 11), Easter(1), On(5, 1), On(6, 24), On(7, 6), On(8, 15), On(11, 1),
        On(12, 24), On(12, 25), On(12, 26)]),
    ("LT", 2020..=LAST, &[On(11, 2)]),
    ("LU", ALL, &[On(1, 1), Easter(1), On(5, 1), Easter(39), Easter(50), On(6, 23), On(8, 15), On(11, 1), On(12, 25),
        On(12, 26)]),
    ("LU", 2019..=LAST, &[On(5, 9)]),
    ("LV", ALL, &[On(1, 1), Easter(-2), Easter(1), On(5, 1), On(5, 4), On(6, 23), On(6, 24), On(11, 18), On(12, 24),
        On(12, 25), On(12, 26), On(12, 31)]),
    ("MT", ALL, &[On(1, 1), On(2, 10), On(3, 19), On(3, 31), Easter(-2), On(5, 1), On(6, 7), On(6, 29), On(8, 15),
        On(9, 8), On(9, 21), On(12, 8), On(12, 13), On(12, 25)]),
    // The law names Liberation Day for every year, but most employers give it every fifth only.
    ("NL", ALL, &[On(1, 1), Easter(-2), Easter(1), Lustrum(5, 5), Easter(39), Easter(50), On(12, 25), On(12, 26)]),
    ("NL", FIRST..=2013, &[On(4, 30)]),
    ("NL", 2014..=LAST, &[On(4, 27)]),
    ("PL", ALL, &[On(1, 1), Easter(1), On(5, 1), On(5, 3), Easter(60), On(8, 15), On(11, 1), On(11, 11), On(12, 25),
        On(12, 26)]),
    ("PL", 2011..=LAST, &[On(1, 6)]),
    ("PL", 2025..=LAST, &[On(12, 24)]),
    ("PT", ALL, &[On(1, 1), Easter(-2), On(4, 25), On(5, 1), On(6, 10), On(8, 15), On(12, 8), On(12, 25)]),
    ("PT", FIRST..=2012, &[Easter(60), On(10, 5), On(11, 1), On(12, 1)]), // suspended for three years
    ("PT", 2016..=LAST, &[Easter(60), On(10, 5), On(11, 1), On(12, 1)]),
    ("RO", ALL, &[On(1, 1), On(1, 2), Orthodox(1), On(5, 1), Orthodox(50), On(8, 15), On(12, 1), On(12, 25),
        On(12, 26)]),
    ("RO", 2012..=LAST, &[On(11, 30)]),
    ("RO", 2017..=LAST, &[On(1, 24), On(6, 1)]),
    ("RO", 2018..=LAST, &[Orthodox(-2)]),
    ("RO", 2024..=LAST, &[On(1, 6), On(1, 7)]),
    // The eves of midsummer, Christmas and the new year count as Sundays in the law on leave.
    ("SE", ALL, &[On(1, 1), On(1, 6), Easter(-2), Easter(1), On(5, 1), Easter(39), On(6, 6), Next(FRI, 6, 19),
        Next(SAT, 6, 20), Next(SAT, 10, 31), On(12, 24), On(12, 25), On(12, 26), On(12, 31)]),
    ("SI", ALL, &[On(1, 1), On(2, 8), Easter(1), On(4, 27), On(5, 1), On(5, 2), On(6, 25), On(8, 15), On(10, 31),
        On(11, 1), On(12, 25), On(12, 26)]),
    ("SI", FIRST..=2012, &[On(1, 2)]),
    ("SI", 2017..=LAST, &[On(1, 2)]),
    ("SK", ALL, &[On(1, 1), On(1, 6), Easter(-2), Easter(1), On(5, 1), On(7, 5), On(8, 29), On(11, 1), On(12, 24),
        On(12, 25), On(12, 26)]),
    // Some were made working days to balance the budget, two of them for 2026 only.
    ("SK", FIRST..=2025, &[On(5, 8), On(9, 15)]),
    ("SK", 2027..=LAST, &[On(5, 8), On(9, 15)]),
    ("SK", FIRST..=2023, &[On(9, 1)]),
    ("SK", FIRST..=2024, &[On(11, 17)]),
];

/// The nationwide public holidays of an EU Member State in some years, in days since 1970-01-01, rising and each once.
///
/// `country` is its ISO 3166-1 alpha-2 code in upper case, so Greece is `GR`; other countries have none, nor have years
/// before 1970 and after 2199. Holidays that happen to be at a weekend are told as well.
#[must_use]
pub fn holidays(country: &str, years: RangeInclusive<i32>) -> Vec<i64> {
    let mut found = Vec::new();
    for year in (*years.start()).max(FIRST)..=(*years.end()).min(LAST) {
        for (of, when, days) in RULES {
            if *of == country && when.contains(&year) {
                found.extend(days.iter().filter_map(|day| day.in_year(i64::from(year))));
            }
        }
    }
    found.sort_unstable();
    // Two holidays can meet: Ascension and the 1st of May in 2008.
    found.dedup();
    found
}

impl Day {
    /// In days since 1970-01-01; none if the year has no such day.
    fn in_year(self, year: i64) -> Option<i64> {
        Some(match self {
            On(month, day) => date(year, month, day),
            Easter(offset) => easter(year) + offset,
            Orthodox(offset) => orthodox_easter(year) + offset,
            Next(weekday, month, day) => next(date(year, month, day), weekday),
            Lustrum(month, day) if year % 5 == 0 => date(year, month, day),
            Lustrum(..) => return None,
            Brigid if next(date(year, 2, 1), FRI) == date(year, 2, 1) => date(year, 2, 1),
            Brigid => next(date(year, 2, 1), MON),
        })
    }
}

/// The first such weekday from `day` on.
fn next(day: i64, weekday: i64) -> i64 {
    day + (weekday - day).rem_euclid(7)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn date(year: i64, month: i64, day: i64) -> i64 {
    // In years that begin in March, the leap day comes last and moves nothing.
    let (year, month) = (year - i64::from(month < 3), (month + 9) % 12);
    // Months from March on have 31, 30, 31, 30 and 31 days, then the same again: 153 in five.
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469
}

/// Days from the 21st of March to Easter's full moon by the churches' tables; `shift` is where their 19 years begin.
fn full_moon(year: i64, shift: i64) -> i64 {
    (19 * (year % 19) + shift) % 30
}

/// Easter Sunday of the Western churches, in days since 1970-01-01.
fn easter(year: i64) -> i64 {
    // Of the Gregorian calendar from 1900 to 2199.
    let moon = full_moon(year, 24);
    // The latest moons are moved up a day, for Easter to be in April at the latest and no two of 19 years to share one.
    let early = moon == 29 || (moon == 28 && year % 19 > 10);
    next(date(year, 3, 21) + moon - i64::from(early) + 1, SUN)
}

/// Easter Sunday of the Orthodox churches, in days since 1970-01-01.
fn orthodox_easter(year: i64) -> i64 {
    // So many days the Julian calendar, by which they reckon, is behind: it alone has a leap day in 2100.
    let behind = if year < 2100 { 13 } else { 14 };
    next(date(year, 3, 21) + behind + full_moon(year, 15) + 1, SUN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EU27: &str = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";

    #[track_caller]
    fn check(country: &str, (year, month, day): (i32, i64, i64), expected: bool) {
        let day_of = date(i64::from(year), month, day);
        let found = holidays(country, year..=year).contains(&day_of);
        assert_eq!(found, expected, "{country} {year}-{month}-{day}");
    }

    #[test]
    fn dates_are_days_since_the_epoch() {
        assert_eq!([date(1970, 1, 1), date(2000, 3, 1)], [0, 11_017]);
        let monday = date(2026, 11, 23);
        assert_eq!(monday, 20_780);
        assert_eq!([monday - 1, monday].map(|day| next(day, MON)), [monday; 2]);
    }

    #[test]
    fn easter_is_where_the_churches_say() {
        for (year, month, day) in [(2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2027, 3, 28)] {
            assert_eq!(easter(year), date(year, month, day), "{year}");
        }
        // The two ways in which the moon is moved up.
        assert_eq!(easter(1981), date(1981, 4, 19));
        assert_eq!(easter(2049), date(2049, 4, 18));
        for (year, month, day) in [(2024, 5, 5), (2025, 4, 20), (2026, 4, 12), (2027, 5, 2), (2100, 5, 2)] {
            assert_eq!(orthodox_easter(year), date(year, month, day), "{year}");
        }
    }

    #[test]
    fn each_member_state_has_its_days_rising_and_once() {
        for country in EU27.split(' ') {
            let count = holidays(country, 2026..=2026).len();
            assert!((8..=18).contains(&count), "{country} has {count}");
            let days = holidays(country, 1970..=2199);
            assert!(days.is_sorted_by(|one, other| one < other), "{country}");
            assert_eq!(days[0], 0, "{country} keeps the new year");
            assert!(days.contains(&date(2026, 12, 25)), "{country} keeps Christmas");
        }
    }

    #[test]
    fn others_and_other_years_have_none() {
        for country in ["GB", "EL", "de", "", "XX"] {
            assert!(holidays(country, 2026..=2026).is_empty(), "{country}");
        }
        assert!(holidays("DE", RangeInclusive::new(2026, 2025)).is_empty());
        assert!(holidays("DE", 1900..=1969).is_empty() && holidays("DE", 2200..=i32::MAX).is_empty());
        assert_eq!(holidays("DE", i32::MIN..=i32::MAX), holidays("DE", 1970..=2199));
    }

    #[test]
    fn days_are_where_the_laws_say() {
        check("DE", (2026, 10, 3), true);
        check("FR", (2026, 7, 14), true);
        check("GR", (2026, 2, 23), true); // Clean Monday
        for (month, day) in [(2, 2), (5, 4), (6, 1), (8, 3), (10, 26)] {
            check("IE", (2026, month, day), true);
        }
        check("IE", (2030, 2, 1), true); // a Friday
        check("IE", (2030, 2, 4), false);
        for (month, day) in [(6, 19), (6, 20), (10, 31)] {
            check("SE", (2026, month, day), true);
        }
        check("PL", (2026, 6, 4), true); // Corpus Christi
        check("DE", (2026, 6, 4), false); // not in all its states
        check("NL", (2025, 5, 5), true);
        check("NL", (2026, 5, 5), false);
    }

    #[test]
    fn laws_change() {
        for (of, month, day, before) in [("DE", 10, 3, 1989), ("PL", 12, 24, 2024), ("HU", 12, 24, 2025)] {
            check(of, (before, month, day), false);
            check(of, (before + 1, month, day), true);
        }
        check("DK", (2023, 5, 5), true); // Great Prayer Day
        check("DK", (2024, 4, 26), false);
        check("PT", (2014, 12, 1), false);
        check("PT", (2016, 12, 1), true);
        for (year, expected) in [(2025, true), (2026, false), (2027, true)] {
            check("SK", (year, 5, 8), expected);
        }
    }
}
