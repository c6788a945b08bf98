//! A Sigma correlation, as it is written: what it refers to is looked up later, when every rule is known.

mod bounds;
mod manner;

use chappe_model::limits::RULE_SOURCES;
use chappe_model::{Bounds, Field, Measure};

use crate::fault::{At, Faults};
use crate::head::{Head, one_of};
use crate::limits::NAME_BYTES;
use crate::mapping::Mapping;
use crate::nearest::suggestion;
use crate::values::{cut, items, span_ms, text};
use crate::yaml::{Kind, Node};

pub(crate) use manner::Manner;

/// A rule over many reports.
#[derive(Debug)]
pub(crate) struct Correlation {
    pub(crate) head: Head,
    /// None where it was faulty.
    pub(crate) body: Option<Body>,
    pub(crate) generate: Option<At>,
    pub(crate) manner: Option<Manner>,
}

/// Its `correlation`.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) at: At,
    pub(crate) measure: Measure,
    pub(crate) bounds: Bounds,
    pub(crate) within_ms: u64,
    pub(crate) rules: Vec<Named>,
    pub(crate) group_by: Vec<Named>,
    pub(crate) aliases: Vec<Alias>,
}

/// A name, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) at: At,
    pub(crate) name: String,
}

/// A name for a field that is called otherwise in each rule.
#[derive(Debug)]
pub(crate) struct Alias {
    pub(crate) alias: Named,
    /// Rule and field.
    pub(crate) fields: Vec<(Named, Named)>,
}

const TYPES: [&str; 4] = ["event_count", "value_count", "temporal", "temporal_ordered"];
const LATER_TYPES: [&str; 4] = ["value_sum", "value_avg", "value_percentile", "value_median"];
const NO_LEVEL: &str = "an alert is as severe as the severest of its reports; leave it out";

pub(crate) fn read(mut map: Mapping<'_>, faults: &mut Faults) -> Correlation {
    let head = Head::take(&mut map, faults);
    map.refuse("level", NO_LEVEL, faults);
    map.refuse("logsource", "belongs to the rules that match reports", faults);
    map.refuse(
        "detection",
        "a correlation has none; write the rule as a document of its own",
        faults,
    );
    let mut generate = map.take("generate");
    let manner = map
        .take("chappe")
        .and_then(|(key, node)| Manner::read(key, node, faults));
    let mut body = None;
    if let Some((_, node)) = map.take("correlation")
        && let Some(mut inner) = Mapping::of(node, "'correlation'", faults)
    {
        if let Some(twice) = inner.take("generate") {
            if generate.is_some() {
                faults.push(twice.0.at, "'generate' stands twice");
            }
            generate = Some(twice);
        }
        body = self::body(inner, faults);
    }
    map.finish(faults);
    let generate = generate.and_then(|(key, node)| match node.truth() {
        Some(wanted) => wanted.then_some(key.at),
        None => {
            faults.push(node.at, "'generate' is true or false");
            None
        }
    });
    Correlation {
        head,
        body,
        generate,
        manner,
    }
}

fn body(mut map: Mapping<'_>, faults: &mut Faults) -> Option<Body> {
    let before = faults.len();
    let at = map.at;
    let kind = map.need(
        "type",
        "give event_count, value_count, temporal or temporal_ordered",
        faults,
    );
    let kind = kind.and_then(|node| kind_of(node, faults));
    let rules = map.need("rules", "name the rules that it looks at", faults);
    let rules = rules.map(|node| names(node, "rules", faults)).unwrap_or_default();
    let group_by = map.need("group-by", "write group-by: [] to count all reports together", faults);
    let group_by = group_by.map(|node| group_by_of(node, faults)).unwrap_or_default();
    let within_ms = map.need("timespan", "such as timespan: 24h", faults);
    let within_ms = within_ms.and_then(|node| within(node, faults));
    let aliases = map
        .take("aliases")
        .map(|(_, node)| aliases_of(node, faults))
        .unwrap_or_default();
    map.refuse(
        "field",
        "belongs into the condition: condition: {field: country, gte: 3}",
        faults,
    );
    map.refuse(
        "ordered",
        "belongs to an older draft; write type: temporal_ordered",
        faults,
    );
    let wanted = bounds::read(&mut map, kind, rules.len(), faults);
    map.finish(faults);
    let (measure, bounds) = wanted.filter(|_| faults.len() == before)?;
    Some(Body {
        at,
        measure,
        bounds,
        within_ms: within_ms?,
        rules,
        group_by,
        aliases,
    })
}

