//! The embedded log: whole, of this secret, and not in the future.

use std::time::SystemTime;

use chappe_eventlog::Record;
use chappe_eventlog_local::{Inspection, inspect};
use chappe_model::Secret;
use chappe_proto::incident;

use super::finding::Finding;
use crate::config::Config;
use crate::installation::with_sources;
use crate::secret::{self, LOG_FOLDER, SECRET_FILE};
use crate::words::count;

/// A stamp may be this far ahead of the clock: what the program's own clock follows at once, and some more.
const AHEAD_MS: u64 = 2_000;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "log";
    if config.kafka.is_some() {
        return Vec::new();
    }
    match inspect(&config.data.join(LOG_FOLDER)) {
        Ok(None) => vec![Finding::well(CHECK, "none yet: the first start begins it")],
        Ok(Some(seen)) => {
            let secret = secret::look(&config.data).ok().flatten();
            let mut findings = vec![whole(&seen)];
            findings.extend(secret.map(|secret| belongs(&secret, seen.newest_incident.as_ref())));
            findings.extend(seen.newest_stamp_ms.map(|stamp_ms| clock(stamp_ms, now_ms())));
            findings.extend(snapshots(&seen));
            findings
        }
        Err(error) => vec![Finding::broken(
            CHECK,
            with_sources(&error),
            "the log is the database: nothing starts on one that is damaged, so that nothing is told that is not so",
            "restore the data folder from its backup; keep the damaged one until that is done",
        )],
    }
}

fn whole(seen: &Inspection) -> Finding {
    let in_use = if seen.in_use { ", in use" } else { "" };
    let found = format!(
        "{} records in {}, {} bytes, every checksum right{in_use}",
        seen.report.records,
        count(seen.report.segments, "segment"),
        seen.report.bytes
    );
    match &seen.report.torn_tail {
        None => Finding::well("log", found),
        Some(torn) => Finding::warning(
            "log",
            format!("{found}; its end is torn: {} bytes ({})", torn.bytes, torn.reason),
            "a write was interrupted, and nobody was told that it was done",
            "nothing: the next start cuts it off",
        ),
    }
}

fn belongs(secret: &Secret, newest: Option<&Record>) -> Finding {
    const CHECK: &str = "secret-of-log";
    let Some(record) = newest else {
        return Finding::well(CHECK, "no report in the log yet, so none that could tell");
    };
    let broken = |found: String| {
        Finding::broken(
            CHECK,
            found,
            "ids made now would not match those in the log: nothing starts",
            format!("put back the {SECRET_FILE} that the log was begun under"),
        )
    };
    match incident::decode(&record.payload) {
        Ok((accepted, _)) if accepted.id == secret.incident_id(&accepted.reporter, &accepted.incident.report_key) => {
            Finding::well(CHECK, "the newest report was written under it")
        }
        Ok(_) => broken(format!(
            "the newest report in the log was written under another secret than {SECRET_FILE}"
        )),
        Err(error) => Finding::broken(
            CHECK,
            format!("the newest report in the log cannot be read: {error}"),
            "a newer version wrote it, and this one does not start on it",
            "run the newest version that ever wrote to this log",
        ),
    }
}

fn clock(stamp_ms: u64, now_ms: u64) -> Finding {
    const CHECK: &str = "clock";
    let ahead_ms = stamp_ms.saturating_sub(now_ms);
    if ahead_ms > AHEAD_MS {
        return Finding::broken(
            CHECK,
            format!(
                "the newest stamp in the log is {} s ahead of this machine's clock",
                ahead_ms / 1_000
            ),
            "log time stands still until the clock is there: nothing is judged, and streams say stale",
            "set the machine's clock right; if the log is wrong, wait or restore it",
        );
    }
    Finding::well(CHECK, "not behind the newest stamp in the log")
}

fn snapshots(seen: &Inspection) -> Vec<Finding> {
    const CHECK: &str = "snapshot";
    let each = seen.snapshots.iter().map(|(name, looked)| match looked {
        Ok(bytes) => Finding::well(CHECK, format!("{name}: {bytes} bytes, its checksum right")),
        Err(reason) => Finding::warning(
            CHECK,
            format!("{name}: {reason}"),
            "the next start reads the whole log and takes longer; nothing is lost",
            "nothing: the next snapshot replaces it",
        ),
    });
    each.collect()
}

#[allow(
    clippy::disallowed_methods,
    reason = "the edge: the machine's clock is what is looked at"
)]
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
