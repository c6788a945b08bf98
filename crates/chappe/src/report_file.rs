//! Chappe's own JSON for reports: one object, a list, or one object a line. `docs/quickstart.md` describes it.

use chappe_model::{IndicatorKind, Pap, Severity, Timestamp, Tlp};
use chappe_proto::{incident, time, v1};
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

/// Most reports in one file.
pub const MAX_REPORTS: usize = 100_000;

/// A report as a file holds it. Names and values are those of `chappe.v1.Incident`, the enumerations in words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a report: an object with a report_key")]
struct ReportFile {
    report_key: String,
    #[serde(default)]
    revision: u32,
    #[serde(default)]
    incident_type: String,
    severity: Option<Severity>,
    tlp: Option<Tlp>,
    pap: Option<Pap>,
    #[serde(rename = "use")]
    usage: Option<UseWord>,
    #[serde(default)]
    recipients: Vec<String>,
    occurred_from: Option<Moment>,
    occurred_to: Option<Moment>,
    detected_at: Option<Moment>,
    #[serde(default)]
    countries: Vec<String>,
    #[serde(default)]
    sectors: Vec<String>,
    #[serde(default)]
    indicators: Vec<TypedValue>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    exercise: bool,
    #[serde(default)]
    backfill: bool,
    #[serde(default)]
    subsectors: Vec<String>,
    #[serde(default)]
    confidence: String,
    notification: Option<NotificationFile>,
}

/// A stage of NIS2 Art. 23(4), as `chappe.v1.Notification`. The server judges the words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a notification: an object with stage and aware_at")]
struct NotificationFile {
    stage: String,
    aware_at: Moment,
    suspected_malicious: Option<bool>,
    cross_border: Option<bool>,
    #[serde(default)]
    root_cause: String,
    #[serde(default)]
    threat_severity: String,
    #[serde(default)]
    impact: String,
    #[serde(default)]
    outlook: String,
    #[serde(default)]
    mitigation: String,
    users_affected: Option<u64>,
    handled_at: Option<Moment>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum UseWord {
    Share,
    MatchOnly,
    NamedRecipientsOnly,
}

/// RFC 3339.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Moment(Timestamp);

impl TryFrom<String> for Moment {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let moment = text
            .parse::<jiff::Timestamp>()
            .ok()
            .and_then(|at| u64::try_from(at.as_millisecond()).ok());
        let moment = moment.map(|millis| Self(Timestamp::from_millis(millis)));
        moment.ok_or_else(|| {
            format!(
                "{:?} is no time since 1970: write RFC 3339, such as \"2026-03-02T06:15:00Z\"",
                cut(&text)
            )
        })
    }
}

/// `kind:value`. The server judges the value, so that all its faults come with their field paths at once.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct TypedValue {
    kind: IndicatorKind,
    value: String,
}

impl TryFrom<String> for TypedValue {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let Some((kind, value)) = text.split_once(':') else {
            return Err(format!("{:?} has no kind: write \"domain:bad.example\"", cut(&text)));
        };
        let kind = kind.parse::<IndicatorKind>().map_err(|error| error.to_string())?;
        Ok(Self {
            kind,
            value: value.to_owned(),
        })
    }
}

fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

/// A file that cannot be read as a whole, or one of its reports: the line, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ReportFileError {
    line: usize,
    column: usize,
    message: String,
}

/// Reads every report of a text. One that cannot be read takes its place in the list as an error; the others are read.
///
/// # Errors
/// When the text as a whole cannot be read: not JSON, or more than [`MAX_REPORTS`].
pub fn read_reports(text: &str) -> Result<Vec<Result<v1::Incident, ReportFileError>>, ReportFileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.trim_start().starts_with('[') {
        return values(text);
    }
    let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| fault(text, text, &error))?;
    if items.len() > MAX_REPORTS {
        return Err(too_many());
    }
    Ok(items.into_iter().map(|item| one(text, item.get())).collect())
}

