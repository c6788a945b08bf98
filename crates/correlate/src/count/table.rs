//! The table of a shard's keys: open addressing in segments that split one at a time, so that it grows without ever standing still
//! (extendible hashing: Fagin, Nievergelt, Pippenger and Strong, ACM TODS 4, 1979). A key that has one contribution is one cache line.

use std::sync::Arc;

use chappe_model::{IncidentId, KeyHash, Realm, Timestamp};

use super::scan::Entry;
use super::voices::VoiceId;

/// Cells of a segment. Splitting one moves half of them: some microseconds.
const CELLS: usize = 256;
/// A segment with this many taken cells splits before it takes another.
const FULL: usize = CELLS * 7 / 8;

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// One contribution, which can make no alert by itself.
    Single,
    /// More, in [`super::steady::Steady`] number `index`.
    Steady,
    /// Anything else, in [`super::group::Group`] number `index`.
    Group,
}

/// A key: one cache line.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Cell {
    key: u128,
    /// The key's values, joined; none in a cell that is free.
    text: Option<Arc<str>>,
    time: Timestamp,
    incident: IncidentId,
    /// The voice of the single contribution, or where the rest of the key is.
    pub(super) index: u32,
    pub(super) rule: u16,
    pub(super) realm: Realm,
    pub(super) held: Held,
}

impl Cell {
    fn free() -> Self {
        Self {
            key: 0,
            text: None,
            time: Timestamp::ZERO,
            incident: IncidentId::from_bytes([0; 16]),
            index: 0,
            rule: 0,
            realm: Realm::Live,
            held: Held::Single,
        }
    }

    /// A key with one contribution, which says now what it ever said.
    pub(super) fn single(key: KeyHash, text: Arc<str>, rule: u16, realm: Realm, entry: &Entry) -> Self {
        Self {
            key: key.0,
            text: Some(text),
            time: entry.time,
            incident: entry.incident,
            index: entry.ever.number(),
            rule,
            realm,
            held: Held::Single,
        }
    }

    /// A key whose contributions stand elsewhere.
    pub(super) fn elsewhere(key: KeyHash, text: Arc<str>, rule: u16, realm: Realm, held: Held, index: u32) -> Self {
        Self {
            key: key.0,
            text: Some(text),
            index,
            rule,
            realm,
            held,
            ..Self::free()
        }
    }

    pub(super) fn key(&self) -> KeyHash {
        KeyHash(self.key)
    }

    /// The key's values, joined.
    pub(super) fn text(&self) -> Arc<str> {
        self.text.clone().unwrap_or_default()
    }

    /// The contribution of a single one.
    pub(super) fn entry(&self) -> Entry {
        Entry {
            time: self.time,
            incident: self.incident,
            ever: VoiceId::of_number(self.index),
            now: Some(VoiceId::of_number(self.index)),
        }
    }

    /// From now on the contributions stand elsewhere.
    pub(super) fn moved(&mut self, held: Held, index: u32) {
        (self.held, self.index) = (held, index);
    }
}

#[derive(Debug)]
struct Segment {
    /// How many leading bits its keys share.
    depth: u32,
    taken: usize,
    cells: Box<[Cell]>,
}

impl Segment {
    fn new(depth: u32) -> Self {
        Self {
            depth,
            taken: 0,
            cells: (0..CELLS).map(|_| Cell::free()).collect(),
        }
    }

    /// Where a key stands, or the free cell where it would.
    fn place(&self, key: u128) -> Result<usize, usize> {
        let mut at = home(key);
        loop {
            let cell = &self.cells[at];
            if cell.text.is_none() {
                return Err(at);
            }
            if cell.key == key {
                return Ok(at);
            }
            at = (at + 1) % CELLS; // it is never full
        }
    }

    fn put(&mut self, cell: Cell) {
        if let Err(at) = self.place(cell.key) {
            self.cells[at] = cell;
            self.taken += 1;
        }
    }

    /// Frees a cell, and moves up those behind it that would no longer be found (Knuth, The Art of Computer Programming 3, algorithm R).
    fn take(&mut self, mut hole: usize) {
        self.taken -= 1;
        self.cells[hole] = Cell::free();
        let mut at = hole;
        loop {
            at = (at + 1) % CELLS;
            if self.cells[at].text.is_none() {
                return;
            }
            let from_home = |place: usize| (place + CELLS - home(self.cells[at].key)) % CELLS;
            if from_home(hole) < from_home(at) {
                self.cells.swap(hole, at);
                hole = at;
            }
        }
    }
}

/// The cell where a key stands unless others were there before.
fn home(key: u128) -> usize {
    low(key) as usize % CELLS
}

/// Shards are chosen by the upper half of a key, so the table looks at the lower.
#[allow(clippy::cast_possible_truncation, reason = "half of the bits suffice")]
fn low(key: u128) -> u64 {
    key as u64
}

