//! Counting with multiplicity, twice at once: what was said by voices that may be shown, and by all. Which of both counts changes with every
//! voice that comes or goes, so both are always known.

use std::collections::BTreeMap;

/// How often: by voices that may be shown, and by all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    open: u32,
    all: u32,
}

impl Times {
    pub(crate) fn add(&mut self, openly: bool) {
        self.open += u32::from(openly);
        self.all += 1;
    }

    /// Takes back what was added.
    pub(crate) fn remove(&mut self, openly: bool) {
        self.open = self.open.saturating_sub(u32::from(openly));
        self.all = self.all.saturating_sub(1);
    }

    /// One thing more or less on either side, where it was and is no longer, or the other way round.
    pub(crate) fn follow(&mut self, was: [bool; 2], is: [bool; 2]) {
        for ((number, was), is) in [&mut self.open, &mut self.all].into_iter().zip(was).zip(is) {
            *number = *number + u32::from(is) - u32::from(was);
        }
    }

    /// How often, with voices that may not be shown or without.
    pub(crate) fn count(self, released: bool) -> usize {
        (if released { self.all } else { self.open }) as usize
    }
}

/// Distinct things, each with how often it was said.
#[derive(Clone, Debug)]
pub(crate) struct Tally<T> {
    times: BTreeMap<T, Times>,
    distinct: Times,
}

impl<T> Default for Tally<T> {
    fn default() -> Self {
        Self {
            times: BTreeMap::new(),
            distinct: Times::default(),
        }
    }
}

impl<T: Ord + Clone> Tally<T> {
    pub(crate) fn add(&mut self, thing: &T, openly: bool) {
        let times = match self.times.get_mut(thing) {
            Some(times) => times,
            None => self.times.entry(thing.clone()).or_default(),
        };
        let was = times.is();
        times.add(openly);
        self.distinct.follow(was, times.is());
    }

    /// Takes back what was added.
    pub(crate) fn remove(&mut self, thing: &T, openly: bool) {
        let Some(times) = self.times.get_mut(thing) else {
            return;
        };
        let was = times.is();
        times.remove(openly);
        let is = times.is();
        self.distinct.follow(was, is);
        if is == [false, false] {
            self.times.remove(thing);
        }
    }

    /// How many distinct things, with voices that may not be shown or without.
    pub(crate) fn count(&self, released: bool) -> usize {
        self.distinct.count(released)
    }

    /// These things.
    pub(crate) fn keys(&self, released: bool) -> impl Iterator<Item = &T> {
        let said = self.times.iter().filter(move |(_, times)| times.count(released) > 0);
        said.map(|(thing, _)| thing)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.times.is_empty()
    }
}

impl Times {
    fn is(self) -> [bool; 2] {
        [self.open > 0, self.all > 0]
    }
}
