//! Warning lists in the format of misp-warninglists: values that are met so widely that sharing them says nothing.

mod attributes;
mod regexes;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use chappe_model::{Indicator, IndicatorKind, Network};
use serde::{Deserialize, Serialize, Serializer};

use attributes::kinds;
use regexes::Regexes;

/// Longest list that is taken, in entries.
pub const WARNING_ENTRIES: usize = 2_000_000;
/// Longest list of type `regex`, in entries.
pub const WARNING_REGEXES: usize = 1_024;
/// Longest name of a list, in bytes: every campaign alert repeats the names of all.
pub const WARNING_NAME_BYTES: usize = 200;

/// One list in force. Two are equal if they have the same name and match the same.
#[derive(Clone)]
pub struct WarningList {
    /// Its name and version, for explanations.
    pub name: Arc<str>,
    /// Of what it matches, so that snapshots need not repeat the entries.
    digest: [u8; 32],
    kinds: Vec<IndicatorKind>,
    entries: Arc<Entries>,
}

enum Entries {
    /// Whole values, sorted.
    Strings(Vec<Box<str>>),
    /// Parts of values, sorted; none begins with another.
    Substrings(Vec<Box<str>>),
    /// Names with all below them, sorted.
    Hostnames(Vec<Box<str>>),
    /// Prefixes: the first address as 128 bits (IPv4 mapped), and how many of them count; sorted.
    Cidrs(Vec<(u128, u8)>),
    /// Regular expressions.
    Regexes(Regexes),
}

/// Why a list cannot be in force. Entries are numbered from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WarningListError {
    /// A type that is not matched here.
    #[error("warning list '{0}' is of type '{1}': string, substring, hostname, cidr and regex are matched")]
    Kind(String, String),
    /// None of its attributes is of a kind that reports can hold: it would never match.
    #[error("warning list '{0}' is for attributes that no indicator is of")]
    NoKind(String),
    /// A name that alerts cannot repeat.
    #[error("the name of a warning list has {0} bytes: 1 to {WARNING_NAME_BYTES}")]
    Name(usize),
    /// An entry that is no address or prefix.
    #[error("warning list '{0}', entry {1}: '{2}' is no address or prefix")]
    Cidr(String, usize, String),
    /// An expression that is not matched here.
    #[error("warning list '{0}', entry {1}: {2}")]
    Regex(String, usize, String),
    /// All expressions together.
    #[error("warning list '{0}': its regular expressions are too large when compiled: repeat less, or part the list")]
    RegexesTooLarge(String),
    /// An empty entry would match everything.
    #[error("warning list '{0}', entry {1}: it is empty, and would match everything")]
    Empty(String, usize),
    /// Too many.
    #[error("warning list '{0}' has {1} entries: at most {2} of its type")]
    TooLong(String, usize, usize),
}

/// A list as it stands in its file; unknown fields are left aside.
#[derive(Clone, Debug, Deserialize)]
pub struct WarningFile {
    /// For people.
    pub name: String,
    /// Rises with every change; the file has it as a number.
    pub version: u64,
    /// `string`, `substring`, `hostname`, `cidr` or `regex`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The entries.
    pub list: Vec<String>,
    /// MISP's types of attributes that it is for; none: all.
    #[serde(default)]
    pub matching_attributes: Vec<String>,
}

impl WarningList {
    /// Takes a list in force.
    ///
    /// # Errors
    /// When it could not be matched as its type says, or would match nothing whatever its entries.
    pub fn new(file: WarningFile) -> Result<Self, WarningListError> {
        let WarningFile {
            name,
            version,
            kind,
            list,
            matching_attributes,
        } = file;
        if !(1..=WARNING_NAME_BYTES).contains(&name.len()) {
            return Err(WarningListError::Name(name.len()));
        }
        let kinds = kinds(&matching_attributes);
        if kinds.is_empty() {
            return Err(WarningListError::NoKind(name));
        }
        let entries = Entries::of(&name, &kind, &list)?;
        Ok(Self {
            name: format!("{name} {version}").into(),
            digest: digest(&kind, &kinds, &entries),
            kinds,
            entries: Arc::new(entries),
        })
    }

