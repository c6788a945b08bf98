//! Watches the machine's clock for steps, which the program's own clock follows only slowly.

use std::convert::Infallible;
use std::time::Duration;

use chappe_clock::{Clock, FOLLOWED_AT_ONCE, SystemClock};
use metrics::gauge;
use tokio::time::MissedTickBehavior;

use crate::metric_names::CLOCK_SKEW_SECONDS;

/// How often it is looked at. The smallest step that is noticed at all is made up for within seconds.
const EVERY: Duration = Duration::from_secs(1);

/// Watches for ever.
pub(super) async fn watch(clock: &SystemClock) -> Infallible {
    let mut looks = tokio::time::interval(EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut steps = Steps::default();
    loop {
        looks.tick().await;
        // Nothing else may ask for the time here, and only asking compares the clocks.
        clock.now();
        let skew_ms = clock.skew_millis();
        gauge!(CLOCK_SKEW_SECONDS).set(skew_ms as f64 / 1_000.0);
        match steps.look(skew_ms) {
            Some(Seen::Step) => tracing::warn!(
                skew_ms,
                "the machine's clock jumped against the time that passed: log time follows at 5 %, so times are off until then; look \
                 at the machine's time synchronisation, or start again if the clock is right now"
            ),
            Some(Seen::MadeUpFor) => tracing::info!("the jump of the machine's clock is made up for"),
            None => {}
        }
    }
}

/// Something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Step,
    MadeUpFor,
}

/// Tells steps from what is left of them.
#[derive(Debug, Default)]
struct Steps {
    /// At the last look.
    skew_ms: i64,
}

impl Steps {
    fn look(&mut self, skew_ms: i64) -> Option<Seen> {
        let last_ms = std::mem::replace(&mut self.skew_ms, skew_ms);
        let is_above = |ms: u64| Duration::from_millis(ms) > FOLLOWED_AT_ONCE;
        let is_off = |skew_ms: i64| is_above(skew_ms.unsigned_abs());
        // What is left of a step only shrinks.
        let grew = skew_ms.unsigned_abs() > last_ms.unsigned_abs();
        let jumped = grew && is_above(last_ms.abs_diff(skew_ms));
        let turned = skew_ms.signum() != last_ms.signum();
        match (is_off(last_ms), is_off(skew_ms)) {
            (false, true) => Some(Seen::Step),
            (true, true) if jumped || turned => Some(Seen::Step),
            (true, false) => Some(Seen::MadeUpFor),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_told_once() {
        let mut steps = Steps::default();
        for (skew_ms, told) in [
            (0, None),
            (400, None),
            (-500, None),
            (3_600_000, Some(Seen::Step)),
            (3_599_950, None),
            (3_599_960, None),
            (3_601_000, Some(Seen::Step)),
            (900, None),
            (-2_000, Some(Seen::Step)),
            (-600, None),
            (600, Some(Seen::Step)),
            (500, Some(Seen::MadeUpFor)),
            (0, None),
            (-501, Some(Seen::Step)),
        ] {
            assert_eq!(steps.look(skew_ms), told, "{skew_ms}");
        }
    }
}
