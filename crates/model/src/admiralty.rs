//! How far a report can be relied on, by the Admiralty scale.

use std::fmt;
use std::str::FromStr;

use crate::indicator::quoted;

/// Reliability of the source and credibility of the information, as intelligence services grade them (NATO AJP-2.1): a letter from A (completely reliable) to E
/// (unreliable) or F (cannot be judged), and a number from 1 (confirmed by others) to 5 (improbable) or 6 (cannot be judged).
///
/// Written `B2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Admiralty {
    /// `A` to `F`.
    reliability: u8,
    /// `1` to `6`.
    credibility: u8,
}

/// A text that is no grade of the scale.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} is no grade of the Admiralty scale: give the source's reliability, A to F, and the information's credibility, 1 to 6, such as B2",
    quoted(value)
)]
pub struct AdmiraltyError {
    value: String,
}

impl Admiralty {
    /// A grade from its two signs, the letter in either case.
    #[must_use]
    pub fn new(reliability: char, credibility: char) -> Option<Self> {
        let reliability = reliability.to_ascii_uppercase();
        let sound = ('A'..='F').contains(&reliability) && ('1'..='6').contains(&credibility);
        sound.then_some(Self {
            reliability: reliability as u8,
            credibility: credibility as u8,
        })
    }

    /// The source's reliability: `A` to `F`.
    #[must_use]
    pub fn reliability(self) -> char {
        char::from(self.reliability)
    }

    /// The information's credibility: `1` to `6`.
    #[must_use]
    pub fn credibility(self) -> char {
        char::from(self.credibility)
    }

    /// The credibility as STIX 2.1 counts confidence, 0 to 100 (appendix A, Admiralty Credibility); none where it cannot be judged.
    #[must_use]
    pub fn stix_confidence(self) -> Option<u8> {
        match self.credibility {
            b'1' => Some(90),
            b'2' => Some(70),
            b'3' => Some(50),
            b'4' => Some(30),
            b'5' => Some(10),
            _ => None,
        }
    }
}

impl fmt::Display for Admiralty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.reliability(), self.credibility())
    }
}

impl FromStr for Admiralty {
    type Err = AdmiraltyError;

    fn from_str(text: &str) -> Result<Self, AdmiraltyError> {
        let mut signs = text.chars();
        let both = signs.next().zip(signs.next()).filter(|_| signs.next().is_none());
        let grade = both.and_then(|(reliability, credibility)| Self::new(reliability, credibility));
        grade.ok_or_else(|| AdmiraltyError { value: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_grade_is_a_letter_and_a_number() {
        for letter in 'A'..='F' {
            for number in '1'..='6' {
                let text = format!("{letter}{number}");
                let grade: Admiralty = text.parse().unwrap();
                assert_eq!(grade.to_string(), text);
                assert_eq!(text.to_lowercase().parse::<Admiralty>().unwrap(), grade);
                assert_eq!(grade.stix_confidence().is_none(), number == '6');
            }
        }
        assert_eq!("A1".parse::<Admiralty>().unwrap().stix_confidence(), Some(90));
        for wrong in ["", "B", "2B", "G1", "A7", "A0", "B22", "ä1"] {
            assert!(
                wrong
                    .parse::<Admiralty>()
                    .unwrap_err()
                    .to_string()
                    .contains("such as B2"),
                "{wrong}"
            );
        }
    }
}
