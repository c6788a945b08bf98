//! Counting in other maps, the plain way: what a shared concurrent map would cost, and where it is inexact.
//!
//! Each counts the same events under the shared rules, their 128-bit keys made before the clock starts, without retraction, lateness,
//! compartments, snapshots or findings. So none is a rival; the three differ in the map alone.

mod keep;

use std::sync::Barrier;

use anyhow::{Context, Result};
use serde::Serialize;

use super::correlation::{Pair, Sums};
use super::rows::Rows;
use crate::cpu::{Spent, Started};
use keep::{Dash, Keep, Owned, Papaya};

/// Rows that a thread takes at once where rows are dealt in turns.
const DEALT_ROWS: usize = 1_024;
/// Odd numbers that spread keys over their 128 bits.
const SPREAD: [u128; 2] = [
    0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835,
    0xd1b5_4a32_d192_ed03_ac3b_d9a7_91f5_2d47,
];

/// One row under one rule.
#[derive(Clone, Copy, Debug)]
struct Event {
    key: u128,
    time: u64,
    country: u8,
    /// Of the first rule, else of the second.
    first: bool,
}

/// How events come to threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Dealing {
    /// By their keys: each key has one writer.
    ByKey,
    /// Rows in turns: the threads share the keys.
    InTurns,
}

/// One way of counting, one run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Counted {
    pub(super) map: &'static str,
    pub(super) threads: usize,
    pub(super) dealing: Dealing,
    pub(super) sums: Sums,
    pub(super) exact: bool,
    pub(super) spent: Spent,
}

/// Every way, once each; `right` is what they should come to.
pub(super) fn all(rows: &Rows, right: Sums) -> Result<Vec<Counted>> {
    let ways = [(1, Dealing::ByKey), (2, Dealing::ByKey), (2, Dealing::InTurns)];
    let mut counted = Vec::new();
    for (threads, dealing) in ways {
        let parts = deal(rows, threads, dealing);
        let mut push = |map, (sums, spent)| {
            counted.push(Counted {
                map,
                threads,
                dealing,
                sums,
                exact: sums == right,
                spent,
            });
        };
        if dealing == Dealing::ByKey {
            push("hash map owned by its thread", counted_by(&parts, Owned::default)?);
        }
        let shared = Dash::default();
        push("DashMap", counted_by(&parts, || &shared)?);
        let shared = Papaya::default();
        push("papaya", counted_by(&parts, || &shared)?);
    }
    Ok(counted)
}

fn deal(rows: &Rows, threads: usize, dealing: Dealing) -> Vec<Vec<Event>> {
    let mut parts = vec![Vec::with_capacity(2 * rows.len() / threads); threads];
    for row in 0..rows.len() {
        let country = rows.country[row];
        let pair = 1 + u128::from(country) * 256 + u128::from(rows.kind[row]);
        let keys = [u128::from(rows.indicator[row]) + 1, pair];
        for (rule, (key, spread)) in keys.into_iter().zip(SPREAD).enumerate() {
            let key = key.wrapping_mul(spread);
            let part = match dealing {
                Dealing::ByKey => ((key >> 96) % threads as u128) as usize,
                Dealing::InTurns => row / DEALT_ROWS % threads,
            };
            parts[part].push(Event {
                key,
                time: rows.time[row],
                country,
                first: rule == 0,
            });
        }
    }
    parts
}

/// Counts each part on a thread of its own, all beginning together.
fn counted_by<K: Keep + Send>(parts: &[Vec<Event>], keep: impl Fn() -> K + Sync) -> Result<(Sums, Spent)> {
    let start = Barrier::new(parts.len());
    let one = |part: &[Event]| {
        let mut keep = keep();
        start.wait();
        let started = Started::now();
        let sums = count(part, &mut keep);
        (sums, started.spent())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts.iter().map(|part| scope.spawn(|| one(part))).collect();
        let mut whole = (Sums::default(), Spent::default());
        for thread in threads {
            let (sums, spent) = thread.join().ok().context("a counting thread failed")?;
            whole = (whole.0.plus(sums), whole.1.beside(spent));
        }
        Ok(whole)
    })
}

fn count(events: &[Event], keep: &mut impl Keep) -> Sums {
    let rules = Pair::shared();
    let enough = rules.first.at_least;
    let mut sums = Sums::default();
    for event in events {
        if event.first {
            let since = event.time - rules.first.within_ms;
            sums.r1 += u64::from(keep.countries(event.key, event.time, event.country, since) >= enough);
        } else {
            sums.r2 += keep.rows(event.key, event.time, event.time - rules.second.within_ms);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::oracle;
    use super::super::rows::{COUNTRIES, TYPES};
    use super::*;

    #[test]
    fn whoever_owns_its_keys_counts_as_the_oracle_does() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut rows = Rows::default();
        for row in 0..20_000_u64 {
            rows.time.push(1_700_000_000_000 + row * 30_000);
            rows.indicator.push(random.u32(..500));
            rows.country.push(random.u8(..COUNTRIES.len() as u8));
            rows.kind.push(random.u8(..TYPES.len() as u8));
        }
        let right = oracle::sums(&rows, &Pair::shared());
        let counted = all(&rows, right).unwrap();
        assert!(right.r1 > 0 && counted.len() == 8);
        let owned = counted.iter().filter(|way| way.dealing == Dealing::ByKey);
        owned.for_each(|way| assert!(way.exact, "{way:?} is not {right:?}"));
    }
}
