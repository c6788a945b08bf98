//! Indicators: the values that incidents share, in one canonical form each.

mod canonical;
mod defang;
mod quoted;
mod recognise;
mod special;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) use quoted::quoted;

use crate::{Secret, hex};

/// What an indicator's value is.
///
/// File hashes are one kind for each function, so that a value says by itself what it is compared with.
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
}

impl IndicatorKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Ip,
        Self::Domain,
        Self::Url,
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
        Self::Email,
        Self::Cve,
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
        }
    }

    /// Whether the value is a hash of a file.
    #[must_use]
    pub fn is_file_hash(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1 | Self::Sha256 | Self::Sha512)
    }
}

/// A value that incidents may share, in canonical form.
///
/// Written as `kind:value`, such as `domain:bad.example`. Two texts that mean the same value give equal indicators, and reading a canonical form
/// changes nothing.
///
/// # What canonical means
/// Of every kind: white space and one pair of quotation marks or angle brackets around the value go; zero-width spaces go; defanging is undone
/// wherever it stands (`hxxp`, `hxxps`, `fxp`; `.`, `:`, `@`, `://`, `dot` and `at` in square, round or curly brackets).
///
/// | kind | form |
/// |---|---|
/// | ip | IPv4 as four decimal numbers without leading zeros; IPv6 by RFC 5952; an IPv4-mapped IPv6 address as IPv4 |
/// | domain | UTS 46 to ASCII, lower case, no trailing dot; at least two labels of at most 63 bytes, 253 together; underscores allowed |
/// | url | as the WHATWG URL standard writes it, without user name, password, fragment, default port and the host's trailing dot; a text without `://` is read as `http://` |
/// | md5, sha1, sha256, sha512 | lower-case hexadecimal digits, of exact number |
/// | email | local part and domain in lower case; only the dot-atom form of RFC 5322; domain as above |
/// | cve | `CVE-`, four digits of a year from 1999, four to nineteen digits |
///
/// The local part of a mail address is put in lower case although RFC 5321 lets a server tell cases apart: none of importance does, and
/// reporters write the same address in both. User names in URLs go because they are personal data that serve no comparison.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Indicator {
    kind: IndicatorKind,
    value: Box<str>,
    /// Follows from both; kept because each report is asked several times.
    special: bool,
}

/// Why a text is no indicator. Each form names the value, what was wrong with it and what is accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndicatorError {
    /// The text has no `kind:` in front.
    #[error("{} has no kind: write kind:value, such as domain:bad.example", quoted(value))]
    NoKind {
        /// The whole text.
        value: String,
    },
    /// The kind is none of [`IndicatorKind::ALL`].
    #[error(
        "{} is not a kind of indicator: give ip, domain, url, md5, sha1, sha256, sha512, email or cve",
        quoted(value)
    )]
    UnknownKind {
        /// The kind as written.
        value: String,
    },
    /// Nobody says what it is, and nothing does.
    #[error(
        "{} is no address, domain, URL, mail address, file hash or CVE identifier: write one of these, or kind:value, such as domain:bad.example",
        quoted(value)
    )]
    Unrecognised {
        /// The value as written.
        value: String,
    },
    /// The value is longer than [`Indicator::MAX_BYTES`], or than [`Indicator::MAX_RAW_BYTES`] as written.
    #[error("{kind} {} is too long: at most {most} bytes", quoted(value))]
    TooLong {
        /// The kind that was asked for.
        kind: IndicatorKind,
        /// The beginning of the value.
        value: String,
        /// The bound, in bytes.
        most: usize,
    },
    /// The value is not of its kind.
    #[error("{kind} {}: {why}", quoted(value))]
    Invalid {
        /// The kind that was asked for.
        kind: IndicatorKind,
        /// The value as written.
        value: String,
        /// What is wrong and what is accepted.
        why: &'static str,
    },
}

/// In front of the 32 hexadecimal digits of a keyed pseudonym.
const PSEUDONYM: &str = "pseudonym:";

/// Longest part of a refused value that an error keeps, in characters: more than it shows, so that the message can say that it was cut.
const KEPT_CHARS: usize = 4 * quoted::SHOWN_CHARS;

impl Indicator {
    /// Longest canonical value, in bytes.
    pub const MAX_BYTES: usize = 2048;

    /// Longest value as written, in bytes: room for a defanged form of the longest canonical one.
    pub const MAX_RAW_BYTES: usize = 3072;

    /// Reads a value of a kind, canonical, defanged or otherwise loosely written.
    ///
    /// # Errors
    /// When the value is not of the kind or is too long.
    pub fn parse(kind: IndicatorKind, raw: &str) -> Result<Self, IndicatorError> {
        let too_long = |most| IndicatorError::TooLong {
            kind,
            value: kept(raw),
            most,
        };
        if raw.len() > Self::MAX_RAW_BYTES {
            return Err(too_long(Self::MAX_RAW_BYTES));
        }
        let value = canonical::canonical(kind, raw).map_err(|why| IndicatorError::Invalid {
            kind,
            value: kept(raw),
            why,
        })?;
        if value.len() > Self::MAX_BYTES {
            return Err(too_long(Self::MAX_BYTES));
        }
        Ok(Self::of(kind, value))
    }

