//! Whether a thread owns its keys, and how far it may let log time pass.

use chappe_model::Timestamp;

/// One that stands by lets log time pass only as far as the owner has told everything: nothing is let go of that nobody told of.
#[derive(Debug)]
pub(crate) struct Tenure {
    owns: bool,
    /// Where several processes share the work: ownership comes and goes.
    pub(crate) shared: bool,
    latest: Timestamp,
    allowed: Timestamp,
    passed: Timestamp,
    /// The epoch of an ownership that waits until the log has been read again.
    pub(crate) waiting: Option<u64>,
}

impl Tenure {
    /// Owns its keys for as long as it lives, or stands by until it is told otherwise.
    pub(crate) fn new(shared: bool) -> Self {
        Self {
            owns: !shared,
            shared,
            latest: Timestamp::ZERO,
            allowed: Timestamp::ZERO,
            passed: Timestamp::ZERO,
            waiting: None,
        }
    }

    pub(crate) fn owns(&self) -> bool {
        self.owns
    }

    pub(crate) fn own(&mut self, owns: bool) {
        self.owns = owns;
    }

    /// Every partition has passed this log time.
    pub(crate) fn advance(&mut self, watermark: Timestamp) {
        self.latest = self.latest.max(watermark);
    }

    /// The owner has told everything up to this log time.
    pub(crate) fn allow(&mut self, watermark: Timestamp) {
        self.allowed = self.allowed.max(watermark);
    }

    /// The log time to pass now; none if it has not moved.
    pub(crate) fn pass(&mut self) -> Option<Timestamp> {
        let to = if self.owns {
            self.latest
        } else {
            self.latest.min(self.allowed)
        };
        let moved = to > self.passed;
        self.passed = self.passed.max(to);
        moved.then_some(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_stands_by_stays_behind_the_owner() {
        let at = Timestamp::from_millis;
        let mut tenure = Tenure::new(true);
        tenure.advance(at(10));
        assert_eq!(tenure.pass(), None);
        tenure.allow(at(7));
        assert_eq!((tenure.pass(), tenure.pass()), (Some(at(7)), None));
        tenure.allow(at(20));
        assert_eq!(tenure.pass(), Some(at(10)));
        tenure.advance(at(30));
        tenure.own(true);
        assert_eq!(tenure.pass(), Some(at(30)));
        let mut sole = Tenure::new(false);
        sole.advance(at(5));
        assert_eq!((sole.owns(), sole.pass()), (true, Some(at(5))));
    }
}
