//! MISP's tags: handling labels, and the taxonomies that say what happened to whom. A taxonomy that is to be read gets its branch in [`of_names`].

mod nis1;

use std::collections::BTreeSet;

use chappe_model::{Admiralty, CrimeType, Pap, Rsit, Sector, Subsector, Tlp};
use serde_json::{Map, Value};

use super::galaxy;
use crate::loose;
use crate::notes::Notes;
use crate::shown::shown;

/// Labels of one event or attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Handling {
    pub(crate) tlp: Option<Tlp>,
    pub(crate) pap: Option<Pap>,
}

/// What an event's tags say.
#[derive(Debug, Default)]
pub(crate) struct EventTags {
    pub(crate) handling: Handling,
    pub(crate) incident_type: Option<Rsit>,
    pub(crate) sectors: BTreeSet<Sector>,
    pub(crate) subsectors: BTreeSet<Subsector>,
    pub(crate) confidence: Option<Admiralty>,
}

/// The names of the tags of an event or attribute.
pub(super) fn names(tagged: &Map<String, Value>) -> impl Iterator<Item = &str> {
    loose::list(tagged, "Tag").iter().filter_map(|tag| match tag {
        Value::Object(tag) => tag.get("name")?.as_str(),
        Value::String(name) => Some(name),
        _ => None,
    })
}

/// Whether a tag is of a taxonomy, such as `tlp:`, in any case.
pub(crate) fn is_of(tag: &str, taxonomy: &str) -> bool {
    tag.split_once(':')
        .is_some_and(|(name, _)| name.eq_ignore_ascii_case(taxonomy))
}

/// The labels of an attribute. One that is not understood is taken as the strictest.
pub(super) fn of_attribute(attribute: &Map<String, Value>) -> Handling {
    let mut handling = Handling::default();
    for tag in names(attribute) {
        if is_of(tag, "tlp") {
            handling.tlp = handling.tlp.max(Some(tag.parse().unwrap_or(Tlp::Red)));
        } else if is_of(tag, "pap") {
            handling.pap = handling.pap.max(Some(tag.parse().unwrap_or(Pap::Red)));
        }
    }
    handling
}

/// What an event's tags say, and notes on those that say nothing here.
pub(super) fn of_event(event: &Map<String, Value>, notes: &mut Notes) -> EventTags {
    // What galaxies name is read with them.
    of_names(names(event).filter(|tag| !galaxy::is_cluster(tag)), notes)
}

/// What tags say, by their names; others than MISP write the same ones as labels.
pub(crate) fn of_names<'t>(names: impl Iterator<Item = &'t str>, notes: &mut Notes) -> EventTags {
    let mut tlps = BTreeSet::new();
    let mut paps = BTreeSet::new();
    let mut types = BTreeSet::new();
    let mut mapped_types = BTreeSet::new();
    let mut sectors = BTreeSet::new();
    let mut subsectors = BTreeSet::new();
    let mut grades = Grades::default();
    let mut unclear_tlp = false;
    for tag in names {
        if is_of(tag, "tlp") {
            match tag.parse::<Tlp>() {
                Ok(tlp) => drop(tlps.insert(tlp)),
                Err(_) => {
                    unclear_tlp = true;
                    notes.push(format!(
                        "the tag {} is no label of TLP 2.0: the event counts as not marked, unless another is RED",
                        shown(tag)
                    ));
                }
            }
        } else if let (true, Ok(pap)) = (is_of(tag, "pap"), tag.parse::<Pap>()) {
            paps.insert(pap);
        } else if let (true, Ok(incident_type)) = (tag.starts_with("rsit:"), tag.parse::<Rsit>()) {
            types.insert(incident_type);
        } else if let Some(incident_type) = tag.parse::<CrimeType>().ok().and_then(CrimeType::rsit) {
            mapped_types.insert(incident_type);
        } else if let Some(sector) = sector(tag) {
            sectors.insert(sector);
            subsectors.extend(subsector(tag));
        } else if grades.take(tag) {
        } else {
            notes.push(format!("the tag {} is not read", shown(tag)));
        }
    }
    if tlps.len() > 1 {
        notes.push(format!(
            "several labels, the most restrictive counts: {}",
            listed(&tlps)
        ));
    }
    if paps.len() > 1 {
        notes.push(format!(
            "several labels, the most restrictive counts: {}",
            listed(&paps)
        ));
    }
    let types = if types.is_empty() { mapped_types } else { types };
    if types.len() > 1 {
        notes.push(format!(
            "several types, the first in the order of RSIT counts: {}",
            listed(&types)
        ));
    }
    EventTags {
        handling: Handling {
            // Beside a label that is not understood only the strictest stands: nothing could ask for more.
            tlp: tlps.last().copied().filter(|tlp| !unclear_tlp || *tlp == Tlp::Red),
            pap: paps.last().copied(),
        },
        incident_type: types.first().copied(),
        sectors,
        subsectors,
        confidence: grades.together(notes),
    }
}

