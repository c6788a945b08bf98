#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! What is found, against a look at each.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use chappe_constituency::{Entry, EntryKind, Holder, Subject, Table};
use chappe_model::{IndicatorKind, Network, Secret};
use proptest::prelude::*;

use crate::{HEAD_ROWS, Keyer, NETWORK_ROWS, Place, Postings, Probe, Row, Runs};

/// A sum of parts by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Most(u32, u32);

impl Row for Most {
    type Key = u32;

    fn key(&self) -> u32 {
        self.0
    }

    fn join(self, other: Self) -> Self {
        Self(self.0, self.1.max(other.1))
    }
}

fn merge_all(runs: &mut Runs<Most>) {
    while let Some(merge) = runs.due() {
        let run = merge.run();
        runs.install(&merge, run);
    }
}

#[test]
fn rows_are_walked_in_order_each_key_once_whatever_was_merged() {
    let rows = u32::try_from(HEAD_ROWS).unwrap() * 21 + 17;
    let (mut merged, mut unmerged, mut truth) = (Runs::default(), Runs::default(), BTreeMap::new());
    for n in 0..rows {
        let row = Most(n.wrapping_mul(2_654_435_761) % 50_000, n % 1_000);
        merged.push(row);
        unmerged.push(row);
        merge_all(&mut merged);
        let held = truth.entry(row.0).or_insert(row.1);
        *held = row.1.max(*held);
    }
    assert!(merged.bytes() < unmerged.bytes());
    for range in [0..=u32::MAX, 17..=40_000, 49_999..=u32::MAX, 9..=9, 60_000..=70_000] {
        let expected: Vec<_> = truth
            .range(range.clone())
            .map(|(key, most)| Most(*key, *most))
            .collect();
        assert_eq!(merged.walk(&range).collect::<Vec<_>>(), expected);
        assert_eq!(unmerged.walk(&range).collect::<Vec<_>>(), expected);
        let mut told: BTreeMap<u32, u32> = BTreeMap::new();
        unmerged.each(&range, |row| {
            let held = told.entry(row.0).or_default();
            *held = row.1.max(*held);
        });
        let told: Vec<_> = told.into_iter().map(|(key, most)| Most(key, most)).collect();
        assert_eq!(told, expected);
    }
}

#[test]
fn a_lookup_asks_few_runs() {
    let mut runs = Runs::default();
    for n in 0..u32::try_from(HEAD_ROWS).unwrap() * 64 {
        runs.push(Most(n, 0));
        merge_all(&mut runs);
    }
    assert_eq!(runs.due().map(|merge| merge.run().len()), None);
    assert_eq!(runs.walk(&(0..=u32::MAX)).count(), HEAD_ROWS * 64);
    assert_eq!(
        runs.bytes(),
        HEAD_ROWS * 64 * size_of::<Most>(),
        "one run, and an empty head"
    );
}

