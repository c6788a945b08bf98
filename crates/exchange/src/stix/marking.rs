//! Data markings of STIX as TLP labels: the objects that STIX 2.1 fixes for TLP 1, those that OASIS fixes for TLP 2.0, and what a file defines itself.

use std::collections::HashMap;

use chappe_model::{Pap, Tlp};
use serde_json::{Map, Value};

use super::graph::{Graph, refs};
use crate::misp::tags::{self, Handling};
use crate::shown::shown;
use crate::{SkipReason, loose};

/// The extension by which a marking definition carries a label of TLP 2.0 (OASIS, STIX common objects).
pub(crate) const TLP_2_EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// The marking definitions of TLP 1 (STIX 2.1, section 7.2.1.4).
const TLP_1: [(&str, Tlp); 4] = [
    ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", Tlp::Clear),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", Tlp::Green),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", Tlp::Amber),
    ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", Tlp::Red),
];

/// The marking definition of a label of TLP 2.0 (OASIS, STIX common objects).
pub(crate) fn tlp_2_id(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear => "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        Tlp::Green => "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        Tlp::Amber => "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        Tlp::AmberStrict => "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        Tlp::Red => "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    }
}

/// What the markings of an object add up to, and its labels that are tags of TLP and PAP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Label {
    /// The most restrictive label that is understood.
    pub(super) tlp: Option<Tlp>,
    /// The most restrictive one; one that is not understood is RED.
    pub(super) pap: Option<Pap>,
    /// A marking that is not understood: whatever it asks for, the object counts as RED.
    pub(super) unclear: Option<String>,
}

impl Label {
    /// The label of an object, granular markings included: a part that is marked more strictly marks the whole.
    pub(super) fn of(markings: &Markings<'_>, object: &Map<String, Value>) -> Self {
        let granular = loose::list(object, "granular_markings").iter();
        let granular = granular.filter_map(|one| one.get("marking_ref")?.as_str());
        let mut label = Self::default();
        for id in refs(object, "object_marking_refs").chain(granular) {
            label.mark(markings.meaning(id), id);
        }
        for tag in loose::list(object, "labels").iter().filter_map(Value::as_str) {
            if tags::is_of(tag, "tlp") {
                label.mark(tag.parse().map_or(Meaning::Unclear, Meaning::Tlp), tag);
            } else if tags::is_of(tag, "pap") {
                label.pap = label.pap.max(Some(tag.parse().unwrap_or(Pap::Red)));
            }
        }
        label
    }

    fn mark(&mut self, meaning: Meaning, by: &str) {
        match meaning {
            Meaning::Tlp(tlp) => self.tlp = self.tlp.max(Some(tlp)),
            Meaning::Statement => {}
            Meaning::Unclear => self.unclear = self.unclear.take().max(Some(shown(by))),
        }
    }

    /// Adds what another says of who may read.
    pub(super) fn join_tlp(&mut self, other: &Self) {
        self.tlp = self.tlp.max(other.tlp);
        self.unclear = self.unclear.take().max(other.unclear.clone());
    }

    /// Whether what is marked so may go into a report with this label. Beside an unmarked report, whose label is yet to come, only the most open
    /// label cannot be widened.
    pub(super) fn allows(&self, report: Handling) -> bool {
        self.is_open_to(report.tlp) && self.is_as_free_as(report.pap)
    }

    fn is_open_to(&self, report: Option<Tlp>) -> bool {
        self.strictest().is_none_or(|own| own <= report.unwrap_or(Tlp::Clear))
    }

    fn is_as_free_as(&self, report: Option<Pap>) -> bool {
        self.pap.is_none_or(|own| own <= report.unwrap_or(Pap::Clear))
    }

    /// Why what is marked so may not go into a report with this label.
    pub(super) fn check(&self, report: Handling) -> Result<(), SkipReason> {
        let stricter = |own: String, event: String| Err(SkipReason::StricterMarking { own, event });
        if !self.is_open_to(report.tlp) {
            let own = self.unclear.clone().or_else(|| Some(self.tlp?.to_string()));
            let event = report.tlp.map(|tlp| tlp.to_string());
            return stricter(
                own.unwrap_or_default(),
                event.unwrap_or_else(|| "no TLP label".to_owned()),
            );
        }
        if let Some(own) = self.pap.filter(|_| !self.is_as_free_as(report.pap)) {
            let event = report.pap.map(|pap| pap.to_string());
            return stricter(own.to_string(), event.unwrap_or_else(|| "no PAP label".to_owned()));
        }
        Ok(())
    }

    /// The label as a stranger must take it.
    pub(super) fn strictest(&self) -> Option<Tlp> {
        if self.unclear.is_some() {
            Some(Tlp::Red)
        } else {
            self.tlp
        }
    }
}

/// What a marking definition means here, rising in how much it may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    /// A text for people, such as terms of use.
    Statement,
    Tlp(Tlp),
    Unclear,
}

/// The marking definitions of a collection.
pub(super) struct Markings<'a>(HashMap<&'a str, Meaning>);

impl<'a> Markings<'a> {
    /// A definition has no versions: of one that stands twice the strictest counts.
    pub(super) fn of(graph: &Graph<'a>) -> Self {
        let mut markings = HashMap::new();
        for node in graph.nodes.iter().filter(|node| node.kind == "marking-definition") {
            if let (Some(id), Some(object)) = (node.id, node.object) {
                let meaning = defined(object);
                let known = markings.entry(id).or_insert(meaning);
                *known = meaning.max(*known);
            }
        }
        Self(markings)
    }

    fn meaning(&self, id: &str) -> Meaning {
        let fixed = TLP_1.iter().find(|(known, _)| *known == id).map(|(_, tlp)| *tlp);
        let fixed = fixed.or_else(|| Tlp::ALL.into_iter().find(|tlp| tlp_2_id(*tlp) == id));
        let defined = || self.0.get(id).copied().unwrap_or(Meaning::Unclear);
        fixed.map_or_else(defined, Meaning::Tlp)
    }
}

/// What a definition in the file says itself.
fn defined(definition: &Map<String, Value>) -> Meaning {
    let label = |text: Option<&str>| {
        text.and_then(|text| text.parse().ok())
            .map_or(Meaning::Unclear, Meaning::Tlp)
    };
    let extension = definition.get("extensions").and_then(|all| all.get(TLP_2_EXTENSION));
    if let Some(extension) = extension {
        return label(extension.get("tlp_2_0").and_then(Value::as_str));
    }
    // STIX 2.1 has no AMBER+STRICT of its own: OpenCTI writes it as a statement, with its label beside.
    let beside = |name| definition.get(name).and_then(Value::as_str);
    if beside("x_opencti_definition_type").is_some_and(|kind| kind.eq_ignore_ascii_case("tlp")) {
        return label(beside("x_opencti_definition"));
    }
    let said = |name| definition.get("definition").and_then(|one| one.get(name)?.as_str());
    match definition.get("definition_type").and_then(Value::as_str) {
        Some("tlp") => label(said("tlp")),
        Some("statement") => match said("statement").map(str::trim) {
            Some(text) if text.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case("tlp:")) => label(Some(text)),
            _ => Meaning::Statement,
        },
        _ => Meaning::Unclear,
    }
}

/// Whether a marking definition gives a label.
pub(super) fn is_understood(definition: &Map<String, Value>) -> bool {
    matches!(defined(definition), Meaning::Tlp(_))
}
