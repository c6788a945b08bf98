//! Tests that stand beside rules: reports in, the rules that must fire out.

use std::sync::Arc;

use chappe_model::{Country, MemberId};
use serde_json::{Map, Value};

use crate::fault::{At, Faults};
use crate::limits::{CASE_REPORTS, TITLE_CHARS};
use crate::mapping::Mapping;
use crate::values::{cut, items, span_ms, text, texts};
use crate::yaml::{Kind, Node};

/// A test of rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What it shows.
    pub title: String,
    /// Its file.
    pub file: Arc<str>,
    /// Where it begins, from 1.
    pub line: usize,
    /// In the order of their times.
    pub reports: Vec<CaseReport>,
    /// The rules that raise an alert, and no other, sorted.
    pub fires: Vec<String>,
}

/// A report of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseReport {
    /// Where it stands, from 1.
    pub line: usize,
    /// After the beginning of the test, in milliseconds.
    pub at_ms: u64,
    /// Who reports.
    pub by: MemberId,
    /// That member's country.
    pub home: Option<Country>,
    /// The fields of a report, as `chappe submit` reads them.
    pub fields: Map<String, Value>,
}

/// A test as it stands in its file.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) at: At,
    pub(crate) case: Case,
    pub(crate) fires: Vec<(At, String)>,
}

impl Written {
    pub(crate) fn read(mut map: Mapping<'_>, faults: &mut Faults) -> Option<Self> {
        let before = faults.len();
        let at = map.at;
        let title = map.need("test", "say what it shows", faults);
        let title = title
            .and_then(|node| text(node, "test", TITLE_CHARS, faults))
            .unwrap_or_default()
            .to_owned();
        let reports = map.need("reports", "give reports, each with at and by", faults);
        let reports = reports
            .and_then(|node| items(node, "reports", faults))
            .unwrap_or_default();
        if reports.len() > CASE_REPORTS {
            faults.push(at, format!("{} reports: at most {CASE_REPORTS}", reports.len()));
        }
        let mut reports: Vec<CaseReport> = reports.iter().filter_map(|node| report(node, faults)).collect();
        reports.sort_by_key(|report| report.at_ms);
        let fires = map.need("fires", "list the rules that must fire, [] if none", faults);
        let fires = fires.map(|node| fires_of(node, faults)).unwrap_or_default();
        map.finish(faults);
        let case = Case {
            title,
            file: Arc::default(),
            line: at.line,
            reports,
            fires: Vec::new(),
        };
        (faults.len() == before).then_some(Self { at, case, fires })
    }
}

fn fires_of(node: &Node, faults: &mut Faults) -> Vec<(At, String)> {
    match &node.kind {
        Kind::List(items) => {
            let names = items.iter().flat_map(|item| {
                texts(item, "fires", TITLE_CHARS, faults)
                    .into_iter()
                    .map(|name| (item.at, name.to_owned()))
                    .collect::<Vec<_>>()
            });
            names.collect()
        }
        _ => {
            faults.push(node.at, "'fires' is a list of rules, [] if none");
            Vec::new()
        }
    }
}

fn report(node: &Node, faults: &mut Faults) -> Option<CaseReport> {
    let mut map = Mapping::of(node, "a report of a test", faults)?;
    let line = map.at.line;
    let at_ms = map.need("at", "when, after the beginning of the test: 0s, 90m", faults);
    let at_ms = at_ms.and_then(|node| span_ms(node, "at", faults));
    let by = map.need("by", "which member reports", faults);
    let by = by.and_then(|node| member(node, faults));
    let home = map.take("home").and_then(|(_, node)| country(node, faults));
    let fields = map
        .rest()
        .into_iter()
        .map(|(key, value)| (key.text.clone(), json(value)))
        .collect();
    Some(CaseReport {
        line,
        at_ms: at_ms?,
        by: by?,
        home,
        fields,
    })
}

fn member(node: &Node, faults: &mut Faults) -> Option<MemberId> {
    let member = MemberId::parse(node.text().unwrap_or_default());
    member
        .map_err(|error| faults.push(node.at, format!("'by': {error}")))
        .ok()
}

fn country(node: &Node, faults: &mut Faults) -> Option<Country> {
    let text = node.text().unwrap_or_default();
    let country = Country::parse(text);
    country
        .map_err(|error| faults.push(node.at, format!("'home: {}': {error}", cut(text))))
        .ok()
}

/// As JSON, by YAML's core schema: what looks like a number or a truth and has no quotation marks is one.
fn json(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Plain(text) => match (node.truth(), text.parse::<i64>()) {
            (Some(truth), _) => Value::Bool(truth),
            (None, Ok(number)) => number.into(),
            (None, Err(_)) => Value::String(text.clone()),
        },
        Kind::Quoted(text) => Value::String(text.clone()),
        Kind::List(items) => items.iter().map(json).collect(),
        Kind::Map(entries) => entries
            .iter()
            .map(|(key, value)| (key.text.clone(), json(value)))
            .collect(),
    }
}
