//! A Sigma rule: which reports match.

mod condition;
mod item;
mod modifiers;
mod value;

use chappe_model::Filter;
use chappe_model::limits::{FILTER_DEPTH, FILTER_TESTS};

use crate::fault::{At, Faults};
use crate::head::{Head, level, one_of};
use crate::mapping::Mapping;
use crate::values::text;
use crate::yaml::{Key, Kind, Node};

/// A rule that matches single reports.
#[derive(Debug)]
pub(crate) struct Detection {
    pub(crate) head: Head,
    /// None where it was faulty.
    pub(crate) filter: Option<Filter>,
}

/// A named part of a detection.
pub(crate) struct Selection {
    pub(crate) name: String,
    at: At,
    /// None where it was faulty.
    pub(crate) filter: Option<Filter>,
    pub(crate) used: bool,
}

pub(crate) fn read(mut map: Mapping<'_>, faults: &mut Faults) -> Detection {
    let head = Head::take(&mut map, faults);
    level(&mut map, faults);
    if let Some(node) = map.need("logsource", "write {product: chappe, category: report}", faults) {
        logsource(node, faults);
    }
    let filter = map.take("detection").and_then(|(_, node)| filter(node, faults));
    if let Some((key, _)) = map.take("chappe") {
        let message = "'chappe' says what alerts are like: it belongs to a correlation, a single report raises none";
        faults.push(key.at, message);
    }
    map.finish(faults);
    Detection { head, filter }
}

/// Rules look at reports, and at no log of a machine.
fn logsource(node: &Node, faults: &mut Faults) {
    let Some(mut map) = Mapping::of(node, "'logsource'", faults) else {
        return;
    };
    let (product, category) = (map.take("product"), map.take("category"));
    if product.is_none() && category.is_none() {
        faults.push(
            map.at,
            "'logsource' names no source: write {product: chappe, category: report}",
        );
    }
    if let Some((_, node)) = product {
        one_of(node, "product", &["chappe"], faults);
    }
    if let Some((_, node)) = category {
        one_of(node, "category", &["report"], faults);
    }
    map.refuse(
        "service",
        "reports of members come from no service; leave it out",
        faults,
    );
    if let Some((_, node)) = map.take("definition") {
        text(node, "definition", crate::limits::DESCRIPTION_CHARS, faults);
    }
    map.finish(faults);
}

fn filter(node: &Node, faults: &mut Faults) -> Option<Filter> {
    let before = faults.len();
    let mut map = Mapping::of(node, "'detection'", faults)?;
    map.refuse(
        "timeframe",
        "belongs to Sigma 1; write a correlation with a timespan",
        faults,
    );
    let condition = map.need("condition", "say which selections must match", faults);
    let mut selections: Vec<Selection> = map
        .rest()
        .into_iter()
        .map(|(key, node)| Selection {
            name: key.text.clone(),
            at: key.at,
            filter: selection(key, node, faults),
            used: false,
        })
        .collect();
    let sound = faults.len();
    let filter = condition.and_then(|node| condition::read(node, &mut selections, faults));
    // What a faulty condition names is not known.
    if condition.is_some() && faults.len() == sound {
        for unused in selections.iter().filter(|selection| !selection.used) {
            let message = format!(
                "'{}' is not in the condition: use it there, or take it out",
                unused.name
            );
            faults.push(unused.at, message);
        }
    }
    let filter = filter.filter(|_| faults.len() == before)?;
    if filter.is_none() {
        faults.push(node.at, "matches no report, whatever it says");
    }
    if filter.tests() > FILTER_TESTS {
        let message = format!(
            "{} tests: at most {FILTER_TESTS}; a list of plain values is one test",
            filter.tests()
        );
        faults.push(node.at, message);
    }
    if filter.depth() > FILTER_DEPTH {
        faults.push(
            node.at,
            format!("more than {FILTER_DEPTH} conditions within each other"),
        );
    }
    Some(filter)
}

/// A map, whose entries all hold, or a list of maps, of which one does.
fn selection(key: &Key, node: &Node, faults: &mut Faults) -> Option<Filter> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if key.text.is_empty() || !key.text.chars().all(word) {
        faults.push(
            key.at,
            format!("'{}': a selection's name has letters, digits, '_' and '-'", key.text),
        );
    }
    let before = faults.len();
    let found = match &node.kind {
        Kind::Map(_) => all_of(node, faults),
        Kind::List(items) if !items.is_empty() => {
            let parts: Vec<Filter> = items.iter().filter_map(|item| all_of(item, faults)).collect();
            Some(Filter::either(parts))
        }
        _ => {
            let message = format!(
                "'{}' is {}: write a map such as {{severity: high}}",
                key.text,
                node.what()
            );
            faults.push(node.at, message);
            None
        }
    };
    found.filter(|_| faults.len() == before)
}

fn all_of(node: &Node, faults: &mut Faults) -> Option<Filter> {
    match &node.kind {
        Kind::Map(entries) if !entries.is_empty() => {
            let parts: Vec<Filter> = entries
                .iter()
                .filter_map(|(key, value)| item::read(key, value, faults))
                .collect();
            Some(Filter::all(parts))
        }
        Kind::Map(_) => {
            faults.push(
                node.at,
                "an empty map: to match every report write {severity|exists: true}",
            );
            None
        }
        Kind::Plain(_) | Kind::Quoted(_) => {
            faults.push(node.at, item::KEYWORDS);
            None
        }
        _ => {
            faults.push(
                node.at,
                format!("{} where a map of fields and values belongs", node.what()),
            );
            None
        }
    }
}
