//! The clock port. Ingest stamps with it; nothing else in the installation makes time.
//!
//! What it is not: a timer. Waiting is the business of whoever waits.
//!
//! Invariant: a clock never goes back, whatever the machine's clock does: it stands still until the machine's clock has caught up.
//!
//! # Example
//! ```
//! use chappe_clock::{Clock, ManualClock};
//! use chappe_model::Timestamp;
//! let clock = ManualClock::starting_at(Timestamp::from_millis(1_000));
//! clock.advance_millis(500);
//! assert_eq!(clock.now(), Timestamp::from_millis(1_500));
//! ```

use std::sync::atomic::{AtomicU64, Ordering};

use chappe_model::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now: at or after every earlier answer.
    fn now(&self) -> Timestamp;
}

/// The machine's clock, kept from going back.
#[derive(Debug, Default)]
pub struct SystemClock {
    latest_ms: AtomicU64,
}

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        let since_1970 = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let now_ms = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
        let latest_ms = self.latest_ms.fetch_max(now_ms, Ordering::Relaxed);
        Timestamp::from_millis(now_ms.max(latest_ms))
    }
}

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
    fn the_system_clock_never_goes_back() {
        let clock = SystemClock::default();
        let ahead = clock.now().plus(60_000);
        clock.latest_ms.store(ahead.as_millis(), Ordering::Relaxed); // as if the machine's clock had been set back by a minute
        assert_eq!(clock.now(), ahead);
    }
}
