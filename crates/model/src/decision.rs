use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::limits::DECISION_REASON_CHARS;
use crate::{AlertId, MemberId};

/// What a member judges of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Somebody is at work on it.
    Acknowledged,
    /// It is real.
    Confirmed,
    /// A false alarm, or an ordinary cause.
    Dismissed,
}

/// Why a text is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such verdict: give acknowledged, confirmed or dismissed")]
pub struct VerdictError;

impl Verdict {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Acknowledged, Self::Confirmed, Self::Dismissed];

    /// The verdict as a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Confirmed => "confirmed",
            Self::Dismissed => "dismissed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Verdict {
    type Err = VerdictError;
    fn from_str(text: &str) -> Result<Self, VerdictError> {
        let is_meant = |verdict: &Self| verdict.as_str() == text;
        Self::ALL.into_iter().find(is_meant).ok_or(VerdictError)
    }
}

/// Why a member judges so, in its own words: at most [`DECISION_REASON_CHARS`] characters, without white space at its ends and without control
/// characters other than line breaks and tabs. It may be empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason(Arc<str>);

/// Why a text is no reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReasonError {
    /// Too long.
    #[error("{0} characters: at most {DECISION_REASON_CHARS}")]
    TooLong(usize),
    /// Something that could steer a terminal.
    #[error("holds a control character other than line breaks and tabs: leave it out")]
    Control,
}

impl Reason {
    /// Takes a text but for white space at its ends.
    ///
    /// # Errors
    /// When it is too long or holds control characters.
    pub fn parse(text: &str) -> Result<Self, ReasonError> {
        let text = text.trim();
        let characters = text.chars().count();
        if characters > DECISION_REASON_CHARS {
            return Err(ReasonError::TooLong(characters));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(ReasonError::Control);
        }
        Ok(Self(text.into()))
    }

    /// The reason as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A verdict and why: who dismisses says why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Judgement {
    verdict: Verdict,
    reason: Reason,
}

/// Why verdict and reason do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("missing: say why it is dismissed, such as its ordinary cause")]
pub struct JudgementError;

impl Judgement {
    /// # Errors
    /// When something is dismissed without a reason: the others would look for it again.
    pub fn new(verdict: Verdict, reason: Reason) -> Result<Self, JudgementError> {
        if verdict == Verdict::Dismissed && reason.as_str().is_empty() {
            return Err(JudgementError);
        }
        Ok(Self { verdict, reason })
    }

    /// The verdict.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }
}

/// What a member judged of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Of which alert.
    pub alert: AlertId,
    /// Who.
    pub member: MemberId,
    /// The member was of the hub when it decided.
    pub by_hub: bool,
    /// What.
    pub judgement: Judgement,
}

/// What all decisions on an alert add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Nobody said anything.
    Undecided,
    /// Somebody is at work on it, and it is neither confirmed nor dismissed.
    Acknowledged,
    /// Somebody confirmed it, and no dismissal stands.
    Confirmed,
    /// A dismissal stands.
    Dismissed,
}

impl Outcome {
    /// Of the newest decision of each member, in order of time: verdict, and whether it is the hub's.
    ///
    /// A dismissal of any member stands unless the hub decided otherwise after it. That the member itself did so later shows in that its newest
    /// decision is another.
    #[must_use]
    pub fn of(decisions: impl IntoIterator<Item = (Verdict, bool)>) -> Self {
        let mut outcome = Self::Undecided;
        let mut is_confirmed = false;
        for (verdict, by_hub) in decisions {
            is_confirmed |= verdict == Verdict::Confirmed;
            let dismissed_before = outcome == Self::Dismissed && !by_hub;
            outcome = match verdict {
                Verdict::Dismissed => Self::Dismissed,
                _ if dismissed_before => Self::Dismissed,
                _ if is_confirmed => Self::Confirmed,
                _ => Self::Acknowledged,
            };
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::Verdict::{Acknowledged, Confirmed, Dismissed};
    use super::*;

    #[test]
    fn verdicts_are_their_words() {
        for verdict in Verdict::ALL {
            assert_eq!(verdict.to_string().parse(), Ok(verdict));
        }
        assert_eq!("maybe".parse::<Verdict>(), Err(VerdictError));
    }

    #[test]
    fn reasons_are_bounded_in_characters_and_plain() {
        let longest = "ß".repeat(DECISION_REASON_CHARS);
        assert_eq!(Reason::parse(&format!(" {longest}\n")).unwrap().as_str(), longest);
        let (one_more, many) = (format!("{longest}!"), DECISION_REASON_CHARS + 1);
        assert_eq!(Reason::parse(&one_more), Err(ReasonError::TooLong(many)));
        assert_eq!(Reason::parse("a\u{1b}[2J"), Err(ReasonError::Control));
        assert!(Reason::parse("one\n\ttwo").is_ok());
    }

    #[test]
    fn who_dismisses_says_why() {
        let reason = |text| Reason::parse(text).unwrap();
        assert_eq!(Judgement::new(Dismissed, reason(" \n ")), Err(JudgementError));
        assert!(Judgement::new(Dismissed, reason("a new sensor")).is_ok());
        assert!(Judgement::new(Confirmed, reason("")).is_ok());
    }

    #[test]
    fn a_dismissal_stands_unless_the_hub_says_otherwise_later() {
        let (member, hub) = (false, true);
        for (decisions, outcome) in [
            (vec![], Outcome::Undecided),
            (vec![(Acknowledged, member)], Outcome::Acknowledged),
            (vec![(Confirmed, member), (Acknowledged, member)], Outcome::Confirmed),
            (vec![(Confirmed, member), (Dismissed, member)], Outcome::Dismissed),
            (vec![(Dismissed, member), (Confirmed, member)], Outcome::Dismissed),
            (vec![(Dismissed, member), (Confirmed, hub)], Outcome::Confirmed),
            (vec![(Dismissed, member), (Acknowledged, hub)], Outcome::Acknowledged),
            (
                vec![(Confirmed, member), (Dismissed, member), (Acknowledged, hub)],
                Outcome::Confirmed,
            ),
            (vec![(Confirmed, hub), (Dismissed, member)], Outcome::Dismissed),
            (
                vec![(Dismissed, member), (Confirmed, hub), (Dismissed, hub)],
                Outcome::Dismissed,
            ),
        ] {
            assert_eq!(Outcome::of(decisions.clone()), outcome, "{decisions:?}");
        }
    }
}
