use std::iter::Sum;
use std::ops::Range;

/// Threads that check seeds side by side.
const THREADS: u64 = 2;

/// A number from the environment, such as `CHAPPE_CASES`.
///
/// # Panics
/// When the variable holds something else.
#[must_use]
#[allow(clippy::expect_used, reason = "for tests only")]
pub fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Checks each seed, on two threads that each `start` with what they need, and adds up what the checks return.
///
/// # Panics
/// When a check does.
#[allow(clippy::expect_used, reason = "for tests only")]
pub fn check_seeds<S, T: Sum + Send>(
    seeds: Range<u64>,
    start: impl Fn() -> S + Sync,
    check: impl Fn(&mut S, u64) -> T + Sync,
) -> T {
    std::thread::scope(|scope| {
        let each = |thread: u64| {
            let (seeds, start, check) = (seeds.clone(), &start, &check);
            scope.spawn(move || {
                let mut state = start();
                let mine = seeds.filter(|seed| seed % THREADS == thread);
                mine.map(|seed| check(&mut state, seed)).sum::<T>()
            })
        };
        let running: Vec<_> = (0..THREADS).map(each).collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("a seed that passes"))
            .sum()
    })
}
