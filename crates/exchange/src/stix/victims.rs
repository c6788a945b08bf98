//! Countries and sectors of victims: only where the file says that something was seen there, or that this very incident or campaign went there.
//! That an actor or a malware family is known to go somewhere says nothing about what is reported.

use std::collections::{BTreeMap, BTreeSet};

use chappe_model::{Country, Sector};
use serde_json::Value;

use super::graph::{Graph, refs};
use super::labels::Labels;
use super::scope::{Excess, Following, Scope};
use crate::loose;
use crate::misp::tags::Handling;

/// Sectors by STIX's vocabulary `industry-sector-ov`, where NIS2 has the same one. What NIS2 splits is not guessed.
const SECTORS: [(&str, Sector); 10] = [
    ("automotive", Sector::Manufacturing),
    ("chemical", Sector::Chemicals),
    ("energy", Sector::Energy),
    ("government", Sector::PublicAdministration),
    ("government-national", Sector::PublicAdministration),
    ("government-regional", Sector::PublicAdministration),
    ("healthcare", Sector::Health),
    ("manufacturing", Sector::Manufacturing),
    ("telecommunications", Sector::DigitalInfrastructure),
    ("transportation", Sector::Transport),
];

/// Who was hit, by the objects that say so.
#[derive(Debug, Default)]
pub(super) struct Victims {
    pub(super) countries: BTreeMap<usize, Country>,
    pub(super) sectors: BTreeMap<usize, BTreeSet<Sector>>,
}

/// Most seconds by which victims raise a revision.
const HIT_SECONDS: usize = 59;

impl Victims {
    /// How many countries and sectors they are, within a minute's seconds. A location or identity stands in one export and not in the next, while
    /// the report's own time stays: by so much the revision that says more is higher.
    pub(super) fn hit(&self) -> u32 {
        let countries: BTreeSet<&Country> = self.countries.values().collect();
        let sectors: BTreeSet<&Sector> = self.sectors.values().flatten().collect();
        u32::try_from((countries.len() + sectors.len()).min(HIT_SECONDS)).unwrap_or_default()
    }
}

/// The victims that the objects of a scope name, as far as what says so, and they themselves, are marked no more strictly than the report.
pub(super) fn victims(
    graph: &Graph<'_>,
    labels: &Labels,
    scope: &Scope,
    label: Handling,
    following: &mut Following,
) -> Result<Victims, Excess> {
    let mut victims = Victims::default();
    let allowed = |index: &usize| labels.drawn(*index).allows(label);
    let mut hit = BTreeSet::new();
    for index in scope
        .members
        .iter()
        .filter(|index| graph.stands(**index) && allowed(index))
    {
        let node = &graph.nodes[*index];
        match (node.kind, node.id, node.object) {
            ("incident" | "campaign", Some(id), _) => {
                for (relation, target) in graph.related("targets", id) {
                    following.follow(1)?;
                    hit.extend(Some(target).filter(|_| allowed(&relation)));
                }
            }
            ("sighting", _, Some(object)) => {
                for place in refs(object, "where_sighted_refs") {
                    following.follow(1)?;
                    hit.insert(place);
                }
            }
            _ => {}
        }
    }
    // Where somebody is at home is told no wider than who it is.
    hit.retain(|id| graph.newest(id).is_none_or(|index| allowed(&index)));
    let mut places = hit.clone();
    for id in hit {
        for (relation, target) in graph.related("located-at", id) {
            following.follow(1)?;
            places.extend(Some(target).filter(|_| allowed(&relation)));
        }
    }
    for index in places.into_iter().filter_map(|id| graph.standing(id)).filter(allowed) {
        victims.add(graph, index);
    }
    Ok(victims)
}

impl Victims {
    fn add(&mut self, graph: &Graph<'_>, index: usize) {
        let node = &graph.nodes[index];
        let Some(object) = node.object else { return };
        if node.kind == "location" {
            let country = loose::text(object, "country").and_then(|code| Country::parse(&code).ok());
            self.countries.extend(country.map(|country| (index, country)));
        }
        if node.kind == "identity" {
            let named = loose::list(object, "sectors").iter().filter_map(Value::as_str);
            let known = named.filter_map(|name| SECTORS.iter().find(|(known, _)| *known == name));
            let sectors: BTreeSet<Sector> = known.map(|(_, sector)| *sector).collect();
            if !sectors.is_empty() {
                self.sectors.insert(index, sectors);
            }
        }
    }
}
