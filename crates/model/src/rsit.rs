//! The Reference Security Incident Taxonomy of ENISA and the European CSIRTs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::indicator::quoted;

/// A type of incident: the whole of RSIT, version 1003, in its order.
///
/// Written as `class/type`, such as `fraud/phishing`. Read as that, as the bare type (each is unique), as MISP's tag `rsit:fraud="phishing"`, and
/// under the names of IntelMQ where they differ: `unauthorized-` for `unauthorised-`, and `blacklist`, `dga-domain`, `malware`, `proxy` and `tor`, which
/// IntelMQ files under the class `other` and which are read as [`Rsit::Other`].
///
/// Source: ENISA, Reference Security Incident Taxonomy, working copy, machine-readable version 1003.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Rsit {
    /// Unsolicited bulk messages.
    Spam,
    /// Discreditation or discrimination of somebody.
    HarmfulSpeech,
    /// Child exploitation, sexual or violent content.
    Violence,
    /// A system infected with malware.
    InfectedSystem,
    /// A server that commands infected systems.
    C2Server,
    /// An address used to spread malware.
    MalwareDistribution,
    /// An address that hosts the configuration of malware.
    MalwareConfiguration,
    /// Probing of systems for weak points.
    Scanner,
    /// Observing and recording of traffic.
    Sniffing,
    /// Gathering information from people by lies, tricks, bribes or threats.
    SocialEngineering,
    /// An attempt to exploit a known vulnerability, as a detection system saw it.
    IdsAlert,
    /// Repeated attempts to log in.
    BruteForce,
    /// An attack with an unknown exploit.
    Exploit,
    /// Compromise of a system where the attacker gained administrative privileges.
    PrivilegedAccountCompromise,
    /// Compromise of a system through an ordinary account.
    UnprivilegedAccountCompromise,
    /// Compromise of an application through a vulnerability.
    ApplicationCompromise,
    /// Compromise of a system by means not known.
    SystemCompromise,
    /// Physical intrusion.
    Burglary,
    /// Denial of service from one source.
    Dos,
    /// Denial of service from many sources.
    Ddos,
    /// A software error or misconfiguration that makes a service unavailable.
    Misconfiguration,
    /// Deliberate damage.
    Sabotage,
    /// A failure without malice, such as fire or loss of power.
    Outage,
    /// Access to information by somebody who may not have it.
    UnauthorisedInformationAccess,
    /// Change of information by somebody who may not, such as encryption by ransomware.
    UnauthorisedInformationModification,
    /// Loss of data by failure or theft of a device.
    DataLoss,
    /// Confidential information that became known.
    DataLeak,
    /// Use of resources for a purpose not agreed, including profit.
    UnauthorisedUseOfResources,
    /// Offering or installing unlicensed material.
    Copyright,
    /// One entity takes on the identity of another.
    Masquerade,
    /// Posing as somebody else to make a user reveal credentials.
    Phishing,
    /// A service that offers weak cryptography.
    WeakCrypto,
    /// A service that can be abused to amplify attacks.
    DdosAmplifier,
    /// A service open to the internet that probably should not be.
    PotentiallyUnwantedAccessible,
    /// A service that discloses sensitive information.
    InformationDisclosure,
    /// A system with a known vulnerability.
    VulnerableSystem,
    /// An incident that fits no other type.
    Other,
    /// An incident whose type is not known.
    Undetermined,
    /// A test.
    Test,
}

/// A text that is no type of the taxonomy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} is not an RSIT type: give class/type such as fraud/phishing{}",
    quoted(value),
    hint(value)
)]
pub struct RsitError {
    value: String,
}

/// Every type with its canonical name, in the order of the taxonomy; a type's position is its discriminant.
const NAMES: [(Rsit, &str); 39] = [
    (Rsit::Spam, "abusive-content/spam"),
    (Rsit::HarmfulSpeech, "abusive-content/harmful-speech"),
    (Rsit::Violence, "abusive-content/violence"),
    (Rsit::InfectedSystem, "malicious-code/infected-system"),
    (Rsit::C2Server, "malicious-code/c2-server"),
    (Rsit::MalwareDistribution, "malicious-code/malware-distribution"),
    (Rsit::MalwareConfiguration, "malicious-code/malware-configuration"),
    (Rsit::Scanner, "information-gathering/scanner"),
    (Rsit::Sniffing, "information-gathering/sniffing"),
    (Rsit::SocialEngineering, "information-gathering/social-engineering"),
    (Rsit::IdsAlert, "intrusion-attempts/ids-alert"),
    (Rsit::BruteForce, "intrusion-attempts/brute-force"),
    (Rsit::Exploit, "intrusion-attempts/exploit"),
    (
        Rsit::PrivilegedAccountCompromise,
        "intrusions/privileged-account-compromise",
    ),
    (
        Rsit::UnprivilegedAccountCompromise,
        "intrusions/unprivileged-account-compromise",
    ),
    (Rsit::ApplicationCompromise, "intrusions/application-compromise"),
    (Rsit::SystemCompromise, "intrusions/system-compromise"),
    (Rsit::Burglary, "intrusions/burglary"),
    (Rsit::Dos, "availability/dos"),
    (Rsit::Ddos, "availability/ddos"),
    (Rsit::Misconfiguration, "availability/misconfiguration"),
    (Rsit::Sabotage, "availability/sabotage"),
    (Rsit::Outage, "availability/outage"),
    (
        Rsit::UnauthorisedInformationAccess,
        "information-content-security/unauthorised-information-access",
    ),
    (
        Rsit::UnauthorisedInformationModification,
        "information-content-security/unauthorised-information-modification",
    ),
    (Rsit::DataLoss, "information-content-security/data-loss"),
    (Rsit::DataLeak, "information-content-security/data-leak"),
    (Rsit::UnauthorisedUseOfResources, "fraud/unauthorised-use-of-resources"),
    (Rsit::Copyright, "fraud/copyright"),
    (Rsit::Masquerade, "fraud/masquerade"),
    (Rsit::Phishing, "fraud/phishing"),
    (Rsit::WeakCrypto, "vulnerable/weak-crypto"),
    (Rsit::DdosAmplifier, "vulnerable/ddos-amplifier"),
    (
        Rsit::PotentiallyUnwantedAccessible,
        "vulnerable/potentially-unwanted-accessible",
    ),
    (Rsit::InformationDisclosure, "vulnerable/information-disclosure"),
    (Rsit::VulnerableSystem, "vulnerable/vulnerable-system"),
    (Rsit::Other, "other/other"),
    (Rsit::Undetermined, "other/undetermined"),
    (Rsit::Test, "test/test"),
];

