//! The events, the members that submit them, and the table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chappe_tests::{skipped, workspace};

/// The campaign.
pub(super) const XDSPY: &str = "misp-xdspy-event.json";
/// Three events that share no value.
pub(super) const DIFFERENT: [&str; 3] = [XDSPY, "misp-ramsay.json", "misp-kryptocibule.json"];

/// Who submits, each for its own country.
pub(super) const SUBMITTERS: [(&str, &str); 3] = [("csirt-at", "AT"), ("csirt-ee", "EE"), ("csirt-pl", "PL")];

/// An alert, as far as the table tells it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Raised {
    pub(super) rule: String,
    pub(super) kind: String,
    /// First 16 digits of the BLAKE3 hash of the canonical indicator.
    pub(super) hash: String,
    pub(super) countries: Vec<String>,
    pub(super) members: u32,
}

impl Raised {
    /// `key` holds the values of the alert's key: for these rules one indicator.
    pub(super) fn new(rule: &str, key: &[&str], countries: Vec<String>, members: u32) -> Self {
        let [indicator] = key else {
            panic!("an alert of {rule} on {key:?}")
        };
        let (kind, _) = indicator.split_once(':').unwrap();
        let hash = blake3::hash(indicator.as_bytes()).to_hex()[..16].to_owned();
        let (rule, kind) = (rule.to_owned(), kind.to_owned());
        Self {
            rule,
            kind,
            hash,
            countries,
            members,
        }
    }
}

/// The table.
pub(super) fn table() -> BTreeSet<Raised> {
    let text = std::fs::read_to_string(workspace().join("tests/oracle/xdspy.tsv")).unwrap();
    let rows: Vec<Raised> = text.lines().filter(|line| !line.starts_with('#')).map(row).collect();
    let table: BTreeSet<Raised> = rows.iter().cloned().collect();
    assert_eq!((rows.len(), table.len()), (45, 45));
    table
}

fn row(line: &str) -> Raised {
    let cells: Vec<&str> = line.split('\t').collect();
    let [rule, kind, hash, countries, members] = cells[..] else {
        panic!("five columns: {line}")
    };
    Raised {
        rule: rule.to_owned(),
        kind: kind.to_owned(),
        hash: hash.to_owned(),
        countries: countries.split(',').map(str::to_owned).collect(),
        members: members.parse().unwrap(),
    }
}

/// Where an event lies, or nothing, with a word on it, where the reference data are absent.
pub(super) fn event(test: &str, file: &str) -> Option<PathBuf> {
    let path = workspace().join("../shared/data/misp").join(file);
    if path.is_file() {
        return Some(path);
    }
    skipped(&format!("{test}: ../shared/data/misp/{file} is absent"));
    None
}

pub(super) fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// Each alert under one id: its last revision, by id. No two ids may stand for one fact.
pub(super) fn one_id_each(told: impl Iterator<Item = (String, Raised)>) -> BTreeMap<String, Raised> {
    let last: BTreeMap<String, Raised> = told.collect();
    let facts: BTreeSet<(&str, &str)> = last
        .values()
        .map(|raised| (raised.rule.as_str(), raised.hash.as_str()))
        .collect();
    assert_eq!(facts.len(), last.len(), "one id for each rule and key: {last:#?}");
    last
}
