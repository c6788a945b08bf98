//! The index from the log: the first record of each (id, revision) counts, as for every reader of the log.

use chappe_eventlog::{EventLog, Position, ReadLimit, Record, RecordKind, Topic};
use chappe_model::Secret;
use chappe_proto::incident;

use crate::index::{Shelf, Stored};
use crate::lists::Lists;
use crate::options::OpenError;
use crate::receipt;

/// Reads all partitions of the incidents topic.
pub(crate) fn from_log(secret: &Secret, log: &dyn EventLog) -> Result<(Vec<Shelf>, Lists), OpenError> {
    let mut lists = Lists::default();
    let mut shelves = Vec::new();
    for partition in 0..log.partitions(Topic::Incidents) {
        let mut shelf = Shelf::default();
        let mut from = Position(0);
        loop {
            let records = log.read(Topic::Incidents, partition, from, ReadLimit::default())?;
            let Some((last, _)) = records.last() else { break };
            from = last.next();
            for (position, record) in records.iter().filter(|(_, record)| record.kind == RecordKind::Data) {
                note(secret, &mut shelf, &mut lists, (partition, *position), record)?;
            }
        }
        shelves.push(shelf);
    }
    Ok((shelves, lists))
}

fn note(
    secret: &Secret,
    shelf: &mut Shelf,
    lists: &mut Lists,
    at: (u16, Position),
    record: &Record,
) -> Result<(), OpenError> {
    let (partition, position) = at;
    let (accepted, digest) = incident::decode(&record.payload).map_err(|source| OpenError::Record {
        partition,
        position,
        source,
    })?;
    let said = &accepted.incident;
    if accepted.id != secret.incident_id(&accepted.reporter, &said.report_key) {
        return Err(OpenError::Secret { partition, position });
    }
    let recipients = Some(said.marking.recipients()).filter(|list| !list.is_empty());
    let owner = Some(&accepted.reporter).filter(|_| !accepted.unmarked).cloned();
    let list = recipients
        .map(|list| lists.restore(&owner, list))
        .transpose()
        .map_err(|_| OpenError::RecipientLists(u32::MAX as usize))?;
    let stored = Stored {
        revision: said.revision,
        facts: receipt::facts(said, accepted.unmarked, list),
        digest,
        position,
    };
    let is_new = shelf.insert(accepted.id, stored);
    if let (false, Some(list)) = (is_new, list) {
        lists.release(list);
    }
    Ok(())
}
