//! For programs: the reports as they stand in the log, and the policy they were judged by.

use std::io::Write;

use anyhow::Result;
use chappe_eventlog::{Position, ReadLimit, RecordKind, Topic};
use chappe_model::{Accepted, Policy};
use chappe_proto::incident;
use serde::Serialize;
use serde_json::{Value, json};

use super::stage::Stage;

/// One record of the incidents topic.
#[derive(Serialize)]
struct Report {
    /// Log time: the running maximum of stamps in its partition, in milliseconds.
    t: u64,
    incident: String,
    reporter: String,
    home: String,
    report_key: String,
    revision: u32,
    indicators: Vec<String>,
    sectors: Vec<String>,
    countries: Vec<String>,
    severity: String,
    incident_type: String,
    tlp: String,
    pap: String,
    #[serde(rename = "use")]
    usage: String,
    recipients: Vec<String>,
    retracted: bool,
    exercise: bool,
    backfill: bool,
}

/// Writes `{"report": …}` for each record, in log order per partition, then `{"policy": …}`.
pub(crate) fn write(stage: &Stage, out: &mut dyn Write) -> Result<()> {
    let log = stage.running().log();
    for partition in 0..log.partitions(Topic::Incidents) {
        let (mut from, mut log_time) = (Position(0), 0);
        loop {
            let records = log.read(Topic::Incidents, partition, from, ReadLimit::default())?;
            let Some((last, _)) = records.last() else { break };
            from = last.next();
            for (_, record) in &records {
                log_time = record.stamp_ms.max(log_time);
                if record.kind == RecordKind::Data {
                    let (accepted, _) = incident::decode(&record.payload)?;
                    writeln!(out, "{}", json!({ "report": report(&accepted, log_time) }))?;
                }
            }
        }
    }
    writeln!(out, "{}", json!({ "policy": policy(stage.running().policy()) }))?;
    Ok(())
}

fn report(accepted: &Accepted, log_time: u64) -> Report {
    let incident = &accepted.incident;
    let marking = &incident.marking;
    Report {
        t: log_time,
        incident: accepted.id.to_string(),
        reporter: accepted.reporter.to_string(),
        home: accepted.home.map(|home| home.as_str().to_owned()).unwrap_or_default(),
        report_key: incident.report_key.to_string(),
        revision: incident.revision,
        indicators: incident.indicators.iter().map(ToString::to_string).collect(),
        sectors: incident.sectors.iter().map(ToString::to_string).collect(),
        countries: incident
            .countries
            .iter()
            .map(|country| country.as_str().to_owned())
            .collect(),
        severity: incident.severity.to_string(),
        incident_type: incident.incident_type.as_str().to_owned(),
        tlp: marking.tlp().as_str().to_owned(),
        pap: marking.pap().as_str().to_owned(),
        usage: marking.usage().to_string(),
        recipients: marking.recipients().iter().map(ToString::to_string).collect(),
        retracted: incident.retracted,
        exercise: incident.exercise,
        backfill: incident.backfill,
    }
}

/// A policy for programs: each rule with what it measures, from which number on, within which time. The demo's rules are all plain.
fn policy(policy: &Policy) -> Value {
    let mut whole = json!(policy);
    let rules = whole["rules"].as_array_mut().into_iter().flatten();
    for (shown, rule) in rules.zip(policy.rules()) {
        if let Some(fields) = shown.as_object_mut() {
            fields.retain(|name, _| name != "when" && name != "sources");
            fields.insert("field".into(), json!(rule.when.measure.as_str()));
            fields.insert("at_least".into(), json!(rule.when.bounds.at_least));
            fields.insert("within_ms".into(), json!(rule.when.within_ms));
        }
    }
    whole
}
