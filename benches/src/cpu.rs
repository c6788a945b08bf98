//! CPU time of the calling thread. On a machine that others load it depends on them far less than time on the wall does.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// When the calling thread began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Started {
    wall: Instant,
    cpu: Duration,
}

/// How long it took since then.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Spent {
    pub(crate) wall_seconds: f64,
    /// Of all threads that took part, added up.
    pub(crate) cpu_seconds: f64,
}

impl Started {
    pub(crate) fn now() -> Self {
        Self {
            wall: Instant::now(),
            cpu: thread_time(),
        }
    }

    /// On the same thread.
    pub(crate) fn spent(self) -> Spent {
        Spent {
            wall_seconds: self.wall.elapsed().as_secs_f64(),
            cpu_seconds: thread_time().saturating_sub(self.cpu).as_secs_f64(),
        }
    }
}

impl Spent {
    /// Of threads that ran at the same time.
    pub(crate) fn beside(self, other: Self) -> Self {
        Self {
            wall_seconds: self.wall_seconds.max(other.wall_seconds),
            cpu_seconds: self.cpu_seconds + other.cpu_seconds,
        }
    }

    /// One after the other.
    pub(crate) fn then(self, other: Self) -> Self {
        Self {
            wall_seconds: self.wall_seconds + other.wall_seconds,
            cpu_seconds: self.cpu_seconds + other.cpu_seconds,
        }
    }
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// `count` by `seconds`.
pub(crate) fn per_second(count: usize, seconds: f64) -> f64 {
    count as f64 / seconds.max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_cpu_time_and_times_add_up() {
        let started = Started::now();
        let sum = (0..2_000_000_u64).fold(0, |sum: u64, n| std::hint::black_box(sum.wrapping_mul(31) ^ n));
        let spent = started.spent();
        assert!(sum != 0 && spent.cpu_seconds > 0.0 && spent.wall_seconds > 0.0);
        let both = spent.beside(spent);
        assert!(both.cpu_seconds > spent.cpu_seconds && both.wall_seconds <= spent.wall_seconds);
        assert!(spent.then(spent).wall_seconds > spent.wall_seconds);
    }
}
