//! The stages of Article 23 of the NIS2 directive, and what each of them says.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::indicator::quoted;

/// An hour in milliseconds.
const HOUR_MS: u64 = 3_600_000;
/// From awareness to the early warning, Art. 23(4)(a), in milliseconds.
const EARLY_WARNING_MS: u64 = 24 * HOUR_MS;
/// From awareness to the notification, Art. 23(4)(b), in milliseconds.
const NOTIFICATION_MS: u64 = 72 * HOUR_MS;

/// A text that is no word of its list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is no {list}: give one of {}", quoted(value), words.join(", "))]
pub struct WordError {
    value: String,
    list: &'static str,
    words: Vec<&'static str>,
}

/// A list of words: each a variant and how it is written.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $list:literal, $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// Every one, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// How it is written.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = WordError;

            fn from_str(text: &str) -> Result<Self, WordError> {
                let found = Self::ALL.iter().copied().find(|one| one.as_str() == text);
                found.ok_or_else(|| WordError {
                    value: text.to_owned(),
                    list: $list,
                    words: Self::ALL.iter().map(|one| one.as_str()).collect(),
                })
            }
        }

        impl TryFrom<String> for $name {
            type Error = WordError;

            fn try_from(text: String) -> Result<Self, WordError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(one: $name) -> Self {
                one.as_str().to_owned()
            }
        }
    };
}

words! {
    /// Where in Art. 23(4) a report stands.
    Stage, "stage of NIS2 Art. 23",
    /// (a): without undue delay, within 24 hours of becoming aware.
    EarlyWarning = "early-warning",
    /// (b): within 72 hours of becoming aware.
    Notification = "notification",
    /// (c): on request of the CSIRT or authority.
    Intermediate = "intermediate",
    /// (e): where the incident goes on when the final report is due.
    Progress = "progress",
    /// (d): within a month of the notification; of an incident that went on, within a month of its handling.
    Final = "final",
}

words! {
    /// Why it happened (NIS Cooperation Group, publication 04/2018).
    RootCause, "root cause",
    /// A failure without an outside cause.
    SystemFailures = "system-failures",
    /// Weather, fire, earthquakes.
    NaturalPhenomena = "natural-phenomena",
    /// A mistake.
    HumanErrors = "human-errors",
    /// An attack.
    MaliciousActions = "malicious-actions",
    /// Somebody who is depended on failed.
    ThirdPartyFailures = "third-party-failures",
}

words! {
    /// How grave the threat is (NIS Cooperation Group, publication 04/2018).
    ThreatSeverity, "severity of a threat",
    /// Low.
    Low = "low",
    /// Medium.
    Medium = "medium",
    /// High.
    High = "high",
}

words! {
    /// How grave the effect is (NIS Cooperation Group, publication 04/2018): on the economy and society, whatever the threat.
    Impact, "severity of an impact",
    /// None.
    White = "white",
    /// Small.
    Green = "green",
    /// Large.
    Yellow = "yellow",
    /// Very large.
    Red = "red",
}

words! {
    /// How it goes on (NIS Cooperation Group, publication 04/2018).
    Outlook, "outlook",
    /// Better.
    Improving = "improving",
    /// The same.
    Stable = "stable",
    /// Worse.
    Worsening = "worsening",
}

/// What a report says as a stage of Art. 23(4). What is not known yet is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Where it stands.
    pub stage: Stage,
    /// When the entity became aware: deadlines run from it.
    pub aware_at: Timestamp,
    /// Suspected to be caused by unlawful or malicious acts.
    pub suspected_malicious: Option<bool>,
    /// Has, or could have, an effect in other Member States.
    pub cross_border: Option<bool>,
    /// Why it happened.
    pub root_cause: Option<RootCause>,
    /// How grave the threat is.
    pub threat: Option<ThreatSeverity>,
    /// How grave the effect is.
    pub impact: Option<Impact>,
    /// How it goes on.
    pub outlook: Option<Outlook>,
    /// What was done against it and is being done. For the reporter only.
    pub mitigation: String,
    /// Users who are affected.
    pub users_affected: Option<u64>,
    /// When its handling ended; none while it goes on.
    pub handled_at: Option<Timestamp>,
}

