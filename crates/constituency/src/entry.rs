//! What a constituency is made of.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use chappe_model::{
    Country, CountryError, Indicator, IndicatorError, IndicatorKind, Network, NetworkError, Sector, SectorError,
};

/// Longest part of a refused text that an error repeats, in characters.
const SHOWN_CHARS: usize = 64;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A country, ISO 3166-1 alpha-2.
    Country,
    /// A sector, NIS2.
    Sector,
    /// An IPv4 or IPv6 network.
    Network,
    /// A domain, and every name below it.
    Domain,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Country, Self::Sector, Self::Network, Self::Domain];

    /// Its name in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Sector => "sector",
            Self::Network => "network",
            Self::Domain => "domain",
        }
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for EntryKind {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, EntryError> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| EntryError::Kind(shown(text)))
    }
}

/// A domain and every name below it: canonical as a domain indicator is, or a single label that is the code of a country.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Suffix(Box<str>);

impl Suffix {
    /// The name, without a dot at either end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country whose code the last label is, such as Austria for `at`. `uk` is the United Kingdom's.
    #[must_use]
    pub fn country(&self) -> Option<Country> {
        let last = self.0.rsplit('.').next().unwrap_or_default();
        Country::parse(if last == "uk" { "gb" } else { last }).ok()
    }

    fn read(text: &str) -> Result<Self, EntryError> {
        let text = text.trim();
        if text.starts_with(['*', '.']) {
            let name = text.trim_start_matches(['*', '.']);
            return Err(EntryError::Star(shown(text), shown(name)));
        }
        let label = text.trim_end_matches('.').to_ascii_lowercase();
        let single = Self(label.into_boxed_str());
        if single.country().is_some() && single.0.len() == 2 {
            return Ok(single);
        }
        Ok(Self(Indicator::parse(IndicatorKind::Domain, text)?.value().into()))
    }

    fn is_special(&self) -> bool {
        Indicator::parse(IndicatorKind::Domain, &self.0).is_ok_and(|name| name.is_special())
    }
}

/// One thing that a member answers for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entry {
    /// All that affects a country.
    Country(Country),
    /// All that affects a sector.
    Sector(Sector),
    /// Every address of a network.
    Network(Network),
    /// A domain and every name below it.
    Domain(Suffix),
}

/// Why a text is no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// No kind of this name.
    #[error("'{0}' is no kind of entry: give country, sector, network or domain")]
    Kind(String),
    /// No country.
    #[error(transparent)]
    Country(#[from] CountryError),
    /// No sector.
    #[error(transparent)]
    Sector(#[from] SectorError),
    /// No network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// No domain.
    #[error(transparent)]
    Domain(#[from] IndicatorError),
    /// A pattern in place of a name.
    #[error("'{0}' is no name: write '{1}', which takes in every name below it")]
    Star(String, String),
    /// An IPv4 network as IPv6 writes it: reports say such addresses as IPv4.
    #[error(
        "'{0}' is an IPv4 network in IPv6's form, in which no address is kept: write it as IPv4, such as 192.0.2.0/24"
    )]
    Mapped(String),
    /// Means nothing outside the network where it is used.
    #[error(
        "{0} '{1}' is not reachable from elsewhere (RFC 6890, RFC 6761), so no report of others concerns it: leave it out"
    )]
    Special(EntryKind, String),
}

impl Entry {
    /// Reads an entry of a kind. Whether it is too broad is judged with the others ([`crate::Constituency::new`]).
    ///
    /// # Errors
    /// When the text is not of the kind, or means nothing outside the network where it is used.
    pub fn parse(kind: EntryKind, text: &str) -> Result<Self, EntryError> {
        let entry = Self::recorded(kind, text)?;
        let is_special = match &entry {
            Self::Network(network) => {
                let first = Indicator::parse(IndicatorKind::Ip, &network.address().to_string())?;
                if network.address().is_ipv6() && first.value().parse::<Ipv4Addr>().is_ok() {
                    return Err(EntryError::Mapped(shown(text)));
                }
                // What is as broad as everything begins with such an address too: that is refused as too broad.
                first.is_special() && network.prefix_bits() > 0
            }
            Self::Domain(suffix) => suffix.is_special(),
            Self::Country(_) | Self::Sector(_) => false,
        };
        if is_special {
            return Err(EntryError::Special(kind, shown(text)));
        }
        Ok(entry)
    }

    /// Reads what [`Entry::parse`] once took, as the log holds it: what means nothing elsewhere is not asked again, for what that is changes from version to
    /// version.
    ///
    /// # Errors
    /// When the text is not of the kind.
    pub fn recorded(kind: EntryKind, text: &str) -> Result<Self, EntryError> {
        Ok(match kind {
            EntryKind::Country => Self::Country(Country::parse(text)?),
            EntryKind::Sector => Self::Sector(text.parse()?),
            EntryKind::Network => Self::Network(Network::parse(text)?),
            EntryKind::Domain => Self::Domain(Suffix::read(text)?),
        })
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> EntryKind {
        match self {
            Self::Country(_) => EntryKind::Country,
            Self::Sector(_) => EntryKind::Sector,
            Self::Network(_) => EntryKind::Network,
            Self::Domain(_) => EntryKind::Domain,
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Country(country) => f.write_str(country.as_str()),
            Self::Sector(sector) => f.write_str(sector.as_str()),
            Self::Network(network) => network.fmt(f),
            Self::Domain(suffix) => f.write_str(suffix.as_str()),
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).flat_map(char::escape_default).collect()
}
