//! What members answer for: their records in the topic `config`, folded.

use std::collections::BTreeMap;
use std::sync::Arc;

use chappe_constituency::{Constituency, Holder, Table};
use chappe_eventlog::{Position, Record, RecordKind};
use chappe_model::limits::CONSTITUENCY_ENTRIES;
use chappe_model::{MemberId, Timestamp};
use chappe_proto::constituency::{self, Stated};
use metrics::counter;

use crate::metric_names::CONSTITUENCIES_UNDECODED;

/// Each member has a table of its own: nothing that is asked of one can tell of another's.
const OWNER: Holder = Holder(0);

/// A member's constituency as it is in force.
#[derive(Debug)]
pub(crate) struct InForce {
    pub(crate) constituency: Constituency,
    pub(crate) table: Table,
    pub(crate) stated_by: MemberId,
    /// The stamp of its record, raised to that of the one before it.
    pub(crate) since: Timestamp,
    pub(crate) position: Position,
}

/// What is in force for one member, and was before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Own {
    now: Option<Arc<InForce>>,
    before: Option<Arc<InForce>>,
}

impl Own {
    /// What is in force.
    pub(crate) fn table(&self) -> Option<&Table> {
        self.now.as_ref().map(|now| &now.table)
    }

    /// What is and was.
    pub(crate) fn tables(&self) -> Vec<&Table> {
        self.now
            .iter()
            .chain(&self.before)
            .map(|in_force| &in_force.table)
            .collect()
    }
}

/// What was ever in force for a member, as far as it is needed.
#[derive(Debug)]
struct Held {
    now: Arc<InForce>,
    /// The one before: whoever was told of an alert under it is told how that goes on.
    before: Option<Arc<InForce>>,
}

/// The fold, a function of the prefix of the topic that was read: so every process finds the same in force. The newest record of a member counts,
/// but one that would bring all together above [`CONSTITUENCY_ENTRIES`] has no effect.
#[derive(Debug, Default)]
pub(crate) struct Constituencies {
    next: Position,
    members: BTreeMap<MemberId, Held>,
    entries: usize,
    /// Of those that were in force before: not above [`CONSTITUENCY_ENTRIES`] either.
    entries_before: usize,
}

/// What a record says, laid out before anything is locked.
pub(crate) struct Read {
    position: Position,
    stated: Option<(MemberId, InForce)>,
}

impl Read {
    /// Records of other keys, and those that do not decode, say nothing.
    pub(crate) fn of(position: Position, record: &Record) -> Self {
        let is_one = record.kind == RecordKind::Data && record.key.starts_with(constituency::KEY_PREFIX);
        let stated = is_one.then(|| constituency::decode(&record.payload)).and_then(|decoded| match decoded {
            Ok(stated) => Some(stated),
            Err(error) => {
                counter!(CONSTITUENCIES_UNDECODED).increment(1);
                tracing::error!(%position, %error, "a constituency in the topic config does not decode and is skipped");
                None
            }
        });
        let laid_out = |stated: Stated| {
            let in_force = InForce {
                table: Table::new([(OWNER, &stated.constituency)]),
                constituency: stated.constituency,
                stated_by: stated.stated_by,
                since: Timestamp::from_millis(record.stamp_ms),
                position,
            };
            (stated.member, in_force)
        };
        Self {
            position,
            stated: stated.map(laid_out),
        }
    }
}

impl Constituencies {
    /// Takes in what a record says; one that was taken in before has no effect.
    pub(crate) fn take(&mut self, read: Read) {
        if read.position < self.next {
            return;
        }
        self.next = read.position.next();
        let Some((member, mut stated)) = read.stated else {
            return;
        };
        let held = self.members.get(&member).map(|held| Arc::clone(&held.now));
        let without = self.entries - held.as_ref().map_or(0, |now| now.constituency.entries());
        let entries = without + stated.constituency.entries();
        if entries > CONSTITUENCY_ENTRIES {
            tracing::error!(%member, entries, "a constituency is beyond what all may have together and has no effect");
            return;
        }
        self.entries = entries;
        stated.since = stated.since.max(held.as_ref().map_or(Timestamp::ZERO, |now| now.since));
        let entries_of = |held: Option<&Arc<InForce>>| held.map_or(0, |held| held.constituency.entries());
        let forgotten = self.members.get(&member).and_then(|held| held.before.as_ref());
        let others = self.entries_before - entries_of(forgotten);
        // Where there is no room for it, how an alert goes on is not told by it, as over two changes.
        let before = held.filter(|held| others + held.constituency.entries() <= CONSTITUENCY_ENTRIES);
        self.entries_before = others + entries_of(before.as_ref());
        let now = Arc::new(stated);
        self.members.insert(member, Held { now, before });
    }

    /// The position to read the topic on from.
    pub(crate) fn next(&self) -> Position {
        self.next
    }

    /// What is in force for a member.
    pub(crate) fn of(&self, member: &MemberId) -> Option<&Arc<InForce>> {
        self.members.get(member).map(|held| &held.now)
    }

    /// And what was before it.
    pub(crate) fn own(&self, member: &MemberId) -> Own {
        self.members.get(member).map_or_else(Own::default, |held| Own {
            now: Some(Arc::clone(&held.now)),
            before: held.before.clone(),
        })
    }

