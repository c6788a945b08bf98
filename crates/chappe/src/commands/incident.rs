//! `chappe incident`: a member's own reports looked up.

use std::io::{self, Write};

use anyhow::{Context, Result, anyhow, bail};
use chappe_model::IncidentId;
use chappe_proto::{incident, time, v1};

use super::{Exit, decide::session};
use crate::alert_view::{millis, moment};
use crate::cli::{IncidentArgs, IncidentCommand, IncidentFilterArgs, IncidentListArgs, IncidentShowArgs, PeriodArgs};
use crate::client::{Refusal, Searching, Session};
use crate::incident_view::{IncidentLine, row, text};
use crate::words::severity_code;

/// Incidents that are put in order for people; more are a program's business.
const MOST_LISTED: usize = 100_000;

pub(crate) async fn run(args: &IncidentArgs, out: &mut dyn Write) -> Result<Exit> {
    match &args.command {
        IncidentCommand::Show(args) => show(args, out).await,
        IncidentCommand::List(args) => list(args, out).await,
    }
}

async fn show(args: &IncidentShowArgs, out: &mut dyn Write) -> Result<Exit> {
    let session = session(&args.connection)?;
    let found = match IncidentId::parse_resource_name(&args.incident) {
        Ok(id) => by_name(&session, &id).await,
        Err(_) => by_key(&session, &args.incident).await,
    };
    let line = IncidentLine::from(&found.with_context(|| args.connection.server.to_string())?);
    if args.json {
        serde_json::to_writer(&mut *out, &line)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", text(&line))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

async fn by_name(session: &Session, id: &IncidentId) -> Result<v1::Incident> {
    let name = id.resource_name();
    let answer = session.incidents().get_incident(v1::GetIncidentRequest { name }).await;
    let answer = answer.map_err(|status| anyhow!("{}", Refusal::from(&status)))?;
    answer.into_inner().incident.context("the answer holds no incident")
}

/// A key is of live traffic or of an exercise, never of both.
async fn by_key(session: &Session, key: &str) -> Result<v1::Incident> {
    for exercise in [false, true] {
        let asked = v1::SearchIncidentsRequest {
            report_key: key.to_owned(),
            filter: Some(v1::IncidentFilter {
                exercise,
                ..v1::IncidentFilter::default()
            }),
            ..v1::SearchIncidentsRequest::default()
        };
        let mut pages = Searching::new(session.clone(), asked);
        while let Some(page) = pages.next().await.map_err(|refusal| anyhow!("{refusal}"))? {
            if let Some(found) = page.into_iter().next() {
                // A newer revision may be on its way into the index.
                say_if_stale(&pages);
                return Ok(found);
            }
        }
        say_if_stale(&pages);
    }
    bail!("no report of yours has the key '{key}'")
}

async fn list(args: &IncidentListArgs, out: &mut dyn Write) -> Result<Exit> {
    let asked = v1::SearchIncidentsRequest {
        filter: Some(filter(&args.filter)),
        ..of_time(args.period)
    };
    let pages = Searching::new(session(&args.connection)?, asked);
    let server = || args.connection.server.to_string();
    match args.json {
        true => print_json(pages, |line| line, out).await.with_context(server)?,
        false => print(pages, out).await.with_context(server)?,
    };
    Ok(Exit::Done)
}

fn filter(args: &IncidentFilterArgs) -> v1::IncidentFilter {
    v1::IncidentFilter {
        min_severity: args.min_severity.map_or(0, |severity| severity_code(severity) as i32),
        countries: args.country.iter().map(|country| country.as_str().to_owned()).collect(),
        incident_types: args.incident_type.clone(),
        exercise: args.exercise,
        sectors: args.sector.iter().map(|sector| sector.as_str().to_owned()).collect(),
        values: args.value.iter().map(incident::indicator_to_wire).collect(),
        networks: args.network.iter().map(ToString::to_string).collect(),
        domains: args.domain.clone(),
    }
}

/// A search of a time.
pub(super) fn of_time(period: PeriodArgs) -> v1::SearchIncidentsRequest {
    v1::SearchIncidentsRequest {
        since: period.since.map(time::to_wire),
        until: period.until.map(time::to_wire),
        ..v1::SearchIncidentsRequest::default()
    }
}

/// Writes a search's incidents for people, those reported last first, and says how many there were.
///
/// # Errors
/// When the server refuses, does not answer, or there are more than people read.
pub(super) async fn print(mut pages: Searching, out: &mut dyn Write) -> Result<usize> {
    let mut listed: Vec<IncidentLine> = Vec::new();
    while let Some(page) = pages.next().await.map_err(|refusal| anyhow!("{refusal}"))? {
        listed.extend(page.iter().map(IncidentLine::from));
        if listed.len() > MOST_LISTED {
            bail!("more than {MOST_LISTED} reports of yours: ask for fewer, such as by --since, or take --json");
        }
    }
    listed.sort_by(|one, other| (other.reported_at_ms, &one.id).cmp(&(one.reported_at_ms, &other.id)));
    for line in &listed {
        writeln!(out, "{}", row(line))?;
    }
    out.flush()?;
    say_if_stale(&pages);
    Ok(listed.len())
}

/// Writes a search's incidents as they come, each as `line` makes it, and says how many there were.
///
/// # Errors
/// When the server refuses or does not answer.
pub(super) async fn print_json<L: serde::Serialize>(
    mut pages: Searching,
    line: impl Fn(IncidentLine) -> L,
    out: &mut dyn Write,
) -> Result<usize> {
    let mut printed = 0;
    while let Some(page) = pages.next().await.map_err(|refusal| anyhow!("{refusal}"))? {
        for wire in &page {
            serde_json::to_writer(&mut *out, &line(IncidentLine::from(wire)))?;
            writeln!(out)?;
            printed += 1;
        }
    }
    out.flush()?;
    say_if_stale(&pages);
    Ok(printed)
}

/// To standard error: what was not looked at yet.
pub(super) fn say_if_stale(pages: &Searching) {
    if let Some(searched_to) = pages.stale_from() {
        let looked_at = match millis(Some(searched_to)) {
            0 => "none of your reports was looked at yet".to_owned(),
            at => format!("of your reports those up to {} were looked at", moment(at)),
        };
        // Nobody is left to tell if standard error is gone.
        let _ = writeln!(
            io::stderr(),
            "the server is behind: {looked_at}, later ones may be missing; search again in a while"
        );
    }
}
