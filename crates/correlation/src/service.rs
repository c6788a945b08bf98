use std::future::Future;
use std::sync::Arc;
use std::thread::JoinHandle;

use chappe_correlate::{CAMPAIGN_RULE, Intake, LinkPolicy, LinkShard, Shard, shard_of};
use chappe_eventlog::{EventLog, SnapshotStore, Topic};
use chappe_model::{Alert, Policy};
use rtrb::{Consumer, RingBuffer};

use crate::error::{OpenError, RunError};
use crate::halt::Halt;
use crate::linking::Linking;
use crate::live::LiveTeller;
use crate::options::{MAX_SHARDS, Options};
use crate::reader::Reader;
use crate::recall::{Recalled, take_over};
use crate::ring::{Feed, Message, Progress, RING_MESSAGES};
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
        let Restored {
            intake,
            positions,
            shards,
            links,
            unlinked,
        } = self.restore(&policy, count);
        let (mut feeds, mut threads) = (vec![], vec![]);
        for (index, shard) in shards.into_iter().enumerate() {
            let (feed, thread) = self.owner(format!("shard-{index}"), halt, |ring, log, progress, halt| {
                let worker = Worker {
                    shard,
                    ring,
                    log,
                    progress,
                    halt,
                    ahead: vec![],
                    settled: false,
                };
                move || worker.run()
            })?;
            feeds.push(feed);
            threads.push(thread);
        }
        let linking = links.map(|links| self.linker(links, halt)).transpose()?;
        let (links, thread) = linking.unzip();
        threads.extend(thread);
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
            links,
            unlinked,
            snapshots,
            live: LiveTeller::new(self.options.live),
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

    fn linker(&self, links: LinkShard, halt: &Halt) -> Result<(Feed, JoinHandle<()>), RunError> {
        self.owner("linking".into(), halt, |ring, log, progress, halt| {
            let linking = Linking {
                links,
                ring,
                log,
                progress,
                halt,
            };
            move || linking.run()
        })
    }

    /// Starts a thread that owns its part of the state, fed by a ring.
    fn owner<F: FnOnce() + Send + 'static>(
        &self,
        name: String,
        halt: &Halt,
        body: impl FnOnce(Consumer<Message>, Arc<dyn EventLog>, Arc<Progress>, Halt) -> F,
    ) -> Result<(Feed, JoinHandle<()>), RunError> {
        let (producer, consumer) = RingBuffer::new(RING_MESSAGES);
        let progress = Arc::new(Progress::default());
        let body = body(consumer, Arc::clone(&self.log), Arc::clone(&progress), halt.clone());
        let thread = spawn(name, halt, body)?;
        let feed = Feed {
            ring: producer,
            thread: thread.thread().clone(),
            progress,
        };
        Ok((feed, thread))
    }

    /// The state to go on from: the last snapshot if it serves, and what was told before.
    fn restore(&self, policy: &Arc<Policy>, count: usize) -> Restored {
        let secret = &self.options.secret;
        let linking = self.options.linking.clone().map(Arc::new);
        let partitions = self.log.partitions(Topic::Incidents);
        let epoch = self.recalled.epoch;
        let mut found = Restored {
            intake: Intake::new(secret, policy, partitions),
            positions: vec![0; usize::from(partitions)],
            shards: (0..count).map(|_| Shard::new(secret.clone(), policy, epoch)).collect(),
            links: linking
                .clone()
                .map(|linking| LinkShard::new(secret.clone(), linking, epoch)),
            unlinked: vec![],
        };
        let snapshot = load(&*self.snapshots, policy, partitions).and_then(|snapshot| {
            let links = linking.map(|linking| LinkShard::restore(secret.clone(), linking, epoch, &snapshot.links));
            let links = links.transpose().map_err(
                |error| tracing::info!(%error, "the snapshot does not serve; reading the log from its beginning"),
            );
            Some((snapshot, links.ok()?))
        });
        if let Some((snapshot, links)) = snapshot {
            found.intake = Intake::restore(secret, policy, snapshot.partitions);
            found.positions = snapshot.positions;
            found.links = links;
            for state in snapshot.shards {
                found
                    .shards
                    .iter_mut()
                    .zip(state.split(count))
                    .for_each(|(shard, part)| shard.restore(part));
            }
        }
        self.recall(&mut found);
        found
    }

    /// Hands each owner what was told before. Where nothing is linked any more, campaigns end as the alerts of a rule do that is not in force
    /// any more: what is withdrawn later would otherwise stand in them for ever.
    fn recall(&self, found: &mut Restored) {
        let count = found.shards.len();
        let (campaigns, others): (Vec<_>, Vec<_>) =
            (self.recalled.alerts.iter().cloned()).partition(|alert| *alert.rule.id == *CAMPAIGN_RULE);
        for alert in others {
            found.shards[shard_of(alert.key_hash, count)].recall(alert);
        }
        if let Some(links) = &mut found.links {
            campaigns.into_iter().for_each(|alert| links.recall(alert));
            return;
        }
        let nothing = Arc::new(LinkPolicy::default());
        let mut links = LinkShard::new(self.options.secret.clone(), nothing, self.recalled.epoch);
        campaigns.into_iter().for_each(|alert| links.recall(alert));
        links.settle(&mut found.unlinked);
    }
}

/// The state to go on from, each part for its owner.
struct Restored {
    intake: Intake,
    positions: Vec<u64>,
    shards: Vec<Shard>,
    /// None where nothing is linked.
    links: Option<LinkShard>,
    /// The ends of campaigns that were open, where nothing is linked any more.
    unlinked: Vec<Alert>,
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
