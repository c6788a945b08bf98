//! MISP's tags: handling labels, and the taxonomies that say what happened to whom. A taxonomy that is to be read gets its branch in [`of_names`].

mod nis1;

use std::collections::BTreeSet;

use chappe_model::{Pap, Rsit, Sector, Tlp};
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
}

/// Types of two taxonomies of law enforcement that RSIT states by another word. Those that RSIT splits further are left out: a guess would be made a fact.
const MAPPED_TYPES: [(&str, Rsit); 27] = [
    ("common-taxonomy:malware=\"infection\"", Rsit::InfectedSystem),
    ("common-taxonomy:malware=\"distribution\"", Rsit::MalwareDistribution),
    ("common-taxonomy:malware=\"command-and-control\"", Rsit::C2Server),
    ("common-taxonomy:availability=\"sabotage\"", Rsit::Sabotage),
    ("common-taxonomy:information-gathering=\"scanning\"", Rsit::Scanner),
    ("common-taxonomy:information-gathering=\"sniffing\"", Rsit::Sniffing),
    ("common-taxonomy:information-gathering=\"phishing\"", Rsit::Phishing),
    ("common-taxonomy:intrusion-attempt=\"login-attempt\"", Rsit::BruteForce),
    (
        "common-taxonomy:information-security=\"unauthorised-access\"",
        Rsit::UnauthorisedInformationAccess,
    ),
    (
        "common-taxonomy:fraud=\"resources-misuse\"",
        Rsit::UnauthorisedUseOfResources,
    ),
    ("common-taxonomy:fraud=\"false-representation\"", Rsit::Masquerade),
    ("common-taxonomy:abusive-content=\"spam\"", Rsit::Spam),
    ("common-taxonomy:abusive-content=\"copyright\"", Rsit::Copyright),
    ("common-taxonomy:other=\"undetermined-incident\"", Rsit::Undetermined),
    ("europol-incident:malware=\"infection\"", Rsit::InfectedSystem),
    ("europol-incident:malware=\"distribution\"", Rsit::MalwareDistribution),
    ("europol-incident:malware=\"c&c\"", Rsit::C2Server),
    ("europol-incident:availability=\"sabotage\"", Rsit::Sabotage),
    ("europol-incident:information-gathering=\"scanning\"", Rsit::Scanner),
    ("europol-incident:information-gathering=\"sniffing\"", Rsit::Sniffing),
    ("europol-incident:information-gathering=\"phishing\"", Rsit::Phishing),
    ("europol-incident:intrusion-attempt=\"login-attempt\"", Rsit::BruteForce),
    (
        "europol-incident:information-security=\"unauthorized-access\"",
        Rsit::UnauthorisedInformationAccess,
    ),
    (
        "europol-incident:fraud=\"illegitimate-use-resources\"",
        Rsit::UnauthorisedUseOfResources,
    ),
    ("europol-incident:fraud=\"illegitimate-use-name\"", Rsit::Masquerade),
    ("europol-incident:abusive-content=\"spam\"", Rsit::Spam),
    ("europol-incident:abusive-content=\"copyright\"", Rsit::Copyright),
];

/// MISP's labels of subsectors (taxonomy `nis2`, version 5) whose sector is not their own name without `-subsector`.
const SUBSECTORS: [(&str, Sector); 22] = [
    ("electricity", Sector::Energy),
    ("district-heating-and-cooling", Sector::Energy),
    ("oil", Sector::Energy),
    ("gas", Sector::Energy),
    ("hydrogen", Sector::Energy),
    ("air", Sector::Transport),
    ("rail", Sector::Transport),
    ("water", Sector::Transport),
    ("road", Sector::Transport),
    ("ict-management", Sector::IctServiceManagementB2b),
    ("medical-devices", Sector::Manufacturing),
    ("electronic-optical", Sector::Manufacturing),
    ("electrical-equipment", Sector::Manufacturing),
    ("machine-tool", Sector::Manufacturing),
    ("vehicle-manufacturing", Sector::Manufacturing),
    ("other-transport-equipment", Sector::Manufacturing),
    ("medical-devices-manufacturing", Sector::Manufacturing),
    ("computer-manufacturing", Sector::Manufacturing),
    ("electrical-equipment-manufacturing", Sector::Manufacturing),
    ("machinery-equipment-manufacturing", Sector::Manufacturing),
    ("vehicles-trailers-manufacturing", Sector::Manufacturing),
    ("other-transport-manufacturing", Sector::Manufacturing),
];

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
        } else if let Some((_, incident_type)) = MAPPED_TYPES.iter().find(|(known, _)| *known == tag) {
            mapped_types.insert(*incident_type);
        } else if let Some(sector) = sector(tag) {
            sectors.insert(sector);
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
            let name = value.strip_suffix("-subsector").unwrap_or(value);
            let special = SUBSECTORS
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, sector)| *sector);
            special.or_else(|| name.parse().ok())
        }
        _ => None,
    }
}

fn listed<T: ToString>(values: &BTreeSet<T>) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
