//! Surges: more incidents of a type than level, season, weekday, hour, holidays and chance explain, in one country, over all of them, or over all that hit a sector.
//!
//! Incidents count when they occurred, in the country of whoever reports them. What is to be expected of a bin stands in a *lesson*: baselines and
//! a threshold, learned from the past ([`SurgeTask`]) and recorded in the log, in force for bins that begin after it. The statistic is that of
//! [`chappe_surge::Panel`]. It only rises while reports come, so a surge is told with the report that makes it one; it is over at the end
//! of a bin after which nothing stands out any more.
//!
//! All of it happens behind the watermark, revision by revision in the order of (log time, incident, revision), so the state is a function of
//! the set of records stamped before the watermark. `tests/oracle/surges.py` is that function.
//!
//! Only reports that may be shared count; match-only reports, reports for named recipients and exercises do not, in no baseline either.
//! Backfill counts in what is learned from alone. One country alone raises surges of its own; over all of them no two make one by
//! themselves, and three members stand behind it.

mod lesson;
mod past;
mod policy;
mod report;
mod seat;
mod series;
mod shard;
mod tell;
mod watching;

use std::collections::{BTreeMap, BTreeSet};

use chappe_model::{Accepted, Alert, Country, KeyHash, Rsit, Secret, SurgeLessonPart, Timestamp};
use serde::{Deserialize, Serialize};

pub use past::SurgeTask;
pub use policy::{FALSE_ALARMS_PER_YEAR, SURGE_RULE, SurgePolicy};
pub use shard::{SurgeShard, SurgeSnapshotError};

use crate::finding::Finding;
use crate::last_words::LastWords;
use crate::order::{Next, Order, Report};
use crate::whole::Detector;
use lesson::{InForce, Parts, Unfinished};
use past::Past;
use report::{Counts, Sectors, seconds};
use series::{Gathered, Series};
use watching::Watching;

/// Watches the counts of an installation. One instance: a series over all countries has no key to be parted by.
#[derive(Debug)]
pub struct Surges {
    secret: Secret,
    state: SurgeState,
    /// What is in force, made from the state's lesson.
    lesson: Option<InForce>,
    /// Series of which something may have to be told.
    dirty: BTreeSet<Series>,
    last_words: LastWords<Series>,
    /// Nothing is told while the log is read again.
    replaying: bool,
}

/// What a snapshot holds of surges.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SurgeState {
    /// Of each incident that the watermark has passed what its highest revision says.
    order: Order<Counts, Option<Counted>>,
    watermark: Timestamp,
    past: Past,
    unfinished: Unfinished,
    /// Whole lessons that are not in force yet, and when they became whole.
    coming: Vec<(Timestamp, Parts)>,
    /// The lesson in force, and when it became whole.
    lesson: Option<(Timestamp, Parts)>,
    watching: Option<Watching>,
    gathered: BTreeMap<Series, Gathered>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Counted {
    kind: Rsit,
    home: Option<Country>,
    sectors: Sectors,
    hour: i64,
    backfill: bool,
}

impl From<&Counts> for Counted {
    fn from(counts: &Counts) -> Self {
        Self {
            kind: counts.kind,
            home: counts.home,
            sectors: Sectors::from(&counts.voice.sectors),
            hour: counts.hour,
            backfill: counts.backfill,
        }
    }
}

