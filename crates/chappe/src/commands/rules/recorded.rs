//! Reports as they were recorded: in the tests of rules, in files, in the log of an installation.

use std::path::Path;

use anyhow::{Context, Result, bail};
use chappe_model::{Accepted, Country, MemberId, Secret, Timestamp};
use chappe_sigma::{Case, CaseReport};
use serde_json::{Map, Value, json};

use super::trial::{Recorded, secret};
use crate::cli::ExplainArgs;
use crate::commands::submit::source;
use crate::recorded_log::{RecordedLog, What};
use crate::report_file::{MAX_REPORTS, read_reports};

/// When tests begin, in milliseconds: 2026-01-01T00:00:00Z. Rules see distances of times only.
const BEGINNING_MS: u64 = 1_767_225_600_000;

/// What an input held.
#[derive(Debug, Default)]
pub(crate) struct Input {
    /// In the order of their times.
    pub(crate) reports: Vec<Recorded>,
    /// What could not be read.
    pub(crate) faults: Vec<String>,
}

/// The reports of a test. What they leave out does not matter to it.
pub(crate) fn of_case(case: &Case) -> Result<Vec<Recorded>, String> {
    let with_defaults = |(index, report): (usize, &CaseReport)| {
        let mut fields = report.fields.clone();
        let home: Vec<&str> = report.home.iter().map(Country::as_str).collect();
        let own_marking = ["tlp", "pap", "use", "recipients"]
            .iter()
            .any(|name| fields.contains_key(*name));
        if !own_marking {
            fields.insert("tlp".into(), json!("amber"));
        }
        fields
            .entry("report_key")
            .or_insert_with(|| json!(format!("report {}", index + 1)));
        fields
            .entry("incident_type")
            .or_insert_with(|| json!("other/undetermined"));
        fields.entry("countries").or_insert_with(|| json!(home));
        let at = Timestamp::from_millis(BEGINNING_MS).plus(report.at_ms);
        let accepted = accepted(&secret(), &report.by, report.home, at, fields);
        accepted.map_err(|reason| format!("report of line {}: {reason}", report.line))
    };
    case.reports.iter().enumerate().map(with_defaults).collect()
}

/// The reports of files, each with `at` and `reporter` besides its own fields, and `home`, if the reporter has a country.
pub(crate) fn of_files(path: &Path, args: &ExplainArgs) -> Result<Input> {
    let mut input = Input::default();
    for source in source::find(path, None)? {
        let bytes = source
            .read()
            .with_context(|| format!("cannot read {}", source.name()))?;
        let text = String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", source.name()))?;
        for (index, fields) in objects(&text).into_iter().enumerate() {
            let read = fields.and_then(|fields| of_object(fields, args));
            match read {
                Ok(report) => input.reports.push(report),
                Err(reason) => input
                    .faults
                    .push(format!("{}: report {}: {reason}", source.name(), index + 1)),
            }
            if input.reports.len() > MAX_REPORTS {
                bail!("more than {MAX_REPORTS} reports: explain them in parts");
            }
        }
    }
    input.reports.sort_by_key(|report| report.at);
    Ok(input)
}

/// One object, a list of them, or one behind the other. Behind one that is no JSON nothing can be read.
fn objects(text: &str) -> Vec<Result<Map<String, Value>, String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let object = |value: Value| match value {
        Value::Object(fields) => Ok(fields),
        _ => Err("not an object".to_owned()),
    };
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match value {
            Ok(Value::Array(values)) => found.extend(values.into_iter().map(object)),
            Ok(value) => found.push(object(value)),
            Err(error) => found.push(Err(format!("not JSON as it should be: {error}"))),
        }
    }
    found
}

fn of_object(mut fields: Map<String, Value>, args: &ExplainArgs) -> Result<Recorded, String> {
    let text = |value: Option<Value>, what: &str| match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("'{what}' is a text")),
    };
    let reporter = match text(fields.remove("reporter"), "reporter")? {
        Some(name) => Some(MemberId::parse(&name).map_err(|error| format!("'reporter': {error}"))?),
        None => args.member.clone(),
    };
    let reporter = reporter.ok_or("no 'reporter': add it, or say with --as who reports")?;
    let home = match text(fields.remove("home"), "home")?.filter(|code| !code.is_empty()) {
        Some(code) => Some(Country::parse(&code).map_err(|error| format!("'home': {error}"))?),
        None => args.home,
    };
    let own = text(fields.remove("at"), "at")?;
    let detected = fields.get("detected_at").and_then(Value::as_str).map(str::to_owned);
    let at = own
        .or(detected)
        .ok_or("no 'at': add when it was reported, in RFC 3339; 'detected_at' stands for it")?;
    let moment = at
        .parse::<jiff::Timestamp>()
        .ok()
        .and_then(|at| u64::try_from(at.as_millisecond()).ok());
    let at = moment
        .map(Timestamp::from_millis)
        .ok_or_else(|| format!("'at': {at:?} is no time in RFC 3339 since 1970"))?;
    accepted(&secret(), &reporter, home, at, fields)
}

/// A report as ingest would accept it.
fn accepted(
    secret: &Secret,
    by: &MemberId,
    home: Option<Country>,
    at: Timestamp,
    mut fields: Map<String, Value>,
) -> Result<Recorded, String> {
    let retracted = fields.remove("retracted").is_some_and(|value| value == json!(true));
    let text = Value::Object(fields).to_string();
    let report = read_reports(&text)
        .map_err(|error| error.to_string())?
        .into_iter()
        .next();
    let report = report.ok_or("nothing")?.map_err(|error| error.to_string())?;
    let parsed = chappe_proto::incident::parse(&report, at).map_err(|violations| {
        let told: Vec<String> = violations
            .iter()
            .map(|v| format!("{}: {}", v.field, v.description))
            .collect();
        told.join("; ")
    })?;
    let mut incident = parsed.marked().map_err(|_| "no marking: give 'tlp'".to_owned())?;
    incident.backfill = incident.is_backfill_at(at);
    incident.retracted = retracted;
    let accepted = Accepted {
        id: secret.incident_id(by, &incident.report_key),
        reporter: by.clone(),
        home,
        unmarked: false,
        reported_at: at,
        incident,
    };
    Ok(Recorded { at, accepted })
}

/// The reports of an installation's log, and its secret.
pub(crate) fn of_log(data: &Path) -> Result<(Input, Secret)> {
    let recorded = RecordedLog::open(data)?;
    let mut input = Input::default();
    for entry in recorded.entries() {
        let entry = entry?;
        match entry.what {
            What::Report(accepted) => input.reports.push(Recorded {
                at: entry.log_time,
                accepted: *accepted,
            }),
            What::Unread(fault) => input.faults.push(fault),
            What::Mark | What::Lesson(_) => {}
        }
    }
    Ok((input, recorded.secret))
}
