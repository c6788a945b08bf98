//! What members judged: the records of the topic `decisions`, folded.

use std::collections::BTreeMap;

use chappe_eventlog::{Position, Record, RecordKind};
use chappe_model::{AlertId, Judgement, MemberId, Timestamp};
use chappe_proto::decision;
use metrics::counter;

use crate::metric_names::DECISIONS_UNDECODED;

/// Where a decision stands in the order of all: by log time first, so that decisions on several alerts have one order. On one alert that is the
/// order of the log, as its log time never falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) decided_at: Timestamp,
    pub(crate) partition: u16,
    pub(crate) position: Position,
}

/// The newest decision of a member on an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) judgement: Judgement,
    pub(crate) by_hub: bool,
    pub(crate) place: Place,
}

/// What was judged of one alert. Its log time is its own, the highest stamp of a decision on it: that of the partition would move by decisions on
/// alerts that a viewer may not see.
#[derive(Debug, Default, PartialEq, Eq)]
struct OnAlert {
    log_time: Timestamp,
    members: BTreeMap<MemberId, Standing>,
}

/// The fold. All decisions on an alert stand in one partition. It is a function of each partition's prefix that was read: neither how reads of partitions interleave nor what comes twice matters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Decisions {
    /// By partition: the position to read on from.
    next: BTreeMap<u16, Position>,
    alerts: BTreeMap<AlertId, OnAlert>,
    /// How many alerts a member's decisions stand on.
    by_member: BTreeMap<MemberId, usize>,
}

impl Decisions {
    /// Takes in a record; one that was taken in before has no effect, nor has one that does not decode.
    pub(crate) fn take(&mut self, partition: u16, position: Position, record: &Record) {
        let next = self.next.entry(partition).or_default();
        if position < *next {
            return;
        }
        *next = position.next();
        if record.kind == RecordKind::Mark {
            return; // nobody writes one yet
        }
        let decision = match decision::decode(&record.payload) {
            Ok(decision) => decision,
            Err(error) => {
                counter!(DECISIONS_UNDECODED).increment(1);
                tracing::error!(partition, %position, %error, "a record of the topic decisions does not decode and is skipped");
                return;
            }
        };
        let alert = self.alerts.entry(decision.alert).or_default();
        alert.log_time = alert.log_time.max(Timestamp::from_millis(record.stamp_ms));
        let standing = Standing {
            judgement: decision.judgement,
            by_hub: decision.by_hub,
            place: Place {
                decided_at: alert.log_time,
                partition,
                position,
            },
        };
        if alert.members.insert(decision.member.clone(), standing).is_none() {
            *self.by_member.entry(decision.member).or_default() += 1;
        }
    }

    /// The position to read a partition on from.
    pub(crate) fn next_of(&self, partition: u16) -> Position {
        self.next.get(&partition).copied().unwrap_or_default()
    }

    /// Log time of an alert: the highest stamp of a decision on it.
    pub(crate) fn log_time_on(&self, alert: &AlertId) -> Timestamp {
        self.alerts.get(alert).map_or(Timestamp::ZERO, |alert| alert.log_time)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }

    /// The newest decision of each member on an alert.
    pub(crate) fn on(&self, alert: &AlertId) -> impl Iterator<Item = (&MemberId, &Standing)> {
        self.alerts.get(alert).into_iter().flat_map(|alert| &alert.members)
    }

    /// What stands of a member on an alert.
    pub(crate) fn of(&self, alert: &AlertId, member: &MemberId) -> Option<&Standing> {
        self.alerts.get(alert)?.members.get(member)
    }

    /// How many members' decisions stand on an alert.
    pub(crate) fn count_on(&self, alert: &AlertId) -> usize {
        self.alerts.get(alert).map_or(0, |alert| alert.members.len())
    }

    /// On how many alerts a member's decisions stand.
    pub(crate) fn count_of(&self, member: &MemberId) -> usize {
        self.by_member.get(member).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use bytes::Bytes;
    use chappe_model::{Decision, Reason, Verdict};
    use proptest::prelude::*;

    use super::*;

    type Entry = (u8, u8, usize, u64);

    fn record((alert, member, verdict, stamp_ms): Entry) -> Record {
        if alert == 0 {
            return Record::data(u64::MAX, Bytes::new(), Bytes::from_static(b"of somebody else"));
        }
        let decision = Decision {
            alert: AlertId::from_bytes([alert; 16]),
            member: MemberId::parse(&format!("m{member}")).unwrap(),
            by_hub: member == 0,
            judgement: Judgement::new(Verdict::ALL[verdict], Reason::parse("because").unwrap()).unwrap(),
        };
        Record::data(stamp_ms, Bytes::new(), decision::encode(&decision).into())
    }

    fn fold(steps: impl IntoIterator<Item = (u16, usize)>, logs: &[Vec<Entry>; 2]) -> Decisions {
        let mut decisions = Decisions::default();
        for (partition, at) in steps {
            let entry = logs[usize::from(partition)][at];
            decisions.take(partition, Position(at as u64), &record(entry));
        }
        decisions
    }

    /// Of alerts that stand in this partition only, but for records of somebody else.
    fn any_log(alerts: [u8; 3]) -> impl Strategy<Value = Vec<Entry>> {
        let alert = proptest::sample::select(alerts.to_vec());
        proptest::collection::vec((alert, 0..3_u8, 0..3_usize, 0..50_u64), 0..20)
    }

    proptest! {
        #[test]
        fn interleaving_and_repeats_change_nothing(
            logs in (any_log([0, 1, 3]), any_log([0, 2, 4])),
            turns in proptest::collection::vec((any::<bool>(), 1..4_usize, 0..3_usize), 0..60),
        ) {
            let logs = [logs.0, logs.1];
            let whole = |partition: u16| (0..logs[usize::from(partition)].len()).map(move |at| (partition, at));
            let one_by_one = fold(whole(0).chain(whole(1)), &logs);
            prop_assert_eq!(&one_by_one, &fold(whole(1).chain(whole(0)), &logs));
            let mut steps = Vec::new();
            let mut at = [0_usize; 2];
            let rest = [(false, 20, 0), (true, 20, 0)];
            for (second, count, back) in turns.into_iter().chain(rest) {
                let (partition, end) = (u16::from(second), logs[usize::from(second)].len());
                let next = &mut at[usize::from(second)];
                let (from, to) = (next.saturating_sub(back), (*next + count).min(end));
                steps.extend((from..to).map(|at| (partition, at)));
                *next = to;
            }
            prop_assert_eq!(one_by_one, fold(steps, &logs));
        }
    }

    #[test]
    fn the_newest_of_a_member_stands_and_time_never_falls() {
        let logs = [
            vec![(1, 1, 2, 900), (1, 2, 0, 400), (0, 0, 0, 0), (1, 1, 1, 300)],
            vec![],
        ];
        let decisions = fold([(0, 0), (0, 1), (0, 2), (0, 3)], &logs);
        let alert = AlertId::from_bytes([1; 16]);
        let seen: Vec<_> = decisions
            .on(&alert)
            .map(|(member, it)| {
                (
                    member.as_str(),
                    it.judgement.verdict(),
                    it.place.decided_at.as_millis(),
                    it.place.position.0,
                )
            })
            .collect();
        let expected = [
            ("m1", Verdict::Confirmed, 900, 3),
            ("m2", Verdict::Acknowledged, 900, 1),
        ];
        assert_eq!(seen, expected);
        assert_eq!((decisions.count_on(&alert), decisions.next_of(0)), (2, Position(4)));
        assert_eq!(decisions.count_of(&MemberId::parse("m1").unwrap()), 1);
    }
}
