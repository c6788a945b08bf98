//! Which objects make one report (ADR 0025): what a `report` or `grouping` refers to, and what none of them does.

use std::collections::BTreeSet;

use super::graph::Graph;
use super::{MAX_STIX_REFERENCES, observable};

/// The objects of one report.
pub(super) struct Scope {
    /// The `report` or `grouping` that holds them together.
    pub(super) container: Option<usize>,
    /// Places in the graph, rising, each of the newest version of an object.
    pub(super) members: Vec<usize>,
    /// Places, rising, of older versions, and of what only these or revoked objects refer to: accounted for here, and no part of the report.
    pub(super) withdrawn: Vec<usize>,
    /// Places of what no report refers to and holds no indicator: accounted for here, and no part of the report.
    pub(super) beside: Vec<usize>,
}

impl Scope {
    /// What makes the report the same when it is sent again: its members, and what was taken back with them.
    pub(super) fn identifying<'s>(&'s self, graph: &'s Graph<'_>) -> impl Iterator<Item = usize> + 's {
        let ever = self.members.iter().chain(&self.withdrawn).copied();
        ever.filter(|index| !graph.nodes[*index].is_repeated)
    }

    /// Every place that is accounted for here, once.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> + '_ {
        let lists = [&self.members, &self.withdrawn, &self.beside];
        lists.into_iter().flatten().copied()
    }
}

/// Of what a file holds too much, and the bound.
pub(super) type Excess = (&'static str, usize);

/// The references that may still be followed in a file.
pub(super) struct Following {
    left: usize,
}

impl Following {
    pub(super) fn new() -> Self {
        Self {
            left: MAX_STIX_REFERENCES,
        }
    }

    /// Counts references that are about to be followed.
    pub(super) fn follow(&mut self, references: usize) -> Result<(), Excess> {
        let left = self.left.checked_sub(references);
        self.left = left.ok_or(("references", MAX_STIX_REFERENCES))?;
        Ok(())
    }
}

/// The scopes of a collection, which together hold each of its objects; those of reports at most so many, counted for each.
pub(super) fn scopes(graph: &Graph<'_>, items: usize, following: &mut Following) -> Result<Vec<Scope>, Excess> {
    let is_container = |index: &usize| graph.is_container(*index) && !graph.nodes[*index].is_repeated;
    let mut left: BTreeSet<usize> = (0..graph.nodes.len()).collect();
    let mut scopes = Vec::new();
    let mut held = 0;
    for container in (0..graph.nodes.len()).filter(is_container) {
        let all = reached(graph, container, following, Through::All)?;
        let members = reached(graph, container, following, Through::Standing)?;
        held += all.len();
        if held > items {
            return Err(("items", items));
        }
        for index in &all {
            left.remove(index);
        }
        scopes.push(Scope {
            container: Some(container),
            withdrawn: all.difference(&members).copied().collect(),
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
        _ => scopes.push(left_over(graph, &left)),
    }
    Ok(scopes)
}

/// By which objects others are drawn in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Through {
    /// All, in all their versions.
    All,
    /// The container and what stands, in their newest versions.
    Standing,
}

/// What a container refers to, what was observed by that, and the container itself.
fn reached(
    graph: &Graph<'_>,
    container: usize,
    following: &mut Following,
    through: Through,
) -> Result<BTreeSet<usize>, Excess> {
    let mut members = BTreeSet::from([container]);
    let mut waiting = vec![container];
    while let Some(newest) = waiting.pop() {
        let versions = match (through, graph.nodes[newest].id) {
            (Through::All, Some(id)) => graph.versions(id),
            (Through::Standing, _) if newest != container && !graph.stands(newest) => &[],
            _ => &[newest],
        };
        for version in versions {
            members.insert(*version);
            let links = graph.links(*version);
            following.follow(links.len())?;
            for target in links.iter().copied() {
                // What another holds is that one's alone, in all its versions.
                if !graph.is_container(target) && members.insert(target) {
                    waiting.push(target);
                }
            }
        }
    }
    Ok(members)
}

/// The scope of what no container holds.
fn left_over(graph: &Graph<'_>, left: &BTreeSet<usize>) -> Scope {
    // Nobody stands for an observable that only what was taken back refers to; other objects stand for themselves.
    let mut withdrawn = BTreeSet::new();
    let mut waiting: Vec<usize> = left.iter().copied().filter(|index| !graph.stands(*index)).collect();
    while let Some(index) = waiting.pop() {
        for target in graph.links(index).iter().copied() {
            let is_observable = observable::is_observable(graph.nodes[target].kind);
            if is_observable && left.contains(&target) && withdrawn.insert(target) {
                waiting.push(target);
            }
        }
    }
    let stands = |index: &usize| graph.stands(*index) && !withdrawn.contains(index);
    let mut waiting: Vec<usize> = left.iter().copied().filter(stands).collect();
    while let Some(index) = waiting.pop() {
        for target in graph.links(index) {
            if withdrawn.remove(target) {
                waiting.push(*target);
            }
        }
    }
    withdrawn.extend(left.iter().filter(|index| graph.nodes[**index].is_repeated));
    Scope {
        container: None,
        members: left.difference(&withdrawn).copied().collect(),
        withdrawn: withdrawn.into_iter().collect(),
        beside: Vec::new(),
    }
}
