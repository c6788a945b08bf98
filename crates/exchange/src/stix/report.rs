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
    let namer = namer(graph, scope);
    let says_something = |index: &usize| says_something(graph.nodes[*index].kind);
    if scope.container.is_none() && !scope.members.iter().any(says_something) {
        return Err(ReadError::Field {
            file: name.to_owned(),
            path: first_path(graph, scope),
            message: "no report, grouping, incident, indicator or observation: there is nothing to report".to_owned(),
        });
    }
    let mut notes = Notes::default();
    let (label, is_unclear) = label(graph, scope, namer, &mut notes);
    let victims = victims(graph, scope, label);
    let mut walk = Walk::new(graph, observed, scope, label, &victims, &mut notes);
    walk.scope();
    let Walk {
        read, skipped, seen, ..
    } = walk;
    let total = count(graph, scope);
    if read.len() + skipped.len() != total {
        return Err(ReadError::Miscounted {
            file: name.to_owned(),
            path: first_path(graph, scope),
            accounted: read.len() + skipped.len(),
            total,
        });
    }
    let mut draft = draft::draft(name, graph, scope, namer, label, &mut notes);
    draft.tlp = if is_unclear { label } else { draft.tlp.max(label) };
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

fn first_path(graph: &Graph<'_>, scope: &Scope) -> String {
    let first = scope.members.first();
    first.map_or("", |index| graph.nodes[*index].path).to_owned()
}

/// Whether an object of this type is a reason to report.
pub(super) fn says_something(kind: &str) -> bool {
    observable::may_be_read(kind) || matches!(kind, "incident" | "sighting")
}

/// The object after which the report is named: what holds it together, else its only incident, else the only object that is a
/// reason to report. Authors and markings stand beside it in one export and not in the next.
fn namer(graph: &Graph<'_>, scope: &Scope) -> Option<usize> {
    if scope.container.is_some() {
        return scope.container;
    }
    let only = |wanted: &dyn Fn(&str) -> bool| {
        let all = scope.members.iter().copied();
        let mut all = all.filter(|index| graph.stands(*index) && wanted(graph.nodes[*index].kind));
        all.next().filter(|_| all.next().is_none())
    };
    only(&|kind| kind == "incident").or_else(|| only(&says_something))
}

/// The label of the report: of what it is named after, or the most restrictive of what it holds; and whether there is one that is not understood. Then only
/// the strictest label stands: nothing could ask for more.
fn label(graph: &Graph<'_>, scope: &Scope, namer: Option<usize>, notes: &mut Notes) -> (Option<Tlp>, bool) {
    if let Some(object) = namer.and_then(|index| graph.nodes[index].object) {
        let label = Label::of(graph, object);
        if let Some(unclear) = label.unclear {
            let tlp = label.tlp.filter(|tlp| *tlp == Tlp::Red);
            let counts = tlp.map_or_else(|| "not marked".to_owned(), |tlp| tlp.to_string());
            notes.push(format!(
                "{unclear} is no TLP label that is known: the report counts as {counts}"
            ));
            return (tlp, true);
        }
        if label.tlp.is_some() {
            return (label.tlp, false);
        }
    }
    let items = scope.members.iter().filter(|index| graph.stands(**index));
    let items = items.filter(|index| says_something(graph.nodes[**index].kind));
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
    (labels.last().copied(), false)
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
