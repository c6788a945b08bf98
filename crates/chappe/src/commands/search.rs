//! `chappe search`: what the alerts that a member may see name of some values.

use std::io::{self, Write};

use anyhow::{Context, Result};
use chappe_proto::{time, v1};

use super::Exit;
use super::alert::print;
use super::decide::session;
use crate::cli::{PeriodArgs, SearchArgs};
use crate::client::Listing;
use crate::wanted::Wanted;

pub(crate) async fn run(args: &SearchArgs, out: &mut dyn Write) -> Result<Exit> {
    let asked = asked(&args.values, args.period, args.exercise);
    let listing = Listing::new(session(&args.connection)?, asked);
    let found = print(listing, |_| true, args.json, out)
        .await
        .with_context(|| args.connection.server.to_string())?;
    if found == 0 {
        // The same words whether nothing is there or it may not be seen: nobody here knows which. Nobody is left to tell if standard error is gone.
        let _ = writeln!(io::stderr(), "no alert that you may see names it");
    }
    Ok(Exit::Done)
}

/// The list of alerts that name any of these.
pub(super) fn asked(wanted: &[Wanted], period: PeriodArgs, exercise: bool) -> v1::ListAlertsRequest {
    let mut filter = v1::AlertFilter {
        exercise,
        ..v1::AlertFilter::default()
    };
    wanted.iter().for_each(|wanted| wanted.ask(&mut filter));
    v1::ListAlertsRequest {
        filter: Some(filter),
        since: period.since.map(time::to_wire),
        until: period.until.map(time::to_wire),
        ..v1::ListAlertsRequest::default()
    }
}
