//! What the disk itself costs: write and fdatasync of 4 KiB, nothing else.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::latency::Latencies;

/// Bytes of a write.
const BLOCK: usize = 4096;
/// How far ahead of its writes the file is made longer, as the log does with its segments, in bytes.
const AHEAD: u64 = 4 * 1024 * 1024;

/// Appends and syncs one block after the other for `duration`, in a file of its own in `folder`.
pub(super) fn probe(folder: &Path, duration: Duration, latencies: &mut Latencies) -> Result<()> {
    let path = folder.join("bare-sync");
    let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    let block = [0x5a; BLOCK];
    let (mut at, mut length) = (0, 0);
    let start = Instant::now();
    while start.elapsed() < duration {
        if at == length {
            length += AHEAD;
            file.set_len(length)?;
            file.sync_all()?;
        }
        let before = Instant::now();
        file.write_all_at(&block, at)?;
        file.sync_data()?;
        latencies.record(before.elapsed());
        at += BLOCK as u64;
    }
    drop(file);
    std::fs::remove_file(&path)?;
    Ok(())
}
