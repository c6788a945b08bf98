//! Networks in CIDR notation (RFC 4632, RFC 4291).

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A network, IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Not `address/length`.
    #[error("'{0}' is no network: write it like 192.0.2.0/24 or 2001:db8::/32")]
    Form(String),
    /// The address lies within the network.
    #[error("'{0}' is an address within its network: write {1}")]
    HostBits(String, String),
}

impl Network {
    /// Reads `address/length`.
    ///
    /// # Errors
    /// When it is not that, or names an address within the network.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        let form = || NetworkError::Form(text.chars().take(64).collect());
        let (address, prefix) = text.split_once('/').ok_or_else(form)?;
        let address: IpAddr = address.parse().map_err(|_| form())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse::<u8>().ok().filter(|prefix| digits && *prefix <= most);
        let prefix = prefix.ok_or_else(form)?;
        let network = Self {
            address: masked(address, prefix),
            prefix,
        };
        if network.address != address {
            return Err(NetworkError::HostBits(text.to_owned(), String::from(network)));
        }
        Ok(network)
    }

    /// The network of so many bits that an address lies in; none where an address has fewer.
    #[must_use]
    pub fn around(address: IpAddr, prefix_bits: u8) -> Option<Self> {
        let most = if address.is_ipv4() { 32 } else { 128 };
        (prefix_bits <= most).then(|| Self {
            address: masked(address, prefix_bits),
            prefix: prefix_bits,
        })
    }

    /// The same as IPv4 where it lies in what maps IPv4 (RFC 4291, 2.5.5.2), as values are kept.
    #[must_use]
    pub fn unmapped(self) -> Self {
        let mapped = match self.address {
            IpAddr::V6(v6) => v6.to_ipv4_mapped(),
            IpAddr::V4(_) => None,
        };
        let short = mapped.zip(self.prefix.checked_sub(96));
        let short = short.and_then(|(v4, prefix)| Self::around(v4.into(), prefix));
        short.unwrap_or(self)
    }

    /// Its first address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many bits of the address name the network: up to 32 or 128.
    #[must_use]
    pub fn prefix_bits(&self) -> u8 {
        self.prefix
    }

    /// Whether the value is an address of it.
    #[must_use]
    pub fn contains(&self, value: &str) -> bool {
        value.parse::<IpAddr>().is_ok_and(|address| {
            address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
        })
    }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        Self::parse(&text)
    }
}