    /// All that is in force, by member.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&MemberId, &InForce)> {
        self.members.iter().map(|(member, held)| (member, &*held.now))
    }

    /// How many entries there would be if `constituency` were the member's.
    pub(crate) fn entries_with(&self, member: &MemberId, constituency: &Constituency) -> usize {
        let own = self.of(member).map_or(0, |now| now.constituency.entries());
        self.entries - own + constituency.entries()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use bytes::Bytes;
    use chappe_constituency::{Entry, EntryKind};
    use chappe_model::limits::CONSTITUENCY_DOMAINS;

    use super::*;

    fn member(number: usize) -> MemberId {
        MemberId::parse(&format!("m{number}")).unwrap()
    }

    fn record(number: usize, domains: usize, stamp_ms: u64) -> Record {
        let domain = |i: usize| Entry::parse(EntryKind::Domain, &format!("n{i}.example.at")).unwrap();
        let stated = Stated {
            member: member(number),
            stated_by: member(0),
            constituency: Constituency::new((0..domains).map(domain)).unwrap(),
        };
        let key = constituency::key(&stated.member).into();
        Record::data(stamp_ms, key, constituency::encode(&stated).into())
    }

    fn fold(records: &[Record]) -> Constituencies {
        let mut constituencies = Constituencies::default();
        for (position, record) in (0..).map(Position).zip(records) {
            constituencies.take(Read::of(position, record));
            constituencies.take(Read::of(position, record));
        }
        constituencies
    }

    #[test]
    fn the_newest_counts_and_other_records_say_nothing() {
        let policy = Record::data(
            1,
            Bytes::from_static(b"policy"),
            Bytes::from_static(b"of somebody else"),
        );
        let damaged = Record::data(2, constituency::key(&member(1)).into(), Bytes::from_static(&[0xff]));
        let mark = Record {
            key: constituency::key(&member(1)).into(),
            ..Record::mark(3)
        };
        let found = fold(&[
            policy,
            record(1, 3, 900),
            damaged,
            mark,
            record(1, 1, 400),
            record(2, 1, 500),
        ]);
        let now = found.of(&member(1)).unwrap();
        assert_eq!(
            (now.constituency.entries(), now.since.as_millis(), now.position),
            (1, 900, Position(4))
        );
        let entries = |tables: Vec<&Table>| tables.into_iter().map(Table::entries).collect::<Vec<_>>();
        assert_eq!(entries(found.own(&member(1)).tables()), [1, 3]);
        assert_eq!(entries(found.own(&member(2)).tables()), [1]);
        assert!(found.of(&member(3)).is_none() && found.own(&member(3)).table().is_none());
        assert_eq!((found.next(), found.entries, found.all().count()), (Position(6), 2, 2));
    }

    #[test]
    fn what_is_beyond_the_bound_of_all_has_no_effect_wherever_it_is_read() {
        let full = CONSTITUENCY_ENTRIES / CONSTITUENCY_DOMAINS;
        let mut constituencies = Constituencies::default();
        let mut position = Position(0);
        let mut take = |constituencies: &mut Constituencies, record: &Record| {
            constituencies.take(Read::of(position, record));
            position = position.next();
        };
        let whole = record(0, CONSTITUENCY_DOMAINS, 1);
        let Read { stated, .. } = Read::of(Position(0), &whole);
        let constituency = stated.unwrap().1.constituency;
        // The same names of each: what counts is their number.
        for number in 0..full {
            constituencies.members.insert(
                member(number),
                Held {
                    now: Arc::new(in_force(&constituency)),
                    before: None,
                },
            );
            constituencies.entries += CONSTITUENCY_DOMAINS;
        }
        take(&mut constituencies, &record(full, 1, 2));
        assert!(constituencies.of(&member(full)).is_none());
        take(&mut constituencies, &record(0, CONSTITUENCY_DOMAINS - 1, 3));
        take(&mut constituencies, &record(full, 1, 4));
        assert!(constituencies.of(&member(full)).is_some());
        assert_eq!(constituencies.entries, CONSTITUENCY_ENTRIES);
    }

    #[test]
    fn what_was_in_force_before_is_bounded_too() {
        let mut constituencies = fold(&[record(1, 3, 1)]);
        // Others' past takes all but two.
        constituencies.entries_before = CONSTITUENCY_ENTRIES - 2;
        let mut take = |position, entries| {
            constituencies.take(Read::of(Position(position), &record(1, entries, position)));
            (
                constituencies.own(&member(1)).tables().len(),
                constituencies.entries_before,
            )
        };
        assert_eq!(
            take(1, 2),
            (1, CONSTITUENCY_ENTRIES - 2),
            "three of before are too many"
        );
        assert_eq!(take(2, 5), (2, CONSTITUENCY_ENTRIES), "two are not");
        assert_eq!(
            take(3, 1),
            (1, CONSTITUENCY_ENTRIES - 2),
            "five are, and the two are forgotten"
        );
    }

    /// Without a table, which would be large.
    fn in_force(constituency: &Constituency) -> InForce {
        InForce {
            constituency: constituency.clone(),
            table: Table::default(),
            stated_by: member(0),
            since: Timestamp::ZERO,
            position: Position(0),
        }
    }
}
