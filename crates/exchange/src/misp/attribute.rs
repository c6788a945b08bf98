//! What MISP's attribute types mean here.

use chappe_model::{Indicator, IndicatorError, IndicatorKind};

use crate::address::address;

/// What the value of an attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// One indicator.
    One(IndicatorKind),
    /// An address or a network.
    Address,
    /// An indicator, a bar, and something else, such as a port.
    First(IndicatorKind),
    /// Something else, such as a file name, a bar, and an indicator.
    Last(IndicatorKind),
    /// Two indicators with a bar between.
    Both(IndicatorKind, IndicatorKind),
    /// The address of a recipient: a victim's, unless it is marked for detection.
    Recipient,
    /// Nothing that is compared.
    Nothing,
}

/// Objects whose attributes describe those who were attacked.
const VICTIM_OBJECTS: [&str; 5] = ["credential", "legal-entity", "person", "target-system", "victim"];

impl Meaning {
    /// What an attribute type means.
    pub(super) fn of(attribute_type: &str) -> Self {
        use IndicatorKind::{
            Asn, Certificate, CryptoAddress, Cve, Domain, Email, Iban, Ip, Md5, Mutex, Phone, RegistryKey, Sha1,
            Sha256, Sha512, Url, UserAgent,
        };
        match attribute_type {
            "ip-src" | "ip-dst" => Self::Address,
            "ip-src|port" | "ip-dst|port" => Self::First(Ip),
            "domain" | "hostname" => Self::One(Domain),
            "hostname|port" => Self::First(Domain),
            "domain|ip" => Self::Both(Domain, Ip),
            "url" | "uri" => Self::One(Url),
            "md5" => Self::One(Md5),
            "sha1" => Self::One(Sha1),
            "sha256" => Self::One(Sha256),
            "sha512" => Self::One(Sha512),
            "filename|md5" | "malware-sample" => Self::Last(Md5),
            "filename|sha1" => Self::Last(Sha1),
            "filename|sha256" => Self::Last(Sha256),
            "filename|sha512" => Self::Last(Sha512),
            "email" | "email-src" | "email-reply-to" => Self::One(Email),
            "email-dst" => Self::Recipient,
            "vulnerability" => Self::One(Cve),
            "AS" => Self::One(Asn),
            "btc" | "dash" | "xmr" => Self::One(CryptoAddress),
            "iban" => Self::One(Iban),
            "phone-number" => Self::One(Phone),
            "user-agent" => Self::One(UserAgent),
            "x509-fingerprint-sha1" | "x509-fingerprint-sha256" => Self::One(Certificate),
            "mutex" => Self::One(Mutex),
            "regkey" => Self::One(RegistryKey),
            "regkey|value" => Self::First(RegistryKey),
            _ => Self::Nothing,
        }
    }

    /// The indicators of a value, and for each half of a pair that is none, why.
    pub(super) fn indicators(self, value: &str) -> (Vec<Indicator>, Vec<IndicatorError>) {
        let parts: Vec<(IndicatorKind, &str)> = match self {
            Self::One(kind) => vec![(kind, value)],
            Self::Address => vec![address(value)],
            Self::First(kind) => vec![(kind, value.split_once('|').map_or(value, |(first, _)| first))],
            Self::Last(kind) => vec![(kind, value.rsplit_once('|').map_or(value, |(_, last)| last))],
            Self::Both(first_kind, second_kind) => match value.split_once('|') {
                Some((first, second)) => vec![(first_kind, first), (second_kind, second)],
                None => vec![(first_kind, value)],
            },
            Self::Recipient => vec![(IndicatorKind::Email, value)],
            Self::Nothing => Vec::new(),
        };
        let mut indicators = Vec::with_capacity(parts.len());
        let mut errors = Vec::new();
        for (kind, part) in parts {
            match Indicator::parse(kind, part) {
                Ok(indicator) => indicators.push(indicator),
                Err(error) => errors.push(error),
            }
        }
        (indicators, errors)
    }
}

/// Relations of the object `email` that name to whom a message went, whatever the type of the attribute.
const RECIPIENTS: [&str; 3] = ["to", "cc", "bcc"];

/// Whether an attribute of an object is the address of a recipient.
pub(super) fn is_recipient(object_name: &str, relation: &str) -> bool {
    object_name == "email" && RECIPIENTS.contains(&relation)
}

/// Whether the attributes of an object describe those who were attacked.
pub(super) fn is_of_a_victim(object_name: &str) -> bool {
    VICTIM_OBJECTS.contains(&object_name)
}
