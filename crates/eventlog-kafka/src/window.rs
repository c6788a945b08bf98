//! The newest records of each partition, in memory within bounds. Pure: no broker, no thread.

use std::collections::VecDeque;

use chappe_eventlog::{Position, ReadLimit, Record};

/// What a record takes in memory besides its key and payload, in bytes.
const RECORD_OVERHEAD_BYTES: usize = 128;

/// What the window has of what a reader asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// These records, at least one.
    Records(Vec<(Position, Record)>),
    /// Nothing yet: it ends where the reader begins or before.
    Ahead,
    /// Nothing any more: it begins at this position.
    Behind(u64),
}

#[derive(Debug, Default)]
struct Part {
    records: VecDeque<(u64, Record)>,
    /// The position of the next record to take in.
    next: u64,
    bytes: usize,
}

impl Part {
    fn first(&self) -> u64 {
        self.records.front().map_or(self.next, |(position, _)| *position)
    }
}

/// The newest records of every partition, by slot.
#[derive(Debug)]
pub(crate) struct Window {
    parts: Vec<Part>,
    bytes: usize,
    part_limit_bytes: usize,
    limit_bytes: usize,
}

impl Window {
    pub(crate) fn new(slots: usize, part_limit_bytes: usize, limit_bytes: usize) -> Self {
        Self {
            parts: (0..slots).map(|_| Part::default()).collect(),
            bytes: 0,
            part_limit_bytes,
            limit_bytes,
        }
    }

    /// Empties a partition: the next record is the one at `next`.
    pub(crate) fn begin(&mut self, slot: usize, next: u64) {
        if let Some(part) = self.parts.get_mut(slot) {
            self.bytes -= part.bytes;
            *part = Part {
                next,
                ..Part::default()
            };
        }
    }

    /// The position after the last record taken in.
    pub(crate) fn next(&self, slot: usize) -> u64 {
        self.parts.get(slot).map_or(0, |part| part.next)
    }

    /// Takes a record in, and lets go of older ones where there are too many. One that was taken in before is left out.
    pub(crate) fn push(&mut self, slot: usize, position: u64, record: Record) -> bool {
        let Some(part) = self.parts.get_mut(slot) else {
            return false;
        };
        if position < part.next {
            return false;
        }
        let size = record.size_bytes() + RECORD_OVERHEAD_BYTES;
        part.records.push_back((position, record));
        part.next = position + 1;
        part.bytes += size;
        self.bytes += size;
        // The last record stays whatever its size: the reader that waits for it would not find it otherwise.
        while self.parts[slot].bytes > self.part_limit_bytes && self.parts[slot].records.len() > 1 {
            self.drop_oldest(slot);
        }
        while self.bytes > self.limit_bytes {
            let largest = (0..self.parts.len())
                .filter(|&at| self.parts[at].records.len() > 1)
                .max_by_key(|&at| self.parts[at].bytes);
            match largest {
                Some(largest) => self.drop_oldest(largest),
                None => break,
            }
        }
        true
    }

    fn drop_oldest(&mut self, slot: usize) {
        let part = &mut self.parts[slot];
        if let Some((_, record)) = part.records.pop_front() {
            let size = record.size_bytes() + RECORD_OVERHEAD_BYTES;
            part.bytes -= size;
            self.bytes -= size;
        }
    }

    /// The records from a position on, within a limit.
    pub(crate) fn find(&self, slot: usize, from: u64, limit: ReadLimit) -> Found {
        let Some(part) = self.parts.get(slot) else {
            return Found::Ahead;
        };
        if from >= part.next {
            return Found::Ahead;
        }
        if from < part.first() {
            return Found::Behind(part.first());
        }
        let mut found = Vec::new();
        let mut bytes = 0;
        let start = part.records.partition_point(|(position, _)| *position < from);
        for (position, record) in part.records.range(start..) {
            if !limit.admits(found.len(), bytes, record.size_bytes()) {
                break;
            }
            bytes += record.size_bytes();
            found.push((Position(*position), record.clone()));
        }
        Found::Records(found)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use bytes::Bytes;

    use super::*;

    fn record(payload_bytes: usize) -> Record {
        Record::data(1, Bytes::new(), Bytes::from(vec![7; payload_bytes]))
    }

    fn positions(found: Found) -> Vec<u64> {
        match found {
            Found::Records(records) => records.into_iter().map(|(position, _)| position.0).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_newest_stay_within_both_bounds() {
        let one = 100 + RECORD_OVERHEAD_BYTES;
        let mut window = Window::new(2, 3 * one, 4 * one);
        window.begin(0, 10);
        for position in 10..20 {
            assert!(window.push(0, position, record(100)));
        }
        assert_eq!(window.find(0, 16, ReadLimit::default()), Found::Behind(17));
        assert_eq!(positions(window.find(0, 17, ReadLimit::default())), [17, 18, 19]);
        for position in 0..3 {
            window.push(1, position, record(100));
        }
        assert_eq!(window.bytes, 4 * one);
        assert_eq!(positions(window.find(1, 1, ReadLimit::default())).last(), Some(&2));
        window.begin(0, 50);
        assert_eq!(
            (window.find(0, 50, ReadLimit::default()), window.next(0)),
            (Found::Ahead, 50)
        );
    }

    #[test]
    fn the_last_record_stays_whatever_its_size() {
        let mut window = Window::new(1, 0, 0);
        for position in 0..3 {
            window.push(0, position, record(1_000));
            assert_eq!(positions(window.find(0, position, ReadLimit::default())), [position]);
        }
        assert_eq!(window.find(0, 1, ReadLimit::default()), Found::Behind(2));
    }

    #[test]
    fn what_comes_twice_is_left_out_and_limits_are_kept() {
        let mut window = Window::new(1, 1 << 20, 1 << 20);
        for position in [0, 1, 1, 0, 2, 5] {
            window.push(0, position, record(10));
        }
        assert_eq!(positions(window.find(0, 0, ReadLimit::default())), [0, 1, 2, 5]);
        let limit = ReadLimit { records: 9, bytes: 25 };
        assert_eq!(positions(window.find(0, 1, limit)), [1, 2]);
        assert_eq!(positions(window.find(0, 3, ReadLimit { records: 0, bytes: 0 })), [5]);
        assert_eq!(window.find(0, 6, ReadLimit::default()), Found::Ahead);
    }
}
