use std::net::IpAddr;

use chappe_model::{Country, Field, IndicatorKind, Network, Sector};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::{Constituency, Entry, EntryKind, Holder, Subject, Table};

/// Few bits and few labels, so that entries and subjects meet.
fn any_address() -> impl Strategy<Value = IpAddr> {
    let v4 = (0..4_u32, 0..8_u32).prop_map(|(high, low)| IpAddr::V4((0xc600_0000 | (high << 14) | (low << 5)).into()));
    let v6 = (0..4_u128, 0..8_u128)
        .prop_map(|(high, low)| IpAddr::V6(((0x2001_0db8 << 96) | (high << 78) | (low << 61)).into()));
    prop_oneof![v4, v6]
}

fn any_network() -> impl Strategy<Value = Network> {
    (any_address(), 0..128_u8).prop_map(|(address, bits)| {
        let bits = if address.is_ipv4() {
            8 + bits % 25
        } else {
            16 + bits % 113
        };
        Network::around(address, bits).unwrap()
    })
}

fn any_name() -> impl Strategy<Value = String> {
    (
        vec(select(vec!["a", "b", "xa"]), 0..4),
        select(vec!["one.at", "two.at", "at"]),
    )
        .prop_map(|(labels, end)| labels.iter().copied().chain([end]).collect::<Vec<_>>().join("."))
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let domain = any_name().prop_map(|name| Entry::parse(EntryKind::Domain, &name).unwrap());
    prop_oneof![
        4 => any_network().prop_map(Entry::Network),
        4 => domain,
        1 => select(vec!["AT", "DE"]).prop_map(|code| Entry::Country(Country::parse(code).unwrap())),
        1 => select(Sector::ALL[..3].to_vec()).prop_map(Entry::Sector),
    ]
}

#[derive(Clone, Debug)]
enum Asked {
    Address(IpAddr),
    Network(Network),
    Name(String),
    Country(Country),
    Sector(Sector),
}

impl Asked {
    fn subject(&self) -> Subject<'_> {
        match self {
            Self::Address(address) => Subject::Address(*address),
            Self::Network(network) => Subject::Network(*network),
            Self::Name(name) => Subject::Name(name),
            Self::Country(country) => Subject::Country(*country),
            Self::Sector(sector) => Subject::Sector(*sector),
        }
    }

    /// The definition, by texts and bits.
    fn falls_under(&self, entry: &Entry) -> bool {
        match (self, entry) {
            (Self::Address(address), Entry::Network(network)) => network.contains(&address.to_string()),
            (Self::Network(one), Entry::Network(other)) => {
                one.contains(&other.address().to_string()) || other.contains(&one.address().to_string())
            }
            (Self::Name(name), Entry::Domain(suffix)) => {
                name == suffix.as_str() || name.ends_with(&format!(".{}", suffix.as_str()))
            }
            (Self::Country(country), Entry::Country(held)) => country == held,
            (Self::Sector(sector), Entry::Sector(held)) => sector == held,
            _ => false,
        }
    }
}

fn any_asked() -> impl Strategy<Value = Asked> {
    prop_oneof![
        3 => any_address().prop_map(Asked::Address),
        3 => any_network().prop_map(Asked::Network),
        3 => any_name().prop_map(Asked::Name),
        1 => select(vec!["AT", "DE", "FR"]).prop_map(|code| Asked::Country(Country::parse(code).unwrap())),
        1 => select(Sector::ALL[..4].to_vec()).prop_map(Asked::Sector),
    ]
}

/// How broad an entry is: a broader one is found first.
fn breadth(text: &str) -> usize {
    text.split_once('/')
        .map_or(text.len(), |(_, bits)| bits.parse().unwrap())
}

proptest! {
    #[test]
    fn a_look_up_is_what_the_oracle_finds(
        stated in vec(vec(any_entry(), 1..12), 1..6),
        asked in vec(any_asked(), 1..40),
    ) {
        let stated: Vec<(Holder, Constituency)> = (0_u16..)
            .zip(stated)
            .map(|(holder, entries)| (Holder(holder), Constituency::recorded(entries).unwrap()))
            .collect();
        let table = Table::new(stated.iter().map(|(holder, constituency)| (*holder, constituency)));
        for asked in asked {
            let mut found = Vec::new();
            table.look_up(&asked.subject(), |entry, holders| {
                found.extend(holders.iter().map(|holder| (entry.to_string(), *holder)));
            });
            if !matches!(asked, Asked::Network(_)) {
                prop_assert!(found.is_sorted_by_key(|(entry, holder)| (breadth(entry), *holder)));
            }
            prop_assert_eq!(
                table.narrowest(&asked.subject()).map(|entry| entry.to_string()),
                found.last().map(|(entry, _)| entry.clone())
            );
            let mut expected: Vec<(String, Holder)> = stated
                .iter()
                .flat_map(|(holder, constituency)| entries(constituency).into_iter().map(|entry| (entry, *holder)))
                .filter(|(entry, _)| asked.falls_under(entry))
                .map(|(entry, holder)| (entry.to_string(), holder))
                .collect();
            expected.sort();
            found.sort();
            prop_assert_eq!(found, expected);
        }
    }
}

fn entries(constituency: &Constituency) -> Vec<Entry> {
    let networks = constituency.networks().iter().copied().map(Entry::Network);
    let domains = constituency.domains().iter().cloned().map(Entry::Domain);
    let countries = constituency.countries().map(Entry::Country);
    networks
        .chain(domains)
        .chain(countries)
        .chain(constituency.sectors().map(Entry::Sector))
        .collect()
}

#[test]
fn indicators_and_fields_name_their_host() {
    let (v4, v6): (IpAddr, IpAddr) = ("192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap());
    let cases = [
        ("ip:192.0.2.7", Some(Subject::Address(v4))),
        ("domain:www.example.at", Some(Subject::Name("www.example.at"))),
        (
            "url:https://www.example.at:8443/a@b?c",
            Some(Subject::Name("www.example.at")),
        ),
        ("url:http://192.0.2.7/", Some(Subject::Address(v4))),
        ("url:http://[2001:db8::7]:81/", Some(Subject::Address(v6))),
        ("email:info@example.at", Some(Subject::Name("example.at"))),
        ("email:pseudonym:00112233445566778899aabbccddeeff", None),
        ("md5:00112233445566778899aabbccddeeff", None),
        ("cve:CVE-2021-44228", None),
        (
            "cidr:192.0.2.0/24",
            Some(Subject::Network(Network::parse("192.0.2.0/24").unwrap())),
        ),
        ("nothing", None),
    ];
    for (text, subject) in cases {
        assert_eq!(Subject::of_indicator(text), subject, "{text}");
        assert_eq!(Subject::of_field(Field::Indicator, text), subject, "{text}");
    }
    let austria = Country::parse("AT").unwrap();
    assert_eq!(
        Subject::of_field(Field::IndicatorOf(IndicatorKind::Ip), "192.0.2.7"),
        Some(Subject::Address(v4))
    );
    assert_eq!(
        Subject::of_field(Field::AttestedCountry, "AT"),
        Some(Subject::Country(austria))
    );
    assert_eq!(
        Subject::of_field(Field::CriticalSector, "energy"),
        Some(Subject::Sector(Sector::Energy))
    );
    assert_eq!(
        Subject::of_field(Field::ReporterCountry, "AT"),
        None,
        "it names a member"
    );
}