/// One object, or several behind each other: JSON lines. After one that is no JSON, reading goes on at the next line that begins an
/// object: what is between belongs to the broken one.
fn values(text: &str) -> Result<Vec<Result<v1::Incident, ReportFileError>>, ReportFileError> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if found.len() == MAX_REPORTS {
            return Err(too_many());
        }
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        match stream.next() {
            Some(Ok(value)) => {
                found.push(one(text, value.get()));
                rest = rest.get(stream.byte_offset()..).unwrap_or_default().trim_start();
            }
            Some(Err(error)) => {
                found.push(Err(fault(text, rest, &error)));
                rest = next_object(rest);
            }
            None => break,
        }
    }
    Ok(found)
}

/// The rest of a text from the next line on that begins an object.
fn next_object(text: &str) -> &str {
    let mut rest = text;
    while let Some((_, next)) = rest.split_once('\n') {
        rest = next.trim_start();
        if rest.starts_with('{') {
            return rest;
        }
    }
    ""
}

fn one(text: &str, json: &str) -> Result<v1::Incident, ReportFileError> {
    serde_json::from_str::<ReportFile>(json)
        .map(to_wire)
        .map_err(|error| fault(text, json, &error))
}

fn too_many() -> ReportFileError {
    ReportFileError {
        line: 1,
        column: 1,
        message: format!("more than {MAX_REPORTS} reports: split the file"),
    }
}

/// Where in `text` the error stands that serde found in `part`, which is a slice of it.
fn fault(text: &str, part: &str, error: &serde_json::Error) -> ReportFileError {
    let start = (part.as_ptr() as usize)
        .saturating_sub(text.as_ptr() as usize)
        .min(text.len());
    let before = text.get(..start).unwrap_or_default();
    let lines = before.matches('\n').count();
    let indent = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    let (line, column) = (error.line().max(1), error.column().max(1));
    let said = error.to_string();
    // serde_json puts its own position, within the part, behind the message.
    let what = said
        .rsplit_once(" at line ")
        .map_or(said.as_str(), |(message, _)| message);
    let message = match error.classify() {
        Category::Eof => format!("{what}: the report is cut off, write the file again"),
        Category::Syntax => format!("{what}: not JSON as it should be"),
        Category::Data | Category::Io => what.to_owned(),
    };
    ReportFileError {
        line: lines + line,
        column: if line == 1 { indent + column } else { column },
        message,
    }
}

fn notification(file: NotificationFile) -> v1::Notification {
    v1::Notification {
        stage: file.stage,
        aware_at: Some(time::to_wire(file.aware_at.0)),
        suspected_malicious: file.suspected_malicious,
        cross_border: file.cross_border,
        root_cause: file.root_cause,
        threat_severity: file.threat_severity,
        impact: file.impact,
        outlook: file.outlook,
        mitigation: file.mitigation,
        users_affected: file.users_affected,
        handled_at: file.handled_at.map(|Moment(at)| time::to_wire(at)),
        ..v1::Notification::default()
    }
}

fn to_wire(file: ReportFile) -> v1::Incident {
    let moment = |moment: Option<Moment>| moment.map(|Moment(at)| time::to_wire(at));
    let marked = file.tlp.is_some() || file.pap.is_some() || file.usage.is_some() || !file.recipients.is_empty();
    let usage = file.usage.map_or(v1::Use::Unspecified, |usage| match usage {
        UseWord::Share => v1::Use::Share,
        UseWord::MatchOnly => v1::Use::MatchOnly,
        UseWord::NamedRecipientsOnly => v1::Use::NamedRecipientsOnly,
    });
    let marking = v1::Marking {
        tlp: file.tlp.map_or(0, |tlp| super::words::tlp_code(tlp) as i32),
        pap: file.pap.map_or(0, |pap| super::words::pap_code(pap) as i32),
        r#use: usage as i32,
        recipients: file.recipients,
    };
    let indicator = |typed: TypedValue| v1::Indicator {
        r#type: incident::kind_to_wire(typed.kind) as i32,
        value: typed.value,
    };
    v1::Incident {
        report_key: file.report_key,
        revision: file.revision,
        incident_type: file.incident_type,
        severity: file
            .severity
            .map_or(0, |severity| super::words::severity_code(severity) as i32),
        marking: marked.then_some(marking),
        occurred_from: moment(file.occurred_from),
        occurred_to: moment(file.occurred_to),
        detected_at: moment(file.detected_at),
        countries: file.countries,
        sectors: file.sectors,
        indicators: file.indicators.into_iter().map(indicator).collect(),
        title: file.title,
        summary: file.summary,
        exercise: file.exercise,
        backfill: file.backfill,
        subsectors: file.subsectors,
        confidence: file.confidence,
        notification: file.notification.map(notification),
        ..v1::Incident::default()
    }
}

