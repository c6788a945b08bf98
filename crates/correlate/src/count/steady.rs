//! A key whose reports all speak openly, in the pool, under a plain rule: nearly every key there is. Each contribution costs one step of
//! its window, however many there are; what changes the past is looked at again from the last checkpoint before it.

use std::collections::VecDeque;

use chappe_model::{Alert, Rule, Timestamp};

use super::draw::draw;
use super::entries::Entries;
use super::motion::{Kind, Motion};
use super::room::RoomState;
use super::scan::{Entry, Step};
use super::voices::{VoiceId, Voices};
use super::{COALESCE_MS, HOT_CONTRIBUTIONS, HOT_MS, Judging};
use crate::finding::Finding;
use crate::sighting::Contribution;
use crate::subject::Subject;

/// A scan is copied after this many steps, so that what comes a little late need not be looked at from the beginning.
const CHECKPOINT_STEPS: usize = if cfg!(test) { 3 } else { 8_192 };

#[derive(Debug)]
pub(super) struct Steady {
    /// In (time, incident) order.
    entries: Entries,
    scan: Motion,
    /// The last two copies of the scan, older first.
    checkpoints: VecDeque<Motion>,
    /// Entries from here on have changed since the scan saw them.
    stale_from: Option<usize>,
    /// Entries that say now something else than they ever said.
    deviating: usize,
    /// Entries of members that name another country than their own, or more.
    foreign: usize,
    /// Contributions before this belong to what can no longer change.
    kept_from: Timestamp,
    /// Alerts whose last fire lies before this were final when last judged.
    final_before: Timestamp,
    /// Alerts were found, or may have been before a restart.
    found_alerts: bool,
    judged_at: Timestamp,
    /// Changed since the last judgement: judge at this watermark.
    pending: Option<Timestamp>,
    /// An open alert resolves at this watermark.
    resolves: Option<Timestamp>,
    /// When it is scheduled to be judged.
    scheduled: Option<Timestamp>,
}

impl Steady {
    pub(super) fn new(rule: &Rule) -> Self {
        Self {
            entries: Entries::default(),
            scan: Motion::new(rule, Kind::Native),
            checkpoints: VecDeque::new(),
            stale_from: None,
            deviating: 0,
            foreign: 0,
            kept_from: Timestamp::ZERO,
            final_before: Timestamp::ZERO,
            found_alerts: false,
            judged_at: Timestamp::ZERO,
            pending: None,
            resolves: None,
            scheduled: None,
        }
    }

    /// Goes on with what is known of a key since a snapshot: to be judged at once.
    pub(super) fn answer_for_the_past(&mut self, kept_from: Timestamp, final_before: Timestamp) {
        (self.kept_from, self.final_before) = (kept_from, final_before);
        self.found_alerts = true;
        self.pending = Some(Timestamp::ZERO);
    }

    /// Its next judgement answers for what was told before a restart.
    pub(super) fn answer(&mut self) {
        self.found_alerts = true;
        self.pending = Some(Timestamp::ZERO); // also where nothing fires: other rules may have told of it
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// When it must be judged next.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.pending.into_iter().chain(self.resolves).min()
    }

    /// When it was last scheduled to be judged.
    pub(super) fn scheduled(&self) -> Option<Timestamp> {
        self.scheduled
    }

    /// Whether it is to be judged at another time than it was scheduled for.
    pub(super) fn is_rescheduled(&self) -> bool {
        self.due() != self.scheduled
    }

    /// Judges it at once, to let go of what is final.
    pub(super) fn hurry_to_settle(&mut self) {
        self.pending = Some(Timestamp::ZERO);
    }

    /// When it was scheduled to be judged, and when it now is.
    pub(super) fn reschedule(&mut self) -> (Option<Timestamp>, Option<Timestamp>) {
        let is = self.due();
        (std::mem::replace(&mut self.scheduled, is), is)
    }

