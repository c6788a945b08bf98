//! Room for what takes memory, shared so that no member has all of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chappe_model::MemberId;

/// So many places together, of which a member has only some at once.
pub(crate) struct Room {
    places: usize,
    own: usize,
    taken: Mutex<HashMap<MemberId, usize>>,
}

/// A place in a room; dropping it gives it back.
pub(crate) struct Place {
    room: Arc<Room>,
    member: MemberId,
}

impl Room {
    /// A room of so many places, `own` of them for one member.
    pub(crate) fn new(places: usize, own: usize) -> Arc<Self> {
        Arc::new(Self {
            places,
            own,
            taken: Mutex::default(),
        })
    }

    /// Takes a place; nothing where the member has all of its own, or none is left.
    pub(crate) fn enter(self: &Arc<Self>, member: &MemberId) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.get(member).copied().unwrap_or(0);
        if own >= self.own || taken.values().sum::<usize>() >= self.places {
            return None;
        }
        taken.insert(member.clone(), own + 1);
        Some(Place {
            room: Arc::clone(self),
            member: member.clone(),
        })
    }

    /// How many places are taken.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.values().sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.room.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.member) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                taken.remove(&self.member);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_member_has_some_places_and_all_have_so_many() {
        let room = Room::new(3, 2);
        let [a, b, c] = ["a", "b", "c"].map(|id| MemberId::parse(id).unwrap());
        let mut own: Vec<Place> = (0..2).map(|_| room.enter(&a).unwrap()).collect();
        assert!(room.enter(&a).is_none(), "it has its own");
        let other = room.enter(&b).unwrap();
        assert!(room.enter(&c).is_none(), "none is left");
        own.pop();
        drop(other);
        assert!(room.enter(&c).is_some());
        own.clear();
        assert_eq!(room.taken(), 0);
        assert!(room.taken.lock().unwrap().is_empty(), "nothing is kept of who was here");
    }
}
