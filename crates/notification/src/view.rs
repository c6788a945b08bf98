//! The view of the alerts topic: what the records up to a position add up to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chappe_distribute::Looks;
use chappe_eventlog::{Fences, Position, Record, RecordKind};
use chappe_model::limits::RULES;
use chappe_model::{Alert, AlertId, AlertState, MemberId, Realm, Rule, Secret, Timestamp};
use chappe_proto::alert;
use chappe_proto::alert::{AlertsMark, Claim};
use metrics::counter;

use crate::constituencies::Constituencies;
use crate::decisions::{Decisions, Standing};
use crate::lineage::Lineage;
use crate::metric_names as names;
use crate::naming::Naming;
use crate::options::{DECISIONS_PER_ALERT, MILESTONE_RECORDS, TAIL_BYTES, TAIL_RECORDS};
use crate::runs::Runs;

/// What a position of the log holds for streams.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// A record that has no effect: fenced, out of date, or not decodable.
    Nothing,
    /// A time mark: everything up to this log time has been judged.
    Mark(Timestamp),
    /// An accepted revision.
    Revision(Arc<Alert>),
}

/// Whoever owns it marks how far all owners are.
const FIRST_LOT: u16 = 0;

/// A record, decoded, not yet judged.
pub(crate) enum Decoded {
    Mark(Timestamp, u64),
    Claim(Claim),
    Revision(Box<Alert>),
    Unreadable(String),
}

impl Decoded {
    pub(crate) fn of(record: &Record) -> Self {
        let decoded = match record.kind {
            RecordKind::Mark => alert::decode_mark(&record.payload).map(|mark| match mark {
                AlertsMark::Reached { watermark, epoch } => Self::Mark(watermark, epoch),
                AlertsMark::Claim(claim) => Self::Claim(claim),
            }),
            RecordKind::Data => alert::decode(&record.payload).map(|alert| Self::Revision(Box::new(alert))),
        };
        decoded.unwrap_or_else(|error| Self::Unreadable(error.to_string()))
    }
}

/// Sizes of the view. Tests choose small ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) tail_records: usize,
    pub(crate) tail_bytes: usize,
    pub(crate) milestone_records: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            tail_records: TAIL_RECORDS,
            tail_bytes: TAIL_BYTES,
            milestone_records: MILESTONE_RECORDS,
        }
    }
}

/// A place in the log with the log time reached before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Milestone {
    pub(crate) position: Position,
    pub(crate) log_time: Timestamp,
}

/// An alert: its newest revision, and what earlier ones looked like to filters.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) alert: Arc<Alert>,
    pub(crate) looks: Looks,
}

#[derive(Debug)]
pub(crate) struct View {
    sizes: Sizes,
    /// The first position that the log held when read.
    pub(crate) start: Position,
    /// One past the last record taken in.
    pub(crate) end: Position,
    pub(crate) watermark: Timestamp,
    pub(crate) alerts: BTreeMap<AlertId, Held>,
    /// Which alerts carry on one that was told.
    lineage: Lineage,
    /// What members judged.
    pub(crate) decisions: Decisions,
    /// What members answer for.
    pub(crate) constituencies: Constituencies,
    /// Which alerts name what.
    pub(crate) naming: Naming,
    /// Every live alert of a surge.
    pub(crate) surges: BTreeSet<AlertId>,
    fences: Fences,
    /// The last records, without gaps, each with its payload's size; the last is at `end` - 1.
    tail: VecDeque<(Item, usize)>,
    tail_bytes: usize,
    milestones: Vec<Milestone>,
    /// Records without effect.
    ignored: Runs,
    /// Rules as decoded, so that alerts share them; at most [`RULES`].
    rules: Vec<Arc<Rule>>,
}

impl View {
    /// Of a topic whose owners share the keys in `lots`.
    pub(crate) fn new(sizes: Sizes, lots: u16, secret: Secret) -> Self {
        let beginning = Milestone {
            position: Position(0),
            log_time: Timestamp::ZERO,
        };
        Self {
            sizes,
            start: Position(0),
            end: Position(0),
            watermark: Timestamp::ZERO,
            alerts: BTreeMap::new(),
            lineage: Lineage::default(),
            decisions: Decisions::default(),
            constituencies: Constituencies::default(),
            naming: Naming::new(secret),
            surges: BTreeSet::new(),
            fences: Fences::new(lots),
            tail: VecDeque::new(),
            tail_bytes: 0,
            milestones: vec![beginning],
            ignored: Runs::default(),
            rules: Vec::new(),
        }
    }

    /// Takes in the next record of the log.
    pub(crate) fn apply(&mut self, position: Position, decoded: Decoded, bytes: usize) {
        if position != self.end {
            self.skip_to(position);
        }
        let passed = self
            .milestones
            .last()
            .map_or(u64::MAX, |last| position.0 - last.position.0);
        if passed >= self.sizes.milestone_records {
            self.milestones.push(Milestone {
                position,
                log_time: self.watermark,
            });
        }
        let item = self.judge(position, decoded);
        if matches!(item, Item::Nothing) {
            self.ignored.push(position);
        }
        self.tail.push_back((item, bytes));
        self.tail_bytes += bytes;
        self.end = position.next();
        while self.tail.len() > self.sizes.tail_records || self.tail_bytes > self.sizes.tail_bytes {
            let Some((_, bytes)) = self.tail.pop_front() else { break };
            self.tail_bytes -= bytes;
        }
    }

