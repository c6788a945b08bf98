//! The one place that knows the core: rules as `serve` loads them, sightings as its fold makes them, and the shard that it runs.

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use chappe_correlate::{COALESCE_MS, Firing, Intake, Shard, Sighting, shard_of};
use chappe_model::{Alert, Policy, Rule, Secret, Timestamp};
use chappe_sigma::{SourceText, load};

use super::correlation::{Correlation, Pair, Sums};
use super::reports::{Reports, Said};
use super::rows::Rows;
use super::sigma;
use crate::cpu::{Spent, Started};

/// Log time passes in steps of this many milliseconds. At a million rows a second an hour of the input takes 6 ms, while an installation marks
/// time once a second: so what a step costs, letting go of what is old and drawing alerts, is paid far more often here than there.
pub(crate) const STEP_MS: u64 = 3_600_000;
/// And where the drawing of alerts is to be seen: as often as a change of counts alone may be told, at the input's own pace of 1.65 rows a
/// second.
pub(crate) const TELLING_STEP_MS: u64 = COALESCE_MS;
/// How long after its window a report may still be revised, in milliseconds: as an installation begins with.
const LATENESS_MS: u64 = 300_000;
/// Sightings whose keys are read ahead together.
const AHEAD: usize = 64;
/// Keys that the worker of a shard judges in one go.
const SLICE_KEYS: usize = 512;
/// Sightings that a ring holds.
const RING: usize = 1_024;
/// A run that takes longer is cut off, and says so.
const LONGEST_RUN: Duration = Duration::from_secs(20);
/// Cache lines of 64 bytes outside all caches that one sighting is expected to touch: for the comparison with memory's own rate.
pub(super) const LINES_TOUCHED: f64 = 4.0;

/// A sighting and the log time of the report that it comes from.
pub(crate) type Stamped = (Timestamp, Sighting);

/// What a shard told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    /// Sightings taken: all, unless the run was cut off.
    pub(crate) taken: usize,
    /// Sums over findings, one for each firing.
    pub(crate) sums: Sums,
    /// Revisions of alerts.
    pub(crate) alerts: u64,
    /// What of the time went into what comes after findings: drawing alerts, and telling them.
    pub(crate) telling: Spent,
}

/// Rules in force, and what is needed to run them.
pub(crate) struct Core {
    secret: Secret,
    policy: Arc<Policy>,
    reports: Reports,
}

/// The rules, through the loader that `serve` uses.
fn loaded(rules: &[&Correlation]) -> Result<Vec<Rule>> {
    let text = sigma::text(rules);
    Ok(load(&[SourceText::new("bench.yml", &text)])?.rules)
}

impl Core {
    pub(crate) fn new(rules: &Pair) -> Result<Self> {
        Self::with(&[&rules.first, &rules.second])
    }

    pub(crate) fn with(rules: &[&Correlation]) -> Result<Self> {
        let secret = Secret::new([7; 32]);
        Ok(Self {
            policy: Arc::new(Policy::new(1, loaded(rules)?, LATENESS_MS, vec![], vec![])?),
            reports: Reports::new(secret.clone())?,
            secret,
        })
    }

    /// The sightings of all rows.
    pub(crate) fn folded(&self, rows: &Rows) -> Result<Vec<Stamped>> {
        let mut folder = self.folder();
        let mut sightings = Vec::with_capacity(2 * rows.len());
        for row in 0..rows.len() {
            let said = Said {
                number: row as u64,
                time: rows.time[row],
                country: rows.country[row],
                kind: rows.kind[row],
                indicators: &[rows.indicator[row]],
            };
            folder.fold(&said, &mut sightings)?;
        }
        Ok(sightings)
    }

    /// Folds report by report, and keeps what a fold keeps.
    pub(crate) fn folder(&self) -> Folder<'_> {
        Folder {
            reports: &self.reports,
            intake: Intake::new(&self.secret, &self.policy, 1),
            emitted: vec![],
        }
    }

    /// A shard as `serve` has it once it has read its log.
    pub(crate) fn shard(&self) -> OneShard {
        let mut shard = Shard::new(self.secret.clone(), &self.policy, 1);
        let mut alerts = vec![];
        shard.settle(&mut alerts);
        OneShard {
            shard,
            firings: vec![],
            alerts,
            told: Told::default(),
        }
    }

    /// Each part through a shard of its own, all beginning together; log time passes in steps of `step_ms`.
    pub(crate) fn run(&self, parts: Vec<Vec<Stamped>>, step_ms: u64) -> Result<(Told, Spent)> {
        let start = Barrier::new(parts.len());
        let one = |part: Vec<Stamped>| {
            let mut shard = self.shard();
            start.wait();
            let started = Started::now();
            shard.take_all(&part, step_ms);
            let spent = started.spent();
            (shard.told(), spent)
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = parts.into_iter().map(|part| scope.spawn(|| one(part))).collect();
            let mut whole: Option<(Told, Spent)> = None;
            for thread in threads {
                let (told, spent) = thread.join().ok().context("a shard failed")?;
                whole = Some(whole.map_or((told, spent), |(all, beside)| (all.plus(told), beside.beside(spent))));
            }
            whole.context("there was no part to run")
        })
    }
}

