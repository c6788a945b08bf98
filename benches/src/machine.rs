//! What Linux says of the machine and of a process, in `/proc`.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

/// Ticks a second in which `/proc` gives CPU time: `USER_HZ`, 100 on every architecture that Rust supports on Linux.
const TICKS_PER_SECOND: u64 = 100;
/// Place of `utime` in `/proc/<pid>/stat` after the name in brackets; `stime` follows (proc_pid_stat(5)).
const UTIME: usize = 11;
/// Place of `idle` in the first line of `/proc/stat`; `iowait` follows, and the guest times, counted twice, come last (proc_stat(5)).
const IDLE: usize = 3;
/// How many of the first line's times are to be added up.
const TIMES: usize = 8;

/// Where figures come from.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    cores: usize,
    cpu: String,
    memory_mib: u64,
    kernel: String,
    /// Filesystem of the folder that the log and the bare sync write to.
    filesystem: String,
    /// One, five and fifteen minutes, before the run.
    load_average: String,
    commit: String,
    /// The work tree differed from the commit.
    changed: bool,
}

impl Machine {
    pub(crate) fn look(folder: &Path) -> Self {
        let line = |path: &str, key: &str| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let found = text.lines().find(|line| line.starts_with(key));
            let value = found
                .and_then(|line| line.split_once(':'))
                .map(|(_, value)| value.trim().to_owned());
            value.unwrap_or_else(|| "unknown".to_owned())
        };
        let memory = line("/proc/meminfo", "MemTotal");
        let kib = memory.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok());
        let whole = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let load = whole("/proc/loadavg");
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            cpu: line("/proc/cpuinfo", "model name"),
            memory_mib: kib.unwrap_or(0) / 1024,
            kernel: whole("/proc/sys/kernel/osrelease"),
            filesystem: filesystem(folder),
            load_average: load.split_whitespace().take(3).collect::<Vec<_>>().join(" "),
            commit: git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned()),
            changed: git(&["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty()),
        }
    }

    pub(crate) fn cores(&self) -> usize {
        self.cores
    }

    pub(crate) fn memory_mib(&self) -> u64 {
        self.memory_mib
    }

    /// One line.
    pub(crate) fn sentence(&self) -> String {
        let changed = if self.changed { ", work tree changed" } else { "" };
        format!(
            "{} cores, {}, {} MiB, Linux {}, {}; load average before {}; commit {}{changed}",
            self.cores, self.cpu, self.memory_mib, self.kernel, self.filesystem, self.load_average, self.commit
        )
    }
}

/// The type of the filesystem that holds a folder: that of the longest mount point above it.
fn filesystem(folder: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let entries = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let above = entries.filter(|(point, _)| folder.starts_with(point));
    let nearest = above.max_by_key(|(point, _)| point.len());
    nearest.map_or_else(|| "unknown filesystem".to_owned(), |(_, kind)| kind.to_owned())
}

fn git(arguments: &[&str]) -> Option<String> {
    let said = std::process::Command::new("git").args(arguments).output().ok()?;
    said.status
        .success()
        .then(|| String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

/// CPU time that a process has used, user and system, all its threads; to 10 ms.
pub(crate) fn cpu_time(process: u32) -> Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{path}: has the process ended?"))?;
    ticks_of(&text)
        .map(ticks)
        .with_context(|| format!("{path} is not as expected"))
}

fn ticks_of(stat: &str) -> Option<u64> {
    // The name may hold spaces and brackets.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(UTIME);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// CPU time that the whole machine has used, waiting for disks not counted.
pub(crate) fn machine_cpu_time() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/stat").context("/proc/stat")?;
    let times = text
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .take(TIMES);
    let busy = times
        .enumerate()
        .filter(|(place, _)| !(IDLE..=IDLE + 1).contains(place));
    Ok(ticks(busy.filter_map(|(_, time)| time.parse::<u64>().ok()).sum()))
}

fn ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// Memory of a process in MiB: resident now, and the most it ever was.
pub(crate) fn memory_mib(process: u32) -> Result<(u64, u64)> {
    let path = format!("/proc/{process}/status");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{path}: has the process ended?"))?;
    let kib = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
    };
    let both = kib("VmRSS:").zip(kib("VmHWM:"));
    both.map(|(now, most)| (now / 1024, most / 1024))
        .with_context(|| format!("{path} is not as expected"))
}

/// Resident memory of this process, in bytes.
pub(crate) fn resident_bytes() -> Result<u64> {
    let path = "/proc/self/status";
    let text = std::fs::read_to_string(path).context(path)?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.map(|kib| kib * 1024)
        .with_context(|| format!("{path} is not as expected"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_a_name_with_brackets() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 1 2 3 4 250 50 8 9 20 0 3 0 1 2 3";
        assert_eq!(ticks_of(stat).map(ticks), Some(Duration::from_secs(3)));
        assert_eq!(ticks_of("7 (a)"), None);
    }

    #[test]
    fn this_process_has_used_no_more_than_the_machine_and_holds_memory() {
        let own = std::process::id();
        assert!(cpu_time(own).unwrap() <= machine_cpu_time().unwrap());
        let (now, most) = memory_mib(own).unwrap();
        assert!(now > 0 && most >= now);
        assert!(cpu_time(0).is_err());
    }
}
