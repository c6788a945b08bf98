//! From values to who answers for them.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::IpAddr;

use chappe_model::{Country, Network, Sector};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::PrefixMap;

use crate::entry::{Entry, EntryKind};
use crate::stated::Constituency;
use crate::subject::Subject;

/// A member by a number of the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder(pub u16);

/// An entry that a subject falls under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found<'a> {
    /// A country.
    Country(Country),
    /// A sector.
    Sector(Sector),
    /// A network.
    Network(Network),
    /// A domain: the name itself, or one below it.
    Domain(&'a str),
}

impl Found<'_> {
    /// What the entry is.
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

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Country(country) => f.write_str(country.as_str()),
            Self::Sector(sector) => f.write_str(sector.as_str()),
            Self::Network(network) => network.fmt(f),
            Self::Domain(name) => f.write_str(name),
        }
    }
}

/// Who holds an entry: a place among the distinct sets of holders, of which there are few.
type Set = u32;

/// Constituencies of any number of members, laid out for look-ups. It never changes: what reads it takes no lock.
#[derive(Debug, Default)]
pub struct Table {
    v4: PrefixMap<Ipv4Net, Set>,
    v6: PrefixMap<Ipv6Net, Set>,
    domains: HashMap<Box<str>, Set>,
    countries: BTreeMap<Country, Set>,
    sectors: BTreeMap<Sector, Set>,
    sets: Sets,
}

/// The distinct sets of holders, each sorted.
#[derive(Debug, Default)]
struct Sets {
    held: Vec<Box<[Holder]>>,
    places: HashMap<Box<[Holder]>, Set>,
}

/// Entries of each kind, each with a holder, in any order.
#[derive(Default)]
struct Rows<'a> {
    networks: Vec<(Network, Holder)>,
    domains: Vec<(&'a str, Holder)>,
    countries: Vec<(Country, Holder)>,
    sectors: Vec<(Sector, Holder)>,
}

impl Sets {
    fn place(&mut self, holders: impl Iterator<Item = Holder>) -> Set {
        let holders: Box<[Holder]> = holders.collect();
        if let Some(place) = self.places.get(&holders) {
            return *place;
        }
        let place = Set::try_from(self.held.len()).unwrap_or(Set::MAX);
        self.held.push(holders.clone());
        self.places.insert(holders, place);
        place
    }

    fn of(&self, set: Set) -> &[Holder] {
        self.held.get(set as usize).map_or(&[], |holders| holders)
    }
}

