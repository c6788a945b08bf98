//! One report: the draft that the objects of a scope make, and the account of them.

mod draft;
mod walk;

use std::collections::BTreeSet;

use self::walk::Walk;
use super::graph::Graph;
use super::labels::Labels;
use super::marking::Label;
use super::observable;
use super::observed::Observed;
use super::scope::{Excess, Following, Scope};
use super::victims::victims;
use crate::misp::tags::{self, Handling};
use crate::notes::Notes;
use crate::shown::shown;
use crate::{ReadError, Reading, loose};
use chappe_model::{Pap, Tlp};
use serde_json::Value;

/// What the reports of a collection are read from.
pub(super) struct Source<'s, 'a> {
    /// Of the file.
    pub(super) name: &'s str,
    pub(super) graph: &'s Graph<'a>,
    pub(super) observed: &'s Observed<'a>,
    pub(super) labels: &'s Labels,
}

/// Reads the objects of a scope; an excess concerns the whole file.
pub(super) fn read(
    source: &Source<'_, '_>,
    scope: &Scope,
    following: &mut Following,
) -> Result<Result<Reading, ReadError>, Excess> {
    let graph = source.graph;
    if let Err((place, message)) = check(graph, scope) {
        return Ok(Err(ReadError::Field {
            file: source.name.to_owned(),
            path: graph.nodes[place].path.to_owned(),
            message,
        }));
    }
    let namer = namer(graph, scope);
    let mut notes = Notes::default();
    let mut draft = draft::draft(source, scope, namer, &mut notes);
    let label = label(source, scope, namer, draft.pap, &mut notes);
    (draft.tlp, draft.pap) = (label.tlp, label.pap);
    let victims = victims(graph, source.labels, scope, label, following)?;
    let mut walk = Walk::new(source, scope, label, &victims, &mut notes);
    walk.scope();
    let Walk {
        read, skipped, seen, ..
    } = walk;
    let total = count(graph, scope);
    if read.len() + skipped.len() != total {
        return Ok(Err(ReadError::Miscounted {
            file: source.name.to_owned(),
            path: first_path(graph, scope),
            accounted: read.len() + skipped.len(),
            total,
        }));
    }
    draft.indicators = read.iter().flat_map(|item| item.indicators.iter().cloned()).collect();
    draft.occurred_from_ms = draft.occurred_from_ms.into_iter().chain(seen.map(|seen| seen.0)).min();
    draft.occurred_to_ms = draft.occurred_to_ms.into_iter().chain(seen.map(|seen| seen.1)).max();
    draft.countries.extend(victims.countries.values());
    draft.sectors.extend(victims.sectors.values().flatten());
    draft.revision = draft.revision.saturating_add(victims.hit());
    Ok(Ok(Reading {
        draft,
        read,
        skipped,
        total,
        notes: notes.finish(),
    }))
}

/// Whether a scope makes a report; else the place and what is wrong.
fn check(graph: &Graph<'_>, scope: &Scope) -> Result<(), (usize, String)> {
    if let Some(container) = scope.container {
        let node = &graph.nodes[container];
        if node.is_revoked() {
            let message = format!(
                "the {} was revoked: retract what was reported from it under the key {}",
                node.kind,
                shown(&draft::key(graph, scope, Some(container)))
            );
            return Err((container, message));
        }
        return Ok(());
    }
    let says_something = |index: &usize| says_something(graph.nodes[*index].kind);
    let mut reasons = scope.members.iter().copied().filter(says_something).peekable();
    let Some(first) = reasons.peek().copied() else {
        let first = scope.all().next().unwrap_or_default();
        let message = "no report, grouping, incident, indicator or observation: there is nothing to report";
        return Err((first, message.to_owned()));
    };
    let mut known = reasons.filter(|index| graph.nodes[*index].id.is_some()).peekable();
    if known.peek().is_none() {
        let message = "no id: give the object an id that stays the same when it is sent again";
        return Err((first, message.to_owned()));
    }
    if !known.any(|index| graph.stands(index)) {
        let message = format!(
            "all that could be reported was revoked: retract what was reported from it under the key {}",
            shown(&draft::key(graph, scope, namer(graph, scope)))
        );
        return Err((first, message));
    }
    Ok(())
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
        let all = scope.identifying(graph);
        // Those that were revoked too: what is taken back in part stays what it was.
        let mut all = all.filter(|index| graph.nodes[*index].id.is_some() && wanted(graph.nodes[*index].kind));
        all.next().filter(|_| all.next().is_none())
    };
    only(&|kind| kind == "incident").or_else(|| only(&says_something))
}

/// The label of the report: of what it is named after, or the most restrictive of what it holds. Beside one that is not understood only the strictest
/// stands: nothing could ask for more. `pap` is that of what it is named after.
fn label(
    source: &Source<'_, '_>,
    scope: &Scope,
    namer: Option<usize>,
    pap: Option<Pap>,
    notes: &mut Notes,
) -> Handling {
    if let Some(label) = namer.map(|index| source.labels.own(index)) {
        if let Some(unclear) = &label.unclear {
            let tlp = label.tlp.filter(|tlp| *tlp == Tlp::Red);
            let counts = tlp.map_or_else(|| "not marked".to_owned(), |tlp| tlp.to_string());
            notes.push(format!(
                "{unclear} is no TLP label that is known: the report counts as {counts}"
            ));
            return Handling { tlp, pap };
        }
        if label.tlp.is_some() {
            return Handling { tlp: label.tlp, pap };
        }
    }
    let graph = source.graph;
    let items = scope.members.iter().filter(|index| graph.stands(**index));
    let items = items.filter(|index| says_something(graph.nodes[**index].kind));
    let items: Vec<&Label> = items.map(|index| source.labels.drawn(*index)).collect();
    let labels: BTreeSet<Tlp> = items.iter().filter_map(|label| label.tlp).collect();
    if labels.len() > 1 {
        let listed: Vec<String> = labels.iter().map(ToString::to_string).collect();
        notes.push(format!(
            "several labels, the most restrictive counts: {}",
            listed.join(", ")
        ));
    }
    Handling {
        tlp: labels.last().copied(),
        pap: pap.or_else(|| items.iter().filter_map(|label| label.pap).max()),
    }
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
    scope.all().map(|index| 1 + embedded(&index)).sum()
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
