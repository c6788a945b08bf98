//! Snapshots: asked of all shards at one cut, saved beside the reader.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use chappe_correlate::{CountState, Intake, Snapshot, encode_snapshot};
use chappe_eventlog::SnapshotStore;
use chappe_model::Policy;
use metrics::{counter, histogram};

use crate::halt::Halt;
use crate::metric_names::{SNAPSHOT_SECONDS, SNAPSHOTS_FAILED, SNAPSHOTS_SAVED};
use crate::pace::Pace;
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
    pace: Pace,
    taken_at: Duration,
    taken_of: Vec<u64>,
    /// How long the reader stood still for the last one.
    cost: Duration,
    /// The states of one that is being taken. Until all are there the reader stands still.
    asked: Option<Asked>,
    saving: Option<JoinHandle<()>>,
}

/// What was asked for at one cut.
struct Asked {
    states: Vec<Handed<CountState>>,
    /// None where nothing is looked for in all reports.
    whole: Option<Handed<Option<Vec<u8>>>>,
}

/// What one hands over.
enum Handed<T> {
    Waiting(Receiver<T>),
    There(T),
}

/// Where a request for states has come to.
enum Gathered {
    NotYet,
    /// The service is stopping.
    Never,
    /// And of what looks at reports whole, none if it could not be made.
    All(Vec<CountState>, Option<Vec<u8>>),
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

fn ask<T>(feed: &mut Feed, message: impl Fn(SyncSender<T>) -> Message, halt: &Halt) -> Handed<T> {
    let (hand_over, handed) = sync_channel(1);
    feed.push(message(hand_over), halt);
    feed.wake();
    Handed::Waiting(handed)
}

impl<T> Handed<T> {
    /// Whether it is there, or none if whoever was asked has ended. One that has leaves the request in its ring, so waiting for the answer
    /// alone would never end.
    fn is_there(&mut self, wait: Duration, feed: &Feed) -> Option<bool> {
        let Self::Waiting(handed) = self else { return Some(true) };
        match handed.recv_timeout(wait) {
            Ok(state) => *self = Self::There(state),
            Err(RecvTimeoutError::Timeout) if !feed.ring.is_abandoned() => return Some(false),
            Err(_) => return None,
        }
        Some(true)
    }

    fn taken(self) -> Option<T> {
        match self {
            Self::There(state) => Some(state),
            Self::Waiting(_) => None,
        }
    }
}

impl Asked {
    /// Waits for one of them so long at most.
    fn gather(mut self, wait: Duration, feeds: &[Feed], whole: Option<&Feed>) -> (Gathered, Option<Self>) {
        let of_whole = self
            .whole
            .iter_mut()
            .zip(whole)
            .map(|(handed, feed)| handed.is_there(wait, feed));
        let mut each = self
            .states
            .iter_mut()
            .zip(feeds)
            .map(|(handed, feed)| handed.is_there(wait, feed));
        match each.by_ref().chain(of_whole).find(|there| *there != Some(true)) {
            Some(None) => (Gathered::Never, None),
            Some(_) => (Gathered::NotYet, Some(self)),
            None => {
                let whole = self.whole.map_or(Some(vec![]), |handed| handed.taken().flatten());
                (
                    Gathered::All(self.states.into_iter().filter_map(Handed::taken).collect(), whole),
                    None,
                )
            }
        }
    }
}

impl Snapshots {
    pub(crate) fn new(store: Arc<dyn SnapshotStore>, interval: Duration, positions: &[u64], pace: Pace) -> Self {
        Self {
            store,
            interval,
            taken_at: pace.now(),
            pace,
            asked: None,
            taken_of: positions.to_vec(),
            cost: Duration::ZERO,
            saving: None,
        }
    }

    /// Whether it is time for one, and there is something new to save.
    pub(crate) fn is_due(&self, positions: &[u64]) -> bool {
        let idle = self.saving.as_ref().is_none_or(JoinHandle::is_finished);
        idle && self.pace.since(self.taken_at) >= self.interval.max(self.cost * COST_SHARE)
            && self.taken_of != positions
    }

    /// Begins a last one before the end, unless that would keep the operator waiting: then the restart reads more of the log.
    pub(crate) fn begin_last(&mut self, positions: &[u64], feeds: &mut [Feed], whole: Option<&mut Feed>, halt: &Halt) {
        let quick = match self.cost {
            Duration::ZERO => positions.iter().sum::<u64>() <= LAST_RECORDS,
            cost => cost <= LAST_COST,
        };
        if quick && self.taken_of != positions {
            self.begin(feeds, whole, halt);
        }
    }

    /// Asks every shard for its state as of here, which it hands over once it has made durable what it told before.
    pub(crate) fn begin(&mut self, feeds: &mut [Feed], whole: Option<&mut Feed>, halt: &Halt) {
        self.finish();
        self.taken_at = self.pace.now();
        let states = feeds
            .iter_mut()
            .map(|feed| ask(feed, Message::Snapshot, halt))
            .collect();
        let whole = whole.map(|feed| ask(feed, Message::WholeSnapshot, halt));
        self.asked = Some(Asked { states, whole });
    }

    /// Goes on with the one that was begun, and saves it on a thread of its own once all states are there. Whether that was the end of it; the
    /// cut must stay the same until then.
    pub(crate) fn go_on(&mut self, cut: Cut<'_>, feeds: &[Feed], whole: Option<&Feed>) -> bool {
        let wait = if self.pace.may_wait() {
            HAND_OVER_WAIT
        } else {
            Duration::ZERO
        };
        let Some(asked) = self.asked.take() else { return true };
        let (gathered, asked) = asked.gather(wait, feeds, whole);
        self.asked = asked;
        match gathered {
            Gathered::NotYet => return false,
            Gathered::Never => {}
            Gathered::All(_, None) => counter!(SNAPSHOTS_FAILED).increment(1), // it has logged what went wrong
            Gathered::All(states, Some(whole)) => self.encode(cut, &states, &whole),
        }
        true
    }

    fn encode(&mut self, (policy, positions, intake): Cut<'_>, states: &[CountState], whole: &[u8]) {
        let encoded = encode_snapshot(policy, positions, intake, states, whole);
        self.cost = self.pace.since(self.taken_at);
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
        let save = move || match store.save(NAME, &bytes) {
            Ok(()) => counter!(SNAPSHOTS_SAVED).increment(1),
            Err(error) => {
                counter!(SNAPSHOTS_FAILED).increment(1);
                tracing::error!(%error, "the snapshot could not be saved; a restart will read more of the log");
            }
        };
        if !self.pace.may_wait() {
            return save();
        }
        let saving = std::thread::Builder::new().name("snapshot".into()).spawn(save);
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
