use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{IndicatorError, kept};

/// What an indicator's value is.
///
/// File hashes are one kind for each function, so that a value says by itself what it is compared with. The order is that in which the kinds came:
/// new ones go behind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum IndicatorKind {
    /// An IPv4 or IPv6 address.
    Ip,
    /// A domain name of at least two labels.
    Domain,
    /// An address of a resource: http, https, ftp, ws, wss.
    Url,
    /// An MD5 hash of a file.
    Md5,
    /// A SHA-1 hash of a file.
    Sha1,
    /// A SHA-256 hash of a file.
    Sha256,
    /// A SHA-512 hash of a file.
    Sha512,
    /// A mail address, or the keyed pseudonym that stands for one.
    Email,
    /// An entry of the CVE list.
    Cve,
    /// An IPv4 or IPv6 network.
    Cidr,
    /// The number of an autonomous system.
    Asn,
    /// An address of a crypto-currency.
    CryptoAddress,
    /// A bank account's number, or the keyed pseudonym that stands for one.
    Iban,
    /// A telephone number, or the keyed pseudonym that stands for one.
    Phone,
    /// What a client of HTTP calls itself.
    UserAgent,
    /// The fingerprint of an X.509 certificate.
    Certificate,
    /// The name of a mutex.
    Mutex,
    /// A key of the Windows registry.
    RegistryKey,
    /// The name of malware, a family or a tool.
    Malware,
    /// A technique or sub-technique of MITRE ATT&CK.
    Technique,
}

impl IndicatorKind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::Ip,
        Self::Domain,
        Self::Url,
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
        Self::Email,
        Self::Cve,
        Self::Cidr,
        Self::Asn,
        Self::CryptoAddress,
        Self::Iban,
        Self::Phone,
        Self::UserAgent,
        Self::Certificate,
        Self::Mutex,
        Self::RegistryKey,
        Self::Malware,
        Self::Technique,
    ];

    /// The canonical name, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Email => "email",
            Self::Cve => "cve",
            Self::Cidr => "cidr",
            Self::Asn => "asn",
            Self::CryptoAddress => "crypto_address",
            Self::Iban => "iban",
            Self::Phone => "phone",
            Self::UserAgent => "user_agent",
            Self::Certificate => "certificate",
            Self::Mutex => "mutex",
            Self::RegistryKey => "registry_key",
            Self::Malware => "malware",
            Self::Technique => "technique",
        }
    }

    /// What a value is called where it is not shown itself.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Ip => "an address",
            Self::Domain => "a domain",
            Self::Url => "a URL",
            Self::Md5 | Self::Sha1 | Self::Sha256 | Self::Sha512 => "a file",
            Self::Email => "a mail address",
            Self::Cve => "a vulnerability",
            Self::Cidr => "a network",
            Self::Asn => "an autonomous system",
            Self::CryptoAddress => "a crypto-currency address",
            Self::Iban => "a bank account",
            Self::Phone => "a phone number",
            Self::UserAgent => "a user agent",
            Self::Certificate => "a certificate",
            Self::Mutex => "a mutex",
            Self::RegistryKey => "a registry key",
            Self::Malware => "malware",
            Self::Technique => "a technique",
        }
    }

    /// Whether the value is a hash of a file.
    #[must_use]
    pub fn is_file_hash(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1 | Self::Sha256 | Self::Sha512)
    }

    /// Whether the value is stored, compared and shown by a keyed pseudonym only, because it names a person.
    #[must_use]
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Email | Self::Iban | Self::Phone)
    }

    /// Whether a value describes an attack and does not identify it: attacks that have nothing to do with each other use the same providers, browsers,
    /// families of malware and techniques every day. So a rule about indicators of any kind passes such values over, and a rule may ask for the kind
    /// by its name.
    #[must_use]
    pub fn is_context(self) -> bool {
        matches!(self, Self::Asn | Self::UserAgent | Self::Malware | Self::Technique)
    }
}

/// The names of all kinds, for messages.
pub(super) fn names() -> String {
    IndicatorKind::ALL.map(IndicatorKind::as_str).join(", ")
}

impl fmt::Display for IndicatorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for IndicatorKind {
    type Err = IndicatorError;

    fn from_str(text: &str) -> Result<Self, IndicatorError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| IndicatorError::UnknownKind { value: kept(text) })
    }
}

impl TryFrom<String> for IndicatorKind {
    type Error = IndicatorError;

    fn try_from(text: String) -> Result<Self, IndicatorError> {
        text.parse()
    }
}

impl From<IndicatorKind> for String {
    fn from(kind: IndicatorKind) -> Self {
        kind.as_str().to_owned()
    }
}
