use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use bytes::Bytes;
use chappe_correlate::{Intake, Overview, Shard, shard_of};
use chappe_eventlog::{EventLog, Record, SnapshotStore, Topic, Writers};
use chappe_model::limits::LOTS;
use chappe_model::{Alert, Policy, Timestamp};
use chappe_proto::pulse::{self, Pulse};
use rtrb::RingBuffer;

use crate::crew::{Crew, Stepped};
use crate::custodian::{Custodian, PULSE_PARTITION, Recalling};
use crate::custody::Custody;
use crate::error::{OpenError, RunError};
use crate::halt::Halt;
use crate::live::LiveTeller;
use crate::options::{LiveListener, MAX_SHARDS, Options};
use crate::pace::{Grain, Pace};
use crate::reader::{Reader, Stage};
use crate::recall::{Recalled, look_on, take_over};
use crate::ring::{CONTROL_MESSAGES, Feed, Gained, Progress, RING_MESSAGES};
use crate::snapshots::{Snapshots, load};
use crate::tenure::Tenure;
use crate::threads::{Post, Reached, Wake, join};
use crate::whole::Whole;
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

    /// Not run but stepped, for simulations: `nonce` tells this start of this instance from all others.
    #[doc(hidden)]
    #[must_use]
    pub fn by_hand(self, nonce: u64, grain: Grain) -> Stepped {
        Stepped::new(grain, |halt, pace| self.hire(nonce, halt, pace))
    }

    /// Starts the shards and the reader; the reader is joined first, because its end ends the shards.
    fn start(self, halt: &Halt) -> Result<Vec<JoinHandle<()>>, RunError> {
        let log = Arc::clone(&self.log);
        // Randomly keyed in every process: enough to tell two starts apart.
        let nonce = RandomState::new().build_hasher().finish();
        self.hire(nonce, halt, &Pace::of_threads()).start(&log, halt)
    }

    /// Everyone who is to run, with what they need.
    fn hire(self, nonce: u64, halt: &Halt, pace: &Pace) -> Crew {
        let policy = Arc::new(self.options.policy.clone());
        let restored = self.restore(&policy, self.shards());
        let (mut feeds, mut controls, mut workers) = (vec![], vec![], vec![]);
        for shard in restored.shards {
            let (post, reached) = self.post(halt, pace);
            feeds.push(reached.feed);
            controls.extend(reached.control);
            workers.push(Worker::new(shard, post));
        }
        let (mut whole_feed, mut whole_control, mut whole) = (None, None, None);
        if let Some(overview) = restored.overview {
            let (post, reached) = self.post(halt, pace);
            whole_feed = Some(reached.feed);
            whole_control = reached.control;
            let surges = self.options.surges.map(|policy| (policy, nonce));
            whole = Some(Whole::new(overview, surges, post));
        }
        let wake = Wake::default();
        let (gaining, gains) = self.is_shared().then(|| RingBuffer::new(CONTROL_MESSAGES)).unzip();
        let custodian = gaining.map(|ring| {
            let reader = Feed {
                ring,
                wake: wake.clone(),
                progress: Arc::default(),
                may_wait: pace.may_wait(),
            };
            Custodian {
                lots: controls,
                whole: whole_control,
                ..self.custodian(nonce, reader, halt, pace)
            }
        });
        let live = match &custodian {
            Some(custodian) => Some(publish_live(Arc::clone(&self.log), Arc::clone(&custodian.leads))),
            None => self.options.live,
        };
        let interval = self.options.snapshot_interval;
        let reader = Reader {
            log: self.log,
            policy,
            epoch: self.recalled.epoch,
            intake: restored.intake,
            snapshots: Snapshots::new(self.snapshots, interval, &restored.positions, pace.clone()),
            positions: restored.positions,
            feeds,
            whole: whole_feed,
            orphaned: restored.orphaned,
            live: LiveTeller::new(live, pace.clone()),
            settled: custodian.as_ref().map(|custodian| Arc::clone(&custodian.settled)),
            gains,
            gained: vec![],
            wake,
            halt: halt.clone(),
            marked: self.recalled.watermark,
            sightings: vec![],
            pace: pace.clone(),
            stage: Stage::Replay(None),
        };
        Crew {
            reader,
            workers,
            whole,
            custodian,
        }
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

    /// What one needs that owns a part of the state, and how it is reached.
    fn post(&self, halt: &Halt, pace: &Pace) -> (Post, Reached) {
        let (producer, ring) = RingBuffer::new(RING_MESSAGES);
        let (progress, wake) = (Arc::new(Progress::default()), Wake::default());
        let (controls, control) = self.is_shared().then(|| RingBuffer::new(CONTROL_MESSAGES)).unzip();
        let control_feed = controls.map(|ring| Feed {
            ring,
            wake: wake.clone(),
            progress: Arc::clone(&progress),
            may_wait: pace.may_wait(),
        });
        let feed = Feed {
            ring: producer,
            wake: wake.clone(),
            progress: Arc::clone(&progress),
            may_wait: pace.may_wait(),
        };
        let mut tenure = Tenure::new(self.is_shared());
        for alert in &self.recalled.alerts {
            tenure.recall(alert.revised_at);
        }
        let post = Post {
            ring,
            control,
            tenure,
            log: Arc::clone(&self.log),
            progress,
            halt: halt.clone(),
            pace: pace.clone(),
        };
        let reached = Reached {
            feed,
            control: control_feed,
        };
        (post, reached)
    }

    /// The custodian, before it knows whom it tells.
    fn custodian(&self, nonce: u64, reader: Feed<Gained>, halt: &Halt, pace: &Pace) -> Custodian {
        let mut custody = Custody::new(self.options.instance.clone(), nonce, LOTS, 0);
        for claim in &self.recalled.claims {
            custody.claimed(claim);
        }
        Custodian {
            custody,
            alerts_at: self.recalled.read_to,
            pulse_at: self.log.end(Topic::Pulse, PULSE_PARTITION),
            log: Arc::clone(&self.log),
            lots: vec![],
            whole: None,
            reader,
            recalling: Recalling::default(),
            held_back: BTreeMap::new(),
            confirmed: vec![None; usize::from(LOTS)],
            allowed: vec![Timestamp::ZERO; usize::from(LOTS)],
            settled: Arc::default(),
            leads: Arc::default(),
            halt: halt.clone(),
            marked: self.recalled.watermark,
            pace: pace.clone(),
            last_beat: None,
        }
    }

    /// The state to go on from: the last snapshot if it serves, and what was told before.
    fn restore(&self, policy: &Arc<Policy>, count: usize) -> Restored {
        let secret = &self.options.secret;
        let detectors = self.options.detectors();
        let partitions = self.log.partitions(Topic::Incidents);
        let epoch = self.recalled.epoch;
        let mut found = Restored {
            intake: Intake::new(secret, policy, partitions),
            positions: vec![0; usize::from(partitions)],
            shards: (0..count).map(|_| Shard::new(secret.clone(), policy, epoch)).collect(),
            overview: Overview::new(secret, &detectors, epoch),
            orphaned: vec![],
        };
        let snapshot = load(&*self.snapshots, policy, partitions).and_then(|snapshot| {
            let overview = Overview::restore(secret, &detectors, epoch, &snapshot.whole).map_err(
                |error| tracing::info!(%error, "the snapshot does not serve; reading the log from its beginning"),
            );
            Some((snapshot, overview.ok()?))
        });
        if let Some((snapshot, overview)) = snapshot {
            found.intake = Intake::restore(secret, policy, snapshot.partitions);
            found.positions = snapshot.positions;
            found.overview = overview;
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
            found.overview.iter_mut().for_each(Overview::stand_by);
        }
        self.recall(&mut found);
        found
    }

    /// Hands each owner what was told before. Where campaigns, surges or cascades are not looked for any more, they end as the alerts of a rule do that is
    /// not in force any more.
    fn recall(&self, found: &mut Restored) {
        let count = found.shards.len();
        let (whole, others): (Vec<_>, Vec<_>) =
            (self.recalled.alerts.iter().cloned()).partition(|alert| alert.is_of_the_whole());
        for alert in others {
            found.shards[shard_of(alert.key_hash, count)].recall(alert);
        }
        let detectors = self.options.detectors();
        let runs = |alert: &Alert| detectors.find(alert.rule.kind);
        let (known, orphaned): (Vec<_>, Vec<_>) = whole.into_iter().partition(runs);
        if let Some(overview) = &mut found.overview {
            known.into_iter().for_each(|alert| overview.recall(alert));
        }
        if !self.is_shared() {
            // Else nothing is this instance's to end.
            Overview::end(&self.options.secret, self.recalled.epoch, orphaned, &mut found.orphaned);
        }
    }
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
    /// None where nothing is looked for in all reports.
    overview: Option<Overview>,
    /// The ends of alerts that nobody looks after any more.
    orphaned: Vec<Alert>,
}
