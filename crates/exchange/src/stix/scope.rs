//! Which objects make one report (ADR 0025): what a `report` or `grouping` refers to, and what none of them does.

use std::collections::BTreeSet;

use super::graph::{Graph, refs};
use super::observable;

/// The objects of one report.
pub(super) struct Scope {
    /// The `report` or `grouping` that holds them together.
    pub(super) container: Option<usize>,
    /// Places in the graph, rising.
    pub(super) members: Vec<usize>,
    /// Places of what no report refers to and holds no indicator: accounted for here, and no part of the report.
    pub(super) beside: Vec<usize>,
}

/// Members of an object that refer to others and say nothing of what was observed.
const OF_THE_RECORD: [&str; 3] = ["created_by_ref", "object_marking_refs", "sample_ref"];

/// The scopes of a collection, which together hold each of its objects; nothing where they hold more than `most` together.
pub(super) fn scopes(graph: &Graph<'_>, most: usize) -> Option<Vec<Scope>> {
    let is_container = |index: usize| {
        let node = &graph.nodes[index];
        matches!(node.kind, "report" | "grouping") && node.object.is_some() && !node.is_repeated && node.id.is_some()
    };
    let mut left: BTreeSet<usize> = (0..graph.nodes.len()).collect();
    let mut scopes = Vec::new();
    let mut held = 0;
    for container in (0..graph.nodes.len()).filter(|index| is_container(*index)) {
        let members = reached(graph, container, &is_container);
        held += members.len();
        if held > most {
            return None;
        }
        for index in &members {
            left.remove(index);
        }
        scopes.push(Scope {
            container: Some(container),
            members: members.into_iter().collect(),
            beside: Vec::new(),
        });
    }
    let says_something = |index: &usize| observable::may_be_read(graph.nodes[*index].kind);
    // The same one in whatever order they stand.
    let lowest = scopes
        .iter_mut()
        .min_by_key(|scope| scope.container.and_then(|index| graph.nodes[index].id));
    match lowest {
        Some(lowest) if !left.iter().any(says_something) => lowest.beside.extend(left),
        _ if left.is_empty() => {}
        _ => scopes.push(Scope {
            container: None,
            members: left.into_iter().collect(),
            beside: Vec::new(),
        }),
    }
    Some(scopes)
}

/// What a container refers to, what was observed by that, and the container itself, each in all its versions.
fn reached(graph: &Graph<'_>, container: usize, is_container: &dyn Fn(usize) -> bool) -> BTreeSet<usize> {
    let mut members: BTreeSet<usize> = BTreeSet::new();
    let mut waiting: Vec<&str> = graph.nodes[container].id.into_iter().collect();
    while let Some(id) = waiting.pop() {
        for index in graph.versions(id).iter().copied() {
            // One that another holds makes a report of its own.
            let another = index != container && is_container(index);
            if another || !members.insert(index) {
                continue;
            }
            waiting.extend(referred(graph, index));
        }
    }
    members
}

/// The ids of what was observed together with an object.
fn referred<'a>(graph: &Graph<'a>, index: usize) -> Vec<&'a str> {
    let node = &graph.nodes[index];
    let Some(object) = node.object else { return Vec::new() };
    let keys: Vec<&'a str> = match node.kind {
        "report" | "grouping" | "observed-data" => vec!["object_refs"],
        "sighting" => vec!["observed_data_refs", "sighting_of_ref"],
        "malware" => vec!["sample_refs"],
        kind if observable::is_observable(kind) => {
            let is_ref = |key: &&str| key.ends_with("_ref") || key.ends_with("_refs");
            let keys = object.keys().map(String::as_str).filter(is_ref);
            keys.filter(|key| !OF_THE_RECORD.contains(key)).collect()
        }
        _ => Vec::new(),
    };
    keys.into_iter().flat_map(|key| refs(object, key)).collect()
}
