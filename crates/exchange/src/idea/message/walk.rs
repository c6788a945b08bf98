//! Goes through the items of a message: each ends up read or skipped, once.

use chappe_model::{Indicator, IndicatorKind};
use serde_json::{Map, Value};

use crate::address::address;
use crate::idea::members::Members;
use crate::{ReadItem, SkipReason, Skipped};

/// Members of `Source` and `Target` whose entries are items, and what they hold.
const ADDRESSES: [(&str, Option<IndicatorKind>); 8] = [
    ("IP4", Some(IndicatorKind::Ip)),
    ("IP6", Some(IndicatorKind::Ip)),
    ("Hostname", Some(IndicatorKind::Domain)),
    ("URL", Some(IndicatorKind::Url)),
    ("Email", Some(IndicatorKind::Email)),
    ("MAC", None),
    ("ASN", Some(IndicatorKind::Asn)),
    ("Netname", None),
];

/// What a target is called that attacks all the same: what an infected computer speaks with.
const HOSTILE: [&str; 7] = [
    "botnet",
    "cc",
    "fastflux",
    "malware",
    "originmalware",
    "originsandbox",
    "phishing",
];

/// The walk through one message and what it found.
pub(super) struct Walk<'w> {
    pub(super) read: Vec<ReadItem>,
    pub(super) skipped: Vec<Skipped>,
    /// Whether a source is said to control others.
    pub(super) is_control_server: bool,
    path: &'w str,
}

impl<'w> Walk<'w> {
    pub(super) fn new(path: &'w str) -> Self {
        Self {
            read: Vec::new(),
            skipped: Vec::new(),
            is_control_server: false,
            path,
        }
    }

    /// Goes through every item. An error is a member that stands twice.
    pub(super) fn message(&mut self, message: &Members<'_>) -> Result<(), String> {
        for name in ["Source", "Target"] {
            for (index, party) in message.list(&name.to_ascii_lowercase()).iter().enumerate() {
                self.party(party, name, &format!("{name}[{index}]"))?;
            }
        }
        for (index, attached) in message.list("attach").iter().enumerate() {
            let Some(members) = self.object(attached, &format!("Attach[{index}]"))? else {
                continue;
            };
            for (place, hash) in members.list("hash").iter().enumerate() {
                let found = text(hash).and_then(of_hash);
                self.item(format!("Attach[{index}].Hash[{place}]"), "Hash", found);
            }
        }
        for (index, reference) in message.list("ref").iter().enumerate() {
            let found = text(reference).and_then(of_reference);
            self.item(format!("Ref[{index}]"), "Ref", found);
        }
        Ok(())
    }

    fn party(&mut self, party: &Value, name: &str, path: &str) -> Result<(), String> {
        let Some(members) = self.object(party, path)? else {
            return Ok(());
        };
        let types = members.words("type");
        self.is_control_server |= name == "Source" && types.iter().any(|word| word == "cc");
        let excluded = exclusion(&members, name, &types);
        for (kind_name, kind) in ADDRESSES {
            for (index, value) in members.list(&kind_name.to_ascii_lowercase()).iter().enumerate() {
                let found = match (&excluded, kind) {
                    (_, None) => Err(SkipReason::NotCorrelated),
                    (Some(reason), _) => Err(reason.clone()),
                    (None, Some(kind)) => said(kind, value),
                };
                self.item(format!("{path}.{kind_name}[{index}]"), kind_name, found);
            }
        }
        Ok(())
    }

