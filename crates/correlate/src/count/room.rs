//! One key in one compartment: its contributions, and when it must be judged again.

use std::borrow::Cow;
use std::sync::Arc;

use chappe_model::{Alert, AlertState, Audience, Field, Measure, Rule, Timestamp};
use serde::{Deserialize, Serialize};

use super::{COALESCE_MS, HOT_CONTRIBUTIONS, HOT_MS, Judging};
use crate::episode::{self, Visible};
use crate::finding::Finding;
use crate::pane::Pane;
use crate::sighting::Contribution;
use crate::subject::Subject;
use crate::{Voice, urgent};

/// What a sighting did to a room.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// Nothing: it was there already.
    None,
    /// A contribution came behind all others, and its incident has said nothing else.
    Appended(Timestamp, Arc<Voice>),
    /// Anything else.
    Other,
}

#[derive(Debug, Default)]
pub(super) struct Room {
    /// In (time, incident) order.
    contributions: Vec<Contribution>,
    /// All that was ever said here, as if in one window, from the second contribution on: most keys never have one. What does not hold for
    /// this holds for no window, so nothing needs to be judged.
    potential: Option<Box<Pane>>,
    /// Contributions before this belong to what can no longer change.
    kept_from: Timestamp,
    /// Alerts whose last fire lies before this were final when last judged.
    final_before: Timestamp,
    /// Alerts were found, or may have been before a restart.
    found_alerts: bool,
    /// The newest open alert of the last judgement.
    open: Option<Box<Alert>>,
    /// Behind its last fire stands what it does not say yet: the next fire takes that in, whatever fires.
    unsaid: bool,
    judged_at: Timestamp,
    /// Changed since the last judgement: judge at this watermark.
    pending: Option<Timestamp>,
    /// Time alone changes something at this watermark: an alert resolves, or contributions may go.
    timer: Option<Timestamp>,
    /// When it is scheduled to be judged.
    scheduled: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct RoomState {
    contributions: Vec<Contribution>,
    kept_from: Timestamp,
    final_before: Timestamp,
}

impl RoomState {
    pub(super) fn new(contributions: Vec<Contribution>, kept_from: Timestamp, final_before: Timestamp) -> Self {
        Self {
            contributions,
            kept_from,
            final_before,
        }
    }

    /// The contributions, and the log times before which nothing is of use and everything was final.
    pub(super) fn into_parts(self) -> (Vec<Contribution>, Timestamp, Timestamp) {
        (self.contributions, self.kept_from, self.final_before)
    }
}

impl Room {
    /// Nothing was told of it before, so it need not answer for anything.
    pub(super) fn begins(&mut self) {
        self.found_alerts = false;
    }

    /// From a snapshot: to be judged at once.
    pub(super) fn restore(state: RoomState) -> Self {
        let RoomState {
            contributions,
            kept_from,
            final_before,
        } = state;
        let mut room = Self {
            kept_from,
            final_before,
            found_alerts: true,
            pending: Some(Timestamp::ZERO),
            ..Self::default()
        };
        room.contributions = contributions;
        if room.contributions.len() > 1 {
            room.potential = Some(Box::new(room.said_together()));
        }
        room
    }

    /// What a snapshot holds; the rest follows from it.
    pub(super) fn state(&self) -> RoomState {
        RoomState {
            contributions: self.contributions.clone(),
            kept_from: self.kept_from,
            final_before: self.final_before,
        }
    }

    pub(super) fn contributions(&self) -> &[Contribution] {
        &self.contributions
    }

    /// When it must be judged next.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.pending.into_iter().chain(self.timer).min()
    }

    /// When it was scheduled to be judged, and when it now is.
    pub(super) fn reschedule(&mut self) -> (Option<Timestamp>, Option<Timestamp>) {
        let is = self.due();
        (std::mem::replace(&mut self.scheduled, is), is)
    }

    pub(super) fn is_due(&self, watermark: Timestamp) -> bool {
        self.due().is_some_and(|due| due <= watermark)
    }

    /// Takes a contribution whole, in place of the one its incident made before.
    pub(super) fn upsert(&mut self, contribution: Contribution) -> Change {
        let place = match self.contributions.last() {
            Some(last) if last.order() >= contribution.order() => self
                .contributions
                .binary_search_by_key(&contribution.order(), Contribution::order),
            _ => Err(self.contributions.len()),
        };
        match place {
            Ok(index) => {
                let known = std::mem::replace(&mut self.contributions[index], contribution);
                let now = &self.contributions[index];
                if known == *now {
                    return Change::None;
                }
                if let Some(potential) = &mut self.potential {
                    potential.remove(&known.ever);
                    potential.add(&now.ever);
                }
                Change::Other
            }
            Err(index) => self.insert(index, contribution),
        }
    }

