//! The objects of a collection, and how they refer to each other.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::file::Item;
use super::observable::is_observable;
use crate::{loose, moment};

/// A collection with its objects by id.
pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// Every object of an id, the newest first.
    by_id: HashMap<&'a str, Vec<usize>>,
    /// Types, places and targets of the relationships that stand, by source.
    relations: HashMap<&'a str, Vec<(&'a str, usize, &'a str)>>,
    /// For each object the newest versions of what it draws in.
    links: Vec<Vec<usize>>,
}

/// Members of an object that refer to others and say nothing of what was observed.
const OF_THE_RECORD: [&str; 3] = ["created_by_ref", "object_marking_refs", "sample_ref"];

/// One entry of a collection.
pub(super) struct Node<'a> {
    pub(super) path: &'a str,
    /// Nothing where the entry is no object.
    pub(super) object: Option<&'a Map<String, Value>>,
    pub(super) kind: &'a str,
    pub(super) id: Option<&'a str>,
    /// When it was last changed, in milliseconds since 1970.
    pub(super) modified_ms: Option<u64>,
    /// Whether another of the same id is newer, or the same again.
    pub(super) is_repeated: bool,
}

impl Node<'_> {
    /// Whether its source took it back.
    pub(super) fn is_revoked(&self) -> bool {
        self.object.and_then(|object| loose::truth(object, "revoked")) == Some(true)
    }
}

impl<'a> Graph<'a> {
    pub(super) fn new(items: &'a [Item<'a>]) -> Self {
        let mut graph = Self {
            nodes: items.iter().map(node).collect(),
            by_id: HashMap::new(),
            relations: HashMap::new(),
            links: Vec::new(),
        };
        for (index, node) in graph.nodes.iter().enumerate() {
            if let Some(id) = node.id {
                graph.by_id.entry(id).or_default().push(index);
            }
        }
        for versions in graph.by_id.values_mut().filter(|versions| versions.len() > 1) {
            // Of equal ones either; of unequal ones of one time the same in whatever order they stand.
            let rank = |index: &usize| (graph.nodes[*index].modified_ms, items[*index].value.to_string());
            versions.sort_by_cached_key(|index| Reverse(rank(index)));
            for index in &versions[1..] {
                graph.nodes[*index].is_repeated = true;
            }
        }
        graph.links = graph.nodes.iter().map(|node| graph.linked(node)).collect();
        graph.relate();
        graph
    }

    fn relate(&mut self) {
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            let Some(object) = node
                .object
                .filter(|_| node.kind == "relationship" && self.stands(index))
            else {
                continue;
            };
            let word = |key: &str| object.get(key)?.as_str();
            if let (Some(kind), Some(source), Some(target)) =
                (word("relationship_type"), word("source_ref"), word("target_ref"))
            {
                self.relations.entry(source).or_default().push((kind, index, target));
            }
        }
    }

    /// What an object is related to by relationships of a type that stand, each with its place.
    pub(super) fn related<'s>(
        &'s self,
        kind: &'s str,
        source: &str,
    ) -> impl Iterator<Item = (usize, &'a str)> + use<'a, 's> {
        let all = self.relations.get(source).into_iter().flatten();
        let of_kind = all.filter(move |(of_kind, ..)| *of_kind == kind);
        of_kind.map(|(_, index, target)| (*index, *target))
    }

    /// Every version of an object.
    pub(super) fn versions(&self, id: &str) -> &[usize] {
        self.by_id.get(id).map_or(&[], Vec::as_slice)
    }

    /// The newest version of an object, revoked or not.
    pub(super) fn newest(&self, id: &str) -> Option<usize> {
        self.versions(id).first().copied()
    }

    /// The newest version of an object, unless it was revoked.
    pub(super) fn standing(&self, id: &str) -> Option<usize> {
        self.newest(id).filter(|index| self.stands(*index))
    }

    /// Whether an entry holds a report together.
    pub(super) fn is_container(&self, index: usize) -> bool {
        let node = &self.nodes[index];
        matches!(node.kind, "report" | "grouping") && node.id.is_some()
    }

    /// The newest versions of what an object draws in, each once: what was observed together with it.
    pub(super) fn links(&self, index: usize) -> &[usize] {
        &self.links[index]
    }

    fn linked(&self, node: &Node<'a>) -> Vec<usize> {
        let Some(object) = node.object else { return Vec::new() };
        let keys: Vec<&'a str> = match node.kind {
            "report" | "grouping" | "observed-data" => vec!["object_refs"],
            "sighting" => vec!["observed_data_refs", "sighting_of_ref"],
            "malware" => vec!["sample_refs"],
            kind if is_observable(kind) => {
                let is_ref = |key: &&str| key.ends_with("_ref") || key.ends_with("_refs");
                let keys = object.keys().map(String::as_str).filter(is_ref);
                keys.filter(|key| !OF_THE_RECORD.contains(key)).collect()
            }
            _ => Vec::new(),
        };
        let ids = keys.into_iter().flat_map(|key| refs(object, key));
        let mut linked: Vec<usize> = ids.filter_map(|id| self.newest(id)).collect();
        linked.sort_unstable();
        linked.dedup();
        linked.shrink_to_fit();
        linked
    }

    /// Whether an entry is the newest version of an object that was not revoked.
    pub(super) fn stands(&self, index: usize) -> bool {
        let node = &self.nodes[index];
        node.object.is_some() && !node.is_repeated && !node.is_revoked()
    }
}

fn node<'a>(item: &'a Item<'a>) -> Node<'a> {
    let object = item.value.as_object();
    let word = |key: &str| object.and_then(|object| object.get(key)?.as_str());
    let time = |key: &str| word(key).and_then(moment::instant_ms);
    Node {
        path: &item.path,
        object,
        kind: word("type").unwrap_or_default(),
        id: word("id"),
        modified_ms: time("modified").or_else(|| time("created")),
        is_repeated: false,
    }
}

/// The ids that a member refers to: one as a text, or several as a list.
pub(super) fn refs<'a>(object: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    loose::list(object, key).iter().filter_map(Value::as_str)
}
