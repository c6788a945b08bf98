//! The clock port. Ingest stamps with it; nothing else in the installation makes time.
//!
//! What it is not: a timer. Waiting is the business of whoever waits.
//!
//! Invariant: a clock never goes back, whatever the machine's clock does: it stands still, or goes slower, until the machine's clock has caught up.
//!
//! # Example
//! ```
//! use chappe_clock::{Clock, ManualClock};
//! use chappe_model::Timestamp;
//! let clock = ManualClock::starting_at(Timestamp::from_millis(1_000));
//! clock.advance_millis(500);
//! assert_eq!(clock.now(), Timestamp::from_millis(1_500));
//! ```

mod steering;

pub use steering::FOLLOWED_AT_ONCE;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chappe_model::Timestamp;

use self::steering::Steering;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now: at or after every earlier answer.
    fn now(&self) -> Timestamp;
}

/// The machine's clock, kept from going back and from jumping.
///
/// It advances by the monotonic clock from its start. A deviation of the machine's clock of up to 500 ms is followed at once, a larger one at 5 %
/// of the time that passes: a clock that somebody sets an hour ahead would otherwise drag log time an hour ahead for the whole installation,
/// as log time never falls. So a step of time synchronisation is absorbed; [`SystemClock::skew_millis`] tells of it, and whoever
/// runs the clock may warn. What a machine slept through counts as such a step, unless the program starts anew.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    steering: Mutex<Steering>,
}

impl SystemClock {
    /// Starts with the machine's clock.
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            steering: Mutex::new(Steering::starting_at(machine_ns())),
        }
    }

    /// How far the machine's clock was ahead of this one when the time was last told, in milliseconds; negative where it was behind.
    #[must_use]
    pub fn skew_millis(&self) -> i64 {
        self.steering().skew_millis()
    }

    fn steering(&self) -> MutexGuard<'_, Steering> {
        // Arithmetic on numbers: always whole.
        self.steering.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let mut steering = self.steering();
        // Read under the lock, so that the two clocks are read in one order by all threads.
        let elapsed_ns = nanos(self.started.elapsed());
        Timestamp::from_millis(steering.pass(elapsed_ns, machine_ns()) / NANOS_A_MILLI)
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the machine's clock"
)]
fn machine_ns() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    nanos(since_1970)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

const NANOS_A_MILLI: u64 = 1_000_000;

/// A clock wound by hand: for tests, and for drills in fast motion.
#[derive(Debug)]
pub struct ManualClock {
    now_ms: AtomicU64,
}

impl ManualClock {
    /// Stands at `start` until it is advanced.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self {
            now_ms: AtomicU64::new(start.as_millis()),
        }
    }

    /// Moves on by `millis`.
    pub fn advance_millis(&self, millis: u64) {
        self.now_ms.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_goes_with_the_machines() {
        let clock = SystemClock::new();
        let before = machine_ns() / NANOS_A_MILLI;
        let now = clock.now();
        assert!(now.as_millis() + 500 >= before, "{now:?} {before}");
        assert!(clock.now() >= now);
        assert!(clock.skew_millis().abs() <= 500);
    }
}
