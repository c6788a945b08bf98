//! What is to be said last of what has ended.

use std::collections::BTreeMap;

use chappe_model::Alert;

/// Alerts that have ended and were not handed on yet, by what they are about; while the log is read again they are its last words.
#[derive(Debug)]
pub(crate) struct LastWords<K> {
    ended: BTreeMap<K, Vec<Alert>>,
    /// Handed on, so that nothing may be left of them.
    retired: Vec<K>,
}

impl<K> Default for LastWords<K> {
    fn default() -> Self {
        Self {
            ended: BTreeMap::new(),
            retired: vec![],
        }
    }
}

impl<K: Copy + Ord> LastWords<K> {
    pub(crate) fn add(&mut self, key: K, alert: Alert) {
        self.ended.entry(key).or_default().push(alert);
    }

    /// What has ended.
    pub(crate) fn ended(&self) -> impl Iterator<Item = K> + '_ {
        self.ended.keys().copied()
    }

    /// Hands on what has ended of one.
    pub(crate) fn take(&mut self, key: K) -> Vec<Alert> {
        let ended = self.ended.remove(&key).unwrap_or_default();
        if !ended.is_empty() {
            self.retired.push(key);
        }
        ended
    }

    /// Another has told of the end of an alert.
    pub(crate) fn forget(&mut self, alert: &Alert) {
        for ended in self.ended.values_mut() {
            ended.retain(|ended| ended.id != alert.id);
        }
        self.ended.retain(|_, ended| !ended.is_empty());
    }

    /// All that has ended, handed on or not.
    pub(crate) fn keys(&self) -> impl Iterator<Item = K> + '_ {
        self.ended().chain(self.retired.iter().copied())
    }

    /// Those handed on of which nothing is on any more.
    pub(crate) fn drain_retired(&mut self, is_on: impl Fn(K) -> bool) -> impl Iterator<Item = K> {
        let retired = std::mem::take(&mut self.retired);
        retired.into_iter().filter(move |key| !is_on(*key))
    }
}
