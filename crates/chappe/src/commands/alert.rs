//! `chappe alert`: alerts looked up, one with all that is behind it, or all of them.

use std::io::Write;

use anyhow::{Context, Result, anyhow};
use chappe_proto::v1;
use serde::Serialize;

use super::{Exit, decide::session, watch};
use crate::alert_view::{AlertLine, BehindLine, Renderer, row};
use crate::cli::{AlertArgs, AlertCommand, AlertListArgs, AlertShowArgs};
use crate::client::{Listing, Refusal};

/// Alerts that are put in order for people; more are a program's business.
const MOST_LISTED: usize = 100_000;

/// What `show --json` prints.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    alert: &'a AlertLine,
    #[serde(flatten)]
    behind: &'a BehindLine,
}

pub(crate) async fn run(args: &AlertArgs, out: &mut dyn Write) -> Result<Exit> {
    match &args.command {
        AlertCommand::Show(args) => show(args, out).await,
        AlertCommand::List(args) => list(args, out).await,
    }
}

async fn show(args: &AlertShowArgs, out: &mut dyn Write) -> Result<Exit> {
    let request = v1::GetAlertRequest {
        name: args.alert.resource_name(),
    };
    let answer = session(&args.connection)?.alerts().get_alert(request).await;
    let answer = answer.map_err(|status| anyhow!("{}: {}", args.connection.server, Refusal::from(&status)))?;
    let answer = answer.into_inner();
    let alert = AlertLine::from(answer.alert.as_ref().context("the answer holds no alert")?);
    let behind = BehindLine::from(&answer);
    if args.json {
        let shown = Shown {
            alert: &alert,
            behind: &behind,
        };
        serde_json::to_writer(&mut *out, &shown)?;
        writeln!(out)?;
    } else {
        write!(out, "{}{}", Renderer::new().alert(&alert), behind.text(&alert))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

async fn list(args: &AlertListArgs, out: &mut dyn Write) -> Result<Exit> {
    let wanted = |alert: &v1::Alert| args.all || alert.state() == v1::AlertState::Open;
    let pages = Listing::new(session(&args.connection)?, watch::asked(&args.filter, args.period));
    print(pages, wanted, args.json, out)
        .await
        .with_context(|| args.connection.server.to_string())?;
    Ok(Exit::Done)
}

/// Writes those of a list that are wanted, for people those revised last first, and says how many there were.
///
/// # Errors
/// When the server refuses, does not answer, or there are more than people read.
pub(super) async fn print(
    mut pages: Listing,
    wanted: impl Fn(&v1::Alert) -> bool,
    json: bool,
    out: &mut dyn Write,
) -> Result<usize> {
    let (mut listed, mut printed) = (vec![], 0);
    while let Some(page) = pages.next().await.map_err(|refusal| anyhow!("{refusal}"))? {
        let lines = page.iter().filter(|alert| wanted(alert)).map(AlertLine::from);
        if json {
            for line in lines {
                serde_json::to_writer(&mut *out, &line)?;
                writeln!(out)?;
                printed += 1;
            }
        } else {
            listed.extend(lines);
        }
        if listed.len() > MOST_LISTED {
            return Err(anyhow!(
                "more than {MOST_LISTED} alerts: ask for fewer, such as by --since, or take --json"
            ));
        }
    }
    listed.sort_by(|one, other| (other.revised_at_ms, &one.id).cmp(&(one.revised_at_ms, &other.id)));
    for line in &listed {
        writeln!(out, "{}", row(line))?;
    }
    out.flush()?;
    Ok(printed + listed.len())
}
