//! Goes through the objects of a scope: each ends up read or skipped, once.

use std::collections::BTreeSet;

use chappe_model::Indicator;
use serde_json::{Map, Value};

use super::{Source, says_something};
use crate::misp::tags::Handling;
use crate::notes::Notes;
use crate::shown::shown;
use crate::stix::graph::Graph;
use crate::stix::marking;
use crate::stix::observable::{self, Found};
use crate::stix::observed::recipients;
use crate::stix::scope::Scope;
use crate::stix::victims::Victims;
use crate::{ReadItem, SkipReason, Skipped, loose, moment};

/// The walk through one scope and what it found.
pub(super) struct Walk<'w, 'a> {
    pub(super) read: Vec<ReadItem>,
    pub(super) skipped: Vec<Skipped>,
    /// First and last time of what was read, in milliseconds since 1970.
    pub(super) seen: Option<(u64, u64)>,
    source: &'w Source<'w, 'a>,
    graph: &'w Graph<'a>,
    scope: &'w Scope,
    label: Handling,
    victims: &'w Victims,
    notes: &'w mut Notes,
    /// Places of what was read.
    places: BTreeSet<usize>,
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(
        source: &'w Source<'w, 'a>,
        scope: &'w Scope,
        label: Handling,
        victims: &'w Victims,
        notes: &'w mut Notes,
    ) -> Self {
        Self {
            read: Vec::new(),
            skipped: Vec::new(),
            seen: None,
            source,
            graph: source.graph,
            scope,
            label,
            victims,
            notes,
            places: BTreeSet::new(),
        }
    }

    /// What holds indicators first, then what refers to it.
    pub(super) fn scope(&mut self) {
        let graph = self.graph;
        let mut members: Vec<usize> = self.scope.all().collect();
        members.sort_unstable();
        let wraps = |index: &usize| matches!(graph.nodes[*index].kind, "observed-data" | "sighting");
        for index in members.iter().filter(|index| !wraps(index)) {
            self.object(*index);
        }
        for kind in ["observed-data", "sighting"] {
            for index in members.iter().filter(|index| graph.nodes[**index].kind == kind) {
                self.object(*index);
            }
        }
    }

    fn object(&mut self, index: usize) {
        let graph = self.graph;
        let node = &graph.nodes[index];
        let Some(object) = node.object else {
            return self.skip(node.path, "", SkipReason::Malformed("not an object"), Vec::new());
        };
        if node.kind == "observed-data" {
            return self.observation(index, object);
        }
        let reason = match self.meaning(index, object) {
            Ok((indicators, errors)) => {
                for error in errors {
                    self.notes.push(format!("{}: read in part: {error}", node.path));
                }
                // What is beside the report changes it at no revision.
                if node.kind == "sighting" && self.scope.members.binary_search(&index).is_ok() {
                    self.note_times(object, "first_seen", "last_seen");
                }
                self.places.insert(index);
                self.read.push(ReadItem {
                    path: node.path.to_owned(),
                    indicators,
                });
                return;
            }
            Err(reason) => reason,
        };
        let withheld = match reason {
            SkipReason::StricterMarking { .. } => content(node.kind, object),
            _ => Vec::new(),
        };
        self.skip(node.path, node.kind, reason, withheld);
    }

    fn meaning(&self, index: usize, object: &'a Map<String, Value>) -> Result<Found, SkipReason> {
        self.check_standing(index)?;
        let node = &self.graph.nodes[index];
        let nothing = || Ok((Vec::new(), Vec::new()));
        match node.kind {
            "" => Err(SkipReason::Malformed("no type")),
            // Under a key made without it, what holds it would replace what holds others.
            kind if node.id.is_none() && says_something(kind) => Err(SkipReason::Malformed("no id")),
            "indicator" | "vulnerability" => {
                self.check_marking(index)?;
                if node.kind == "indicator" {
                    observable::of_indicator(object)
                } else {
                    observable::of_vulnerability(object)
                }
            }
            kind if observable::describes(kind) => {
                self.check_marking(index)?;
                match kind {
                    "malware" => observable::of_malware(object),
                    _ => observable::of_attack_pattern(object),
                }
            }
            kind if observable::is_observable(kind) => {
                if node.id.is_some_and(|id| self.source.observed.is_recipient(id)) {
                    return Err(SkipReason::Recipient);
                }
                self.check_marking(index)?;
                observable::of_observable(kind, object)
            }
            "sighting" => {
                self.check_marking(index)?;
                self.any_read(index).and_then(|()| nothing())
            }
            "location" if self.victims.countries.contains_key(&index) => nothing(),
            "identity" if self.victims.sectors.contains_key(&index) => nothing(),
            "marking-definition" if marking::is_understood(object) => nothing(),
            "report" | "grouping" if self.scope.container == Some(index) => nothing(),
            _ => Err(SkipReason::NotCorrelated),
        }
    }

