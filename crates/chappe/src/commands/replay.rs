//! `chappe replay`: the recorded reports judged again, by the rules in force or by others. Nothing here talks to an installation, or changes one.

mod compare;
mod rerun;

use std::io::Write;

use anyhow::{Result, bail};
use chappe_correlation::{Options, last_told};
use chappe_model::{Alert, AlertState, Policy, Timestamp};
use chappe_sigma::load;
use serde_json::{Value, json};

use super::Exit;
use crate::alert_view::{AlertLine, row};
use crate::cli::ReplayArgs;
use crate::config::{Config, in_force};
use crate::installation::{Planned, planned, sought_by};
use crate::recorded_log::RecordedLog;
use crate::rule_files;
use crate::words::{count, plain};

use compare::{Comparison, Outcome};
use rerun::{Rerun, Sought};

/// Runs it on `out`.
///
/// # Errors
/// When configuration, rules or log cannot be read.
pub(crate) fn run(args: &ReplayArgs, out: &mut dyn Write) -> Result<Exit> {
    let config = Config::read(&args.config)?;
    if config.kafka.is_some() && args.data.is_none() {
        bail!(
            "{} has [kafka]: the log is on brokers, and only an embedded one can be replayed; name the folder of one with --data",
            args.config.display()
        );
    }
    let recorded = RecordedLog::open(args.data.as_ref().unwrap_or(&config.data))?;
    let Planned { policy, since } = planned(&config, &recorded.log)?;
    let policy = with_rules(args, policy)?;
    let options = sought_by(&config, Options::new(recorded.secret.clone(), policy));
    let rerun = Rerun::new(&recorded, Sought::new(options, args.false_alarms_per_year))?.run(args.until)?;
    for fault in rerun.faults.iter().take(FAULTS) {
        tracing::warn!("{}", plain(fault));
    }
    let wanted = |alert: &Alert| {
        !matches!(alert.state, AlertState::Superseded(_)) && args.from.is_none_or(|from| alert.last_seen >= from)
    };
    let mut alerts: Vec<Alert> = rerun.told.values().filter(|alert| wanted(alert)).cloned().collect();
    alerts.sort_by_key(|alert| (alert.last_seen, alert.id));
    if args.compare {
        let told: Vec<Alert> = last_told(&recorded.log, args.until)?
            .into_iter()
            .filter(|alert| wanted(alert))
            .collect();
        let comparison = Comparison::new(&rerun.judged_by, since, rerun.reached);
        return tell_outcomes(&comparison.of(&alerts, &told), args, &rerun, out);
    }
    for alert in &alerts {
        let line = line(alert);
        if args.json {
            writeln!(out, "{}", serde_json::to_string(&line)?)?;
        } else {
            writeln!(out, "{}", row(&line))?;
        }
    }
    if !args.json {
        writeln!(out, "{}", summary(alerts.len(), &rerun))?;
    }
    Ok(rerun.exit())
}

/// Unreadable records that are named; all are counted.
const FAULTS: usize = 20;

/// The policy with the rules of files in place of those of their ids. A rule that says otherwise has the next version.
fn with_rules(args: &ReplayArgs, policy: Policy) -> Result<Policy> {
    if args.rules.is_empty() {
        return Ok(policy);
    }
    let own = load(&rule_files::read(&args.rules)?)?.rules;
    let others = policy
        .rules()
        .iter()
        .filter(|rule| !own.iter().any(|it| it.id == rule.id));
    let rules = others.map(|rule| (**rule).clone()).chain(own.iter().cloned()).collect();
    let wanted = Policy::new(
        policy.version,
        rules,
        policy.lateness_ms,
        policy.unmarked_as_red.clone(),
        policy.duty_officers.clone(),
    )?;
    Ok(in_force(&policy, &wanted)?)
}

fn line(alert: &Alert) -> AlertLine {
    AlertLine::from(&chappe_proto::alert::to_wire(alert))
}

fn summary(alerts: usize, rerun: &Rerun<'_>) -> String {
    let reports = usize::try_from(rerun.reports).unwrap_or(usize::MAX);
    let unread = match rerun.faults.len() {
        0 => String::new(),
        faults => format!("; {} not read", count(faults, "record")),
    };
    let (alerts, reports) = (count(alerts, "alert"), count(reports, "report"));
    format!("{alerts} over {reports} up to {}{unread}", rerun.reached)
}

fn tell_outcomes(outcomes: &[Outcome<'_>], args: &ReplayArgs, rerun: &Rerun<'_>, out: &mut dyn Write) -> Result<Exit> {
    let of = |name: &str| outcomes.iter().filter(|outcome| outcome.name() == name).count();
    for outcome in outcomes {
        if args.json {
            writeln!(out, "{}", in_json(outcome)?)?;
        } else if outcome.is_difference() {
            let fields = match outcome {
                Outcome::Differs { fields, .. } => format!(": {}", fields.join(", ")),
                _ => String::new(),
            };
            writeln!(out, "{:<13} {}{fields}", outcome.name(), row(&line(outcome.alert())))?;
        }
    }
    let differ = outcomes.iter().filter(|outcome| outcome.is_difference()).count();
    let (equal, waiting, earlier) = (of("equal"), of("waiting"), of("earlier"));
    if args.json {
        let end = json!({"end": {
            "differ": differ, "equal": equal, "waiting": waiting, "earlier": earlier,
            "reports": rerun.reports, "unread": rerun.faults.len(), "log_time_ms": rerun.reached.as_millis(),
        }});
        writeln!(out, "{end}")?;
    } else {
        let told = if differ == 0 {
            "the same".to_owned()
        } else {
            format!("{differ} differ")
        };
        writeln!(
            out,
            "{told}: {equal} equal, {waiting} with counts that were still to be told, {earlier} of rules no longer in force; {}",
            summary(outcomes.len(), rerun)
        )?;
    }
    Ok(if differ > 0 { Exit::Differs } else { rerun.exit() })
}

fn in_json(outcome: &Outcome<'_>) -> Result<Value> {
    let mut value = json!({"outcome": outcome.name(), "alert": line(outcome.alert())});
    if let Outcome::Differs { recorded, fields, .. } = outcome {
        value["recorded"] = serde_json::to_value(line(recorded))?;
        value["fields"] = json!(fields);
    }
    Ok(value)
}

impl Rerun<'_> {
    fn exit(&self) -> Exit {
        if self.faults.is_empty() {
            Exit::Done
        } else {
            Exit::Refused
        }
    }
}

/// The log time at which rules came in force, for whoever compares.
type Since = Option<Timestamp>;
