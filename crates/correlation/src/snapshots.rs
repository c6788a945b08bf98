//! Snapshots: asked of all shards at one cut, saved beside the reader.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chappe_correlate::{CountState, Intake, Snapshot, encode_snapshot};
use chappe_eventlog::SnapshotStore;
use chappe_model::Policy;
use metrics::{counter, histogram};

use crate::halt::Halt;
use crate::metric_names::{SNAPSHOT_SECONDS, SNAPSHOTS_FAILED};
use crate::ring::{Feed, Message};

/// The name of the blob.
const NAME: &str = "correlation";
/// Snapshots take at most one part in this many of the reader's time.
const COST_SHARE: u32 = 20;
/// Where none was taken yet, a last snapshot is taken only if no more records than this were ever read.
const LAST_RECORDS: u64 = 100_000;
/// A last snapshot is taken only if the one before cost less than this.
const LAST_COST: Duration = Duration::from_secs(1);
/// How long the reader waits for a shard's state before it looks again whether the shard still lives.
const HAND_OVER_WAIT: Duration = Duration::from_millis(20);

pub(crate) struct Snapshots {
    store: Arc<dyn SnapshotStore>,
    interval: Duration,
    taken_at: Instant,
    taken_of: Vec<u64>,
    /// How long the reader stood still for the last one.
    cost: Duration,
    saving: Option<JoinHandle<()>>,
}

/// Loads the last snapshot, if it can serve; without one the log is read from its beginning.
pub(crate) fn load(store: &dyn SnapshotStore, policy: &Policy, partitions: u16) -> Option<Snapshot> {
    let bytes = match store.load(NAME) {
        Ok(bytes) => bytes?,
        Err(error) => {
            tracing::warn!(%error, "the snapshot cannot be read; reading the log from its beginning");
            return None;
        }
    };
    match Snapshot::decode(&bytes, policy, partitions) {
        Ok(snapshot) => Some(snapshot),
        Err(error) => {
            tracing::info!(%error, "the snapshot does not serve; reading the log from its beginning");
            None
        }
    }
}

/// One cut through the log: the policy, the positions, and the intake that has taken all before them.
pub(crate) type Cut<'a> = (&'a Policy, &'a [u64], &'a Intake);

fn ask<T>(feed: &mut Feed, message: impl Fn(SyncSender<T>) -> Message, halt: &Halt) -> Receiver<T> {
    let (hand_over, handed) = sync_channel(1);
    feed.push(message(hand_over), halt);
    feed.wake();
    handed
}

/// What a thread hands over; none if it has ended. One that has leaves the request in its ring, so waiting for the answer alone would never
/// end.
fn handed_over<T>(handed: &Receiver<T>, feed: &Feed) -> Option<T> {
    loop {
        match handed.recv_timeout(HAND_OVER_WAIT) {
            Ok(state) => return Some(state),
            Err(RecvTimeoutError::Timeout) if !feed.ring.is_abandoned() => {}
            Err(_) => return None,
        }
    }
}

impl Snapshots {
    pub(crate) fn new(store: Arc<dyn SnapshotStore>, interval: Duration, positions: &[u64]) -> Self {
        Self {
            store,
            interval,
            taken_at: Instant::now(),
            taken_of: positions.to_vec(),
            cost: Duration::ZERO,
            saving: None,
        }
    }

    /// Whether it is time for one, and there is something new to save.
    pub(crate) fn is_due(&self, positions: &[u64]) -> bool {
        let idle = self.saving.as_ref().is_none_or(JoinHandle::is_finished);
        idle && self.taken_at.elapsed() >= self.interval.max(self.cost * COST_SHARE) && self.taken_of != positions
    }

    /// Takes a last one before the end, unless that would keep the operator waiting: then the restart reads more of the log.
    pub(crate) fn take_last(&mut self, cut: Cut<'_>, feeds: &mut [Feed], links: Option<&mut Feed>, halt: &Halt) {
        let quick = match self.cost {
            Duration::ZERO => cut.1.iter().sum::<u64>() <= LAST_RECORDS,
            cost => cost <= LAST_COST,
        };
        if quick && self.taken_of != cut.1 {
            self.take(cut, feeds, links, halt);
        }
        self.finish();
    }

    /// Takes one: waits until every shard has made durable what it told before this cut, then saves it on a thread of its own.
    pub(crate) fn take(&mut self, cut: Cut<'_>, feeds: &mut [Feed], links: Option<&mut Feed>, halt: &Halt) {
        self.finish();
        let began = Instant::now();
        self.taken_at = began;
        let asked: Vec<_> = feeds
            .iter_mut()
            .map(|feed| ask(feed, Message::Snapshot, halt))
            .collect();
        let asked_links = links.map(|feed| (ask(feed, Message::LinkSnapshot, halt), feed));
        let states: Option<Vec<CountState>> = asked
            .iter()
            .zip(&*feeds)
            .map(|(handed, feed)| handed_over(handed, feed))
            .collect();
        let linking = match &asked_links {
            Some((handed, feed)) => handed_over(handed, feed),
            None => Some(Some(vec![])), // nothing is linked
        };
        let Some((states, linking)) = states.zip(linking) else {
            return; // the service is stopping
        };
        let Some(linking) = linking else {
            counter!(SNAPSHOTS_FAILED).increment(1);
            return; // it has logged what went wrong
        };
        let (policy, positions, intake) = cut;
        let encoded = encode_snapshot(policy, positions, intake, &states, &linking);
        self.cost = began.elapsed();
        histogram!(SNAPSHOT_SECONDS).record(self.cost);
        match encoded {
            Ok(bytes) => {
                self.taken_of = positions.to_vec();
                self.save(bytes);
            }
            Err(error) => {
                counter!(SNAPSHOTS_FAILED).increment(1);
                tracing::error!(%error, "no snapshot could be made; a restart will read more of the log");
            }
        }
    }

    fn save(&mut self, bytes: Vec<u8>) {
        let store = Arc::clone(&self.store);
        let saving = std::thread::Builder::new().name("snapshot".into()).spawn(move || {
            if let Err(error) = store.save(NAME, &bytes) {
                counter!(SNAPSHOTS_FAILED).increment(1);
                tracing::error!(%error, "the snapshot could not be saved; a restart will read more of the log");
            }
        });
        self.saving = saving
            .map_err(|error| tracing::error!(%error, "no thread to save the snapshot"))
            .ok();
    }

    /// Waits for the one being saved.
    pub(crate) fn finish(&mut self) {
        if let Some(saving) = self.saving.take() {
            let _ = saving.join(); // it has logged what went wrong
        }
    }
}
