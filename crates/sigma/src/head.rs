//! What every rule says of itself. Most of it is documentation: its form is checked, nothing follows from it.

use crate::fault::{At, Faults};
use crate::limits::{DESCRIPTION_CHARS, NAME_BYTES, TITLE_CHARS};
use crate::mapping::Mapping;
use crate::nearest::suggestion;
use crate::values::{cut, date, text, texts, uuid};
use crate::yaml::{Kind, Node};

/// How other rules, and people, call a rule.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) at: At,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    title: String,
}

const STATUS: [&str; 5] = ["stable", "test", "experimental", "deprecated", "unsupported"];
const LEVELS: [&str; 5] = ["informational", "low", "medium", "high", "critical"];
const RELATIONS: [&str; 5] = ["derived", "obsolete", "merged", "renamed", "similar"];

impl Head {
    /// Takes from a rule what it says of itself.
    pub(crate) fn take(map: &mut Mapping<'_>, faults: &mut Faults) -> Self {
        let title = map.need("title", "say in a few words what it finds", faults);
        let title = title
            .and_then(|node| text(node, "title", TITLE_CHARS, faults))
            .unwrap_or_default();
        let id = map.take("id").and_then(|(_, node)| uuid(node, faults));
        let name = map.take("name").and_then(|(_, node)| name(node, faults));
        if let Some((_, node)) = map.take("status") {
            one_of(node, "status", &STATUS, faults);
            if node.text() == Some("unsupported") {
                faults.push(
                    node.at,
                    "'status: unsupported': the rule says itself that it cannot be used",
                );
            }
        }
        if let Some((_, node)) = map.take("taxonomy") {
            one_of(node, "taxonomy", &["chappe"], faults);
        }
        for (what, most) in [
            ("description", DESCRIPTION_CHARS),
            ("license", TITLE_CHARS),
            ("author", DESCRIPTION_CHARS),
        ] {
            if let Some((_, node)) = map.take(what) {
                text(node, what, most, faults);
            }
        }
        for what in ["references", "falsepositives", "tags", "fields"] {
            if let Some((_, node)) = map.take(what) {
                texts(node, what, DESCRIPTION_CHARS, faults);
            }
        }
        for what in ["date", "modified"] {
            if let Some((_, node)) = map.take(what) {
                date(node, what, faults);
            }
        }
        if let Some((_, node)) = map.take("related") {
            related(node, faults);
        }
        refuse_foreign(map, faults);
        Self {
            at: map.at,
            id,
            name,
            title: title.to_owned(),
        }
    }

    /// Whether another rule means this one.
    pub(crate) fn is_called(&self, reference: &str) -> bool {
        let id = self.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(reference));
        id || self.name.as_deref() == Some(reference)
    }

    /// Its name, or what comes next to one.
    pub(crate) fn label(&self) -> &str {
        self.name.as_deref().or(self.id.as_deref()).unwrap_or(&self.title)
    }
}

/// The level of a rule that matches single reports is documentation.
pub(crate) fn level(map: &mut Mapping<'_>, faults: &mut Faults) {
    if let Some((_, node)) = map.take("level") {
        one_of(node, "level", &LEVELS, faults);
    }
}

/// A value of a list, or a fault with the nearest.
pub(crate) fn one_of<'n>(node: &'n Node, what: &str, right: &[&str], faults: &mut Faults) -> Option<&'n str> {
    let text = node.text().unwrap_or_default();
    if right.contains(&text) {
        return node.text();
    }
    let near = suggestion(text, right.iter().copied());
    faults.push(node.at, format!("'{what}' cannot be '{}'{near}", cut(text)));
    None
}

fn name(node: &Node, faults: &mut Faults) -> Option<String> {
    let text = text(node, "name", NAME_BYTES, faults)?;
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    {
        faults.push(
            node.at,
            format!("'name' has letters, digits, '-' and '_', not '{}'", cut(text)),
        );
        return None;
    }
    Some(text.to_owned())
}

fn related(node: &Node, faults: &mut Faults) {
    let Kind::List(items) = &node.kind else {
        faults.push(node.at, format!("'related' is a list, this is {}", node.what()));
        return;
    };
    for item in items {
        let Some(mut map) = Mapping::of(item, "an entry of 'related'", faults) else {
            continue;
        };
        if let Some(node) = map.need("id", "say which rule", faults) {
            uuid(node, faults);
        }
        if let Some(node) = map.need("type", "say how it is related", faults) {
            one_of(node, "type", &RELATIONS, faults);
        }
        map.finish(faults);
    }
}

/// What Sigma knows and this reader does not follow.
fn refuse_foreign(map: &mut Mapping<'_>, faults: &mut Faults) {
    let scope = "a report comes from a member, not from a kind of machine; select by country or sector instead";
    map.refuse("scope", scope, faults);
    map.refuse("action", "belongs to Sigma 1; write each rule out", faults);
    map.refuse(
        "filter",
        "Sigma filters are another specification; write the exception into the rule",
        faults,
    );
    map.refuse(
        "timeframe",
        "belongs to Sigma 1; write a correlation with a timespan",
        faults,
    );
}
