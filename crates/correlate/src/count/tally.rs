//! Small maps from ids to counters: a short list at first, a hash map once it gets long. Most keys of an installation stay short for ever.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// From this many on a map is faster than a list.
const LONG: usize = 24;

/// A map from 64-bit ids.
#[derive(Clone, Debug)]
pub(super) enum Tally<V> {
    Short(Vec<(u64, V)>),
    Long(HashMap<u64, V, BuildHasherDefault<Spread>>),
}

impl<V> Default for Tally<V> {
    fn default() -> Self {
        Self::Short(vec![])
    }
}

impl<V: Default> Tally<V> {
    pub(super) fn get(&self, id: u64) -> Option<&V> {
        match self {
            Self::Short(list) => list.iter().find(|(known, _)| *known == id).map(|(_, value)| value),
            Self::Long(map) => map.get(&id),
        }
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut V> {
        match self {
            Self::Short(list) => list.iter_mut().find(|(known, _)| *known == id).map(|(_, value)| value),
            Self::Long(map) => map.get_mut(&id),
        }
    }

    pub(super) fn entry(&mut self, id: u64) -> &mut V {
        if let Self::Short(list) = self
            && list.len() >= LONG
            && !list.iter().any(|(known, _)| *known == id)
        {
            *self = Self::Long(std::mem::take(list).into_iter().collect());
        }
        match self {
            Self::Short(list) => {
                let place = list.iter().position(|(known, _)| *known == id).unwrap_or(list.len());
                if place == list.len() {
                    list.push((id, V::default()));
                }
                &mut list[place].1
            }
            Self::Long(map) => map.entry(id).or_default(),
        }
    }

    pub(super) fn remove(&mut self, id: u64) {
        match self {
            Self::Short(list) => {
                if let Some(place) = list.iter().position(|(known, _)| *known == id) {
                    list.swap_remove(place);
                }
            }
            Self::Long(map) => drop(map.remove(&id)),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Short(list) => list.len(),
            Self::Long(map) => map.len(),
        }
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(u64, &mut V) -> bool) {
        match self {
            Self::Short(list) => list.retain_mut(|(id, value)| keep(*id, value)),
            Self::Long(map) => map.retain(|id, value| keep(*id, value)),
        }
    }
}

impl Tally<u32> {
    /// Counts one more; whether it is the first.
    pub(super) fn up(&mut self, id: u64) -> bool {
        let count = self.entry(id);
        *count += 1;
        *count == 1
    }

    /// Counts one less; whether it was the last.
    pub(super) fn down(&mut self, id: u64) -> bool {
        let Some(count) = self.get_mut(id) else { return false };
        *count -= 1;
        let last = *count == 0;
        if last {
            self.remove(id);
        }
        last
    }
}

/// Spreads ids given out one after the other over all bits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spread(u64);

/// 2^64 divided by the golden ratio, odd: multiples of it are spread evenly (Knuth, The Art of Computer Programming 3, 6.4).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, bits: u64) {
        let product = (self.0 ^ bits).wrapping_mul(GOLDEN);
        self.0 = product ^ (product >> 32);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_as_a_map_does(steps in prop::collection::vec((any::<bool>(), 0..60u64), 0..400)) {
            let (mut tally, mut map) = (Tally::<u32>::default(), HashMap::<u64, u32>::new());
            for (up, id) in steps {
                if up {
                    prop_assert_eq!(tally.up(id), !map.contains_key(&id));
                    *map.entry(id).or_default() += 1;
                } else {
                    let last = map.get(&id) == Some(&1);
                    prop_assert_eq!(tally.down(id), last);
                    map.entry(id).and_modify(|count| *count -= 1);
                    map.retain(|_, count| *count > 0);
                }
                prop_assert_eq!(tally.len(), map.len());
                prop_assert_eq!(tally.get(id), map.get(&id));
            }
        }
    }
}
