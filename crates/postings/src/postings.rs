//! Entries under places.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use chappe_model::Network;

use crate::keyer::{Place, Probe};
use crate::lowest::Lowest;
use crate::runs::{Merge, Row, Runs};

/// An entry under a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Posting {
    place: u64,
    entry: u64,
}

impl Row for Posting {
    type Key = (u64, u64);

    fn key(&self) -> (u64, u64) {
        (self.place, self.entry)
    }

    fn join(self, _: Self) -> Self {
        self
    }
}

/// Which entries stand under which places.
#[derive(Clone, Debug, Default)]
pub struct Postings {
    words: Runs<Posting>,
    addresses: Runs<Posting>,
    /// By their first address.
    networks: Runs<Posting>,
    /// The lengths of networks that were posted, of IPv4 and of IPv6.
    lengths: BTreeSet<(bool, u8)>,
}

/// Which of the three it is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Words,
    Addresses,
    Networks,
}

/// Runs that it is time to merge.
#[derive(Debug)]
pub struct Due {
    kind: Kind,
    merge: Merge<Posting>,
}

/// Runs that were merged.
#[derive(Debug)]
pub struct Merged {
    due: Due,
    run: Vec<Posting>,
}

/// Rows of addresses and networks that one look-up walks through at most, for all its networks together.
pub const NETWORK_ROWS: usize = 65_536;

impl Due {
    /// Merges them: it takes no lock, and as long as there are rows.
    #[must_use]
    pub fn merged(self) -> Merged {
        Merged {
            run: self.merge.run(),
            due: self,
        }
    }
}

impl Postings {
    /// Posts an entry.
    pub fn post(&mut self, place: Place, entry: u64) {
        match place {
            Place::Word(place) => self.words.push(Posting { place, entry }),
            Place::Address(address) => {
                let place = in_order(address);
                self.addresses.push(Posting { place, entry });
            }
            Place::Network(network) => {
                self.lengths
                    .insert((network.address().is_ipv4(), network.prefix_bits()));
                let place = in_order(network.address());
                self.networks.push(Posting { place, entry });
            }
        }
    }

    /// The entries from a number on that any of the probes finds, in ascending order, each once: the first `at_most` of them.
    ///
    /// A word costs as much as is taken; a network as much as was posted of its addresses. None where that is more than [`NETWORK_ROWS`] for all networks
    /// together: then it is less to go through the entries themselves.
    #[must_use]
    pub fn entries(&self, probes: &[Probe], from: u64, at_most: usize) -> Option<Vec<u64>> {
        let networks = probes.iter().filter_map(|probe| match probe {
            Probe::Network(network) => Some(network),
            Probe::Word(_) => None,
        });
        let mut rows = 0_usize;
        for network in networks {
            let places = span(network);
            let range = (*places.start(), 0)..=(*places.end(), u64::MAX);
            rows = rows.saturating_add(self.addresses.count(&range) + self.networks.count(&range));
            if rows > NETWORK_ROWS {
                return None;
            }
        }
        let mut lowest = Lowest::new(from, at_most);
        for probe in probes {
            match probe {
                Probe::Word(place) => take(&self.words, *place, &mut lowest),
                Probe::Network(network) => self.in_network(network, &mut lowest),
            }
        }
        Some(lowest.into_sorted())
    }

    fn in_network(&self, network: &Network, lowest: &mut Lowest) {
        let places = span(network);
        for runs in [&self.addresses, &self.networks] {
            if places.start() == places.end() {
                take(runs, *places.start(), lowest);
            } else {
                let range = (*places.start(), 0)..=(*places.end(), u64::MAX);
                runs.each(&range, |posting| lowest.take(posting.entry));
            }
        }
        // Networks that hold this one begin before it, at an address that only their length tells.
        let is_ipv4 = network.address().is_ipv4();
        let shorter = self.lengths.range((is_ipv4, 0)..(is_ipv4, network.prefix_bits()));
        for (_, bits) in shorter {
            if let Some(around) = Network::around(network.address(), *bits) {
                take(&self.networks, in_order(around.address()), lowest);
            }
        }
    }

    /// What it is time to merge, if anything. Until [`Postings::install`] nobody else may merge.
    #[must_use]
    pub fn due(&self) -> Option<Due> {
        let of = |kind, runs: &Runs<Posting>| runs.due().map(|merge| Due { kind, merge });
        of(Kind::Words, &self.words)
            .or_else(|| of(Kind::Addresses, &self.addresses))
            .or_else(|| of(Kind::Networks, &self.networks))
    }

    /// Puts what was merged in place of what it was made of.
    pub fn install(&mut self, merged: Merged) {
        let runs = match merged.due.kind {
            Kind::Words => &mut self.words,
            Kind::Addresses => &mut self.addresses,
            Kind::Networks => &mut self.networks,
        };
        runs.install(&merged.due.merge, merged.run);
    }

    /// Bytes of memory that they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.words.bytes() + self.addresses.bytes() + self.networks.bytes()
    }
}

/// What stands under one place.
fn take(runs: &Runs<Posting>, place: u64, lowest: &mut Lowest) {
    let walk = runs.walk(&((place, lowest.from())..=(place, u64::MAX)));
    walk.take(lowest.at_most())
        .for_each(|posting| lowest.take(posting.entry));
}

/// An address as a number: addresses of one network stand together. Of IPv6 the first 64 bits; IPv4 lies where IPv6 has nothing (RFC 4291, 2.4: `::/8` is reserved).
fn in_order(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(v4) => BEFORE_IPV4 | u64::from(v4.to_bits()),
        IpAddr::V6(v6) => (v6.to_bits() >> 64) as u64,
    }
}

const BEFORE_IPV4: u64 = 0x0000_ffff_0000_0000;

/// The places of a network's addresses.
fn span(network: &Network) -> RangeInclusive<u64> {
    let (first, bits) = (in_order(network.address()), u32::from(network.prefix_bits()));
    let host = match network.address() {
        IpAddr::V4(_) => u64::from(u32::MAX.checked_shr(bits).unwrap_or(0)),
        IpAddr::V6(_) => u64::MAX.checked_shr(bits).unwrap_or(0),
    };
    first..=(first | host)
}
