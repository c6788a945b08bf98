//! What messages say of the addresses that they refer to.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::graph::{Graph, refs};

/// Ids of addresses to which messages went.
pub(super) struct Observed<'a> {
    recipients: HashSet<&'a str>,
}

impl<'a> Observed<'a> {
    pub(super) fn of(graph: &Graph<'a>) -> Self {
        let standing = graph.nodes.iter().enumerate().filter(|(index, _)| graph.stands(*index));
        let objects = standing.filter_map(|(_, node)| node.object);
        Self {
            recipients: objects.flat_map(recipients).collect(),
        }
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
