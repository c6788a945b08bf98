//! Where a value is posted, and how it is found again.

use std::net::IpAddr;

use chappe_constituency::{Entry, Subject};
use chappe_model::{IndicatorKind, Network, Secret};

/// Labels of a name, from its end, by which it is posted: of a longer suffix the last of these are asked for.
pub const SUFFIXES: usize = 8;

/// Where an indicator is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Under a value, or under a name and what it lies below.
    Word(u64),
    /// Under an address.
    Address(IpAddr),
    /// Under a network.
    Network(Network),
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// A value, or what is or lies below a name.
    Word(u64),
    /// What shares an address with a network.
    Network(Network),
}

/// Makes places and probes. Words are keyed, so that nobody outside can aim values at one place.
#[derive(Debug)]
pub struct Keyer<'s> {
    secret: &'s Secret,
    text: String,
}

impl<'s> Keyer<'s> {
    /// Under the installation's secret.
    #[must_use]
    pub fn new(secret: &'s Secret) -> Self {
        Self {
            secret,
            text: String::new(),
        }
    }

    /// Tells every place of an indicator, a canonical value of a kind.
    pub fn places(&mut self, kind: IndicatorKind, value: &str, mut tell: impl FnMut(Place)) {
        let subject = Subject::of_value(kind, value);
        if !stands_by_its_host(kind, subject.as_ref()) {
            tell(Place::Word(self.word(kind.as_str(), value)));
        }
        match subject {
            Some(Subject::Address(address)) => tell(Place::Address(address)),
            Some(Subject::Network(network)) => tell(Place::Network(network)),
            Some(Subject::Name(name)) => suffixes(name).for_each(|suffix| tell(Place::Word(self.below(suffix)))),
            Some(Subject::Country(_) | Subject::Sector(_)) | None => {}
        }
    }

    /// Finds an indicator, as it is posted: mail addresses by their pseudonyms.
    #[must_use]
    pub fn of_value(&mut self, kind: IndicatorKind, value: &str) -> Probe {
        let subject = Subject::of_value(kind, value);
        match subject.filter(|subject| stands_by_its_host(kind, Some(subject))) {
            Some(Subject::Address(address)) => alone(address).map_or_else(|| self.whole(kind, value), Probe::Network),
            Some(Subject::Name(name)) => Probe::Word(self.below(last_labels(name))),
            _ => self.whole(kind, value),
        }
    }

    /// Finds what lies in a network, or is or lies below a domain. None of other entries: nothing is posted by them.
    #[must_use]
    pub fn of_entry(&mut self, entry: &Entry) -> Option<Probe> {
        match entry {
            Entry::Network(network) => Some(Probe::Network(*network)),
            Entry::Domain(suffix) => Some(Probe::Word(self.below(last_labels(suffix.as_str())))),
            Entry::Country(_) | Entry::Sector(_) => None,
        }
    }

    fn whole(&mut self, kind: IndicatorKind, value: &str) -> Probe {
        Probe::Word(self.word(kind.as_str(), value))
    }

    fn below(&mut self, suffix: &str) -> u64 {
        // No kind of indicator has this name.
        self.word("*.", suffix)
    }

    fn word(&mut self, kind: &str, value: &str) -> u64 {
        self.text.clear();
        self.text.extend([kind, ":", value]);
        self.secret.value_hash(&self.text)
    }
}

/// Whether the place of its host is enough to find a value: an address or a name is its own host, and is not posted twice.
fn stands_by_its_host(kind: IndicatorKind, subject: Option<&Subject<'_>>) -> bool {
    match kind {
        IndicatorKind::Ip => matches!(subject, Some(Subject::Address(_))),
        IndicatorKind::Domain => matches!(subject, Some(Subject::Name(_))),
        _ => false,
    }
}

/// A name and what it lies below, the shortest first: at most [`SUFFIXES`], and of single labels only those that can be asked for.
fn suffixes(name: &str) -> impl Iterator<Item = &str> {
    let dots = name.rmatch_indices('.').filter_map(|(dot, _)| name.get(dot + 1..));
    let all = dots.chain([name]).take(SUFFIXES);
    all.filter(|suffix| suffix.contains('.') || suffix.len() == COUNTRY_CODE_BYTES)
}

/// A single label is a domain to ask for where it is the code of a country.
const COUNTRY_CODE_BYTES: usize = 2;

/// A name, or of a longer one the last [`SUFFIXES`] labels.
fn last_labels(name: &str) -> &str {
    let cut = name.rmatch_indices('.').nth(SUFFIXES - 1);
    cut.and_then(|(dot, _)| name.get(dot + 1..)).unwrap_or(name)
}

/// The network of one address.
fn alone(address: IpAddr) -> Option<Network> {
    Network::around(address, if address.is_ipv4() { 32 } else { 128 })
}
