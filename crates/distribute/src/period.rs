//! When an alert was seen.

use std::fmt;

use chappe_model::{Accepted, Alert, Timestamp};

/// A time, open where no bound is given. An alert is in it if any moment from its first report to its last is; an incident, if any is from when it began to when it
/// was last reported or ended.
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
        self.meets(alert.first_seen, alert.last_seen)
    }

    /// Whether the incident was going on or reported in it ([`span`]).
    #[must_use]
    pub fn holds_incident(&self, accepted: &Accepted) -> bool {
        let (first, last) = span(accepted);
        self.meets(first, last)
    }

    /// Whether any moment from the first to the last is in it.
    #[must_use]
    pub fn meets(&self, first: Timestamp, last: Timestamp) -> bool {
        self.since.is_none_or(|since| last >= since) && self.until.is_none_or(|until| first < until)
    }
}

/// From when an incident began, as far as its report says, to when this revision of it was accepted, or it ended if that is later.
#[must_use]
pub fn span(accepted: &Accepted) -> (Timestamp, Timestamp) {
    let (said, reported) = (&accepted.incident, accepted.reported_at);
    let begins = said.occurred_from.into_iter().chain(said.detected_at);
    (
        begins.fold(reported, Timestamp::min),
        said.occurred_to.map_or(reported, |ended| ended.max(reported)),
    )
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