    /// How many entries it has; those that say the same count once.
    #[must_use]
    pub fn entries(&self) -> usize {
        match &*self.entries {
            Entries::Strings(texts) | Entries::Substrings(texts) | Entries::Hostnames(texts) => texts.len(),
            Entries::Cidrs(prefixes) => prefixes.len(),
            Entries::Regexes(regexes) => regexes.written().len(),
        }
    }

    /// Whether an indicator is on the list.
    #[must_use]
    pub fn holds(&self, indicator: &Indicator) -> bool {
        if !self.kinds.contains(&indicator.kind()) {
            return false;
        }
        let value = indicator.value();
        match &*self.entries {
            Entries::Strings(sorted) => has(sorted, &value.to_lowercase()),
            Entries::Substrings(parts) => {
                let value = value.to_lowercase();
                value.char_indices().any(|(at, _)| begins(parts, &value[at..]))
            }
            Entries::Hostnames(sorted) => host_of(indicator).is_some_and(|host| {
                let dots = host.match_indices('.').map(|(at, _)| &host[at + 1..]);
                std::iter::once(host).chain(dots).any(|name| has(sorted, name))
            }),
            Entries::Cidrs(sorted) => match indicator.kind() {
                IndicatorKind::Cidr => Network::parse(value).is_ok_and(|network| {
                    let before = if network.address().is_ipv4() { 96 } else { 0 };
                    in_prefixes(sorted, bits(network.address()), before + network.prefix_bits())
                }),
                _ => host_of(indicator)
                    .and_then(|host| host.parse().ok())
                    .is_some_and(|address| in_prefixes(sorted, bits(address), 128)),
            },
            Entries::Regexes(regexes) => regexes.match_any(value),
        }
    }
}

impl PartialEq for WarningList {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.digest == other.digest
    }
}

impl Eq for WarningList {}

impl fmt::Debug for WarningList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WarningList({:?}, {} entries)", self.name, self.entries())
    }
}

/// What makes it equal to another: its name and the digest of what it matches.
impl Serialize for WarningList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.name, &self.digest).serialize(serializer)
    }
}

