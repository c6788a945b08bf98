//! Goes through the items of an event: each ends up read or skipped, once.

use std::collections::BTreeSet;

use chappe_model::{Country, Indicator, Pap, Sector, Tlp};
use serde_json::{Map, Value};

use crate::misp::attribute::{self, Meaning};
use crate::misp::places;
use crate::misp::sighting::{self, Sightings};
use crate::misp::tags::{self, Handling};
use crate::notes::Notes;
use crate::shown::shown;
use crate::{ReadItem, SkipReason, Skipped};
use crate::{loose, moment};

/// The span in which read items were seen, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) first_ms: u64,
    pub(super) last_ms: u64,
}

/// To whom MISP lets an event or item go (`distribution`, `sharing_group_id`).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Distribution {
    level: Option<u64>,
    sharing_group: Option<String>,
}

const OWN_ORGANISATION: u64 = 0;
const ALL_COMMUNITIES: u64 = 3;
const SHARING_GROUP: u64 = 4;
const INHERITED: u64 = 5;

impl Distribution {
    fn of(holder: &Map<String, Value>) -> Self {
        Self {
            level: loose::number(holder, "distribution"),
            sharing_group: loose::text(holder, "sharing_group_id").map(Into::into),
        }
    }

    /// Whether an item with this distribution goes to fewer than its event does.
    fn is_narrower_than(&self, event: &Self) -> bool {
        let event_level = event.level.unwrap_or(ALL_COMMUNITIES);
        match self.level {
            None | Some(INHERITED) => false,
            Some(SHARING_GROUP) => event_level != SHARING_GROUP || self.sharing_group != event.sharing_group,
            Some(level) if event_level == SHARING_GROUP => level == OWN_ORGANISATION,
            Some(level) => level < event_level,
        }
    }
}

/// What an object hands down to its attributes.
#[derive(Clone, Copy, Default)]
struct Holder<'o> {
    /// Its name; empty for the event itself.
    name: &'o str,
    is_deleted: bool,
    is_narrower: bool,
    is_of_a_victim: bool,
}

/// The walk through one event and what it found.
pub(super) struct Walk<'n> {
    pub(super) read: Vec<ReadItem>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) seen: Option<Seen>,
    /// Of those who were hit.
    pub(super) countries: BTreeSet<Country>,
    /// Of those who were hit.
    pub(super) sectors: BTreeSet<Sector>,
    /// When the event was edited last, in seconds since 1970.
    edited_s: u64,
    /// Attributes that hold a file beside their value.
    files: usize,
    handling: Handling,
    distribution: Distribution,
    notes: &'n mut Notes,
}

impl<'n> Walk<'n> {
    pub(super) fn new(event: &Map<String, Value>, handling: Handling, notes: &'n mut Notes) -> Self {
        let distribution = Distribution::of(event);
        Self {
            read: Vec::new(),
            skipped: Vec::new(),
            seen: None,
            countries: BTreeSet::new(),
            sectors: BTreeSet::new(),
            edited_s: loose::number(event, "timestamp").unwrap_or(0),
            files: 0,
            handling,
            distribution,
            notes,
        }
    }

    /// Goes through every item of the event at `path`.
    pub(super) fn event(&mut self, event: &Map<String, Value>, path: &str) {
        self.attributes(event, path, Holder::default());
        self.proposals(event, path);
        for (index, object) in loose::list(event, "Object").iter().enumerate() {
            self.object(object, &below(path, "Object", index));
        }
        if self.files > 0 {
            self.notes
                .push(format!("the contents of {} attached files are not read", self.files));
        }
    }

    fn attributes(&mut self, holder: &Map<String, Value>, path: &str, from: Holder<'_>) {
        for (index, attribute) in loose::list(holder, "Attribute").iter().enumerate() {
            self.attribute(attribute, below(path, "Attribute", index), from);
        }
    }

    fn proposals(&mut self, holder: &Map<String, Value>, path: &str) {
        for (index, proposal) in loose::list(holder, "ShadowAttribute").iter().enumerate() {
            let what = proposal.as_object().map_or_else(String::new, described);
            self.skip(below(path, "ShadowAttribute", index), what, SkipReason::Proposal);
        }
    }

