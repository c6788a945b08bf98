//! How the system clock follows the machine's clock: arithmetic alone.

use std::time::Duration;

/// Deviations up to this are followed at once: what time synchronisation leaves of itself, and slow drift.
pub const FOLLOWED_AT_ONCE: Duration = Duration::from_millis(500);
/// Larger ones are made up for by this part of the time that passes, in percent: an hour takes 20 hours.
const SLEW_PERCENT: u64 = 5;

/// Time by the monotonic clock, led slowly to the machine's clock. In nanoseconds since 1970, which 64 bits hold until 2554.
#[derive(Debug)]
pub(crate) struct Steering {
    now_ns: u64,
    /// Of the monotonic clock, at `now_ns`.
    elapsed_ns: u64,
    /// How far the machine's clock was ahead then.
    skew_ns: i64,
}

impl Steering {
    /// Starts with the machine's clock.
    pub(crate) const fn starting_at(machine_ns: u64) -> Self {
        Self {
            now_ns: machine_ns,
            elapsed_ns: 0,
            skew_ns: 0,
        }
    }

    /// The time, when so much has passed since the start and the machine's clock says so. It never goes back.
    pub(crate) fn pass(&mut self, elapsed_ns: u64, machine_ns: u64) -> u64 {
        let passed_ns = elapsed_ns.saturating_sub(self.elapsed_ns);
        self.elapsed_ns = self.elapsed_ns.max(elapsed_ns);
        let free_ns = self.now_ns.saturating_add(passed_ns);
        let off_ns = machine_ns.abs_diff(free_ns);
        self.now_ns = if u128::from(off_ns) <= FOLLOWED_AT_ONCE.as_nanos() {
            // Standing still where the machine's clock is behind.
            machine_ns.max(self.now_ns)
        } else {
            let made_up_ns = passed_ns / 100 * SLEW_PERCENT + passed_ns % 100 * SLEW_PERCENT / 100;
            match machine_ns > free_ns {
                true => free_ns.saturating_add(made_up_ns.min(off_ns)),
                false => free_ns.saturating_sub(made_up_ns.min(off_ns)),
            }
        };
        let off_ns = i64::try_from(machine_ns.abs_diff(self.now_ns)).unwrap_or(i64::MAX);
        self.skew_ns = if machine_ns < self.now_ns { -off_ns } else { off_ns };
        self.now_ns
    }

    /// How far the machine's clock was ahead when time was last told.
    pub(crate) const fn skew_millis(&self) -> i64 {
        self.skew_ns / 1_000_000
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const HOUR: u64 = 3_600 * SECOND;
    /// In 2025.
    const START: u64 = 1_764_547_200 * SECOND;

    #[test]
    fn small_deviations_are_followed_at_once() {
        let mut time = Steering::starting_at(START);
        assert_eq!(time.pass(SECOND, START + SECOND), START + SECOND);
        assert_eq!(
            time.pass(SECOND, START + SECOND + SECOND / 2),
            START + SECOND + SECOND / 2
        );
        // Back by half a second: it stands still until the machine's clock has caught up.
        assert_eq!(time.pass(SECOND, START + SECOND), START + SECOND + SECOND / 2);
        assert_eq!(time.skew_millis(), -500);
        assert_eq!(time.pass(2 * SECOND, START + 2 * SECOND), START + 2 * SECOND);
        assert_eq!(time.skew_millis(), 0);
    }

    #[test]
    fn a_jump_of_an_hour_ahead_is_made_up_for_in_twenty() {
        let mut time = Steering::starting_at(START);
        for second in 1..=20 * 3_600 {
            let at = second * SECOND;
            let now = time.pass(at, START + at + HOUR);
            if second == 10 {
                assert_eq!(now, START + at + SECOND / 2, "5 % of ten seconds");
                assert_eq!(time.skew_millis(), 3_599_500);
            }
            assert!(now <= START + at + at / 20 + SECOND / 2);
        }
        assert_eq!(time.pass(20 * HOUR, START + 21 * HOUR), START + 21 * HOUR);
    }

    #[test]
    fn a_jump_back_slows_time_down_but_never_turns_it() {
        let mut time = Steering::starting_at(START);
        let mut last = START;
        for second in 1..=100 {
            let now = time.pass(second * SECOND, START + second * SECOND - HOUR);
            assert_eq!(now - last, SECOND / 100 * 95);
            last = now;
        }
    }

    #[test]
    fn it_is_asked_often_and_slews_all_the_same() {
        let mut time = Steering::starting_at(START);
        let mut now = START;
        for turn in 1..=1_000_000 {
            now = time.pass(turn * 1_050, START + turn * 1_050 + HOUR);
        }
        let passed = 1_050 * 1_000_000;
        let made_up = now - START - passed;
        assert!((passed / 21..=passed / 20).contains(&made_up), "{made_up} of {passed}");
    }

    #[test]
    fn whatever_the_clocks_say_time_does_not_go_back() {
        let mut time = Steering::starting_at(START);
        let (mut last, mut draw) = (START, 1_u64);
        for _ in 0..100_000 {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let machine = [0, u64::MAX, START, draw, START + draw % HOUR][usize::try_from(draw >> 60).unwrap() % 5];
            let now = time.pass(draw % (100 * HOUR), machine);
            assert!(now >= last);
            last = now;
        }
    }
}
