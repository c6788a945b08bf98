//! A year of an installation in which nothing happens, played through as it would be watched: how high do the scores rise?

use rand_distr::{Distribution, StandardUniform};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::baseline::{Baseline, History};
use crate::calendar::Calendar;
use crate::delay::Delay;
use crate::grid::Grid;
use crate::law::CountLaw;
use crate::maxima::{Excursion, Maxima};
use crate::panel::{Laws, Panel, learn_all};

/// What a series is truly like.
pub trait Truth {
    /// The laws of the bins of a day, where bins are hours; else of the one bin.
    fn laws(&self, coarse: i64) -> Vec<CountLaw>;
}

impl Truth for Baseline {
    fn laws(&self, coarse: i64) -> Vec<CountLaw> {
        self.laws_of_coarse(coarse)
    }
}

/// How years are played through. Days stand for weeks too, where those are the bins.
#[derive(Clone, Debug)]
pub struct Rehearsal<'a> {
    /// Each country's.
    pub calendars: &'a [Calendar],
    /// How late reports come, in truth.
    pub delay: &'a Delay,
    /// The first day of the year that is watched.
    pub first: i64,
    /// So many days before it are known.
    pub history: usize,
    /// So many days are watched.
    pub watched: usize,
    /// Baselines and delays are learned again after so many days.
    pub refit_after: usize,
}

impl Rehearsal<'_> {
    /// What is known before the year that is watched: one history, drawn; a seed gives the same again.
    #[must_use]
    pub fn history(&self, truths: &Grid<impl Truth>, seed: u64) -> Grid<History> {
        let width = self.calendars.first().map_or(1, |calendar| calendar.bin().in_coarse());
        let first = (self.first - self.history as i64) * width as i64;
        let drawn = self.draw(truths, self.history, &mut Xoshiro256PlusPlus::seed_from_u64(seed));
        drawn.map(|counts| History { first, counts })
    }

    /// The counts of so many days from the history's first on.
    fn draw(&self, truths: &Grid<impl Truth>, days: usize, rng: &mut Xoshiro256PlusPlus) -> Grid<Vec<u64>> {
        let from = self.first - self.history as i64;
        Grid::new(truths.types(), truths.countries(), |kind, country| {
            let truth = truths.get(kind, country);
            let laws = (from..)
                .take(days)
                .flat_map(|coarse| truth.map(|truth| truth.laws(coarse)).unwrap_or_default());
            laws.map(|law| law.draw(rng)).collect()
        })
    }

    /// Plays it through once, without a surge; a seed gives the same again.
    #[must_use]
    pub fn play(&self, truths: &Grid<impl Truth>, seed: u64) -> Maxima {
        let Some(calendar) = self.calendars.first() else {
            return Maxima::default();
        };
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let from = self.first - self.history as i64;
        let counts = self.draw(truths, self.history + self.watched, &mut rng);
        let width = calendar.bin().in_coarse();
        let mut watched = Watched::new(truths.types(), truths.countries(), self.delay);
        let mut maxima = Maxima::default();
        let mut at = self.history;
        let mut came = vec![0; self.delay.bins()];
        // The delay is learned from a history's last quarter, as many as are plenty.
        for (.., counts) in counts.cells() {
            let known = (self.history * width).saturating_sub(self.delay.bins());
            for count in &counts[known - known / 4..known] {
                for _ in 0..*count {
                    came[age(self.delay, &mut rng)] += 1;
                }
            }
        }
        let learned = Delay::learned(&came);
        while at < self.history + self.watched {
            let until = (at + self.refit_after.max(1)).min(self.history + self.watched);
            // What is not complete yet is not learned from.
            let late = self.delay.bins().div_ceil(width);
            let histories = Grid::new(counts.types(), counts.countries(), |kind, country| History {
                first: from * width as i64,
                counts: counts
                    .get(kind, country)
                    .map(|counts| counts[..(at - late) * width].to_vec())
                    .unwrap_or_default(),
            });
            let baselines = learn_all(self.calendars, &histories);
            for coarse in at..until {
                for (place, laws) in baselines.laws_of_coarse(from + coarse as i64).iter().enumerate() {
                    let now = coarse * width + place;
                    watched.pass(laws, &counts, now, [self.delay, &learned], &mut rng, &mut maxima);
                }
            }
            at = until;
        }
        maxima.add_years(self.watched as f64 / calendar.coarse_a_year());
        maxima
    }
}

/// All series as they are watched, and the reports that are under way.
struct Watched {
    panel: Panel,
    cells: Grid<Lane>,
    wholes: Vec<Excursion>,
}

/// One cell: its reports that come later, by the bin in which they come, and by the age that their bin has then.
#[derive(Clone)]
struct Lane {
    coming: Vec<Vec<u64>>,
    excursion: Excursion,
}

impl Watched {
    fn new(types: usize, columns: usize, delay: &Delay) -> Self {
        let lane = Lane {
            coming: vec![vec![0; delay.bins()]; delay.bins()],
            excursion: Excursion::default(),
        };
        Self {
            panel: Panel::new(types, columns, |_, _| None),
            cells: Grid::new(types, columns, |_, _| lane.clone()),
            wholes: vec![Excursion::default(); types],
        }
    }

    /// The next bin, with so many incidents: known of them is what their delays, the true one, let through. The statistic goes by the learned.
    fn pass(
        &mut self,
        laws: &Laws,
        counts: &Grid<Vec<u64>>,
        now: usize,
        [delay, learned]: [&Delay; 2],
        rng: &mut Xoshiro256PlusPlus,
        maxima: &mut Maxima,
    ) {
        let bins = delay.bins();
        self.panel.begin(laws, learned);
        for kind in 0..self.wholes.len() {
            for column in 0..self.cells.countries() {
                let count = counts.get(kind, column).and_then(|counts| counts.get(now));
                let Some(lane) = self.cells.get_mut(kind, column) else {
                    continue;
                };
                for _ in 0..count.copied().unwrap_or(0) {
                    let age = age(delay, rng);
                    lane.coming[(now + age) % bins][age] += 1;
                }
                for (age, incidents) in lane.coming[now % bins].iter_mut().enumerate() {
                    if *incidents > 0 {
                        self.panel.came(kind, column, age, std::mem::take(incidents));
                    }
                }
                let score = self.panel.score_of_cell(kind, column, learned);
                lane.excursion
                    .take(score)
                    .into_iter()
                    .for_each(|highest| maxima.add(highest));
            }
            let score = self.panel.score_of_whole(kind, learned);
            let over = self.wholes[kind].take(score);
            over.into_iter().for_each(|highest| maxima.add(highest));
        }
    }
}

/// After how many bins an incident is reported.
fn age(delay: &Delay, rng: &mut Xoshiro256PlusPlus) -> usize {
    if delay.bins() == 1 {
        return 0;
    }
    let drawn: f64 = StandardUniform.sample(rng);
    (0..delay.bins())
        .find(|age| drawn < delay.known(*age))
        .unwrap_or(delay.bins() - 1)
}
