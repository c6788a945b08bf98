//! Indicators: the values that incidents share, in one canonical form each.

mod canonical;
mod defang;
mod kind;
mod quoted;
mod recognise;
mod special;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use kind::IndicatorKind;
pub(crate) use quoted::quoted;

use crate::{Secret, hex};

/// A value that incidents may share, in canonical form.
///
/// Written as `kind:value`, such as `domain:bad.example`. Two texts that mean the same value give equal indicators, and reading a canonical form
/// changes nothing.
///
/// # What canonical means
/// Of every kind: white space and one pair of quotation marks or angle brackets around the value go; zero-width spaces go. Of addresses, networks,
/// names, URLs and mail addresses defanging is undone wherever it stands (`hxxp`, `hxxps`, `fxp`; `.`, `:`, `@`, `://`, `dot` and `at` in square,
/// round or curly brackets).
///
/// | kind | form |
/// |---|---|
/// | ip | IPv4 as four decimal numbers without leading zeros; IPv6 by RFC 5952; an IPv4-mapped IPv6 address as IPv4 |
/// | domain | UTS 46 to ASCII, lower case, no trailing dot; at least two labels of at most 63 bytes, 253 together; underscores allowed |
/// | url | as the WHATWG URL standard writes it, without user name, password, fragment, default port and the host's trailing dot; a text without `://` is read as `http://` |
/// | md5, sha1, sha256, sha512 | lower-case hexadecimal digits, of exact number |
/// | email | local part and domain in lower case; only the dot-atom form of RFC 5322; domain as above |
/// | cve | `CVE-`, four digits of a year from 1999, four to nineteen digits |
/// | cidr | first address as for ip, a slash and the length (RFC 4632, RFC 4291): IPv4 of 8 to 31 bits, IPv6 of 16 to 127; a single address is an ip |
/// | asn | `AS` and the number in decimal (RFC 5396, asplain); asdot is understood |
/// | crypto_address | an address with its checksum right, as its chain writes it: Base58Check of Bitcoin, Litecoin, Dogecoin, Dash, Zcash and Tron, Bech32 of Bitcoin and Litecoin (BIP 173, BIP 350) in lower case, of Ethereum and its like (EIP-55) in lower case, of Monero |
/// | iban | upper case without spaces (ISO 13616), check digits and the country's form right |
/// | phone | `+`, country code and number without separators: 7 to 15 digits (E.164) |
/// | user_agent | the header's value (RFC 9110, 10.1.5): visible ASCII, one space where there are several |
/// | certificate | the SHA-256 or SHA-1 fingerprint of an X.509 certificate in lower-case hexadecimal digits, without separators |
/// | mutex | the name as it is, of at most 260 characters: the kernel tells cases apart |
/// | registry_key | the root's full name, then the key in lower case; a user's SID is `HKEY_CURRENT_USER`, a numbered control set `currentcontrolset` |
/// | malware | the name in lower case, a hyphen for spaces, underscores and hyphens between its words; other names of it are other values |
/// | technique | of ATT&CK: `T`, four digits, and of a sub-technique a full stop and three |
///
/// The local part of a mail address is put in lower case although RFC 5321 lets a server tell cases apart: none of importance does, and
/// reporters write the same address in both. User names in URLs go because they are personal data that serve no comparison. A certificate's serial
/// number is none of its kind: two issuers may give the same.
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
    #[error("{} is not a kind of indicator: give one of {}", quoted(value), kind::names())]
    UnknownKind {
        /// The kind as written.
        value: String,
    },
    /// Nobody says what it is, and nothing does.
    #[error(
        "{} does not say what it is, as addresses, names, URLs and hashes do: write kind:value, such as domain:bad.example",
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

    /// The pseudonym that stands for a value of a personal kind: 32 hexadecimal digits of a keyed function, which the caller computes.
    ///
    /// # Errors
    /// When the kind is not personal, or the text is not 32 hexadecimal digits.
    pub fn pseudonym(kind: IndicatorKind, hex32: &str) -> Result<Self, IndicatorError> {
        Self::parse(kind, &format!("{PSEUDONYM}{hex32}"))
    }

    /// As an installation stores it and its alerts show it: a value of a personal kind by the keyed pseudonym that stands for it, anything else as it
    /// is.
    ///
    /// # Errors
    /// Never for a digest of 16 bytes, which is what a secret gives.
    pub fn pseudonymised(self, secret: &Secret) -> Result<Self, IndicatorError> {
        if !self.kind.is_personal() || self.is_pseudonym() {
            return Ok(self);
        }
        Self::pseudonym(self.kind, &hex(&secret.pseudonym(self.kind.as_str(), &self.value)))
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

    /// Whether the value is a pseudonym in place of a personal value.
    #[must_use]
    pub fn is_pseudonym(&self) -> bool {
        self.kind.is_personal() && self.value.starts_with(PSEUDONYM)
    }

    /// Whether two reports that hold it share something by that alone: it means the same everywhere, and its kind is no context.
    #[must_use]
    pub fn identifies(&self) -> bool {
        !self.special && !self.kind.is_context()
    }

    /// The address or name that a canonical value of a kind names: itself, or the host of a URL or mail address. None of a pseudonym, and of every
    /// other kind, networks among them. It parses nothing and allocates nothing.
    #[must_use]
    pub fn host_named(kind: IndicatorKind, value: &str) -> Option<&str> {
        match kind {
            IndicatorKind::Ip | IndicatorKind::Domain => Some(value),
            IndicatorKind::Url => Some(special::host_of(value)),
            IndicatorKind::Email => value.rsplit_once('@').map(|(_, host)| host),
            _ => None,
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
    /// networks of nothing else, numbers of private and reserved autonomous systems (RFC 6996, RFC 7300, RFC 6793), the hashes of the empty file, and
    /// registry keys in which every Windows starts programs. A URL or mail address is special when its host is.
    ///
    /// What is set aside for documentation (RFC 5737, RFC 3849, RFC 5398, the name `example`) is not special here: exercises are written with it.
    #[must_use]
    pub fn is_special(&self) -> bool {
        self.special
    }
}

/// The beginning of a refused value.
fn kept(raw: &str) -> String {
    raw.chars().take(KEPT_CHARS).collect()
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
