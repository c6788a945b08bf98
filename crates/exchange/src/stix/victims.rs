//! Countries and sectors of victims: only where the file says that something was seen there, or that this very incident or campaign went there.
//! That an actor or a malware family is known to go somewhere says nothing about what is reported.

use std::collections::{BTreeMap, BTreeSet};

use chappe_model::{Country, Sector};
use serde_json::Value;

use super::graph::{Graph, refs};
use super::scope::Scope;
use crate::loose;

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

/// The victims that the objects of a scope name.
pub(super) fn victims(graph: &Graph<'_>, scope: &Scope) -> Victims {
    let mut victims = Victims::default();
    let ids: BTreeSet<&str> = scope
        .members
        .iter()
        .filter_map(|index| graph.nodes[*index].id)
        .collect();
    let hit = hit(graph, &ids);
    let homes = relations(graph, "located-at").filter(|(source, _)| hit.contains(source));
    let homes: Vec<&str> = homes.map(|(_, home)| home).collect();
    for index in hit.iter().chain(&homes).filter_map(|id| graph.standing(id)) {
        victims.add(graph, index);
    }
    victims
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

/// The ids of locations and identities that were hit.
fn hit<'a>(graph: &Graph<'a>, scope: &BTreeSet<&str>) -> BTreeSet<&'a str> {
    let aims = |id: &str| id.starts_with("incident--") || id.starts_with("campaign--");
    let targets = relations(graph, "targets").filter(|(source, _)| aims(source) && scope.contains(source));
    let sightings = graph.nodes.iter().enumerate().filter(|(index, node)| {
        node.kind == "sighting" && graph.stands(*index) && node.id.is_some_and(|id| scope.contains(id))
    });
    let seen = sightings.filter_map(|(_, node)| node.object);
    let seen = seen.flat_map(|object| refs(object, "where_sighted_refs"));
    targets.map(|(_, target)| target).chain(seen).collect()
}

/// The relationships of a type that stand, as source and target.
fn relations<'g, 'a>(graph: &'g Graph<'a>, kind: &'g str) -> impl Iterator<Item = (&'a str, &'a str)> + use<'g, 'a> {
    let found = graph
        .nodes
        .iter()
        .enumerate()
        .filter(|(index, node)| node.kind == "relationship" && graph.stands(*index));
    found.filter_map(move |(_, node)| {
        let object = node.object?;
        let word = |key: &str| object.get(key)?.as_str();
        (word("relationship_type")? == kind).then_some((word("source_ref")?, word("target_ref")?))
    })
}
