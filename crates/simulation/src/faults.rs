//! What goes wrong, and how often.

use std::fmt;

use fastrand::Rng;

use crate::installation::Installation;
use crate::line::Trouble;
use crate::process::{Body, Kind, Process};

/// What may go wrong, for one process or for several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// It ends without a word, and starts again with the last snapshot on its disk.
    Crash,
    /// The same, and its disk is gone.
    DiskLoss,
    /// It stands still, without knowing.
    Pause,
    /// Nothing passes to the log and back.
    Cut,
    /// It sees the log as it was a while ago.
    Lag,
    /// What it appends is written late, or told late.
    Hold,
    /// Some of what it appends is refused, or its outcome is unknown.
    Rough,
    /// A foreign writer puts noise into the log.
    Poison,
    /// Its clock is set ahead.
    Skew,
    /// All of correlation ends, by a crash or as asked.
    AllGone,
    /// It ends as asked, and is started again.
    Restart,
}

const FAULTS: [Fault; 11] = [
    Fault::Crash,
    Fault::DiskLoss,
    Fault::Pause,
    Fault::Cut,
    Fault::Lag,
    Fault::Hold,
    Fault::Rough,
    Fault::Poison,
    Fault::Skew,
    Fault::AllGone,
    Fault::Restart,
];

/// Faults of one seed: a few kinds of them.
pub(crate) struct Faults {
    kinds: Vec<Fault>,
    /// Turns for each fault.
    pub(crate) one_in: u32,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} one in {}", self.kinds, self.one_in)
    }
}

impl Faults {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let count = rng.usize(0..6);
        Self {
            kinds: (0..count).map(|_| FAULTS[rng.usize(0..FAULTS.len())]).collect(),
            one_in: [100, 200, 400][rng.usize(0..3)],
        }
    }

    /// One of them happens now, if there is one. Returns which, and to whom.
    pub(crate) fn strike(&self, it: &mut Installation) -> Option<(Fault, usize)> {
        if self.kinds.is_empty() {
            return None;
        }
        let fault = self.kinds[it.rng.usize(0..self.kinds.len())];
        let nth = it.rng.usize(0..it.processes.len());
        let now = it.now;
        let lasts = it.rng.u64(50..6_000);
        let trouble = Trouble::default();
        match fault {
            Fault::Crash => crash(it, nth),
            Fault::DiskLoss => {
                it.processes[nth].disk = std::sync::Arc::default();
                crash(it, nth);
            }
            Fault::Pause => it.processes[nth].paused_until = now + lasts,
            Fault::Cut => in_trouble(it, nth, lasts, Trouble { cut: true, ..trouble }),
            Fault::Lag => in_trouble(it, nth, lasts, Trouble { lags: true, ..trouble }),
            Fault::Hold => in_trouble(it, nth, lasts, Trouble { holds: true, ..trouble }),
            Fault::Rough => {
                let (refused, unknown) = (it.rng.u16(0..200), it.rng.u16(0..300));
                let trouble = Trouble {
                    refused,
                    unknown,
                    holds: it.rng.bool(),
                    ..trouble
                };
                in_trouble(it, nth, lasts, trouble);
            }
            Fault::Poison => it.poison(),
            Fault::Skew => it.processes[nth].skew_ms += [100, 3_000, 60_000, 130_000][it.rng.usize(0..4)],
            Fault::AllGone => {
                let gently = it.rng.bool();
                for nth in 0..it.processes.len() {
                    match it.processes[nth].kind {
                        Kind::Correlation if gently => stop(&it.processes[nth]),
                        Kind::Correlation => crash(it, nth),
                        _ => {}
                    }
                }
            }
            Fault::Restart => stop(&it.processes[nth]),
        }
        Some((fault, nth))
    }
}

fn stop(process: &Process) {
    if let Some(Body::Correlation(stepped)) = &process.body {
        stepped.stop();
    }
}

fn in_trouble(it: &mut Installation, nth: usize, lasts: u64, trouble: Trouble) {
    let process = &mut it.processes[nth];
    process.troubled_until = it.now + lasts;
    process.line.set_trouble(trouble);
}

fn crash(it: &mut Installation, nth: usize) {
    let process = &mut it.processes[nth];
    let left = process.crash(&mut it.rng);
    process.down_until = it.now + it.rng.u64(0..4_000);
    let at = it.now + it.rng.u64(0..3_000);
    it.left.extend(left.into_iter().map(|left| (at, left)));
}