impl Entries {
    fn of(name: &str, kind: &str, list: &[String]) -> Result<Self, WarningListError> {
        let most = match kind {
            "string" | "substring" | "hostname" | "cidr" => WARNING_ENTRIES,
            "regex" => WARNING_REGEXES,
            _ => return Err(WarningListError::Kind(name.to_owned(), kind.to_owned())),
        };
        if list.len() > most {
            return Err(WarningListError::TooLong(name.to_owned(), list.len(), most));
        }
        let is_empty = |entry: &String| match kind {
            "hostname" => entry.trim_matches('.').is_empty(),
            _ => entry.is_empty(),
        };
        if let Some(at) = list.iter().position(is_empty) {
            return Err(WarningListError::Empty(name.to_owned(), at + 1));
        }
        Ok(match kind {
            "substring" => Self::Substrings(shortest(sorted(list.iter().map(|entry| entry.to_lowercase())))),
            "hostname" => Self::Hostnames(sorted(list.iter().map(|entry| hostname(entry)))),
            "cidr" => Self::Cidrs(prefixes(name, list)?),
            "regex" => Self::Regexes(Regexes::new(name, list)?),
            _ => Self::Strings(sorted(list.iter().map(|entry| entry.to_lowercase()))),
        })
    }
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<Box<str>> {
    let mut texts: Vec<Box<str>> = texts.map(Into::into).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// Without those that begin with another: where they stand, the other does.
fn shortest(mut sorted: Vec<Box<str>>) -> Vec<Box<str>> {
    sorted.dedup_by(|part, before| part.starts_with(&**before));
    sorted
}

/// As indicators have it: names beyond ASCII in their ASCII form.
fn hostname(entry: &str) -> String {
    let name = entry.trim_matches('.').to_lowercase();
    let beyond = !name.is_ascii();
    let canonical = beyond
        .then(|| format!("domain:{name}").parse::<Indicator>().ok())
        .flatten();
    canonical.map_or(name, |indicator| indicator.value().to_owned())
}

fn digest(kind: &str, kinds: &[IndicatorKind], entries: &Entries) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(kind.as_bytes());
    part(&(kinds.len() as u64).to_le_bytes());
    kinds.iter().for_each(|kind| part(kind.as_str().as_bytes()));
    match entries {
        Entries::Strings(texts) | Entries::Substrings(texts) | Entries::Hostnames(texts) => {
            texts.iter().for_each(|text| part(text.as_bytes()));
        }
        Entries::Cidrs(prefixes) => {
            for (address, length) in prefixes {
                part(&address.to_le_bytes());
                part(&[*length]);
            }
        }
        Entries::Regexes(regexes) => regexes.written().iter().for_each(|text| part(text.as_bytes())),
    }
    *hasher.finalize().as_bytes()
}

fn has(sorted: &[Box<str>], value: &str) -> bool {
    sorted.binary_search_by(|entry| (**entry).cmp(value)).is_ok()
}

/// Whether the text begins with one of the parts: that could only be the last one that sorts no later, because none begins with another. So
/// what a list costs does not grow with its length.
fn begins(parts: &[Box<str>], text: &str) -> bool {
    let after = parts.partition_point(|part| **part <= *text);
    after > 0 && text.starts_with(&*parts[after - 1])
}

/// The host that a value names.
fn host_of(indicator: &Indicator) -> Option<&str> {
    let value = indicator.value();
    match indicator.kind() {
        IndicatorKind::Ip | IndicatorKind::Domain => Some(value),
        IndicatorKind::Url => {
            let rest = value.split_once("://")?.1;
            match rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
                Some((v6, _)) => Some(v6),
                None => rest.split([':', '/', '?']).next(),
            }
        }
        IndicatorKind::Email => value.rsplit_once('@').map(|(_, host)| host),
        _ => None,
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn prefixes(name: &str, list: &[String]) -> Result<Vec<(u128, u8)>, WarningListError> {
    let parsed = list.iter().map(|entry| {
        let (address, length) = match entry.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
            None => (entry.as_str(), None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (whole, before) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let length = length.unwrap_or(whole);
        (length <= whole).then(|| (bits(address) & mask(before + length), before + length))
    });
    let mut found = Vec::with_capacity(list.len());
    for (at, (prefix, entry)) in parsed.zip(list).enumerate() {
        found.push(prefix.ok_or_else(|| WarningListError::Cidr(name.to_owned(), at + 1, entry.clone()))?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

/// Whether the network of so many bits lies in one of the prefixes. At most 129 look-ups, however long the list.
fn in_prefixes(sorted: &[(u128, u8)], address: u128, whole: u8) -> bool {
    (0..=whole).any(|length| sorted.binary_search(&(address & mask(length), length)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(kind: &str, entries: &[&str], attributes: &[&str]) -> WarningFile {
        let texts = |of: &[&str]| of.iter().map(ToString::to_string).collect();
        WarningFile {
            name: "List".to_owned(),
            version: 20_260_101,
            kind: kind.to_owned(),
            list: texts(entries),
            matching_attributes: texts(attributes),
        }
    }

    fn list(kind: &str, entries: &[&str]) -> Result<WarningList, WarningListError> {
        WarningList::new(file(kind, entries, &[]))
    }

    fn holds(list: &WarningList, indicator: &str) -> bool {
        list.holds(&indicator.parse().unwrap())
    }

    #[test]
    fn each_type_matches_as_misp_warninglists_says() {
        let hosts = list("hostname", &["cdn.example", ".Deep.example"]).unwrap();
        assert_eq!(&*hosts.name, "List 20260101");
        for listed in [
            "domain:cdn.example",
            "domain:a.b.cdn.example",
            "url:https://x.cdn.example/a",
            "email:a@deep.example",
        ] {
            assert!(holds(&hosts, listed), "{listed}");
        }
        assert!(!holds(&hosts, "domain:notcdn.example") && !holds(&hosts, "url:https://example/cdn.example"));
        let nets = list("cidr", &["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"]).unwrap();
        for listed in [
            "ip:203.0.113.200",
            "ip:2001:db8:1::1",
            "ip:198.51.100.7",
            "url:http://203.0.113.9/x",
            "url:http://[2001:db8::1]:8080/x",
        ] {
            assert!(holds(&nets, listed), "{listed}");
        }
        assert!(!holds(&nets, "ip:198.51.100.8") && !holds(&nets, "ip:2001:db9::1"));
        assert!(holds(&nets, "cidr:203.0.113.128/25") && holds(&nets, "cidr:2001:db8::/32"));
        assert!(!holds(&nets, "cidr:203.0.112.0/23") && !holds(&nets, "cidr:2001:db8::/31"));
        let strings = list("string", &["cve-2026-1234"]).unwrap();
        assert!(holds(&strings, "cve:CVE-2026-1234") && !holds(&strings, "cve:CVE-2026-12345"));
        assert!(holds(
            &list("substring", &["tracker"]).unwrap(),
            "url:https://a.example/tracker.js"
        ));
    }

    #[test]
    fn a_list_is_for_the_attributes_that_it_names() {
        let mails = WarningList::new(file("substring", &["one.example"], &["email-src", "target-email"])).unwrap();
        assert!(holds(&mails, "email:a@one.example") && !holds(&mails, "domain:one.example"));
        let both = WarningList::new(file("string", &["one.example", "203.0.113.1"], &["domain|ip"])).unwrap();
        assert!(holds(&both, "domain:one.example") && holds(&both, "ip:203.0.113.1"));
        assert!(!holds(&both, "url:https://one.example/"));
        let all = WarningList::new(file("string", &["one.example"], &["ALL", "x"])).unwrap();
        assert!(holds(&all, "domain:one.example"));
        let phones = WarningList::new(file("regex", &["/(?<=a)/"], &["phone-number"]));
        assert_eq!(
            phones,
            Err(WarningListError::NoKind("List".into())),
            "before its entries are looked at"
        );
    }

    #[test]
    fn a_name_beyond_ascii_is_matched_in_the_form_of_indicators() {
        let banks = list("hostname", &[".Vakıfbank.com"]).unwrap();
        assert!(holds(&banks, "domain:www.vakıfbank.com"));
    }

    #[test]
    fn lists_are_equal_if_they_match_the_same_under_one_name() {
        let plain = list("string", &["a.example", "B.example"]).unwrap();
        assert_eq!(plain, list("string", &["b.example", "a.example", "a.example"]).unwrap());
        assert_eq!(plain.entries(), 2);
        let mut newer = file("string", &["a.example", "b.example"], &[]);
        newer.version += 1;
        let others = [
            list("hostname", &["a.example", "b.example"]).unwrap(),
            list("string", &["a.example"]).unwrap(),
            list("string", &["a.exampleb.example"]).unwrap(),
            WarningList::new(file("string", &["a.example", "b.example"], &["domain"])).unwrap(),
            WarningList::new(newer).unwrap(),
        ];
        for other in others {
            assert_ne!(plain, other);
            assert_ne!(postcard::to_stdvec(&plain), postcard::to_stdvec(&other));
        }
    }

    proptest::proptest! {
        #[test]
        fn a_part_is_found_wherever_it_stands(parts in proptest::collection::vec("[abé]{1,4}", 1..12), value in "[abcé]{0,12}") {
            let mut all: Vec<Box<str>> = parts.iter().map(|part| part.as_str().into()).collect();
            all.sort_unstable();
            let all = shortest(all);
            let found = value.char_indices().any(|(at, _)| begins(&all, &value[at..]));
            proptest::prop_assert_eq!(found, parts.iter().any(|part| value.contains(part)));
        }
    }

    #[test]
    fn what_cannot_be_matched_is_refused_with_its_place() {
        let said = |kind: &str, entries: &[&str]| list(kind, entries).unwrap_err().to_string();
        assert_eq!(
            said("glob", &["*"]),
            "warning list 'List' is of type 'glob': string, substring, hostname, cidr and regex are matched"
        );
        assert_eq!(
            said("cidr", &["203.0.113.0/24", "203.0.113.0/33"]),
            "warning list 'List', entry 2: '203.0.113.0/33' is no address or prefix"
        );
        for kind in ["string", "substring", "hostname", "cidr", "regex"] {
            assert_eq!(
                said(kind, &["::1", ""]),
                "warning list 'List', entry 2: it is empty, and would match everything"
            );
        }
        assert!(matches!(list("hostname", &["."]), Err(WarningListError::Empty(_, 1))));
        let many = vec!["a"; WARNING_REGEXES + 1];
        assert_eq!(
            said("regex", &many),
            "warning list 'List' has 1025 entries: at most 1024 of its type"
        );
        let nameless = WarningFile {
            name: String::new(),
            ..file("string", &["a"], &[])
        };
        assert_eq!(WarningList::new(nameless), Err(WarningListError::Name(0)));
    }
}
