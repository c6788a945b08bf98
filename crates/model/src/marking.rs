use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits::RECIPIENTS;
use crate::{MemberId, Pap, Tlp};

/// How the engine may use a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Use {
    /// May be shown to members under its label.
    Share,
    /// Matched and counted with others, never shown.
    MatchOnly,
    /// Known to the recipients it names only.
    NamedRecipientsOnly,
}

/// The recipients of a `named-recipients-only` report: sorted, never empty. The list itself names a compartment.
pub type Recipients = Arc<BTreeSet<MemberId>>;

/// Handling rules of a report: TLP 2.0, PAP, use, and recipients. Valid by construction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Marking {
    tlp: Tlp,
    pap: Pap,
    usage: Use,
    recipients: Recipients,
}

/// Why a marking does not hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkingError {
    /// TLP:RED with another use.
    #[error("TLP:RED is for named recipients only: set use to named-recipients-only, or leave it out")]
    RedIsNamed,
    /// No recipients.
    #[error("named-recipients-only needs at least one recipient: list the member ids it is for")]
    NoRecipients,
    /// Recipients without the use.
    #[error("recipients are for named-recipients-only reports: leave them out, or set the use")]
    UnexpectedRecipients,
    /// Too many.
    #[error("more than {RECIPIENTS} recipients")]
    TooManyRecipients,
}

impl Marking {
    /// Puts a marking together; without a use, TLP:RED is `named-recipients-only` and the rest is `share`.
    ///
    /// # Errors
    /// When label, use and recipients contradict each other.
    pub fn new(tlp: Tlp, pap: Pap, usage: Option<Use>, recipients: BTreeSet<MemberId>) -> Result<Self, MarkingError> {
        let by_label = if tlp == Tlp::Red {
            Use::NamedRecipientsOnly
        } else {
            Use::Share
        };
        let usage = usage.unwrap_or(by_label);
        match usage {
            Use::NamedRecipientsOnly if recipients.is_empty() => Err(MarkingError::NoRecipients),
            Use::NamedRecipientsOnly if recipients.len() > RECIPIENTS => Err(MarkingError::TooManyRecipients),
            Use::Share | Use::MatchOnly if tlp == Tlp::Red => Err(MarkingError::RedIsNamed),
            Use::Share | Use::MatchOnly if !recipients.is_empty() => Err(MarkingError::UnexpectedRecipients),
            _ => Ok(Self {
                tlp,
                pap,
                usage,
                recipients: Arc::new(recipients),
            }),
        }
    }

    /// The TLP 2.0 label.
    #[must_use]
    pub fn tlp(&self) -> Tlp {
        self.tlp
    }

    /// The PAP label.
    #[must_use]
    pub fn pap(&self) -> Pap {
        self.pap
    }

    /// How the engine may use the report.
    #[must_use]
    pub fn usage(&self) -> Use {
        self.usage
    }

    /// The recipients; empty unless the use is `named-recipients-only`.
    #[must_use]
    pub fn recipients(&self) -> &Recipients {
        &self.recipients
    }
}

/// Live and exercise traffic never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Realm {
    /// Real incidents.
    Live,
    /// Drills.
    Exercise,
}

/// Where a report may have influence: the shared pool of its realm, or the overlay of its recipient list, which reads the pool.
/// Nothing flows from an overlay back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Compartment {
    /// Live or exercise.
    pub realm: Realm,
    /// The overlay's list; none for the pool.
    pub recipients: Option<Recipients>,
}

impl Compartment {
    /// The compartment of a report under this marking.
    #[must_use]
    pub fn of(marking: &Marking, exercise: bool) -> Self {
        let realm = if exercise { Realm::Exercise } else { Realm::Live };
        let recipients = (marking.usage == Use::NamedRecipientsOnly).then(|| Arc::clone(&marking.recipients));
        Self { realm, recipients }
    }

    /// The pool of a realm.
    #[must_use]
    pub fn pool(realm: Realm) -> Self {
        Self {
            realm,
            recipients: None,
        }
    }

    /// Whether this is a pool.
    #[must_use]
    pub fn is_pool(&self) -> bool {
        self.recipients.is_none()
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Share => "share",
            Self::MatchOnly => "match-only",
            Self::NamedRecipientsOnly => "named-recipients-only",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(names: &[&str]) -> BTreeSet<MemberId> {
        names.iter().map(|n| MemberId::parse(n).unwrap()).collect()
    }

    #[test]
    fn red_is_always_for_named_recipients() {
        let red = Marking::new(Tlp::Red, Pap::Red, None, to(&["europol"])).unwrap();
        assert_eq!(red.usage(), Use::NamedRecipientsOnly);
        assert_eq!(
            Marking::new(Tlp::Red, Pap::Red, Some(Use::Share), to(&[])),
            Err(MarkingError::RedIsNamed)
        );
        assert_eq!(
            Marking::new(Tlp::Red, Pap::Red, None, to(&[])),
            Err(MarkingError::NoRecipients)
        );
    }

    #[test]
    fn recipients_need_the_use() {
        assert_eq!(
            Marking::new(Tlp::Green, Pap::Green, None, to(&["a"])),
            Err(MarkingError::UnexpectedRecipients)
        );
        let named = Marking::new(Tlp::Amber, Pap::Amber, Some(Use::NamedRecipientsOnly), to(&["b", "a"])).unwrap();
        assert!(!Compartment::of(&named, false).is_pool());
        assert!(
            Compartment::of(
                &Marking::new(Tlp::Amber, Pap::Amber, Some(Use::MatchOnly), to(&[])).unwrap(),
                true
            )
            .is_pool()
        );
    }
}
