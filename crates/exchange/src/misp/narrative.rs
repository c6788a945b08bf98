//! What an event says in words: where it comes from, whom and what its galaxies name, and its reports.

use chappe_model::limits::SUMMARY_BYTES;
use serde_json::{Map, Value};

use super::galaxy::Context;
use crate::loose;
use crate::notes::Notes;
use crate::shown::{cut, one_line};

/// The summary: the facts, the names of galaxies, the texts of event reports, cut where they grow too long.
pub(super) fn summary(event: &Map<String, Value>, context: &Context, notes: &mut Notes) -> String {
    let mut lines = vec![facts(event)];
    lines.extend(context.lines(notes));
    for report in loose::list(event, "EventReport").iter().filter_map(Value::as_object) {
        if loose::truth(report, "deleted") == Some(true) {
            continue;
        }
        let name = loose::text(report, "name").unwrap_or_default();
        let content = loose::text(report, "content").unwrap_or_default();
        if !name.is_empty() || !content.is_empty() {
            lines.push(format!("{}: {}", one_line(&name), without_controls(&content)));
        }
    }
    let whole = lines.join("\n");
    let kept = cut(&whole, SUMMARY_BYTES);
    if kept.len() < whole.len() {
        notes.push(format!("the summary was cut to {SUMMARY_BYTES} bytes"));
    }
    kept.to_owned()
}

/// Lines stay lines; no other control character does.
fn without_controls(text: &str) -> String {
    let plain = text.chars().filter(|c| *c != '\r');
    plain
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}

fn facts(event: &Map<String, Value>) -> String {
    let organisation = event
        .get("Orgc")
        .and_then(Value::as_object)
        .and_then(|orgc| loose::text(orgc, "name"));
    let analysis = match loose::number(event, "analysis") {
        Some(0) => ", analysis begun",
        Some(1) => ", analysis going on",
        Some(2) => ", analysis complete",
        _ => "",
    };
    let by = organisation.map_or_else(String::new, |name| format!(" by {}", one_line(&name)));
    let of = loose::text(event, "date").map_or_else(String::new, |day| format!(" of {}", one_line(&day)));
    format!("MISP event{by}{of}{analysis}.")
}
