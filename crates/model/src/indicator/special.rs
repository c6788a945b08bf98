//! Values that mean nothing outside the network or computer where they were seen.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::IndicatorKind;

/// IPv4 blocks that are not globally reachable (RFC 6890 and IANA's registry of special-purpose addresses) or are multicast (RFC 5771):
/// the first address and the length of the prefix in bits. The blocks for documentation are left out on purpose.
const V4_BLOCKS: [(Ipv4Addr, u32); 11] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The same for IPv6, with the deprecated site-local block (RFC 3879).
const V6_BLOCKS: [(Ipv6Addr, u32); 10] = [
    (Ipv6Addr::UNSPECIFIED, 128),
    (Ipv6Addr::LOCALHOST, 128),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
];

/// Numbers of autonomous systems that are private (RFC 6996) or reserved (RFC 6793, RFC 7300): first and last.
const ASN_BLOCKS: [(u32, u32); 3] = [(23_456, 23_456), (64_512, 65_535), (4_200_000_000, u32::MAX)];

/// Keys below any root in which every Windows starts programs: that malware writes there says nothing of which.
const AUTOSTARTS: [&str; 6] = [
    "software\\microsoft\\windows\\currentversion\\run",
    "software\\microsoft\\windows\\currentversion\\runonce",
    "software\\wow6432node\\microsoft\\windows\\currentversion\\run",
    "software\\wow6432node\\microsoft\\windows\\currentversion\\runonce",
    "software\\microsoft\\windows nt\\currentversion\\winlogon",
    "system\\currentcontrolset\\services",
];

/// Last labels that the public DNS never delegates: RFC 6761, RFC 6762 (with its appendix G), and `arpa`, which names addresses.
const NAMES: [&str; 12] = [
    "localhost",
    "localdomain",
    "local",
    "invalid",
    "test",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "arpa",
];

/// The hashes of the empty file: MD5, SHA-1, SHA-256, SHA-512.
const EMPTY_FILE: [&str; 4] = [
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
     47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
];

/// Whether a canonical value is special.
pub(super) fn is_special(kind: IndicatorKind, value: &str) -> bool {
    match kind {
        IndicatorKind::Ip | IndicatorKind::Domain => host_is_special(value),
        IndicatorKind::Url => host_is_special(host_of(value)),
        IndicatorKind::Email => value.rsplit_once('@').is_some_and(|(_, host)| host_is_special(host)),
        IndicatorKind::Md5 | IndicatorKind::Sha1 | IndicatorKind::Sha256 | IndicatorKind::Sha512 => {
            EMPTY_FILE.contains(&value)
        }
        IndicatorKind::Cidr => network_is_special(value),
        IndicatorKind::Asn => {
            let number = value.strip_prefix("AS").and_then(|number| number.parse::<u32>().ok());
            number.is_some_and(|number| {
                ASN_BLOCKS
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&number))
            })
        }
        IndicatorKind::RegistryKey => AUTOSTARTS
            .iter()
            .any(|key| value.split_once('\\').is_some_and(|(_, rest)| rest == *key)),
        _ => false,
    }
}

/// The host of a canonical URL, an IPv6 address without its brackets.
pub(super) fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((v6, _)) => v6,
        None => rest.split([':', '/', '?']).next().unwrap_or_default(),
    }
}

fn host_is_special(host: &str) -> bool {
    // Most hosts are names, and this is asked of every report several times.
    let may_be_address = host.ends_with(|c: char| c.is_ascii_digit()) || host.contains(':');
    let address = may_be_address.then(|| host.parse::<IpAddr>().ok()).flatten();
    match address {
        Some(address) => lies_in_a_block(address, if address.is_ipv4() { 32 } else { 128 }),
        None => host.rsplit_once('.').is_none_or(|(_, last)| NAMES.contains(&last)),
    }
}

fn network_is_special(network: &str) -> bool {
    let parts = network.split_once('/');
    let parts = parts.and_then(|(address, bits)| Some((address.parse().ok()?, bits.parse().ok()?)));
    parts.is_some_and(|(address, bits)| lies_in_a_block(address, bits))
}

/// Whether all of a network lies in one of the blocks.
fn lies_in_a_block(address: IpAddr, length: u32) -> bool {
    match address {
        IpAddr::V4(address) => V4_BLOCKS.iter().any(|(first, bits)| {
            let mask = u32::MAX << (32 - bits);
            length >= *bits && address.to_bits() & mask == first.to_bits()
        }),
        IpAddr::V6(address) => V6_BLOCKS.iter().any(|(first, bits)| {
            let mask = u128::MAX << (128 - bits);
            length >= *bits && address.to_bits() & mask == first.to_bits()
        }),
    }
}
