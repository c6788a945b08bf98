//! Installations of several processes, with everything going wrong that may.
//!
//! `CHAPPE_CASES` sets the number of histories (300), `CHAPPE_SEED` the first seed (0). A failing history names its seed.

#![allow(clippy::panic, missing_docs)]

use std::io::Write;
use std::sync::Mutex;

use chappe_simulation::{Tally, simulate};
use chappe_testkit::{check_seeds, number};

/// After so many histories that failed the rest is left out.
const FAILED: usize = 10;

#[test]
fn whatever_goes_wrong_members_get_what_they_are_promised() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 300));
    let (sum, failed) = (Mutex::new(Tally::default()), Mutex::new(vec![]));
    check_seeds(
        first..first + cases,
        || (),
        |(), seed| {
            if failed.lock().is_ok_and(|failed| failed.len() >= FAILED) {
                return 0; // enough to look at
            }
            let history = simulate(seed);
            if let (Ok(mut sum), Ok(mut failed)) = (sum.lock(), failed.lock()) {
                *sum = sum.and(history.tally);
                failed.extend(history.outcome.err().map(|reason| (seed, reason)));
            }
            1
        },
    );
    let mut failed = failed.into_inner().unwrap_or_default();
    failed.sort();
    if let Some((seed, reason)) = failed.first() {
        let others: Vec<String> = failed
            .iter()
            .skip(1)
            .map(|(seed, reason)| format!("{seed}: {}", head(reason)))
            .collect();
        panic!(
            "seed {seed}: {reason}\nagain: CHAPPE_SEED={seed} CHAPPE_CASES=1 cargo test -p chappe-simulation\n{} more:\n{}",
            others.len(),
            others.join("\n")
        );
    }
    let sum = sum.into_inner().unwrap_or_default();
    let _ = writeln!(
        std::io::stderr(),
        "simulation: {cases} histories from seed {first}: {sum:?}"
    );
    assert!(
        sum.alerts >= cases && sum.resumed >= cases && sum.takeovers >= 8 * cases,
        "{sum:?}"
    );
    assert!(sum.restarts >= cases / 2 && sum.receipts >= 10 * cases, "{sum:?}");
}

#[test]
fn a_seed_gives_one_history_down_to_the_byte() {
    let first = number("CHAPPE_SEED", 0);
    for seed in first..first + 5 {
        assert_eq!(simulate(seed), simulate(seed), "seed {seed}");
    }
    assert_ne!(simulate(first).trace, simulate(first + 1).trace);
}

fn head(reason: &str) -> &str {
    reason.lines().next().unwrap_or_default()
}
