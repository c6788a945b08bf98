//! All rules that are read together, by name and id.

use std::sync::Arc;

use chappe_model::Filter;

use crate::case::Written;
use crate::correlation::{self, Correlation, Named};
use crate::detection::{self, Detection};
use crate::fault::{At, Faults};
use crate::head::Head;
use crate::mapping::Mapping;
use crate::nearest::nearest;
use crate::values::cut;
use crate::yaml::Node;

/// A rule of either sort.
#[derive(Debug)]
pub(crate) enum Document {
    Detection(Detection),
    Correlation(Box<Correlation>),
}

impl Document {
    pub(crate) fn head(&self) -> &Head {
        match self {
            Self::Detection(detection) => &detection.head,
            Self::Correlation(correlation) => &correlation.head,
        }
    }

    pub(crate) fn filter(&self) -> Option<&Filter> {
        match self {
            Self::Detection(detection) => detection.filter.as_ref(),
            Self::Correlation(_) => None,
        }
    }
}

/// Rules and tests.
#[derive(Debug, Default)]
pub(crate) struct Collection {
    /// Of the files.
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) documents: Vec<Document>,
    pub(crate) cases: Vec<Written>,
}

impl Collection {
    /// Takes in a document of a file. An empty one, as after a last `---`, says nothing.
    pub(crate) fn add(&mut self, node: &Node, faults: &mut Faults) {
        if matches!(node.kind, crate::yaml::Kind::Null) {
            return;
        }
        let Some(map) = Mapping::of(node, "a rule", faults) else {
            return;
        };
        if map.has("correlation") {
            self.documents
                .push(Document::Correlation(Box::new(correlation::read(map, faults))));
        } else if map.has("detection") {
            self.documents.push(Document::Detection(detection::read(map, faults)));
        } else if map.has("test") {
            self.cases.extend(Written::read(map, faults));
        } else if map.has("filter") {
            faults.push(
                map.at,
                "Sigma filters are another specification; write the exception into the rule",
            );
        } else {
            faults.push(map.at, "a document with neither 'detection', 'correlation' nor 'test'");
        }
    }

    /// The rule that a name or an id means: the one of the same file, else the only one of another.
    pub(crate) fn find(&self, reference: &Named, faults: &mut Faults) -> Option<usize> {
        let called = |(_, document): &(usize, &Document)| document.head().is_called(&reference.name);
        let all: Vec<(usize, &Document)> = self.documents.iter().enumerate().filter(called).collect();
        let own = all
            .iter()
            .find(|(_, document)| document.head().at.file == reference.at.file);
        let found = match (own, all.as_slice()) {
            (Some((index, _)), _) | (None, [(index, _)]) => return Some(*index),
            (None, several) => several,
        };
        let name = cut(&reference.name);
        let message = if found.is_empty() {
            let names = self
                .documents
                .iter()
                .filter_map(|document| document.head().name.as_deref());
            let near = match nearest(&reference.name, names) {
                Some(near) => format!(": did you mean '{near}'?"),
                None => ": it must stand in one of the files that are read together".to_owned(),
            };
            format!("there is no rule '{name}'{near}")
        } else {
            let places: Vec<String> = found
                .iter()
                .map(|(_, document)| self.place(document.head().at))
                .collect();
            format!(
                "'{name}' may be the rule of {}: give them names of their own",
                places.join(" or ")
            )
        };
        faults.push(reference.at, message);
        None
    }

    /// Refuses names and ids that stand twice in one file.
    pub(crate) fn are_unique(&self, faults: &mut Faults) -> bool {
        let before = faults.len();
        for (i, document) in self.documents.iter().enumerate() {
            let head = document.head();
            for reference in [&head.name, &head.id].into_iter().flatten() {
                let same =
                    |earlier: &&Document| earlier.head().at.file == head.at.file && earlier.head().is_called(reference);
                if let Some(earlier) = self.documents[..i].iter().find(same) {
                    let line = earlier.head().at.line;
                    let message = format!("'{reference}' is the rule of line {line} already: give another name or id");
                    faults.push(head.at, message);
                }
            }
        }
        faults.len() == before
    }

    /// A place as messages name it.
    pub(crate) fn place(&self, at: At) -> String {
        let file = self.names.get(at.file).cloned().unwrap_or_default();
        format!("{file}:{}", at.line)
    }
}
