//! One message: its own fields, and the account of its items.

mod walk;

use std::collections::BTreeSet;

use chappe_model::Rsit;
use chappe_model::limits::{SUMMARY_BYTES, TITLE_BYTES};
use serde_json::Value;

use self::walk::Walk;
use super::MAX_IDEA_ITEMS;
use super::category::incident_type;
use super::members::Members;
use crate::notes::Notes;
use crate::out::{NODE, OWN_NOTE};
use crate::shown::{cut, one_line, shown};
use crate::{Draft, ReadError, Reading, moment};

pub(super) const WANTED: &str = "give IDEA messages with Format IDEA0, ID, DetectTime and Category";

/// Longest id, in bytes: it is part of the report key.
const MAX_ID_BYTES: usize = 200;

/// Members that name other messages.
const RELATED: [&str; 4] = ["AggrID", "CorrelID", "PredID", "RelID"];

/// What every message must have.
struct Header<'a> {
    id: &'a str,
    detected_ms: u64,
    categories: Vec<String>,
}

/// Reads the message at `path` of the file `name`.
pub(super) fn read(name: &str, path: &str, message: &Value) -> Result<Reading, ReadError> {
    let wrong = |(field, message): (&str, String)| ReadError::Field {
        file: name.to_owned(),
        path: match (path, field) {
            (path, "") => path.to_owned(),
            ("", field) => field.to_owned(),
            (path, field) => format!("{path}: {field}"),
        },
        message,
    };
    let Value::Object(object) = message else {
        return Err(wrong(("", format!("not an object: {WANTED}"))));
    };
    let members = Members::of(object).map_err(|message| wrong(("", message)))?;
    let header = header(&members).map_err(wrong)?;
    let total = walk::count(object);
    if total > MAX_IDEA_ITEMS {
        return Err(ReadError::TooMany {
            file: name.to_owned(),
            path: path.to_owned(),
            what: "items",
            most: MAX_IDEA_ITEMS,
        });
    }
    let mut walk = Walk::new(path);
    walk.message(&members).map_err(|message| wrong(("", message)))?;
    if walk.read.len() + walk.skipped.len() != total {
        return Err(ReadError::Miscounted {
            file: name.to_owned(),
            path: path.to_owned(),
            accounted: walk.read.len() + walk.skipped.len(),
            total,
        });
    }
    let mut notes = Notes::default();
    note_relations(&members, &mut notes);
    if nodes(&members).iter().any(|name| name == NODE) {
        notes.push(OWN_NOTE.to_owned());
    }
    Ok(Reading {
        draft: draft(name, &header, &members, &walk, &mut notes),
        read: walk.read,
        skipped: walk.skipped,
        total,
        notes: notes.finish(),
    })
}

/// The members without which a message says nothing; an error is the member and what is wrong with it.
fn header<'a>(members: &Members<'a>) -> Result<Header<'a>, (&'static str, String)> {
    if members.text("format") != Some("IDEA0") {
        return Err(("Format", format!("not IDEA0: {WANTED}")));
    }
    let may_be_key = |id: &&str| id.len() <= MAX_ID_BYTES && !id.chars().any(char::is_control);
    let id = members.text("id").filter(may_be_key);
    let id = id.ok_or_else(|| {
        (
            "ID",
            format!("give a text of 1 to {MAX_ID_BYTES} bytes that no other message has"),
        )
    })?;
    let detected_ms = members.text("detecttime").and_then(moment::instant_ms).ok_or_else(|| {
        let found = members
            .get("detecttime")
            .map_or_else(|| "nothing".to_owned(), |value| shown(&value.to_string()));
        let message = format!("{found} is no time since 1970: write RFC 3339, such as \"2026-03-02T06:15:00Z\"");
        ("DetectTime", message)
    })?;
    let categories = members.words("category");
    if categories.is_empty() {
        return Err(("Category", "give at least one, such as [\"Recon.Scanning\"]".to_owned()));
    }
    Ok(Header {
        id,
        detected_ms,
        categories,
    })
}

