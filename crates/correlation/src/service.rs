use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use bytes::Bytes;
use chappe_correlate::{CAMPAIGN_RULE, Intake, LinkPolicy, LinkShard, Shard, shard_of};
use chappe_eventlog::{EventLog, Record, SnapshotStore, Topic, Writers};
use chappe_model::limits::LOTS;
use chappe_model::{Alert, Policy};
use chappe_proto::pulse::{self, Pulse};
use rtrb::RingBuffer;

use crate::custodian::{Custodian, PULSE_PARTITION};
use crate::custody::Custody;
use crate::error::{OpenError, RunError};
use crate::halt::Halt;
use crate::linking::Linking;
use crate::live::LiveTeller;
use crate::options::{LiveListener, MAX_SHARDS, Options};
use crate::reader::Reader;
use crate::recall::{Recalled, look_on, take_over};
use crate::ring::{CONTROL_MESSAGES, Control, Feed, Progress, RING_MESSAGES};
use crate::snapshots::{Snapshots, load};
use crate::tenure::Tenure;
use crate::threads::{Hired, Post, join, spawn};
use crate::worker::Worker;

/// The owner of all keys of an installation.
pub struct Service {
    options: Options,
    log: Arc<dyn EventLog>,
    snapshots: Arc<dyn SnapshotStore>,
    recalled: Recalled,
}

impl Service {
    /// Takes over the alerts topic; where other processes share the work, reads it and takes over once it runs.
    ///
    /// # Errors
    /// When it cannot be read, or no epoch appended.
    pub fn open(
        options: Options,
        log: Arc<dyn EventLog>,
        snapshots: Arc<dyn SnapshotStore>,
    ) -> Result<Self, OpenError> {
        let recalled = match log.writers() {
            Writers::Sole => take_over(&*log)?,
            Writers::Shared => look_on(&*log, LOTS)?,
        };
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
        let restored = self.restore(&policy, self.shards());
        let mut hired = vec![];
        for (index, shard) in restored.shards.into_iter().enumerate() {
            hired.push(self.hire(format!("shard-{index}"), halt, |post| {
                let worker = Worker::new(shard, post);
                move || worker.run()
            })?);
        }
        let linker = restored.links.map(|links| {
            self.hire("linking".into(), halt, |post| {
                let linking = Linking::new(links, post);
                move || linking.run()
            })
        });
        let linker = linker.transpose()?;
        let mut threads = vec![];
        let (mut feeds, mut controls) = (vec![], vec![]);
        for hired in hired {
            feeds.push(hired.feed);
            controls.extend(hired.control);
            threads.push(hired.thread);
        }
        let (mut links, mut links_control) = (None, None);
        if let Some(hired) = linker {
            links = Some(hired.feed);
            links_control = hired.control;
            threads.push(hired.thread);
        }
        let custody = self
            .is_shared()
            .then(|| self.keep_custody(controls, links_control, halt));
        let custody = custody.transpose()?;
        let live = match &custody {
            Some(custody) => Some(publish_live(Arc::clone(&self.log), Arc::clone(&custody.leads))),
            None => self.options.live,
        };
        let (settled, custodian) = custody.map(|custody| (custody.settled, custody.thread)).unzip();
        let reader = Reader {
            log: Arc::clone(&self.log),
            policy,
            epoch: self.recalled.epoch,
            intake: restored.intake,
            snapshots: Snapshots::new(self.snapshots, self.options.snapshot_interval, &restored.positions),
            positions: restored.positions,
            feeds,
            links,
            unlinked: restored.unlinked,
            live: LiveTeller::new(live),
            settled,
            halt: halt.clone(),
            marked: self.recalled.watermark,
            sightings: vec![],
        };
        let reader = spawn("reader".into(), halt, move || reader.run())?;
        let thread = reader.thread().clone();
        self.log.on_advance(Topic::Incidents, Arc::new(move || thread.unpark()));
        threads.insert(0, reader);
        threads.extend(custodian);
        Ok(threads)
    }