/// Deals sightings to the shards that own their keys, as the router does.
pub(crate) fn routed(sightings: Vec<Stamped>, shards: usize) -> Vec<Vec<Stamped>> {
    let mut parts: Vec<Vec<Stamped>> = (0..shards).map(|_| Vec::with_capacity(sightings.len())).collect();
    for stamped in sightings {
        parts[shard_of(stamped.1.key_hash, shards)].push(stamped);
    }
    parts
}

/// The same into buffers that are emptied when they are full, as rings are: what dealing costs without memory of its own.
pub(crate) fn routed_by_rings(sightings: Vec<Stamped>, shards: usize) -> usize {
    let mut rings: Vec<Vec<Stamped>> = (0..shards).map(|_| Vec::with_capacity(RING)).collect();
    let mut emptied = 0;
    for stamped in sightings {
        let ring = &mut rings[shard_of(stamped.1.key_hash, shards)];
        ring.push(stamped);
        if ring.len() == RING {
            ring.clear();
            emptied += 1;
        }
    }
    emptied
}

/// See [`Core::folder`].
pub(crate) struct Folder<'a> {
    reports: &'a Reports,
    intake: Intake,
    emitted: Vec<Sighting>,
}

impl Folder<'_> {
    pub(crate) fn fold(&mut self, said: &Said<'_>, sightings: &mut Vec<Stamped>) -> Result<()> {
        let accepted = self.reports.report(said)?;
        let time = self
            .intake
            .record(0, accepted.reported_at, &accepted, &mut self.emitted);
        sightings.extend(self.emitted.drain(..).map(|sighting| (time, sighting)));
        Ok(())
    }
}

/// One shard, and what it told.
pub(crate) struct OneShard {
    shard: Shard,
    firings: Vec<Firing>,
    alerts: Vec<Alert>,
    told: Told,
}

impl OneShard {
    /// Takes sightings in the order of their log times.
    pub(crate) fn take(&mut self, sightings: &[Stamped]) {
        sightings.chunks(AHEAD).for_each(|batch| self.take_ahead(batch));
    }

    /// Log time has passed: what changed is told, and what is old goes.
    pub(crate) fn pass(&mut self, millis: u64) {
        self.shard.pass(Timestamp::from_millis(millis));
        let started = Started::now();
        while self.shard.tell(usize::MAX, &mut self.alerts) {}
        self.told.telling = self.told.telling.then(started.spent());
        while self.shard.let_go(usize::MAX, &mut self.alerts) {}
        self.empty();
    }

    /// The same, to be gone on with.
    pub(crate) fn begin_pass(&mut self, millis: u64) {
        self.shard.pass(Timestamp::from_millis(millis));
    }

    /// A slice of what follows, as the worker of a shard takes it; whether more may be left.
    pub(crate) fn go_on(&mut self) -> bool {
        let more = self.shard.go_on(SLICE_KEYS, &mut self.alerts);
        self.empty();
        more
    }

    fn empty(&mut self) {
        self.told.alerts += self.alerts.len() as u64;
        self.alerts.clear();
    }

    /// Takes sightings, and lets log time pass between them; for as long as a run may last.
    pub(crate) fn take_all(&mut self, sightings: &[Stamped], step_ms: u64) {
        let begun = Instant::now();
        let mut next_mark = sightings.first().map_or(0, |(time, _)| time.as_millis() + step_ms);
        let mut rest = sightings;
        while !rest.is_empty() && begun.elapsed() < LONGEST_RUN {
            let ahead = rest.iter().take(AHEAD);
            let due = ahead.take_while(|(time, _)| time.as_millis() < next_mark).count();
            if due > 0 {
                let (batch, behind) = rest.split_at(due);
                self.take_ahead(batch);
                rest = behind;
            } else {
                self.pass(next_mark - 1);
                next_mark += step_ms;
            }
        }
        self.pass(next_mark - 1);
    }

    /// As the worker of a shard does with what its ring holds.
    fn take_ahead(&mut self, batch: &[Stamped]) {
        black_box(self.shard.read_ahead(batch.iter().map(|(_, sighting)| sighting)));
        let sightings = batch.iter().map(|(at, sighting)| (*at, sighting));
        self.shard.find(sightings, &mut self.firings);
        self.told.taken += batch.len();
        for firing in self.firings.drain(..) {
            let fires = u64::from(firing.fires);
            if firing.rule == 0 {
                self.told.sums.r1 += fires;
            } else {
                self.told.sums.r2 += fires * u64::from(firing.measured);
            }
        }
    }

    pub(crate) fn told(&self) -> Told {
        self.told
    }
}

impl Told {
    fn plus(self, other: Self) -> Self {
        Self {
            taken: self.taken + other.taken,
            sums: self.sums.plus(other.sums),
            alerts: self.alerts + other.alerts,
            telling: self.telling.beside(other.telling),
        }
    }
}
