//! What observations and messages say of the observables that they refer to.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::graph::{Graph, refs};
use super::marking::Label;

/// What is said of observables by others in the collection.
pub(super) struct Observed<'a> {
    /// By the id of an observable, the labels of the observations that it is part of.
    labels: HashMap<&'a str, Label>,
    /// Ids of addresses to which messages went.
    recipients: HashSet<&'a str>,
}

impl<'a> Observed<'a> {
    pub(super) fn of(graph: &Graph<'a>) -> Self {
        let mut observed = Self {
            labels: HashMap::new(),
            recipients: HashSet::new(),
        };
        for (index, node) in graph.nodes.iter().enumerate() {
            let Some(object) = node.object.filter(|_| graph.stands(index)) else {
                continue;
            };
            if node.kind == "observed-data" {
                let label = Label::of(graph, object);
                for id in refs(object, "object_refs") {
                    observed.labels.entry(id).or_default().join(&label);
                }
            }
            observed.recipients.extend(recipients(object));
        }
        observed
    }

    /// The labels of the observations that an observable is part of.
    pub(super) fn label(&self, id: &str) -> Option<&Label> {
        self.labels.get(id)
    }

    /// Whether a message went to an address.
    pub(super) fn is_recipient(&self, id: &str) -> bool {
        self.recipients.contains(id)
    }
}

/// To whom a message went.
pub(super) fn recipients(message: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let is_message = message.get("type").is_some_and(|kind| kind == "email-message");
    let keys: &'static [&'static str] = if is_message {
        &["to_refs", "cc_refs", "bcc_refs"]
    } else {
        &[]
    };
    keys.iter().flat_map(|key| refs(message, key))
}
