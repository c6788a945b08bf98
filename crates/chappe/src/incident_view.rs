//! A member's own incident for its eyes, and as a line of JSON. The fields are a promise of `docs/search.md`: they may be joined by others, never change.

use std::fmt::Write;

use chappe_model::IndicatorKind;
use chappe_proto::{Violations, incident, v1};
use serde::Serialize;

use crate::alert_view::{millis, moment};
use crate::words::{self, count, plain};

/// Indicators that a row names.
const SHOWN_INDICATORS: usize = 3;

/// The newest revision of an incident in words. Times are in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct IncidentLine {
    /// `incidents/{id}`.
    pub(crate) id: String,
    /// The reporter's own key.
    pub(crate) report_key: String,
    /// Rises with every change.
    pub(crate) revision: u32,
    /// `stands` or `retracted`.
    pub(crate) state: &'static str,
    /// `info` to `critical`.
    pub(crate) severity: &'static str,
    /// RSIT.
    pub(crate) incident_type: String,
    /// `TLP:AMBER`, …
    pub(crate) tlp: &'static str,
    /// `PAP:AMBER`, …
    pub(crate) pap: &'static str,
    /// `share`, `match-only` or `named-recipients-only`.
    #[serde(rename = "use")]
    pub(crate) usage: &'static str,
    /// Of named recipients.
    pub(crate) recipients: Vec<String>,
    /// ISO 3166-1 alpha-2.
    pub(crate) countries: Vec<String>,
    /// NIS2 codes.
    pub(crate) sectors: Vec<String>,
    /// What was observed; nothing of a retracted one.
    pub(crate) indicators: Vec<IndicatorLine>,
    /// When it began; 0 if not said.
    pub(crate) occurred_from_ms: u64,
    /// When it ended; 0 if not said.
    pub(crate) occurred_to_ms: u64,
    /// When it was detected; 0 if not said.
    pub(crate) detected_at_ms: u64,
    /// When this revision was accepted.
    pub(crate) reported_at_ms: u64,
    /// One line; of a retracted one, why.
    pub(crate) title: String,
    /// Free text.
    pub(crate) summary: String,
    /// Exercise traffic.
    pub(crate) exercise: bool,
    /// Feeds linking and statistics, never alert windows.
    pub(crate) backfill: bool,
}

/// An indicator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct IndicatorLine {
    /// `ip`, `domain`, …
    pub(crate) kind: String,
    /// Canonical.
    pub(crate) value: String,
    /// Safe to paste.
    pub(crate) defanged: String,
}

impl From<&v1::Incident> for IncidentLine {
    fn from(wire: &v1::Incident) -> Self {
        let marking = wire.marking.clone().unwrap_or_default();
        Self {
            id: wire.name.clone(),
            report_key: wire.report_key.clone(),
            revision: wire.revision,
            state: if wire.retracted { "retracted" } else { "stands" },
            severity: words::severity(wire.severity),
            incident_type: wire.incident_type.clone(),
            tlp: words::tlp(marking.tlp),
            pap: words::pap(marking.pap),
            usage: words::usage(marking.r#use),
            recipients: marking.recipients,
            countries: wire.countries.clone(),
            sectors: wire.sectors.clone(),
            indicators: wire.indicators.iter().map(IndicatorLine::from).collect(),
            occurred_from_ms: millis(wire.occurred_from.as_ref()),
            occurred_to_ms: millis(wire.occurred_to.as_ref()),
            detected_at_ms: millis(wire.detected_at.as_ref()),
            reported_at_ms: millis(wire.reported_at.as_ref()),
            title: wire.title.clone(),
            summary: wire.summary.clone(),
            exercise: wire.exercise,
            backfill: wire.backfill,
        }
    }
}

impl From<&v1::Indicator> for IndicatorLine {
    /// Of a kind that this program does not know, the bare value.
    fn from(wire: &v1::Indicator) -> Self {
        match incident::indicator(&mut Violations::default(), "", wire) {
            Some(known) => Self {
                kind: known.kind().to_string(),
                value: known.value().to_owned(),
                defanged: known.defanged(),
            },
            None => Self {
                kind: "unknown".to_owned(),
                value: wire.value.clone(),
                defanged: wire.value.clone(),
            },
        }
    }
}

impl IndicatorLine {
    /// Kind and value, where the kind is known.
    pub(crate) fn named(&self) -> Option<(IndicatorKind, &str)> {
        Some((self.kind.parse().ok()?, &self.value))
    }

