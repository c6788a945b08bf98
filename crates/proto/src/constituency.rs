//! Constituencies: as asked for, in the log, and as shown.

use chappe_constituency::{Constituency, Entry, EntryKind};
use chappe_model::MemberId;
use prost::Message;

use crate::incident::RecordError;
use crate::{Violations, v1};

/// Format of a [`v1::ConstituencyRecord`] that this version writes.
pub const CONSTITUENCY_FORMAT: u32 = 1;

/// Keys of constituencies in the `config` topic begin so; the member's id follows.
pub const KEY_PREFIX: &[u8] = b"constituency/";

/// What stands in the log of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// Whose.
    pub member: MemberId,
    /// By whom.
    pub stated_by: MemberId,
    /// What it answers for.
    pub constituency: Constituency,
}

/// Takes a message apart, noting every violation with its path below `field`.
pub fn parse(wire: &v1::Constituency, field: &str, bad: &mut Violations) -> Option<Constituency> {
    let kinds = of_kinds(wire).into_iter();
    let texts: Vec<_> = kinds
        .flat_map(|(kind, name, texts)| texts.iter().enumerate().map(move |(i, text)| (kind, name, i, text)))
        .collect();
    let (mut entries, mut paths) = (Vec::with_capacity(texts.len()), Vec::with_capacity(texts.len()));
    for (kind, name, i, text) in &texts {
        let path = format!("{field}.{name}[{i}]");
        match Entry::parse(*kind, text) {
            Ok(entry) => {
                entries.push(entry);
                paths.push(path);
            }
            Err(error) => bad.push(path, error),
        }
    }
    let broad = Constituency::too_broad(&entries);
    if entries.len() == texts.len() && broad.is_empty() {
        return Constituency::new(entries).map_err(|error| bad.push(field, error)).ok();
    }
    for (place, why) in broad {
        bad.push(paths.get(place).map_or(field, String::as_str), why);
    }
    None
}

/// The texts of a message by kind, each with the field's name.
fn of_kinds(wire: &v1::Constituency) -> [(EntryKind, &'static str, &[String]); 4] {
    [
        (EntryKind::Country, "countries", &wire.countries),
        (EntryKind::Sector, "sectors", &wire.sectors),
        (EntryKind::Network, "networks", &wire.networks),
        (EntryKind::Domain, "domains", &wire.domains),
    ]
}

/// A constituency on the wire.
#[must_use]
pub fn to_wire(constituency: &Constituency) -> v1::Constituency {
    v1::Constituency {
        countries: constituency
            .countries()
            .map(|country| country.as_str().to_owned())
            .collect(),
        sectors: constituency
            .sectors()
            .map(|sector| sector.as_str().to_owned())
            .collect(),
        networks: constituency.networks().iter().map(ToString::to_string).collect(),
        domains: constituency
            .domains()
            .iter()
            .map(|suffix| suffix.as_str().to_owned())
            .collect(),
    }
}

/// A kind of entry on the wire.
#[must_use]
pub const fn kind_to_wire(kind: EntryKind) -> v1::ConstituencyHitKind {
    match kind {
        EntryKind::Country => v1::ConstituencyHitKind::Country,
        EntryKind::Sector => v1::ConstituencyHitKind::Sector,
        EntryKind::Network => v1::ConstituencyHitKind::Network,
        EntryKind::Domain => v1::ConstituencyHitKind::Domain,
    }
}

/// The key of a member's records.
#[must_use]
pub fn key(member: &MemberId) -> Vec<u8> {
    [KEY_PREFIX, member.as_str().as_bytes()].concat()
}

/// Encodes one record of the topic.
#[must_use]
pub fn encode(stated: &Stated) -> Vec<u8> {
    v1::ConstituencyRecord {
        format: CONSTITUENCY_FORMAT,
        member: stated.member.to_string(),
        stated_by: stated.stated_by.to_string(),
        constituency: Some(to_wire(&stated.constituency)),
    }
    .encode_to_vec()
}

/// Reads what [`encode`] wrote. What is too broad, or means nothing elsewhere, is not asked again.
///
/// # Errors
/// When the bytes are of another format or damaged.
pub fn decode(bytes: &[u8]) -> Result<Stated, RecordError> {
    let record = v1::ConstituencyRecord::decode(bytes).map_err(|e| RecordError::Protobuf(e.to_string()))?;
    if record.format != CONSTITUENCY_FORMAT {
        return Err(RecordError::Format(record.format));
    }
    let wire = record.constituency.unwrap_or_default();
    let mut entries = Vec::new();
    for (kind, name, texts) in of_kinds(&wire) {
        for text in texts {
            entries.push(Entry::recorded(kind, text).map_err(|_| RecordError::Field(name))?);
        }
    }
    Ok(Stated {
        member: MemberId::parse(&record.member).map_err(|_| RecordError::Field("member"))?,
        stated_by: MemberId::parse(&record.stated_by).map_err(|_| RecordError::Field("stated_by"))?,
        constituency: Constituency::recorded(entries).map_err(|_| RecordError::Field("constituency"))?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn wire(domains: &[&str]) -> v1::Constituency {
        v1::Constituency {
            countries: vec!["at".into()],
            sectors: vec!["energy".into(), "health".into()],
            networks: vec!["192.0.2.0/24".into(), "2001:db8::/32".into()],
            domains: domains.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn what_was_stated_is_read_back_and_nothing_else_is() {
        let mut bad = Violations::default();
        let constituency = parse(&wire(&["Example.at.", "at"]), "constituency", &mut bad).unwrap();
        assert_eq!(to_wire(&constituency).domains, ["at", "example.at"]);
        let member = |id: &str| MemberId::parse(id).unwrap();
        let stated = Stated {
            member: member("csirt-at"),
            stated_by: member("europol"),
            constituency,
        };
        assert_eq!(decode(&encode(&stated)), Ok(stated.clone()));
        assert!(decode(b"").is_err() && decode(&[0xff]).is_err());
        let mut record = v1::ConstituencyRecord::decode(&encode(&stated)[..]).unwrap();
        record.format = 2;
        assert_eq!(decode(&record.encode_to_vec()), Err(RecordError::Format(2)));
        (record.format, record.constituency) = (1, None);
        assert_eq!(decode(&record.encode_to_vec()), Err(RecordError::Field("constituency")));
    }

    #[test]
    fn every_violation_is_named_by_its_path() {
        let fields = |wire: &v1::Constituency| {
            let mut bad = Violations::default();
            assert!(parse(wire, "constituency", &mut bad).is_none());
            bad.into_vec().into_iter().map(|v| v.field).collect::<Vec<_>>()
        };
        let mut wrong = wire(&["example.at", "*.at"]);
        wrong.networks.push("10.0.0.0".into());
        assert_eq!(fields(&wrong), ["constituency.networks[2]", "constituency.domains[1]"]);
        let mut broad = wire(&["example.at", "co.uk", "gv.at"]);
        broad.networks[1] = "::/0".into();
        assert_eq!(fields(&broad), ["constituency.networks[1]", "constituency.domains[1]"]);
        broad.domains.push("*.bank.at".into());
        assert_eq!(
            fields(&broad).len(),
            3,
            "what is too broad is told beside what is no entry"
        );
        assert_eq!(fields(&v1::Constituency::default()), ["constituency"]);
    }
}
