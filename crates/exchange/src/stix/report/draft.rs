//! The draft but for what the objects say: key, revision, title, type.

use std::collections::BTreeSet;

use chappe_model::limits::{SUMMARY_BYTES, TITLE_BYTES};

use super::{Source, says_something, tags_of};
use crate::notes::Notes;
use crate::out::OWN_NOTE;
use crate::shown::{cut, one_line, shown};
use crate::stix::extension::{self, EXTENSION};
use crate::stix::graph::{Graph, Node};
use crate::stix::observable;
use crate::stix::scope::Scope;
use crate::{Draft, loose, namespace};

/// Longest id that is used as part of a key, in bytes.
const MAX_ID_BYTES: usize = 200;

/// The draft without its TLP label, which also depends on what the report holds.
pub(super) fn draft(source: &Source<'_, '_>, scope: &Scope, namer_place: Option<usize>, notes: &mut Notes) -> Draft {
    let graph = source.graph;
    let namer = namer_place.map(|index| &graph.nodes[index]);
    let mut draft = Draft {
        report_key: key(graph, scope, namer_place),
        revision: revision(graph, scope, notes),
        title: title(graph, scope, namer, notes),
        summary: summary(namer),
        incident_type: None,
        severity: None,
        occurred_from_ms: None,
        occurred_to_ms: None,
        detected_at_ms: None,
        countries: BTreeSet::new(),
        sectors: BTreeSet::new(),
        subsectors: BTreeSet::new(),
        confidence: None,
        indicators: BTreeSet::new(),
        tlp: None,
        pap: None,
        source: source.name.to_owned(),
    };
    if is_own(graph, scope, namer_place) {
        notes.push(OWN_NOTE.to_owned());
    }
    if let Some(name) = author(graph, namer) {
        notes.push(format!("written by {}, which is not read", shown(&name)));
    }
    if let Some(object) = namer.and_then(|node| node.object) {
        let tags = tags_of(object, notes);
        draft.pap = tags.handling.pap;
        draft.incident_type = tags.incident_type;
        draft.sectors = tags.sectors;
        draft.subsectors = tags.subsectors;
        draft.confidence = tags.confidence;
        if let Some(own) = extension::own(object) {
            draft.incident_type = draft.incident_type.or(own.incident_type);
            draft.pap = draft.pap.max(own.pap);
            draft.severity = own.severity;
            draft.countries = own.countries;
            draft.sectors.extend(own.sectors);
            draft.occurred_from_ms = own.from_ms;
            draft.occurred_to_ms = own.to_ms;
        }
        for foreign in foreign_extensions(object) {
            notes.push(format!("the extension {foreign} is not read"));
        }
    }
    draft
}

/// Whether Chappe wrote what names the report, or some of it where nothing does.
fn is_own(graph: &Graph<'_>, scope: &Scope, namer: Option<usize>) -> bool {
    let own = |index: usize| graph.nodes[index].object.is_some_and(extension::is_own);
    let reasons = || {
        scope
            .identifying(graph)
            .filter(|index| says_something(graph.nodes[*index].kind))
    };
    namer.map_or_else(|| reasons().any(own), own)
}

fn foreign_extensions(object: &serde_json::Map<String, serde_json::Value>) -> Vec<String> {
    let all = object.get("extensions").and_then(|all| all.as_object());
    let names = all.into_iter().flat_map(|all| all.keys());
    names
        .filter(|name| *name != EXTENSION)
        .map(|name| shown(name))
        .collect()
}

/// What stays the same when the report is sent again: the id of what names it, else a function of the ids of all that it reports. The id of a bundle is
/// none: many tools make a new one each time.
pub(super) fn key(graph: &Graph<'_>, scope: &Scope, namer: Option<usize>) -> String {
    let is_short = |id: &str| id.len() <= MAX_ID_BYTES && !id.chars().any(char::is_control);
    let named = namer.and_then(|index| graph.nodes[index].id);
    if let Some(id) = named.filter(|id| is_short(id)) {
        return format!("stix:{id}");
    }
    let all = scope.identifying(graph).map(|index| &graph.nodes[index]);
    let all = all.filter(|node| says_something(node.kind)).filter_map(|node| node.id);
    let ids: BTreeSet<&str> = match named {
        Some(id) => BTreeSet::from([id]),
        None => all.collect(),
    };
    // A line end within an id is none between two.
    let lines: Vec<String> = ids
        .into_iter()
        .map(|id| id.replace('\\', "\\\\").replace('\n', "\\n"))
        .collect();
    format!("stix:objects--{}", namespace::uuid(&namespace::OWN, &lines.join("\n")))
}

fn revision(graph: &Graph<'_>, scope: &Scope, notes: &mut Notes) -> u32 {
    // Authors and places are edited for reasons of their own, and are not in every export: they count only where nothing else says a time.
    let counts = |index: usize| {
        let kind = graph.nodes[index].kind;
        scope.container == Some(index) || says_something(kind) || observable::describes(kind)
    };
    let times = |of: &dyn Fn(usize) -> bool| {
        let members = scope.members.iter().filter(|index| of(**index));
        members.filter_map(|index| graph.nodes[*index].modified_ms).max()
    };
    let newest = times(&counts).or_else(|| times(&|_| true));
    let seconds = newest.and_then(|ms| u32::try_from(ms / 1000).ok());
    match seconds {
        Some(seconds) if seconds > 0 => seconds,
        _ => {
            notes.push("no object says when it was modified: taken as revision 1, later edits need that".to_owned());
            1
        }
    }
}

fn title(graph: &Graph<'_>, scope: &Scope, namer: Option<&Node<'_>>, notes: &mut Notes) -> String {
    let name = namer.and_then(|node| loose::text(node.object?, "name").map(|name| one_line(&name)));
    let line = name.unwrap_or_else(|| {
        let kinds = scope.members.iter().map(|index| graph.nodes[*index].kind);
        let what: BTreeSet<&str> = kinds.filter(|kind| says_something(kind)).collect();
        let what: Vec<String> = what.into_iter().map(shown).collect();
        format!("STIX objects: {}", what.join(", "))
    });
    let title = cut(&line, TITLE_BYTES);
    if title.len() < line.len() {
        notes.push(format!("the title was cut to {TITLE_BYTES} bytes"));
    }
    title.to_owned()
}

/// Who wrote what gives the report its name. In no draft: an author stands in one export and not in the next, and is edited for reasons of its own.
fn author(graph: &Graph<'_>, namer: Option<&Node<'_>>) -> Option<String> {
    let id = loose::text(namer?.object?, "created_by_ref")?;
    let author = graph.nodes[graph.standing(&id)?].object?;
    Some(one_line(&loose::text(author, "name")?))
}

fn summary(namer: Option<&Node<'_>>) -> String {
    let what = namer.map_or_else(|| "objects".to_owned(), |node| shown(node.kind));
    let published = namer.and_then(|node| loose::text(node.object?, "published"));
    let of = published.map_or_else(String::new, |time| format!(", published {}", one_line(&time)));
    cut(&format!("STIX {what}{of}."), SUMMARY_BYTES).to_owned()
}
