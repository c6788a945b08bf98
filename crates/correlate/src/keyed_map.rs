//! A hash map for keys that are keyed pseudo-random bits already: no second hash, and the same order in every run.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Maps ids and key hashes. Nobody outside can choose their bits, so the bits themselves spread the entries.
pub(crate) type KeyedMap<K, V> = HashMap<K, V, BuildHasherDefault<FirstBits>>;

/// Takes the first eight bytes it is given.
#[derive(Clone, Copy, Default)]
pub(crate) struct FirstBits(u64);

impl Hasher for FirstBits {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            self.0 ^= u64::from_le_bytes(*first);
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "half of the bits suffice")]
    fn write_u128(&mut self, bits: u128) {
        self.0 ^= bits as u64;
    }

    fn write_usize(&mut self, _length: usize) {} // the length prefix of an array says nothing
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    use chappe_model::{KeyHash, Secret};

    use super::*;

    #[test]
    fn what_is_keyed_already_is_spread() {
        let (secret, build) = (Secret::new([7; 32]), BuildHasherDefault::<FirstBits>::default());
        let ids = (0..1_000_u32).map(|n| secret.key_hash("r", chappe_model::Realm::Live, &[&n.to_string()]));
        let ids: Vec<KeyHash> = ids.collect();
        let hashes: HashSet<u64> = ids.iter().map(|id| build.hash_one(id)).collect();
        assert_eq!(hashes.len(), ids.len());
        let bytes: HashSet<u64> = ids.iter().map(|id| build.hash_one(id.0.to_le_bytes())).collect();
        assert_eq!(bytes.len(), ids.len());
    }
}