impl Surges {
    /// Starts empty and replaying: nothing is found before it settles.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self::restore(secret, SurgeState::default())
    }

    pub(crate) fn restore(secret: Secret, state: SurgeState) -> Self {
        Self {
            secret,
            lesson: state.lesson.as_ref().and_then(|(_, parts)| InForce::new(parts.clone())),
            state,
            dirty: BTreeSet::new(),
            last_words: LastWords::default(),
            replaying: true,
        }
    }

    pub(crate) fn state(&self) -> &SurgeState {
        &self.state
    }

    /// Takes one accepted revision at its log time, in any order that keeps each partition's. It counts once the watermark has passed it,
    /// unless it is an exercise where the incident's first revision is none, or the other way.
    pub fn take(&mut self, at: Timestamp, accepted: &Accepted) {
        let report = Report::of(accepted, Counts::of(at, accepted));
        self.state.order.take(at, report);
    }

    /// Takes a part of a lesson at its log time, in the order of the log. One that is whole is in force for bins that begin after its last
    /// part, if its number follows on the one in force.
    pub fn learn(&mut self, at: Timestamp, part: SurgeLessonPart) {
        if let Some(parts) = self.state.unfinished.take(part) {
            self.state.coming.push((at, parts));
        }
    }

    /// What is to be learned now, if a lesson is due. Looks at all that was counted: not for every time that passes.
    #[must_use]
    pub fn task(&self, policy: SurgePolicy) -> Option<SurgeTask> {
        if !self.state.coming.is_empty() {
            return None; // one is about to be in force
        }
        let now = seconds(self.state.watermark);
        let last = self.state.lesson.as_ref().map(|(at, parts)| (parts, seconds(*at)));
        self.state.past.task(policy, now, last, self.number() + 1)
    }

    /// The number of the lesson in force; 0 before the first.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.lesson.as_ref().map_or(0, |lesson| lesson.head().number)
    }

    /// Log time has passed `watermark` in every partition: counts what stands before it and emits the surges that changed.
    pub fn advance(&mut self, watermark: Timestamp, emit: &mut Vec<Finding>) {
        self.state.watermark = self.state.watermark.max(watermark);
        loop {
            let report = self.state.order.next_at().filter(|at| *at < watermark);
            let bin = self.next_bin().filter(|at| *at <= watermark);
            match (bin, report) {
                (Some(bin), None) => self.pass_bin(bin),
                (Some(bin), Some(report)) if bin <= report => self.pass_bin(bin),
                (_, Some(_)) => self.count_next(),
                (None, None) => break,
            }
        }
        if !self.replaying {
            self.tell(emit);
        }
    }

    /// Series with a surge that is on.
    fn open(&self) -> impl Iterator<Item = &Series> {
        let open = self
            .state
            .gathered
            .iter()
            .filter(|(_, gathered)| gathered.opened.is_some());
        open.map(|(series, _)| series)
    }

    fn tell(&mut self, emit: &mut Vec<Finding>) {
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.extend(self.last_words.ended());
        for series in dirty {
            let ended = self.last_words.take(series);
            emit.extend(self.finding(series, ended));
        }
    }

    fn count_next(&mut self) {
        let Some(Next {
            at,
            incident,
            counts,
            is_first,
            kept,
            ..
        }) = self.state.order.pop()
        else {
            return;
        };
        let now = counts.as_ref().map(Counted::from);
        let before = std::mem::replace(kept, now);
        if let Some(before) = before {
            self.state.past.remove(&before);
        }
        if let Some(now) = now {
            self.state.past.add(&now);
            if is_first && !now.backfill {
                self.state.past.note_delay(now.hour * 3_600, seconds(at));
            }
        }
        self.watch(at, incident, before, counts.as_ref());
    }
}

impl Detector for Surges {
    fn advance(&mut self, watermark: Timestamp, emit: &mut Vec<Finding>) {
        Self::advance(self, watermark, emit);
    }

    fn settle(&mut self, emit: &mut Vec<Finding>) {
        self.replaying = false;
        let open: Vec<Series> = self.open().copied().collect();
        self.dirty.extend(open);
        self.tell(emit);
    }

    fn look_on(&mut self) {
        self.replaying = true;
    }

    fn is_replaying(&self) -> bool {
        self.replaying
    }

    fn forget_last_words(&mut self, alert: &Alert) {
        self.last_words.forget(alert);
    }

    fn keys(&self) -> BTreeSet<KeyHash> {
        let known = self.open().copied().chain(self.last_words.keys());
        known.map(|series| self.key_hash(series)).collect()
    }

    fn drain_retired(&mut self) -> Vec<KeyHash> {
        let on: BTreeSet<Series> = self.open().copied().collect();
        let over: Vec<Series> = self.last_words.drain_retired(|series| on.contains(&series)).collect();
        over.into_iter().map(|series| self.key_hash(series)).collect()
    }
}
