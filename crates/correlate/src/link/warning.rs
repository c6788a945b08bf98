//! Warning lists in the format of misp-warninglists: values that are met so widely that sharing them says nothing.

use std::net::IpAddr;
use std::sync::Arc;

use chappe_model::{Indicator, IndicatorKind};
use serde::{Deserialize, Serialize};

/// Longest list that is taken, in entries.
pub const WARNING_ENTRIES: usize = 2_000_000;

/// One list in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningList {
    /// Its name and version, for explanations.
    pub name: Arc<str>,
    entries: Entries,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Entries {
    /// Whole values, sorted.
    Strings(Vec<Box<str>>),
    /// Parts of values.
    Substrings(Vec<Box<str>>),
    /// Names with all below them, sorted.
    Hostnames(Vec<Box<str>>),
    /// Prefixes: the first address as 128 bits (IPv4 mapped), and how many of them count; sorted.
    Cidrs(Vec<(u128, u8)>),
}

/// Why a list cannot be in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WarningListError {
    /// A type that is not matched here. Regular expressions are not: a list from outside must not set what matching costs.
    #[error("warning list '{0}' is of type '{1}': string, substring, hostname and cidr are matched")]
    Kind(String, String),
    /// An entry that is no address or prefix.
    #[error("warning list '{0}': '{1}' is no address or prefix")]
    Cidr(String, String),
    /// An empty entry would match everything.
    #[error("warning list '{0}' holds an empty entry")]
    Empty(String),
    /// Too many.
    #[error("warning list '{0}' has {1} entries: at most {WARNING_ENTRIES}")]
    TooLong(String, usize),
}

/// A list as it stands in its file; unknown fields are left aside.
#[derive(Clone, Debug, Deserialize)]
pub struct WarningFile {
    /// For people.
    pub name: String,
    /// Rises with every change; the file has it as a number.
    pub version: u64,
    /// `string`, `substring`, `hostname` or `cidr`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The entries.
    pub list: Vec<String>,
}

impl WarningList {
    /// Takes a list in force.
    ///
    /// # Errors
    /// When it could not be matched as its type says.
    pub fn new(file: WarningFile) -> Result<Self, WarningListError> {
        let WarningFile {
            name,
            version,
            kind,
            list,
        } = file;
        if list.len() > WARNING_ENTRIES {
            return Err(WarningListError::TooLong(name, list.len()));
        }
        if list.iter().any(String::is_empty) {
            return Err(WarningListError::Empty(name));
        }
        let texts = |list: Vec<String>| {
            let mut texts: Vec<Box<str>> = list.iter().map(|entry| entry.to_lowercase().into()).collect();
            texts.sort_unstable();
            texts.dedup();
            texts
        };
        let entries = match kind.as_str() {
            "string" => Entries::Strings(texts(list)),
            "substring" => Entries::Substrings(texts(list)),
            "hostname" => Entries::Hostnames(texts(
                list.iter().map(|entry| entry.trim_matches('.').to_owned()).collect(),
            )),
            "cidr" => Entries::Cidrs(prefixes(&name, &list)?),
            _ => return Err(WarningListError::Kind(name, kind)),
        };
        Ok(Self {
            name: format!("{name} {version}").into(),
            entries,
        })
    }

    /// Whether an indicator is on the list.
    #[must_use]
    pub fn holds(&self, indicator: &Indicator) -> bool {
        let value = indicator.value();
        match &self.entries {
            Entries::Strings(sorted) => has(sorted, &value.to_lowercase()),
            Entries::Substrings(parts) => {
                let value = value.to_lowercase();
                parts.iter().any(|part| value.contains(&**part))
            }
            Entries::Hostnames(sorted) => host_of(indicator).is_some_and(|host| {
                let dots = host.match_indices('.').map(|(at, _)| &host[at + 1..]);
                std::iter::once(host).chain(dots).any(|name| has(sorted, name))
            }),
            Entries::Cidrs(sorted) => host_of(indicator)
                .and_then(|host| host.parse().ok())
                .is_some_and(|address| in_prefixes(sorted, bits(address))),
        }
    }
}

fn has(sorted: &[Box<str>], value: &str) -> bool {
    sorted.binary_search_by(|entry| (**entry).cmp(value)).is_ok()
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
    for (prefix, entry) in parsed.zip(list) {
        found.push(prefix.ok_or_else(|| WarningListError::Cidr(name.to_owned(), entry.clone()))?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

/// At most 129 look-ups, however long the list.
fn in_prefixes(sorted: &[(u128, u8)], address: u128) -> bool {
    (0..=128).any(|length| sorted.binary_search(&(address & mask(length), length)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(kind: &str, entries: &[&str]) -> Result<WarningList, WarningListError> {
        WarningList::new(WarningFile {
            name: "List".to_owned(),
            version: 20_260_101,
            kind: kind.to_owned(),
            list: entries.iter().map(ToString::to_string).collect(),
        })
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
        let strings = list("string", &["cve-2026-1234"]).unwrap();
        assert!(holds(&strings, "cve:CVE-2026-1234") && !holds(&strings, "cve:CVE-2026-12345"));
        assert!(holds(
            &list("substring", &["tracker"]).unwrap(),
            "url:https://a.example/tracker.js"
        ));
    }

    #[test]
    fn what_cannot_be_matched_is_refused() {
        assert!(matches!(list("regex", &[".*"]), Err(WarningListError::Kind(..))));
        assert!(matches!(
            list("cidr", &["203.0.113.0/33"]),
            Err(WarningListError::Cidr(..))
        ));
        assert!(matches!(list("substring", &[""]), Err(WarningListError::Empty(_))));
    }
}