fn draft(name: &str, header: &Header<'_>, members: &Members<'_>, walk: &Walk<'_>, notes: &mut Notes) -> Draft {
    let (from, to) = times(members, notes);
    Draft {
        report_key: format!("idea:{}", header.id),
        // A message never changes: what replaces it has an id of its own.
        revision: 1,
        title: title(members, &header.categories, notes),
        summary: summary(members),
        incident_type: rsit(&header.categories, walk.is_control_server, notes),
        severity: None,
        occurred_from_ms: from,
        occurred_to_ms: to,
        detected_at_ms: Some(header.detected_ms),
        countries: BTreeSet::new(),
        sectors: BTreeSet::new(),
        subsectors: BTreeSet::new(),
        confidence: None,
        indicators: walk
            .read
            .iter()
            .flat_map(|item| item.indicators.iter().cloned())
            .collect(),
        tlp: None,
        pap: None,
        source: name.to_owned(),
    }
}

fn rsit(categories: &[String], is_control_server: bool, notes: &mut Notes) -> Option<Rsit> {
    let mut types = BTreeSet::new();
    for category in categories {
        match incident_type(category) {
            // What a bot and its control server have in common, told apart by what the source is said to be.
            Some(Rsit::InfectedSystem) if is_control_server => drop(types.insert(Rsit::C2Server)),
            Some(rsit) => drop(types.insert(rsit)),
            None => notes.push(format!(
                "the category {} is not read: RSIT has no type that is the same",
                shown(category)
            )),
        }
    }
    if types.len() > 1 {
        let listed: Vec<String> = types.iter().map(ToString::to_string).collect();
        notes.push(format!(
            "several types, the first in the order of RSIT counts: {}",
            listed.join(", ")
        ));
    }
    types.first().copied()
}

/// Begin and end of the event; of the window in which it was counted where those are not said.
fn times(members: &Members<'_>, notes: &mut Notes) -> (Option<u64>, Option<u64>) {
    let mut time = |names: [&str; 2]| {
        names.into_iter().find_map(|name| {
            let text = members.text(&name.to_ascii_lowercase())?;
            let found = moment::instant_ms(text);
            if found.is_none() {
                notes.push(format!("{name} {} is no time since 1970 and is not read", shown(text)));
            }
            found
        })
    };
    let (from, to) = (time(["EventTime", "WinStartTime"]), time(["CeaseTime", "WinEndTime"]));
    match (from, to) {
        (Some(from), Some(to)) if to < from => {
            notes.push("the event ends before it begins: the end is not read".to_owned());
            (Some(from), None)
        }
        times => times,
    }
}

fn note_relations(members: &Members<'_>, notes: &mut Notes) {
    for name in RELATED {
        if !members.list(&name.to_ascii_lowercase()).is_empty() {
            let advice = if name == "PredID" {
                ": retract what was reported from the messages that this one replaces"
            } else {
                ""
            };
            notes.push(format!("{name} is not read{advice}"));
        }
    }
}

fn title(members: &Members<'_>, categories: &[String], notes: &mut Notes) -> String {
    let line = match members.text("description") {
        Some(text) => one_line(text),
        None => format!("IDEA message: {}", shown(&categories.join(", "))),
    };
    let title = cut(&line, TITLE_BYTES);
    if title.len() < line.len() {
        notes.push(format!("the title was cut to {TITLE_BYTES} bytes"));
    }
    title.to_owned()
}

fn summary(members: &Members<'_>) -> String {
    let names = nodes(members);
    let by = if names.is_empty() {
        String::new()
    } else {
        format!(" by {}", names.join(", "))
    };
    cut(&format!("IDEA message{by}."), SUMMARY_BYTES).to_owned()
}

/// The names of those who detected it.
fn nodes(members: &Members<'_>) -> Vec<String> {
    let nodes = members.list("node").iter().filter_map(Value::as_object);
    let names = nodes.filter_map(|node| Members::of(node).ok()?.text("name").map(one_line));
    names.collect()
}