    fn words(&self) -> String {
        format!("{}:{}", self.kind, plain(&self.defanged))
    }
}

/// The incident on one line, in the columns of alerts.
pub(crate) fn row(incident: &IncidentLine) -> String {
    let shown = incident
        .indicators
        .iter()
        .take(SHOWN_INDICATORS)
        .map(IndicatorLine::words);
    let more = incident.indicators.len().saturating_sub(SHOWN_INDICATORS);
    let more = (more > 0).then(|| format!("and {more} more"));
    let shown: Vec<String> = shown.chain(more).collect();
    let shown = if shown.is_empty() {
        String::new()
    } else {
        format!("  {}", shown.join(", "))
    };
    format!(
        "{}  {:<8}  {:<12}  {:<9}  {}  {} ({}){shown}  {}",
        moment(incident.reported_at_ms),
        incident.severity,
        "your report",
        incident.state,
        plain(&incident.id),
        plain(&incident.report_key),
        plain(&incident.incident_type),
        plain(&incident.countries.join(", ")),
    )
}

/// The whole incident, a line break behind each line.
pub(crate) fn text(incident: &IncidentLine) -> String {
    let mut out = format!("{}\n", row(incident));
    let mut say = |label: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(out, "  {label:<9} {}", plain(text)); // writing to a String cannot fail
        }
    };
    let when = |millis: u64| if millis == 0 { String::new() } else { moment(millis) };
    say("title", &incident.title);
    say("revision", &incident.revision.to_string());
    say("exercise", if incident.exercise { "yes" } else { "" });
    say("backfill", if incident.backfill { "yes" } else { "" });
    say(
        "marking",
        &format!("{}, {}, {}", incident.tlp, incident.pap, incident.usage),
    );
    say("named", &incident.recipients.join(", "));
    say("began", &when(incident.occurred_from_ms));
    say("ended", &when(incident.occurred_to_ms));
    say("detected", &when(incident.detected_at_ms));
    say("sectors", &incident.sectors.join(", "));
    say("summary", &incident.summary);
    if !incident.indicators.is_empty() {
        say("holds", &count(incident.indicators.len(), "indicator"));
    }
    for indicator in &incident.indicators {
        let _ = writeln!(out, "    {}", indicator.words());
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn wire() -> v1::Incident {
        let indicator = |value: &str| v1::Indicator {
            r#type: v1::IndicatorType::Domain as i32,
            value: value.to_owned(),
        };
        v1::Incident {
            name: "incidents/00112233445566778899aabbccddeeff".into(),
            report_key: "CASE-1\u{202e}".into(),
            revision: 3,
            incident_type: "fraud/phishing".into(),
            severity: v1::Severity::High as i32,
            countries: vec!["AT".into()],
            indicators: ["a.example", "b.example", "c.example", "d.example"]
                .map(indicator)
                .to_vec(),
            summary: "first line\nsecond".into(),
            ..v1::Incident::default()
        }
    }

    #[test]
    fn a_row_is_one_line_that_steers_no_terminal() {
        let line = IncidentLine::from(&wire());
        assert_eq!(
            row(&line),
            "1970-01-01 00:00 UTC  high      your report   stands     incidents/00112233445566778899aabbccddeeff  \
             CASE-1\\u{202e} (fraud/phishing)  domain:a[.]example, domain:b[.]example, domain:c[.]example, and 1 more  AT"
        );
        let whole = text(&line);
        assert!(
            whole.contains("first line\\nsecond") && whole.contains("4 indicators"),
            "{whole}"
        );
        assert_eq!(whole.lines().filter(|line| line.starts_with("    domain:")).count(), 4);
    }

    #[test]
    fn a_retracted_one_says_so() {
        let line = IncidentLine::from(&v1::Incident {
            retracted: true,
            indicators: vec![],
            ..wire()
        });
        assert!(row(&line).contains("  retracted  "), "{}", row(&line));
    }
}
