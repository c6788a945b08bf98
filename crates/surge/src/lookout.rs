//! One series under watch: its last bins, of which reports still come, and the statistic over all of them.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::delay::Delay;
use crate::law::CountLaw;
use crate::watch::Watch;

/// A surge is over once the score is no higher: as high as every twentieth bin has it for no reason.
pub const OVER_AT: f64 = 3.0;

/// One series under watch. Its state is one [`Watch`] and as many counts as the delay has bins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lookout {
    /// The statistic over all bins of which no reports come any more.
    settled: Watch,
    /// The bins of which reports may still come, the oldest first.
    recent: VecDeque<Recent>,
    /// What all bins but the newest add up to, and the largest surprise among them: found once, for nearly all reports are of the newest.
    #[serde(skip)]
    before: Option<(Watch, f64)>,
}

/// A bin of which reports may still come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recent {
    /// The law of all its incidents.
    pub law: CountLaw,
    /// How many are known.
    pub count: u64,
}

impl Default for Lookout {
    fn default() -> Self {
        Self::new()
    }
}

impl Lookout {
    /// A series of which nothing was seen.
    #[must_use]
    pub fn new() -> Self {
        Self {
            settled: Watch::default(),
            recent: VecDeque::new(),
            before: None,
        }
    }

    /// The next bin begins, with the law of its count.
    pub fn begin(&mut self, law: CountLaw, delay: &Delay) {
        while self.recent.len() >= delay.bins() {
            if let Some(done) = self.recent.pop_front() {
                self.settled.step(done.law, done.count);
            }
        }
        self.recent.push_back(Recent { law, count: 0 });
        self.before = None;
    }

    /// Incidents of the bin that is so many bins old came; whether they are in time to count.
    pub fn came(&mut self, age: usize, incidents: u64) -> bool {
        let at = self.recent.len().checked_sub(age + 1);
        let Some(recent) = at.and_then(|at| self.recent.get_mut(at)) else {
            return false;
        };
        recent.count += incidents;
        self.changed(age);
        true
    }

    /// Incidents of the bin that is so many bins old were taken back; whether they still counted.
    pub fn went(&mut self, age: usize, incidents: u64) -> bool {
        let at = self.recent.len().checked_sub(age + 1);
        let Some(recent) = at.and_then(|at| self.recent.get_mut(at)) else {
            return false;
        };
        recent.count = recent.count.saturating_sub(incidents);
        self.changed(age);
        true
    }

    /// The bin that is so many bins old has another count.
    fn changed(&mut self, age: usize) {
        if age > 0 {
            self.before = None;
        }
    }

    /// The same series, where other delays are known from here on.
    pub(crate) fn with_other_delay(mut self) -> Self {
        self.before = None;
        self
    }

    /// The bin that is so many bins old has so many incidents, where others count them.
    pub(crate) fn put(&mut self, age: usize, incidents: u64) {
        let at = self.recent.len().checked_sub(age + 1);
        if let Some(recent) = at
            .and_then(|at| self.recent.get_mut(at))
            .filter(|recent| recent.count != incidents)
        {
            recent.count = incidents;
            self.changed(age);
        }
    }

    /// How many bins reports may still come of.
    pub(crate) fn bins(&self) -> usize {
        self.recent.len()
    }

    /// The bins of which reports may still come, with their ages, the oldest first.
    pub fn recent(&self) -> impl Iterator<Item = (usize, &Recent)> {
        (0..self.recent.len()).rev().zip(&self.recent)
    }

    /// The bin that is so many bins old, if reports of it may still come.
    pub(crate) fn at(&self, age: usize) -> Option<&Recent> {
        self.recent.get(self.recent.len().checked_sub(age + 1)?)
    }

    /// The score at the end of the newest bin: see [`Reading::score`](crate::Reading::score). It is that of the sums over all bins or of the one
    /// recent bin that stands out most.
    pub fn score(&mut self, delay: &Delay) -> f64 {
        if self.settled.is_still() && self.recent.iter().all(|bin| bin.count == 0) {
            return 0.0; // most series, most of the time
        }
        let Some((newest, older)) = self
            .recent
            .iter()
            .next_back()
            .map(|newest| (*newest, self.recent.len() - 1))
        else {
            return 0.0;
        };
        let (mut watch, tail) = *self.before.get_or_insert_with(|| {
            let (mut watch, mut tail) = (self.settled, 0.0f64);
            for (age, bin) in (1..=older).rev().zip(&self.recent) {
                tail = tail.max(watch.step(bin.law.thinned(delay.known(age)), bin.count).tail);
            }
            (watch, tail)
        });
        let last = watch.step(newest.law.thinned(delay.known(0)), newest.count);
        tail.max(last.score)
    }
}