/// All keys of a shard.
#[derive(Debug)]
pub(super) struct Table {
    /// For each value of the leading `depth` bits the segment of its keys.
    directory: Vec<u32>,
    depth: u32,
    segments: Vec<Segment>,
    len: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            directory: vec![0],
            depth: 0,
            segments: vec![Segment::new(0)],
            len: 0,
        }
    }
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, key: KeyHash) -> Option<&Cell> {
        let segment = &self.segments[self.segment(key.0)];
        segment.place(key.0).ok().map(|at| &segment.cells[at])
    }

    pub(super) fn get_mut(&mut self, key: KeyHash) -> Option<&mut Cell> {
        let segment = self.segment(key.0);
        let segment = &mut self.segments[segment];
        segment.place(key.0).ok().map(|at| &mut segment.cells[at])
    }

    /// The cell where a key would be found first. Reading it ahead for a batch of keys lets their cache lines come in together.
    pub(super) fn glance(&self, key: KeyHash) -> &Cell {
        &self.segments[self.segment(key.0)].cells[home(key.0)]
    }

    /// Adds a key that is not there.
    pub(super) fn insert(&mut self, cell: Cell) {
        loop {
            let at = self.segment(cell.key);
            if self.segments[at].taken < FULL {
                self.segments[at].put(cell);
                self.len += 1;
                return;
            }
            self.split(at);
        }
    }

    pub(super) fn remove(&mut self, key: KeyHash) {
        let at = self.segment(key.0);
        if let Ok(place) = self.segments[at].place(key.0) {
            self.segments[at].take(place);
            self.len -= 1;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Cell> {
        let cells = self.segments.iter().flat_map(|segment| segment.cells.iter());
        cells.filter(|cell| cell.text.is_some())
    }

    fn segment(&self, key: u128) -> usize {
        self.directory[self.place(key)] as usize
    }

    fn place(&self, key: u128) -> usize {
        let place = low(key).checked_shr(u64::BITS - self.depth).unwrap_or(0);
        usize::try_from(place).unwrap_or(0)
    }

    /// Makes two segments of one; the directory doubles when the segment's keys share as many bits as it looks at.
    fn split(&mut self, at: usize) {
        let depth = self.segments[at].depth + 1;
        if depth > self.depth {
            self.directory = self.directory.iter().flat_map(|segment| [*segment, *segment]).collect();
            self.depth = depth;
        }
        let cells = std::mem::replace(&mut self.segments[at], Segment::new(depth)).cells;
        let other = self.segments.len();
        self.segments.push(Segment::new(depth));
        // The segment's places lie side by side; the upper half of them goes to the new one.
        let places = 1_usize << (self.depth + 1 - depth);
        let place = cells
            .iter()
            .find(|cell| cell.text.is_some())
            .map_or(0, |cell| self.place(cell.key));
        let first = place / places * places;
        for segment in self.directory.iter_mut().skip(first + places / 2).take(places / 2) {
            *segment = u32::try_from(other).unwrap_or(u32::MAX);
        }
        for cell in cells.into_iter().filter(|cell| cell.text.is_some()) {
            let segment = self.segment(cell.key);
            self.segments[segment].put(cell);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn cell(key: u128, index: u32) -> Cell {
        Cell::elsewhere(KeyHash(key), "k".into(), 0, Realm::Live, Held::Steady, index)
    }

    /// Spread keys, and keys that crowd one segment and one cell.
    fn keys() -> impl Strategy<Value = u128> {
        prop_oneof![
            0..64_u128,
            any::<u128>().prop_map(|key| key % 4_000 * 0x9e37_79b9_7f4a_7c15)
        ]
    }

    proptest! {
        #[test]
        fn holds_what_a_map_holds(steps in prop::collection::vec((any::<bool>(), keys(), any::<u32>()), 0..3_000)) {
            let (mut table, mut map) = (Table::default(), HashMap::<u128, u32>::new());
            for (add, key, index) in steps {
                if !add {
                    table.remove(KeyHash(key));
                    map.remove(&key);
                } else if let Some(known) = table.get_mut(KeyHash(key)) {
                    known.index = index;
                    map.insert(key, index);
                } else {
                    table.insert(cell(key, index));
                    prop_assert_eq!(map.insert(key, index), None);
                }
            }
            prop_assert_eq!(table.len(), map.len());
            let found: HashMap<u128, u32> = table.iter().map(|cell| (cell.key, cell.index)).collect();
            prop_assert_eq!(&found, &map);
            for (key, index) in map {
                prop_assert_eq!(table.get(KeyHash(key)).map(|cell| cell.index), Some(index));
            }
        }
    }

    #[test]
    fn a_key_is_one_cache_line() {
        assert_eq!(std::mem::size_of::<Cell>(), 64);
    }
}
