//! The distinct recipient lists of the installation. Each is a compartment of its own in correlation, so their number is bounded
//! before the acknowledgement.

use std::collections::HashMap;

use chappe_model::Recipients;
use chappe_model::limits::RECIPIENT_LISTS;

/// Stands for a recipient list in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListId(u16);

/// Why a list was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The lists in use by a stored revision or one on its way.
#[derive(Default)]
pub(crate) struct Lists {
    ids: HashMap<Recipients, u16>,
    slots: Vec<Slot>,
    free: Vec<u16>,
}

struct Slot {
    list: Recipients,
    users: u64,
}

impl Lists {
    /// Counts one more user of a list.
    pub(crate) fn reserve(&mut self, list: &Recipients) -> Result<ListId, Full> {
        if !self.has_room_for(list) {
            return Err(Full);
        }
        self.restore(list)
    }

    /// As [`Lists::reserve`], for what the log holds already: bounded only by what can be numbered.
    pub(crate) fn restore(&mut self, list: &Recipients) -> Result<ListId, Full> {
        if let Some(&id) = self.ids.get(list) {
            if let Some(slot) = self.slots.get_mut(usize::from(id)) {
                slot.users += 1;
            }
            return Ok(ListId(id));
        }
        let slot = Slot {
            list: Recipients::clone(list),
            users: 1,
        };
        let id = match self.free.pop() {
            Some(id) => {
                if let Some(place) = self.slots.get_mut(usize::from(id)) {
                    *place = slot;
                }
                id
            }
            None => {
                let id = u16::try_from(self.slots.len()).map_err(|_| Full)?;
                self.slots.push(slot);
                id
            }
        };
        self.ids.insert(Recipients::clone(list), id);
        Ok(ListId(id))
    }

    /// Whether the list is in use, or another fits.
    pub(crate) fn has_room_for(&self, list: &Recipients) -> bool {
        self.ids.len() < RECIPIENT_LISTS || self.ids.contains_key(list)
    }

    /// Counts one user out.
    pub(crate) fn release(&mut self, id: ListId) {
        let Some(slot) = self.slots.get_mut(usize::from(id.0)) else {
            return;
        };
        slot.users = slot.users.saturating_sub(1);
        if slot.users == 0 && self.ids.remove(&slot.list).is_some() {
            self.free.push(id.0);
        }
    }

    /// The list, while it has users.
    pub(crate) fn get(&self, id: ListId) -> Option<Recipients> {
        self.slots
            .get(usize::from(id.0))
            .map(|slot| Recipients::clone(&slot.list))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use chappe_model::MemberId;

    fn list(n: usize) -> Recipients {
        Arc::new(BTreeSet::from([MemberId::parse(&format!("m{n}")).unwrap()]))
    }

    #[test]
    fn the_bound_counts_distinct_lists_in_use() {
        let mut lists = Lists::default();
        let ids: Vec<ListId> = (0..RECIPIENT_LISTS).map(|n| lists.reserve(&list(n)).unwrap()).collect();
        assert_eq!(lists.reserve(&list(RECIPIENT_LISTS)), Err(Full));
        assert_eq!(lists.reserve(&list(7)), Ok(ids[7]), "a list in use is no new one");
        lists.release(ids[7]);
        assert_eq!(lists.reserve(&list(RECIPIENT_LISTS)), Err(Full), "it still has a user");
        lists.release(ids[7]);
        let id = lists.reserve(&list(RECIPIENT_LISTS)).unwrap();
        assert_eq!(lists.get(id), Some(list(RECIPIENT_LISTS)));
        assert_eq!(lists.reserve(&list(7)), Err(Full));
    }
}
