//! What a correlation measures, and what it must come to.

use chappe_model::{Bounds, Field, Measure};

use crate::correlation::{Named, field};
use crate::fault::{At, Faults};
use crate::mapping::Mapping;
use crate::yaml::{Key, Kind, Node};

/// Takes the condition of a correlation of this type over so many rules.
pub(super) fn read(
    map: &mut Mapping<'_>,
    kind: Option<&str>,
    rules: usize,
    faults: &mut Faults,
) -> Option<(Measure, Bounds)> {
    let temporal = matches!(kind, Some("temporal" | "temporal_ordered"));
    let Some((_, node)) = map.take("condition") else {
        if kind.is_some() && !temporal {
            faults.push(map.at, "'correlation' without 'condition': write condition: {gte: 3}");
        }
        // Without a condition all of them must be there.
        let all = u32::try_from(rules).ok().filter(|_| temporal)?;
        let measure = measure(kind?, None)?;
        return Some((measure, only(all)));
    };
    if node.text().is_some() {
        faults.push(
            node.at,
            "a condition in words belongs to Sigma 2.1; write a map such as {gte: 2}",
        );
        return None;
    }
    let mut condition = Mapping::of(node, "the condition of a correlation", faults)?;
    let field = condition.take("field");
    condition.refuse("neq", "belongs to Sigma 2.1; write a range of gt, gte, lt, lte", faults);
    condition.refuse(
        "percentile",
        "belongs to Sigma 2.1, and reports hold no numbers",
        faults,
    );
    let range = range(&mut condition, faults);
    condition.finish(faults);
    let counted = counted(kind, node, field, faults);
    let (kind, range) = (kind?, range?);
    if temporal && range.at_least as usize > rules {
        faults.push(node.at, format!("{} of {rules} rules: never holds", range.at_least));
        return None;
    }
    Some((measure(kind, counted)?, range))
}

fn only(at_least: u32) -> Bounds {
    Bounds {
        at_least,
        at_most: None,
    }
}

fn measure(kind: &str, counted: Option<Field>) -> Option<Measure> {
    match kind {
        "event_count" => Some(Measure::Events),
        "value_count" => counted.map(Measure::Distinct),
        "temporal" => Some(Measure::Together),
        _ => Some(Measure::InOrder),
    }
}

fn counted(kind: Option<&str>, condition: &Node, entry: Option<&(Key, Node)>, faults: &mut Faults) -> Option<Field> {
    match (kind, entry) {
        (Some("value_count"), None) => {
            faults.push(
                condition.at,
                "value_count without 'field': say whose distinct values are counted",
            );
            None
        }
        (Some("value_count"), Some((_, node))) => match &node.kind {
            Kind::List(_) => {
                faults.push(
                    node.at,
                    "several fields belong to Sigma 2.1: count one, or group by the other",
                );
                None
            }
            _ => {
                let name = node.text().unwrap_or_default().to_owned();
                field(&Named { at: node.at, name }, faults)
            }
        },
        (Some(kind), Some((key, _))) => {
            faults.push(key.at, format!("'field' goes with value_count, not with {kind}"));
            None
        }
        _ => None,
    }
}

/// One end of a range, and where it stands.
type End = (At, u64);

/// gt, gte, lt, lte and eq as one range, both ends included.
fn range(map: &mut Mapping<'_>, faults: &mut Faults) -> Option<Bounds> {
    let before = faults.len();
    let (mut low, mut high): (Option<End>, Option<End>) = (None, None);
    for operator in ["gt", "gte", "lt", "lte", "eq"] {
        let Some((key, node)) = map.take(operator) else {
            continue;
        };
        let Some(number) = node.number().map(u64::from) else {
            faults.push(node.at, format!("'{operator}' takes a whole number"));
            continue;
        };
        let (least, most) = match operator {
            "gt" => (Some(number + 1), None),
            "gte" => (Some(number), None),
            // Below nothing lies nothing: refused below, as what never holds.
            "lt" => (None, Some(number.saturating_sub(1))),
            "lte" => (None, Some(number)),
            _ => (Some(number), Some(number)),
        };
        for (end, new, name) in [(&mut low, least, "lower"), (&mut high, most, "upper")] {
            if let Some(new) = new {
                if end.is_some() {
                    faults.push(key.at, format!("'{operator}': there is a {name} bound already"));
                }
                *end = Some((node.at, new));
            }
        }
    }
    if low.is_none() && high.is_none() && faults.len() == before {
        faults.push(map.at, "a condition without bound: give gt, gte, lt, lte or eq");
    }
    let (least, most) = (low.map_or(1, |(_, least)| least), high.map(|(_, most)| most));
    let (least_at, most_at) = (low.map_or(map.at, |(at, _)| at), high.map_or(map.at, |(at, _)| at));
    if most == Some(0) {
        faults.push(
            most_at,
            "nothing fires on nothing: what is absent cannot be told from what was not reported",
        );
    } else if least == 0 {
        faults.push(least_at, "at least 1: nothing fires on nothing");
    } else if most.is_some_and(|most| most < least) {
        faults.push(
            most_at,
            format!(
                "at most {} of what is at least {least}: never holds",
                most.unwrap_or_default()
            ),
        );
    }
    let least = u32::try_from(least)
        .map_err(|_| faults.push(least_at, "too large"))
        .ok()?;
    let bounds = Bounds {
        at_least: least,
        at_most: most.and_then(|most| u32::try_from(most).ok()),
    };
    (faults.len() == before).then_some(bounds)
}
