//! One entry of a selection: a field, modifiers, values.

use chappe_model::{Filter, IndicatorKind, Network, Regexp, Subject, Test, Texts, Wildcards};

use super::modifiers::{self, How, Modifiers, Order};
use super::value::{canonical, closed, pseudonyms, unknown};
use crate::fault::{At, Faults};
use crate::limits::{VALUE_BYTES, VALUES};
use crate::nearest::suggestion;
use crate::values::cut;
use crate::yaml::{Key, Kind, Node};

pub(super) const KEYWORDS: &str =
    "a keyword without a field: a report has no message to search; name a field, such as {title|contains: word}";

pub(super) fn read(key: &Key, value: &Node, faults: &mut Faults) -> Option<Filter> {
    let name = key.text.split('|').next().unwrap_or_default();
    let Some(subject) = Subject::parse(name) else {
        faults.push(key.at, no_field(name));
        return None;
    };
    let modifiers = modifiers::read(key, subject, faults)?;
    if modifiers.how == How::Exists {
        return exists(subject, value, faults);
    }
    let listed;
    let values = match &value.kind {
        Kind::List(items) => {
            if items.is_empty() || items.len() > VALUES {
                faults.push(
                    value.at,
                    format!("a list of 1 to {VALUES} values, this has {}", items.len()),
                );
                return None;
            }
            items.iter().collect()
        }
        _ => {
            listed = [value];
            listed.to_vec()
        }
    };
    if modifiers.all && values.len() < 2 {
        faults.push(value.at, "'all' needs a list of two values or more; leave it out");
        return None;
    }
    let before = faults.len();
    let filter = tested(subject, &modifiers, &values, faults);
    (faults.len() == before).then_some(filter)
}

fn no_field(name: &str) -> String {
    match name {
        "" => KEYWORDS.to_owned(),
        "reporter" | "reporter_country" => format!(
            "'{name}' names a member: whoever is shown the alert would learn who reported; it can be counted, not selected"
        ),
        "attested_country" => {
            "whether a country is attested shows over many reports: select 'country', count 'attested_country'"
                .to_owned()
        }
        "summary" => "'summary' is for the reporter only, and no rule may look at it; 'title' can be asked".to_owned(),
        "report_key" | "revision" => format!("'{name}' says nothing of the incident"),
        _ => format!(
            "'{}' is no field of a report{}",
            cut(name),
            suggestion(name, Subject::all().map(Subject::as_str).collect::<Vec<_>>())
        ),
    }
}

fn exists(subject: Subject, value: &Node, faults: &mut Faults) -> Option<Filter> {
    let Some(wanted) = value.truth() else {
        faults.push(value.at, "'exists' takes true or false");
        return None;
    };
    let there = Filter::has(subject, Test::Exists);
    Some(if wanted { there } else { there.negated() })
}

/// Plain values of a list are one test; others are one each.
fn tested(subject: Subject, modifiers: &Modifiers, values: &[&Node], faults: &mut Faults) -> Filter {
    let mut plain = Vec::new();
    let mut parts = Vec::new();
    for node in values {
        if matches!(node.kind, Kind::Null) {
            if modifiers.how == How::Plain {
                parts.push(Filter::has(subject, Test::Exists).negated());
            } else {
                faults.push(
                    node.at,
                    "null goes without a modifier: it says that the field has no value",
                );
            }
            continue;
        }
        let Some(text) = value_text(node, faults) else { continue };
        let text = text.as_str();
        let literal = if modifiers.how == How::Plain {
            Wildcards::literal(text)
        } else {
            None
        };
        let test = match literal {
            Some(literal) => exact(subject, node.at, &literal, faults).map(|value| {
                if !modifiers.all {
                    plain.push(value.clone());
                }
                texts([value], modifiers.cased)
            }),
            None => pattern(subject, modifiers, node.at, text, faults),
        };
        let Some(test) = test else { continue };
        if modifiers.all || !matches!(test, Test::Is(_)) || modifiers.how != How::Plain {
            parts.push(Filter::has(subject, test));
        }
    }
    if !plain.is_empty() {
        parts.insert(0, Filter::has(subject, texts(plain, modifiers.cased)));
    }
    if modifiers.all {
        Filter::all(parts)
    } else {
        Filter::either(parts)
    }
}

