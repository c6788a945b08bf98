//! When values were last seen: a window holds a value exactly if it was seen since the window began, however often.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasherDefault;

use chappe_model::Timestamp;

use super::tally::Spread;

/// From this many values on the list gives way to an order by time, so that each step costs their logarithm at most.
const LONG: usize = 256;

/// Values of a window, with when they were last seen. Times never fall.
#[derive(Clone, Debug)]
pub(super) struct Recency {
    /// Ids with their times.
    seen: Vec<(u64, Timestamp)>,
    /// Not later than any of the times.
    oldest: Timestamp,
    long: Option<Box<Long>>,
}

#[derive(Clone, Debug, Default)]
struct Long {
    last: HashMap<u64, Timestamp, BuildHasherDefault<Spread>>,
    order: BTreeSet<(Timestamp, u64)>,
}

impl Default for Recency {
    fn default() -> Self {
        Self {
            seen: vec![],
            oldest: Timestamp::END,
            long: None,
        }
    }
}

impl Recency {
    /// A value is seen.
    pub(super) fn touch(&mut self, id: u64, time: Timestamp) {
        if let Some(long) = &mut self.long {
            long.touch(id, time);
            return;
        }
        if let Some((_, seen)) = self.seen.iter_mut().find(|(known, _)| *known == id) {
            *seen = time;
            return;
        }
        self.seen.push((id, time));
        self.oldest = self.oldest.min(time);
        if self.seen.len() > LONG {
            let mut long = Long::default();
            self.seen.drain(..).for_each(|(id, time)| long.touch(id, time));
            self.long = Some(Box::new(long));
        }
    }

    /// Values not seen after `time` are in the window no longer.
    pub(super) fn expire(&mut self, time: Timestamp) {
        if let Some(long) = &mut self.long {
            long.expire(time);
            return;
        }
        if self.oldest > time {
            return;
        }
        let mut oldest = Timestamp::END;
        self.seen.retain(|(_, seen)| {
            let stays = *seen > time;
            if stays {
                oldest = oldest.min(*seen);
            }
            stays
        });
        self.oldest = oldest;
    }

    /// How many values the window holds.
    pub(super) fn len(&self) -> usize {
        self.long.as_ref().map_or(self.seen.len(), |long| long.last.len())
    }

    /// Of the first bytes of the list, to read them ahead.
    pub(super) fn glance(&self) -> u64 {
        self.seen.first().map_or(0, |(id, time)| id ^ time.as_millis())
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Long {
    fn touch(&mut self, id: u64, time: Timestamp) {
        if let Some(before) = self.last.insert(id, time) {
            self.order.remove(&(before, id));
        }
        self.order.insert((time, id));
    }

    fn expire(&mut self, time: Timestamp) {
        while let Some((seen, id)) = self.order.first().copied()
            && seen <= time
        {
            self.order.pop_first();
            self.last.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn holds_what_was_seen_since(steps in prop::collection::vec((0..600_u64, 0..4_u64), 0..2_000), within in 1..900_u64) {
            let (mut recency, mut seen, mut now) = (Recency::default(), vec![], 0);
            for (id, pause) in steps {
                now += pause;
                let time = Timestamp::from_millis(now);
                recency.expire(time.minus(within));
                recency.touch(id, time);
                seen.push((id, now));
                let held: BTreeSet<u64> = seen.iter().filter(|(_, at)| at + within > now).map(|(id, _)| *id).collect();
                // Time zero is the beginning: nothing lies before it.
                if now > within {
                    prop_assert_eq!(recency.len(), held.len());
                }
            }
        }
    }
}
