//! When an alert was seen.

use std::fmt;

use chappe_model::{Alert, Timestamp};

/// A time, open where no bound is given. An alert is in it if any moment from its first report to its last is.
///
/// It is a part of lists alone: a stream has its cursor, and what goes on on it cannot fall out of a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// From here on.
    pub since: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
}

impl Period {
    /// Whether the alert was seen in it, in log time.
    #[must_use]
    pub fn holds(&self, alert: &Alert) -> bool {
        self.since.is_none_or(|since| alert.last_seen >= since)
            && self.until.is_none_or(|until| alert.first_seen < until)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(since) = self.since {
            write!(f, " since={}", since.as_millis())?;
        }
        if let Some(until) = self.until {
            write!(f, " until={}", until.as_millis())?;
        }
        Ok(())
    }
}
