//! Episodes of a windowed rule: from the contributions to one key to the alerts they make. A pure function of the set; `tests/oracle`
//! holds its executable definition.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use chappe_model::limits::EU_MEMBERS;
use chappe_model::{
    Alert, AlertState, Audience, Bounds, Condition, CountrySet, Measure, Of, Rule, Timestamp, WidestAudience,
};

use crate::pane::Value;
use crate::picture::{Picture, Said};
use crate::sighting::Contribution;
use crate::subject::Subject;
use crate::window::{Tense, Window, moments};

/// A contribution that a compartment can see: its own, or, in an overlay, one of its pool.
#[derive(Clone, Copy)]
pub(crate) struct Visible<'a> {
    pub(crate) contribution: &'a Contribution,
    pub(crate) own: bool,
}

/// Judges all episodes over `visible`, which is in (time, incident) order, as of log time `now`.
pub(crate) fn judge(subject: &Subject<'_>, visible: &[Visible<'_>], now: Timestamp) -> Vec<Alert> {
    let visible = settled(subject.rule, visible, now);
    let runs = runs(subject.rule, visible);
    runs.into_iter()
        .filter(|run| run.has_own(visible))
        .map(|run| run.into_alert(subject, visible, now))
        .collect()
}

/// Where more reports can make a rule false, it sees only what lies behind log time: nothing more can come there. So an alert is never made
/// only to be taken back because the rest of its window had not been read.
fn settled<'a, 'b>(rule: &Rule, visible: &'b [Visible<'a>], now: Timestamp) -> &'b [Visible<'a>] {
    if rule.when.may_turn_false() {
        &visible[..visible.partition_point(|v| v.contribution.time < now)]
    } else {
        visible
    }
}

/// What all firings of a condition can rest on: every report of its sources that lies in reach of a fire.
fn behind(condition: &Condition) -> Condition {
    fn sources(condition: &Condition) -> BTreeSet<u8> {
        let each = condition.of.iter().flat_map(|of| match of {
            Of::Source(source) => BTreeSet::from([*source]),
            Of::Firings(inner) => sources(inner),
        });
        each.collect()
    }
    Condition {
        measure: Measure::Events,
        bounds: Bounds {
            at_least: 1,
            at_most: None,
        },
        within_ms: condition.span_ms(),
        of: sources(condition).into_iter().map(Of::Source).collect(),
    }
}

/// The windows of one tense: what the rule measures, and, where it measures firings, the reports behind these.
struct View<'a> {
    measured: Window<'a>,
    behind: Option<Window<'a>>,
}

impl<'a> View<'a> {
    fn new(rule: &'a Rule, behind: Option<&'a Condition>, tense: Tense, visible: &'a [Visible<'a>]) -> Self {
        Self {
            measured: Window::new(&rule.when, tense, visible),
            behind: behind.map(|condition| Window::new(condition, tense, visible)),
        }
    }

    fn slide(&mut self, group: &Range<usize>) {
        self.measured.slide(group);
        if let Some(behind) = &mut self.behind {
            behind.slide(group);
        }
    }

    /// The window of which the reports are shown.
    fn shown(&self) -> &Window<'a> {
        self.behind.as_ref().unwrap_or(&self.measured)
    }
}

