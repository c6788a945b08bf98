//! What stands behind a field's name: `domain|endswith|cased`.

use chappe_model::Subject;

use super::value::pseudonyms;
use crate::fault::{At, Faults};
use crate::nearest::suggestion;
use crate::yaml::Key;

/// How values are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum How {
    Plain,
    Contains,
    StartsWith,
    EndsWith,
    /// With the flags i, m, s.
    Re(String),
    Cidr,
    Exists,
    Order(Order),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Gt,
    Gte,
    Lt,
    Lte,
}

impl Order {
    /// Whether a place in the order is as it should be to the one that was written.
    pub(super) fn holds(self, place: usize, written: usize) -> bool {
        match self {
            Self::Gt => place > written,
            Self::Gte => place >= written,
            Self::Lt => place < written,
            Self::Lte => place <= written,
        }
    }
}

#[derive(Debug)]
pub(super) struct Modifiers {
    pub(super) how: How,
    pub(super) cased: bool,
    pub(super) all: bool,
}

const KNOWN: [&str; 12] = [
    "contains",
    "startswith",
    "endswith",
    "all",
    "cased",
    "re",
    "cidr",
    "exists",
    "gt",
    "gte",
    "lt",
    "lte",
];

/// Modifiers of Sigma that cannot mean anything here, with the reason.
const REFUSED: [(&str, &str); 17] = [
    ("base64", "a report holds values as they are, nothing encoded"),
    ("base64offset", "a report holds values as they are, nothing encoded"),
    ("utf16", "a report holds text, not bytes"),
    ("utf16le", "a report holds text, not bytes"),
    ("utf16be", "a report holds text, not bytes"),
    ("wide", "a report holds text, not bytes"),
    ("windash", "a report holds no command lines"),
    ("expand", "placeholders have no values here; write the values"),
    (
        "fieldref",
        "the fields of a report hold values of different kinds; none equals another",
    ),
    (
        "neq",
        "belongs to Sigma 2.1; write a selection, and 'not' it in the condition",
    ),
    (
        "minute",
        "belongs to Sigma 2.1; rules see no dates, correlations have a timespan",
    ),
    (
        "hour",
        "belongs to Sigma 2.1; rules see no dates, correlations have a timespan",
    ),
    (
        "day",
        "belongs to Sigma 2.1; rules see no dates, correlations have a timespan",
    ),
    (
        "week",
        "belongs to Sigma 2.1; rules see no dates, correlations have a timespan",
    ),
    (
        "month",
        "belongs to Sigma 2.1; rules see no dates, correlations have a timespan",
    ),
    (
        "year",
        "belongs to Sigma 2.1; rules see no dates, correlations have a timespan",
    ),
    ("near", "belongs to Sigma 1; write a temporal correlation"),
];

pub(super) fn read(key: &Key, subject: Subject, faults: &mut Faults) -> Option<Modifiers> {
    let mut found = Modifiers {
        how: How::Plain,
        cased: false,
        all: false,
    };
    let before = faults.len();
    let mut column = subject.as_str().len() + 1;
    for word in key.text.split('|').skip(1) {
        let at = key.at.plus(column);
        column += word.chars().count() + 1;
        match word {
            "all" if found.all => faults.push(at, "'all' stands twice"),
            "cased" if found.cased => faults.push(at, "'cased' stands twice"),
            "all" => found.all = true,
            "cased" => found.cased = true,
            "i" | "m" | "s" => match &mut found.how {
                How::Re(flags) if !flags.contains(word) => flags.push_str(word),
                How::Re(_) => faults.push(at, format!("'{word}' stands twice")),
                _ => faults.push(at, format!("'{word}' belongs behind 're'")),
            },
            word => compare(at, word, &mut found.how, faults),
        }
    }
    combine(key.at, subject, &found, faults);
    (faults.len() == before).then_some(found)
}

fn compare(at: At, word: &str, how: &mut How, faults: &mut Faults) {
    let new = match word {
        "contains" => How::Contains,
        "startswith" => How::StartsWith,
        "endswith" => How::EndsWith,
        "re" => How::Re(String::new()),
        "cidr" => How::Cidr,
        "exists" => How::Exists,
        "gt" => How::Order(Order::Gt),
        "gte" => How::Order(Order::Gte),
        "lt" => How::Order(Order::Lt),
        "lte" => How::Order(Order::Lte),
        _ => {
            let reason = REFUSED.iter().find(|(name, _)| *name == word);
            let message = match reason {
                Some((_, why)) => format!("modifier '{word}': {why}"),
                None => format!("'{word}' is no modifier{}", suggestion(word, KNOWN)),
            };
            return faults.push(at, message);
        }
    };
    if *how != How::Plain {
        return faults.push(
            at,
            format!("'{word}' and the comparison before it exclude each other: take one"),
        );
    }
    *how = new;
}

fn combine(at: At, subject: Subject, found: &Modifiers, faults: &mut Faults) {
    let name = subject.as_str();
    let textual = matches!(found.how, How::Plain | How::Contains | How::StartsWith | How::EndsWith);
    if found.cased && !textual {
        faults.push(
            at,
            "'cased' goes with texts: 're' tells cases apart unless it has 'i', and the others know none",
        );
    }
    if found.all && found.how == How::Exists {
        faults.push(at, "'all' goes with lists of values, 'exists' takes true or false");
    }
    if found.how == How::Cidr && subject != Subject::IndicatorOf(chappe_model::IndicatorKind::Ip) {
        faults.push(at, format!("'cidr' goes with 'ip', not with '{name}'"));
    }
    let ordered = matches!(subject, Subject::Severity | Subject::Tlp | Subject::Pap);
    if matches!(found.how, How::Order(_)) && !ordered {
        faults.push(
            at,
            format!("'{name}' has no order: gt, gte, lt and lte go with severity, tlp and pap"),
        );
    }
    if let Subject::IndicatorOf(kind) = subject
        && kind.is_personal()
        && found.how != How::Exists
    {
        faults.push(at, pseudonyms(kind));
    }
}
