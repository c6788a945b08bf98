//! What looking at reports whole costs: the correlation core as shipped, and beside it surges and cascades.
//!
//! One thread does all of it, so that CPU time can be told apart: fold, count and assess under the built-in rules; and surges and cascades on
//! the same reports, with a lesson for every type and country in force. In the service they run on a thread of their own.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use chappe_correlate::{CascadePolicy, Connection, Dependencies, Dependency, Detectors, Intake, Overview, Shard};
use chappe_model::limits::SURGE_SECTORS;
use chappe_model::{
    Accepted, Alert, Country, Policy, Secret, Sector, Severity, SurgeLessonPart, SurgeNumbers, SurgeSector, Timestamp,
    built_in_rules,
};
use serde::Serialize;

use crate::core::{COUNTRIES, Reports, Said, TYPES};
use crate::cpu::{Spent, Started, per_second};
use crate::machine::Machine;
use crate::page;
use crate::table::{head, median, number, row};

const REPORTS: usize = 400_000;
const QUICK_REPORTS: usize = 40_000;
const REPETITIONS: usize = 3;
/// Reports a second of log time.
const A_SECOND: usize = 1_000;
/// Reports that are made at once.
const BATCH: usize = 10_000;
/// Indicators of a report, of this many.
const INDICATORS: usize = 4;
const VALUES: u32 = 1_000_000;
const SEED: u64 = 0x5e_7e_c7;
/// A full hour of log time to begin at.
const BEGIN_MS: u64 = 480_000 * HOUR_MS;
const HOUR_MS: u64 = 3_600_000;
/// Reports are in within a day.
const DELAY_BINS: u32 = 24;
/// Sectors of each type that are watched: as many as may be of all types.
const SECTORS_OF_A_TYPE: usize = SURGE_SECTORS / TYPES.len();
/// Coefficients of a baseline by hours.
const COEFFICIENTS: usize = 13;
/// Of a hundred reports so many name a sector, and so many are of high severity.
const WITH_SECTOR: u32 = 30;
const SEVERE: u32 = 10;

/// What was measured.
#[derive(Debug, Serialize)]
struct Figures {
    machine: Machine,
    reports: usize,
    core: f64,
    rows: Vec<Row>,
}

/// One set of detectors beside the core.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    nanoseconds_per_report: f64,
    /// Reports by CPU-second with it, by that without.
    ratio: f64,
    alerts: usize,
}

pub(crate) fn command(root: &Path, quick: bool, write_docs: bool) -> Result<()> {
    let folder = root.join("target/bench");
    std::fs::create_dir_all(&folder)?;
    let count = if quick { QUICK_REPORTS } else { REPORTS };
    let cores: Vec<f64> = repeated(|| Ok(core(count)?.cpu_seconds))?;
    let of_core = median(cores);
    let mut rows = vec![];
    for (name, surges, cascades) in [
        ("surges", true, false),
        ("cascades", false, true),
        ("surges and cascades", true, true),
    ] {
        let detectors = Detectors {
            surges,
            cascades: cascades.then(|| cascade_policy().map(Arc::new)).transpose()?,
            ..Detectors::default()
        };
        let mut alerts = 0;
        let spent = repeated(|| {
            let (spent, told) = overview(count, &detectors)?;
            alerts = told;
            Ok(spent.cpu_seconds)
        })?;
        let spent = median(spent);
        rows.push(Row {
            name,
            nanoseconds_per_report: spent * 1e9 / count as f64,
            ratio: of_core / (of_core + spent),
            alerts,
        });
    }
    let figures = Figures {
        machine: Machine::look(&folder),
        reports: count,
        core: per_second(count, of_core),
        rows,
    };
    std::fs::write(
        folder.join("detectors.json"),
        serde_json::to_string_pretty(&figures)? + "\n",
    )?;
    let tables = figures.tables();
    println!("{tables}");
    if write_docs {
        page::refresh(root, "detectors", &tables)?;
    }
    Ok(())
}

