//! What must hold once all have come to rest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_eventlog::{EventLog, Position, Record, RecordKind, Topic};
use chappe_model::{Accepted, Alert, AlertId, AlertState, Digest, IncidentId, hex};
use chappe_proto::{incident, v1};
use chappe_testkit::secret;
use prost::Message;

use crate::alone::Alone;
use crate::installation::Installation;
use crate::members::incident_id;
use crate::process::Body;

pub(crate) fn all(it: &mut Installation) -> Result<(), String> {
    let partitions: Vec<Vec<(Position, Record)>> = (0..it.log.partitions(Topic::Incidents))
        .map(|partition| it.records(Topic::Incidents, partition))
        .collect();
    receipts(it, &partitions)?;
    let alone = Alone::read(&it.settings.policy, &partitions);
    if alone.watermark() != it.standing.watermark {
        return Err(format!(
            "log time is {}, not {}",
            it.standing.watermark,
            alone.watermark()
        ));
    }
    alerts(it, &alone)?;
    marks(it, &alone)?;
    feeds(it)
}

/// What stands of a revision: the first record, unless it is of another realm than the first of its incident.
fn stored(partitions: &[Vec<(Position, Record)>]) -> BTreeMap<(IncidentId, u32), (Accepted, Digest)> {
    let (mut realms, mut found) = (BTreeMap::new(), BTreeMap::new());
    let records = partitions
        .iter()
        .flatten()
        .filter(|(_, record)| record.kind == RecordKind::Data);
    for (accepted, digest) in records.filter_map(|(_, record)| incident::decode(&record.payload).ok()) {
        let exercise = accepted.incident.exercise;
        if *realms.entry(accepted.id).or_insert(exercise) == exercise {
            let revision = (accepted.id, accepted.incident.revision);
            found.entry(revision).or_insert((accepted, digest));
        }
    }
    found
}

/// Whoever has a receipt has it of what stands, and of two contents of one revision one has none.
fn receipts(it: &mut Installation, partitions: &[Vec<(Position, Record)>]) -> Result<(), String> {
    let stored = stored(partitions);
    for request in &it.requests {
        let Some(receipt) = &request.receipt else {
            it.tally.refusals += 1;
            continue;
        };
        it.tally.receipts += 1;
        let id = incident_id(request);
        let Some((stands, digest)) = stored.get(&(id, receipt.revision)) else {
            return Err(format!("a receipt of what does not stand: {id} {}", request.revision()));
        };
        // A receipt names what stands whoever asks, so what was asked is compared by itself.
        if request.title().is_some_and(|title| title != stands.incident.title) {
            return Err(format!("a receipt for what was refused: {id} {}", request.revision()));
        }
        if receipt.receipt_id != hex(&secret().receipt(id, receipt.revision, digest)) {
            return Err(format!(
                "a receipt of other content than stands: {id} {}",
                request.revision()
            ));
        }
    }
    Ok(())
}

/// What is live is what one alone would say.
fn alerts(it: &mut Installation, alone: &Alone) -> Result<(), String> {
    let live = |alerts: &BTreeMap<AlertId, Alert>| -> BTreeMap<AlertId, Alert> {
        let live = alerts
            .iter()
            .filter(|(_, alert)| matches!(alert.state, AlertState::Open | AlertState::Resolved));
        live.map(|(id, alert)| (*id, alert.clone())).collect()
    };
    let all = &alone.alerts;
    let (together, alone) = (live(&it.standing.alerts), live(all));
    it.tally.alerts += together.len() as u64;
    it.tally.takeovers += it.standing.claims;
    it.tally.fenced += it.standing.fenced;
    for (id, alert) in &alone {
        match together.get(id) {
            None => return Err(format!("not told: {alert:#?}\nlast: {:#?}", it.standing.alerts.get(id))),
            Some(told) if !told.says_the_same_as(alert) => {
                return Err(format!("told: {told:#?}\nalone: {alert:#?}"));
            }
            Some(_) => {}
        }
    }
    match together.values().find(|alert| !alone.contains_key(&alert.id)) {
        Some(alert) => Err(format!(
            "told, and not by one alone: {alert:#?}\nalone: {:#?}",
            all.get(&alert.id)
        )),
        None => Ok(()),
    }
}

/// A time mark stands behind every alert that is due by then.
fn marks(it: &Installation, alone: &Alone) -> Result<(), String> {
    for (id, due) in &alone.due {
        let Some((mark, watermark)) = it.standing.marks.iter().find(|(_, watermark)| watermark > due) else {
            continue;
        };
        match it.standing.first.get(id) {
            Some(first) if first < mark => {}
            first => {
                return Err(format!(
                    "the mark of {watermark} stands at {mark}, alert {id} due by {due} at {first:?}: {:#?}",
                    alone.first.get(id)
                ));
            }
        }
    }
    Ok(())
}

/// Whoever came back by cursors was told what one is told who never went away.
fn feeds(it: &mut Installation) -> Result<(), String> {
    let mut boards = it.processes.iter().filter_map(|process| match &process.body {
        Some(Body::Notification(board)) => Some(board),
        _ => None,
    });
    let board = boards.next().ok_or("no board runs")?;
    for watcher in &it.watchers {
        it.tally.resumed += watcher.resumed;
        let request = v1::SubscribeRequest {
            from_beginning: true,
            ..Default::default()
        };
        let mut feed = board
            .subscribe(Arc::clone(&watcher.who), &request)
            .map_err(|status| status.to_string())?;
        let answers = feed.next(board, usize::MAX).map_err(|status| status.to_string())?;
        let fresh: Vec<Vec<u8>> = answers
            .into_iter()
            .filter_map(|answer| match answer.event {
                Some(v1::subscribe_response::Event::Alert(alert)) => Some(alert.encode_to_vec()),
                _ => None,
            })
            .collect();
        if fresh != watcher.told {
            let (told, doubled) = (watcher.told.len(), watcher.told.iter().collect::<BTreeSet<_>>().len());
            return Err(format!(
                "{} was told {told} revisions, {doubled} distinct, not {}",
                watcher.who.member,
                fresh.len()
            ));
        }
    }
    Ok(())
}
