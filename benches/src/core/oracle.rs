//! What is right: both rules counted in the plainest way, apart from the core and from every map that is compared.

use std::collections::{HashMap, VecDeque};

use super::correlation::{Column, Correlation, Pair, Sums};
use super::rows::Rows;

/// The rows of one key in its window, and how often each value stands among them.
#[derive(Default)]
struct Window {
    rows: VecDeque<(u64, u32)>,
    values: HashMap<u32, u32>,
}

/// Firings, and the measures at them, added up.
struct Fired {
    firings: u64,
    measured: u64,
}

pub(super) fn sums(rows: &Rows, rules: &Pair) -> Sums {
    Sums {
        r1: fired(rows, &rules.first).firings,
        r2: fired(rows, &rules.second).measured,
    }
}

fn fired(rows: &Rows, rule: &Correlation) -> Fired {
    let value = |column: Column, row: usize| match column {
        Column::Indicator => rows.indicator[row],
        Column::Country => u32::from(rows.country[row]),
        Column::Type => u32::from(rows.kind[row]),
    };
    let mut windows: HashMap<Vec<u32>, Window> = HashMap::new();
    let mut fired = Fired {
        firings: 0,
        measured: 0,
    };
    for row in 0..rows.len() {
        let key: Vec<u32> = rule.group_by.iter().map(|column| value(*column, row)).collect();
        let window = windows.entry(key).or_default();
        let counted = rule.distinct.map_or(0, |column| value(column, row));
        let measured = window.take(rows.time[row], counted, rule);
        if measured >= u64::from(rule.at_least) {
            fired.firings += 1;
            fired.measured += measured;
        }
    }
    fired
}

impl Window {
    fn take(&mut self, time: u64, value: u32, rule: &Correlation) -> u64 {
        while let Some((_, gone)) = self.rows.pop_front_if(|(then, _)| *then + rule.within_ms <= time) {
            if let Some(left) = self.values.get_mut(&gone) {
                *left -= 1;
                if *left == 0 {
                    self.values.remove(&gone);
                }
            }
        }
        self.rows.push_back((time, value));
        *self.values.entry(value).or_default() += 1;
        let measured = if rule.distinct.is_some() {
            self.values.len()
        } else {
            self.rows.len()
        };
        measured as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_leave_out_what_is_as_old_as_they_are_long() {
        let mut rules = Pair::shared();
        rules.first.at_least = 2;
        rules.first.within_ms = 10;
        rules.second.within_ms = 10;
        let rows = Rows {
            time: vec![0, 9, 10, 19],
            indicator: vec![1, 1, 1, 2],
            country: vec![0, 1, 1, 1],
            kind: vec![0, 0, 0, 0],
        };
        // Countries at each row: 1, 2, 1 (the first row is 10 ms old), 1. Rows of the same country and type: 1, 1, 2, 2.
        assert_eq!(sums(&rows, &rules), Sums { r1: 1, r2: 6 });
    }
}
