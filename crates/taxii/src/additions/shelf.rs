//! One viewer's look at a collection.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chappe_exchange::{STIX_SHARED_TYPES, StixShared};
use chappe_model::{Alert, AlertId};

use super::{Additions, Entry, index, number};
use crate::query::Query;

/// What a viewer may see of a collection, at the moment that it was made.
#[derive(Debug)]
pub struct Shelf {
    /// Which classes are seen.
    seen: Vec<bool>,
    /// What alerts share, by the entry that named it first.
    companions: BTreeMap<u32, Vec<StixShared>>,
    /// The entries up to here are looked at.
    end: u32,
    /// Where only some alerts are asked for, these; else all.
    wanted: Option<HashSet<AlertId>>,
}

/// How far a look has come.
#[derive(Clone, Copy, Debug)]
pub struct Bookmark {
    entry: u32,
    interval: usize,
    /// The last date given.
    clock_us: u64,
}

/// What a revision added that may be among what is asked for: objects that alerts share, then those of its own, each a microsecond after the
/// other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    /// Where the log holds the revision.
    pub place: u64,
    /// The alert.
    pub alert: AlertId,
    /// Which revision.
    pub revision: u32,
    /// When its first object was added, in microseconds since 1970.
    pub first_us: u64,
    /// And its last.
    pub last_us: u64,
    /// What it brought that alerts share.
    pub shared: Vec<StixShared>,
    /// Whether objects of its own are asked for.
    pub own: bool,
}

impl Addition {
    /// When the first of its own objects was added; those after it follow by a microsecond each.
    #[must_use]
    pub fn own_from_us(&self) -> u64 {
        self.first_us + self.shared.len() as u64
    }
}

impl Additions {
    /// A look at what is seen: `sees` says it of an alert, by its handling alone.
    pub fn shelf(&self, query: &Query, sees: impl Fn(&Alert) -> bool) -> Shelf {
        let seen: Vec<bool> = self.classes.iter().map(|class| sees(&class.sample)).collect();
        let mut firsts: BTreeMap<StixShared, u32> = BTreeMap::new();
        for (class, _) in self.classes.iter().zip(&seen).filter(|(_, seen)| **seen) {
            let marking = StixShared::Marking(class.sample.tlp);
            let three = [StixShared::Author, StixShared::Extension, marking].map(|shared| (shared, class.first));
            let places = (class.places.iter()).map(|(country, at)| (StixShared::Location(*country), *at));
            for (shared, at) in three.into_iter().chain(places) {
                let first = firsts.entry(shared).or_insert(at);
                *first = at.min(*first);
            }
        }
        let mut companions: BTreeMap<u32, Vec<StixShared>> = BTreeMap::new();
        for (shared, at) in firsts {
            companions.entry(at).or_default().push(shared);
        }
        let owner = |id: &String| self.alert(id);
        Shelf {
            seen,
            companions,
            end: index(self.entries.len()),
            wanted: query.ids.as_ref().map(|ids| ids.iter().filter_map(owner).collect()),
        }
    }

    /// The alert whose own object has this id, whoever may see it.
    #[must_use]
    pub fn alert(&self, id: &str) -> Option<AlertId> {
        self.owners.get(&number(id)?).copied()
    }

    /// Whether the collection holds, or held, an object of this id.
    #[must_use]
    pub fn has(&self, shelf: &Shelf, id: &str) -> bool {
        let owned = self.alert(id).is_some_and(|alert| self.is_shown(shelf, alert));
        owned || (shelf.companions.values().flatten()).any(|shared| shared.object()["id"] == id)
    }

    /// Where a look for what was added after a time begins.
    #[must_use]
    pub fn bookmark(&self, after_us: Option<u64>) -> Bookmark {
        let after_us = after_us.unwrap_or(0);
        let later = self
            .intervals
            .partition_point(|interval| interval.ms.saturating_mul(1_000) <= after_us);
        // Dates of an interval that is not clean go on from those before it.
        let clean = self.intervals[..later].iter().rposition(|interval| interval.is_clean);
        let interval = clean.unwrap_or(0);
        Bookmark {
            entry: self.intervals.get(interval).map_or(0, |interval| interval.from),
            interval,
            clock_us: 0,
        }
    }

    /// Looks at the next entries, `at_most` of them, and gives what may be asked for. None once there are no more.
    pub fn walk(&self, shelf: &Shelf, query: &Query, from: &mut Bookmark, at_most: usize) -> Option<Vec<Addition>> {
        if from.entry >= shelf.end {
            return None;
        }
        let until = shelf.end.min(from.entry.saturating_add(index(at_most)));
        let mut found = Vec::new();
        for at in from.entry..until {
            while self
                .intervals
                .get(from.interval + 1)
                .is_some_and(|next| next.from <= at)
            {
                from.interval += 1;
            }
            let Some(entry) = self.entries.get(at as usize).filter(|entry| shelf.sees(entry)) else {
                continue;
            };
            let begins_ms = self.intervals.get(from.interval).map_or(0, |interval| interval.ms);
            let first_us = (from.clock_us + 1).max(begins_ms.saturating_mul(1_000));
            let shared = shelf.companions.get(&at).cloned().unwrap_or_default();
            from.clock_us = first_us + shared.len() as u64 + u64::from(entry.objects) - 1;
            if query.added_after.is_some_and(|after| from.clock_us <= after) {
                continue;
            }
            let own = self.asks(shelf, query, at, entry);
            if own || !shared.is_empty() {
                found.push(Addition {
                    place: entry.place,
                    alert: entry.id,
                    revision: entry.revision,
                    first_us,
                    last_us: from.clock_us,
                    shared,
                    own,
                });
            }
        }
        from.entry = until;
        Some(found)
    }

    /// Whether objects of an entry's own may be among what is asked for.
    fn asks(&self, shelf: &Shelf, query: &Query, at: u32, entry: &Entry) -> bool {
        !entry.is_replaced
            && shelf.wanted.as_ref().is_none_or(|wanted| wanted.contains(&entry.id))
            && query.types.as_ref().is_none_or(|types| holds_type(entry, types))
            && self.is_shown(shelf, entry.id)
            && (query.versions).hold(entry.version_ms, || self.is_first(shelf, at), entry.is_newest)
    }

    /// Whether no version of the alert is seen before this one.
    fn is_first(&self, shelf: &Shelf, at: u32) -> bool {
        let before = |at: u32| self.entries.get(self.entries.get(at as usize)?.before as usize);
        let earlier = std::iter::successors(before(at), |entry| self.entries.get(entry.before as usize));
        !earlier.into_iter().any(|entry| !entry.is_replaced && shelf.sees(entry))
    }

    /// Whether the newest revision of an alert is seen: if not, nothing of it is any more.
    fn is_shown(&self, shelf: &Shelf, alert: AlertId) -> bool {
        let newest = self.newest.get(&alert).and_then(|at| self.entries.get(*at as usize));
        newest.is_some_and(|entry| shelf.sees(entry))
    }
}

impl Shelf {
    fn sees(&self, entry: &Entry) -> bool {
        // A class that came later has no entry that is looked at.
        self.seen.get(entry.class as usize).copied().unwrap_or(false)
    }
}

fn holds_type(entry: &Entry, types: &BTreeSet<String>) -> bool {
    let shared = STIX_SHARED_TYPES.iter().enumerate();
    let mut held = shared.filter(|(bit, _)| entry.types >> bit & 1 == 1);
    types.contains("report") || held.any(|(_, kind)| types.contains(*kind))
}
