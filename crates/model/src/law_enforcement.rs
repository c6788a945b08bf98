//! The taxonomies of law enforcement, and what their types are in RSIT.

use std::fmt;
use std::str::FromStr;

use crate::Rsit;
use crate::indicator::quoted;

/// A type of one of three taxonomies, by its canonical name, and the type of RSIT that says the same. None where RSIT splits it further or does not have it: a
/// guess would be made a fact.
type Entry = (&'static str, Option<Rsit>);

/// A taxonomy of law enforcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrimeTaxonomy {
    /// The Common Taxonomy for Law Enforcement and the National Network of CSIRTs, version 3.
    Common,
    /// Europol's class and type of incident.
    EuropolIncident,
    /// Europol's type of event.
    EuropolEvent,
}

/// A type of incident or event by a taxonomy of law enforcement.
///
/// Written and read as the machine tag that MISP has for it: `common-taxonomy:malware="infection"`, `europol-incident:malware="c&c"`,
/// `europol-event:sql-injection`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrimeType {
    taxonomy: CrimeTaxonomy,
    /// Its place in the taxonomy.
    place: u8,
}

/// A text that is no type of these taxonomies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} is no type of law enforcement's taxonomies: give one such as common-taxonomy:malware=\"infection\", europol-incident:malware=\"c&c\" or europol-event:spam",
    quoted(value)
)]
pub struct CrimeTypeError {
    value: String,
}

/// The Common Taxonomy.
const COMMON: [Entry; 22] = [
    ("malware/infection", Some(Rsit::InfectedSystem)),
    ("malware/distribution", Some(Rsit::MalwareDistribution)),
    ("malware/command-and-control", Some(Rsit::C2Server)),
    ("malware/malicious-connection", None),
    ("availability/dos-ddos", None),
    ("availability/sabotage", Some(Rsit::Sabotage)),
    ("information-gathering/scanning", Some(Rsit::Scanner)),
    ("information-gathering/sniffing", Some(Rsit::Sniffing)),
    ("information-gathering/phishing", Some(Rsit::Phishing)),
    ("intrusion-attempt/vulnerability-exploitation-attempt", None),
    ("intrusion-attempt/login-attempt", Some(Rsit::BruteForce)),
    ("intrusion/vulnerability-exploitation", None),
    ("intrusion/account-compromise", None),
    (
        "information-security/unauthorised-access",
        Some(Rsit::UnauthorisedInformationAccess),
    ),
    ("information-security/unauthorised-modification-or-deletion", None),
    ("fraud/resources-misuse", Some(Rsit::UnauthorisedUseOfResources)),
    ("fraud/false-representation", Some(Rsit::Masquerade)),
    ("abusive-content/spam", Some(Rsit::Spam)),
    ("abusive-content/copyright", Some(Rsit::Copyright)),
    ("abusive-content/cse-racism-violence-incitement", None),
    ("other/unclassified-incident", None),
    ("other/undetermined-incident", Some(Rsit::Undetermined)),
];

/// Europol's class and type of incident (MISP taxonomy `europol-incident`, version 1).
const INCIDENTS: [Entry; 21] = [
    ("malware/infection", Some(Rsit::InfectedSystem)),
    ("malware/distribution", Some(Rsit::MalwareDistribution)),
    ("malware/c&c", Some(Rsit::C2Server)),
    ("malware/undetermined", None),
    ("availability/dos-ddos", None),
    ("availability/sabotage", Some(Rsit::Sabotage)),
    ("information-gathering/scanning", Some(Rsit::Scanner)),
    ("information-gathering/sniffing", Some(Rsit::Sniffing)),
    ("information-gathering/phishing", Some(Rsit::Phishing)),
    ("intrusion-attempt/exploitation-vulnerability", None),
    ("intrusion-attempt/login-attempt", Some(Rsit::BruteForce)),
    ("intrusion/exploitation-vulnerability", None),
    ("intrusion/compromising-account", None),
    (
        "information-security/unauthorized-access",
        Some(Rsit::UnauthorisedInformationAccess),
    ),
    ("information-security/unauthorized-modification", None),
    (
        "fraud/illegitimate-use-resources",
        Some(Rsit::UnauthorisedUseOfResources),
    ),
    ("fraud/illegitimate-use-name", Some(Rsit::Masquerade)),
    ("abusive-content/spam", Some(Rsit::Spam)),
    ("abusive-content/copyright", Some(Rsit::Copyright)),
    ("abusive-content/content-forbidden-by-law", None),
    ("other/other", None),
];