fn repeated(mut run: impl FnMut() -> Result<f64>) -> Result<Vec<f64>> {
    (0..REPETITIONS).map(|_| run()).collect()
}

/// Batches of the same reports each time, with the log time behind each; making them is not measured.
fn each_batch(count: usize, mut take: impl FnMut(&[Accepted], Timestamp) -> Result<()>) -> Result<()> {
    let reports = Reports::new(Secret::new([7; 32]))?;
    let mut rng = fastrand::Rng::with_seed(SEED);
    for from in (0..count).step_by(BATCH) {
        let batch = (from..(from + BATCH).min(count)).map(|nth| report(&reports, &mut rng, nth));
        let batch: Vec<Accepted> = batch.collect::<Result<_>>()?;
        let until = Timestamp::from_millis(time(from + batch.len()));
        take(&batch, until)?;
    }
    Ok(())
}

fn time(nth: usize) -> u64 {
    BEGIN_MS + HOUR_MS + (nth * 1_000 / A_SECOND) as u64
}

fn report(reports: &Reports, rng: &mut fastrand::Rng, nth: usize) -> Result<Accepted> {
    let indicators: Vec<u32> = (0..INDICATORS).map(|_| rng.u32(..VALUES)).collect();
    let said = Said {
        number: nth as u64,
        time: time(nth),
        country: u8::try_from(rng.usize(..COUNTRIES.len()))?,
        kind: u8::try_from(rng.usize(..TYPES.len()))?,
        indicators: &indicators,
    };
    let mut accepted = reports.report(&said)?;
    if rng.u32(..100) < WITH_SECTOR {
        accepted
            .incident
            .sectors
            .insert(Sector::ALL[rng.usize(..Sector::ALL.len())]);
    }
    if rng.u32(..100) < SEVERE {
        accepted.incident.severity = Severity::High;
    }
    Ok(accepted)
}

/// Fold, count and assess, under the built-in rules.
fn core(count: usize) -> Result<Spent> {
    let secret = Secret::new([7; 32]);
    let policy = Arc::new(Policy::new(1, built_in_rules(), 300_000, vec![], vec![])?);
    let mut intake = Intake::new(&secret, &policy, 1);
    let mut shard = Shard::new(secret, &policy, 1);
    let (mut emitted, mut sightings, mut alerts, mut spent) = (vec![], vec![], vec![], Spent::default());
    shard.settle(&mut alerts);
    each_batch(count, |batch, until| {
        let started = Started::now();
        for second in batch.chunks(A_SECOND) {
            for accepted in second {
                let at = intake.record(0, accepted.reported_at, accepted, &mut emitted);
                sightings.extend(emitted.drain(..).map(|sighting| (at, sighting)));
            }
            shard.apply_all(&sightings, &mut alerts);
            sightings.clear();
            let passed = second.last().map_or(until, |last| last.reported_at);
            if let Some(watermark) = intake.mark(0, passed) {
                shard.pass(watermark);
                while shard.go_on(usize::MAX, &mut alerts) {}
            }
            alerts.clear();
        }
        spent = spent.then(started.spent());
        Ok(())
    })?;
    Ok(spent)
}

/// What looks at reports whole; how much was told.
fn overview(count: usize, detectors: &Detectors) -> Result<(Spent, usize)> {
    let mut overview = Overview::new(&Secret::new([7; 32]), detectors, 1).context("nothing is looked for")?;
    let (mut told, mut alerts, mut spent): (usize, Vec<Alert>, _) = (0, vec![], Spent::default());
    overview.settle(&mut alerts);
    if detectors.surges {
        for part in lesson()? {
            overview.learn(Timestamp::from_millis(BEGIN_MS), part);
        }
        overview.advance(Timestamp::from_millis(BEGIN_MS + HOUR_MS), &mut alerts);
        if overview.lesson() != 1 {
            bail!("the lesson is not in force");
        }
    }
    each_batch(count, |batch, until| {
        // The service hands each report over in a box of its own.
        let batch: Vec<Box<Accepted>> = batch.iter().cloned().map(Box::new).collect();
        let started = Started::now();
        for second in batch.chunks(A_SECOND) {
            second
                .iter()
                .for_each(|accepted| overview.take(accepted.reported_at, accepted));
            let passed = second.last().map_or(until, |last| last.reported_at);
            overview.advance(passed, &mut alerts);
            told += alerts.len();
            alerts.clear();
        }
        spent = spent.then(started.spent());
        Ok(())
    })?;
    Ok((spent, told))
}