/// Slides the windows over everything ever accepted, one log time after the other.
fn runs(rule: &Rule, visible: &[Visible<'_>]) -> Vec<Run> {
    let behind = rule.when.inner().next().map(|_| behind(&rule.when));
    let mut ever = View::new(rule, behind.as_ref(), Tense::Ever, visible);
    let mut now = View::new(rule, behind.as_ref(), Tense::Now, visible);
    let mut runs = Vec::<Run>::new();
    for group in moments(visible) {
        ever.slide(&group);
        now.slide(&group);
        let mut firing = group.clone().filter(|index| ever.measured.event(*index).is_some());
        let Some(first) = firing.next().filter(|_| ever.measured.holds()) else {
            continue;
        };
        let fires = 1 + firing.count();
        let time = visible[first].contribution.time;
        if runs
            .last()
            .is_none_or(|run| time.as_millis() - run.last_fire.as_millis() > rule.when.within_ms)
        {
            runs.push(Run::new(first, ever.shown().from));
        }
        if let Some(run) = runs.last_mut() {
            run.fire(rule, time, fires, group.end, &ever, &now);
        }
    }
    runs
}

/// A maximal run of fires with gaps of at most one window.
struct Run {
    first_fire: usize,
    last_fire: Timestamp,
    fires: u32,
    /// First contribution in reach of the first fire, and one past the last in reach of the last.
    members: (usize, usize),
    /// The most that was measured where the rule holds, none where it holds nowhere.
    peak: Option<usize>,
    eu: bool,
    countries: CountrySet,
    values: BTreeSet<Value>,
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
    /// Marks what counts in a window that ends before `to`.
    fn mark(&mut self, window: &Window<'_>, to: usize) {
        let mut mark = |from: usize, openly: bool| {
            let counts = |index: &usize| window.event(*index).is_some_and(|voice| voice.openly == openly);
            self.indexes.extend((window.from.max(from)..to).filter(counts));
        };
        mark(self.open_done, true);
        self.open_done = self.open_done.max(to);
        if window.pane.released() {
            mark(self.quiet_done, false);
            self.quiet_done = self.quiet_done.max(to);
        }
    }
}

impl Run {
    fn new(first_fire: usize, from: usize) -> Self {
        Self {
            first_fire,
            last_fire: Timestamp::ZERO,
            fires: 0,
            members: (from, from),
            peak: None,
            eu: false,
            countries: CountrySet::new(),
            values: BTreeSet::new(),
            said_ever: Marked::default(),
            said_now: Marked::default(),
        }
    }

    /// All events of one log time fire alike: they share every window. The contributions up to `to` have been slid over.
    fn fire(&mut self, rule: &Rule, time: Timestamp, fires: usize, to: usize, ever: &View<'_>, now: &View<'_>) {
        self.last_fire = time;
        self.fires = self.fires.saturating_add(u32::try_from(fires).unwrap_or(u32::MAX));
        self.members.1 = to;
        self.eu |= ever.shown().pane.members() >= EU_MEMBERS;
        self.said_ever.mark(ever.shown(), to);
        let holds = now.measured.holds();
        if holds {
            self.peak = self.peak.max(Some(now.measured.measured()));
        }
        // What must not exceed a bound is shown as far as it did not.
        if holds || !rule.when.may_turn_false() {
            self.values.extend(now.measured.pane.values(rule.when.measure));
            self.countries.extend_from(&now.shown().pane.attested());
            self.said_now.mark(now.shown(), to);
        }
    }

    /// Without a contribution of its own, an overlay says nothing that its pool does not say.
    fn has_own(&self, visible: &[Visible<'_>]) -> bool {
        visible[self.members.0..self.members.1].iter().any(|v| v.own)
    }

    fn into_alert(self, subject: &Subject<'_>, visible: &[Visible<'_>], now: Timestamp) -> Alert {
        let first = visible[self.first_fire].contribution;
        let rule = subject.rule;
        let state = if self.peak.is_none() {
            AlertState::Retracted
        } else if now >= self.last_fire.plus(rule.when.within_ms) {
            AlertState::Resolved
        } else {
            AlertState::Open
        };
        let picture = Picture {
            anchor: first.order(),
            last_fire: self.last_fire,
            peak: self.peak.map_or(0, |peak| u32::try_from(peak).unwrap_or(u32::MAX)),
            fires: self.fires,
            state,
            audience: self.audience(subject, visible),
            held: false,
            countries: self.countries,
            values: texts(rule, &self.values),
            key: Arc::clone(subject.key),
        };
        let said = |marked: &Marked| {
            marked
                .indexes
                .iter()
                .map(|i| visible[*i].contribution)
                .collect::<Vec<_>>()
        };
        let standing = said(&self.said_now).into_iter().filter_map(Said::now);
        let ever = said(&self.said_ever).into_iter().map(Said::ever);
        picture.into_alert(subject, standing.collect(), ever.collect())
    }

    fn audience(&self, subject: &Subject<'_>, visible: &[Visible<'_>]) -> Audience {
        if !subject.compartment.is_pool() {
            return Audience::Recipients;
        }
        if self.eu && subject.rule.widest_audience == WidestAudience::Eu {
            return Audience::Eu;
        }
        let ever = self.said_ever.indexes.iter();
        Audience::Countries(ever.filter_map(|i| visible[*i].contribution.ever.home).collect())
    }
}

/// Values as explanations name them, sorted: an entry of the rule's list by its source's name, or by what it measures.
fn texts(rule: &Rule, values: &BTreeSet<Value>) -> Vec<Arc<str>> {
    let entry = |place: u8| match rule.when.of.get(usize::from(place))? {
        Of::Source(source) => rule
            .sources
            .get(usize::from(*source))
            .map(|source| Arc::clone(&source.name)),
        Of::Firings(inner) => Some(inner.measure.as_str().into()),
    };
    let text = |value: &Value| match value {
        Value::Country(country) => Some(country.as_str().into()),
        Value::Sector(sector) => Some(sector.as_str().into()),
        Value::Type(rsit) => Some(rsit.as_str().into()),
        Value::Class(class) => Some((*class).into()),
        Value::Severity(severity) => Some(severity.as_str().into()),
        Value::Entry(place) => entry(*place),
        Value::Indicator(..) => None, // no text of it is kept
    };
    let texts: BTreeSet<Arc<str>> = values.iter().filter_map(text).collect();
    texts.into_iter().collect()
}
