//! Episodes of a windowed rule: from the contributions to one key to the alerts they make. A pure function of the set; `tests/oracle`
//! holds its executable definition.

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::limits::EU_MEMBERS;
use chappe_model::{Alert, AlertState, Audience, CountrySet, Timestamp, WidestAudience};

use crate::pane::Pane;
use crate::picture::{Picture, Said};
use crate::sighting::Contribution;
use crate::subject::Subject;

/// A contribution that a compartment can see: its own, or, in an overlay, one of its pool.
#[derive(Clone, Copy)]
pub(crate) struct Visible<'a> {
    pub(crate) contribution: &'a Contribution,
    pub(crate) own: bool,
}

/// Judges all episodes over `visible`, which is in (time, incident) order, as of log time `now`.
pub(crate) fn judge(subject: &Subject<'_>, visible: &[Visible<'_>], now: Timestamp) -> Vec<Alert> {
    let runs = runs(subject, visible);
    runs.into_iter()
        .filter(|run| run.has_own(visible))
        .map(|run| run.into_alert(subject, visible, now))
        .collect()
}

/// A maximal run of fires with gaps of at most one window.
struct Run {
    first_fire: usize,
    last_fire: Timestamp,
    fires: u32,
    /// First contribution inside the first fire's window, and one past the last inside the last fire's.
    members: (usize, usize),
    stands: bool,
    eu: bool,
    countries: CountrySet,
    values: BTreeSet<Arc<str>>,
    said_ever: Marked,
    said_now: Marked,
}

/// Which contributions counted in a window of some fire. Amortised: each is looked at a bounded number of times over a run.
#[derive(Default)]
struct Marked {
    indexes: BTreeSet<usize>,
    open_done: usize,
    quiet_done: usize,
}

impl Marked {
    /// Marks what counts in the window `from..to`.
    fn mark<'a>(&mut self, from: usize, to: usize, released: bool, voice: impl Fn(usize) -> Option<&'a crate::Voice>) {
        for index in from.max(self.open_done)..to {
            if voice(index).is_some_and(|v| v.openly) {
                self.indexes.insert(index);
            }
        }
        self.open_done = self.open_done.max(to);
        if released {
            for index in from.max(self.quiet_done)..to {
                if voice(index).is_some_and(|v| !v.openly) {
                    self.indexes.insert(index);
                }
            }
            self.quiet_done = self.quiet_done.max(to);
        }
    }
}

/// Slides the window over everything ever accepted, one log time after the other.
fn runs(subject: &Subject<'_>, visible: &[Visible<'_>]) -> Vec<Run> {
    let within_ms = subject.rule.when.within_ms;
    let needed = subject.rule.when.bounds.at_least as usize;
    let (mut ever, mut now) = (Pane::default(), Pane::default());
    let (mut runs, mut from, mut to) = (Vec::<Run>::new(), 0, 0);
    while to < visible.len() {
        let (group, time) = (to, visible[to].contribution.time);
        while to < visible.len() && visible[to].contribution.time == time {
            let contribution = visible[to].contribution;
            ever.add(&contribution.ever);
            contribution.now.iter().for_each(|voice| now.add(voice));
            to += 1;
        }
        while visible[from].contribution.time.plus(within_ms) <= time {
            let contribution = visible[from].contribution;
            ever.remove(&contribution.ever);
            contribution.now.iter().for_each(|voice| now.remove(voice));
            from += 1;
        }
        if ever.count(subject.rule.when.measure) < needed {
            continue;
        }
        if runs
            .last()
            .is_none_or(|run| time.as_millis() - run.last_fire.as_millis() > within_ms)
        {
            runs.push(Run::new(group, from));
        }
        if let Some(run) = runs.last_mut() {
            run.fire(subject, visible, (group, from, to), time, &ever, &now);
        }
    }
    runs
}

impl Run {
    fn new(first_fire: usize, from: usize) -> Self {
        Self {
            first_fire,
            last_fire: Timestamp::ZERO,
            fires: 0,
            members: (from, from),
            stands: false,
            eu: false,
            countries: CountrySet::new(),
            values: BTreeSet::new(),
            said_ever: Marked::default(),
            said_now: Marked::default(),
        }
    }

    /// All contributions of one log time, `group..to`, fire alike: they share the window `from..to`.
    fn fire(
        &mut self,
        subject: &Subject<'_>,
        visible: &[Visible<'_>],
        (group, from, to): (usize, usize, usize),
        time: Timestamp,
        ever: &Pane,
        now: &Pane,
    ) {
        let field = subject.rule.when.measure;
        self.last_fire = time;
        self.fires = self.fires.saturating_add(u32::try_from(to - group).unwrap_or(u32::MAX));
        self.members.1 = to;
        self.eu |= ever.members() >= EU_MEMBERS;
        self.stands |= now.count(field) >= subject.rule.when.bounds.at_least as usize;
        self.values.extend(now.values(field));
        self.countries.extend_from(&now.attested());
        self.said_ever.mark(from, to, ever.released(), |index| {
            Some(&*visible[index].contribution.ever)
        });
        self.said_now.mark(from, to, now.released(), |index| {
            visible[index].contribution.now.as_deref()
        });
    }

    /// Without a contribution of its own, an overlay says nothing that its pool does not say.
    fn has_own(&self, visible: &[Visible<'_>]) -> bool {
        visible[self.members.0..self.members.1].iter().any(|v| v.own)
    }

    fn into_alert(self, subject: &Subject<'_>, visible: &[Visible<'_>], now: Timestamp) -> Alert {
        let first = visible[self.first_fire].contribution;
        let rule = subject.rule;
        let state = if !self.stands {
            AlertState::Retracted
        } else if now >= self.last_fire.plus(rule.when.within_ms) {
            AlertState::Resolved
        } else {
            AlertState::Open
        };
        let audience = if !subject.compartment.is_pool() {
            Audience::Recipients
        } else if self.eu && rule.widest_audience == WidestAudience::Eu {
            Audience::Eu
        } else {
            Audience::Countries(
                self.said_ever
                    .indexes
                    .iter()
                    .filter_map(|i| visible[*i].contribution.ever.home)
                    .collect(),
            )
        };
        let picture = Picture {
            anchor: first.order(),
            last_fire: self.last_fire,
            fires: self.fires,
            state,
            audience,
            held: false,
            countries: self.countries,
            values: self.values.into_iter().collect(),
            key: Arc::clone(subject.key),
        };
        let standing = self
            .said_now
            .indexes
            .iter()
            .filter_map(|i| Said::now(visible[*i].contribution));
        let ever = self
            .said_ever
            .indexes
            .iter()
            .map(|i| Said::ever(visible[*i].contribution));
        picture.into_alert(subject, standing.collect(), ever.collect())
    }
}