fn kind_of<'n>(node: &'n Node, faults: &mut Faults) -> Option<&'n str> {
    let text = node.text().unwrap_or_default();
    if LATER_TYPES.contains(&text) {
        faults.push(
            node.at,
            format!("'{text}' belongs to Sigma 2.1, and reports hold no numbers to add up"),
        );
        return None;
    }
    one_of(node, "type", &TYPES, faults)
}

/// Longest timespan, in milliseconds: 90 days, as of every rule.
const WITHIN_MS: u64 = 90 * 24 * 3600 * 1000;

fn within(node: &Node, faults: &mut Faults) -> Option<u64> {
    let span = span_ms(node, "timespan", faults)?;
    if span == 0 || span > WITHIN_MS {
        faults.push(
            node.at,
            format!("'timespan: {}': 1s to 90d", node.text().unwrap_or_default()),
        );
        return None;
    }
    Some(span)
}

/// A list of names without repetition.
fn names(node: &Node, what: &str, faults: &mut Faults) -> Vec<Named> {
    let Some(items) = items(node, what, faults) else {
        return Vec::new();
    };
    if items.len() > RULE_SOURCES {
        faults.push(
            node.at,
            format!("'{what}' has {} entries: at most {RULE_SOURCES}", items.len()),
        );
        return Vec::new();
    }
    let mut found: Vec<Named> = Vec::new();
    for item in items {
        let Some(name) = text(item, what, NAME_BYTES, faults) else {
            continue;
        };
        if found.iter().any(|earlier| earlier.name == name) {
            faults.push(item.at, format!("'{}' stands twice in '{what}'", cut(name)));
            continue;
        }
        found.push(Named {
            at: item.at,
            name: name.to_owned(),
        });
    }
    found
}

fn group_by_of(node: &Node, faults: &mut Faults) -> Vec<Named> {
    match &node.kind {
        Kind::List(items) if items.is_empty() => Vec::new(),
        _ => names(node, "group-by", faults),
    }
}

fn aliases_of(node: &Node, faults: &mut Faults) -> Vec<Alias> {
    let Some(map) = Mapping::of(node, "'aliases'", faults) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (key, value) in map.rest() {
        if Field::parse(&key.text).is_some() {
            faults.push(
                key.at,
                format!("'{}' is a field already: give the alias another name", key.text),
            );
        }
        let Some(inner) = Mapping::of(value, "an alias", faults) else {
            continue;
        };
        let mut fields = Vec::new();
        for (rule, field) in inner.rest() {
            if let Some(name) = text(field, "the field of an alias", NAME_BYTES, faults) {
                let rule = Named {
                    at: rule.at,
                    name: rule.text.clone(),
                };
                let name = name.to_owned();
                fields.push((rule, Named { at: field.at, name }));
            }
        }
        found.push(Alias {
            alias: Named {
                at: key.at,
                name: key.text.clone(),
            },
            fields,
        });
    }
    found
}

/// The field of a name, or a fault with the nearest.
pub(crate) fn field(named: &Named, faults: &mut Faults) -> Option<Field> {
    let found = Field::parse(&named.name);
    if found.is_none() {
        let near = suggestion(&named.name, Field::all().map(Field::as_str).collect::<Vec<_>>());
        faults.push(
            named.at,
            format!("'{}' is no field of a report{near}", cut(&named.name)),
        );
    }
    found
}
