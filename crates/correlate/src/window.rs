//! A condition's window, slid over all that is said on a key.

use std::ops::Range;

use chappe_model::{Bounds, Condition, Measure, Of, Timestamp};

use crate::Voice;
use crate::episode::Visible;
use crate::pane::Pane;

/// What was ever said, on which identity rests, or what is said now, on which state rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tense {
    Ever,
    Now,
}

impl Tense {
    pub(crate) fn voice<'a>(self, visible: &Visible<'a>) -> Option<&'a Voice> {
        match self {
            Self::Ever => Some(&visible.contribution.ever),
            Self::Now => visible.contribution.now.as_deref(),
        }
    }

    /// Lower bounds alone make identity: what reaches them does so whatever else is said.
    pub(crate) fn holds(self, bounds: Bounds, measured: usize) -> bool {
        match self {
            Self::Ever => bounds.reached(measured),
            Self::Now => bounds.hold(measured),
        }
    }
}

/// The window of one condition: what it looks at, between `from` and the log time up to which it was slid.
pub(crate) struct Window<'a> {
    condition: &'a Condition,
    tense: Tense,
    visible: &'a [Visible<'a>],
    /// Of each contribution, which entries of the condition's list it is one of, a bit each; none: the condition does not look at it.
    entries: Vec<u32>,
    pub(crate) pane: Pane,
    order: Order,
    pub(crate) from: usize,
    /// Log time of the window's end.
    end: Timestamp,
}

impl<'a> Window<'a> {
    pub(crate) fn new(condition: &'a Condition, tense: Tense, visible: &'a [Visible<'a>]) -> Self {
        Self {
            condition,
            tense,
            visible,
            entries: entries(condition, tense, visible),
            pane: Pane::new(condition.measure),
            order: Order::new(condition),
            from: 0,
            end: Timestamp::ZERO,
        }
    }

    /// Slides on by the contributions of one log time, `group`, which share every window.
    pub(crate) fn slide(&mut self, group: &Range<usize>) {
        let Some(time) = self.visible.get(group.start).map(|visible| visible.contribution.time) else {
            return;
        };
        self.end = time;
        for index in group.clone() {
            if let Some(voice) = self.event(index) {
                self.pane.add_as(voice, self.entries[index]);
            }
        }
        while self.visible[self.from].contribution.time.plus(self.condition.within_ms) <= time {
            if let Some(voice) = self.event(self.from) {
                self.pane.remove_as(voice, self.entries[self.from]);
            }
            self.from += 1;
        }
        if self.condition.measure == Measure::InOrder {
            let come = |openly: bool| {
                let counting = group
                    .clone()
                    .filter(|index| self.event(*index).is_some_and(|voice| voice.openly || !openly));
                counting.fold(0, |all, index| all | self.entries[index])
            };
            let (open, all) = (come(true), come(false));
            self.order.come(time, open, all);
        }
    }

    /// The voice of a contribution that the condition looks at.
    pub(crate) fn event(&self, index: usize) -> Option<&'a Voice> {
        self.tense
            .voice(&self.visible[index])
            .filter(|_| self.entries[index] != 0)
    }

    pub(crate) fn measured(&self) -> usize {
        match self.condition.measure {
            Measure::InOrder => {
                let starts_within = |start: Timestamp| start.plus(self.condition.within_ms) > self.end;
                self.order.length(self.pane.released(), starts_within)
            }
            measure => self.pane.measure(measure),
        }
    }

    pub(crate) fn holds(&self) -> bool {
        self.tense.holds(self.condition.bounds, self.measured())
    }
}

/// Of each contribution, which entries of a condition's list it is one of.
fn entries(condition: &Condition, tense: Tense, visible: &[Visible<'_>]) -> Vec<u32> {
    let by_source = |sources: u32| {
        let places = condition.of.iter().enumerate();
        places.fold(0, |entries, (place, of)| match of {
            Of::Source(source) if sources & (1 << source) != 0 => entries | 1 << place,
            _ => entries,
        })
    };
    let (mut known, mut found) = ((0, 0), Vec::with_capacity(visible.len()));
    for visible in visible {
        let sources = tense.voice(visible).map_or(0, |voice| voice.sources);
        if sources != known.0 {
            known = (sources, by_source(sources)); // mostly the one before's
        }
        found.push(known.1);
    }
    for (place, of) in condition.of.iter().enumerate() {
        if let Of::Firings(inner) = of {
            fires(inner, tense, visible).for_each(|index| found[index] |= 1 << place);
        }
    }
    found
}

/// Where a condition fires: at each event whose window it holds for.
fn fires<'a>(condition: &'a Condition, tense: Tense, visible: &'a [Visible<'a>]) -> impl Iterator<Item = usize> {
    let mut window = Window::new(condition, tense, visible);
    let mut found = vec![];
    for group in moments(visible) {
        window.slide(&group);
        if window.holds() {
            found.extend(group.filter(|index| window.entries[*index] != 0));
        }
    }
    found.into_iter()
}

/// The contributions of each log time.
pub(crate) fn moments<'a>(visible: &'a [Visible<'a>]) -> impl Iterator<Item = Range<usize>> + 'a {
    let same = |a: &Visible<'_>, b: &Visible<'_>| a.contribution.time == b.contribution.time;
    visible.chunk_by(same).scan(0, |start, chunk| {
        let group = *start..*start + chunk.len();
        *start = group.end;
        Some(group)
    })
}

/// How much of a list came in its order, at strictly rising log times: for each beginning of the list, when the latest of its occurrences
/// began. By voices that may be shown, and by all.
struct Order {
    open: Vec<Option<Timestamp>>,
    all: Vec<Option<Timestamp>>,
}

impl Order {
    fn new(condition: &Condition) -> Self {
        let places = if condition.measure == Measure::InOrder {
            condition.of.len()
        } else {
            0
        };
        Self {
            open: vec![None; places],
            all: vec![None; places],
        }
    }

    /// Takes the entries that came at one log time, above every earlier one.
    fn come(&mut self, time: Timestamp, open: u32, all: u32) {
        for (latest, entries) in [(&mut self.open, open), (&mut self.all, all)] {
            // The longest first: one log time lengthens each occurrence by one entry.
            for place in (0..latest.len()).rev().filter(|place| entries & (1 << place) != 0) {
                let start = match place.checked_sub(1) {
                    None => Some(time),
                    Some(before) => latest[before],
                };
                latest[place] = latest[place].max(start);
            }
        }
    }

    /// The longest beginning that has an occurrence which starts late enough.
    fn length(&self, released: bool, starts_within: impl Fn(Timestamp) -> bool) -> usize {
        let latest = if released { &self.all } else { &self.open };
        let within = |start: &Option<Timestamp>| start.is_some_and(&starts_within);
        latest.iter().rposition(within).map_or(0, |place| place + 1)
    }
}
