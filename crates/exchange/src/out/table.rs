//! Alerts as CSV (RFC 4180, with a line of names).

use super::alert::{Told, ToldState, rfc3339};

/// What the columns are called, in their order. Others may be added behind them.
const COLUMNS: [&str; 29] = [
    "alert",
    "revision",
    "kind",
    "state",
    "superseded_by",
    "severity",
    "audience",
    "audience_countries",
    "tlp",
    "pap",
    "use",
    "recipients",
    "indicators",
    "key",
    "countries",
    "sectors",
    "incident_types",
    "reports",
    "unlisted",
    "members",
    "first_seen",
    "last_seen",
    "revised_at",
    "exercise",
    "uncorroborated",
    "held",
    "rule",
    "condition",
    "advice",
];

/// A line for each alert. Several values of one column stand with a space between, those of `key` with a bar.
#[must_use]
pub fn write_csv(alerts: &[Told]) -> String {
    let mut alerts: Vec<&Told> = alerts.iter().collect();
    alerts.sort_by_key(|alert| alert.id);
    let names = COLUMNS.map(str::to_owned);
    let lines = std::iter::once(names).chain(alerts.into_iter().map(cells));
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for line in lines {
        // Memory takes every line: there is no error to tell.
        let _ = writer.write_record(line.map(guarded));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn cells(alert: &Told) -> [String; COLUMNS.len()] {
    let joined = |words: Vec<&str>| words.join(" ");
    let superseded_by = match alert.state {
        ToldState::Superseded(Some(id)) => id.resource_name(),
        _ => String::new(),
    };
    // One that holds a space would be read as two: it stands in the key alone.
    let indicators = alert.indicators().into_iter().map(|one| one.text());
    let indicators: Vec<String> = indicators.filter(|text| !text.contains(' ')).collect();
    let key: Vec<String> = alert
        .key
        .iter()
        .map(|(field, value)| format!("{field}={value}"))
        .collect();
    [
        alert.id.resource_name(),
        alert.revision.to_string(),
        alert.kind.as_str().to_owned(),
        alert.state.as_str().to_owned(),
        superseded_by,
        alert.severity.to_string(),
        alert.audience.clone(),
        joined(
            alert
                .audience_countries
                .iter()
                .map(|country| country.as_str())
                .collect(),
        ),
        alert.tlp.to_string(),
        alert.pap.to_string(),
        alert.usage.clone(),
        alert.recipients.join(" "),
        indicators.join(" "),
        key.join("|"),
        joined(alert.countries.iter().map(|country| country.as_str()).collect()),
        joined(alert.sectors.iter().map(|sector| sector.as_str()).collect()),
        joined(alert.incident_types.iter().map(|rsit| rsit.as_str()).collect()),
        alert.reports.to_string(),
        alert.unlisted.to_string(),
        alert.members.to_string(),
        rfc3339(alert.first_seen_ms),
        rfc3339(alert.last_seen_ms),
        rfc3339(alert.revised_at_ms),
        alert.exercise.to_string(),
        alert.uncorroborated.to_string(),
        alert.held.to_string(),
        format!("{} {}", alert.rule, alert.rule_version),
        alert.condition.clone(),
        alert.advice.join(" "),
    ]
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe before it.
fn guarded(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell
    }
}
