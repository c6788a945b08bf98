//! The distinct recipient lists of each member. Each is a compartment of its own in correlation, so their number is bounded before the
//! acknowledgement; for each member apart, so that what one is told depends on its own reports alone.

use std::collections::HashMap;
use std::num::NonZeroU32;

use chappe_model::limits::RECIPIENT_LISTS_PER_MEMBER;
use chappe_model::{MemberId, Recipients};

/// Stands for a member's recipient list in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListId(NonZeroU32);

/// Why a list was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Whose list it is: the reporter's, or none for that of unmarked reports, which the installation chose.
pub(crate) type Owner = Option<MemberId>;

/// The lists in use by a stored revision or one on its way.
#[derive(Default)]
pub(crate) struct Lists {
    ids: HashMap<Owner, HashMap<Recipients, ListId>>,
    slots: Vec<Slot>,
    free: Vec<ListId>,
}

struct Slot {
    owner: Owner,
    list: Recipients,
    users: u64,
}

impl ListId {
    fn nth(index: usize) -> Result<Self, Full> {
        let number = u32::try_from(index).ok().and_then(|index| index.checked_add(1));
        number.and_then(NonZeroU32::new).map(Self).ok_or(Full)
    }

    const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl Lists {
    /// Counts one more user of a list.
    pub(crate) fn reserve(&mut self, owner: &Owner, list: &Recipients) -> Result<ListId, Full> {
        if !self.has_room_for(owner, list) {
            return Err(Full);
        }
        self.restore(owner, list)
    }

    /// As [`Lists::reserve`], for what the log holds already: bounded only by what can be numbered.
    pub(crate) fn restore(&mut self, owner: &Owner, list: &Recipients) -> Result<ListId, Full> {
        if let Some(&id) = self.ids.get(owner).and_then(|own| own.get(list)) {
            if let Some(slot) = self.slots.get_mut(id.index()) {
                slot.users += 1;
            }
            return Ok(id);
        }
        let slot = Slot {
            owner: owner.clone(),
            list: Recipients::clone(list),
            users: 1,
        };
        let id = match self.free.pop() {
            Some(id) => {
                if let Some(place) = self.slots.get_mut(id.index()) {
                    *place = slot;
                }
                id
            }
            None => {
                let id = ListId::nth(self.slots.len())?;
                self.slots.push(slot);
                id
            }
        };
        let own = self.ids.entry(owner.clone()).or_default();
        own.insert(Recipients::clone(list), id);
        Ok(id)
    }

    /// Whether the owner uses the list, or may use another.
    pub(crate) fn has_room_for(&self, owner: &Owner, list: &Recipients) -> bool {
        let own = self.ids.get(owner);
        owner.is_none() || own.is_none_or(|own| own.len() < RECIPIENT_LISTS_PER_MEMBER || own.contains_key(list))
    }

    /// Counts one user out.
    pub(crate) fn release(&mut self, id: ListId) {
        let Some(slot) = self.slots.get_mut(id.index()) else {
            return;
        };
        slot.users = slot.users.saturating_sub(1);
        if slot.users > 0 {
            return;
        }
        let Some(own) = self.ids.get_mut(&slot.owner) else {
            return;
        };
        if own.remove(&slot.list).is_some() {
            self.free.push(id);
        }
        if own.is_empty() {
            self.ids.remove(&slot.owner);
        }
    }

    /// The list, while it has users.
    pub(crate) fn get(&self, id: ListId) -> Option<Recipients> {
        self.slots.get(id.index()).map(|slot| Recipients::clone(&slot.list))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;

    fn list(n: usize) -> Recipients {
        Arc::new(BTreeSet::from([MemberId::parse(&format!("m{n}")).unwrap()]))
    }

    #[test]
    fn the_bound_counts_a_members_distinct_lists_in_use() {
        const BOUND: usize = RECIPIENT_LISTS_PER_MEMBER;
        let (a, b) = (MemberId::parse("a").ok(), MemberId::parse("b").ok());
        let mut lists = Lists::default();
        let ids: Vec<ListId> = (0..BOUND).map(|n| lists.reserve(&a, &list(n)).unwrap()).collect();
        assert_eq!(lists.reserve(&a, &list(BOUND)), Err(Full));
        assert_eq!(lists.reserve(&a, &list(7)), Ok(ids[7]), "a list in use is no new one");
        lists.release(ids[7]);
        assert_eq!(lists.reserve(&a, &list(BOUND)), Err(Full), "it still has a user");
        lists.release(ids[7]);
        let id = lists.reserve(&a, &list(BOUND)).unwrap();
        assert_eq!(lists.get(id), Some(list(BOUND)));
        assert_eq!(lists.reserve(&a, &list(7)), Err(Full));
        // Another member's use neither takes room nor gives any.
        assert!(lists.reserve(&b, &list(7)).is_ok());
        assert_eq!(lists.reserve(&a, &list(7)), Err(Full));
        // Nor do the lists that the installation chose.
        for n in 0..=BOUND {
            lists.reserve(&None, &list(n)).unwrap();
        }
        assert_eq!(lists.reserve(&a, &list(7)), Err(Full));
    }

    #[test]
    fn nothing_is_left_of_what_is_released() {
        let a = MemberId::parse("a").ok();
        let mut lists = Lists::default();
        let id = lists.reserve(&a, &list(1)).unwrap();
        lists.release(id);
        assert!(lists.ids.is_empty());
        assert_eq!(lists.reserve(&None, &list(2)), Ok(id), "its number is free again");
    }
}