    /// The log no longer holds what lies before `position`.
    fn skip_to(&mut self, position: Position) {
        tracing::warn!(from = %self.end, to = %position, "the log of alerts begins later than the view ends: history is gone");
        self.start = position;
        self.end = position;
        self.tail.clear();
        self.tail_bytes = 0;
        self.milestones = vec![Milestone {
            position,
            log_time: self.watermark,
        }];
    }

    fn judge(&mut self, position: Position, decoded: Decoded) -> Item {
        match decoded {
            Decoded::Unreadable(reason) => {
                counter!(names::UNDECODED).increment(1);
                tracing::error!(%position, reason, "a record of the topic alerts does not decode and is skipped");
                Item::Nothing
            }
            Decoded::Claim(claim) => {
                self.admits(claim.lot, claim.epoch); // fenced from here on
                Item::Nothing
            }
            Decoded::Mark(_, epoch) if !self.admits(FIRST_LOT, epoch) => Item::Nothing,
            Decoded::Mark(watermark, _) => {
                self.watermark = self.watermark.max(watermark);
                Item::Mark(watermark)
            }
            Decoded::Revision(alert) if !self.admits(alert.lot(self.fences.lots()), alert.epoch) => Item::Nothing,
            Decoded::Revision(alert) => self.accept(*alert),
        }
    }

    fn admits(&mut self, lot: u16, epoch: u64) -> bool {
        let admitted = self.fences.admit(lot, epoch);
        if !admitted {
            counter!(names::FENCED).increment(1);
        }
        admitted
    }

    fn accept(&mut self, mut alert: Alert) -> Item {
        if self.concerns_nobody(&alert) {
            counter!(names::UNHEARD).increment(1);
            return Item::Nothing;
        }
        if let AlertState::Superseded(heir) = alert.state {
            self.lineage.expect(heir);
        }
        self.share_rule(&mut alert);
        let alert = Arc::new(alert);
        let held = self.alerts.entry(alert.id).or_insert_with(|| Held {
            alert: Arc::clone(&alert),
            looks: Looks::default(),
        });
        let first = Arc::ptr_eq(&held.alert, &alert);
        if !first && alert.revision <= held.alert.revision {
            counter!(names::STALE).increment(1);
            return Item::Nothing;
        }
        held.looks.note(&alert);
        let before = std::mem::replace(&mut held.alert, Arc::clone(&alert));
        self.lineage.note(&before, &alert);
        self.naming.note((!first).then_some(&*before), &alert);
        if alert.surge.is_some() && alert.compartment.realm == Realm::Live {
            self.surges.insert(alert.id);
        }
        counter!(names::APPLIED).increment(1);
        Item::Revision(alert)
    }

    /// An alert whose reports were withdrawn before it ever held was told to nobody, so nobody needs its correction; to tell it now would
    /// spread what its reporter took back. The exception carries on an alert that was told.
    fn concerns_nobody(&self, alert: &Alert) -> bool {
        let closed = matches!(alert.state, AlertState::Retracted | AlertState::Superseded(_));
        closed && !self.alerts.contains_key(&alert.id) && !self.lineage.is_expected(&alert.id)
    }

    /// What members judged of an alert and of those that it carries on, as far as `seen` lets through: the newest of each member, in order of
    /// time, at most [`DECISIONS_PER_ALERT`] of them, the newest.
    ///
    /// What is not let through leads nowhere: whoever may not see an alert must not learn by it what else points to it.
    pub(crate) fn judged(&self, id: &AlertId, seen: impl Fn(&Alert) -> bool) -> Vec<(&MemberId, &Standing)> {
        if self.decisions.is_empty() {
            return Vec::new();
        }
        let lets_through = |id: &AlertId| self.alerts.get(id).is_some_and(|held| seen(&held.alert));
        let mut newest: BTreeMap<&MemberId, &Standing> = BTreeMap::new();
        for id in self.lineage.carried_on_by(*id, lets_through) {
            for (member, standing) in self.decisions.on(&id) {
                let held = newest.entry(member).or_insert(standing);
                if standing.place > held.place {
                    *held = standing;
                }
            }
        }
        let mut judged: Vec<_> = newest.into_iter().collect();
        judged.sort_by_key(|(_, standing)| standing.place);
        let skipped = judged.len().saturating_sub(DECISIONS_PER_ALERT);
        judged.split_off(skipped)
    }

    fn share_rule(&mut self, alert: &mut Alert) {
        if let Some(known) = self.rules.iter().find(|rule| **rule == alert.rule) {
            alert.rule = Arc::clone(known);
        } else if self.rules.len() < RULES {
            self.rules.push(Arc::clone(&alert.rule));
        }
    }

    /// The first position that the tail holds.
    pub(crate) fn tail_start(&self) -> Position {
        Position(self.end.0 - self.tail.len() as u64)
    }

    /// Up to `at_most` items of the tail; empty at the end.
    pub(crate) fn tail_from(&self, from: Position, at_most: usize) -> Vec<Item> {
        let skipped = from.0.saturating_sub(self.tail_start().0);
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        self.tail
            .iter()
            .skip(skipped)
            .take(at_most)
            .map(|(item, _)| item.clone())
            .collect()
    }

    /// Whether a record that was taken in had no effect.
    pub(crate) fn ignores(&self, position: Position) -> bool {
        self.ignored.contains(position)
    }

    /// The last milestone before which log time was below `log_time`; none if the log holds no such place.
    pub(crate) fn milestone_before(&self, log_time: Timestamp) -> Option<Milestone> {
        let after = self
            .milestones
            .partition_point(|milestone| milestone.log_time < log_time);
        after.checked_sub(1).and_then(|i| self.milestones.get(i)).copied()
    }
}
