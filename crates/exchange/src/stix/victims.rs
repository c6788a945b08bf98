//! Countries and sectors of victims: only where the file says that something was seen there, or that this very incident or campaign went there.
//! That an actor or a malware family is known to go somewhere says nothing about what is reported.

use std::collections::{BTreeMap, BTreeSet};

use chappe_model::{Country, Sector, Tlp};
use serde_json::Value;

use super::graph::{Graph, refs};
use super::marking::Label;
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

/// The victims that the objects of a scope name, as far as what says so, and they themselves, are marked no more strictly than the report.
pub(super) fn victims(graph: &Graph<'_>, scope: &Scope, label: Option<Tlp>) -> Victims {
    let mut victims = Victims::default();
    let allowed = |index: &usize| {
        let object = graph.nodes[*index].object;
        object.is_some_and(|object| Label::of(graph, object).allows(label))
    };
    let related = |kind, id| {
        let found = graph.related(kind, id).filter(|(index, _)| allowed(index));
        found.map(|(_, target)| target).collect::<Vec<&str>>()
    };
    let mut hit = BTreeSet::new();
    for index in scope
        .members
        .iter()
        .filter(|index| graph.stands(**index) && allowed(index))
    {
        let node = &graph.nodes[*index];
        match (node.kind, node.id, node.object) {
            ("incident" | "campaign", Some(id), _) => hit.extend(related("targets", id)),
            ("sighting", _, Some(object)) => hit.extend(refs(object, "where_sighted_refs")),
            _ => {}
        }
    }
    let homes: Vec<&str> = hit.iter().flat_map(|id| related("located-at", *id)).collect();
    let all = hit.into_iter().chain(homes).filter_map(|id| graph.standing(id));
    for index in all.filter(allowed) {
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