    /// An observation, in 2.0 with its observables within, in 2.1 with references to them.
    fn observation(&mut self, index: usize, object: &'a Map<String, Value>) {
        let graph = self.graph;
        let node = &graph.nodes[index];
        let whole = self.check_standing(index).and_then(|()| {
            node.id.ok_or(SkipReason::Malformed("no id"))?;
            self.check_marking(index)
        });
        let before = self.read.len();
        self.embedded(object, node.path, &whole);
        let whole = whole.and_then(|()| {
            if self.read.len() > before {
                return Ok(());
            }
            self.any_read(index)
        });
        match whole {
            Ok(()) => {
                self.note_times(object, "first_observed", "last_observed");
                self.places.insert(index);
                self.read.push(ReadItem {
                    path: node.path.to_owned(),
                    indicators: Vec::new(),
                });
            }
            Err(reason) => self.skip(node.path, node.kind, reason, Vec::new()),
        }
    }

    fn embedded(&mut self, object: &'a Map<String, Value>, path: &str, whole: &Result<(), SkipReason>) {
        let Some(Value::Object(embedded)) = object.get("objects") else {
            return;
        };
        let messages = embedded.values().filter_map(Value::as_object);
        let to: BTreeSet<&str> = messages.flat_map(recipients).collect();
        for (key, value) in embedded {
            let path = format!("{path}.objects.{}", shown(key));
            let Value::Object(value) = value else {
                self.skip(&path, "", SkipReason::Malformed("not an object"), Vec::new());
                continue;
            };
            let kind = loose::text(value, "type").unwrap_or_default();
            let is_recipient = to.contains(key.as_str());
            let found = whole.clone().and_then(|()| match is_recipient {
                true => Err(SkipReason::Recipient),
                false => observable::of_observable(&kind, value),
            });
            match found {
                Ok((indicators, errors)) => {
                    for error in errors {
                        self.notes.push(format!("{path}: read in part: {error}"));
                    }
                    self.read.push(ReadItem { path, indicators });
                }
                Err(reason) => {
                    let withheld = match reason {
                        SkipReason::StricterMarking { .. } if !is_recipient => content(&kind, value),
                        _ => Vec::new(),
                    };
                    self.skip(&path, &kind, reason, withheld);
                }
            }
        }
    }

    /// Of what an object draws in, something must have been read.
    fn any_read(&self, index: usize) -> Result<(), SkipReason> {
        let mut links = self.graph.links(index).iter();
        if links.any(|target| self.places.contains(target)) {
            Ok(())
        } else {
            Err(SkipReason::NothingReferred)
        }
    }

    /// What was taken back is no part of the report, nor what only that refers to.
    fn check_standing(&self, index: usize) -> Result<(), SkipReason> {
        let node = &self.graph.nodes[index];
        if node.is_repeated {
            return Err(SkipReason::Repeated);
        }
        if node.is_revoked() {
            return Err(SkipReason::Revoked);
        }
        match self.scope.withdrawn.binary_search(&index) {
            Ok(_) => Err(SkipReason::Withdrawn),
            Err(_) => Ok(()),
        }
    }

    /// An object without a label has its report's.
    fn check_marking(&self, index: usize) -> Result<(), SkipReason> {
        self.source.labels.drawn(index).check(self.label)
    }

    fn note_times(&mut self, object: &Map<String, Value>, first: &str, last: &str) {
        for key in [first, last] {
            let Some(text) = loose::text(object, key) else { continue };
            match moment::instant_ms(&text) {
                Some(ms) => {
                    let seen = self.seen.unwrap_or((ms, ms));
                    self.seen = Some((seen.0.min(ms), seen.1.max(ms)));
                }
                None => self
                    .notes
                    .push(format!("{key} {} is no time since 1970 and is not read", shown(&text))),
            }
        }
    }

    fn skip(&mut self, path: &str, what: &str, reason: SkipReason, withheld: Vec<Indicator>) {
        self.skipped.push(Skipped {
            path: path.to_owned(),
            what: shown(what),
            reason,
            withheld,
        });
    }
}

/// What an object holds, however it is marked.
fn content(kind: &str, object: &Map<String, Value>) -> Vec<Indicator> {
    let found = match kind {
        "indicator" => observable::of_indicator(object),
        "vulnerability" => observable::of_vulnerability(object),
        kind if observable::is_observable(kind) => observable::of_observable(kind, object),
        _ => return Vec::new(),
    };
    found.map(|(indicators, _)| indicators).unwrap_or_default()
}