    fn object(&mut self, object: &Value, path: &str) {
        let Value::Object(object) = object else {
            return self.skip(path.to_owned(), String::new(), SkipReason::Malformed("not an object"));
        };
        let name = loose::text(object, "name").unwrap_or_default();
        let holder = Holder {
            name: &name,
            is_deleted: is_deleted(object),
            is_narrower: Distribution::of(object).is_narrower_than(&self.distribution),
            is_of_a_victim: attribute::is_of_a_victim(&name),
        };
        let read_before = self.read.len();
        self.attributes(object, path, holder);
        if holder.is_deleted {
            self.skip(path.to_owned(), shown(&name), SkipReason::Deleted);
        } else if self.read.len() == read_before {
            self.skip(path.to_owned(), shown(&name), SkipReason::NothingRead);
        } else {
            self.note_times(object);
            self.read.push(ReadItem {
                path: path.to_owned(),
                indicators: Vec::new(),
            });
        }
    }

    fn attribute(&mut self, attribute: &Value, path: String, from: Holder<'_>) {
        let Value::Object(attribute) = attribute else {
            return self.skip(path, String::new(), SkipReason::Malformed("not an object"));
        };
        self.proposals(attribute, &path);
        self.files += usize::from(loose::text(attribute, "data").is_some());
        let sightings = sighting::of_attribute(attribute, self.edited_s);
        if let Some(read) = self.whom_it_hit(attribute, from) {
            return match read {
                Ok(()) => self.read.push(ReadItem {
                    path,
                    indicators: Vec::new(),
                }),
                Err(reason) => self.skip(path, described(attribute), reason),
            };
        }
        match self.indicators(attribute, from, &sightings) {
            Ok((indicators, errors)) => {
                for error in errors {
                    self.notes.push(format!("{path}: read in part: {error}"));
                }
                self.note_times(attribute);
                if sightings.expires_later {
                    self.notes
                        .push(format!("{path}: expires after the event's last edit: read"));
                }
                if let Some((first_ms, last_ms)) = sightings.seen_ms {
                    self.widen(first_ms, last_ms);
                }
                self.read.push(ReadItem { path, indicators });
            }
            Err(reason) => {
                let withheld = withheld(attribute, &reason);
                self.skipped.push(Skipped {
                    path,
                    what: described(attribute),
                    reason,
                    withheld,
                });
            }
        }
    }

    /// The indicators of an attribute and what is wrong with the rest of its value, or why it is skipped.
    fn indicators(
        &self,
        attribute: &Map<String, Value>,
        from: Holder<'_>,
        sightings: &Sightings,
    ) -> Result<(Vec<Indicator>, Vec<chappe_model::IndicatorError>), SkipReason> {
        if from.is_deleted || is_deleted(attribute) {
            return Err(SkipReason::Deleted);
        }
        let attribute_type = loose::text(attribute, "type").ok_or(SkipReason::Malformed("no type"))?;
        let relation = loose::text(attribute, "object_relation").unwrap_or_default();
        let meaning = match Meaning::of(&attribute_type) {
            Meaning::One(_) if attribute::is_recipient(from.name, &relation) => Meaning::Recipient,
            meaning => meaning,
        };
        if meaning == Meaning::Nothing {
            return Err(SkipReason::NotCorrelated);
        }
        let may_be_of_a_victim = from.is_of_a_victim || meaning == Meaning::Recipient;
        if may_be_of_a_victim && loose::truth(attribute, "to_ids") != Some(true) {
            return Err(SkipReason::Victim);
        }
        self.check_release(attribute, from)?;
        if let Some(over) = &sightings.over {
            return Err(over.clone());
        }
        let value = loose::text(attribute, "value").ok_or(SkipReason::Malformed("no value"))?;
        let (indicators, mut errors) = meaning.indicators(&value);
        match errors.pop() {
            Some(error) if indicators.is_empty() => Err(SkipReason::BadValue(error)),
            last => Ok((indicators, errors.into_iter().chain(last).collect())),
        }
    }

