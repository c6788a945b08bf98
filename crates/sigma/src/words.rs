//! A rule's condition in words, for explanations.

use chappe_model::{Bounds, Condition, Field, Filter, Measure, Of, Rule};

/// Hours up to which a timespan is told in hours.
const HOURS: u64 = 48;

/// The whole rule.
pub(crate) fn sentence(rule: &Rule) -> String {
    let key = key(&rule.group_by);
    let when = &rule.when;
    let within = span(when.within_ms);
    match when.measure {
        Measure::CriticalReport => "one report of critical severity".to_owned(),
        Measure::Distinct(field @ (Field::AttestedCountry | Field::Country)) if !key.is_empty() => {
            let countries = if field == Field::Country {
                "countries"
            } else {
                "attested countries"
            };
            format!(
                "{key}{} in {} {countries} within {within}",
                of(rule, when),
                bounds(when.bounds)
            )
        }
        _ if key.is_empty() => format!("{} within {within}", measured(rule, when)),
        _ => format!("{}, {key}, within {within}", measured(rule, when)),
    }
}

/// `the same indicator in the same sector`.
fn key(fields: &[Field]) -> String {
    let mut out = String::new();
    for (i, field) in fields.iter().enumerate() {
        let place = matches!(field, Field::Country | Field::Sector | Field::CriticalSector);
        out.push_str(match (i, place) {
            (0, _) => "the same ",
            (_, true) => " in the same ",
            (_, false) => " and the same ",
        });
        out.push_str(&named(*field));
    }
    out
}

fn named(field: Field) -> String {
    match field {
        Field::CriticalSector => "sector of high criticality (NIS2 Annex I)".to_owned(),
        field => field.as_str().replace('_', " "),
    }
}

/// `3 or more distinct sectors`.
fn measured(rule: &Rule, when: &Condition) -> String {
    let bounds = bounds(when.bounds);
    let list = list(rule, when);
    match when.measure {
        Measure::Events | Measure::CriticalReport => format!("{bounds} reports{}", of(rule, when)),
        Measure::Distinct(field) => format!("{bounds} distinct values of {}{}", named(field), of(rule, when)),
        Measure::Together if when.bounds.at_least as usize == when.of.len() => format!("all of {}", list.join(", ")),
        Measure::Together => format!("{bounds} of {}", list.join(", ")),
        Measure::InOrder if when.bounds.at_least as usize == when.of.len() => list.join(", then "),
        Measure::InOrder => format!("{bounds} from the beginning of {}", list.join(", then ")),
    }
}

fn of(rule: &Rule, when: &Condition) -> String {
    let every = when.of.iter().all(|of| matches!(of, Of::Source(index) if rule.sources.get(usize::from(*index)).is_some_and(|source| source.filter == Filter::Any)));
    if every {
        String::new()
    } else {
        format!(" of {}", list(rule, when).join(" or "))
    }
}

fn list(rule: &Rule, when: &Condition) -> Vec<String> {
    let name = |of: &Of| match of {
        Of::Source(index) => rule
            .sources
            .get(usize::from(*index))
            .map(|source| source.name.to_string())
            .unwrap_or_default(),
        Of::Firings(inner) => format!("({} within {})", measured(rule, inner), span(inner.within_ms)),
    };
    when.of.iter().map(name).collect()
}

fn bounds(Bounds { at_least, at_most }: Bounds) -> String {
    match at_most {
        None => format!("{at_least} or more"),
        Some(most) if most == at_least => format!("exactly {most}"),
        Some(most) => format!("{at_least} to {most}"),
    }
}

fn span(within_ms: u64) -> String {
    let (seconds, hour, day) = (within_ms / 1_000, 3_600, 86_400);
    let (number, unit) = match seconds {
        _ if seconds.is_multiple_of(day) && seconds > HOURS * hour => (seconds / day, "day"),
        _ if seconds.is_multiple_of(hour) => (seconds / hour, "hour"),
        _ if seconds.is_multiple_of(60) => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}
