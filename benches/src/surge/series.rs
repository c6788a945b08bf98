//! The input: weekly series with known outbreaks, as `benches/peers/surge/scenarios.py` draws them.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use chappe_surge::CountLaw;

use crate::made;

/// Weeks of a year, as the series have it.
pub(super) const YEAR: f64 = 52.0;
/// First week that is judged; 49 are.
pub(super) const JUDGED_FROM: usize = 575;
/// Logarithm of the mean, and variance over mean.
const LEVELS: [(f64, f64); 7] = [
    (0.1, 1.5),
    (-2.0, 2.0),
    (1.5, 1.0),
    (0.5, 5.0),
    (2.5, 3.0),
    (3.75, 1.1),
    (5.0, 1.2),
];
/// Trend a week, and waves of the year.
const SHAPES: [(f64, usize); 6] = [(0.0, 0), (0.0025, 0), (0.0, 1), (0.0025, 1), (0.0, 2), (0.0025, 2)];

pub(super) struct Series {
    /// From 1 on.
    pub(super) scenario: usize,
    pub(super) replicate: usize,
    pub(super) counts: Vec<u64>,
    /// Cases that the outbreaks added.
    pub(super) added: Vec<u64>,
}

impl Series {
    /// The true law of a week without its outbreak.
    pub(super) fn true_law(&self, week: usize) -> CountLaw {
        let scenario = self.scenario - 1;
        let ((level, dispersion), (trend, waves)) = (LEVELS[scenario % LEVELS.len()], SHAPES[scenario / LEVELS.len()]);
        let (swing, trend) = if level < 2.0 { (0.6, trend) } else { (0.2, trend / 4.0) };
        // The generator counts its weeks from 1.
        let week = (week + 1) as f64;
        let wave = |wave: usize| {
            let (sin, cos) = (TAU * wave as f64 * week / YEAR).sin_cos();
            swing * (sin + cos)
        };
        let season: f64 = (1..=waves).map(wave).sum();
        CountLaw::new((level + trend * week + season).exp(), dispersion)
    }
}

/// Draws the input of a seed into a file.
pub(super) fn generate(root: &Path, folder: &Path, seed: u64, replicates: usize) -> Result<PathBuf> {
    let out = folder.join(format!("scenarios-{seed}-{replicates}.csv"));
    made::once(&out, |unfinished| {
        let mut command = made::python(&root.join("benches/peers/surge/scenarios.py"));
        command.args([seed.to_string(), replicates.to_string()]).arg(unfinished);
        command
    })?;
    Ok(out)
}

/// Reads what was drawn.
pub(super) fn read(file: &Path) -> Result<Vec<Series>> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mut found: BTreeMap<(usize, usize), Series> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let numbers: Vec<u64> = line
            .split(',')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .with_context(|| line.to_owned())?;
        let [scenario, replicate, _, count, added] = numbers.as_slice() else {
            bail!("a line of {} has not five numbers: {line}", file.display());
        };
        let (scenario, replicate) = (usize::try_from(*scenario)?, usize::try_from(*replicate)?);
        let series = found.entry((scenario, replicate)).or_insert_with(|| Series {
            scenario,
            replicate,
            counts: vec![],
            added: vec![],
        });
        series.counts.push(*count);
        series.added.push(*added);
    }
    Ok(found.into_values().collect())
}
