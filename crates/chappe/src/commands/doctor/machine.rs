//! What the machine gives: memory and open files.

use std::path::Path;

use chappe_model::CONTRIBUTION_BYTES;
use rustix::process::{Resource, getrlimit};

use super::finding::Finding;
use crate::config::Config;

/// Files that the log, listeners and a few members take.
const LEAST_FILES: u64 = 256;
/// Files with which every connection that may be open can be.
const FILES: u64 = 8_192;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let limits = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    let of_container = limits.iter().find_map(|path| number(Path::new(path)));
    let of_machine = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| total(&text));
    let memory = of_container.into_iter().chain(of_machine).min();
    let mut findings = vec![files(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX))];
    if let Some(memory) = memory {
        let budget = config.budget.contributions().saturating_mul(CONTRIBUTION_BYTES);
        findings.push(budget_of(budget, memory));
    }
    findings
}

fn number(path: &Path) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// What `/proc/meminfo` says of all memory, in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

fn budget_of(budget: u64, memory: u64) -> Finding {
    const CHECK: &str = "memory";
    let found = format!(
        "memory-mib allows {} MiB, the machine has {}",
        budget >> 20,
        memory >> 20
    );
    if budget > memory / 10 * 9 {
        return Finding::broken(
            CHECK,
            found,
            "the system ends the process before the budget refuses anything",
            format!("set memory-mib to {} or less", (memory / 2) >> 20),
        );
    }
    if budget > memory / 2 {
        return Finding::warning(
            CHECK,
            found,
            "besides the budget the process holds the index of all reports and all alerts",
            format!("set memory-mib to {} or less", (memory / 2) >> 20),
        );
    }
    Finding::well(CHECK, found)
}

fn files(limit: u64) -> Finding {
    const CHECK: &str = "open-files";
    let found = format!("{limit} files and connections may be open, where this was started");
    let action = "raise it to 65,536: LimitNOFILE= of the unit, ulimits of the container, or ulimit -n";
    match limit {
        limit if limit < LEAST_FILES => Finding::broken(
            CHECK,
            found,
            "connections are refused once they are used up, and the log may not open its files",
            action,
        ),
        limit if limit < FILES => Finding::warning(
            CHECK,
            found,
            "it is less than the 4,096 connections that may be open need, with all that goes with them",
            action,
        ),
        _ => Finding::well(CHECK, found),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn what_is_too_little_is_told() {
        let gib = |gib: u64| gib << 30;
        assert_eq!(budget_of(gib(4), gib(16)).state, State::Well);
        assert_eq!(budget_of(gib(10), gib(16)).state, State::Warning);
        assert_eq!(budget_of(gib(16), gib(16)).state, State::Broken);
        assert_eq!(files(65_536).state, State::Well);
        assert_eq!(files(1_024).state, State::Warning);
        assert_eq!(files(64).state, State::Broken);
        assert_eq!(total("MemTotal:       16 kB\nMemFree: 1 kB\n"), Some(16_384));
    }
}