    /// What is pending need not wait.
    pub(super) fn hurry(&mut self) {
        if self.pending.is_some() {
            self.pending = Some(Timestamp::ZERO);
        }
    }

    /// Takes a contribution, in place of the one its incident made before. Its voices are held for it already.
    pub(super) fn take(&mut self, entry: Entry, rule: &Rule, voices: &mut Voices) -> Step {
        let newest = self.entries.back().map(|last| last.time);
        let step = if newest.is_none_or(|newest| newest < entry.time) {
            self.append(entry, rule, voices)
        } else {
            self.put(entry, rule, voices)
        };
        self.note(&step);
        step
    }

    /// Puts a contribution behind all others, at a log time of its own: nearly always it comes so.
    #[inline]
    fn append(&mut self, entry: Entry, rule: &Rule, voices: &mut Voices) -> Step {
        self.entries.push_back(entry);
        self.count(&entry, voices, true);
        self.step(self.entries.len() - 1, entry, rule, voices)
    }

    /// Puts a contribution where it belongs, or in place of the one before.
    fn put(&mut self, entry: Entry, rule: &Rule, voices: &mut Voices) -> Step {
        match self.entries.place(entry.order()) {
            Ok(index) => self.replace(index, entry, voices),
            Err(index) => self.insert(index, entry, rule, voices),
        }
    }

    fn replace(&mut self, index: usize, entry: Entry, voices: &mut Voices) -> Step {
        let Some(known) = self.entries.replace(index, entry) else {
            return Step::default();
        };
        if known == entry {
            release(&known, voices);
            return Step::default();
        }
        self.count(&known, voices, false);
        self.count(&entry, voices, true);
        release(&known, voices);
        self.look_again_from(index);
        Step::default()
    }

    fn insert(&mut self, index: usize, entry: Entry, rule: &Rule, voices: &mut Voices) -> Step {
        let newest = self.entries.back().is_none_or(|last| last.time <= entry.time);
        self.entries.insert(index, entry);
        self.count(&entry, voices, true);
        if newest {
            return self.step(index, entry, rule, voices);
        }
        self.look_again_from(index);
        Step::default()
    }

    /// Moves the window on to an entry of the newest log time, unless it must begin again anyway.
    #[inline]
    fn step(&mut self, index: usize, entry: Entry, rule: &Rule, voices: &mut Voices) -> Step {
        if self.stale_from.is_none() && self.scan.serves(self.kind()) {
            let step = self.scan.step(&self.entries, entry, rule, voices);
            self.checkpoint(voices);
            return step;
        }
        self.look_again_from(index);
        Step::default()
    }

    fn look_again_from(&mut self, index: usize) {
        self.stale_from = Some(self.stale_from.map_or(index, |from| from.min(index)));
        self.hurry_unless_hot();
    }

    /// What its contributions are like.
    fn kind(&self) -> Kind {
        if self.deviating > 0 {
            Kind::Corrected
        } else if self.foreign > 0 {
            Kind::Constant
        } else {
            Kind::Native
        }
    }

    /// Counts an entry that comes or goes by its kind.
    fn count(&mut self, entry: &Entry, voices: &Voices, comes: bool) {
        let deviates = usize::from(!entry.is_constant());
        let foreign = usize::from(!voices.get(entry.ever).is_some_and(|known| known.native));
        if comes {
            self.deviating += deviates;
            self.foreign += foreign;
        } else {
            self.deviating -= deviates;
            self.foreign -= foreign;
        }
    }

    /// Reads of each of its cache lines something that taking a contribution reads.
    pub(super) fn glance(&self) -> u64 {
        let own = self.judged_at.as_millis() ^ u64::from(self.pending.is_some()) ^ self.deviating as u64;
        own ^ self.entries.len() as u64 ^ self.scan.glance()
    }

    /// Reads what taking a contribution reads elsewhere.
    pub(super) fn glance_beyond(&self) -> u64 {
        let last = self.entries.back().map_or(0, |entry| entry.time.as_millis());
        last ^ self.scan.glance_beyond()
    }