    fn insert(&mut self, index: usize, contribution: Contribution) -> Change {
        // Contributions of one log time share every window, so behind those of the last time is behind all.
        let last = self
            .contributions
            .last()
            .is_none_or(|last| last.time <= contribution.time);
        let alone = contribution.now.as_ref() == Some(&contribution.ever);
        let change = if last && alone {
            Change::Appended(contribution.time, Arc::clone(&contribution.ever))
        } else {
            Change::Other
        };
        if self.contributions.is_empty() {
            self.contributions.reserve_exact(1); // most keys never have a second
        }
        self.contributions.insert(index, contribution);
        match &mut self.potential {
            Some(potential) => potential.add(&self.contributions[index].ever),
            None if self.contributions.len() > 1 => self.potential = Some(Box::new(self.said_together())),
            None => {}
        }
        change
    }

    /// All that was ever said here, as if in one window.
    fn said_together(&self) -> Pane {
        let mut pane = Pane::default();
        self.contributions.iter().for_each(|c| pane.add(&c.ever));
        pane
    }

    fn potential(&self) -> Cow<'_, Pane> {
        match &self.potential {
            Some(potential) => Cow::Borrowed(potential),
            None => Cow::Owned(self.said_together()),
        }
    }

    /// Notes a change that this room sees, together with `others` of its pool: to be judged at once, unless it can only have changed counts, or
    /// the key is hot.
    pub(super) fn touch(&mut self, change: &Change, watermark: Timestamp, rule: &Rule, others: usize) {
        let counts_only = match (change, &self.open) {
            (Change::None, _) => return,
            (Change::Appended(time, _), _) if rule.when.measure == Measure::CriticalReport => {
                self.is_over_quota(*time, rule)
            }
            (Change::Appended(time, voice), Some(open)) => {
                !self.unsaid && adds_counts_only(open, *time, voice, watermark, rule)
            }
            _ => false,
        };
        let when = if counts_only {
            self.judged_at.plus(COALESCE_MS)
        } else if self.contributions.len() + others > HOT_CONTRIBUTIONS {
            self.judged_at.plus(HOT_MS)
        } else {
            Timestamp::ZERO
        };
        self.pending = Some(self.pending.map_or(when, |pending| pending.min(when)));
    }

    /// Whether a critical report behind all others of its reporter will be held for a person, so that nobody is told of it at once.
    fn is_over_quota(&self, time: Timestamp, rule: &Rule) -> bool {
        let window = self.since(time.minus(rule.when.within_ms).plus(1));
        window.len() > rule.quota as usize + 1
    }

    /// Its next judgement answers for what was told before a restart, and is due at once: what was found while another owner told is told by
    /// nobody if that one has gone.
    pub(super) fn answer_for_the_past(&mut self) {
        self.found_alerts = true;
        self.pending = Some(Timestamp::ZERO);
    }

    /// What is pending need not wait.
    pub(super) fn hurry(&mut self) {
        if self.pending.is_some() {
            self.pending = Some(Timestamp::ZERO);
        }
    }

    /// Judges the room, an overlay together with its pool.
    pub(super) fn judge(
        &mut self,
        subject: &Subject<'_>,
        pool: Option<&Room>,
        judging: &Judging<'_>,
    ) -> Option<Finding> {
        self.pending = None;
        self.judged_at = judging.watermark;
        let mut alerts = if self.may_hold(judging.rule, pool) {
            self.alerts(subject, pool, judging)
        } else {
            vec![]
        };
        let final_before = self.final_before;
        alerts.retain(|alert| alert.last_fire >= final_before);
        let open = alerts.iter().filter(|alert| alert.state == AlertState::Open);
        self.open = open.max_by_key(|alert| alert.last_fire).cloned().map(Box::new);
        self.unsaid = self.open.as_ref().is_some_and(|open| {
            let behind = [Some(&*self), pool].into_iter().flatten();
            let mut behind = behind.flat_map(|room| room.since(open.last_fire.plus(1)));
            behind.any(|c| {
                let alone = c.now.as_ref() == Some(&c.ever);
                !alone || !adds_counts_only(open, c.time, &c.ever, judging.watermark, judging.rule)
            })
        });
        self.plan(&alerts, pool, judging);
        let finding = judging.finding(subject.compartment, alerts, final_before, self.final_before);
        let tells = self.found_alerts || !finding.alerts.is_empty();
        self.found_alerts = !finding.alerts.is_empty();
        tells.then_some(finding)
    }

    /// Lets go of contributions that neither this room nor, for a pool, an overlay needs.
    pub(super) fn let_go(&mut self, needed_from: Timestamp) {
        let from = self.kept_from.min(needed_from);
        let gone = self.contributions.partition_point(|c| c.time < from);
        for contribution in self.contributions.drain(..gone) {
            if let Some(potential) = &mut self.potential {
                potential.remove(&contribution.ever);
            }
        }
    }

    /// Contributions before this are of no use to this room.
    pub(super) fn kept_from(&self) -> Timestamp {
        self.kept_from
    }

    fn may_hold(&self, rule: &Rule, pool: Option<&Room>) -> bool {
        let kept = [Field::Country, Field::AttestedCountry, Field::Reporter].map(Measure::Distinct);
        if !rule.when.is_plain() || !(kept.contains(&rule.when.measure) || rule.when.measure == Measure::Events) {
            return true; // not known of every pane
        }
        let needed = rule.when.bounds.at_least as usize;
        let voices = self.contributions.len() + pool.map_or(0, |pool| pool.contributions.len());
        if voices == 1 && needed > 1 && rule.when.measure != Measure::Distinct(Field::Country) {
            return false; // one voice is one member, and attests its own country at most
        }
        match pool {
            None => self.potential().measure(rule.when.measure) >= needed,
            Some(pool) => {
                let mut together = pool.potential().into_owned();
                self.contributions.iter().for_each(|c| together.add(&c.ever));
                together.measure(rule.when.measure) >= needed
            }
        }
    }

    fn alerts(&self, subject: &Subject<'_>, pool: Option<&Room>, judging: &Judging<'_>) -> Vec<Alert> {
        let own = self.since(self.kept_from);
        if judging.rule.when.measure == Measure::CriticalReport {
            return urgent::judge(subject, own, judging.watermark);
        }
        let mut visible: Vec<Visible<'_>> = own
            .iter()
            .map(|contribution| Visible {
                contribution,
                own: true,
            })
            .collect();
        if let Some(pool) = pool {
            visible.extend(pool.since(self.kept_from).iter().map(|contribution| Visible {
                contribution,
                own: false,
            }));
            visible.sort_by_key(|v| v.contribution.order()); // two sorted runs: linear
        }
        episode::judge(subject, &visible, judging.watermark)
    }

    fn since(&self, from: Timestamp) -> &[Contribution] {
        &self.contributions[self.contributions.partition_point(|c| c.time < from)..]
    }

    /// Decides, after a judgement, what is final, what may go, and when time alone changes something.
    fn plan(&mut self, alerts: &[Alert], pool: Option<&Room>, judging: &Judging<'_>) {
        let (watermark, settled_ms, within_ms) = (judging.watermark, judging.settled_ms, judging.rule.when.within_ms);
        let settled = judging.settled().max(self.final_before);
        let live = alerts.iter().filter(|alert| alert.last_fire >= settled);
        let reach_ms = judging.rule.when.span_ms();
        let needed = live.map(|alert| alert.anchor.0.minus(reach_ms - 1)).min();
        // An episode of the pool may yet be joined by a report of this overlay: what the pool needs for it, the overlay needs too.
        // A pool that needs nothing is not judged again, so it would hold the overlay back for ever.
        let pool_needs = pool.filter(|pool| !pool.since(pool.kept_from).is_empty());
        let pool_needs = pool_needs.map_or(Timestamp::END, |pool| pool.kept_from);
        let from = needed.map_or(settled, |needed| needed.min(settled)).min(pool_needs);
        self.kept_from = self.kept_from.max(from);
        self.final_before = settled;
        let resolves = alerts
            .iter()
            .filter(|alert| alert.state == AlertState::Open)
            .map(|alert| alert.last_fire.plus(within_ms))
            .min();
        // By what this room needs itself: what a pool keeps for its overlays must not show in when the pool is judged.
        let first = self.since(self.kept_from).first();
        let lets_go = first.map(|first| {
            let gone = first.time.plus(settled_ms + 1);
            gone.max(watermark.plus(settled_ms / 8 + 1))
        });
        // What may turn false is looked at once log time has passed it.
        let unsettled = [Some(&*self), pool]
            .into_iter()
            .flatten()
            .filter_map(|room| room.since(watermark).first())
            .filter(|_| judging.rule.when.may_turn_false())
            .map(|contribution| contribution.time.plus(1))
            .min();
        self.timer = resolves.into_iter().chain(lets_go).chain(unsettled).min();
    }
}

/// Whether an appended voice can change nothing of an open alert but its counts: it says nothing new.
fn adds_counts_only(open: &Alert, time: Timestamp, voice: &Voice, watermark: Timestamp, rule: &Rule) -> bool {
    let end = open.last_fire.plus(rule.when.within_ms);
    let reporter_known = match &open.audience {
        Audience::Eu | Audience::Recipients => true,
        Audience::Countries(_) => open.evidence.iter().any(|evidence| evidence.reporter == voice.reporter),
        Audience::Reporter(_) => false,
    };
    watermark < end
        && time <= end
        && time > open.anchor.0
        && reporter_known
        && voice.openly
        && !voice.quietly
        && voice.severity <= open.severity
        && voice.tlp <= open.tlp
        && voice.pap <= open.pap
        && voice.countries.is_subset(&open.countries)
        && voice.sectors.is_subset(&open.sectors)
        && voice.incident_types.is_subset(&open.incident_types)
}