fn cascade_policy() -> Result<CascadePolicy> {
    let on_energy = Sector::ALL.into_iter().filter(|sector| *sector != Sector::Energy);
    let dependencies = on_energy.map(|sector| Dependency {
        on: Sector::Energy,
        sector,
        hours: 24,
        why: "power".into(),
    });
    let countries: Vec<Country> = Country::eu27().collect();
    let grid = Connection {
        sector: Sector::Energy,
        countries: countries.windows(2).map(|pair| [pair[0], pair[1]]).collect(),
        hours: 12,
        why: "one grid".into(),
    };
    Ok(CascadePolicy::new(Dependencies::new(
        "bench",
        dependencies.collect(),
        vec![grid],
    )?))
}

/// As much as comes is expected of every type and country.
fn lesson() -> Result<Vec<SurgeLessonPart>> {
    let mut columns = vec![None];
    for country in COUNTRIES {
        columns.push(Some(Country::parse(country)?));
    }
    let types = TYPES
        .iter()
        .map(|(_, of)| Ok(of.parse()?))
        .collect::<Result<Vec<_>>>()?;
    let an_hour = (A_SECOND * 3_600) as f64 / (COUNTRIES.len() * TYPES.len()) as f64;
    let known = (1..=DELAY_BINS).map(|age| {
        if age == DELAY_BINS {
            1.0
        } else {
            1.0 - (-f64::from(age) / 0.5).exp()
        }
    });
    let known: Vec<f64> = known.collect();
    let share = f64::from(WITH_SECTOR) / 100.0 / Sector::ALL.len() as f64;
    let sector = |sector| SurgeSector {
        sector,
        shares: vec![share; columns.len()],
        whole: Some(numbers(an_hour * share * COUNTRIES.len() as f64)),
    };
    let sectors: Vec<SurgeSector> = Sector::ALL.into_iter().take(SECTORS_OF_A_TYPE).map(sector).collect();
    let part = |part| SurgeLessonPart {
        number: 1,
        nonce: 9,
        bin_seconds: 3_600,
        false_alarms_per_year: 12,
        threshold_milli: 14_000,
        known: known.clone(),
        cells: columns.iter().map(|_| numbers(an_hour)).collect(),
        whole: Some(numbers(an_hour * COUNTRIES.len() as f64)),
        sectors: sectors.clone(),
        columns: columns.clone(),
        types: types.clone(),
        part,
    };
    Ok((0..types.len()).map(part).collect())
}

fn numbers(an_hour: f64) -> SurgeNumbers {
    let mut coefficients = vec![0.0; COEFFICIENTS];
    coefficients[0] = (24.0 * an_hour).ln();
    let information =
        (0..COEFFICIENTS).flat_map(|row| (0..=row).map(move |column| if row == column { 1e9 } else { 0.0 }));
    SurgeNumbers {
        origin: 20_000,
        coefficients,
        information: information.collect(),
        profile: vec![1.0 / 24.0; 48],
        dispersion: 1.5,
    }
}

impl Figures {
    fn tables(&self) -> String {
        let core = format!("{} reports by CPU-second without", number(self.core, 0));
        let mut lines = head(&["looked for", "µs a report", "throughput, of without", "alerts told"]);
        for one in &self.rows {
            let (cost, ratio) = (number(one.nanoseconds_per_report / 1e3, 2), number(one.ratio, 2));
            lines.push(row(&[one.name, &cost, &ratio, &one.alerts.to_string()]));
        }
        format!("{core}, of {INDICATORS} indicators each:\n\n{}", lines.join("\n"))
    }
}
