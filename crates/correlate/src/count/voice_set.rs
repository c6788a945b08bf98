//! Sets of voices, as bits: a run is joined again and again by voices that it has already.

use super::voices::VoiceId;

/// A set of voices: 64 of them a word. The first word is at hand: it is nearly always the only one of a key.
#[derive(Clone, Debug, Default)]
pub(super) struct VoiceSet {
    first: Word,
    /// In the order of their blocks.
    more: Vec<Word>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Word {
    block: u32,
    bits: u64,
}

impl Word {
    /// Whether the bit was not set.
    fn set(&mut self, bit: u64) -> bool {
        let new = self.bits & bit == 0;
        self.bits |= bit;
        new
    }

    fn iter(self) -> impl Iterator<Item = VoiceId> {
        let bits = std::iter::successors(Some(self.bits), |bits| Some(bits & bits.wrapping_sub(1)));
        bits.take_while(|bits| *bits != 0)
            .map(move |bits| VoiceId::of_number(self.block * 64 + bits.trailing_zeros()))
    }
}

impl VoiceSet {
    /// Whether it was not in.
    pub(super) fn insert(&mut self, id: VoiceId) -> bool {
        let (block, bit) = (id.number() / 64, 1_u64 << (id.number() % 64));
        if self.first.block == block || self.first.bits == 0 {
            self.first.block = block;
            return self.first.set(bit);
        }
        let place = self.more.partition_point(|word| word.block < block);
        match self.more.get_mut(place).filter(|word| word.block == block) {
            Some(word) => word.set(bit),
            None => {
                self.more.insert(place, Word { block, bits: bit });
                true
            }
        }
    }

    /// Of the word at hand, to read it ahead.
    pub(super) fn glance(&self) -> u32 {
        self.first.block
    }

    /// In an order that depends on nothing but what came in, and when.
    pub(super) fn iter(&self) -> impl Iterator<Item = VoiceId> + '_ {
        std::iter::once(&self.first)
            .chain(&self.more)
            .flat_map(|word| word.iter())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn holds_what_came_in(numbers in prop::collection::vec(1..700_u32, 0..200)) {
            let (mut set, mut known) = (VoiceSet::default(), BTreeSet::new());
            for number in numbers {
                prop_assert_eq!(set.insert(VoiceId::of_number(number)), known.insert(number));
            }
            let mut held: Vec<u32> = set.iter().map(VoiceId::number).collect();
            held.sort_unstable();
            prop_assert_eq!(held, known.into_iter().collect::<Vec<_>>());
        }
    }
}
