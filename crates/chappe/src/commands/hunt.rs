//! `chappe hunt`: a list of indicators against the alerts that a member may see, and its own reports.

mod asking;
mod batch;
mod list;

use std::io::{self, Write};

use anyhow::{Result, bail};
use serde::Serialize;

use self::asking::{Asking, Named};
use self::batch::Batch;
use super::Exit;
use super::decide::session;
use crate::alert_view::{AlertLine, row};
use crate::cli::HuntArgs;
use crate::incident_view::{self, IncidentLine};
use crate::words::{count, plain};

/// Looked for in one request: as many as a filter takes.
const AT_ONCE: usize = chappe_distribute::FILTER_VALUES;
/// Requests after which it is told how far it is.
const TOLD_EVERY: usize = 16;

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    /// Of what is looked for, how many an alert or report names.
    wanted: usize,
    /// Lines written.
    lines: usize,
}

/// What `--json` prints for each alert or report that names something.
#[derive(Debug, Serialize)]
struct Line<'a> {
    sought: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<&'a AlertLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<&'a IncidentLine>,
}

pub(crate) async fn run(args: &HuntArgs, out: &mut dyn Write) -> Result<Exit> {
    let list = list::read(args)?;
    list.told.iter().for_each(|line| say(line));
    if list.wanted.is_empty() {
        bail!("{} names nothing that could be looked for", args.file.display());
    }
    let mut asking = Asking::new(session(&args.connection)?, args);
    let mut found = Found::default();
    let (mut done, total) = (0, list.wanted.len());
    for (nth, batch) in Batch::of(&list.wanted, AT_ONCE).into_iter().enumerate() {
        for (wanted, named) in asking.of(&batch).await? {
            found.wanted += 1;
            found.lines += named.alerts.len() + named.incidents.len();
            write(&wanted.to_string(), &named, args.json, out)?;
        }
        done += batch.wanted().len();
        if nth % TOLD_EVERY == TOLD_EVERY - 1 && done < total {
            say(&progress(done, total, found.wanted));
        }
    }
    out.flush()?;
    asking.say_if_stale();
    let lines = count(found.lines, "line");
    say(&format!(
        "{} looked for, {} found, {lines}; {} not read",
        count(total, "indicator"),
        found.wanted,
        list.unread
    ));
    Ok(if list.unread == 0 { Exit::Done } else { Exit::Refused })
}

/// `1024 of 10000 looked for (10 %), 3 found`
fn progress(done: usize, total: usize, found: usize) -> String {
    let percent = done * 100 / total.max(1);
    format!("{done} of {total} looked for ({percent} %), {found} found")
}

fn write(sought: &str, named: &Named, json: bool, out: &mut dyn Write) -> io::Result<()> {
    if json {
        let alerts = named.alerts.iter().map(|alert| (Some(&**alert), None));
        let incidents = named.incidents.iter().map(|incident| (None, Some(&**incident)));
        for (alert, incident) in alerts.chain(incidents) {
            let line = Line {
                sought,
                alert,
                incident,
            };
            serde_json::to_writer(&mut *out, &line)?;
            writeln!(out)?;
        }
        return out.flush();
    }
    writeln!(out, "{}", plain(sought))?;
    for alert in &named.alerts {
        writeln!(out, "  {}", row(alert))?;
    }
    for incident in &named.incidents {
        writeln!(out, "  {}", incident_view::row(incident))?;
    }
    out.flush()
}

/// To standard error: standard output is what is found.
fn say(line: &str) {
    // Nobody is left to tell if standard error is gone.
    let _ = writeln!(io::stderr(), "{}", plain(line));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_how_much_of_how_much() {
        assert_eq!(progress(1_024, 10_000, 3), "1024 of 10000 looked for (10 %), 3 found");
    }
}
