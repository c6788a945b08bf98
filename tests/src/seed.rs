use std::io::Write;

/// Repeats a run's random choices.
const SEED_VARIABLE: &str = "CHAPPE_SEED";

/// Random numbers for a test, from a seed that is printed: `CHAPPE_SEED` gives the same ones again.
#[must_use]
pub fn random(test: &str) -> fastrand::Rng {
    let given = std::env::var(SEED_VARIABLE).ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    // Nobody is left to tell where standard error is gone.
    let _ = writeln!(std::io::stderr(), "{test}: {SEED_VARIABLE}={seed}");
    fastrand::Rng::with_seed(seed)
}
