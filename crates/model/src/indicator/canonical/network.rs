//! Networks and the systems that route them.

use core::net::IpAddr;

use super::Why;
use crate::Network;
use crate::limits::{CONSTITUENCY_IPV4_BITS, CONSTITUENCY_IPV6_BITS};

const NOT_A_NETWORK: Why =
    "not a network: give an address, a slash and a length in bits, such as 192.0.2.0/24 or 2001:db8::/32";
const ONE_ADDRESS: Why = "a single address, not a network: give it as ip";
const TOO_WIDE: Why = "wider than any network that was ever given out: give IPv4 of 8 bits or more, IPv6 of 16 or more";
const NOT_AN_ASN: Why =
    "not the number of an autonomous system: give AS and a number from 1 to 4294967295, such as AS64500";

/// An address within the network names it as well.
pub(super) fn cidr(text: &str) -> Result<String, Why> {
    let (address, bits) = text.split_once('/').ok_or(NOT_A_NETWORK)?;
    let address: IpAddr = address.parse().map_err(|_| NOT_A_NETWORK)?;
    let is_number = !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
    let bits = bits.parse().ok().filter(|_| is_number).ok_or(NOT_A_NETWORK)?;
    let network = Network::around(address, bits).ok_or(NOT_A_NETWORK)?.unmapped();
    let (least, whole) = match network.address() {
        IpAddr::V4(_) => (CONSTITUENCY_IPV4_BITS, 32),
        IpAddr::V6(_) => (CONSTITUENCY_IPV6_BITS, 128),
    };
    match network.prefix_bits() {
        bits if bits == whole => Err(ONE_ADDRESS),
        bits if bits < least => Err(TOO_WIDE),
        _ => Ok(network.to_string()),
    }
}

/// `AS64500`, `ASN 64500`, `64500`, and asdot of RFC 5396.
pub(super) fn asn(text: &str) -> Result<String, Why> {
    let upper = text.to_ascii_uppercase();
    let bare = upper.strip_prefix("ASN").or_else(|| upper.strip_prefix("AS"));
    let digits = bare.unwrap_or(&upper).trim_start();
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse::<u32>().ok(),
        false => None,
    };
    let found = match digits.split_once('.') {
        Some((high, low)) => number(high).zip(number(low)).and_then(|(high, low)| {
            let fits = high <= u32::from(u16::MAX) && low <= u32::from(u16::MAX);
            fits.then_some(high << 16 | low)
        }),
        None => number(digits),
    };
    match found {
        Some(0) | None => Err(NOT_AN_ASN),
        Some(number) => Ok(format!("AS{number}")),
    }
}