fn texts(values: impl IntoIterator<Item = String>, cased: bool) -> Test {
    Test::Is(if cased {
        Texts::cased(values)
    } else {
        Texts::any_case(values)
    })
}

fn value_text(node: &Node, faults: &mut Faults) -> Option<String> {
    let Some(text) = node.text() else {
        faults.push(node.at, format!("{} where a value belongs", node.what()));
        return None;
    };
    if text.is_empty() {
        faults.push(
            node.at,
            "an empty text: a report has a value or none, write null for none",
        );
        return None;
    }
    if text.len() > VALUE_BYTES {
        faults.push(
            node.at,
            format!("{} bytes: a value has at most {VALUE_BYTES}", text.len()),
        );
        return None;
    }
    Some(text.to_owned())
}

fn exact(subject: Subject, at: At, literal: &str, faults: &mut Faults) -> Option<String> {
    let value = canonical(subject, literal);
    value.map_err(|message| faults.push(at, message)).ok()
}

/// Everything but a plain value.
fn pattern(subject: Subject, modifiers: &Modifiers, at: At, text: &str, faults: &mut Faults) -> Option<Test> {
    let like = |pattern: String| Test::Like(Wildcards::parse(&pattern, modifiers.cased));
    let test = match &modifiers.how {
        How::Contains => like(format!("*{}*", closed_end(text))),
        How::StartsWith => like(format!("{}*", closed_end(text))),
        How::EndsWith => like(format!("*{text}")),
        How::Re(flags) => expression(at, flags, text, faults)?,
        How::Cidr => Test::Within(
            Network::parse(text)
                .map_err(|error| faults.push(at, error.to_string()))
                .ok()?,
        ),
        How::Order(order) => return ordered(subject, *order, at, text, faults),
        How::Plain | How::Exists => like(text.to_owned()),
    };
    let never = match closed(subject) {
        Some(values) => !values.iter().any(|value| test.holds(value)),
        None => false,
    };
    if never {
        faults.push(at, unknown(subject, text));
        return None;
    }
    let lower = text.to_lowercase();
    let mut personal = IndicatorKind::ALL.into_iter().filter(|kind| kind.is_personal());
    if subject == Subject::Indicator
        && let Some(kind) = personal.find(|kind| asks_for(&lower, kind.as_str()))
    {
        faults.push(at, pseudonyms(kind));
        return None;
    }
    Some(test)
}

/// Whether a pattern, in lower case, can only hold of values of a kind: `phone:…`, or the name up to its first wildcard, as in `phone*`.
fn asks_for(pattern: &str, kind: &str) -> bool {
    let rest = pattern.strip_prefix(kind);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '*', '?', '\\']))
}

/// A backslash at the end would take the meaning from the `*` that is put behind it.
fn closed_end(text: &str) -> String {
    let slashes = text.chars().rev().take_while(|c| *c == '\\').count();
    if slashes % 2 == 1 {
        format!("{text}\\")
    } else {
        text.to_owned()
    }
}

fn expression(at: At, flags: &str, text: &str, faults: &mut Faults) -> Option<Test> {
    let source = if flags.is_empty() {
        text.to_owned()
    } else {
        format!("(?{flags}){text}")
    };
    match Regexp::parse(&source) {
        Ok(regexp) => Some(Test::Matches(regexp)),
        Err(error) => {
            faults.push(at, format!("not an expression that can be matched: {error}"));
            None
        }
    }
}

/// The labels on one side of the one that is written.
fn ordered(subject: Subject, order: Order, at: At, text: &str, faults: &mut Faults) -> Option<Test> {
    let value = exact(subject, at, text, faults)?;
    let all = closed(subject).unwrap_or_default();
    let written = all.iter().position(|label| *label == value)?;
    let labels: Vec<&str> = all
        .iter()
        .enumerate()
        .filter(|(place, _)| order.holds(*place, written))
        .map(|(_, label)| *label)
        .collect();
    if labels.is_empty() {
        faults.push(at, format!("no {} lies beyond '{value}'", subject.as_str()));
        return None;
    }
    Some(Test::Is(Texts::any_case(labels)))
}