    /// Notes when a step makes a judgement due: at once, unless it can only have changed counts.
    fn note(&mut self, step: &Step) {
        if step.fired == 0 {
            return; // counted with the next fire, if there is one
        }
        let when = if step.news {
            Timestamp::ZERO
        } else {
            self.judged_at.plus(COALESCE_MS)
        };
        self.pending = Some(self.pending.map_or(when, |pending| pending.min(when)));
    }

    fn hurry_unless_hot(&mut self) {
        let hot = self.entries.len() > HOT_CONTRIBUTIONS;
        let when = if hot {
            self.judged_at.plus(HOT_MS)
        } else {
            Timestamp::ZERO
        };
        self.pending = Some(self.pending.map_or(when, |pending| pending.min(when)));
    }

    fn checkpoint(&mut self, voices: &mut Voices) {
        let last = self.checkpoints.back().map_or(0, Motion::seen);
        if self.scan.seen() < last + CHECKPOINT_STEPS {
            return;
        }
        if self.checkpoints.len() == 2
            && let Some(mut oldest) = self.checkpoints.pop_front()
        {
            oldest.release(voices);
        }
        self.checkpoints.push_back(self.scan.checkpoint(voices));
    }

    /// Looks again at everything from the last checkpoint before what has changed.
    fn catch_up(&mut self, rule: &Rule, voices: &mut Voices) {
        let Some(from) = self.stale_from.take() else { return };
        let kind = self.kind();
        // Entries of one log time are one step, so a checkpoint must lie before the first of them.
        let from_time = self.entries.get(from).map_or(Timestamp::ZERO, |entry| entry.time);
        let serves =
            |scan: &Motion| scan.serves(kind) && scan.time(&self.entries) < Some(from_time) && scan.seen() <= from;
        while let Some(mut beyond) = self.checkpoints.pop_back_if(|scan| !serves(scan)) {
            beyond.release(voices);
        }
        let restart = match self.checkpoints.back() {
            Some(scan) => scan.checkpoint(voices),
            None => Motion::new(rule, kind),
        };
        std::mem::replace(&mut self.scan, restart).release(voices);
        while let Some(entry) = self.entries.get(self.scan.seen()).copied() {
            self.scan.step(&self.entries, entry, rule, voices);
            self.checkpoint(voices);
        }
    }

    /// Judges the key: everything it finds, as it is now.
    pub(super) fn judge(
        &mut self,
        subject: &Subject<'_>,
        judging: &Judging<'_>,
        voices: &mut Voices,
    ) -> Option<Finding> {
        self.pending = None;
        self.judged_at = judging.watermark;
        self.catch_up(judging.rule, voices);
        let final_before = self.final_before;
        let runs = self.scan.runs_mut().iter_mut();
        let live = runs.filter(|run| run.last_fire >= final_before);
        let alerts: Vec<Alert> = live
            .map(|run| draw(run, &self.entries, subject, voices, judging.watermark))
            .collect();
        self.plan(judging, voices);
        let finding = judging.finding(subject.compartment, alerts, final_before, self.final_before);
        let tells = self.found_alerts || !finding.alerts.is_empty();
        self.found_alerts = !finding.alerts.is_empty();
        tells.then_some(finding)
    }

    /// Decides, after a judgement, what is final and what may go, and when an open alert resolves.
    fn plan(&mut self, judging: &Judging<'_>, voices: &mut Voices) {
        let within_ms = judging.rule.when.within_ms;
        let settled = judging.settled().max(self.final_before);
        self.keep_from(settled, within_ms);
        self.final_before = settled;
        let resolving = self.scan.runs().iter().map(|run| run.last_fire.plus(within_ms));
        self.resolves = resolving.filter(|time| *time > judging.watermark).min();
        self.let_go(voices);
    }