/// Europol's types of events (MISP taxonomy `europol-event`, version 1).
const EVENTS: [Entry; 46] = [
    ("infected-by-known-malware", Some(Rsit::InfectedSystem)),
    ("dissemination-malware-email", Some(Rsit::MalwareDistribution)),
    ("hosting-malware-webpage", Some(Rsit::MalwareDistribution)),
    ("c&c-server-hosting", Some(Rsit::C2Server)),
    ("worm-spreading", None),
    ("connection-malware-port", None),
    ("connection-malware-system", None),
    ("flood", None),
    ("exploit-tool-exhausting-resources", None),
    ("packet-flood", None),
    ("exploit-framework-exhausting-resources", None),
    ("vandalism", Some(Rsit::Sabotage)),
    ("disruption-data-transmission", Some(Rsit::Sabotage)),
    ("system-probe", Some(Rsit::Scanner)),
    ("network-scanning", Some(Rsit::Scanner)),
    ("dns-zone-transfer", Some(Rsit::Scanner)),
    ("wiretapping", Some(Rsit::Sniffing)),
    ("dissemination-phishing-emails", Some(Rsit::Phishing)),
    ("hosting-phishing-sites", Some(Rsit::Phishing)),
    ("aggregation-information-phishing-schemes", Some(Rsit::Phishing)),
    ("exploit-attempt", None),
    ("sql-injection-attempt", None),
    ("xss-attempt", None),
    ("file-inclusion-attempt", None),
    ("brute-force-attempt", Some(Rsit::BruteForce)),
    ("password-cracking-attempt", Some(Rsit::BruteForce)),
    ("dictionary-attack-attempt", Some(Rsit::BruteForce)),
    ("exploit", None),
    ("sql-injection", Some(Rsit::ApplicationCompromise)),
    ("xss", Some(Rsit::ApplicationCompromise)),
    ("file-inclusion", Some(Rsit::ApplicationCompromise)),
    ("control-system-bypass", None),
    ("theft-access-credentials", None),
    ("unauthorized-access-system", None),
    (
        "unauthorized-access-information",
        Some(Rsit::UnauthorisedInformationAccess),
    ),
    ("data-exfiltration", None),
    (
        "modification-information",
        Some(Rsit::UnauthorisedInformationModification),
    ),
    ("deletion-information", None),
    ("illegitimate-use-resources", Some(Rsit::UnauthorisedUseOfResources)),
    ("illegitimate-use-name", Some(Rsit::Masquerade)),
    ("email-flooding", None),
    ("spam", Some(Rsit::Spam)),
    ("copyrighted-content", Some(Rsit::Copyright)),
    ("content-forbidden-by-law", None),
    ("unspecified", None),
    ("undetermined", Some(Rsit::Undetermined)),
];

impl CrimeTaxonomy {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Common, Self::EuropolIncident, Self::EuropolEvent];

    /// What its tags begin with.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Common => "common-taxonomy",
            Self::EuropolIncident => "europol-incident",
            Self::EuropolEvent => "europol-event",
        }
    }

    fn entries(self) -> &'static [Entry] {
        match self {
            Self::Common => &COMMON,
            Self::EuropolIncident => &INCIDENTS,
            Self::EuropolEvent => &EVENTS,
        }
    }

    /// Its types, in order.
    pub fn types(self) -> impl Iterator<Item = CrimeType> {
        (0_u8..)
            .zip(self.entries())
            .map(move |(place, _)| CrimeType { taxonomy: self, place })
    }

    fn by_name(self, name: &str) -> Option<CrimeType> {
        self.types().find(|one| one.name() == name)
    }
}

impl CrimeType {
    /// Which taxonomy it is of.
    #[must_use]
    pub fn taxonomy(self) -> CrimeTaxonomy {
        self.taxonomy
    }

