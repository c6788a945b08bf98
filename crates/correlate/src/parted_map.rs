//! A map in parts, for very many keys: each part grows by itself, so that no insertion waits until everything has moved.

use std::hash::{BuildHasher, Hash};

use serde::{Deserialize, Serialize};

use crate::keyed_map::KeyedMap;

/// Parts. With ten million keys one moves forty thousand entries when it doubles: about a millisecond.
const PARTS: usize = 256;

/// Maps keys that are keyed pseudo-random bits, see [`KeyedMap`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PartedMap<K: Eq + Hash, V>(Vec<KeyedMap<K, V>>);

impl<K: Eq + Hash, V> Default for PartedMap<K, V> {
    fn default() -> Self {
        Self((0..PARTS).map(|_| KeyedMap::default()).collect())
    }
}

impl<K: Eq + Hash, V> PartedMap<K, V> {
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.part(key)?.get_mut(key)
    }

    pub(crate) fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let part = place(&key);
        if self.0.len() < PARTS {
            self.0.resize_with(PARTS, KeyedMap::default); // as read from somewhere
        }
        self.0[part].entry(key).or_insert_with(make)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.part(key)?.remove(key)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().flat_map(KeyedMap::keys)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().flat_map(KeyedMap::values)
    }

    fn part(&mut self, key: &K) -> Option<&mut KeyedMap<K, V>> {
        self.0.get_mut(place(key))
    }
}

/// Bits that the parts themselves do not look at: they take the lowest for the place and the highest for the tag.
fn place<K: Hash>(key: &K) -> usize {
    let bits = KeyedMap::<K, ()>::default().hasher().hash_one(key) >> 40;
    usize::try_from(bits).unwrap_or(0) % PARTS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chappe_model::KeyHash;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn holds_what_a_map_holds(steps in prop::collection::vec((any::<bool>(), 0..300_u128, any::<u32>()), 0..1_000)) {
            let (mut parted, mut map) = (PartedMap::default(), BTreeMap::new());
            for (add, key, value) in steps {
                let key = KeyHash(key * 0x9e37_79b9_7f4a_7c15);
                if add {
                    *parted.get_or_insert_with(key, || 0) = value;
                    map.insert(key, value);
                } else {
                    prop_assert_eq!(parted.remove(&key), map.remove(&key));
                }
                prop_assert_eq!(parted.get_mut(&key).copied(), map.get(&key).copied());
            }
            let keys: BTreeMap<KeyHash, ()> = parted.keys().map(|key| (*key, ())).collect();
            prop_assert!(keys.keys().eq(map.keys()));
            prop_assert_eq!(parted.values().map(|value| u64::from(*value)).sum::<u64>(), map.values().map(|value| u64::from(*value)).sum());
        }
    }
}
