//! The recorded log through the core that serves, in log time.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use chappe_correlate::{Detectors, Engine, Intake, Overview, Sighting, SurgePolicy};
use chappe_correlation::{Options, next_look};
use chappe_eventlog::{EventLog, Topic};
use chappe_model::{Accepted, Alert, AlertId, Policy, SurgeLessonPart, Timestamp};

use crate::recorded_log::{Entry, RecordedLog, What};

/// The epoch of what is told here. It stands in no log.
const EPOCH: u64 = 1;
/// Tells lessons of this run from none: there is no other that could learn the same.
const NONCE: u64 = 0;

/// What is looked for.
pub(super) struct Sought {
    options: Options,
    /// Where another budget is asked for than the recorded lessons keep, they are learned anew.
    learns: Option<SurgePolicy>,
}

impl Sought {
    pub(super) fn new(mut options: Options, false_alarms_per_year: Option<u32>) -> Self {
        let learns = false_alarms_per_year.map(|alarms| SurgePolicy {
            false_alarms_per_year: alarms,
            ..options.surges.unwrap_or_default()
        });
        options.surges = learns.or(options.surges);
        Self { options, learns }
    }
}

/// By what was judged.
pub(super) struct JudgedBy {
    pub(super) policy: Policy,
    pub(super) detectors: Detectors,
}

/// A run over a recorded log, and what it told.
pub(super) struct Rerun<'l> {
    recorded: &'l RecordedLog,
    pub(super) judged_by: JudgedBy,
    engine: Engine,
    whole: Option<Whole>,
    /// Each alert as it was told last.
    pub(super) told: BTreeMap<AlertId, Alert>,
    pub(super) reports: u64,
    pub(super) faults: Vec<String>,
    /// The log time of the last record.
    pub(super) reached: Timestamp,
}

/// What looks at reports whole. The intake gives it log time; its keys are of no rule.
struct Whole {
    intake: Intake,
    sightings: Vec<Sighting>,
    overview: Overview,
    learns: Option<SurgePolicy>,
    look_at: Timestamp,
    emitted: Vec<Alert>,
}

impl<'l> Rerun<'l> {
    pub(super) fn new(recorded: &'l RecordedLog, sought: Sought) -> Result<Self> {
        let Sought { options, learns } = sought;
        let (secret, detectors) = (&recorded.secret, options.detectors());
        let partitions = recorded.log.partitions(Topic::Incidents);
        let mut engine = Engine::new(secret, options.policy.clone(), partitions, 1, EPOCH);
        engine.settle();
        let no_rules = Policy::new(1, vec![], 0, vec![], vec![]).context("no rules at all")?;
        let whole = Overview::new(secret, &detectors, EPOCH).map(|mut overview| {
            overview.settle(&mut vec![]);
            Whole {
                intake: Intake::new(secret, &Arc::new(no_rules), partitions),
                sightings: vec![],
                overview,
                learns,
                look_at: Timestamp::ZERO,
                emitted: vec![],
            }
        });
        let judged_by = JudgedBy {
            policy: options.policy,
            detectors,
        };
        Ok(Self {
            recorded,
            judged_by,
            engine,
            whole,
            told: BTreeMap::new(),
            reports: 0,
            faults: vec![],
            reached: Timestamp::ZERO,
        })
    }

    /// Reads to the end, or to a log time, and lets nothing wait that could be told.
    pub(super) fn run(mut self, until: Option<Timestamp>) -> Result<Self> {
        for entry in self.recorded.entries() {
            let entry = entry?;
            if until.is_some_and(|until| entry.log_time > until) {
                break;
            }
            self.reached = self.reached.max(entry.log_time);
            self.take(entry);
        }
        self.engine.flush();
        if let Some(whole) = &mut self.whole {
            whole.overview.flush(&mut whole.emitted);
        }
        self.note();
        Ok(self)
    }

    fn take(&mut self, entry: Entry) {
        let (partition, stamp) = (entry.partition, entry.stamp);
        match entry.what {
            What::Report(accepted) => {
                self.reports += 1;
                self.engine.record(partition, stamp, &accepted);
                self.whole
                    .iter_mut()
                    .for_each(|whole| whole.report(partition, stamp, &accepted));
            }
            What::Mark => {
                self.engine.mark(partition, stamp);
                self.whole.iter_mut().for_each(|whole| whole.mark(partition, stamp));
            }
            What::Lesson(part) => self
                .whole
                .iter_mut()
                .for_each(|whole| whole.recorded_lesson(partition, &part)),
            What::Unread(fault) => self.faults.push(fault),
        }
        self.note();
    }

    fn note(&mut self) {
        let whole = self.whole.iter_mut().flat_map(|whole| whole.emitted.drain(..));
        for alert in self.engine.drain().into_iter().chain(whole) {
            self.told.insert(alert.id, alert);
        }
    }
}

impl Whole {
    fn report(&mut self, partition: u16, stamp: Timestamp, accepted: &Accepted) {
        let at = self.intake.record(partition, stamp, accepted, &mut self.sightings);
        self.sightings.clear();
        self.overview.take(at, accepted);
    }

    fn mark(&mut self, partition: u16, stamp: Timestamp) {
        let Some(watermark) = self.intake.mark(partition, stamp) else {
            return;
        };
        self.overview.advance(watermark, &mut self.emitted);
        if let Some(policy) = self.learns.filter(|_| watermark >= self.look_at) {
            self.look_at = next_look(watermark, self.overview.lesson());
            self.learn(policy);
        }
    }

    fn recorded_lesson(&mut self, partition: u16, part: &SurgeLessonPart) {
        if self.learns.is_none() {
            self.overview.learn(self.intake.time(partition), part.clone());
        }
    }

    /// Learns at once what an installation learns beside everything else, so that it is in force from a log time that is always the same.
    fn learn(&mut self, policy: SurgePolicy) {
        let Some(task) = self.overview.task(policy) else {
            return;
        };
        tracing::warn!(
            number = task.number(),
            "learning what is to be expected of counts, which may take minutes"
        );
        let parts = task.learn(NONCE, || true).unwrap_or_default();
        for part in parts {
            self.overview.learn(self.intake.time(0), part);
        }
    }
}
