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
    /// The epoch of an ownership that has not begun yet.
    waiting: Option<u64>,
    /// The epoch of the last ownership for which the log was read up to where it was.
    caught_up: Option<u64>,
    /// The latest log time at which an alert was told that was recalled; none where none was.
    recalled: Option<Timestamp>,
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
            caught_up: None,
            recalled: None,
        }
    }

    pub(crate) fn owns(&self) -> bool {
        self.owns
    }

    /// It is to own its keys under this epoch, once it may.
    pub(crate) fn wait(&mut self, epoch: u64) {
        self.waiting = Some(epoch);
    }

    /// All was taken that stood in the log when this instance learnt that it owns its keys under this epoch.
    pub(crate) fn catch_up(&mut self, epoch: u64) {
        self.caught_up = Some(epoch);
    }

    /// An alert was told by another at this log time.
    pub(crate) fn recall(&mut self, told_at: Timestamp) {
        self.recalled = self.recalled.max(Some(told_at));
    }

    /// The epoch of an ownership that may begin now, and does with this call. One that has read less of the reports than the owner before it
    /// would take back what that one told of the rest. Where the ends of partitions are known late, being caught up does not say enough: log time
    /// must have passed what was told, too.
    pub(crate) fn begin(&mut self) -> Option<u64> {
        let epoch = self
            .waiting
            .filter(|_| self.recalled.is_none_or(|told_at| self.latest > told_at))?;
        if self.caught_up != Some(epoch) {
            return None;
        }
        self.owns = true;
        self.waiting.take()
    }

    pub(crate) fn stand_by(&mut self) {
        self.waiting = None;
        self.owns = false;
    }

    /// Every partition has passed this log time.
    pub(crate) fn advance(&mut self, watermark: Timestamp) {
        self.latest = self.latest.max(watermark);
    }

    /// Log time that every partition has passed here.
    pub(crate) fn latest(&self) -> Timestamp {
        self.latest
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
        tenure.catch_up(7);
        tenure.wait(7);
        assert_eq!(tenure.begin(), Some(7));
        assert_eq!(tenure.pass(), Some(at(30)));
        tenure.stand_by();
        assert_eq!((tenure.owns(), tenure.begin()), (false, None));
        let mut sole = Tenure::new(false);
        sole.advance(at(5));
        assert_eq!((sole.owns(), sole.pass()), (true, Some(at(5))));
    }
    #[test]
    fn one_takes_over_once_it_has_read_what_the_owner_before_had() {
        let at = Timestamp::from_millis;
        let mut tenure = Tenure::new(true);
        tenure.recall(at(20));
        tenure.wait(7);
        tenure.advance(at(21));
        assert_eq!(tenure.begin(), None, "not caught up");
        tenure.catch_up(6);
        assert_eq!(tenure.begin(), None, "caught up for another claim");
        tenure.recall(at(21));
        tenure.catch_up(7);
        assert_eq!(tenure.begin(), None, "more of log time 21 may come");
        tenure.advance(at(22));
        assert_eq!((tenure.begin(), tenure.begin()), (Some(7), None));
        tenure.wait(8);
        tenure.stand_by();
        tenure.catch_up(8);
        assert_eq!(tenure.begin(), None, "another owns by now");
    }
}
