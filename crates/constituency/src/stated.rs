//! What is stated of one member.

use std::collections::BTreeSet;

use chappe_model::limits::{CONSTITUENCY_BYTES, CONSTITUENCY_DOMAINS, CONSTITUENCY_NETWORKS};
use chappe_model::{Country, CountrySet, Network, Sector};

use crate::breadth::{self, TooBroad};
use crate::entry::{Entry, EntryKind, Suffix};

/// What one member answers for: each entry once, in a fixed order. Valid by construction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constituency {
    countries: CountrySet,
    sectors: BTreeSet<Sector>,
    networks: Box<[Network]>,
    domains: Box<[Suffix]>,
}

/// Why entries make no constituency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConstituencyError {
    /// Nothing.
    #[error("an empty constituency: give at least one country, sector, network or domain")]
    Empty,
    /// Too many of a kind.
    #[error("{count} entries of the kind {kind}: at most {most}; name broader ones")]
    TooMany {
        /// Of which kind.
        kind: EntryKind,
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// Too long to be one record.
    #[error("networks and domains of {0} bytes: at most {CONSTITUENCY_BYTES}; name broader ones")]
    TooLong(usize),
    /// Entries that are too broad, each with its place in the order given, from 0.
    #[error("{} too broad: {}", count(.0), first(.0))]
    TooBroad(Vec<(usize, TooBroad)>),
}

impl Constituency {
    /// Takes entries in any order, repeated or not.
    ///
    /// # Errors
    /// When there is none, there are too many, or some are too broad: all of these are named.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Result<Self, ConstituencyError> {
        let entries: Vec<Entry> = entries.into_iter().collect();
        if entries.is_empty() {
            return Err(ConstituencyError::Empty);
        }
        let broad = Self::too_broad(&entries);
        if !broad.is_empty() {
            return Err(ConstituencyError::TooBroad(broad));
        }
        Self::recorded(entries)
    }

    /// The entries of a constituency of these that are too broad, each with its place from 0.
    #[must_use]
    pub fn too_broad(entries: &[Entry]) -> Vec<(usize, TooBroad)> {
        let countries = countries_of(entries);
        let judged = entries.iter().enumerate();
        judged
            .filter_map(|(place, entry)| Some((place, breadth::judge(entry, &countries).err()?)))
            .collect()
    }

    /// Takes back what [`Constituency::new`] took, as the log holds it: what is too broad is not asked again, for the list of public suffixes
    /// changes from version to version.
    ///
    /// # Errors
    /// When there is no entry or there are too many.
    pub fn recorded(entries: impl IntoIterator<Item = Entry>) -> Result<Self, ConstituencyError> {
        let (mut countries, mut sectors) = (CountrySet::new(), BTreeSet::new());
        let (mut networks, mut domains) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Entry::Country(country) => countries.insert(country),
                Entry::Sector(sector) => {
                    sectors.insert(sector);
                }
                Entry::Network(network) => networks.push(network),
                Entry::Domain(suffix) => domains.push(suffix),
            }
        }
        networks.sort_unstable();
        networks.dedup();
        domains.sort_unstable();
        domains.dedup();
        let constituency = Self {
            countries,
            sectors,
            networks: networks.into(),
            domains: domains.into(),
        };
        constituency.within_bounds()
    }

    fn within_bounds(self) -> Result<Self, ConstituencyError> {
        let of = [
            (EntryKind::Network, self.networks.len(), CONSTITUENCY_NETWORKS),
            (EntryKind::Domain, self.domains.len(), CONSTITUENCY_DOMAINS),
        ];
        if let Some((kind, count, most)) = of.into_iter().find(|(_, count, most)| count > most) {
            return Err(ConstituencyError::TooMany { kind, count, most });
        }
        let bytes = self.bytes();
        if bytes > CONSTITUENCY_BYTES {
            return Err(ConstituencyError::TooLong(bytes));
        }
        if self.countries.is_empty() && self.sectors.is_empty() && self.entries() == 0 {
            return Err(ConstituencyError::Empty);
        }
        Ok(self)
    }

    /// Networks and domains, written out, in bytes.
    fn bytes(&self) -> usize {
        let networks = self.networks.iter().map(|network| network.to_string().len());
        let domains = self.domains.iter().map(|suffix| suffix.as_str().len());
        networks.chain(domains).sum()
    }

    /// Countries, by code.
    pub fn countries(&self) -> impl Iterator<Item = Country> + '_ {
        self.countries.iter()
    }

    /// Sectors, in the order of NIS2.
    pub fn sectors(&self) -> impl Iterator<Item = Sector> + '_ {
        self.sectors.iter().copied()
    }

    /// Networks, IPv4 first, by address.
    #[must_use]
    pub fn networks(&self) -> &[Network] {
        &self.networks
    }

    /// Domains, by name.
    #[must_use]
    pub fn domains(&self) -> &[Suffix] {
        &self.domains
    }

    /// How many networks and domains: what counts towards the bound of all constituencies together.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.networks.len() + self.domains.len()
    }
}

fn countries_of(entries: &[Entry]) -> CountrySet {
    let countries = entries.iter().filter_map(|entry| match entry {
        Entry::Country(country) => Some(*country),
        _ => None,
    });
    countries.collect()
}

fn count(broad: &[(usize, TooBroad)]) -> String {
    match broad.len() {
        1 => "an entry is".to_owned(),
        n => format!("{n} entries are"),
    }
}

fn first(broad: &[(usize, TooBroad)]) -> String {
    broad.first().map_or_else(String::new, |(_, why)| why.to_string())
}
