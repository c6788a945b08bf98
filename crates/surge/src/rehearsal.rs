//! A year of an installation in which nothing happens, played through as it would be watched: how high do the scores rise?

use rand_distr::{Binomial, Distribution, StandardUniform};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::baseline::{Baseline, History};
use crate::calendar::Calendar;
use crate::delay::Delay;
use crate::grid::Grid;
use crate::law::CountLaw;
use crate::maxima::{Excursion, Maxima};
use crate::panel::{Laws, Of, Panel, learn_all};
use crate::part::{Part, PartHistory, next_at};

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

/// What a year is drawn from.
#[derive(Debug)]
pub struct Truths<'a, T> {
    /// What each series is truly like.
    pub cells: &'a Grid<T>,
    /// The parts that incidents truly have, each by itself.
    pub parts: &'a [Part],
}

/// Counts that were drawn, from the first bin of the history on.
struct Drawn {
    cells: Grid<Vec<u64>>,
    parts: Vec<PartHistory>,
}

impl Drawn {
    /// What is known before a bin: of the parts too.
    fn before(&self, first: i64, end: usize) -> (Grid<History>, Vec<PartHistory>) {
        let (types, countries) = (self.cells.types(), self.cells.countries());
        let cells = Grid::new(types, countries, |kind, country| History {
            first,
            counts: self
                .cells
                .get(kind, country)
                .map(|counts| counts[..end].to_vec())
                .unwrap_or_default(),
        });
        let known =
            |column: &Vec<(u32, u32)>| column[..column.partition_point(|(place, _)| (*place as usize) < end)].to_vec();
        let part = |part: &PartHistory| PartHistory {
            kind: part.kind,
            columns: part.columns.iter().map(known).collect(),
        };
        (cells, self.parts.iter().map(part).collect())
    }
}

impl Rehearsal<'_> {
    /// What is known before the year that is watched: one history, drawn; a seed gives the same again.
    #[must_use]
    pub fn history(&self, truths: &Truths<'_, impl Truth>, seed: u64) -> (Grid<History>, Vec<PartHistory>) {
        let width = self.width();
        let drawn = self.draw(truths, self.history, &mut Xoshiro256PlusPlus::seed_from_u64(seed));
        drawn.before((self.first - self.history as i64) * width as i64, self.history * width)
    }

    fn width(&self) -> usize {
        self.calendars.first().map_or(1, |calendar| calendar.bin().in_coarse())
    }

    /// The counts of so many days from the history's first on.
    fn draw(&self, truths: &Truths<'_, impl Truth>, days: usize, rng: &mut Xoshiro256PlusPlus) -> Drawn {
        let (from, of) = (self.first - self.history as i64, truths.cells);
        let cells = Grid::new(of.types(), of.countries(), |kind, country| {
            let truth = of.get(kind, country);
            let laws = (from..)
                .take(days)
                .flat_map(|coarse| truth.map(|truth| truth.laws(coarse)).unwrap_or_default());
            laws.map(|law| law.draw(rng)).collect::<Vec<u64>>()
        });
        let mut part = |part: &Part| {
            let columns = cells.of_type(part.kind).zip(&part.shares);
            PartHistory {
                kind: part.kind,
                columns: columns.map(|(counts, share)| thinned(counts, *share, rng)).collect(),
            }
        };
        Drawn {
            parts: truths.parts.iter().map(&mut part).collect(),
            cells,
        }
    }

    /// The delay as it is learned from a history's last quarter, as many reports as are plenty.
    fn learned_delay(&self, counts: &Grid<Vec<u64>>, rng: &mut Xoshiro256PlusPlus) -> Delay {
        let mut came = vec![0; self.delay.bins()];
        for (.., counts) in counts.cells() {
            let known = (self.history * self.width()).saturating_sub(self.delay.bins());
            for count in &counts[known - known / 4..known] {
                for _ in 0..*count {
                    came[age(self.delay, rng)] += 1;
                }
            }
        }
        Delay::learned(&came)
    }

    /// Plays it through once, without a surge; a seed gives the same again.
    #[must_use]
    pub fn play(&self, truths: &Truths<'_, impl Truth>, seed: u64) -> Maxima {
        let Some(calendar) = self.calendars.first() else {
            return Maxima::default();
        };
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let (from, width) = (self.first - self.history as i64, self.width());
        let drawn = self.draw(truths, self.history + self.watched, &mut rng);
        let learned = self.learned_delay(&drawn.cells, &mut rng);
        let mut watched = Watched::new(&drawn, self.delay, rng);
        let mut at = self.history;
        while at < self.history + self.watched {
            let until = (at + self.refit_after.max(1)).min(self.history + self.watched);
            // What is not complete yet is not learned from.
            let late = self.delay.bins().div_ceil(width);
            let (histories, parts) = drawn.before(from * width as i64, (at - late) * width);
            let baselines = learn_all(self.calendars, &histories, &parts);
            watched.learn(baselines.parts.iter().map(|part| part.part.clone()).collect());
            for coarse in at..until {
                for (place, laws) in baselines.laws_of_coarse(from + coarse as i64).iter().enumerate() {
                    watched.pass(laws, &drawn, coarse * width + place, [self.delay, &learned]);
                }
            }
            at = until;
        }
        watched.maxima.add_years(self.watched as f64 / calendar.coarse_a_year());
        watched.maxima
    }
}

