//! One report: the draft that the objects of a scope make, and the account of them.

mod draft;
mod walk;

use std::collections::BTreeSet;

use self::walk::Walk;
use super::graph::Graph;
use super::marking::Label;
use super::observable;
use super::observed::Observed;
use super::scope::Scope;
use super::victims::victims;
use crate::misp::tags;
use crate::notes::Notes;
use crate::shown::shown;
use crate::{ReadError, Reading, loose};
use chappe_model::Tlp;
use serde_json::Value;

/// Reads the objects of a scope of the file `name`.
pub(super) fn read(
    name: &str,
    graph: &Graph<'_>,
    observed: &Observed<'_>,
    scope: &Scope,
) -> Result<Reading, ReadError> {
    if let Some(revoked) = scope.container.filter(|index| graph.nodes[*index].is_revoked()) {
        let node = &graph.nodes[revoked];
        return Err(ReadError::Field {
            file: name.to_owned(),
            path: node.path.to_owned(),
            message: format!(
                "the {} was revoked: retract what was reported from it under the key stix:{}",
                node.kind,
                shown(node.id.unwrap_or_default())
            ),
        });
    }
    let mut notes = Notes::default();
    let label = label(graph, scope, &mut notes);
    let victims = victims(graph, scope);
    let mut walk = Walk::new(graph, observed, scope, label, &victims, &mut notes);
    walk.scope();
    let Walk {
        read, skipped, seen, ..
    } = walk;
    let total = count(graph, scope);
    if read.len() + skipped.len() != total {
        return Err(ReadError::Miscounted {
            file: name.to_owned(),
            path: scope
                .members
                .first()
                .map_or("", |index| graph.nodes[*index].path)
                .to_owned(),
            accounted: read.len() + skipped.len(),
            total,
        });
    }
    let mut draft = draft::draft(name, graph, scope, &mut notes);
    draft.tlp = draft.tlp.max(label);
    draft.indicators = read.iter().flat_map(|item| item.indicators.iter().cloned()).collect();
    draft.occurred_from_ms = draft.occurred_from_ms.into_iter().chain(seen.map(|seen| seen.0)).min();
    draft.occurred_to_ms = draft.occurred_to_ms.into_iter().chain(seen.map(|seen| seen.1)).max();
    draft.countries.extend(victims.countries.values());
    draft.sectors.extend(victims.sectors.values().flatten());
    Ok(Reading {
        draft,
        read,
        skipped,
        total,
        notes: notes.finish(),
    })
}

/// The label of the report: of what holds it together, or the most restrictive of what it holds.
fn label(graph: &Graph<'_>, scope: &Scope, notes: &mut Notes) -> Option<Tlp> {
    if let Some(object) = scope.container.and_then(|index| graph.nodes[index].object) {
        let label = Label::of(graph, object);
        if let Some(unclear) = label.unclear {
            notes.push(format!(
                "{unclear} is no TLP label that is known: the report counts as not marked"
            ));
            return None;
        }
        if label.tlp.is_some() {
            return label.tlp;
        }
    }
    let items = scope.members.iter().filter(|index| graph.stands(**index));
    let may_say_something = |kind: &str| observable::may_be_read(kind) || matches!(kind, "incident" | "sighting");
    let items = items.filter(|index| may_say_something(graph.nodes[**index].kind));
    let labels: BTreeSet<Tlp> = items
        .filter_map(|index| Label::of(graph, graph.nodes[*index].object?).tlp)
        .collect();
    if labels.len() > 1 {
        let listed: Vec<String> = labels.iter().map(ToString::to_string).collect();
        notes.push(format!(
            "several labels, the most restrictive counts: {}",
            listed.join(", ")
        ));
    }
    labels.last().copied()
}

/// Every item of a scope, counted apart from the reading so that one can be checked against the other.
fn count(graph: &Graph<'_>, scope: &Scope) -> usize {
    let embedded = |index: &usize| {
        let object = graph.nodes[*index]
            .object
            .filter(|_| graph.nodes[*index].kind == "observed-data");
        object
            .and_then(|object| object.get("objects")?.as_object())
            .map_or(0, serde_json::Map::len)
    };
    scope
        .members
        .iter()
        .chain(&scope.beside)
        .map(|index| 1 + embedded(index))
        .sum()
}

/// Labels that platforms write as machine tags.
fn tag_names(object: &serde_json::Map<String, Value>) -> impl Iterator<Item = &str> {
    let labels = loose::list(object, "labels").iter().filter_map(Value::as_str);
    // Other labels are words of a vocabulary, and say nothing that is read.
    labels.filter(|label| label.contains(':'))
}

fn tags_of(object: &serde_json::Map<String, Value>, notes: &mut Notes) -> tags::EventTags {
    tags::of_names(tag_names(object), notes)
}
