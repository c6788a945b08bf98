use std::future::Future;
use std::sync::Arc;
use std::thread::JoinHandle;

use chappe_correlate::{Intake, Shard, shard_of};
use chappe_eventlog::{EventLog, SnapshotStore, Topic};
use chappe_model::{Policy, Timestamp};
use rtrb::RingBuffer;

use crate::error::{OpenError, RunError};
use crate::halt::Halt;
use crate::options::{MAX_SHARDS, Options};
use crate::reader::Reader;
use crate::recall::{Recalled, take_over};
use crate::ring::{Feed, Progress, RING_MESSAGES};
use crate::snapshots::{Snapshots, load};
use crate::worker::Worker;

/// The owner of all keys of an installation.
pub struct Service {
    options: Options,
    log: Arc<dyn EventLog>,
    snapshots: Arc<dyn SnapshotStore>,
    recalled: Recalled,
}

impl Service {
    /// Takes over the alerts topic.
    ///
    /// # Errors
    /// When it cannot be read, or no epoch appended.
    pub fn open(
        options: Options,
        log: Arc<dyn EventLog>,
        snapshots: Arc<dyn SnapshotStore>,
    ) -> Result<Self, OpenError> {
        let recalled = take_over(&*log)?;
        Ok(Self {
            options,
            log,
            snapshots,
            recalled,
        })
    }

    /// Reads, judges and tells until `shutdown` is ready, then saves a snapshot and ends.
    ///
    /// # Errors
    /// When the log can no longer be read or appended to; nothing durable is lost by it.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), RunError> {
        let halt = Halt::default();
        let running = self.start(&halt)?;
        tokio::select! {
            () = shutdown => {}
            () = halt.failed() => {}
        }
        halt.ask();
        let joined = tokio::task::spawn_blocking(move || running.into_iter().try_for_each(join)).await;
        let ended = joined.unwrap_or_else(|error| Err(RunError::Thread("join".into(), error.to_string())));
        halt.take_failure().map_or(ended, Err)
    }

    /// Starts the shards and the reader; the reader is joined first, because its end ends the shards.
    fn start(self, halt: &Halt) -> Result<Vec<JoinHandle<()>>, RunError> {
        let policy = Arc::new(self.options.policy.clone());
        let count = self.options.shards.clamp(1, MAX_SHARDS);
        let (intake, positions, shards) = self.restore(&policy, count);
        let (mut feeds, mut threads) = (vec![], vec![]);
        for (index, shard) in shards.into_iter().enumerate() {
            let (producer, consumer) = RingBuffer::new(RING_MESSAGES);
            let progress = Arc::new(Progress::default());
            let worker = Worker {
                shard,
                ring: consumer,
                log: Arc::clone(&self.log),
                progress: Arc::clone(&progress),
                halt: halt.clone(),
                advanced: Timestamp::ZERO,
                settled: false,
            };
            let thread = spawn(format!("shard-{index}"), halt, move || worker.run())?;
            feeds.push(Feed {
                ring: producer,
                thread: thread.thread().clone(),
                progress,
            });
            threads.push(thread);
        }
        let snapshots = Snapshots::new(self.snapshots, self.options.snapshot_interval, &positions);
        let log = Arc::clone(&self.log);
        let (epoch, marked) = (self.recalled.epoch, self.recalled.watermark);
        let reader = Reader {
            log,
            policy,
            epoch,
            intake,
            positions,
            feeds,
            snapshots,
            halt: halt.clone(),
            marked,
            sightings: vec![],
        };
        let reader = spawn("reader".into(), halt, move || reader.run())?;
        let thread = reader.thread().clone();
        self.log.on_advance(Topic::Incidents, Arc::new(move || thread.unpark()));
        threads.insert(0, reader);
        Ok(threads)
    }

    /// The state to go on from: the last snapshot if it serves, and what was told before.
    fn restore(&self, policy: &Arc<Policy>, count: usize) -> (Intake, Vec<u64>, Vec<Shard>) {
        let secret = &self.options.secret;
        let partitions = self.log.partitions(Topic::Incidents);
        let mut shards: Vec<Shard> = (0..count)
            .map(|_| Shard::new(secret.clone(), policy, self.recalled.epoch))
            .collect();
        let (mut intake, mut positions) = (
            Intake::new(secret, policy, partitions),
            vec![0; usize::from(partitions)],
        );
        if let Some(snapshot) = load(&*self.snapshots, policy, partitions) {
            intake = Intake::restore(secret, policy, snapshot.partitions);
            positions = snapshot.positions;
            for state in snapshot.shards {
                shards
                    .iter_mut()
                    .zip(state.split(count))
                    .for_each(|(shard, part)| shard.restore(part));
            }
        }
        for alert in &self.recalled.alerts {
            shards[shard_of(alert.key_hash, count)].recall(alert.clone());
        }
        (intake, positions, shards)
    }
}

/// A thread that ends in a panic stops the service: its keys have no owner any more.
fn spawn(name: String, halt: &Halt, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, RunError> {
    let on_panic = OnPanic {
        halt: halt.clone(),
        name: name.clone(),
    };
    let started = std::thread::Builder::new().name(name.clone()).spawn(move || {
        let _on_panic = on_panic;
        body();
    });
    started.map_err(|error| RunError::Thread(name, error.to_string()))
}

struct OnPanic {
    halt: Halt,
    name: String,
}

impl Drop for OnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.halt.fail(RunError::Thread(
                std::mem::take(&mut self.name),
                "ended in a panic".into(),
            ));
        }
    }
}

fn join(thread: JoinHandle<()>) -> Result<(), RunError> {
    let name = thread.thread().name().unwrap_or_default().to_owned();
    thread
        .join()
        .map_err(|_| RunError::Thread(name, "ended in a panic".into()))
}