/// The incidents that are of a part, each with the same probability.
fn thinned(counts: &[u64], share: f64, rng: &mut Xoshiro256PlusPlus) -> Vec<(u32, u32)> {
    let some = (0..).zip(counts).filter(|(_, count)| **count > 0);
    let mut of = |count: u64| Binomial::new(count, share).map_or(0, |law| law.sample(rng));
    let kept = some.map(|(place, count)| (place, u32::try_from(of(*count)).unwrap_or(u32::MAX)));
    kept.filter(|(_, count)| *count > 0).collect()
}

/// All series as they are watched, and the reports that are under way.
struct Watched {
    panel: Panel,
    types: Vec<Lane>,
    parts: Vec<Lane>,
    rng: Xoshiro256PlusPlus,
    maxima: Maxima,
}

/// One row: of each column its reports that come later, by the bin in which they come, and by the age that their bin has then.
struct Lane {
    coming: Vec<Vec<Vec<u64>>>,
    /// Of the part: how far each column has been read.
    read: Vec<usize>,
    excursions: Vec<Excursion>,
    whole: Excursion,
}

impl Lane {
    fn new(columns: usize, bins: usize) -> Self {
        Self {
            coming: vec![vec![vec![0; bins]; bins]; columns],
            read: vec![0; columns],
            excursions: vec![Excursion::default(); columns],
            whole: Excursion::default(),
        }
    }

    /// So many incidents occurred in a column's bin; those come that are due now.
    fn send(
        &mut self,
        column: usize,
        count: u64,
        now: usize,
        delay: &Delay,
        rng: &mut Xoshiro256PlusPlus,
    ) -> &mut Vec<u64> {
        let (coming, bins) = (&mut self.coming[column], delay.bins());
        for _ in 0..count {
            let age = age(delay, rng);
            coming[(now + age) % bins][age] += 1;
        }
        &mut coming[now % bins]
    }
}

impl Watched {
    fn new(drawn: &Drawn, delay: &Delay, rng: Xoshiro256PlusPlus) -> Self {
        let (types, columns) = (drawn.cells.types(), drawn.cells.countries());
        let lanes = |rows: usize| (0..rows).map(|_| Lane::new(columns, delay.bins())).collect();
        Self {
            panel: Panel::new(types, columns, vec![], |_, _| None),
            types: lanes(types),
            parts: lanes(drawn.parts.len()),
            rng,
            maxima: Maxima::default(),
        }
    }

    /// A lesson: series go on as they were.
    fn learn(&mut self, parts: Vec<Part>) {
        let columns = self.types.first().map_or(0, |lane| lane.read.len());
        let before = &self.panel;
        self.panel = Panel::new(self.types.len(), columns, parts, |of, column| {
            before.lookout(of, column).cloned()
        });
    }

    /// The next bin, with so many incidents: known of them is what their delays, the true one, let through. The statistic goes by the learned.
    fn pass(&mut self, laws: &Laws, drawn: &Drawn, now: usize, [delay, learned]: [&Delay; 2]) {
        self.panel.begin(laws, learned);
        for (kind, lane) in self.types.iter_mut().enumerate() {
            for column in 0..lane.read.len() {
                let count = drawn.cells.get(kind, column).and_then(|counts| counts.get(now));
                let came = lane.send(column, count.copied().unwrap_or(0), now, delay, &mut self.rng);
                take(&mut self.panel, Of::Type(kind), column, came);
            }
        }
        for (at, (lane, part)) in self.parts.iter_mut().zip(&drawn.parts).enumerate() {
            for (column, counts) in part.columns.iter().enumerate() {
                let count = next_at(counts, &mut lane.read[column], now);
                let came = lane.send(column, count, now, delay, &mut self.rng);
                take(&mut self.panel, Of::Part(at), column, came);
            }
        }
        // All is in before anything is judged: a type's score rests on its parts too.
        self.judge(learned);
    }

    fn judge(&mut self, learned: &Delay) {
        let (panel, maxima) = (&mut self.panel, &mut self.maxima);
        let mut look = |of, column, excursion: &mut Excursion| {
            let over = excursion.take(panel.score(of, column, learned));
            over.into_iter().for_each(|highest| maxima.add(highest));
        };
        for (kind, lane) in self.types.iter_mut().enumerate() {
            for (column, excursion) in lane.excursions.iter_mut().enumerate() {
                look(Of::Type(kind), Some(column), excursion);
            }
            look(Of::Type(kind), None, &mut lane.whole);
        }
        for (at, lane) in self.parts.iter_mut().enumerate() {
            // What a part has in one column tells nobody.
            look(Of::Part(at), None, &mut lane.whole);
        }
    }
}

fn take(panel: &mut Panel, of: Of, column: usize, came: &mut [u64]) {
    for (age, incidents) in came.iter_mut().enumerate().filter(|(_, incidents)| **incidents > 0) {
        panel.came(of, column, age, std::mem::take(incidents));
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