/// Few names, addresses and networks, so that they meet.
fn value() -> impl Strategy<Value = (IndicatorKind, String)> {
    let label = || prop::sample::select(vec!["a", "bad", "example", "at"]);
    let name = prop::collection::vec(label(), 1..11).prop_map(|labels| format!("{}.example.at", labels.join(".")));
    let host = prop_oneof![
        (0_u8..4, 0_u8..4).prop_map(|(c, d)| format!("203.0.{c}.{d}")),
        (0_u16..3, 0_u16..3).prop_map(|(c, d)| format!("2001:db8:{c:x}::{d:x}")),
        name,
    ];
    (host, 0_u8..4).prop_map(|(host, form)| {
        let is_name = host.ends_with("at");
        match (form, is_name) {
            (0, _) if host.contains(':') => (IndicatorKind::Url, format!("http://[{host}]/x")),
            (0, _) => (IndicatorKind::Url, format!("http://{host}/x")),
            (1, true) => (IndicatorKind::Email, format!("boss@{host}")),
            (_, true) => (IndicatorKind::Domain, host),
            (_, false) => (IndicatorKind::Ip, host),
        }
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let network = (value(), 0_u8..129).prop_filter_map("an address", |((kind, value), bits)| {
        let address = (kind == IndicatorKind::Ip).then(|| value.parse().unwrap())?;
        Network::around(address, bits).map(Entry::Network)
    });
    let domain = value().prop_filter_map("a name", |(kind, value)| {
        let text = (kind == IndicatorKind::Domain).then_some(value)?;
        Entry::parse(EntryKind::Domain, &text).ok()
    });
    let country = Just(Entry::parse(EntryKind::Domain, "at").unwrap());
    prop_oneof![4 => network, 4 => domain, 1 => country]
}

/// What may be found beside what is named: networks of IPv6 longer than 64 bits, and names of more labels than are posted, are found by what they lie in.
fn is_coarse(entry: &Entry) -> bool {
    match entry {
        Entry::Network(network) => network.prefix_bits() > 64 || network.prefix_bits() < 17,
        Entry::Domain(suffix) => suffix.as_str().split('.').count() > crate::SUFFIXES,
        Entry::Country(_) | Entry::Sector(_) => false,
    }
}

fn named(value: &(IndicatorKind, String), exact: &[(IndicatorKind, String)], table: &Table) -> bool {
    let subject = Subject::of_value(value.0, &value.1);
    exact.contains(value) || subject.is_some_and(|subject| table.narrowest(&subject).is_some())
}

proptest! {
    /// Nothing that is named is missed, over pages of any size; and nothing else is found but where places are coarse.
    #[test]
    fn what_is_named_is_found(
        posted in prop::collection::vec((value(), 0_u64..40), 0..60),
        exact in prop::collection::vec(value(), 0..4),
        entries in prop::collection::vec(entry(), 0..4),
        page in 1_usize..50,
    ) {
        let secret = Secret::new([7; 32]);
        let mut keyer = Keyer::new(&secret);
        let mut postings = Postings::default();
        for ((kind, value), number) in &posted {
            keyer.places(*kind, value, |place| postings.post(place, *number));
        }
        let table = Table::of_entries(entries.iter().map(|entry| (Holder(0), entry)));
        let truth: BTreeSet<u64> = posted.iter().filter(|(value, _)| named(value, &exact, &table)).map(|(_, n)| *n).collect();
        let mut probes: Vec<Probe> = exact.iter().map(|(kind, value)| keyer.of_value(*kind, value)).collect();
        probes.extend(entries.iter().filter_map(|entry| keyer.of_entry(entry)));
        let (mut found, mut from) = (BTreeSet::new(), 0);
        loop {
            let next = postings.entries(&probes, from, page).unwrap();
            prop_assert!(next.is_sorted() && next.len() <= page);
            let Some(last) = next.last() else { break };
            from = last + 1;
            found.extend(next);
        }
        prop_assert!(truth.is_subset(&found), "{:?} of {:?}", found, truth);
        let is_fine = |value: &(IndicatorKind, String)| value.0 != IndicatorKind::Domain || value.1.split('.').count() <= crate::SUFFIXES;
        let v6 = |value: &(IndicatorKind, String)| value.1.contains("2001:");
        // A name or an address that is asked for exactly stands with what lies below it, or has it as its host.
        let alone = |(kind, value): &(IndicatorKind, String)| match kind {
            IndicatorKind::Domain => Entry::parse(EntryKind::Domain, value).ok(),
            IndicatorKind::Ip => Network::around(value.parse().unwrap(), if value.contains(':') { 128 } else { 32 }).map(Entry::Network),
            _ => None,
        };
        let wide: Vec<Entry> = exact.iter().filter_map(alone).chain(entries.iter().cloned()).collect();
        if !entries.iter().any(is_coarse) && exact.iter().all(is_fine) && !exact.iter().any(v6) {
            let table = Table::of_entries(wide.iter().map(|entry| (Holder(0), entry)));
            let truth: BTreeSet<u64> = posted.iter().filter(|(value, _)| named(value, &exact, &table)).map(|(_, n)| *n).collect();
            prop_assert_eq!(found, truth);
        }
    }

    /// A network is found by every network that it shares an address with, and by no other.
    #[test]
    fn networks_are_found_where_they_meet(
        posted in prop::collection::vec((0_u32..64, 20_u8..33), 0..20),
        asked in (0_u32..64, 20_u8..33),
    ) {
        let network = |(n, bits): (u32, u8)| Network::around(std::net::Ipv4Addr::from(0xcb00_7100 + n * 4).into(), bits).unwrap();
        let mut postings = Postings::default();
        for (nth, of) in (0..).zip(&posted) {
            postings.post(Place::Network(network(*of)), nth);
        }
        let asked = network(asked);
        let table = Table::of_entries([(Holder(0), &Entry::Network(asked))]);
        let meets = |of: &(u32, u8)| table.narrowest(&Subject::Network(network(*of))).is_some();
        let truth: Vec<u64> = (0..).zip(&posted).filter(|(_, of)| meets(of)).map(|(nth, _)| nth).collect();
        let found = postings.entries(&[Probe::Network(asked)], 0, 100).unwrap();
        prop_assert!(truth.iter().all(|nth| found.contains(nth)), "{:?} of {:?}", found, truth);
    }
}

#[test]
fn networks_that_too_much_lies_in_are_not_walked() {
    let mut postings = Postings::default();
    let wide: Network = Network::parse("10.0.0.0/8").unwrap();
    for entry in 0..=NETWORK_ROWS as u64 {
        postings.post(Place::Address(IpAddr::V4((0x0a00_0000 + entry as u32).into())), entry);
    }
    assert_eq!(postings.entries(&[Probe::Network(wide)], 0, 10), None);
    let narrow = Network::parse("10.0.0.0/24").unwrap();
    assert_eq!(postings.entries(&[Probe::Network(narrow)], 5, 2), Some(vec![5, 6]));
}
