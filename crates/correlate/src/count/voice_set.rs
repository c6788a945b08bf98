//! Sets of voices, as bits: a run is joined again and again by voices that it has already.

use super::voices::VoiceId;

/// A set of voices: 64 of them a word.
#[derive(Clone, Debug, Default)]
pub(super) struct VoiceSet(Vec<(u32, u64)>);

impl VoiceSet {
    /// Whether it was not in.
    pub(super) fn insert(&mut self, id: VoiceId) -> bool {
        let (block, bit) = (id.number() / 64, 1_u64 << (id.number() % 64));
        let place = self.0.partition_point(|(known, _)| *known < block);
        match self.0.get_mut(place).filter(|(known, _)| *known == block) {
            Some((_, bits)) => {
                let new = *bits & bit == 0;
                *bits |= bit;
                new
            }
            None => {
                self.0.insert(place, (block, bit));
                true
            }
        }
    }

    /// In the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = VoiceId> + '_ {
        self.0.iter().flat_map(|(block, bits)| {
            let bits = std::iter::successors(Some(*bits), |bits| Some(bits & bits.wrapping_sub(1)));
            bits.take_while(|bits| *bits != 0)
                .map(move |bits| VoiceId::of_number(block * 64 + bits.trailing_zeros()))
        })
    }
}
