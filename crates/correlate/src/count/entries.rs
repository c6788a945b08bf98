//! The contributions to a key, in pieces: they grow without being copied, and one that comes late moves a piece, not all that follow.

use std::collections::VecDeque;
use std::ops::Range;

use chappe_model::{IncidentId, Timestamp};

use super::scan::Entry;

/// Contributions of a piece: 8 KiB of them.
const PIECE: usize = if cfg!(test) { 4 } else { 256 };

/// In (time, incident) order. Every piece is full but the first and the last.
#[derive(Debug, Default)]
pub(super) struct Entries {
    first: VecDeque<Entry>,
    rest: VecDeque<VecDeque<Entry>>,
    len: usize,
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn front(&self) -> Option<&Entry> {
        self.first.front()
    }

    pub(super) fn back(&self) -> Option<&Entry> {
        self.rest.back().unwrap_or(&self.first).back()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Entry> {
        match index.checked_sub(self.first.len()) {
            None => self.first.get(index),
            Some(behind) => self.rest.get(behind / PIECE)?.get(behind % PIECE),
        }
    }

    fn get_mut(&mut self, index: usize) -> Option<&mut Entry> {
        match index.checked_sub(self.first.len()) {
            None => self.first.get_mut(index),
            Some(behind) => self.rest.get_mut(behind / PIECE)?.get_mut(behind % PIECE),
        }
    }

    pub(super) fn push_back(&mut self, entry: Entry) {
        self.len += 1;
        if self.rest.is_empty() && self.first.len() < PIECE {
            self.first.push_back(entry);
            return;
        }
        match self.rest.back_mut().filter(|piece| piece.len() < PIECE) {
            Some(piece) => piece.push_back(entry),
            None => {
                let mut piece = VecDeque::with_capacity(PIECE);
                piece.push_back(entry);
                self.rest.push_back(piece);
            }
        }
    }

    /// Puts an entry before the one at `index`, which is not beyond the end.
    pub(super) fn insert(&mut self, index: usize, entry: Entry) {
        if index == self.len {
            return self.push_back(entry);
        }
        self.len += 1;
        let mut over = match index.checked_sub(self.first.len()) {
            None => {
                self.first.insert(index, entry);
                // A first piece from which some went may stay as it is; none grows over its size.
                let full = self.first.len() > PIECE || !self.rest.is_empty();
                (full.then(|| self.first.pop_back()).flatten(), 0)
            }
            Some(behind) => match self.rest.get_mut(behind / PIECE) {
                Some(piece) => {
                    piece.insert(behind % PIECE, entry);
                    let over = if piece.len() > PIECE { piece.pop_back() } else { None };
                    (over, behind / PIECE + 1)
                }
                None => (None, 0),
            },
        };
        while let (Some(carried), at) = over {
            if at == self.rest.len() {
                self.rest.push_back(VecDeque::with_capacity(PIECE));
            }
            let piece = &mut self.rest[at];
            piece.push_front(carried);
            let last = if piece.len() > PIECE { piece.pop_back() } else { None };
            over = (last, at + 1);
        }
    }

    /// Puts an entry in place of the one at `index`, and returns that.
    pub(super) fn replace(&mut self, index: usize, entry: Entry) -> Option<Entry> {
        self.get_mut(index).map(|place| std::mem::replace(place, entry))
    }

    /// Takes the first `count` out.
    pub(super) fn take_first(&mut self, count: usize) -> Vec<Entry> {
        let mut taken = Vec::with_capacity(count);
        while taken.len() < count && !self.is_empty() {
            let some = self.first.len().min(count - taken.len());
            taken.extend(self.first.drain(..some));
            self.len -= some;
            if self.first.is_empty() {
                self.first = self.rest.pop_front().unwrap_or_default();
            }
        }
        taken
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.first.iter().chain(self.rest.iter().flatten())
    }

    pub(super) fn range(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = &Entry> {
        range.filter_map(|index| self.get(index))
    }

    /// How many come before the first for which `before` does not hold; it holds for none after that.
    pub(super) fn partition_point(&self, before: impl Fn(&Entry) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low.midpoint(high);
            if self.get(middle).is_some_and(&before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Where the contribution of this order stands, or where it would.
    pub(super) fn place(&self, order: (Timestamp, IncidentId)) -> Result<usize, usize> {
        let place = self.partition_point(|entry| entry.order() < order);
        let known = self.get(place).is_some_and(|entry| entry.order() == order);
        if known { Ok(place) } else { Err(place) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::voices::VoiceId;
    use super::*;

    fn entry(time: u64) -> Entry {
        Entry {
            time: Timestamp::from_millis(time),
            incident: IncidentId::from_bytes([0; 16]),
            ever: VoiceId::of_number(1),
            now: None,
        }
    }

    proptest! {
        #[test]
        fn holds_what_a_sorted_list_holds(steps in prop::collection::vec((0..10_u8, 0..60_u64), 0..200)) {
            let (mut entries, mut list) = (Entries::default(), Vec::<Entry>::new());
            for (what, time) in steps {
                let one = entry(time);
                if what == 0 {
                    let count = list.len().min(usize::try_from(time).unwrap() / 4);
                    let gone: Vec<Entry> = list.drain(..count).collect();
                    prop_assert_eq!(entries.take_first(count), gone);
                } else {
                    let place = list.binary_search_by_key(&one.order(), Entry::order);
                    prop_assert_eq!(entries.place(one.order()), place);
                    match place {
                        Ok(index) => prop_assert_eq!(entries.replace(index, one), Some(one)),
                        Err(index) => {
                            entries.insert(index, one);
                            list.insert(index, one);
                        }
                    }
                }
                prop_assert_eq!(entries.len(), list.len());
                prop_assert!(entries.iter().eq(list.iter()));
                prop_assert!(entries.range(0..list.len()).rev().eq(list.iter().rev()));
                prop_assert_eq!((entries.front(), entries.back()), (list.first(), list.last()));
            }
        }
    }
}
