//! The two labels of a marking: TLP 2.0 (who may be told) and PAP (what may be done with it).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::indicator::quoted;

/// The Traffic Light Protocol 2.0 (FIRST, August 2022), ordered from the most open to the most restrictive.
///
/// Read in any case, with or without `TLP:`. `WHITE` of TLP 1.0 is read as [`Tlp::Clear`] and never written. As the standard asks, labels hold no space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Tlp {
    /// No limit on disclosure.
    Clear,
    /// The community.
    Green,
    /// The recipient's organisation and its clients, as far as they need to know.
    Amber,
    /// The recipient's organisation only.
    AmberStrict,
    /// The named recipients only.
    Red,
}

/// The Permissible Actions Protocol as MISP's taxonomy states it, ordered from the most open to the most restrictive.
///
/// Read in any case, with or without `PAP:`. `WHITE` of its older versions is read as [`Pap::Clear`] and never written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Pap {
    /// No limit on use.
    Clear,
    /// Active actions are allowed, such as blocking.
    Green,
    /// Passive look-ups are allowed, nothing that the adversary could notice.
    Amber,
    /// Only offline, inside one's own systems.
    Red,
}

/// A text that is no label of TLP 2.0 or of PAP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a {protocol} label: give {accepted}", quoted(value))]
pub struct TlpError {
    value: String,
    protocol: &'static str,
    accepted: &'static str,
}

impl Tlp {
    /// Every label, from the most open to the most restrictive.
    pub const ALL: [Self; 5] = [Self::Clear, Self::Green, Self::Amber, Self::AmberStrict, Self::Red];

    /// The label as the standard writes it, such as `TLP:AMBER+STRICT`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "TLP:CLEAR",
            Self::Green => "TLP:GREEN",
            Self::Amber => "TLP:AMBER",
            Self::AmberStrict => "TLP:AMBER+STRICT",
            Self::Red => "TLP:RED",
        }
    }

    /// The more restrictive of the two: what a text made from both must carry.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        self.max(other)
    }
}

impl Pap {
    /// Every label, from the most open to the most restrictive.
    pub const ALL: [Self; 4] = [Self::Clear, Self::Green, Self::Amber, Self::Red];

    /// The label as MISP writes it, such as `PAP:AMBER`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "PAP:CLEAR",
            Self::Green => "PAP:GREEN",
            Self::Amber => "PAP:AMBER",
            Self::Red => "PAP:RED",
        }
    }

    /// The more restrictive of the two.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        self.max(other)
    }
}

/// The colour of a label: what follows the protocol's name, where that is written.
fn colour<'a>(text: &'a str, protocol: &str) -> &'a str {
    match text.split_once(':') {
        Some((name, colour)) if name.eq_ignore_ascii_case(protocol) => colour,
        _ => text,
    }
}

impl FromStr for Tlp {
    type Err = TlpError;

    fn from_str(text: &str) -> Result<Self, TlpError> {
        let colour = colour(text, "TLP");
        if colour.eq_ignore_ascii_case("WHITE") {
            return Ok(Self::Clear);
        }
        Self::ALL
            .into_iter()
            .find(|tlp| tlp.as_str()[4..].eq_ignore_ascii_case(colour))
            .ok_or_else(|| TlpError {
                value: text.to_owned(),
                protocol: "TLP 2.0",
                accepted: "TLP:CLEAR, TLP:GREEN, TLP:AMBER, TLP:AMBER+STRICT or TLP:RED",
            })
    }
}

impl FromStr for Pap {
    type Err = TlpError;

    fn from_str(text: &str) -> Result<Self, TlpError> {
        let colour = colour(text, "PAP");
        if colour.eq_ignore_ascii_case("WHITE") {
            return Ok(Self::Clear);
        }
        Self::ALL
            .into_iter()
            .find(|pap| pap.as_str()[4..].eq_ignore_ascii_case(colour))
            .ok_or_else(|| TlpError {
                value: text.to_owned(),
                protocol: "PAP",
                accepted: "PAP:CLEAR, PAP:GREEN, PAP:AMBER or PAP:RED",
            })
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Pap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl TryFrom<String> for Tlp {
    type Error = TlpError;

    fn try_from(text: String) -> Result<Self, TlpError> {
        text.parse()
    }
}

impl TryFrom<String> for Pap {
    type Error = TlpError;

    fn try_from(text: String) -> Result<Self, TlpError> {
        text.parse()
    }
}

impl From<Tlp> for String {
    fn from(tlp: Tlp) -> Self {
        tlp.as_str().to_owned()
    }
}

impl From<Pap> for String {
    fn from(pap: Pap) -> Self {
        pap.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_label_is_read_back_in_any_case_with_or_without_its_protocol() {
        for tlp in Tlp::ALL {
            let (_, colour) = tlp.as_str().split_once(':').unwrap();
            for text in [
                tlp.to_string(),
                tlp.as_str().to_lowercase(),
                colour.to_owned(),
                colour.to_lowercase(),
            ] {
                assert_eq!(text.parse::<Tlp>().unwrap(), tlp, "{text}");
            }
        }
        for pap in Pap::ALL {
            assert_eq!(pap.to_string().parse::<Pap>().unwrap(), pap);
            assert_eq!(pap.as_str()[4..].to_lowercase().parse::<Pap>().unwrap(), pap);
        }
    }

    #[test]
    fn white_is_read_as_clear_and_never_written() {
        assert_eq!("tlp:white".parse::<Tlp>().unwrap().to_string(), "TLP:CLEAR");
        assert_eq!("PAP:WHITE".parse::<Pap>().unwrap().to_string(), "PAP:CLEAR");
    }

    #[test]
    fn labels_join_to_the_more_restrictive() {
        assert_eq!(Tlp::Amber.join(Tlp::AmberStrict), Tlp::AmberStrict);
        assert_eq!(Tlp::Red.join(Tlp::Clear), Tlp::Red);
        assert!(Tlp::ALL.is_sorted() && Pap::ALL.is_sorted());
    }

    #[test]
    fn what_is_no_label_is_refused_with_the_accepted_ones() {
        for wrong in [
            "",
            "TLP:",
            "TLP: RED",
            "TLP:AMBER STRICT",
            "tlp:ex:chr",
            "pap:red",
            "ROUGE",
            "TLP:TLP:RED",
        ] {
            let error = wrong.parse::<Tlp>().unwrap_err().to_string();
            assert!(
                error.ends_with("TLP:CLEAR, TLP:GREEN, TLP:AMBER, TLP:AMBER+STRICT or TLP:RED"),
                "{error}"
            );
        }
        assert!("PAP:AMBER+STRICT".parse::<Pap>().is_err());
    }

    #[test]
    fn json_holds_the_label() {
        assert_eq!(
            serde_json::to_string(&Tlp::AmberStrict).unwrap(),
            "\"TLP:AMBER+STRICT\""
        );
        assert_eq!(serde_json::from_str::<Pap>("\"PAP:AMBER\"").unwrap(), Pap::Amber);
    }
}