    /// Countries and sectors of those who were hit, which the object `victim` names by its relations; none for other attributes.
    fn whom_it_hit(&mut self, attribute: &Map<String, Value>, from: Holder<'_>) -> Option<Result<(), SkipReason>> {
        let relation = loose::text(attribute, "object_relation")?;
        if from.name != "victim" || !matches!(&*relation, "regions" | "sectors") {
            return None;
        }
        if from.is_deleted || is_deleted(attribute) {
            return Some(Err(SkipReason::Deleted));
        }
        if let Err(reason) = self.check_release(attribute, from) {
            return Some(Err(reason));
        }
        let value = loose::text(attribute, "value").unwrap_or_default();
        let known = if relation == "regions" {
            places::country(&value).map(|country| self.countries.extend([country]))
        } else {
            places::sector(&value).map(|sector| self.sectors.extend([sector]))
        };
        Some(known.ok_or(SkipReason::NoPlace))
    }

    /// Nothing goes further by a report than its source let it.
    fn check_release(&self, attribute: &Map<String, Value>, from: Holder<'_>) -> Result<(), SkipReason> {
        self.check_marking(tags::of_attribute(attribute))?;
        if from.is_narrower || Distribution::of(attribute).is_narrower_than(&self.distribution) {
            return Err(SkipReason::NarrowerDistribution);
        }
        Ok(())
    }

    /// An item without a label has its event's. Beside an unmarked event, whose label is yet to come, only the most open label cannot be widened.
    fn check_marking(&self, own: Handling) -> Result<(), SkipReason> {
        if let Some(tlp) = own.tlp.filter(|tlp| *tlp > self.handling.tlp.unwrap_or(Tlp::Clear)) {
            let event = self
                .handling
                .tlp
                .map_or_else(|| "no TLP label".to_owned(), |tlp| tlp.to_string());
            return Err(SkipReason::StricterMarking {
                own: tlp.to_string(),
                event,
            });
        }
        if let Some(pap) = own.pap.filter(|pap| *pap > self.handling.pap.unwrap_or(Pap::Clear)) {
            let event = self
                .handling
                .pap
                .map_or_else(|| "no PAP label".to_owned(), |pap| pap.to_string());
            return Err(SkipReason::StricterMarking {
                own: pap.to_string(),
                event,
            });
        }
        Ok(())
    }

    fn note_times(&mut self, item: &Map<String, Value>) {
        for key in ["first_seen", "last_seen"] {
            let Some(text) = loose::text(item, key) else { continue };
            match moment::instant_ms(&text) {
                Some(ms) => self.widen(ms, ms),
                None => self
                    .notes
                    .push(format!("{key} {} is no time since 1970 and is not read", shown(&text))),
            }
        }
    }

    fn widen(&mut self, first_ms: u64, last_ms: u64) {
        let seen = self.seen.unwrap_or(Seen { first_ms, last_ms });
        self.seen = Some(Seen {
            first_ms: seen.first_ms.min(first_ms),
            last_ms: seen.last_ms.max(last_ms),
        });
    }

    fn skip(&mut self, path: String, what: String, reason: SkipReason) {
        let withheld = Vec::new();
        self.skipped.push(Skipped {
            path,
            what,
            reason,
            withheld,
        });
    }
}

/// What an attribute would give, were it not for its marking or distribution.
fn withheld(attribute: &Map<String, Value>, reason: &SkipReason) -> Vec<Indicator> {
    let (Some(attribute_type), Some(value)) = (loose::text(attribute, "type"), loose::text(attribute, "value")) else {
        return Vec::new();
    };
    match reason {
        SkipReason::StricterMarking { .. } | SkipReason::NarrowerDistribution => {
            Meaning::of(&attribute_type).indicators(&value).0
        }
        _ => Vec::new(),
    }
}

fn below(path: &str, key: &str, index: usize) -> String {
    if path.is_empty() {
        format!("{key}[{index}]")
    } else {
        format!("{path}.{key}[{index}]")
    }
}

fn is_deleted(item: &Map<String, Value>) -> bool {
    loose::truth(item, "deleted") == Some(true)
}

/// An attribute by its own words: type and category.
fn described(attribute: &Map<String, Value>) -> String {
    let attribute_type = loose::text(attribute, "type").unwrap_or_default();
    match loose::text(attribute, "category") {
        Some(category) => format!("{} ({})", shown(&attribute_type), shown(&category)),
        None => shown(&attribute_type),
    }
}
