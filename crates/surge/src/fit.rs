//! Fits a baseline: a quasi-Poisson regression with prior knowledge, in which past outbreaks weigh less.

mod cholesky;

use crate::law::CountLaw;
use cholesky::Factor;

/// Rounds of weighing past outbreaks down; the weights stand still long before.
const WEIGHING_ROUNDS: usize = 6;
/// Newton steps a round, at most.
const NEWTON_STEPS: usize = 25;
/// A fit stands still once no coefficient moves by more.
const STILL: f64 = 1e-8;
/// The largest change of the logarithm of a mean in one step: what starts far away must not jump over its goal.
const LARGEST_STEP: f64 = 3.0;
/// Counts lose weight where chance brings so many less than once in 20,000 bins, as minus a logarithm. Noufaily et al. (2013) begin at residuals
/// of 2.58 deviations; of sparse series that takes the bins that make up the dispersion.
const OUTBREAK_ABOVE: f64 = 9.9;
/// Logarithms of means are kept within these.
const LN_MEANS: (f64, f64) = (-13.0, 20.0);

/// What the logarithm of a mean is made of: a row of numbers for each bin, the same count for each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Design {
    columns: usize,
    values: Vec<f64>,
}

impl Design {
    /// A design of so many columns, at least 1, without bins.
    #[must_use]
    pub(crate) fn new(columns: usize) -> Self {
        Self {
            columns: columns.max(1),
            values: vec![],
        }
    }

    /// Adds the bin after the last one. A row that is too short is filled up with zeros, one that is too long is cut.
    pub(crate) fn push(&mut self, row: &[f64]) {
        let given = row.iter().copied().chain(std::iter::repeat(0.0));
        self.values.extend(given.take(self.columns));
    }

    /// Its rows, in the order of the bins.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.columns)
    }

    /// How many numbers a row has.
    #[must_use]
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }
}

/// What is known of the coefficients before a series is seen: their means and precisions (one over the variance). Sparse series are drawn
/// towards it; of a plentiful one it decides nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prior {
    /// The means, one for each column.
    pub(crate) means: Vec<f64>,
    /// The precisions, one for each column, 0 or more.
    pub(crate) precisions: Vec<f64>,
    /// What is known of the dispersion.
    pub(crate) dispersion: f64,
    /// So many incidents of its own, of each bin one at most, weigh as much as that: empty bins say nothing of it.
    pub(crate) dispersion_incidents: f64,
}

/// The baseline of a series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fit {
    coefficients: Vec<f64>,
    /// Of the information about the coefficients: with it the variance of a mean's logarithm is told.
    information: Factor,
}

/// A fit, and what it saw.
pub(crate) struct Fitted {
    pub(crate) fit: Fit,
    /// Variance over mean.
    pub(crate) dispersion: f64,
    /// The weight of each bin: what was given, less where there was an outbreak.
    pub(crate) weights: Vec<f64>,
}

impl Fit {
    /// The variance of [`Fit::ln_mean`].
    #[must_use]
    pub(crate) fn ln_mean_variance(&self, row: &[f64]) -> f64 {
        self.information.variance(row)
    }

    /// One that was made before: its coefficients and the numbers of [`Fit::information`]. None if they do not fit together.
    pub(crate) fn of(coefficients: Vec<f64>, information: &[f64]) -> Option<Self> {
        Some(Self {
            information: Factor::of(coefficients.len(), information)?,
            coefficients,
        })
    }

    /// What is known about the coefficients: the rows of a triangle.
    pub(crate) fn information(&self) -> Vec<f64> {
        self.information.triangle()
    }

    /// The logarithm of the mean of a bin with this row.
    #[must_use]
    pub(crate) fn ln_mean(&self, row: &[f64]) -> f64 {
        ln_mean(&self.coefficients, row)
    }

    /// The coefficients, one for each column.
    #[must_use]
    pub(crate) fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }
}

/// Fits the counts of a design's bins, each with its weight (0 for a bin that is left out). Counts beyond the design's bins are ignored.
#[must_use]
pub(crate) fn fit(design: &Design, counts: &[u64], weights: &[f64], prior: &Prior) -> Fitted {
    let mut fitting = Fitting::new(design, counts, weights, prior);
    for _ in 0..WEIGHING_ROUNDS {
        fitting.climb();
        fitting.weigh();
    }
    fitting.climb();
    Fitted {
        fit: Fit {
            information: fitting.information(),
            coefficients: fitting.coefficients,
        },
        dispersion: fitting.dispersion,
        weights: fitting.weights,
    }
}

