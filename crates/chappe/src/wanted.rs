//! What a command looks for: an indicator, or what lies within a network or below a domain.

use std::fmt;
use std::net::IpAddr;

use chappe_constituency::{Entry, EntryKind};
use chappe_model::{Indicator, IndicatorKind, Network};
use chappe_proto::{incident, v1};

/// One thing to look for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// Exactly this.
    Value(Indicator),
    /// What lies within a network, or at or below a domain, also as the host of a URL or mail address.
    Entry(Entry),
}

impl Wanted {
    /// Reads a network, or an indicator as it stands.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn exact(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(network) = like_a_network(text) {
            return Network::parse(&network)
                .map(|network| Self::Entry(Entry::Network(network.unmapped())))
                .map_err(|error| error.to_string());
        }
        Indicator::recognise(text)
            .map(Self::Value)
            .map_err(|error| error.to_string())
    }

    /// As [`Wanted::exact`]; a domain stands for all below it as well, and domains and addresses for URLs and mail addresses of that host.
    ///
    /// # Errors
    /// As [`Wanted::exact`].
    pub fn wide(text: &str) -> Result<Self, String> {
        Self::exact(text).map(Self::widened)
    }

    /// The same, with what lies below a domain, and what has the host.
    #[must_use]
    pub fn widened(self) -> Self {
        let Self::Value(indicator) = self else { return self };
        let entry = match indicator.kind() {
            IndicatorKind::Domain => Entry::parse(EntryKind::Domain, indicator.value()).ok(),
            IndicatorKind::Ip => alone(indicator.value()).map(Entry::Network),
            IndicatorKind::Cidr => Entry::parse(EntryKind::Network, indicator.value()).ok(),
            _ => None,
        };
        entry.map_or(Self::Value(indicator), Self::Entry)
    }

    /// Whether an alert shows it by a pseudonym only, so that nobody but the server knows whether it is that.
    #[must_use]
    pub fn is_disguised(&self) -> bool {
        matches!(self, Self::Value(indicator) if indicator.kind().is_personal() && !indicator.is_pseudonym())
    }

    /// Adds it to a filter.
    pub fn ask(&self, filter: &mut v1::AlertFilter) {
        match self {
            Self::Value(indicator) => filter.values.push(incident::indicator_to_wire(indicator)),
            Self::Entry(entry) if entry.kind() == EntryKind::Network => filter.networks.push(entry.to_string()),
            Self::Entry(entry) => filter.domains.push(entry.to_string()),
        }
    }
}

/// What looks like a network: an address, defanged or not, a slash, and a length or a mask; so that a URL without its scheme is none.
fn like_a_network(text: &str) -> Option<String> {
    let (address, bits) = text.split_once('/')?;
    let is_length = !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let found = Indicator::parse(IndicatorKind::Ip, address)
        .ok()
        .filter(|_| is_length)?;
    // As written where it need not be understood: an address in IPv6's form stays one.
    let plain = address
        .parse::<IpAddr>()
        .map_or_else(|_| found.value().to_owned(), |_| address.to_owned());
    Some(format!("{plain}/{bits}"))
}

fn alone(address: &str) -> Option<Network> {
    let address: IpAddr = address.parse().ok()?;
    Network::around(address, if address.is_ipv4() { 32 } else { 128 })
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(indicator) => indicator.fmt(f),
            Self::Entry(entry) => write!(f, "{}:{entry}", entry.kind()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn what_is_looked_for_says_itself_what_it_is() {
        for (text, exact, wide) in [
            ("Bad[.]example", "domain:bad.example", "domain:bad.example"),
            ("192.0.2.7", "ip:192.0.2.7", "network:192.0.2.7/32"),
            ("192.0.2[.]0/24", "network:192.0.2.0/24", "network:192.0.2.0/24"),
            ("::ffff:192.0.2.0/120", "network:192.0.2.0/24", "network:192.0.2.0/24"),
            ("2001:db8::/32", "network:2001:db8::/32", "network:2001:db8::/32"),
            ("192.0.2.7/x", "url:http://192.0.2.7/x", "url:http://192.0.2.7/x"),
            ("boss@bad.example", "email:boss@bad.example", "email:boss@bad.example"),
            ("cidr:192.0.2.0/24", "cidr:192.0.2.0/24", "network:192.0.2.0/24"),
        ] {
            assert_eq!(Wanted::exact(text).unwrap().to_string(), exact);
            assert_eq!(Wanted::wide(text).unwrap().to_string(), wide);
        }
        assert!(matches!(Wanted::wide("bad.example").unwrap(), Wanted::Entry(_)));
        assert!(
            Wanted::exact("192.0.2.0/255.255.255.0")
                .unwrap_err()
                .contains("192.0.2.0/24")
        );
        assert!(Wanted::exact("192.0.2.7/24").unwrap_err().contains("192.0.2.0/24"));
        assert!(Wanted::exact("evil").unwrap_err().contains("kind:value"));
        for personal in ["boss@bad.example", "AT61 1904 3002 3457 3201", "+43 1 2345678"] {
            assert!(Wanted::exact(personal).unwrap().is_disguised(), "{personal}");
        }
    }
}
