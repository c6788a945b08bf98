//! How time passes for a running service, and how much is done in one turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chappe_eventlog::ReadLimit;

/// How much an actor of the service does before another has its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grain {
    /// Records and bytes read of one partition.
    pub read: ReadLimit,
    /// Messages taken from a ring before what they gave rise to is made durable.
    pub messages: usize,
    /// Keys judged in one go once log time has passed, and alerts told: a few milliseconds of work, then sightings have their turn again.
    pub keys: usize,
}

impl Default for Grain {
    fn default() -> Self {
        Self {
            read: ReadLimit {
                records: 1_024,
                bytes: 1 << 20,
            },
            messages: 1_024,
            keys: 512,
        }
    }
}

/// Shared by all actors of a service.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    clock: Clock,
    pub(crate) grain: Grain,
}

#[derive(Clone, Debug)]
enum Clock {
    /// Since the service started.
    Machine(Instant),
    /// Milliseconds since the service started, as whoever steps it says.
    ByHand(Arc<AtomicU64>),
}

impl Pace {
    /// Of threads: the machine's time, and an actor may wait.
    pub(crate) fn of_threads() -> Self {
        Self {
            clock: Clock::Machine(Instant::now()),
            grain: Grain::default(),
        }
    }

    /// Of one that is stepped: the time is that of `clock`, and nobody may wait.
    pub(crate) fn by_hand(clock: Arc<AtomicU64>, grain: Grain) -> Self {
        Self {
            clock: Clock::ByHand(clock),
            grain,
        }
    }

    /// Time since the service started.
    pub(crate) fn now(&self) -> Duration {
        match &self.clock {
            Clock::Machine(began) => began.elapsed(),
            Clock::ByHand(clock) => Duration::from_millis(clock.load(Ordering::Relaxed)),
        }
    }

    pub(crate) fn since(&self, then: Duration) -> Duration {
        self.now().saturating_sub(then)
    }

    /// Whether a turn may wait for another actor: one that is stepped would wait for ever.
    pub(crate) fn may_wait(&self) -> bool {
        matches!(self.clock, Clock::Machine(_))
    }
}
