//! What runs: on a thread of its own, or stepped by hand.

use std::time::Duration;

use crate::error::RunError;
use crate::halt::Halt;
use crate::tell::RETRY_PAUSE;

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// There may be more to do.
    Busy,
    /// There was nothing to do.
    Idle,
    /// Something is on its way, and nothing can be done before it is there.
    Waiting,
    /// It is over, for good.
    Over,
}

/// One of those that make up the service. A turn does not wait for others where [`crate::pace::Pace::may_wait`] says no.
pub(crate) trait Actor {
    /// Where there is nothing to do, how long it may be until the next turn; whoever brings work wakes the thread at once.
    const IDLE_WAIT: Duration;

    fn turn(&mut self) -> Result<Turn, RunError>;
}

/// Takes turns until it is over, on this thread.
pub(crate) fn run(mut actor: impl Actor, halt: &Halt) {
    while step(&mut actor, halt) {}
}

fn step<A: Actor>(actor: &mut A, halt: &Halt) -> bool {
    match actor.turn() {
        Ok(Turn::Busy) => {}
        Ok(Turn::Idle) => std::thread::park_timeout(A::IDLE_WAIT),
        Ok(Turn::Waiting) => std::thread::park_timeout(RETRY_PAUSE),
        Ok(Turn::Over) => return false,
        Err(error) => {
            halt.fail(error);
            return false;
        }
    }
    true
}
