//! A set of positions that mostly come in runs.

use chappe_eventlog::Position;

/// Positions, added in ascending order, kept as runs of 16 bytes each.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// First and last position of each, ascending.
    runs: Vec<(u64, u64)>,
}

impl Runs {
    /// Adds a position above all others.
    pub(crate) fn push(&mut self, position: Position) {
        match self.runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(position.0) => *last = position.0,
            _ => self.runs.push((position.0, position.0)),
        }
    }

    pub(crate) fn contains(&self, position: Position) -> bool {
        let after = self.runs.partition_point(|(first, _)| *first <= position.0);
        after
            .checked_sub(1)
            .and_then(|i| self.runs.get(i))
            .is_some_and(|(_, last)| position.0 <= *last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_added_in_as_few_runs_as_possible() {
        let mut runs = Runs::default();
        let held = [0, 1, 2, 7, 9, 10];
        held.into_iter().for_each(|at| runs.push(Position(at)));
        for at in 0..12 {
            assert_eq!(runs.contains(Position(at)), held.contains(&at), "{at}");
        }
        assert_eq!(runs.runs.len(), 3);
    }
}
