//! Voices that say the same, and the compartments they speak in, shared.

use std::collections::HashSet;
use std::sync::Arc;

use chappe_model::{Compartment, KeyHash};

use crate::voice::Voice;

/// Voices are looked through for unused ones when there are this many, and then at each doubling.
const FIRST_SWEEP: usize = 1_024;

/// Keys whose texts are kept at hand: no more than a processor's own cache holds with them, or letting go of one waits for memory.
const RECENT_KEYS: usize = 1_024;

/// Gives every voice of the same words the same place in memory, for as long as somebody holds it.
#[derive(Debug)]
pub(crate) struct Choir {
    voices: HashSet<Arc<Voice>>,
    places: HashSet<Arc<Compartment>>,
    /// Keys of late, each at a place of its own by its hash.
    keys: Vec<Option<(KeyHash, Arc<str>)>>,
    sweep_at: usize,
}

impl Default for Choir {
    fn default() -> Self {
        Self {
            voices: HashSet::new(),
            places: HashSet::new(),
            keys: vec![None; RECENT_KEYS],
            sweep_at: FIRST_SWEEP,
        }
    }
}

impl Choir {
    /// The one that says this.
    pub(crate) fn share(&mut self, voice: Voice) -> Arc<Voice> {
        if let Some(known) = self.voices.get(&voice) {
            return Arc::clone(known);
        }
        if self.voices.len() >= self.sweep_at {
            self.voices.retain(|voice| Arc::strong_count(voice) > 1);
            self.sweep_at = FIRST_SWEEP.max(self.voices.len() * 2);
        }
        let voice = Arc::new(voice);
        self.voices.insert(Arc::clone(&voice));
        voice
    }

    /// The text of a key, shared with the last report that had it, unless many others came between.
    pub(crate) fn key(&mut self, hash: KeyHash, text: impl FnOnce() -> Arc<str>) -> Arc<str> {
        let place = usize::try_from(hash.0 % RECENT_KEYS as u128).unwrap_or(0);
        match &self.keys[place] {
            Some((known, text)) if *known == hash => Arc::clone(text),
            _ => {
                let text = text();
                self.keys[place] = Some((hash, Arc::clone(&text)));
                text
            }
        }
    }

    /// The compartment, shared. There are few: ingest bounds the lists that members may use.
    pub(crate) fn place(&mut self, compartment: Compartment) -> Arc<Compartment> {
        if let Some(known) = self.places.get(&compartment) {
            return Arc::clone(known);
        }
        let place = Arc::new(compartment);
        self.places.insert(Arc::clone(&place));
        place
    }

    /// The one that says what this one says.
    pub(crate) fn share_again(&mut self, voice: Arc<Voice>) -> Arc<Voice> {
        if let Some(known) = self.voices.get(&voice) {
            return Arc::clone(known);
        }
        self.voices.insert(Arc::clone(&voice));
        voice
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::tests::voice_of;

    #[test]
    fn the_same_words_are_one_voice_and_what_nobody_holds_goes() {
        let mut choir = Choir::default();
        let first = choir.share(voice_of("csirt-at", 0));
        assert!(Arc::ptr_eq(&first, &choir.share(voice_of("csirt-at", 0))));
        (1..5_000).for_each(|n| drop(choir.share(voice_of("csirt-at", n))));
        assert!(choir.voices.len() <= 2 * FIRST_SWEEP);
        assert!(Arc::ptr_eq(&first, &choir.share(voice_of("csirt-at", 0))));
    }
}
