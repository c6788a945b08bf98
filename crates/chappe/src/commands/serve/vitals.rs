//! Shows what the process takes of its machine: memory, processor, files, and the disk of the data folder.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use metrics::{counter, gauge};
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};
use tokio::time::MissedTickBehavior;

use crate::metric_names::{
    CPU_MILLISECONDS, DATA_FREE_BYTES, DATA_FREE_FILES, DATA_SIZE_BYTES, OPEN_FILES, OPEN_FILES_LIMIT, RESIDENT_BYTES,
};
use crate::room::Room;

/// How often it is looked at: more often than anybody scrapes.
const EVERY: Duration = Duration::from_secs(5);

/// Looks for ever. `data` is the data folder.
pub(super) async fn watch(data: PathBuf) -> Infallible {
    let mut looks = tokio::time::interval(EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let data = data.clone();
        // A disk that hangs must not hold up anything else. One that cannot be asked shows nothing new.
        let _ = tokio::task::spawn_blocking(move || {
            show_process();
            show_disk(&data);
        })
        .await;
    }
}

fn show_process() {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    let spent_ms = spent.tv_sec * 1_000 + spent.tv_nsec / 1_000_000;
    counter!(CPU_MILLISECONDS).absolute(u64::try_from(spent_ms).unwrap_or(0));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(bytes) = resident_bytes(&status) {
        gauge!(RESIDENT_BYTES).set(bytes as f64);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        gauge!(OPEN_FILES).set(open.count() as f64);
    }
    if let Some(limit) = getrlimit(Resource::Nofile).current {
        gauge!(OPEN_FILES_LIMIT).set(limit as f64);
    }
}

fn show_disk(data: &std::path::Path) {
    let Ok(room) = Room::of(data) else { return };
    gauge!(DATA_FREE_BYTES).set(room.free_bytes as f64);
    gauge!(DATA_SIZE_BYTES).set(room.size_bytes as f64);
    gauge!(DATA_FREE_FILES).set(room.free_files as f64);
}

/// What `/proc/self/status` says of memory: `VmRSS:     5120 kB`.
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tchappe\nVmPeak:\t  9000 kB\nVmRSS:\t     512 kB\n";
        assert_eq!(resident_bytes(status), Some(524_288));
        assert_eq!(resident_bytes("Name:\tchappe\n"), None);
    }
}
