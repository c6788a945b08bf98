//! What the series may truly be like, as far as it is known.

use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::baseline::{Baseline, History, MARGIN_INCIDENTS};
use crate::grid::Grid;

/// The variance of a dispersion's logarithm, above 1, that rests on one incident. Of sparse counts the dispersion is told by the pairs in a bin, n
/// incidents telling it (less 1) with a relative variance of 15 to 16 over n where it is 1.5 to 2: from the fourth moment of the logarithmic law.
const VARIANCE_OF_ONE: f64 = 16.0;

/// The same baselines with dispersions as they may truly be. What is learned of sparse series is drawn towards their margins, so that they look more
/// alike than they are, and it is those with more dispersion than theirs that raise most of the rarest scores: years that are
/// played without that are too quiet. A seed gives the same again.
#[must_use]
pub fn imagine(cells: &Grid<Baseline>, histories: &Grid<History>, seed: u64) -> Grid<Baseline> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let imagined = cells.cells().map(|(kind, country, cell)| {
        let own = histories
            .get(kind, country)
            .map_or(0, |history| history.counts.iter().sum::<u64>());
        let variance = VARIANCE_OF_ONE / (own as f64 + MARGIN_INCIDENTS);
        let normal: f64 = StandardNormal.sample(&mut rng);
        // Of mean one.
        cell.with_dispersion_above_one((variance.sqrt() * normal - variance / 2.0).exp())
    });
    Grid::of_cells(cells.countries(), imagined.collect()).unwrap_or_else(|| cells.clone())
}