/// The two halves of the Admiralty scale, each a tag of its own. Of several the least counts.
#[derive(Default)]
struct Grades {
    reliability: Option<char>,
    credibility: Option<char>,
}

impl Grades {
    /// Whether the tag is one of them.
    fn take(&mut self, tag: &str) -> bool {
        let half = tag
            .strip_prefix("admiralty-scale:")
            .and_then(|rest| rest.split_once("=\""));
        let Some((predicate, value)) = half else { return false };
        let mut signs = value.strip_suffix('"').unwrap_or_default().chars();
        let (Some(sign), None) = (signs.next(), signs.next()) else {
            return false;
        };
        match predicate {
            "source-reliability" if Admiralty::new(sign, '6').is_some() => {
                self.reliability = self.reliability.max(Some(sign));
            }
            "information-credibility" if Admiralty::new('F', sign).is_some() => {
                self.credibility = self.credibility.max(Some(sign));
            }
            _ => return false,
        }
        true
    }

    /// A grade needs both.
    fn together(&self, notes: &mut Notes) -> Option<Admiralty> {
        match (self.reliability, self.credibility) {
            (Some(reliability), Some(credibility)) => Admiralty::new(reliability, credibility),
            (None, None) => None,
            _ => {
                notes.push("one half of a grade of the Admiralty scale is not read without the other".to_owned());
                None
            }
        }
    }
}

/// The sector that a tag of the taxonomies `nis2`, `nis` or `eu-nis-sector-and-subsectors` names as affected.
fn sector(tag: &str) -> Option<Sector> {
    if let Some(sector) = nis1::sector(tag) {
        return Some(sector);
    }
    let (predicate, value) = tag.strip_prefix("nis2:")?.split_once("=\"")?;
    let value = value.strip_suffix('"')?;
    match predicate {
        "impact-sectors-impacted" | "important-entities" => value.parse().ok(),
        "impact-subsectors-impacted" | "impact-subsectors-important-entities" => {
            let subsector = value.parse::<Subsector>().map(Subsector::sector);
            subsector.ok().or_else(|| sector_called(value))
        }
        _ => None,
    }
}

/// The subsector that a tag of the taxonomy `nis2` names as affected.
fn subsector(tag: &str) -> Option<Subsector> {
    let (predicate, value) = tag.strip_prefix("nis2:")?.split_once("=\"")?;
    let is_of_parts = predicate.starts_with("impact-subsectors-");
    is_of_parts.then(|| value.strip_suffix('"')?.parse().ok()).flatten()
}

/// A sector that MISP lists among the subsectors, since it has none.
fn sector_called(value: &str) -> Option<Sector> {
    match value.strip_suffix("-subsector").unwrap_or(value) {
        "ict-management" => Some(Sector::IctServiceManagementB2b),
        name => name.parse().ok(),
    }
}

fn listed<T: ToString>(values: &BTreeSet<T>) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
