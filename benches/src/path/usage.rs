//! Who used the CPU between two moments.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::plan::{MEMORY_LOOK, MEMORY_SHARE};
use crate::machine::{Machine, cpu_time, machine_cpu_time, memory_mib};

/// CPU time used up to a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    at: Instant,
    server: Duration,
    own: Duration,
    machine: Duration,
}

/// CPU time used between two moments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used {
    pub(super) server: Duration,
    pub(super) own: Duration,
    /// Of everything but the server and the harness, as a share of all cores.
    pub(super) others_share: f64,
}

impl Usage {
    pub(super) fn now(server: u32) -> Result<Self> {
        Ok(Self {
            at: Instant::now(),
            server: cpu_time(server)?,
            own: cpu_time(std::process::id())?,
            machine: machine_cpu_time()?,
        })
    }

    /// Between this moment and a later one.
    pub(super) fn until(self, later: Self, cores: usize) -> Used {
        let server = later.server.saturating_sub(self.server);
        let own = later.own.saturating_sub(self.own);
        let others = later.machine.saturating_sub(self.machine).saturating_sub(server + own);
        let capacity = later.at.duration_since(self.at).as_secs_f64() * cores.max(1) as f64;
        Used {
            server,
            own,
            others_share: others.as_secs_f64() / capacity.max(f64::MIN_POSITIVE),
        }
    }
}

/// Microseconds of CPU time for each of `count`.
pub(super) fn micros_each(used: Duration, count: u64) -> f64 {
    used.as_secs_f64() * 1e6 / count.max(1) as f64
}

/// Ends when the server holds more than its share of the machine's memory, with how much that is in MiB.
pub(super) async fn outgrown(server: u32, machine: &Machine) -> Result<u64> {
    let mut look = tokio::time::interval(MEMORY_LOOK);
    loop {
        look.tick().await;
        let (memory, _) = memory_mib(server)?;
        if memory > machine.memory_mib() / MEMORY_SHARE {
            return Ok(memory);
        }
    }
}
