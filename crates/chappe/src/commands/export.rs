//! `chappe export`: the alerts that a member may see, in the formats of others.

mod output;
mod told;

use std::io::Write;

use anyhow::{Result, anyhow, bail};
use chappe_exchange::{Told, ToldState, write_csv, write_idea, write_misp_feed, write_stix};
use chappe_model::Tlp;
use chappe_proto::v1;

use super::decide::session;
use super::{Exit, watch};
use crate::cli::{ExportArgs, ExportFormat, StateArg};
use crate::client::{Listing, Refusal};
use crate::words::count;

/// Most alerts of one export: they are held in memory together.
const MOST: usize = 200_000;

/// Asks for the alerts and writes them. What the caller may not see the server does not send, and nothing else is written.
///
/// # Errors
/// When the server refuses, does not answer, or what it sent cannot be written.
pub(crate) async fn run(args: &ExportArgs, out: &mut dyn Write) -> Result<Exit> {
    let listed = list(args).await?;
    let mut told = Vec::with_capacity(listed.len());
    let mut unknown = Vec::new();
    for alert in &listed {
        match told::of_wire(alert) {
            Ok(alert) => told.push(alert),
            Err(why) => unknown.push(format!("{}: {why}", alert.name)),
        }
    }
    told.retain(|alert| args.state.is_empty() || args.state.iter().any(|state| is_in(alert.state, *state)));
    match (args.format, &args.out) {
        (ExportFormat::Misp, Some(folder)) => output::folder(folder, &write_misp_feed(&told))?,
        // The command line asks for a folder already.
        (ExportFormat::Misp, None) => bail!("a MISP feed is a folder: say where with --out"),
        (ExportFormat::Stix, path) => output::text(path.as_deref(), &write_stix(&told), out)?,
        (ExportFormat::Idea, path) => output::text(path.as_deref(), &write_idea(&told), out)?,
        (ExportFormat::Csv, path) => output::text(path.as_deref(), &write_csv(&told), out)?,
    }
    tell(&told, args);
    for alert in &unknown {
        output::say(&format!("not written: {alert}"));
    }
    Ok(if unknown.is_empty() { Exit::Done } else { Exit::Refused })
}

/// Every alert that passes the filter.
async fn list(args: &ExportArgs) -> Result<Vec<v1::Alert>> {
    let mut pages = Listing::new(session(&args.connection)?, watch::asked(&args.filter, args.period));
    let mut alerts = Vec::new();
    let refused = |refusal: Refusal| anyhow!("{} does not list alerts: {refusal}", args.connection.server);
    while let Some(page) = pages.next().await.map_err(refused)? {
        alerts.extend(page);
        if alerts.len() > MOST {
            bail!("more than {MOST} alerts: narrow it with --since, --kind, --country, --type or --min-severity");
        }
    }
    Ok(alerts)
}

fn is_in(state: ToldState, asked: StateArg) -> bool {
    match asked {
        StateArg::Open => state == ToldState::Open,
        StateArg::Resolved => state == ToldState::Resolved,
        StateArg::Retracted => state == ToldState::Retracted,
        StateArg::Superseded => matches!(state, ToldState::Superseded(_)),
    }
}

/// What was written, and what binds whoever holds it now. To standard error: standard output may be what is written.
fn tell(told: &[Told], args: &ExportArgs) {
    let place = args
        .out
        .as_ref()
        .map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    output::say(&format!("{} to {place}", count(told.len(), "alert")));
    for tlp in Tlp::ALL.into_iter().rev().filter(|tlp| *tlp >= Tlp::Amber) {
        let marked = told.iter().filter(|alert| alert.tlp == tlp).count();
        if marked > 0 {
            output::say(&format!(
                "{} {tlp}: handle the file accordingly",
                count(marked, "alert")
            ));
        }
    }
}