/// IntelMQ's types of the class `other` that the taxonomy does not know.
const INTELMQ_OTHER: [&str; 5] = ["blacklist", "dga-domain", "malware", "proxy", "tor"];

impl Rsit {
    /// Every type, in the order of the taxonomy.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        NAMES.iter().map(|(rsit, _)| *rsit)
    }

    /// The canonical name, `class/type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// The class, such as `fraud`.
    #[must_use]
    pub fn class(self) -> &'static str {
        self.parts().0
    }

    /// The type within its class, such as `phishing`.
    #[must_use]
    pub fn type_(self) -> &'static str {
        self.parts().1
    }

    /// The first type of its class, which can stand for the class.
    #[must_use]
    pub fn first_of_class(self) -> Self {
        let of_class = Self::all().find(|rsit| rsit.class() == self.class());
        of_class.unwrap_or(self)
    }

    fn parts(self) -> (&'static str, &'static str) {
        self.as_str().split_once('/').unwrap_or_default()
    }

    fn by_type(name: &str) -> Option<Self> {
        Self::all().find(|rsit| rsit.type_() == name)
    }
}

/// What to write instead: for the name of a class, its types.
fn hint(value: &str) -> String {
    let types: Vec<&str> = Rsit::all()
        .filter(|rsit| rsit.class() == value)
        .map(Rsit::type_)
        .collect();
    if types.is_empty() {
        String::new()
    } else {
        format!(" (the class has the types {})", types.join(", "))
    }
}

/// Takes MISP's tag `rsit:class="type"` apart.
fn machine_tag(text: &str) -> Option<(&str, &str)> {
    let (class, quoted_type) = text.strip_prefix("rsit:")?.split_once('=')?;
    Some((class, quoted_type.strip_prefix('"')?.strip_suffix('"')?))
}

impl FromStr for Rsit {
    type Err = RsitError;

    fn from_str(text: &str) -> Result<Self, RsitError> {
        // As nearly all write it, and as the log holds it.
        if let Some((rsit, _)) = NAMES.iter().find(|(_, name)| *name == text) {
            return Ok(*rsit);
        }
        let (class, name) = match machine_tag(text).or_else(|| text.split_once('/')) {
            Some((class, name)) => (Some(class), name),
            None => (None, text),
        };
        let found = if INTELMQ_OTHER.contains(&name) {
            Some(Self::Other)
        } else if let Some(rest) = name.strip_prefix("unauthorized-") {
            Self::by_type(&format!("unauthorised-{rest}"))
        } else {
            Self::by_type(name)
        };
        found
            .filter(|rsit| class.is_none_or(|class| class == rsit.class()))
            .ok_or_else(|| RsitError { value: text.to_owned() })
    }
}

impl fmt::Display for Rsit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl TryFrom<String> for Rsit {
    type Error = RsitError;

    fn try_from(text: String) -> Result<Self, RsitError> {
        text.parse()
    }
}

impl From<Rsit> for String {
    fn from(rsit: Rsit) -> Self {
        rsit.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_type_stands_at_its_place_and_is_read_back_in_every_form() {
        for (position, (rsit, name)) in NAMES.iter().enumerate() {
            assert_eq!(*rsit as usize, position, "{name}");
            let tag = format!("rsit:{}=\"{}\"", rsit.class(), rsit.type_());
            for text in [*name, rsit.type_(), &tag] {
                assert_eq!(text.parse::<Rsit>().unwrap(), *rsit, "{text}");
            }
        }
    }

    #[test]
    fn the_names_of_intelmq_are_read() {
        assert_eq!(
            "unauthorized-use-of-resources".parse::<Rsit>().unwrap(),
            Rsit::UnauthorisedUseOfResources
        );
        assert_eq!("dga-domain".parse::<Rsit>().unwrap(), Rsit::Other);
        assert_eq!("other/tor".parse::<Rsit>().unwrap(), Rsit::Other);
    }

    #[test]
    fn a_type_in_another_class_is_refused() {
        for wrong in [
            "",
            "/",
            "fraud/spam",
            "rsit:fraud=\"spam\"",
            "rsit:fraud=phishing",
            "Phishing",
            "fraud/malware",
        ] {
            assert!(wrong.parse::<Rsit>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_bare_class_is_refused_with_its_types() {
        let error = "fraud".parse::<Rsit>().unwrap_err().to_string();
        assert!(
            error.ends_with("(the class has the types unauthorised-use-of-resources, copyright, masquerade, phishing)"),
            "{error}"
        );
    }

    #[test]
    fn json_holds_the_canonical_name() {
        assert_eq!(serde_json::to_string(&Rsit::Phishing).unwrap(), "\"fraud/phishing\"");
        assert_eq!(serde_json::from_str::<Rsit>("\"ddos\"").unwrap(), Rsit::Ddos);
    }
}
