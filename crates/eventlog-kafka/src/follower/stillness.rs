//! Whether what is in the log comes.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Where a record is known to be and does not come for so long, a new consumer takes over: one was seen that did not find its leader again
/// after a broker had hung, beside others that did.
pub(crate) const STUCK: Duration = Duration::from_secs(6);

/// Where nothing comes of a partition for so long, the brokers are asked whether there is something: only who appends to it knows without
/// asking. That others move says nothing: what a consumer loses is one leader, and with it the partitions of that one.
pub(crate) const QUIET: Duration = Duration::from_secs(8);

/// What is to be thought of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fine,
    Stuck,
    Quiet,
}

/// Since when each partition has stood where it stands.
#[derive(Debug, Default)]
pub(crate) struct Stillness {
    partitions: HashMap<usize, (u64, Instant)>,
    asked_at: Option<Instant>,
}

impl Stillness {
    /// Looks at the partitions: slot, next position, and one past the last that is known.
    pub(crate) fn look(&mut self, now: Instant, partitions: impl Iterator<Item = (usize, u64, u64)>) -> Verdict {
        let (mut stuck, mut quiet) = (false, false);
        for (slot, next, end) in partitions {
            let stood = self.partitions.entry(slot).or_insert((next, now));
            if stood.0 != next {
                *stood = (next, now);
            }
            let still_for = now.saturating_duration_since(stood.1);
            stuck |= next < end && still_for >= STUCK;
            quiet |= still_for >= QUIET;
        }
        if stuck {
            // The new one has as long again.
            self.partitions.clear();
            return Verdict::Stuck;
        }
        let asked = self
            .asked_at
            .is_some_and(|at| now.saturating_duration_since(at) < QUIET);
        if quiet && !asked {
            self.asked_at = Some(now);
            return Verdict::Quiet;
        }
        Verdict::Fine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_partition_that_stands_still_before_its_end_is_stuck_though_others_move() {
        let mut stillness = Stillness::default();
        let began = Instant::now();
        for second in 0..6 {
            let now = began + Duration::from_secs(second);
            let seen = [(0, second, second), (1, 7, 9)].into_iter();
            assert_eq!(stillness.look(now, seen), Verdict::Fine, "after {second} s");
        }
        let seen = || [(0, 6, 6), (1, 7, 9)].into_iter();
        assert_eq!(stillness.look(began + STUCK, seen()), Verdict::Stuck);
        assert_eq!(
            stillness.look(began + STUCK, seen()),
            Verdict::Fine,
            "the new one has as long again"
        );
    }

    #[test]
    fn one_partition_of_which_nothing_comes_is_asked_for_though_others_move() {
        let mut stillness = Stillness::default();
        let began = Instant::now();
        let mut look = |second: u64, end: u64| {
            let seen = [(0, second, second), (1, 7, end)].into_iter();
            stillness.look(began + Duration::from_secs(second), seen)
        };
        assert_eq!((look(0, 7), look(7, 7)), (Verdict::Fine, Verdict::Fine));
        assert_eq!(look(8, 7), Verdict::Quiet);
        assert_eq!(look(8, 9), Verdict::Stuck, "the answer was that there is more");
    }

    #[test]
    fn where_nothing_moves_it_is_asked_now_and_then() {
        let mut stillness = Stillness::default();
        let began = Instant::now();
        let mut look = |second: u64| stillness.look(began + Duration::from_secs(second), [(0, 5, 5)].into_iter());
        assert_eq!(
            (look(0), look(7), look(8)),
            (Verdict::Fine, Verdict::Fine, Verdict::Quiet)
        );
        assert_eq!(
            (look(9), look(15), look(16)),
            (Verdict::Fine, Verdict::Fine, Verdict::Quiet)
        );
        assert_eq!(Stillness::default().look(began, std::iter::empty()), Verdict::Fine);
    }
}