    /// Whether other processes share the work.
    fn is_shared(&self) -> bool {
        self.log.writers() == Writers::Shared
    }

    /// Threads that own keys: one for each lot, where owners are fenced lot by lot.
    fn shards(&self) -> usize {
        if self.is_shared() {
            usize::from(LOTS)
        } else {
            self.options.shards.clamp(1, MAX_SHARDS)
        }
    }

    /// Starts a thread that owns its part of the state, fed by a ring.
    fn hire<F: FnOnce() + Send + 'static>(
        &self,
        name: String,
        halt: &Halt,
        body: impl FnOnce(Post) -> F,
    ) -> Result<Hired, RunError> {
        let (producer, ring) = RingBuffer::new(RING_MESSAGES);
        let progress = Arc::new(Progress::default());
        let (controls, control) = self.is_shared().then(|| RingBuffer::new(CONTROL_MESSAGES)).unzip();
        let body = body(Post {
            ring,
            control,
            tenure: Tenure::new(self.is_shared()),
            log: Arc::clone(&self.log),
            progress: Arc::clone(&progress),
            halt: halt.clone(),
        });
        let thread = spawn(name, halt, body)?;
        let control = controls.map(|ring| Feed {
            ring,
            thread: thread.thread().clone(),
            progress: Arc::clone(&progress),
        });
        let feed = Feed {
            ring: producer,
            thread: thread.thread().clone(),
            progress,
        };
        Ok(Hired { feed, control, thread })
    }

    /// Starts the custodian.
    fn keep_custody(
        &self,
        lots: Vec<Feed<Control>>,
        links: Option<Feed<Control>>,
        halt: &Halt,
    ) -> Result<Custodied, RunError> {
        let (settled, leads) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        // Randomly keyed in every process: enough to tell two starts apart.
        let nonce = RandomState::new().build_hasher().finish();
        let mut custody = Custody::new(self.options.instance.clone(), nonce, LOTS, 0);
        for claim in &self.recalled.claims {
            custody.claimed(claim);
        }
        let custodian = Custodian {
            custody,
            alerts_at: self.recalled.read_to,
            pulse_at: self.log.end(Topic::Pulse, PULSE_PARTITION),
            log: Arc::clone(&self.log),
            lots,
            links,
            settled: Arc::clone(&settled),
            leads: Arc::clone(&leads),
            halt: halt.clone(),
            marked: self.recalled.watermark,
            began: Instant::now(),
            last_beat: None,
        };
        let thread = spawn("custodian".into(), halt, move || custodian.run())?;
        for topic in [Topic::Alerts, Topic::Pulse] {
            let thread = thread.thread().clone();
            self.log.on_advance(topic, Arc::new(move || thread.unpark()));
        }
        Ok(Custodied { settled, leads, thread })
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
        if self.is_shared() {
            found.shards.iter_mut().for_each(Shard::stand_by);
            found.links.iter_mut().for_each(LinkShard::stand_by);
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
        if self.is_shared() {
            return; // nothing is this instance's to end
        }
        let nothing = Arc::new(LinkPolicy::default());
        let mut links = LinkShard::new(self.options.secret.clone(), nothing, self.recalled.epoch);
        campaigns.into_iter().for_each(|alert| links.recall(alert));
        links.settle(&mut found.unlinked);
    }
}

/// The custodian's thread, and the flags that it shares.
struct Custodied {
    /// The log has been read again.
    settled: Arc<AtomicBool>,
    /// This instance speaks for all.
    leads: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Whoever takes reports in other processes learns by the pulse how much is live.
fn publish_live(log: Arc<dyn EventLog>, leads: Arc<AtomicBool>) -> LiveListener {
    LiveListener::new(move |live| {
        if !leads.load(Ordering::Acquire) {
            return;
        }
        let payload = pulse::encode(&Pulse::Live(live.clone())).into();
        let record = Record::data(0, Bytes::from_static(b"live"), payload);
        // The next one will do.
        log.append(Topic::Pulse, PULSE_PARTITION, record, Box::new(drop));
    })
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