    /// `class/type`; of events the type alone.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.taxonomy.entries()[usize::from(self.place)].0
    }

    /// The type of RSIT that says the same, where there is one: what RSIT splits further is not guessed.
    #[must_use]
    pub fn rsit(self) -> Option<Rsit> {
        self.taxonomy.entries()[usize::from(self.place)].1
    }

    /// What the Common Taxonomy calls a type of RSIT, by the nearest of its types, which are fewer; none where it has nothing near, as for weaknesses
    /// and failures without malice.
    #[must_use]
    pub fn common(rsit: Rsit) -> Option<Self> {
        let name = match rsit {
            Rsit::HarmfulSpeech | Rsit::Violence => "abusive-content/cse-racism-violence-incitement",
            Rsit::MalwareConfiguration => "malware/command-and-control",
            Rsit::SocialEngineering => "information-gathering/phishing",
            Rsit::IdsAlert | Rsit::Exploit => "intrusion-attempt/vulnerability-exploitation-attempt",
            Rsit::PrivilegedAccountCompromise | Rsit::UnprivilegedAccountCompromise => "intrusion/account-compromise",
            Rsit::ApplicationCompromise => "intrusion/vulnerability-exploitation",
            Rsit::Dos | Rsit::Ddos => "availability/dos-ddos",
            Rsit::UnauthorisedInformationModification => "information-security/unauthorised-modification-or-deletion",
            Rsit::DataLeak => "information-security/unauthorised-access",
            Rsit::Other => "other/unclassified-incident",
            same => return CrimeTaxonomy::Common.types().find(|one| one.rsit() == Some(same)),
        };
        CrimeTaxonomy::Common.by_name(name)
    }
}

impl fmt::Display for CrimeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name().split_once('/') {
            Some((class, kind)) => write!(f, "{}:{class}=\"{kind}\"", self.taxonomy.as_str()),
            None => write!(f, "{}:{}", self.taxonomy.as_str(), self.name()),
        }
    }
}

impl FromStr for CrimeType {
    type Err = CrimeTypeError;

    fn from_str(text: &str) -> Result<Self, CrimeTypeError> {
        let all = CrimeTaxonomy::ALL.into_iter().flat_map(CrimeTaxonomy::types);
        let of_taxonomy = |one: &CrimeType| text.starts_with(one.taxonomy.as_str());
        let found = all.filter(of_taxonomy).find(|one| one.to_string() == text);
        found.ok_or_else(|| CrimeTypeError { value: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_type_is_read_back() {
        let mut number = 0;
        for one in CrimeTaxonomy::ALL.into_iter().flat_map(CrimeTaxonomy::types) {
            assert_eq!(one.to_string().parse::<CrimeType>().unwrap(), one);
            number += 1;
        }
        assert_eq!(number, 22 + 21 + 46);
        for wrong in [
            "",
            "common-taxonomy:malware",
            "europol-event:malware=\"infection\"",
            "rsit:fraud=\"phishing\"",
        ] {
            assert!(
                wrong
                    .parse::<CrimeType>()
                    .unwrap_err()
                    .to_string()
                    .contains("europol-event:spam"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn what_is_the_same_in_rsit_is_the_same_back() {
        for one in CrimeTaxonomy::Common.types() {
            if let Some(rsit) = one.rsit() {
                assert_eq!(CrimeType::common(rsit), Some(one), "{one}");
            }
        }
        let of = |tag: &str| tag.parse::<CrimeType>().unwrap().rsit();
        assert_eq!(of("europol-event:sql-injection"), Some(Rsit::ApplicationCompromise));
        assert_eq!(of("europol-event:flood"), None, "from one source or many");
    }

    #[test]
    fn every_type_of_an_attack_has_a_common_name() {
        let without: Vec<Rsit> = Rsit::all().filter(|rsit| CrimeType::common(*rsit).is_none()).collect();
        use Rsit::{
            Burglary, DataLoss, DdosAmplifier, InformationDisclosure, Misconfiguration, Outage,
            PotentiallyUnwantedAccessible, SystemCompromise, Test, VulnerableSystem, WeakCrypto,
        };
        assert_eq!(
            without,
            [
                SystemCompromise,
                Burglary,
                Misconfiguration,
                Outage,
                DataLoss,
                WeakCrypto,
                DdosAmplifier,
                PotentiallyUnwantedAccessible,
                InformationDisclosure,
                VulnerableSystem,
                Test
            ]
        );
    }
}