    /// The members of an object; what is none is an item that is skipped.
    fn object<'a>(&mut self, value: &'a Value, path: &str) -> Result<Option<Members<'a>>, String> {
        let Value::Object(object) = value else {
            self.item(path.to_owned(), "", Err(SkipReason::Malformed("not an object")));
            return Ok(None);
        };
        Members::of(object)
            .map(Some)
            .map_err(|message| format!("{path}: {message}"))
    }

    fn item(&mut self, path: String, what: &str, found: Result<Indicator, SkipReason>) {
        let path = match self.path {
            "" => path,
            of => format!("{of}: {path}"),
        };
        match found {
            Ok(indicator) => self.read.push(ReadItem {
                path,
                indicators: vec![indicator],
            }),
            Err(reason) => self.skipped.push(Skipped {
                path,
                what: what.to_owned(),
                reason,
                withheld: Vec::new(),
            }),
        }
    }
}

/// Why nothing of a source or target is compared.
fn exclusion(members: &Members<'_>, name: &str, types: &[String]) -> Option<SkipReason> {
    for (flag, word) in [
        ("spoofed", "forged"),
        ("anonymised", "made anonymous"),
        ("imprecise", "imprecise"),
    ] {
        if members.is_true(flag) {
            return Some(SkipReason::NotGenuine(word));
        }
    }
    let is_hostile = types.iter().any(|word| HOSTILE.contains(&word.as_str()));
    let is_attacked = name == "Target" || types.iter().any(|word| word == "backscatter");
    (is_attacked && !is_hostile).then_some(SkipReason::Attacked)
}

fn text(value: &Value) -> Result<&str, SkipReason> {
    value.as_str().ok_or(SkipReason::Malformed("not a text"))
}

/// The value of a member of a source or target: a network stands among the addresses, and the number of a system is a number.
fn said(kind: IndicatorKind, value: &Value) -> Result<Indicator, SkipReason> {
    if let (IndicatorKind::Asn, Value::Number(number)) = (kind, value) {
        return one(kind, &number.to_string());
    }
    let value = text(value)?;
    let (kind, value) = if kind == IndicatorKind::Ip {
        address(value)
    } else {
        (kind, value)
    };
    one(kind, value)
}

fn one(kind: IndicatorKind, value: &str) -> Result<Indicator, SkipReason> {
    Ok(Indicator::parse(kind, value)?)
}

/// `sha1:0011…`.
fn of_hash(value: &str) -> Result<Indicator, SkipReason> {
    let (function, digits) = value
        .split_once(':')
        .ok_or(SkipReason::Malformed("no name of a hash function"))?;
    let kind = match function.to_ascii_lowercase().replace('-', "").as_str() {
        "md5" => IndicatorKind::Md5,
        "sha1" => IndicatorKind::Sha1,
        "sha256" => IndicatorKind::Sha256,
        "sha512" => IndicatorKind::Sha512,
        _ => return Err(SkipReason::NotCorrelated),
    };
    one(kind, digits)
}

/// `cve:CVE-2021-44228`, in the forms that are written. Other references are pages about an event, and no part of it.
fn of_reference(value: &str) -> Result<Indicator, SkipReason> {
    let value = value.trim_start_matches("urn:");
    let name = match value.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("cve:") => &value[4..],
        _ => value,
    };
    let is_cve = name.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("cve-"));
    if is_cve {
        one(IndicatorKind::Cve, name)
    } else {
        Err(SkipReason::NotCorrelated)
    }
}

/// Every item of a message, counted apart from the walk so that one can be checked against the other.
pub(super) fn count(message: &Map<String, Value>) -> usize {
    let named = |object: &Map<String, Value>, name: &str| -> Vec<Value> {
        let member = object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value);
        match member {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(entries)) => entries.clone(),
            Some(other) => vec![other.clone()],
        }
    };
    let within = |holder: &str, names: &[&str]| -> usize {
        let size = |entry: &Value| match entry {
            Value::Object(entry) => names.iter().map(|name| named(entry, name).len()).sum(),
            _ => 1,
        };
        named(message, holder).iter().map(size).sum()
    };
    let addresses = ADDRESSES.map(|(name, _)| name);
    within("Source", &addresses)
        + within("Target", &addresses)
        + within("Attach", &["Hash"])
        + named(message, "Ref").len()
}