impl Table {
    /// Lays out the constituencies, each with its holder.
    #[must_use]
    pub fn new<'a>(stated: impl IntoIterator<Item = (Holder, &'a Constituency)>) -> Self {
        let mut rows = Rows::default();
        for (holder, constituency) in stated {
            rows.networks
                .extend(constituency.networks().iter().map(|network| (*network, holder)));
            rows.domains
                .extend(constituency.domains().iter().map(|suffix| (suffix.as_str(), holder)));
            rows.countries
                .extend(constituency.countries().map(|country| (country, holder)));
            rows.sectors
                .extend(constituency.sectors().map(|sector| (sector, holder)));
        }
        Self::laid_out(rows)
    }

    /// Lays out entries that need not make a constituency, however broad, each with its holder: for whoever looks for what lies under them.
    #[must_use]
    pub fn of_entries<'a>(entries: impl IntoIterator<Item = (Holder, &'a Entry)>) -> Self {
        let mut rows = Rows::default();
        for (holder, entry) in entries {
            match entry {
                Entry::Network(network) => rows.networks.push((*network, holder)),
                Entry::Domain(suffix) => rows.domains.push((suffix.as_str(), holder)),
                Entry::Country(country) => rows.countries.push((*country, holder)),
                Entry::Sector(sector) => rows.sectors.push((*sector, holder)),
            }
        }
        Self::laid_out(rows)
    }

    fn laid_out(rows: Rows<'_>) -> Self {
        let mut table = Self::default();
        let sets = &mut table.sets;
        each_entry(rows.networks, sets, |network, set| {
            match IpNet::new(network.address(), network.prefix_bits()) {
                Ok(IpNet::V4(net)) => {
                    table.v4.insert(net, set);
                }
                Ok(IpNet::V6(net)) => {
                    table.v6.insert(net, set);
                }
                Err(_) => {} // no network is longer than its address
            }
        });
        each_entry(rows.domains, sets, |name, set| {
            table.domains.extend([(name.into(), set)])
        });
        each_entry(rows.countries, sets, |country, set| {
            table.countries.extend([(country, set)])
        });
        each_entry(rows.sectors, sets, |sector, set| table.sectors.extend([(sector, set)]));
        table
    }

    /// How many networks and domains it has.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.v4.len() + self.v6.len() + self.domains.len()
    }

    /// Calls `found` for every entry that the subject falls under, with those who hold it, in order of their numbers: of networks and domains
    /// that contain it the broader before the narrower.
    pub fn look_up<'t>(&'t self, subject: &Subject<'_>, mut found: impl FnMut(Found<'t>, &'t [Holder])) {
        match subject {
            Subject::Address(address) => {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                self.around(*address, bits, |network, set| {
                    found(Found::Network(network), self.sets.of(set));
                });
            }
            Subject::Network(network) => {
                let mut tell = |network, set| found(Found::Network(network), self.sets.of(set));
                self.around(network.address(), network.prefix_bits(), &mut tell);
                self.within(network, tell);
            }
            Subject::Name(name) => self.above(name, |suffix, set| found(Found::Domain(suffix), self.sets.of(set))),
            Subject::Country(country) => {
                if let Some(set) = self.countries.get(country) {
                    found(Found::Country(*country), self.sets.of(*set));
                }
            }
            Subject::Sector(sector) => {
                if let Some(set) = self.sectors.get(sector) {
                    found(Found::Sector(*sector), self.sets.of(*set));
                }
            }
        }
    }

    /// The narrowest entry that the subject falls under, whoever holds it.
    #[must_use]
    pub fn narrowest<'t>(&'t self, subject: &Subject<'_>) -> Option<Found<'t>> {
        let mut last = None;
        self.look_up(subject, |found, _| last = Some(found));
        last
    }

    /// The networks that hold a whole network.
    fn around(&self, address: IpAddr, bits: u8, mut found: impl FnMut(Network, Set)) {
        match address {
            IpAddr::V4(v4) => {
                let Ok(net) = Ipv4Net::new(v4, bits) else { return };
                self.v4
                    .cover(&net)
                    .for_each(|(net, set)| tell_v4(net, *set, &mut found));
            }
            IpAddr::V6(v6) => {
                let Ok(net) = Ipv6Net::new(v6, bits) else { return };
                self.v6
                    .cover(&net)
                    .for_each(|(net, set)| tell_v6(net, *set, &mut found));
            }
        }
    }

    /// The networks within a network, without itself.
    fn within(&self, network: &Network, mut found: impl FnMut(Network, Set)) {
        let bits = network.prefix_bits();
        match network.address() {
            IpAddr::V4(v4) => {
                let Ok(net) = Ipv4Net::new(v4, bits) else { return };
                let within = self.v4.children(&net).filter(|(held, _)| *held != net);
                within.for_each(|(net, set)| tell_v4(net, *set, &mut found));
            }
            IpAddr::V6(v6) => {
                let Ok(net) = Ipv6Net::new(v6, bits) else { return };
                let within = self.v6.children(&net).filter(|(held, _)| *held != net);
                within.for_each(|(net, set)| tell_v6(net, *set, &mut found));
            }
        }
    }

    /// The domains that a name is or lies below.
    fn above<'t>(&'t self, name: &str, mut found: impl FnMut(&'t str, Set)) {
        let dots = name.rmatch_indices('.').filter_map(|(dot, _)| name.get(dot + 1..));
        for suffix in dots.chain([name]) {
            if let Some((held, set)) = self.domains.get_key_value(suffix) {
                found(held, *set);
            }
        }
    }
}

fn tell_v4(net: Ipv4Net, set: Set, found: &mut impl FnMut(Network, Set)) {
    if let Some(network) = Network::around(net.addr().into(), net.prefix_len()) {
        found(network, set);
    }
}

fn tell_v6(net: Ipv6Net, set: Set, found: &mut impl FnMut(Network, Set)) {
    if let Some(network) = Network::around(net.addr().into(), net.prefix_len()) {
        found(network, set);
    }
}

/// Each distinct entry with its set of holders.
fn each_entry<E: Ord + Copy>(mut held: Vec<(E, Holder)>, sets: &mut Sets, mut tell: impl FnMut(E, Set)) {
    held.sort_unstable();
    held.dedup();
    for alike in held.chunk_by(|(one, _), (other, _)| one == other) {
        if let Some((entry, _)) = alike.first() {
            tell(*entry, sets.place(alike.iter().map(|(_, holder)| *holder)));
        }
    }
}