    /// Takes back a value that [`Indicator::parse`] made, as the log holds it: only its length is checked, so a replay costs no parsing.
    ///
    /// # Errors
    /// When the value is empty or too long.
    pub fn from_canonical(kind: IndicatorKind, value: String) -> Result<Self, IndicatorError> {
        if value.is_empty() || value.len() > Self::MAX_BYTES {
            return Err(IndicatorError::TooLong {
                kind,
                value: kept(&value),
                most: Self::MAX_BYTES,
            });
        }
        Ok(Self::of(kind, value))
    }

    fn of(kind: IndicatorKind, value: String) -> Self {
        Self {
            kind,
            special: special::is_special(kind, &value),
            value: value.into_boxed_str(),
        }
    }

    /// The pseudonym that stands for a mail address: 32 hexadecimal digits of a keyed function, which the caller computes.
    ///
    /// # Errors
    /// When the text is not 32 hexadecimal digits.
    pub fn email_pseudonym(hex32: &str) -> Result<Self, IndicatorError> {
        Self::parse(IndicatorKind::Email, &format!("{PSEUDONYM}{hex32}"))
    }

    /// As an installation stores it and its alerts show it: a mail address by the keyed pseudonym that stands for it, anything else as it is.
    ///
    /// # Errors
    /// Never for a digest of 16 bytes, which is what a secret gives.
    pub fn pseudonymised(self, secret: &Secret) -> Result<Self, IndicatorError> {
        if self.kind != IndicatorKind::Email || self.is_pseudonym() {
            return Ok(self);
        }
        Self::email_pseudonym(&hex(&secret.pseudonym("email", &self.value)))
    }

    /// What the value is.
    #[must_use]
    pub fn kind(&self) -> IndicatorKind {
        self.kind
    }

    /// The canonical value, without its kind.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The indicator as it is written, `kind:value`, in one allocation.
    #[must_use]
    pub fn text(&self) -> String {
        [self.kind.as_str(), ":", &self.value].concat()
    }

    /// Whether the value is a pseudonym in place of a mail address.
    #[must_use]
    pub fn is_pseudonym(&self) -> bool {
        self.kind == IndicatorKind::Email && self.value.starts_with(PSEUDONYM)
    }

    /// The address or name that a canonical value of a kind names: itself, or the host of a URL or mail address. None of a hash, a CVE entry or a
    /// pseudonym. It parses nothing and allocates nothing.
    #[must_use]
    pub fn host_named(kind: IndicatorKind, value: &str) -> Option<&str> {
        match kind {
            IndicatorKind::Ip | IndicatorKind::Domain => Some(value),
            IndicatorKind::Url => Some(special::host_of(value)),
            IndicatorKind::Email => value.rsplit_once('@').map(|(_, host)| host),
            IndicatorKind::Md5
            | IndicatorKind::Sha1
            | IndicatorKind::Sha256
            | IndicatorKind::Sha512
            | IndicatorKind::Cve => None,
        }
    }

    /// The value in a form that no mail client or chat turns into a link: `hxxps://bad[.]example/`, `user[@]bad[.]example`.
    ///
    /// [`Indicator::parse`] reads it back to the same indicator.
    #[must_use]
    pub fn defanged(&self) -> String {
        if self.is_pseudonym() {
            self.value.to_string()
        } else {
            defang::defang(self.kind, &self.value)
        }
    }

    /// Whether the value means nothing outside the network or the computer where it was seen, so that two reports of it share nothing:
    /// addresses that are not globally reachable (RFC 6890), names that are never delegated (`localhost`, `local`, `internal`, `arpa` and such),
    /// and the hashes of the empty file. A URL or mail address is special when its host is.
    ///
    /// What is set aside for documentation (RFC 5737, RFC 3849, the name `example`) is not special here: exercises are written with it.
    #[must_use]
    pub fn is_special(&self) -> bool {
        self.special
    }
}

/// The beginning of a refused value.
fn kept(raw: &str) -> String {
    raw.chars().take(KEPT_CHARS).collect()
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

impl fmt::Display for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

impl FromStr for Indicator {
    type Err = IndicatorError;

    fn from_str(text: &str) -> Result<Self, IndicatorError> {
        let (kind, value) = text
            .split_once(':')
            .ok_or_else(|| IndicatorError::NoKind { value: kept(text) })?;
        Self::parse(kind.parse()?, value)
    }
}

impl TryFrom<String> for Indicator {
    type Error = IndicatorError;

    fn try_from(text: String) -> Result<Self, IndicatorError> {
        text.parse()
    }
}

impl From<Indicator> for String {
    fn from(indicator: Indicator) -> Self {
        indicator.to_string()
    }
}

#[cfg(test)]
mod tests;