struct Fitting<'a> {
    design: &'a Design,
    counts: &'a [u64],
    given: &'a [f64],
    prior: &'a Prior,
    /// The given weights, less where there was an outbreak.
    weights: Vec<f64>,
    coefficients: Vec<f64>,
    dispersion: f64,
}

impl<'a> Fitting<'a> {
    fn new(design: &'a Design, counts: &'a [u64], weights: &'a [f64], prior: &'a Prior) -> Self {
        let mut coefficients = prior.means.clone();
        coefficients.resize(design.columns(), 0.0);
        Self {
            design,
            counts,
            given: weights,
            prior,
            weights: weights.to_vec(),
            coefficients,
            dispersion: prior.dispersion.max(1.0),
        }
    }

    fn bins(&self) -> impl Iterator<Item = (&'a [f64], f64, f64)> {
        let counts = self.counts.iter().map(|&count| count as f64);
        (self.design.rows().zip(counts).zip(&self.weights)).map(|((row, count), weight)| (row, count, *weight))
    }

    fn mean(&self, row: &[f64]) -> f64 {
        ln_mean(&self.coefficients, row).exp()
    }

    /// Newton's steps up the weighted likelihood and the prior.
    fn climb(&mut self) {
        for _ in 0..NEWTON_STEPS {
            let mut slope: Vec<f64> = (self
                .coefficients
                .iter()
                .zip(&self.prior.means)
                .zip(&self.prior.precisions))
            .map(|((at, mean), precision)| precision * (mean - at))
            .collect();
            for (row, count, weight) in self.bins() {
                let pull = weight * (count - self.mean(row)) / self.dispersion;
                slope.iter_mut().zip(row).for_each(|(slope, x)| *slope += pull * x);
            }
            let mut step = self.information().solve(&slope);
            let widest = self.design.rows().map(|row| dot(&step, row).abs()).fold(0.0, f64::max);
            if widest > LARGEST_STEP {
                step.iter_mut().for_each(|step| *step *= LARGEST_STEP / widest);
            }
            self.coefficients
                .iter_mut()
                .zip(&step)
                .for_each(|(at, step)| *at += step);
            if step.iter().all(|step| step.abs() < STILL) {
                break;
            }
        }
    }

    fn information(&self) -> Factor {
        let columns = self.design.columns();
        let mut matrix = vec![0.0; columns * columns];
        for (row, _, weight) in self.bins() {
            let weight = weight * self.mean(row) / self.dispersion;
            if weight > 0.0 {
                for (i, x) in row.iter().enumerate() {
                    let at = &mut matrix[i * columns..=i * columns + i];
                    at.iter_mut().zip(row).for_each(|(sum, y)| *sum += weight * x * y);
                }
            }
        }
        for (i, precision) in self.prior.precisions.iter().enumerate().take(columns) {
            matrix[i * columns + i] += precision;
        }
        Factor::new(columns, matrix)
    }

    /// Takes weight from bins that stand out above, and estimates the dispersion from the rest. In this order, from what is known beforehand
    /// upwards: one that is estimated with the outbreaks in it explains them all.
    fn weigh(&mut self) {
        let weights = (self.design.rows().zip(self.counts).zip(self.given)).map(|((row, &count), given)| {
            let surprise = CountLaw::new(self.mean(row), self.dispersion).surprise(count);
            given * (OUTBREAK_ABOVE / surprise.max(OUTBREAK_ABOVE)).powi(2)
        });
        self.weights = weights.collect();
        let mut spread = Spread::default();
        for (row, count, weight) in self.bins() {
            spread.add(self.mean(row), count, weight);
        }
        self.dispersion = spread.dispersion(self.design.columns(), self.prior);
    }
}

/// How far counts were from their means.
#[derive(Default)]
pub(crate) struct Spread {
    squares: f64,
    bins: f64,
    incidents: f64,
}

impl Spread {
    pub(crate) fn add(&mut self, mean: f64, count: f64, weight: f64) {
        self.squares += weight * (count - mean).powi(2) / mean;
        self.bins += weight;
        self.incidents += weight * mean.min(1.0);
    }

    /// Pearson's estimate of the dispersion, after so many coefficients were fitted, drawn towards the prior's.
    pub(crate) fn dispersion(&self, coefficients: usize, prior: &Prior) -> f64 {
        let own = self.squares / (self.bins - coefficients as f64).max(1.0);
        let total = self.incidents + prior.dispersion_incidents;
        let drawn =
            (self.incidents * own + prior.dispersion_incidents * prior.dispersion) / total.max(f64::MIN_POSITIVE);
        drawn.max(1.0)
    }
}

fn ln_mean(coefficients: &[f64], row: &[f64]) -> f64 {
    dot(coefficients, row).clamp(LN_MEANS.0, LN_MEANS.1)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
