//! The window slid over contributions of members that each name their own country and nothing else, and say now what they ever said. Then a
//! country is attested as soon as it is named, and a window follows from when each value was last seen: nothing needs to be done about
//! what leaves it.

use chappe_model::limits::EU_MEMBERS;
use chappe_model::{Field, Measure, Rule, SetSum, Timestamp};

use super::entries::Entries;
use super::recency::Recency;
use super::run::{Facts, Run};
use super::scan::{Entry, Step};
use super::voices::{Known, Voices};

/// How far the window has come.
#[derive(Clone, Debug)]
pub(super) struct Native {
    /// The entry of the next step.
    pub(super) next: usize,
    /// The first entry at the log time of the last step, that time, and whether those fire.
    group: usize,
    pub(super) time: Timestamp,
    group_fires: bool,
    /// Entries from here on came since the last fire.
    waiting: usize,
    gauge: Gauge,
    /// Members of the window, from the first fire of a run on and as long as it is not known that they are enough.
    members: Recency,
    came: SetSum,
    /// In order; the last may still go on.
    pub(super) runs: Vec<Run>,
}

#[derive(Clone, Debug)]
enum Gauge {
    /// The first entry inside the window.
    Events(usize),
    Values(Field, Recency),
}

impl Native {
    pub(super) fn new(rule: &Rule) -> Self {
        Self {
            next: 0,
            group: 0,
            time: Timestamp::ZERO,
            group_fires: false,
            waiting: 0,
            gauge: match rule.when.measure {
                Measure::Distinct(field) => Gauge::Values(field, Recency::default()),
                _ => Gauge::Events(0),
            },
            members: Recency::default(),
            came: SetSum::default(),
            runs: vec![],
        }
    }

    /// Takes an entry that stands among those of the newest log time, see [`super::scan::Scan::step`].
    #[inline]
    pub(super) fn step(&mut self, entries: &Entries, entry: Entry, rule: &Rule, voices: &mut Voices) -> Step {
        let Some(known) = voices.get(entry.ever) else {
            return Step::default();
        };
        if self.next == 0 || self.time < entry.time {
            (self.group, self.group_fires, self.time) = (self.next, false, entry.time);
            self.expire(entries, rule.when.within_ms);
        }
        self.came.add(entry.incident);
        self.next += 1;
        let measured = self.measure(known, entry.time);
        if self.runs.last().is_some_and(|run| !run.ever.eu) {
            self.members.touch(known.member, entry.time);
        }
        if measured < rule.when.bounds.at_least {
            return Step::default();
        }
        let firing = if self.group_fires { 1 } else { self.next - self.group };
        self.group_fires = true;
        let fired = u32::try_from(firing).unwrap_or(u32::MAX);
        let news = self.fire(entries, &entry, fired, measured, rule, voices);
        Step {
            fired: u64::from(fired),
            measured: u64::from(measured),
            news,
        }
    }

    /// What lies before the window that ends now is in it no longer.
    fn expire(&mut self, entries: &Entries, within_ms: u64) {
        let Some(begin) = self.time.as_millis().checked_sub(within_ms) else {
            return; // nothing lies before the beginning of time
        };
        let begin = Timestamp::from_millis(begin);
        self.members.expire(begin);
        match &mut self.gauge {
            Gauge::Values(_, values) => values.expire(begin),
            Gauge::Events(left) => {
                while *left < self.next && entries.get(*left).is_some_and(|old| old.time <= begin) {
                    *left += 1;
                }
            }
        }
    }

    fn measure(&mut self, known: &Known, time: Timestamp) -> u32 {
        let measured = match &mut self.gauge {
            Gauge::Events(left) => self.next - *left,
            Gauge::Values(field, values) => {
                known.values(*field, |value| values.touch(value, time));
                values.len()
            }
        };
        u32::try_from(measured).unwrap_or(u32::MAX)
    }

    fn fire(
        &mut self,
        entries: &Entries,
        entry: &Entry,
        fired: u32,
        measured: u32,
        rule: &Rule,
        voices: &mut Voices,
    ) -> bool {
        let (time, within_ms) = (entry.time, rule.when.within_ms);
        let goes_on = self.runs.last().is_some_and(|run| run.reaches(time, within_ms));
        if !goes_on {
            self.begin(entries, entry, within_ms, voices);
        }
        let Some(run) = self.runs.last_mut() else { return false };
        let mut news = !goes_on;
        if self.waiting + 1 < self.next {
            for waiting in self.waiting..self.next {
                if let Some(waiting) = entries.get(waiting) {
                    news |= run.ever.join_native(waiting.ever, voices);
                }
            }
        }
        // Of one log time a later one may stand before those that were counted.
        news |= run.ever.join_native(entry.ever, voices);
        self.waiting = self.next;
        news |= run.fire(entry.order(), fired);
        let facts = &mut run.ever;
        if !facts.eu && self.members.len() >= EU_MEMBERS {
            (facts.eu, news) = (true, true);
            self.members.clear(); // enough is enough; the next run looks again
        }
        facts.stands = true;
        facts.peak = facts.peak.max(measured);
        facts.total = self.came;
        news
    }

    /// A new run: all that its first window holds is of it.
    fn begin(&mut self, entries: &Entries, entry: &Entry, within_ms: u64, voices: &Voices) {
        self.members.clear();
        let (time, mut base, mut first) = (self.time, self.came, self.next);
        let inside = |entry: &Entry| entry.time.as_millis() + within_ms > time.as_millis();
        while first > 0
            && let Some(entry) = entries.get(first - 1).filter(|entry| inside(entry))
        {
            first -= 1;
            base = base.without(SetSum::of(entry.incident));
        }
        for entry in entries.range(first..self.next) {
            if let Some(known) = voices.get(entry.ever) {
                self.members.touch(known.member, entry.time);
            }
        }
        self.waiting = first;
        let anchor = entries.get(self.group).map_or(entry.order(), Entry::order);
        self.runs.reserve_exact(1); // nearly always the only one
        self.runs.push(Run::new(anchor, Facts::new(base), None));
    }

    /// The first `count` entries are taken away: no window reaches them any more.
    pub(super) fn forget(&mut self, count: usize) {
        for place in [&mut self.next, &mut self.group, &mut self.waiting] {
            *place = place.saturating_sub(count);
        }
        if let Gauge::Events(left) = &mut self.gauge {
            *left = left.saturating_sub(count);
        }
    }

    /// Reads what a step reads first.
    pub(super) fn glance(&self) -> u64 {
        self.next as u64 ^ self.time.as_millis() ^ self.came.reports() ^ self.runs.len() as u64
    }

    /// Reads what a step reads elsewhere.
    pub(super) fn glance_beyond(&self) -> u64 {
        let run = self.runs.last().map_or(0, |run| {
            run.last_fire.as_millis() ^ u64::from(run.ever.voices.glance()) ^ run.ever.total.reports()
        });
        match &self.gauge {
            Gauge::Events(left) => run ^ *left as u64,
            Gauge::Values(_, values) => run ^ values.glance(),
        }
    }
}
