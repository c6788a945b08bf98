//! The recent commits, kept in memory so that reading near the end touches no disk and copies nothing.

use std::collections::VecDeque;

use bytes::Bytes;

/// Consecutive records of one partition, as they stand in a commit.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub(crate) first: u64,
    pub(crate) records: u32,
    pub(crate) body: Bytes,
}

impl Chunk {
    fn end(&self) -> u64 {
        self.first + u64::from(self.records)
    }
}

/// The chunks of the newest commits, oldest dropped first when over the budget.
#[derive(Debug)]
pub(crate) struct Cache {
    budget_bytes: usize,
    bytes: usize,
    /// Each commit's size and the slots of its chunks, oldest first.
    commits: VecDeque<(usize, Vec<usize>)>,
    slots: Vec<VecDeque<Chunk>>,
}

impl Cache {
    pub(crate) fn new(slots: usize, budget_bytes: usize) -> Self {
        let slots = (0..slots).map(|_| VecDeque::new()).collect();
        Self {
            budget_bytes,
            bytes: 0,
            commits: VecDeque::new(),
            slots,
        }
    }

    pub(crate) fn add(&mut self, commit_bytes: usize, chunks: impl Iterator<Item = (usize, Chunk)>) {
        let mut slots = Vec::new();
        for (slot, chunk) in chunks {
            if let Some(held) = self.slots.get_mut(slot) {
                held.push_back(chunk);
                slots.push(slot);
            }
        }
        self.bytes += commit_bytes;
        self.commits.push_back((commit_bytes, slots));
        while self.bytes > self.budget_bytes {
            let Some((bytes, slots)) = self.commits.pop_front() else {
                return;
            };
            self.bytes -= bytes;
            for slot in slots {
                if let Some(held) = self.slots.get_mut(slot) {
                    held.pop_front();
                }
            }
        }
    }

    /// The chunks from the one that holds `position` on, up to about `bytes` and `records`; none if that one is no
    /// longer here.
    pub(crate) fn from(&self, slot: usize, position: u64, records: usize, bytes: usize) -> Option<Vec<Chunk>> {
        let held = self.slots.get(slot)?;
        if held.front()?.first > position {
            return None;
        }
        let at = held.partition_point(|chunk| chunk.end() <= position);
        let (mut found, mut have_records, mut have_bytes) = (Vec::new(), 0, 0);
        for chunk in held.iter().skip(at) {
            if have_records >= records.max(1) || have_bytes >= bytes.max(1) {
                break;
            }
            // Of the first chunk only what stands at or behind the position counts.
            let passed = position.saturating_sub(chunk.first);
            let counted = u64::from(chunk.records) - passed;
            have_records += counted as usize;
            have_bytes += if passed == 0 { chunk.body.len() } else { 0 };
            found.push(chunk.clone());
        }
        Some(found)
    }
}
