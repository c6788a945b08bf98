//! The index from the log: the first record of each (id, revision) counts, as for every reader of the log.

use chappe_eventlog::{EventLog, Position, ReadLimit, Record, RecordKind, Topic, Writers};
use chappe_model::{Accepted, Digest, Secret};
use chappe_proto::incident::{self, RecordError};

use crate::following::Reading;
use crate::index::{Facts, Settled, Shelf, Stored};
use crate::lists::Lists;
use crate::metric_names::Meters;
use crate::options::OpenError;
use crate::receipt;

/// What the log holds.
pub(crate) struct Rebuilt {
    pub(crate) shelves: Vec<Shelf>,
    pub(crate) lists: Lists,
    /// Behind what was read.
    pub(crate) reading: Reading,
}

/// Why a record does not count.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("a record of the incidents is unreadable ({0})")]
    Unreadable(#[from] RecordError),
    #[error("a record of the incidents was written under another secret")]
    Secret,
    #[error("more recipient lists than can be numbered")]
    RecipientLists,
}

/// Reads all partitions of the incidents topic. On a shared log a record that is unreadable is skipped, as anybody may have written it.
pub(crate) fn from_log(secret: &Secret, log: &dyn EventLog, meters: &Meters) -> Result<Rebuilt, OpenError> {
    let is_shared = log.writers() == Writers::Shared;
    let mut lists = Lists::default();
    let (mut shelves, mut ends, mut skipped) = (Vec::new(), Vec::new(), 0_u64);
    for partition in 0..log.partitions(Topic::Incidents) {
        let mut shelf = Shelf::default();
        let mut from = Position(0);
        loop {
            let records = log.read(Topic::Incidents, partition, from, ReadLimit::default())?;
            let Some((last, _)) = records.last() else { break };
            from = last.next();
            for (position, record) in records.iter().filter(|(_, record)| record.kind == RecordKind::Data) {
                match note(secret, &mut shelf, &mut lists, *position, record) {
                    Ok(()) => {}
                    Err(Unfit::Unreadable(_)) if is_shared => skipped += 1,
                    Err(unfit) => return Err(unfit.at(partition, *position)),
                }
            }
        }
        shelves.push(shelf);
        ends.push(from);
    }
    if skipped > 0 {
        meters.skipped.increment(skipped);
        tracing::error!(
            skipped,
            "the incidents hold records that this version cannot read: they count for nobody here"
        );
    }
    Ok(Rebuilt {
        shelves,
        lists,
        reading: Reading::new(log, ends),
    })
}

fn note(
    secret: &Secret,
    shelf: &mut Shelf,
    lists: &mut Lists,
    position: Position,
    record: &Record,
) -> Result<(), Unfit> {
    let (accepted, digest) = decode(secret, record)?;
    let facts = facts(&accepted, lists)?;
    let stored = Stored {
        revision: accepted.incident.revision,
        facts,
        digest,
        position,
    };
    let settled = shelf.read_back(accepted.id, stored);
    if let (Settled::Ignored, Some(list)) = (settled, facts.list) {
        lists.release(list);
    }
    Ok(())
}

/// A record of a revision under this secret.
pub(crate) fn decode(secret: &Secret, record: &Record) -> Result<(Accepted, Digest), Unfit> {
    let (accepted, digest) = incident::decode(&record.payload)?;
    if accepted.id != secret.incident_id(&accepted.reporter, &accepted.incident.report_key) {
        return Err(Unfit::Secret);
    }
    Ok((accepted, digest))
}

/// What its receipt says, as the record says it. Its list has one more user.
pub(crate) fn facts(accepted: &Accepted, lists: &mut Lists) -> Result<Facts, Unfit> {
    let said = &accepted.incident;
    let recipients = Some(said.marking.recipients()).filter(|list| !list.is_empty());
    let owner = Some(&accepted.reporter).filter(|_| !accepted.unmarked).cloned();
    let list = recipients
        .map(|list| lists.restore(&owner, list))
        .transpose()
        .map_err(|_| Unfit::RecipientLists)?;
    Ok(receipt::facts(said, accepted.unmarked, list))
}

impl Unfit {
    fn at(self, partition: u16, position: Position) -> OpenError {
        match self {
            Self::Unreadable(source) => OpenError::Record {
                partition,
                position,
                source,
            },
            Self::Secret => OpenError::Secret { partition, position },
            Self::RecipientLists => OpenError::RecipientLists(u32::MAX as usize),
        }
    }
}
