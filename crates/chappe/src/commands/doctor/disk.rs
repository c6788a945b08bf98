//! Room on the data folder's disk, and how fast it makes things durable.

use std::path::Path;
use std::time::Duration;

use chappe_eventlog_local::measure_syncs;

use super::finding::Finding;
use crate::room::Room;

/// Below this much room the disk is as good as full.
const LEAST_BYTES: u64 = 256 << 20;
/// Below this much it should be seen to: days at a usual pace, an hour in a storm.
const FEW_BYTES: u64 = 4 << 30;
/// Files that a start makes, and some more.
const LEAST_FILES: u64 = 100;
/// Syncs that are tried.
const SYNCS: usize = 16;
/// A sync that takes longer makes everything slow.
const SLOW: Duration = Duration::from_millis(50);

pub(super) fn examine(data: &Path) -> Vec<Finding> {
    // Before the first start there is no folder: its disk is that of what holds it.
    let Some(folder) = data.ancestors().find(|folder| folder.is_dir()) else {
        return Vec::new();
    };
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    match Room::of(folder) {
        Ok(room) => vec![space(&room), files(&room), syncs(folder)],
        Err(error) => vec![Finding::broken(
            "disk-space",
            format!("{}: {error}", folder.display()),
            "the disk of the data folder does not answer",
            "look at the disk, and at where it is mounted",
        )],
    }
}

fn space(room: &Room) -> Finding {
    const CHECK: &str = "disk-space";
    let found = format!("{} MiB of {} are free", room.free_bytes >> 20, room.size_bytes >> 20);
    match room.free_bytes {
        free if free < LEAST_BYTES => Finding::broken(
            CHECK,
            found,
            "reports are refused with DISK_FULL once it is full, and time stands still",
            "make room, or move the whole data folder to a larger disk",
        ),
        free if free < FEW_BYTES => Finding::warning(
            CHECK,
            found,
            "the log is never trimmed: a storm of reports may fill it within hours",
            "plan a larger disk; docs/operations.md says how to move",
        ),
        _ => Finding::well(CHECK, found),
    }
}

fn files(room: &Room) -> Finding {
    const CHECK: &str = "disk-files";
    if room.files > 0 && room.free_files < LEAST_FILES {
        return Finding::broken(
            CHECK,
            format!("{} more files can be made on the disk", room.free_files),
            "the log cannot begin its next segment, and no snapshot can be saved",
            "delete files that are not Chappe's, or make the file system anew with more inodes",
        );
    }
    Finding::well(CHECK, format!("{} more files can be made", room.free_files))
}

fn syncs(folder: &Path) -> Finding {
    const CHECK: &str = "disk-sync";
    match measure_syncs(folder, SYNCS) {
        Err(error) => Finding::broken(
            CHECK,
            format!("{}: {error}", folder.display()),
            "nothing can be written and made durable here: no report would be acknowledged",
            "give the folder to the user that runs Chappe, on a disk that is not mounted read-only",
        ),
        Ok(took) => {
            let middle = took.get(took.len() / 2).copied().unwrap_or_default();
            let worst = took.last().copied().unwrap_or_default();
            let found = format!("a sync takes {middle:.1?}, the slowest of {SYNCS} took {worst:.1?}");
            if middle < SLOW {
                return Finding::well(CHECK, found);
            }
            Finding::warning(
                CHECK,
                found,
                "every acknowledgement waits for a sync: reports and alerts are late by as much",
                "give the data folder a disk of its own that is quick to sync",
            )
        }
    }
}
