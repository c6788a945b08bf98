//! What is to be expected of counts is learned beside everything else, and recorded in the log.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use chappe_correlate::{Overview, SurgePolicy, SurgeTask};
use chappe_eventlog::{EventLog, Record, RecordKind, Topic};
use chappe_model::{SurgeLessonPart, Timestamp};
use chappe_proto::surge;
use metrics::{gauge, histogram};

use crate::halt::Halt;
use crate::metric_names::{SURGE_LESSON, SURGE_LESSON_SECONDS, SURGE_THRESHOLD};
use crate::pace::Pace;
use crate::threads::Post;

/// The key of marks in the incidents topic that carry a part of a lesson.
pub const LESSON_KEY: &[u8] = b"surge";
/// Lessons stand in this partition of the incidents, so that log time says from where on they are in force.
const LESSONS_PARTITION: u16 = 0;
/// It is looked so often, in milliseconds of log time, whether the first lesson is due, which waits for enough to learn from.
const LOOK_FIRST_MS: u64 = 60_000;
/// The same for later ones.
const LOOK_MS: u64 = 3_600_000;

/// When it is looked again whether a lesson is due, after a look at log time `at` when the lesson in force had this number.
#[must_use]
pub fn next_look(at: Timestamp, lesson: u32) -> Timestamp {
    at.plus(if lesson == 0 { LOOK_FIRST_MS } else { LOOK_MS })
}
/// Added to the niceness of the thread that learns.
#[cfg(target_os = "linux")]
const LESSON_NICE: i32 = 10;
/// A lesson that was appended is waited for so long before it is learned again.
const READ_BACK: Duration = Duration::from_secs(600);

type Parts = Option<Vec<SurgeLessonPart>>;

/// Learns when a lesson is due, if this instance owns what it is for.
pub(crate) struct Learning {
    policy: SurgePolicy,
    /// Tells what this process learns from what others do.
    nonce: u64,
    log: Arc<dyn EventLog>,
    halt: Halt,
    pace: Pace,
    running: Option<Running>,
    /// Log time at which it is looked next.
    look_at: Timestamp,
    /// The lesson that was appended last, and when.
    appended: Option<(u32, Duration)>,
    /// The newest lesson in the log.
    heard: u32,
}

/// A lesson that is being learned.
struct Running {
    number: u32,
    began: Duration,
    thread: JoinHandle<Parts>,
}

impl Learning {
    pub(crate) fn new(policy: SurgePolicy, nonce: u64, post: &Post) -> Self {
        gauge!(SURGE_LESSON).set(0.0);
        Self {
            policy,
            nonce,
            log: Arc::clone(&post.log),
            halt: post.halt.clone(),
            pace: post.pace.clone(),
            running: None,
            look_at: Timestamp::ZERO,
            appended: None,
            heard: 0,
        }
    }

    /// A part of a lesson stands in the log.
    pub(crate) fn heard_of(&mut self, part: &SurgeLessonPart) {
        if part.number > self.heard {
            self.heard = part.number;
            gauge!(SURGE_LESSON).set(f64::from(part.number));
            gauge!(SURGE_THRESHOLD).set(f64::from(part.threshold_milli) / 1_000.0);
        }
    }

    /// Looks whether one is due, or has been learned.
    pub(crate) fn go_on(&mut self, overview: &Overview, watermark: Timestamp) {
        if let Some(running) = self.running.take_if(|running| running.thread.is_finished()) {
            // One that panicked has told why, and is begun again when it is looked next.
            self.append(running.number, running.began, running.thread.join().ok().flatten());
        }
        let waits = self
            .appended
            .is_some_and(|(number, at)| self.heard < number && self.pace.since(at) < READ_BACK);
        if self.running.is_some() || waits || watermark < self.look_at {
            return;
        }
        self.heard = self.heard.max(overview.lesson());
        self.look_at = next_look(watermark, self.heard);
        gauge!(SURGE_LESSON).set(f64::from(self.heard));
        if let Some(task) = overview.task(self.policy) {
            self.begin(task);
        }
    }

    fn begin(&mut self, task: SurgeTask) {
        let (number, began, nonce) = (task.number(), self.pace.now(), self.nonce);
        if !self.pace.may_wait() {
            let learned = task.learn(nonce, || true);
            return self.append(number, began, learned);
        }
        tracing::info!(
            number,
            "learning what is to be expected of counts, which may take minutes"
        );
        let halt = self.halt.clone();
        let learn = move || {
            step_back();
            task.learn(nonce, || !halt.asked())
        };
        match std::thread::Builder::new().name("lesson".into()).spawn(learn) {
            Ok(thread) => self.running = Some(Running { number, began, thread }),
            Err(error) => tracing::error!(%error, "no thread to learn from counts; tried again later"),
        }
    }

    fn append(&mut self, number: u32, began: Duration, learned: Parts) {
        let Some(parts) = learned else { return };
        let seconds = self.pace.since(began).as_secs_f64();
        histogram!(SURGE_LESSON_SECONDS).record(seconds);
        let threshold = parts
            .first()
            .map_or(0.0, |part| f64::from(part.threshold_milli) / 1_000.0);
        tracing::info!(
            number,
            seconds,
            threshold,
            types = parts.len(),
            "learned what is to be expected of counts"
        );
        self.appended = Some((number, self.pace.now()));
        for part in &parts {
            let record = Record {
                kind: RecordKind::Mark,
                stamp_ms: 0, // it moves no time
                key: Bytes::from_static(LESSON_KEY),
                payload: surge::encode(part).into(),
            };
            let done = Box::new(move |outcome| {
                if let Err(error) = outcome {
                    tracing::warn!(%error, number, "a part of a lesson could not be appended; it is learned again");
                }
            });
            self.log.append(Topic::Incidents, LESSONS_PARTITION, record, done);
        }
    }
}

/// This thread runs when others leave it the processor: a lesson takes minutes, and nobody waits for it.
fn step_back() {
    #[cfg(target_os = "linux")] // where the priority is that of a thread
    if let Err(error) = rustix::process::nice(LESSON_NICE) {
        tracing::debug!(%error, "the lesson is learned at the priority of everything else");
    }
}
