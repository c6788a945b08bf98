//! One MISP event: its own fields, and the account of its items.

mod walk;

use std::collections::BTreeSet;

use chappe_model::Severity;
use chappe_model::limits::TITLE_BYTES;
use serde_json::{Map, Value};

use self::walk::Walk;
use super::tags::{self, EventTags};
use super::{MAX_MISP_ITEMS, feed, galaxy, narrative, sighting};
use crate::notes::Notes;
use crate::out::{ORGANISATION, OWN_NOTE};
use crate::shown::{cut, one_line, shown};
use crate::{Draft, ReadError, Reading, loose, moment};

/// Reads the event at `path` of the file `name`.
pub(super) fn read(name: &str, path: &str, event: &Value) -> Result<Reading, ReadError> {
    let (file, path) = (name.to_owned(), path.to_owned());
    let Value::Object(event) = event else {
        return Err(ReadError::NotAnEvent {
            file,
            path,
            found: "not an object".to_owned(),
        });
    };
    let uuid = match loose::text(event, "uuid") {
        None => return Err(ReadError::NoUuid { file, path }),
        Some(uuid) if feed::is_uuid(&uuid) => uuid.to_ascii_lowercase(),
        Some(uuid) => {
            return Err(ReadError::BadUuid {
                file,
                path,
                value: uuid.into_owned(),
            });
        }
    };
    let total = count(event);
    if total > MAX_MISP_ITEMS {
        return Err(ReadError::TooManyItems {
            file,
            path,
            items: total,
        });
    }
    let mut notes = Notes::default();
    let tags = tags::of_event(event, &mut notes);
    let context = galaxy::of_event(event, &mut notes);
    let mut walk = Walk::new(event, tags.handling, &mut notes);
    walk.event(event, &path);
    let Walk {
        read,
        skipped,
        seen,
        countries,
        sectors,
        ..
    } = walk;
    if read.len() + skipped.len() != total {
        return Err(ReadError::Miscounted {
            file,
            path,
            accounted: read.len() + skipped.len(),
            total,
        });
    }
    let indicators = read.iter().flat_map(|item| item.indicators.iter().cloned()).collect();
    let mut draft = draft(name, &uuid, event, tags, &mut notes);
    draft.summary = narrative::summary(event, &context, &mut notes);
    draft.indicators = indicators;
    draft.countries = countries;
    draft.sectors.extend(sectors);
    // The event's day begins the incident, unless something was seen before; without sightings its end is not known.
    draft.occurred_from_ms = [draft.occurred_from_ms, seen.map(|seen| seen.first_ms)]
        .into_iter()
        .flatten()
        .min();
    draft.occurred_to_ms = seen.map(|seen| seen.last_ms);
    note_what_is_not_read(event, &mut notes);
    Ok(Reading {
        draft,
        read,
        skipped,
        total,
        notes: notes.finish(),
    })
}

/// The draft but for what the items say.
fn draft(name: &str, uuid: &str, event: &Map<String, Value>, tags: EventTags, notes: &mut Notes) -> Draft {
    let day = loose::text(event, "date");
    let occurred_from_ms = day.as_ref().and_then(|day| moment::day_ms(day));
    if let (Some(day), None) = (&day, occurred_from_ms) {
        notes.push(format!("the date {} is no day since 1970 and is not read", shown(day)));
    }
    Draft {
        report_key: format!("misp:{uuid}"),
        revision: revision(event, notes),
        title: title(event, uuid, notes),
        summary: String::new(),
        incident_type: tags.incident_type,
        severity: severity(event, notes),
        occurred_from_ms,
        occurred_to_ms: None,
        detected_at_ms: None,
        countries: BTreeSet::new(),
        sectors: tags.sectors,
        subsectors: tags.subsectors,
        confidence: tags.confidence,
        indicators: BTreeSet::new(),
        tlp: tags.handling.tlp,
        pap: tags.handling.pap,
        source: name.to_owned(),
    }
}

/// Every item of an event, counted apart from the reading so that one can be checked against the other.
fn count(event: &Map<String, Value>) -> usize {
    let with_proposals = |attribute: &Value| match attribute {
        Value::Object(attribute) => 1 + loose::list(attribute, "ShadowAttribute").len(),
        _ => 1,
    };
    let attributes =
        |holder: &Map<String, Value>| -> usize { loose::list(holder, "Attribute").iter().map(with_proposals).sum() };
    let objects: usize = loose::list(event, "Object")
        .iter()
        .map(|object| 1 + object.as_object().map_or(0, attributes))
        .sum();
    attributes(event) + loose::list(event, "ShadowAttribute").len() + objects
}

fn revision(event: &Map<String, Value>, notes: &mut Notes) -> u32 {
    let in_seconds = |seconds: Option<u64>| seconds.and_then(|seconds| u32::try_from(seconds).ok());
    let stamp = in_seconds(loose::number(event, "timestamp"));
    match stamp {
        // Neither sightings nor event reports move the event's own time.
        Some(seconds) if seconds > 0 => seconds.max(in_seconds(sighting::newest_s(event)).unwrap_or(0)),
        _ => {
            notes.push("no usable timestamp: taken as revision 1, later edits need one".to_owned());
            1
        }
    }
}

fn title(event: &Map<String, Value>, uuid: &str, notes: &mut Notes) -> String {
    let Some(info) = loose::text(event, "info") else {
        return format!("MISP event {uuid}");
    };
    let line = one_line(&info);
    let title = cut(&line, TITLE_BYTES);
    if title.len() < line.len() {
        notes.push(format!("the title was cut to {TITLE_BYTES} bytes"));
    }
    title.to_owned()
}

fn severity(event: &Map<String, Value>, notes: &mut Notes) -> Option<Severity> {
    let level = loose::text(event, "threat_level_id")?;
    match level.as_ref() {
        "1" => Some(Severity::High),
        "2" => Some(Severity::Medium),
        "3" => Some(Severity::Low),
        "4" => {
            notes.push("the threat level is undefined: no severity".to_owned());
            None
        }
        other => {
            notes.push(format!(
                "the threat level {} is none of 1 to 4: no severity",
                shown(other)
            ));
            None
        }
    }
}

/// Parts of an event that hold no items and say something all the same.
fn note_what_is_not_read(event: &Map<String, Value>, notes: &mut Notes) {
    let references = loose::list(event, "Object").iter();
    let references: usize = references
        .filter_map(|object| object.as_object())
        .map(|object| loose::list(object, "ObjectReference").len())
        .sum();
    if references > 0 {
        notes.push(format!("{references} references between objects not read"));
    }
    if let Some(group) = event.get("SharingGroup").and_then(Value::as_object) {
        let name = loose::text(group, "name").unwrap_or_default();
        notes.push(format!(
            "the event goes to the sharing group {} in MISP; here the label and its recipients alone decide",
            shown(&name)
        ));
    }
    let author = event.get("Orgc").and_then(|author| author.get("uuid"));
    if author.is_some_and(|uuid| uuid == ORGANISATION) {
        notes.push(OWN_NOTE.to_owned());
    }
    if loose::number(event, "distribution") == Some(0) {
        notes.push(
            "the event's distribution in MISP is its own organisation only; here the TLP label alone decides"
                .to_owned(),
        );
    }
}
