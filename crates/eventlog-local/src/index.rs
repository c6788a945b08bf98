//! Where each partition's records are: a sparse index, so that memory grows with the journal's bytes and not with its
//! records.

use crate::format::Entry;

/// A partition's chunk gets an index entry when it lies at least this far behind the partition's last indexed one, or
/// in another segment. So a record is found by scanning less than this from the entry before it.
pub const INDEX_STRIDE_BYTES: u64 = 256 << 10;

/// A commit's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The sequence of the segment's first commit, which names its file.
    pub(crate) segment: u64,
    /// The offset of the commit in the segment.
    pub(crate) offset: u64,
}

#[derive(Debug, Default)]
struct SlotIndex {
    /// One past the last durable record.
    end: u64,
    /// (first position of a chunk, the commit that holds it), rising.
    sparse: Vec<(u64, Place)>,
}

/// The index of all partitions, by slot.
#[derive(Debug)]
pub(crate) struct Index {
    slots: Vec<SlotIndex>,
}

impl Index {
    pub(crate) fn new(slots: usize) -> Self {
        Self {
            slots: (0..slots).map(|_| SlotIndex::default()).collect(),
        }
    }

    /// Takes in a durable chunk, which must follow the one before it in its partition.
    pub(crate) fn add(&mut self, slot: usize, entry: &Entry, place: Place) {
        let Some(index) = self.slots.get_mut(slot) else { return };
        index.end = entry.first + u64::from(entry.records);
        let near = index
            .sparse
            .last()
            .is_some_and(|(_, last)| last.segment == place.segment && place.offset < last.offset + INDEX_STRIDE_BYTES);
        if !near {
            index.sparse.push((entry.first, place));
        }
    }

    pub(crate) fn end(&self, slot: usize) -> u64 {
        self.slots.get(slot).map_or(0, |index| index.end)
    }

    pub(crate) fn ends(&self) -> Vec<u64> {
        self.slots.iter().map(|index| index.end).collect()
    }

    /// Where to begin scanning for a record.
    pub(crate) fn before(&self, slot: usize, position: u64) -> Option<Place> {
        let sparse = &self.slots.get(slot)?.sparse;
        let after = sparse.partition_point(|(first, _)| *first <= position);
        sparse.get(after.checked_sub(1)?).map(|(_, place)| *place)
    }

    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        self.slots.iter().map(|index| index.sparse.len()).sum()
    }
}