    /// Lets go of entries that nothing needs any more.
    fn let_go(&mut self, voices: &mut Voices) {
        let gone = self.entries.partition_point(|entry| entry.time < self.kept_from);
        if gone == 0 || self.stale_from.is_some() {
            return;
        }
        let gone = self.entries.take_first(gone);
        while let Some(mut within) = self.checkpoints.pop_front_if(|scan| scan.seen() < gone.len()) {
            within.release(voices);
        }
        self.checkpoints.iter_mut().for_each(|scan| scan.forget(&gone, voices));
        self.scan.forget(&gone, voices);
        self.scan.settle(self.final_before, voices);
        gone.iter().for_each(|entry| self.count(entry, voices, false));
        gone.iter().for_each(|entry| release(entry, voices));
    }

    /// Whether it found anything, or may have.
    pub(super) fn has_runs(&self) -> bool {
        self.found_alerts || self.stale_from.is_some() || !self.scan.runs().is_empty()
    }

    /// Whether something is to be told once log time has passed all that could have changed before `settled`: what it found there is final.
    pub(super) fn settles(&self, settled: Timestamp) -> bool {
        let runs = self.scan.runs();
        self.stale_from.is_some()
            || (self.found_alerts && runs.is_empty())
            || runs.iter().any(|run| run.last_fire < settled)
    }

    /// Log time has passed everything that could have changed before `settled`: lets go of it, where nothing is to be told.
    pub(super) fn expire(&mut self, settled: Timestamp, within_ms: u64, voices: &mut Voices) {
        self.keep_from(settled, within_ms);
        self.final_before = self.final_before.max(settled);
        self.let_go(voices);
    }

    /// Contributions before `settled` may go, but those of what can still change.
    fn keep_from(&mut self, settled: Timestamp, within_ms: u64) {
        let live = self.scan.runs().iter().filter(|run| run.last_fire >= settled);
        let needed = live.map(|run| run.anchor.0.minus(within_ms - 1)).min();
        let from = needed.map_or(settled, |needed| needed.min(settled));
        self.kept_from = self.kept_from.max(from);
    }

    /// Log time of the oldest contribution it keeps.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.entries.front().map(|entry| entry.time)
    }

    /// What a snapshot holds.
    pub(super) fn state(&self, voices: &Voices) -> RoomState {
        RoomState::new(self.contributions(voices), self.kept_from, self.final_before)
    }

    /// Its contributions, whole.
    pub(super) fn contributions(&self, voices: &Voices) -> Vec<Contribution> {
        self.entries
            .iter()
            .filter_map(|entry| contribution(entry, voices))
            .collect()
    }

    /// Lets go of every voice.
    pub(super) fn release(&mut self, voices: &mut Voices) {
        let all = self.entries.take_first(self.entries.len());
        all.iter().for_each(|entry| release(entry, voices));
        self.scan.release(voices);
        self.checkpoints.drain(..).for_each(|mut scan| scan.release(voices));
    }
}

/// A contribution by the ids of its voices, which it holds.
pub(super) fn entry_of(contribution: &Contribution, voices: &mut Voices) -> Entry {
    let ever = voices.hold(&contribution.ever);
    let now = contribution.now.as_ref().map(|now| {
        let same = std::sync::Arc::ptr_eq(now, &contribution.ever) || *now == contribution.ever;
        if same { ever } else { voices.hold(now) }
    });
    Entry {
        time: contribution.time,
        incident: contribution.incident,
        ever,
        now,
    }
}

/// The contribution of an entry.
pub(super) fn contribution(entry: &Entry, voices: &Voices) -> Option<Contribution> {
    Some(Contribution {
        time: entry.time,
        incident: entry.incident,
        ever: voices.shared(entry.ever)?,
        now: entry.now.and_then(|now| voices.shared(now)),
    })
}

/// Lets go of an entry's voices.
pub(super) fn release(entry: &Entry, voices: &mut Voices) {
    voices.release(entry.ever);
    entry
        .now
        .filter(|now: &VoiceId| *now != entry.ever)
        .into_iter()
        .for_each(|now| voices.release(now));
}
