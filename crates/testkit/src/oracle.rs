use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use chappe_correlate::LinkPolicy;
use chappe_model::{
    Accepted, Condition, Field, Filter, Of, Policy, Rsit, Rule, Source, Timestamp, Use, WidestAudience,
};
use serde_json::{Value, json};

use crate::Case;

/// `tests/oracle/episodes.py --lines`, kept running.
#[derive(Debug)]
pub struct Oracle {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Oracle {
    /// Starts it; needs `python3`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start() -> Result<Self> {
        Self::of("episodes.py")
    }

    /// Starts `tests/oracle/linking.py --lines`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn of_linking() -> Result<Self> {
        Self::of("linking.py")
    }

    fn of(script: &str) -> Result<Self> {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/oracle")
            .join(script);
        let mut child = Command::new("python3")
            .arg(script)
            .arg("--lines")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("python3 must be there")?;
        let input = child.stdin.take().context("no pipe to the oracle")?;
        let output = BufReader::new(child.stdout.take().context("no pipe from the oracle")?);
        Ok(Self { child, input, output })
    }

    /// The alerts of a case.
    ///
    /// # Errors
    /// When the oracle fails.
    pub fn alerts(&mut self, case: &Case) -> Result<Vec<Value>> {
        let reports = case.reports();
        let records: Vec<Value> = reports.iter().map(|(time, accepted)| record(*time, accepted)).collect();
        let (now, lateness_ms) = (case.now.as_millis(), case.policy.lateness_ms);
        self.ask(&json!({ "rules": rules(&case.policy), "lateness_ms": lateness_ms, "now": now, "records": records }))
    }

    /// The campaigns over `reports`, as of `now`.
    ///
    /// # Errors
    /// When the oracle fails.
    pub fn campaigns(
        &mut self,
        policy: &LinkPolicy,
        reports: &[(Timestamp, Accepted)],
        now: Timestamp,
    ) -> Result<Vec<Value>> {
        let records: Vec<Value> = reports.iter().map(|(time, accepted)| record(*time, accepted)).collect();
        let policy = json!({
            "window_ms": policy.window_ms, "lateness_ms": policy.lateness_ms, "threshold_milli": policy.threshold_milli,
            "evidence_milli": policy.evidence_milli, "per_member": policy.per_member, "candidates": policy.candidates, "guard": policy.guard,
            "least_incidents": policy.least_incidents, "least_members": policy.least_members, "cross_ms": policy.cross_ms,
            "cross_at_least": policy.cross_at_least,
        });
        self.ask(&json!({ "policy": policy, "now": now.as_millis(), "records": records }))
    }

    /// Starts `tests/oracle/surges.py --lines`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn of_surges() -> Result<Self> {
        Self::of("surges.py")
    }

    /// Starts `tests/oracle/cascades.py --lines`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn of_cascades() -> Result<Self> {
        Self::of("cascades.py")
    }

    /// The alerts of a whole case in the oracle's own form.
    ///
    /// # Errors
    /// When the oracle fails.
    pub fn ask(&mut self, case: &Value) -> Result<Vec<Value>> {
        writeln!(self.input, "{case}")?;
        self.input.flush()?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}

/// The rules in the oracle's form: each is its condition, and what stands around it.
fn rules(policy: &Policy) -> Vec<Value> {
    let rule = |rule: &std::sync::Arc<Rule>| {
        let mut value = condition(&rule.when);
        value["id"] = json!(&*rule.id);
        value["kind"] = json!(rule.kind.as_str());
        value["group_by"] = names(&rule.group_by);
        value["sources"] = rule.sources.iter().map(source).collect();
        value["quota"] = json!(rule.quota);
        value["widest_audience"] = json!(match rule.widest_audience {
            WidestAudience::Eu => "eu",
            WidestAudience::Countries => "countries",
        });
        value
    };
    policy.rules().iter().map(rule).collect()
}

fn condition(of: &Condition) -> Value {
    let entry = |entry: &Of| match entry {
        Of::Source(number) => json!(number),
        Of::Firings(inner) => condition(inner),
    };
    json!({
        "field": of.measure.as_str(), "at_least": of.bounds.at_least, "at_most": of.bounds.at_most, "within_ms": of.within_ms,
        "of": of.of.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn source(source: &Source) -> Value {
    let mut value = json!({ "name": &*source.name });
    // Generated rules filter by type or not at all.
    if let Some(rsit) = Rsit::all().find(|rsit| source.filter == Filter::of_type(*rsit)) {
        value["filter"] = json!({ "incident_type": rsit.as_str() });
    }
    if let Some(group_by) = &source.group_by {
        value["group_by"] = names(group_by);
    }
    value
}

fn names(fields: &[Field]) -> Value {
    fields.iter().map(|field| field.as_str()).collect()
}

/// One accepted revision in the oracle's form.
pub(crate) fn record(time: Timestamp, accepted: &Accepted) -> Value {
    let incident = &accepted.incident;
    let special = incident.indicators.iter().filter(|indicator| indicator.is_special());
    json!({
        "t": time.as_millis(), "incident": accepted.id.to_string(), "reporter": accepted.reporter.as_str(),
        "home": accepted.home.map(|c| c.as_str().to_owned()).unwrap_or_default(), "revision": incident.revision,
        "indicators": incident.indicators.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "special": special.map(ToString::to_string).collect::<Vec<_>>(),
        "countries": incident.countries.iter().map(|c| c.as_str().to_owned()).collect::<Vec<_>>(),
        "sectors": incident.sectors.iter().map(|s| s.as_str()).collect::<Vec<_>>(),
        "incident_type": incident.incident_type.as_str(), "severity": incident.severity.as_str(),
        "tlp": incident.marking.tlp().as_str(), "pap": incident.marking.pap().as_str(), "retracted": incident.retracted,
        "use": match incident.marking.usage() {
            Use::Share => "share",
            Use::MatchOnly => "match-only",
            Use::NamedRecipientsOnly => "named-recipients-only",
        },
        "recipients": incident.marking.recipients().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "exercise": incident.exercise, "backfill": incident.backfill,
    })
}
