//! What a run does, and how often.

use serde::Serialize;

use super::rows::Draw;

/// Sizes and repetitions.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Plan {
    /// Rows of the input.
    pub(super) rows: usize,
    /// Of us, before the peers run, and again after them.
    pub(super) repetitions: usize,
    /// Of each peer and number of threads; the best counts.
    pub(super) peer_repetitions: usize,
    /// Of each peer on each of the other inputs, with one thread.
    pub(super) peer_repetitions_elsewhere: usize,
    /// Live keys of the run on many.
    pub(super) live_keys: u32,
    /// Sightings on these keys once all are there.
    pub(super) on_live_keys: usize,
    /// Accesses of the memory probe in each repetition.
    pub(super) accesses: usize,
    /// Inputs on which the ratio to the peers must hold too.
    pub(super) elsewhere: Vec<Draw>,
}

impl Plan {
    pub(super) fn new(quick: bool) -> Self {
        let rows = if quick { 100_000 } else { 1_000_000 };
        let elsewhere = [(7, 0.8), (7, 1.4), (23, 1.1)];
        let draws = elsewhere.map(|(seed, exponent)| Draw { rows, seed, exponent });
        let (repetitions, peer_repetitions, peer_repetitions_elsewhere) = if quick { (2, 2, 2) } else { (3, 4, 3) };
        Self {
            rows,
            repetitions,
            peer_repetitions,
            peer_repetitions_elsewhere,
            live_keys: if quick { 500_000 } else { 10_000_000 },
            on_live_keys: if quick { 200_000 } else { 2_000_000 },
            accesses: if quick { 16_000_000 } else { 64_000_000 },
            elsewhere: draws.to_vec(),
        }
    }
}
