//! How high scores rise while nothing happens, and the threshold that follows.

/// Width of a class of scores.
const CLASS: f64 = 0.02;
/// Scores are kept apart up to this.
const HIGHEST: f64 = 60.0;
const CLASSES: usize = (HIGHEST / CLASS) as usize;

/// Of excursions (the time from a score above [`OVER_AT`](crate::OVER_AT) until it is no longer) the highest scores, in classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Maxima {
    classes: Vec<u64>,
    /// Over so many years of the whole installation.
    years: f64,
}

impl Default for Maxima {
    fn default() -> Self {
        Self {
            classes: vec![0; CLASSES],
            years: 0.0,
        }
    }
}

impl Maxima {
    /// Adds the highest score of an excursion.
    pub fn add(&mut self, score: f64) {
        let class = ((score.max(0.0) / CLASS) as usize).min(CLASSES - 1);
        self.classes[class] += 1;
    }

    /// So many years more were looked at.
    pub fn add_years(&mut self, years: f64) {
        self.years += years;
    }

    /// Takes in what was seen elsewhere.
    pub fn merge(&mut self, other: &Self) {
        self.years += other.years;
        self.classes
            .iter_mut()
            .zip(&other.classes)
            .for_each(|(sum, more)| *sum += more);
    }

    /// The years that were looked at.
    #[must_use]
    pub fn years(&self) -> f64 {
        self.years
    }

    /// How many excursions rose above a threshold.
    #[must_use]
    pub fn above(&self, threshold: f64) -> u64 {
        let class = ((threshold.max(0.0) / CLASS).round() as usize).min(CLASSES);
        self.classes[class..].iter().sum()
    }

    /// The lowest threshold at which there are no more than so many alarms a year; and so many there are. None if it was not looked at for
    /// long enough to say: ten alarms at the threshold is the least.
    #[must_use]
    pub fn threshold(&self, alarms_per_year: f64) -> Option<f64> {
        const LEAST: u64 = 10;
        let allowed = (alarms_per_year * self.years).floor() as u64;
        if allowed < LEAST {
            return None;
        }
        let mut above = 0;
        for (class, count) in self.classes.iter().enumerate().rev() {
            above += count;
            if above > allowed {
                return Some((class + 1) as f64 * CLASS);
            }
        }
        Some(0.0)
    }
}

/// The excursions of one series.
#[derive(Clone, Copy, Debug, Default)]
pub struct Excursion {
    highest: f64,
}

impl Excursion {
    /// Takes the next score; tells the highest of an excursion once it is over.
    pub fn take(&mut self, score: f64) -> Option<f64> {
        if score > crate::lookout::OVER_AT {
            self.highest = self.highest.max(score);
            return None;
        }
        let over = std::mem::take(&mut self.highest);
        (over > 0.0).then_some(over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_keeps_the_budget() {
        let mut maxima = Maxima::default();
        maxima.add_years(10.0);
        for score in 0..400 {
            maxima.add(3.0 + f64::from(score) * 0.05);
        }
        let threshold = maxima.threshold(4.0).unwrap();
        assert_eq!(maxima.above(threshold), 40);
        assert!(maxima.above(threshold - 0.1) > 40);
        assert_eq!(maxima.threshold(0.9), None, "nine alarms say too little");
    }

    #[test]
    fn an_excursion_tells_its_highest_once_it_is_over() {
        let mut excursion = Excursion::default();
        let told: Vec<_> = [1.0, 4.0, 9.0, 5.0, 2.0, 2.0, 3.5, 0.0]
            .map(|score| excursion.take(score))
            .into();
        let some: Vec<f64> = told.into_iter().flatten().collect();
        assert_eq!(some, [9.0, 3.5]);
    }
}
