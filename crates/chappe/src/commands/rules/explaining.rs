//! `chappe rules explain`: each firing with everything that is needed to decide it again by hand.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::Result;
use chappe_model::{Bounds, Rule, Timestamp};
use serde_json::{Value, json};

use super::recorded::{self, Input};
use super::recount::{Heap, Heard, Measured, measure};
use super::trial::{Firing, Trial, secret};
use crate::cli::ExplainArgs;
use crate::commands::Exit;
use crate::words::{count, plain};

/// Reports of a firing that the text lists; the rest is counted. JSON has all.
const LISTED: usize = 50;

pub(super) fn run(args: &ExplainArgs, rules: Vec<Rule>, out: &mut dyn Write) -> Result<Exit> {
    let (input, secret) = match (&args.data, &args.input) {
        (Some(data), _) => recorded::of_log(data)?,
        (None, Some(path)) => (recorded::of_files(path, args)?, secret()),
        (None, None) => (Input::default(), secret()),
    };
    for fault in &input.faults {
        // Beside the results, so that these can be read by programs.
        tracing::warn!("{}", plain(fault));
    }
    let number = rules.len();
    let firings = Trial::under(secret, rules)?.run(&input.reports);
    let heap = Heap::of(&input.reports);
    let told = firings.iter().map(|firing| Told::of(firing, &heap));
    let told: Vec<Told<'_>> = told.filter(Told::holds).collect();
    for told in &told {
        if args.json {
            writeln!(out, "{}", told.json())?;
        } else {
            told.write(out)?;
        }
    }
    if !args.json {
        let (fired, reports) = (count(told.len(), "firing"), count(input.reports.len(), "report"));
        writeln!(out, "{fired} of {} over {reports}", count(number, "rule"))?;
        if !input.faults.is_empty() {
            writeln!(out, "{} not read", count(input.faults.len(), "report"))?;
        }
    }
    Ok(if input.faults.is_empty() {
        Exit::Done
    } else {
        Exit::Refused
    })
}

struct Told<'f> {
    firing: &'f Firing,
    end: Timestamp,
    heard: Vec<Heard<'f>>,
    measured: Measured,
}

impl<'f> Told<'f> {
    fn of(firing: &'f Firing, heap: &Heap<'f>) -> Self {
        let alert = &firing.alert;
        let end = alert.last_fire;
        let heard = heap.on_key(alert, end, firing.heard);
        let measured = measure(&alert.rule, &alert.rule.when, &heard, end);
        Self {
            firing,
            end,
            heard,
            measured,
        }
    }

    /// An episode goes on where a rule comes to its lower bound; where it is beyond its upper one, it does not fire.
    fn holds(&self) -> bool {
        let when = &self.firing.alert.rule.when;
        !when.may_turn_false() || when.bounds.hold(self.measured.number)
    }

    /// When the window begins: this moment is outside.
    fn from(&self) -> Timestamp {
        self.end.minus(self.firing.alert.rule.when.within_ms)
    }

    fn sources(&self, heard: &Heard<'_>) -> Vec<&'f str> {
        let sources = self.firing.alert.rule.sources.iter().enumerate();
        let admits = sources.filter(|(bit, _)| heard.sources & (1 << bit) != 0);
        admits.map(|(_, source)| &*source.name).collect()
    }

    fn json(&self) -> Value {
        let alert = &self.firing.alert;
        let when = &alert.rule.when;
        let key: Vec<Value> = alert
            .key
            .iter()
            .map(|key| json!({"field": &*key.field, "value": &*key.value}))
            .collect();
        let reports = self.heard.iter().map(|heard| {
            json!({
                "at": heard.at.to_string(),
                "reporter": heard.accepted.reporter.as_str(),
                "report_key": heard.accepted.incident.report_key.as_str(),
                "revision": heard.accepted.incident.revision,
                "sources": self.sources(heard),
            })
        });
        json!({
            "rule": &*alert.rule.id,
            "version": alert.rule.version,
            "condition": &*alert.rule.condition,
            "alert": alert.id.to_string(),
            "at": self.end.to_string(),
            "after": self.from().to_string(),
            "window_ms": when.within_ms,
            "key": key,
            "measure": when.measure.as_str(),
            "measured": self.measured.number,
            "values": self.measured.values,
            "at_least": when.bounds.at_least,
            "at_most": when.bounds.at_most,
            "fires": alert.fires,
            "times": self.firing.times,
            "reports": reports.collect::<Vec<_>>(),
        })
    }

    fn write(&self, out: &mut dyn Write) -> Result<()> {
        let alert = &self.firing.alert;
        let rule = &alert.rule;
        let times = if self.firing.times == 1 {
            String::new()
        } else {
            format!(", {} times", self.firing.times)
        };
        writeln!(out, "{} v{} fired at {}{times}", rule.id, rule.version, self.end)?;
        writeln!(out, "  rule      {}", plain(&rule.condition))?;
        let keys: Vec<String> = alert
            .key
            .iter()
            .map(|key| format!("{} {}", key.field, plain(&key.value)))
            .collect();
        let key = if keys.is_empty() {
            "none: all reports together".to_owned()
        } else {
            keys.join(", ")
        };
        writeln!(out, "  key       {key}")?;
        writeln!(out, "  window    after {} up to {}", self.from(), self.end)?;
        let values = if self.measured.values.is_empty() {
            String::new()
        } else {
            format!(" ({})", plain(&self.measured.values.join(", ")))
        };
        let bounds = bounds(rule.when.bounds);
        writeln!(
            out,
            "  measured  {} {}{values}; {bounds}",
            rule.when.measure.as_str(),
            self.measured.number
        )?;
        for (index, heard) in self.heard.iter().take(LISTED).enumerate() {
            let label = if index == 0 { "reports" } else { "" };
            let accepted = heard.accepted;
            let (reporter, report_key) = (&accepted.reporter, plain(accepted.incident.report_key.as_str()));
            writeln!(
                out,
                "  {label:<9} {}  {reporter}  {report_key}  {}",
                heard.at,
                self.sources(heard).join(", ")
            )?;
        }
        if self.heard.len() > LISTED {
            writeln!(out, "            and {} more", self.heard.len() - LISTED)?;
        }
        let members: BTreeSet<_> = self.heard.iter().map(|heard| &heard.accepted.reporter).collect();
        let behind = format!(
            "{} by {}",
            count(self.heard.len(), "report"),
            count(members.len(), "member")
        );
        writeln!(out, "  behind    {behind}")?;
        writeln!(out, "  alert     {}, firing {} of its episode\n", alert.id, alert.fires)?;
        Ok(())
    }
}

fn bounds(Bounds { at_least, at_most }: Bounds) -> String {
    match at_most {
        Some(most) => format!("at least {at_least}, at most {most}"),
        None => format!("at least {at_least}"),
    }
}
