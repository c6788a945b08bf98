//! Everyone who runs: each on a thread of its own, or all stepped by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use chappe_eventlog::{EventLog, Topic};

use crate::actor::{Actor, Turn, run};
use crate::custodian::Custodian;
use crate::error::RunError;
use crate::halt::Halt;
use crate::pace::{Grain, Pace};
use crate::reader::Reader;
use crate::threads::{Wake, spawn};
use crate::whole::Whole;
use crate::worker::Worker;

/// Those who run.
pub(crate) struct Crew {
    pub(crate) reader: Reader,
    /// In the order of their shards.
    pub(crate) workers: Vec<Worker>,
    /// None where nothing is looked for in all reports.
    pub(crate) whole: Option<Whole>,
    /// None where this process owns everything.
    pub(crate) custodian: Option<Custodian>,
}

impl Crew {
    /// Gives each a thread; the reader's comes first, because its end ends the shards.
    pub(crate) fn start(self, log: &Arc<dyn EventLog>, halt: &Halt) -> Result<Vec<JoinHandle<()>>, RunError> {
        let wakes: Vec<Wake> = self.reader.feeds.iter().map(|feed| feed.wake.clone()).collect();
        let whole_wake = self.reader.whole.as_ref().map(|feed| feed.wake.clone());
        let mut threads = vec![];
        for (index, (worker, wake)) in self.workers.into_iter().zip(wakes).enumerate() {
            let thread = start(format!("shard-{index}"), worker, halt)?;
            wake.reach(thread.thread());
            threads.push(thread);
        }
        if let Some((whole, wake)) = self.whole.zip(whole_wake) {
            let thread = start("whole".into(), whole, halt)?;
            wake.reach(thread.thread());
            threads.push(thread);
        }
        let custodian = self
            .custodian
            .map(|custodian| start("custodian".into(), custodian, halt));
        let custodian = custodian.transpose()?;
        if let Some(thread) = &custodian {
            wake_on(log, &[Topic::Alerts, Topic::Pulse], thread);
        }
        let wake = self.reader.wake.clone();
        let reader = start("reader".into(), self.reader, halt)?;
        wake.reach(reader.thread());
        wake_on(log, &[Topic::Incidents], &reader);
        threads.insert(0, reader);
        threads.extend(custodian);
        Ok(threads)
    }
}

fn start(name: String, actor: impl Actor + Send + 'static, halt: &Halt) -> Result<JoinHandle<()>, RunError> {
    let of_actor = halt.clone();
    spawn(name, halt, move || run(actor, &of_actor))
}

fn wake_on(log: &Arc<dyn EventLog>, topics: &[Topic], thread: &JoinHandle<()>) {
    for topic in topics {
        let thread = thread.thread().clone();
        log.on_advance(*topic, Arc::new(move || thread.unpark()));
    }
}

/// A service that runs only while it is stepped, in the time it is told: for simulations. Its actors are those of the threads.
pub struct Stepped {
    halt: Halt,
    clock: Arc<AtomicU64>,
    /// Those who are not over, in the order reader, custodian, whole, shards.
    reader: Option<Reader>,
    custodian: Option<Custodian>,
    whole: Option<Whole>,
    workers: Vec<Option<Worker>>,
}

impl Stepped {
    pub(crate) fn new(grain: Grain, hire: impl FnOnce(&Halt, &Pace) -> Crew) -> Self {
        let (halt, clock) = (Halt::default(), Arc::<AtomicU64>::default());
        let crew = hire(&halt, &Pace::by_hand(Arc::clone(&clock), grain));
        Self {
            halt,
            clock,
            reader: Some(crew.reader),
            custodian: crew.custodian,
            whole: crew.whole,
            workers: crew.workers.into_iter().map(Some).collect(),
        }
    }

    /// How many actors there are, over or not.
    #[must_use]
    pub fn actors(&self) -> usize {
        3 + self.workers.len()
    }

    /// Gives one its turn, `now_ms` after the start. Whether it did something, or may soon.
    pub fn step(&mut self, actor: usize, now_ms: u64) -> bool {
        self.clock.store(now_ms, Ordering::Relaxed);
        let halt = self.halt.clone();
        match actor {
            0 => step(&mut self.reader, &halt),
            1 => step(&mut self.custodian, &halt),
            2 => step(&mut self.whole, &halt),
            _ => (actor.checked_sub(3))
                .and_then(|shard| self.workers.get_mut(shard))
                .is_some_and(|worker| step(worker, &halt)),
        }
    }

    /// Asks all to end, which they do as they are stepped.
    pub fn stop(&self) {
        self.halt.ask();
    }

    /// Whether all have ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let shards = self.workers.iter().all(Option::is_none);
        self.reader.is_none() && self.custodian.is_none() && self.whole.is_none() && shards
    }

    /// Why it has stopped by itself; it does no more then.
    #[must_use]
    pub fn take_failure(&self) -> Option<RunError> {
        self.halt.take_failure()
    }
}

impl std::fmt::Debug for Stepped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stepped").finish_non_exhaustive()
    }
}

fn step(actor: &mut Option<impl Actor>, halt: &Halt) -> bool {
    let Some(turn) = actor.as_mut().map(Actor::turn) else {
        return false;
    };
    match turn {
        Ok(Turn::Busy) => true,
        Ok(Turn::Idle | Turn::Waiting) => false,
        Ok(Turn::Over) => {
            *actor = None;
            true
        }
        Err(error) => {
            halt.fail(error);
            *actor = None;
            true
        }
    }
}
