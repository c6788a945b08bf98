//! Which alert carries on which.

use std::collections::{BTreeMap, BTreeSet};

use chappe_model::{Alert, AlertId, AlertState};

use crate::options::CARRIED_ON;

/// Pointers from superseded alerts to those that carry them on, backwards.
#[derive(Debug, Default)]
pub(crate) struct Lineage {
    /// By heir. One that nothing points to any more stays: it was pointed to.
    before: BTreeMap<AlertId, BTreeSet<AlertId>>,
}

impl Lineage {
    /// Notes that an alert carries on another, known or not.
    pub(crate) fn expect(&mut self, heir: AlertId) {
        self.before.entry(heir).or_default();
    }

    /// Whether any alert ever pointed to this one.
    pub(crate) fn is_expected(&self, id: &AlertId) -> bool {
        self.before.contains_key(id)
    }

    /// Notes where an alert points now, which is where it pointed `before` no more.
    pub(crate) fn note(&mut self, before: &Alert, now: &Alert) {
        if let AlertState::Superseded(heir) = before.state
            && let Some(pointing) = self.before.get_mut(&heir)
        {
            pointing.remove(&before.id);
        }
        if let AlertState::Superseded(heir) = now.state {
            self.before.entry(heir).or_default().insert(now.id);
        }
    }

    /// An alert and those that it carries on, over any number of steps that `lets_through` lets pass: at most [`CARRIED_ON`].
    pub(crate) fn carried_on_by(&self, id: AlertId, lets_through: impl Fn(&AlertId) -> bool) -> Vec<AlertId> {
        let (mut found, mut known) = (vec![id], BTreeSet::from([id]));
        let mut at = 0;
        while let Some(id) = found.get(at).copied() {
            for before in self.before.get(&id).into_iter().flatten() {
                if found.len() > CARRIED_ON {
                    return found;
                }
                if lets_through(before) && known.insert(*before) {
                    found.push(*before);
                }
            }
            at += 1;
        }
        found
    }
}
