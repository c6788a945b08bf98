//! `chappe search`: what the alerts that a member may see, and its own reports, name of some values.

use std::io::{self, Write};

use anyhow::{Context, Result};
use chappe_proto::{time, v1};
use serde::Serialize;

use super::decide::session;
use super::{Exit, alert, incident};
use crate::cli::{Only, PeriodArgs, SearchArgs};
use crate::client::{Listing, Searching};
use crate::incident_view::IncidentLine;
use crate::wanted::Wanted;

/// What `--json` prints for an own report; an alert stands by itself.
#[derive(Debug, Serialize)]
struct Line {
    incident: IncidentLine,
}

pub(crate) async fn run(args: &SearchArgs, out: &mut dyn Write) -> Result<Exit> {
    let session = session(&args.connection)?;
    let server = || args.connection.server.to_string();
    let mut found = 0;
    if args.only != Some(Only::Incidents) {
        let asked = asked(&args.values, args.period, args.exercise);
        let listing = Listing::new(session.clone(), asked);
        found += alert::print(listing, |_| true, args.json, out)
            .await
            .with_context(server)?;
    }
    if args.only != Some(Only::Alerts) {
        let pages = Searching::new(session, asked_of_incidents(&args.values, args.period, args.exercise));
        found += match args.json {
            true => incident::print_json(pages, |incident| Line { incident }, out).await,
            false => incident::print(pages, out).await,
        }
        .with_context(server)?;
    }
    if found == 0 {
        // The same words whether nothing is there or it may not be seen: nobody here knows which. Nobody is left to tell if standard error is gone.
        let _ = writeln!(io::stderr(), "{}", nothing(args.only));
    }
    Ok(Exit::Done)
}

fn nothing(only: Option<Only>) -> &'static str {
    match only {
        None => "no alert that you may see, and no report of yours, names it",
        Some(Only::Alerts) => "no alert that you may see names it",
        Some(Only::Incidents) => "no report of yours names it",
    }
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

/// The search for own reports that name any of these.
pub(super) fn asked_of_incidents(wanted: &[Wanted], period: PeriodArgs, exercise: bool) -> v1::SearchIncidentsRequest {
    let mut alike = v1::AlertFilter::default();
    wanted.iter().for_each(|wanted| wanted.ask(&mut alike));
    v1::SearchIncidentsRequest {
        filter: Some(v1::IncidentFilter {
            exercise,
            values: alike.values,
            networks: alike.networks,
            domains: alike.domains,
            ..v1::IncidentFilter::default()
        }),
        ..incident::of_time(period)
    }
}
