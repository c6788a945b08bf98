//! The window slid over the contributions to a key, one after the other: what it finds at a step does not depend on how many there were.

use chappe_model::{IncidentId, Rule, Timestamp};

use super::entries::Entries;
use super::run::{Facts, Run};
use super::voices::{VoiceId, Voices};
use super::window::Window;

/// One contribution, as a steady key keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) time: Timestamp,
    pub(super) incident: IncidentId,
    pub(super) ever: VoiceId,
    /// None once it was withdrawn.
    pub(super) now: Option<VoiceId>,
}

impl Entry {
    pub(super) fn order(&self) -> (Timestamp, IncidentId) {
        (self.time, self.incident)
    }

    /// Whether it says now what it ever said.
    pub(super) fn is_constant(&self) -> bool {
        self.now == Some(self.ever)
    }
}

/// What a step found. As wide as registers: put together from halves it would be waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// How many contributions fire that did not before, and on what measure.
    pub(super) fired: u64,
    pub(super) measured: u64,
    /// Whether recipients are told at once.
    pub(super) news: bool,
}

/// How far the window has come.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    /// The first entry inside the window of the last step.
    left: usize,
    /// The entry of the next step.
    next: usize,
    /// The first entry at the log time of the last step, and whether those fire.
    group: usize,
    group_fires: bool,
    ever: Window,
    /// What is said now, once that is something else.
    now: Option<Box<Window>>,
    /// In order; the last may still go on.
    pub(super) runs: Vec<Run>,
}

impl Scan {
    /// Before the first entry. `constant`: every entry says now what it ever said.
    pub(super) fn new(rule: &Rule, constant: bool) -> Self {
        let window = Window::new(rule.when.measure);
        Self {
            left: 0,
            next: 0,
            group: 0,
            group_fires: false,
            now: (!constant).then(|| Box::new(window.clone())),
            ever: window,
            runs: vec![],
        }
    }

    pub(super) fn is_constant(&self) -> bool {
        self.now.is_none()
    }

    /// Log time of the last step.
    pub(super) fn time(&self, entries: &Entries) -> Option<Timestamp> {
        let newest = entries.get(self.group).filter(|_| self.next > 0);
        newest.map(|entry| entry.time)
    }

    /// How many entries it has seen.
    pub(super) fn seen(&self) -> usize {
        self.next
    }

    /// Takes an entry that stands among those of the newest log time. All entries of one log time share the window that ends there, and fire
    /// alike.
    pub(super) fn step(&mut self, entries: &Entries, entry: Entry, rule: &Rule, voices: &mut Voices) -> Step {
        let newest = entries.get(self.group).filter(|_| self.next > 0);
        if newest.is_none_or(|newest| newest.time < entry.time) {
            (self.group, self.group_fires) = (self.next, false);
            while self.left < self.next
                && let Some(old) = entries.get(self.left).copied()
                && old.time.plus(rule.when.within_ms) <= entry.time
            {
                self.leave(&old, voices);
            }
        }
        self.enter(&entry, voices);
        self.next += 1;
        let measured = self.ever.measured();
        if measured < rule.when.bounds.at_least {
            return Step::default();
        }
        let firing = if self.group_fires { 1 } else { self.next - self.group };
        self.group_fires = true;
        let fired = u32::try_from(firing).unwrap_or(u32::MAX);
        let news = self.fire(entries, &entry, fired, rule, voices);
        Step {
            fired: u64::from(fired),
            measured: u64::from(measured),
            news,
        }
    }

    fn enter(&mut self, entry: &Entry, voices: &Voices) {
        self.ever.enter(entry.ever, entry.incident, voices);
        if let (Some(window), Some(now)) = (&mut self.now, entry.now) {
            window.enter(now, entry.incident, voices);
        }
    }

    fn leave(&mut self, entry: &Entry, voices: &Voices) {
        self.left += 1;
        self.ever.leave(entry.ever, entry.incident, voices);
        if let (Some(window), Some(now)) = (&mut self.now, entry.now) {
            window.leave(now, entry.incident, voices);
        }
    }

    fn fire(&mut self, entries: &Entries, entry: &Entry, fired: u32, rule: &Rule, voices: &mut Voices) -> bool {
        let time = entry.time;
        let goes_on = self
            .runs
            .last()
            .is_some_and(|run| run.reaches(time, rule.when.within_ms));
        let mut news = !goes_on;
        if !goes_on {
            let anchor = entries.get(self.group).map_or(entry.order(), Entry::order);
            let now = self.now.as_ref().map(|window| Box::new(Facts::new(window.gone)));
            self.runs.push(Run::new(anchor, Facts::new(self.ever.gone), now));
        }
        let Some(run) = self.runs.last_mut() else { return false };
        news |= run.fire(entry.order(), fired);
        let mut look = |window: &mut Window, facts: &mut Facts| {
            if !goes_on {
                window.begin(facts, voices);
            } else if !window.is_stale() {
                news |= window.go_on(facts, voices);
            }
            let holds = window.measured() >= rule.when.bounds.at_least;
            news |= facts.fired(window, holds);
        };
        look(&mut self.ever, &mut run.ever);
        if let (Some(window), Some(facts)) = (&mut self.now, &mut run.now) {
            look(window, facts);
        }
        news
    }

    /// The first `count` entries are taken away: nothing that comes can reach them.
    pub(super) fn forget(&mut self, gone: &[Entry], voices: &Voices) {
        let count = gone.len();
        for entry in gone.get(self.left..).unwrap_or_default() {
            self.leave(entry, voices);
        }
        self.left -= count.min(self.left);
        self.next -= count.min(self.next);
        self.group = self.group.saturating_sub(count);
    }
}
