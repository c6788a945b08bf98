use serde::{Deserialize, Serialize};

use crate::{Country, Rsit, Sector, Timestamp};

/// Why it is a surge: what was counted, what was to be expected, and how far it stands out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surge {
    /// Width of a bin, in seconds: an hour, a day or a week.
    pub bin_seconds: u32,
    /// The last bins, the oldest first: those of which reports may still come. At most [`crate::limits::SURGE_BINS`].
    pub bins: Vec<SurgeBin>,
    /// How much the series stands out, in thousandths of a natural logarithm: 14,000 is about one bin in a million.
    pub score_milli: u32,
    /// A surge begins above this score.
    pub threshold_milli: u32,
    /// With this threshold so many alerts a year come for no reason, over all series of the installation.
    pub false_alarms_per_year: u32,
    /// Which lesson the expectation rests on: it rises each time one is learned.
    pub lesson: u32,
    /// The countries that stand out together in one bin, where it is they that make the score: of a series over all countries.
    pub together: Option<SurgeSet>,
}

/// Countries that each stand out a little in one bin, and together much. Not which: whose members report is nobody's to know. The numbers are those
/// that the score is made of: minus the logarithm of the probability that, of two countries less, two less or more stand out so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurgeSet {
    /// Where the bin begins.
    pub begins: Timestamp,
    /// So many countries stand out.
    pub countries: u32,
    /// Of so many that are watched.
    pub watched: u32,
    /// Each at least so much, as minus the natural logarithm of the probability of so many incidents or more there, in thousandths.
    pub surprise_milli: u32,
    /// Where each was looked at in so many sectors too, and counts with that in which it stands out most: the logarithm of one more than that is taken off
    /// what it stands out by. 0 where only the series itself was looked at.
    pub sectors: u32,
}

/// What was counted in one bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurgeBin {
    /// Where it begins.
    pub begins: Timestamp,
    /// Reports of incidents that occurred in it, as known now. Of a series over all countries, what the two that stand out most have above
    /// theirs is not among them.
    pub reports: u32,
    /// So many were to be known by now, in thousandths.
    pub expected_milli: u64,
    /// So many or more come by chance once in a hundred bins.
    pub unusual_from: u32,
}

impl Surge {
    /// The most that was counted in one bin.
    #[must_use]
    pub fn peak(&self) -> u32 {
        self.bins.iter().map(|bin| bin.reports).max().unwrap_or(0)
    }
}

/// A part of what was learned of counts at one time: all that concerns one type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurgeLessonPart {
    /// Rises by one with each lesson, from 1.
    pub number: u32,
    /// Tells apart what two processes learned under one number: the first that is whole counts.
    pub nonce: u64,
    /// Width of a bin, in seconds: an hour, a day or a week.
    pub bin_seconds: u32,
    /// The budget that the threshold keeps, over all series.
    pub false_alarms_per_year: u32,
    /// Scores above are alarms, in thousandths.
    pub threshold_milli: u32,
    /// The part of a bin's reports that is known at its end, at the end of the next, and so on; the last is 1.
    pub known: Vec<f64>,
    /// Countries of the columns; none for members without one.
    pub columns: Vec<Option<Country>>,
    /// All types of the lesson: it has one part for each.
    pub types: Vec<Rsit>,
    /// Which of the types this part is about.
    pub part: usize,
    /// The baselines of the type in each column.
    pub cells: Vec<SurgeNumbers>,
    /// The baseline of the type over all columns; none where there are too few.
    pub whole: Option<SurgeNumbers>,
    /// The sectors in which the type is watched over all columns; of all types together at most [`crate::limits::SURGE_SECTORS`].
    pub sectors: Vec<SurgeSector>,
}

/// What was learned of the incidents of a type that hit one sector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurgeSector {
    /// The sector.
    pub sector: Sector,
    /// Of each column: so many of the type's incidents hit it, above 0 and at most 1.
    pub shares: Vec<f64>,
    /// The baseline over all columns; none where there are too few.
    pub whole: Option<SurgeNumbers>,
}

/// A baseline in numbers: what a count is like while nothing happens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SurgeNumbers {
    /// The day, or week, from which the trend is counted, since 1970-01-01.
    pub origin: i64,
    /// Of the logarithm of the mean: level, trend a year, waves of the year, holidays, weekdays.
    pub coefficients: Vec<f64>,
    /// What is known about them: the Cholesky factor of the inverse of their covariance, by rows of the triangle.
    pub information: Vec<f64>,
    /// Of hours: their shares of a working day, and of a day of a weekend.
    pub profile: Vec<f64>,
    /// Variance over mean of a bin.
    pub dispersion: f64,
}
