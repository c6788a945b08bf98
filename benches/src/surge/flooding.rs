//! One member that reports a hundred times as much as usual: what it raises over all countries, and what it hides.

use chappe_surge::{Baselines, CountLaw, Delay, Grid, Laws, Of, Panel, Truth};

use super::figures::Flooding;
use super::installation::{Installation, Made};

/// Surges that are planted, each once without a flood, once beside one from elsewhere, and once with one of its own countries flooding.
const SURGES: u64 = 1_200;
/// So many times as much as usual the flooding member reports.
const FLOOD: f64 = 100.0;
/// Weeks: before anything happens; before the surge the flood begins; the surge.
const QUIET: usize = 4;
const FLOOD_BEFORE: usize = 1;
const SURGE: usize = 4;
/// Countries that a surge has, and how much more they then have, in turns.
const COUNTRIES_AT_ONCE: [usize; 3] = [4, 6, 10];
const MORE: [f64; 2] = [1.0, 2.0];
const SEED: u64 = 21;

/// Where the flood comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flood {
    No,
    Elsewhere,
    Within,
}

/// At a threshold that keeps a budget, over baselines that were learned.
pub(super) fn flooding(installation: &Installation, baselines: &Baselines, first: i64, threshold: f64) -> Flooding {
    let raised = |surge: bool, flood: Flood| -> u64 {
        let trials = (0..SURGES).map(|nth| Trial {
            installation,
            baselines,
            first,
            nth,
        });
        trials.filter(|trial| trial.highest(surge, flood) > threshold).count() as u64
    };
    Flooding {
        surges: SURGES,
        found_without: raised(true, Flood::No),
        found_beside: raised(true, Flood::Elsewhere),
        found_within: raised(true, Flood::Within),
        raised_by_none: raised(false, Flood::No),
        raised_by_flood: raised(false, Flood::Elsewhere),
    }
}

struct Trial<'a> {
    installation: &'a Installation,
    baselines: &'a Baselines,
    first: i64,
    nth: u64,
}

impl Trial<'_> {
    /// The highest score over all countries in the weeks of the surge.
    fn highest(&self, surge: bool, flood: Flood) -> f64 {
        let truths = &self.installation.truths;
        let (types, countries) = (truths.types(), truths.countries());
        let mut rng = fastrand::Rng::with_seed(SEED + self.nth);
        let kind = self.nth as usize % types;
        let mut order: Vec<usize> = (0..countries).collect();
        rng.shuffle(&mut order);
        let hit = &order[..COUNTRIES_AT_ONCE[self.nth as usize % COUNTRIES_AT_ONCE.len()]];
        let more = MORE[(self.nth as usize / 3) % MORE.len()];
        let flooding = match flood {
            Flood::No => None,
            Flood::Elsewhere => order.last().copied(),
            Flood::Within => order.first().copied(),
        };
        let begins = self.first + rng.i64(0..40);
        let (delay, mut panel) = (Delay::none(), Panel::new(1, countries, vec![], |_, _| None));
        let mut highest: f64 = 0.0;
        for week in 0..QUIET + SURGE {
            let at = begins + week as i64;
            panel.begin(&self.laws(kind, at), &delay);
            for country in 0..countries {
                let law = truths.get(kind, country).map(|truth| law_of(truth, at));
                let Some(law) = law else { continue };
                let mut count = law.draws(1, rng.u64(..))[0];
                let extra = CountLaw::new(law.mean() * more, law.dispersion()).draws(1, rng.u64(..))[0];
                if surge && week >= QUIET && hit.contains(&country) {
                    count += extra;
                }
                if week + FLOOD_BEFORE >= QUIET && flooding == Some(country) {
                    count += (law.mean() * FLOOD).ceil() as u64;
                }
                panel.came(Of::Type(0), country, 0, count);
            }
            let score = panel.score(Of::Type(0), None, &delay);
            if week >= QUIET {
                highest = highest.max(score);
            }
        }
        highest
    }

    fn laws(&self, kind: usize, at: i64) -> Laws {
        let countries = self.installation.truths.countries();
        let of = |law: &chappe_surge::Baseline| law.law(at);
        let cell = |country| self.baselines.cells.get(kind, country).map(of);
        Laws {
            cells: Grid::new(1, countries, |_, country| {
                cell(country).unwrap_or(CountLaw::new(1.0, 1.0))
            }),
            wholes: vec![self.baselines.wholes.get(kind).and_then(|whole| whole.as_ref().map(of))],
            parts: vec![],
        }
    }
}

fn law_of(truth: &Made, at: i64) -> CountLaw {
    truth.laws(at)[0]
}
