//! `chappe hunt`: a list of indicators against the alerts that a member may see.

mod batch;
mod list;

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use self::batch::Batch;
use super::Exit;
use super::decide::session;
use super::search::asked;
use crate::alert_view::{AlertLine, row};
use crate::cli::HuntArgs;
use crate::client::{Backoff, Listing, Session};
use crate::wanted::Wanted;
use crate::words::{count, plain};

/// Looked for in one request: as many as a filter takes.
const AT_ONCE: usize = chappe_distribute::FILTER_VALUES;
/// Requests after which it is told how far it is.
const TOLD_EVERY: usize = 16;
/// Most alerts that name anything of one request: they are held in memory together.
const MOST_ALERTS: usize = 100_000;
/// Attempts at one request that meet a refusal that passes.
const ATTEMPTS: u32 = 8;

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    /// Of what is looked for, how many an alert names.
    wanted: usize,
    /// Lines written.
    lines: usize,
}

/// What `--json` prints for each alert that names something.
#[derive(Debug, Serialize)]
struct Line<'a> {
    sought: &'a str,
    alert: &'a AlertLine,
}

pub(crate) async fn run(args: &HuntArgs, out: &mut dyn Write) -> Result<Exit> {
    let list = list::read(args)?;
    list.told.iter().for_each(|line| say(line));
    if list.wanted.is_empty() {
        bail!("{} names nothing that could be looked for", args.file.display());
    }
    let session = session(&args.connection)?;
    let mut found = Found::default();
    let (mut done, total) = (0, list.wanted.len());
    for (nth, batch) in Batch::of(&list.wanted, AT_ONCE).into_iter().enumerate() {
        look_for(&session, args, &batch, &mut found, out).await?;
        done += batch.wanted().len();
        if nth % TOLD_EVERY == TOLD_EVERY - 1 && done < total {
            say(&format!("{done} of {total} looked for, {} found", found.wanted));
        }
    }
    out.flush()?;
    let lines = count(found.lines, "line");
    say(&format!(
        "{} looked for, {} found, {lines}; {} not read",
        count(total, "indicator"),
        found.wanted,
        list.unread
    ));
    Ok(if list.unread == 0 { Exit::Done } else { Exit::Refused })
}

/// Asks for a batch and writes what is found of it. Which of several mail addresses an alert names only the server knows, by their pseudonyms: they are
/// asked for again in halves, down to each alone.
async fn look_for(
    session: &Session,
    args: &HuntArgs,
    batch: &Batch<'_>,
    found: &mut Found,
    out: &mut dyn Write,
) -> Result<()> {
    let mut open = vec![batch.clone()];
    while let Some(batch) = open.pop() {
        let alerts = ask(session, args, batch.wanted()).await?;
        if alerts.is_empty() {
            continue;
        }
        if let Some(halves) = batch.halves() {
            open.extend(halves);
            continue;
        }
        for (wanted, named) in batch.named(&alerts) {
            found.wanted += 1;
            found.lines += named.len();
            write(&wanted.to_string(), &named, args.json, out)?;
        }
    }
    Ok(())
}

/// All alerts that name any of these. A refusal that passes is waited for.
async fn ask(session: &Session, args: &HuntArgs, wanted: &[Wanted]) -> Result<Vec<AlertLine>> {
    let (mut backoff, mut attempts) = (Backoff::new(), 0);
    loop {
        let mut listing = Listing::new(session.clone(), asked(wanted, args.period, args.exercise));
        let mut alerts = Vec::new();
        let refusal = loop {
            match listing.next().await {
                Ok(Some(page)) => alerts.extend(page.iter().map(AlertLine::from)),
                Ok(None) => return Ok(alerts),
                Err(refusal) => break refusal,
            }
            if alerts.len() > MOST_ALERTS {
                bail!(
                    "more than {MOST_ALERTS} alerts name any of {AT_ONCE}: take a shorter time, by --since and --until"
                );
            }
        };
        attempts += 1;
        if !refusal.passes() || attempts >= ATTEMPTS {
            return Err(anyhow::anyhow!("{refusal}"))
                .with_context(|| format!("{} does not say what it knows", args.connection.server));
        }
        let pause = backoff.pause();
        tokio::time::sleep(refusal.retry_after.unwrap_or(pause)).await;
    }
}

fn write(sought: &str, alerts: &[&AlertLine], json: bool, out: &mut dyn Write) -> io::Result<()> {
    if json {
        for alert in alerts {
            serde_json::to_writer(&mut *out, &Line { sought, alert })?;
            writeln!(out)?;
        }
        return out.flush();
    }
    writeln!(out, "{}", plain(sought))?;
    for alert in alerts {
        writeln!(out, "  {}", row(alert))?;
    }
    out.flush()
}

/// To standard error: standard output is what is found.
fn say(line: &str) {
    // Nobody is left to tell if standard error is gone.
    let _ = writeln!(io::stderr(), "{}", plain(line));
}
