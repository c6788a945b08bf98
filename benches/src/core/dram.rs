//! What memory allows: accesses a second to a table far larger than any cache, one after the other, and many under way at once.
//!
//! A chase: each entry names the next, so an access cannot begin before the one ahead of it in its chain has ended. Several chains side by
//! side have nothing to do with each other, so the processor works on as many at once as it can. No prefetch is asked for.

use std::hint::black_box;
use std::sync::Barrier;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::cpu::{Started, per_second};
use crate::table::median;

/// Entries of the table, a power of two: 512 MiB of eight bytes each.
const ENTRIES: usize = 1 << 26;
/// Multiplier and increment with which each place is visited once before any is again (Hull and Dobell, 1962: the multiplier is 1 modulo 4,
/// the increment odd, the modulus a power of two).
const STEP: (u64, u64) = (0x5851_f42d_4c95_7f2d, 0x1405_7b7e_f767_814f);
/// Chains tried side by side.
const CHAINS: [usize; 3] = [8, 16, 32];

/// Accesses a second.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Dram {
    pub(super) table_mib: usize,
    /// One after the other, by CPU time.
    pub(super) dependent: f64,
    /// Side by side on one thread, by CPU time: the best number of chains.
    pub(super) independent: f64,
    /// How many chains that was.
    pub(super) chains: usize,
    /// The same on two threads together, on the wall.
    pub(super) independent_two_threads: f64,
    /// And on one, on the wall.
    pub(super) independent_one_thread_wall: f64,
}

/// Probes; `accesses` in each of `repetitions`, of which the middle one counts.
pub(super) fn probe(accesses: usize, repetitions: usize) -> Result<Dram> {
    let table = table();
    let dependent = median((0..repetitions).map(|turn| chase::<1>(&table, turn, accesses / 16).0));
    let mut best = (0.0, 0.0, 0);
    for chains in CHAINS {
        let runs: Vec<(f64, f64)> = (0..repetitions)
            .map(|turn| side_by_side(&table, chains, turn, accesses))
            .collect();
        let by_cpu = median(runs.iter().map(|run| run.0));
        if by_cpu > best.0 {
            best = (by_cpu, median(runs.iter().map(|run| run.1)), chains);
        }
    }
    let mut both = Vec::new();
    for turn in 0..repetitions {
        both.push(two_threads(&table, best.2, turn, accesses)?);
    }
    Ok(Dram {
        table_mib: ENTRIES * size_of::<u64>() / (1024 * 1024),
        dependent,
        independent: best.0,
        chains: best.2,
        independent_two_threads: median(both),
        independent_one_thread_wall: best.1,
    })
}

fn table() -> Vec<u64> {
    let next = |place: u64| place.wrapping_mul(STEP.0).wrapping_add(STEP.1) % ENTRIES as u64;
    (0..ENTRIES as u64).map(next).collect()
}

fn side_by_side(table: &[u64], chains: usize, turn: usize, accesses: usize) -> (f64, f64) {
    match chains {
        8 => chase::<8>(table, turn, accesses),
        16 => chase::<16>(table, turn, accesses),
        _ => chase::<32>(table, turn, accesses),
    }
}

/// Accesses a second by CPU time and on the wall.
fn chase<const N: usize>(table: &[u64], turn: usize, accesses: usize) -> (f64, f64) {
    // Each run begins elsewhere, so that none finds in a cache what another left.
    let begin = |chain: usize| (turn + 1).wrapping_mul(0x9e37_79b9) + chain * (ENTRIES / N);
    let mut places: [usize; N] = std::array::from_fn(|chain| begin(chain) % ENTRIES);
    let rounds = accesses / N;
    let started = Started::now();
    for _ in 0..rounds {
        for place in &mut places {
            *place = table[*place] as usize;
        }
    }
    black_box(places);
    let spent = started.spent();
    let made = rounds * N;
    (
        per_second(made, spent.cpu_seconds),
        per_second(made, spent.wall_seconds),
    )
}

fn two_threads(table: &[u64], chains: usize, turn: usize, accesses: usize) -> Result<f64> {
    let start = Barrier::new(2);
    let one = |thread: usize| {
        start.wait();
        side_by_side(table, chains, 2 * turn + thread, accesses).1
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| one(1));
        let this = one(0);
        Ok(this + other.join().ok().context("a probing thread failed")?)
    })
}
