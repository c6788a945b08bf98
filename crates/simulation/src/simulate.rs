use crate::checks;
use crate::faults::Faults;
use crate::installation::{Installation, Tally};
use crate::story;

/// One history, from start to rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// One number for everything that happened and all that stands in the log.
    pub trace: u64,
    /// What happened, in numbers.
    pub tally: Tally,
    /// What does not hold.
    pub outcome: Result<(), String>,
}

/// Runs the history of a seed and looks at what must hold.
#[must_use]
pub fn simulate(seed: u64) -> History {
    let mut installation = Installation::new(seed);
    let faults = Faults::draw(&mut installation.rng);
    let outcome = run(&mut installation, &faults).map_err(|reason| format!("{faults}: {reason}"));
    let outcome = outcome.map_err(|reason| format!("{reason}\nthe alerts topic:\n{}", story::of(&installation.log)));
    History {
        trace: installation.trace(),
        tally: installation.tally,
        outcome,
    }
}

fn run(installation: &mut Installation, faults: &Faults) -> Result<(), String> {
    installation.live(faults)?;
    installation.come_to_rest()?;
    checks::all(installation)
}