/// Until when each stage is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// The early warning.
    pub early_warning: Timestamp,
    /// The notification.
    pub notification: Timestamp,
    /// The final report, or a progress report where the incident goes on.
    pub final_report: Timestamp,
}

impl Notification {
    /// Until when the stages are due. The month of the final report runs from the notification: from `reported_at` where this is it, else from the day it is due at
    /// the latest; once handling has ended after that, from its end.
    #[must_use]
    pub fn deadlines(&self, reported_at: Timestamp) -> Deadlines {
        let notification = self.aware_at.plus(NOTIFICATION_MS);
        let notified = match self.stage {
            Stage::Notification => reported_at,
            _ => notification,
        };
        let by_notification = a_month_after(notified);
        let final_report = match self.handled_at {
            Some(handled) if handled > by_notification => a_month_after(handled),
            _ => by_notification,
        };
        Deadlines {
            early_warning: self.aware_at.plus(EARLY_WARNING_MS),
            notification,
            final_report,
        }
    }

    /// When this stage is due; none of one that is asked for.
    #[must_use]
    pub fn due(&self, reported_at: Timestamp) -> Option<Timestamp> {
        let all = self.deadlines(reported_at);
        match self.stage {
            Stage::EarlyWarning => Some(all.early_warning),
            Stage::Notification => Some(all.notification),
            Stage::Intermediate => None,
            Stage::Progress | Stage::Final => Some(all.final_report),
        }
    }
}

/// The same day and time of the next month in UTC, or that month's last day.
fn a_month_after(moment: Timestamp) -> Timestamp {
    let millis = i64::try_from(moment.as_millis()).unwrap_or(i64::MAX);
    let later = jiff::Timestamp::from_millisecond(millis)
        .ok()
        .and_then(|at| at.to_zoned(TimeZone::UTC).checked_add(1.month()).ok())
        .and_then(|at| u64::try_from(at.timestamp().as_millisecond()).ok());
    later.map_or(Timestamp::END, Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn at(text: &str) -> Timestamp {
        let moment: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_millis(u64::try_from(moment.as_millisecond()).unwrap())
    }

    fn notification(stage: Stage) -> Notification {
        Notification {
            stage,
            aware_at: at("2026-01-29T10:00:00Z"),
            suspected_malicious: None,
            cross_border: None,
            root_cause: None,
            threat: None,
            impact: None,
            outlook: None,
            mitigation: String::new(),
            users_affected: None,
            handled_at: None,
        }
    }

    #[test]
    fn words_are_read_back_and_others_refused_with_all_of_them() {
        for stage in Stage::ALL {
            assert_eq!(stage.to_string().parse::<Stage>().unwrap(), *stage);
        }
        let said = "urgent".parse::<Stage>().unwrap_err().to_string();
        assert!(
            said.contains("stage of NIS2 Art. 23") && said.ends_with("intermediate, progress, final"),
            "{said}"
        );
        assert!(Impact::White < Impact::Red && "red".parse::<Impact>().is_ok() && "Red".parse::<Impact>().is_err());
    }

    #[test]
    fn deadlines_are_a_day_three_days_and_a_calendar_month() {
        let reported = at("2026-01-31T12:00:00Z");
        let early = notification(Stage::EarlyWarning).deadlines(reported);
        assert_eq!(early.early_warning, at("2026-01-30T10:00:00Z"));
        assert_eq!(early.notification, at("2026-02-01T10:00:00Z"));
        assert_eq!(early.final_report, at("2026-03-01T10:00:00Z"));
        let notified = notification(Stage::Notification);
        assert_eq!(
            notified.deadlines(reported).final_report,
            at("2026-02-28T12:00:00Z"),
            "from when it was made"
        );
        assert_eq!(notified.due(reported), Some(at("2026-02-01T10:00:00Z")));
        let mut last = notification(Stage::Final);
        assert_eq!(last.due(reported), Some(at("2026-03-01T10:00:00Z")));
        last.handled_at = Some(at("2026-05-01T00:00:00Z"));
        assert_eq!(last.due(reported), Some(at("2026-06-01T00:00:00Z")), "it went on");
        assert_eq!(notification(Stage::Intermediate).due(reported), None);
    }
}