/// Whether a JSON text looks like reports of this form rather than of another: the first object has a `report_key`.
#[must_use]
pub(crate) fn looks_like_reports(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Probe {
        report_key: Option<serde::de::IgnoredAny>,
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_start();
    let first = text.strip_prefix('[').unwrap_or(text);
    match serde_json::Deserializer::from_str(first).into_iter::<Probe>().next() {
        Some(Ok(probe)) => probe.report_key.is_some(),
        // Broken JSON: its words tell which reader should name the fault.
        _ => text.contains("\"report_key\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"{
  "report_key": "CASE-1", "revision": 2, "incident_type": "malicious-code/c2-server", "severity": "high",
  "tlp": "amber", "pap": "green", "use": "named-recipients-only", "recipients": ["europol"],
  "occurred_from": "2026-03-02T06:00:00Z", "detected_at": "2026-03-02T08:00:00+01:00",
  "countries": ["AT"], "sectors": ["energy"], "indicators": ["domain:bad[.]example", "url:https://bad.example/a:b"],
  "title": "t", "summary": "s", "exercise": true, "backfill": true, "subsectors": ["electricity"], "confidence": "B2",
  "notification": {
    "stage": "final", "aware_at": "2026-03-02T07:00:00Z", "handled_at": "2026-03-02T09:00:00Z", "suspected_malicious": true, "cross_border": false,
    "root_cause": "malicious-actions", "threat_severity": "high", "impact": "yellow", "outlook": "stable", "mitigation": "m", "users_affected": 7
  }
}"#;

    #[test]
    fn every_field_reaches_the_wire() {
        let incident = read_reports(FULL).unwrap().remove(0).unwrap();
        let marking = incident.marking.clone().unwrap();
        assert_eq!(
            (marking.tlp(), marking.pap(), marking.r#use()),
            (v1::Tlp::Amber, v1::Pap::Green, v1::Use::NamedRecipientsOnly)
        );
        assert_eq!(marking.recipients, ["europol"]);
        assert_eq!(
            incident.indicators[1],
            v1::Indicator {
                r#type: v1::IndicatorType::Url as i32,
                value: "https://bad.example/a:b".into()
            }
        );
        assert_eq!(incident.occurred_from.unwrap().seconds, 1_772_431_200);
        assert_eq!(incident.detected_at.unwrap().seconds, 1_772_434_800);
        let parsed = chappe_proto::incident::parse(&incident, Timestamp::from_millis(1_772_500_000_000))
            .unwrap()
            .marked()
            .unwrap();
        assert_eq!((parsed.revision, parsed.exercise, parsed.backfill), (2, true, true));
        let particulars = parsed.particulars;
        assert_eq!(particulars.subsectors.len(), 1);
        assert_eq!(
            particulars.confidence.map(|grade| grade.to_string()).as_deref(),
            Some("B2")
        );
        let said = particulars.notification.unwrap();
        assert_eq!(
            (
                said.stage.as_str(),
                said.suspected_malicious,
                said.cross_border,
                said.users_affected
            ),
            ("final", Some(true), Some(false), Some(7))
        );
        assert_eq!(
            (
                said.root_cause.unwrap().as_str(),
                said.threat.unwrap().as_str(),
                said.impact.unwrap().as_str()
            ),
            ("malicious-actions", "high", "yellow")
        );
        assert_eq!(
            (said.outlook.unwrap().as_str(), said.mitigation.as_str()),
            ("stable", "m")
        );
        assert!(said.handled_at.unwrap() > said.aware_at);
    }

    #[test]
    fn lists_and_lines_are_read_and_a_bad_one_spoils_no_other() {
        let list = "[{\"report_key\": \"a\"},\n {\"report_key\": \"b\", \"colour\": 1},\n {\"report_key\": \"c\"}]";
        let lines = "{\"report_key\": \"a\"}\n{\"report_key\": \"b\", \"colour\": 1}\n{\"report_key\": \"c\"}\n";
        for text in [list, lines] {
            let found = read_reports(text).unwrap();
            let keys: Vec<_> = found
                .iter()
                .map(|r| r.as_ref().map(|i| i.report_key.as_str()).ok())
                .collect();
            assert_eq!(keys, [Some("a"), None, Some("c")]);
            let error = found[1].as_ref().unwrap_err().to_string();
            assert!(
                error.starts_with("line 2, column 2") && error.contains("unknown field `colour`"),
                "{error}"
            );
        }
        let broken = read_reports("{\"report_key\": \"a\"}\n{\"report_key\": }\n{\"report_key\": \"c\"}").unwrap();
        assert_eq!(
            broken.iter().map(Result::is_ok).collect::<Vec<_>>(),
            [true, false, true]
        );
        assert!(
            broken[1]
                .as_ref()
                .unwrap_err()
                .to_string()
                .starts_with("line 2, column 16")
        );
    }

    #[test]
    fn a_broken_report_over_many_lines_is_one_fault() {
        let faults = |text: &str| -> Vec<String> {
            let read = read_reports(text).unwrap().into_iter();
            read.filter_map(Result::err).map(|error| error.to_string()).collect()
        };
        let cut_off = &FULL[..FULL.len() / 2];
        assert!(faults(cut_off)[0].contains("cut off"), "{:?}", faults(cut_off));
        let broken = FULL.replace("\"tlp\"", "tlp");
        assert!(
            faults(&broken)[0].starts_with("line 3, column 3: "),
            "{:?}",
            faults(&broken)
        );
        for text in [cut_off, &broken] {
            assert_eq!(faults(text).len(), 1, "{:?}", faults(text));
            let between = format!("{{\"report_key\": \"a\"}}\n{text}\n{{\"report_key\": \"b\"}}\n");
            let read = read_reports(&between).unwrap();
            assert_eq!(
                read.iter().map(Result::is_ok).collect::<Vec<_>>(),
                [true, false, true],
                "{text}"
            );
        }
    }

    #[test]
    fn wrong_words_are_refused_with_the_right_ones() {
        for (field, says) in [
            ("\"tlp\": \"orange\"", "TLP"),
            ("\"severity\": \"bad\"", "critical"),
            ("\"use\": \"share all\"", "match-only"),
            ("\"indicators\": [\"bad.example\"]", "domain:bad.example"),
            ("\"indicators\": [\"host:bad.example\"]", "sha256"),
            ("\"detected_at\": \"yesterday\"", "RFC 3339"),
            ("\"detected_at\": \"1969-01-01T00:00:00Z\"", "since 1970"),
            ("\"revision\": -1", "u32"),
            ("\"notification\": {\"stage\": \"final\"}", "aware_at"),
        ] {
            let text = format!("{{\"report_key\": \"a\", {field}}}");
            let error = read_reports(&text).unwrap().remove(0).unwrap_err().to_string();
            assert!(error.contains(says), "{field}: {error}");
        }
        assert!(
            read_reports("{}")
                .unwrap()
                .remove(0)
                .unwrap_err()
                .to_string()
                .contains("report_key")
        );
    }

    #[test]
    fn formats_are_told_apart() {
        assert!(looks_like_reports(FULL));
        assert!(looks_like_reports("\u{feff} [ {\"report_key\": 1}]"));
        assert!(looks_like_reports("{\"report_key\": \"a\", }"));
        assert!(!looks_like_reports("{\"Event\": {\"uuid\": \"x\"}}"));
        assert!(!looks_like_reports("[{\"Event\": {}}]"));
        assert!(!looks_like_reports("no json"));
    }
}
