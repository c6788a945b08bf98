//! The labels of all objects of a collection: their own, and those of what draws them in.

use std::cmp::Reverse;

use chappe_model::Tlp;
use serde_json::{Map, Value};

use super::graph::Graph;
use super::marking::{Label, Markings};

/// Labels by the places of their objects.
pub(super) struct Labels {
    own: Vec<Label>,
    drawn: Vec<Label>,
}

impl Labels {
    pub(super) fn of(graph: &Graph<'_>) -> Self {
        let markings = Markings::of(graph);
        let own = graph.nodes.iter().map(|node| node.object);
        let own = own.map(|object| object.map_or_else(Label::default, |object| whole(&markings, object)));
        let own: Vec<Label> = own.collect();
        let mut drawn = own.clone();
        for (label, source) in drawn.iter_mut().zip(carried(graph, &own, tlp)) {
            if let Some(source) = source {
                label.join_tlp(&own[source]);
            }
        }
        for (label, source) in drawn.iter_mut().zip(carried(graph, &own, |label| label.pap)) {
            label.pap = label.pap.max(source.and_then(|source| own[source].pap));
        }
        Self { own, drawn }
    }

    /// What an object says of itself.
    pub(super) fn own(&self, index: usize) -> &Label {
        &self.own[index]
    }

    /// The same with what is said by whatever draws it in: an observation marks what was observed, traffic its addresses, malware its samples, a revoked
    /// one as before it was.
    pub(super) fn drawn(&self, index: usize) -> &Label {
        &self.drawn[index]
    }
}

/// The label of an object, and of those that it holds within itself, as observations of STIX 2.0 do: a part that is marked more strictly marks the whole.
fn whole(markings: &Markings<'_>, object: &Map<String, Value>) -> Label {
    let mut label = Label::of(markings, object);
    let held = object.get("objects").and_then(Value::as_object);
    for part in held.into_iter().flat_map(Map::values).filter_map(Value::as_object) {
        let part = Label::of(markings, part);
        label.join_tlp(&part);
        label.pap = label.pap.max(part.pap);
    }
    label
}

/// How strict a label is. RED that is understood goes before what is not: nothing could ask for more.
fn tlp(label: &Label) -> Option<(Tlp, Option<Tlp>, Option<String>)> {
    let strictest = label.strictest()?;
    Some((strictest, label.tlp, label.unclear.clone()))
}

/// For each object the strictest other one that draws it in, over however many references. Begins at the strictest, so that each reference is followed once
/// for what it carries. A report or grouping carries nothing: it says who may read it, and not what its objects are.
fn carried<S: Ord>(graph: &Graph<'_>, own: &[Label], strictness: impl Fn(&Label) -> Option<S>) -> Vec<Option<usize>> {
    let says = |index: &usize| strictness(&own[*index]).is_some();
    let draws = |index: &usize| !graph.nodes[*index].is_repeated && !graph.is_container(*index);
    let mut sources: Vec<usize> = (0..own.len()).filter(draws).filter(says).collect();
    sources.sort_by_cached_key(|index| Reverse(strictness(&own[*index])));
    let mut from = vec![None; own.len()];
    for source in sources {
        let mut waiting = vec![source];
        while let Some(index) = waiting.pop() {
            for target in graph.links(index).iter().copied() {
                if from[target].is_none() && !graph.is_container(target) {
                    from[target] = Some(source);
                    waiting.push(target);
                }
            }
        }
    }
    from
}
