//! `chappe rules`: check, test and explain rules before they are in force. Nothing here talks to an installation.

mod explaining;
mod recorded;
mod recount;
mod trial;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};
use chappe_model::{AlertKind, WidestAudience};
use chappe_sigma::{Case, Loaded, load};
use serde_json::json;

use super::Exit;
use crate::cli::{RulesArgs, RulesCommand};
use crate::rule_files;
use crate::words::{count, plain};

use trial::Trial;

/// Runs one of the commands on `out`.
///
/// # Errors
/// When a file cannot be read, or nothing can be written.
pub(crate) fn run(args: &RulesArgs, out: &mut dyn Write) -> Result<Exit> {
    let (files, json) = match &args.command {
        RulesCommand::Check(args) | RulesCommand::Test(args) => (&args.files, args.json),
        RulesCommand::Explain(args) => (&args.files, args.json),
    };
    let Some(loaded) = loaded(files, json, out)? else {
        return Ok(Exit::Refused);
    };
    match &args.command {
        RulesCommand::Check(_) => check(&loaded, json, out),
        RulesCommand::Test(_) => test(&loaded, json, out),
        RulesCommand::Explain(args) => explaining::run(args, loaded.rules, out),
    }
}

/// The rules, or every fault on `out`.
fn loaded(files: &[PathBuf], json: bool, out: &mut dyn Write) -> Result<Option<Loaded>> {
    match load(&rule_files::read(files)?) {
        Ok(loaded) => Ok(Some(loaded)),
        Err(refused) => {
            for fault in refused.faults() {
                if json {
                    writeln!(out, "{}", json!({"fault": fault.to_string()}))?;
                    continue;
                }
                writeln!(out, "{}", plain(&fault.to_string()))?;
            }
            if !json {
                writeln!(out, "refused: {}", count(refused.faults().len(), "fault"))?;
            }
            Ok(None)
        }
    }
}

fn check(loaded: &Loaded, json: bool, out: &mut dyn Write) -> Result<Exit> {
    for rule in &loaded.rules {
        let audience = match rule.widest_audience {
            WidestAudience::Eu => "eu",
            WidestAudience::Countries => "countries",
        };
        if json {
            let (id, kind, condition) = (&*rule.id, rule.kind.as_str(), &*rule.condition);
            let line = json!({"rule": id, "kind": kind, "audience": audience, "condition": condition});
            writeln!(out, "{line}")?;
            continue;
        }
        let kind = match rule.kind {
            AlertKind::Rule => String::new(),
            kind => format!("{}, ", kind.as_str()),
        };
        writeln!(
            out,
            "{} ({kind}audience {audience}): {}",
            rule.id,
            plain(&rule.condition)
        )?;
    }
    if json {
        return Ok(Exit::Done);
    }
    let (rules, tests) = (count(loaded.rules.len(), "rule"), count(loaded.cases.len(), "test"));
    writeln!(out, "sound: {rules}, {tests}")?;
    Ok(Exit::Done)
}

fn test(loaded: &Loaded, json: bool, out: &mut dyn Write) -> Result<Exit> {
    if loaded.cases.is_empty() {
        bail!("these files hold no test: write a document with test, reports and fires; docs/rules.md shows one");
    }
    let mut failed = 0;
    for case in &loaded.cases {
        if json {
            let (fired, reason) = fired(loaded, case).map_or_else(|reason| (None, Some(reason)), |it| (Some(it), None));
            let passed = fired.as_ref() == Some(&case.fires);
            failed += usize::from(!passed);
            let line = json!({
                "test": case.title, "file": &*case.file, "line": case.line, "passed": passed, "fires": fired,
                "expected": case.fires, "reason": reason,
            });
            writeln!(out, "{line}")?;
            continue;
        }
        let place = format!("{}:{}: {}", case.file, case.line, plain(&case.title));
        let why = match fired(loaded, case) {
            Ok(fired) if fired == case.fires => {
                writeln!(out, "ok      {place}")?;
                continue;
            }
            Ok(fired) => format!("fires [{}], expected [{}]", fired.join(", "), case.fires.join(", ")),
            Err(reason) => reason,
        };
        failed += 1;
        writeln!(out, "FAILED  {place}\n        {}", plain(&why))?;
    }
    if !json {
        let (passed, all) = (loaded.cases.len() - failed, count(loaded.cases.len(), "test"));
        writeln!(out, "{passed} of {all} passed")?;
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}

/// The rules that raise an alert on a test's reports, sorted.
fn fired(loaded: &Loaded, case: &Case) -> Result<Vec<String>, String> {
    let reports = recorded::of_case(case)?;
    let trial = Trial::new(loaded.rules.clone()).map_err(|error| error.to_string())?;
    let firings = trial.run(&reports);
    let ids: BTreeSet<String> = firings.iter().map(|firing| firing.alert.rule.id.to_string()).collect();
    Ok(ids.into_iter().collect())
}
