//! `chappe member`: what members answer for, and by which certificates they are known.

mod certificates;

use std::io::Write;

use anyhow::{Context, Result, anyhow};
use chappe_proto::v1;
use serde::Serialize;
use tonic::Status;

use super::Exit;
use super::decide::session;
use crate::alert_view::{millis, moment};
use crate::cli::{ConnectionArgs, ListArgs, MemberArgs, MemberCommand, SetArgs, ShowMemberArgs};
use crate::client::Refusal;
use crate::constituency_file;
use crate::words::{self, plain};

pub(super) use certificates::authority;

/// A constituency in short, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Summary {
    member: String,
    in_force_since_ms: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    stated_by: String,
    countries: u32,
    sectors: u32,
    networks: u32,
    domains: u32,
}

/// What `show --json` prints.
#[derive(Debug, Serialize)]
struct Whole<'a> {
    member: &'a str,
    in_force_since_ms: u64,
    countries: &'a [String],
    sectors: &'a [String],
    networks: &'a [String],
    domains: &'a [String],
}

/// What `set --json` prints.
#[derive(Debug, Serialize)]
struct Stated<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    unchanged: bool,
    durability: &'static str,
}

/// Runs one of the commands on `out`.
///
/// # Errors
/// When a file is refused, or the server refuses what is asked, or does not answer.
pub(crate) async fn run(args: &MemberArgs, out: &mut (dyn Write + Send)) -> Result<Exit> {
    match &args.command {
        MemberCommand::List(args) if args.certificates => certificates::list(args, out)?,
        MemberCommand::List(args) => list(args, out).await?,
        MemberCommand::Add(args) => certificates::add(args, out)?,
        MemberCommand::Revoke(args) => certificates::revoke(args, out)?,
        MemberCommand::Show(args) => show(args, out).await?,
        MemberCommand::Set(args) => set(args, out).await?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

async fn list(args: &ListArgs, out: &mut (dyn Write + Send)) -> Result<()> {
    let request = v1::ListConstituenciesRequest {};
    let answer = session(&args.connection)?.members().list_constituencies(request).await;
    let answer = answer.map_err(|status| refused(&args.connection, "does not list constituencies", &status))?;
    let summaries: Vec<Summary> = answer.into_inner().summaries.into_iter().map(Summary::from).collect();
    for summary in &summaries {
        match args.json {
            true => json(summary, out)?,
            false => writeln!(out, "{}", summary.words())?,
        }
    }
    if summaries.is_empty() && !args.json {
        writeln!(out, "no constituency is stated, or none that you may see")?;
    }
    Ok(())
}

async fn show(args: &ShowMemberArgs, out: &mut (dyn Write + Send)) -> Result<()> {
    let member = args.whose.as_ref().map(ToString::to_string).unwrap_or_default();
    let request = v1::GetConstituencyRequest { member };
    let answer = session(&args.connection)?.members().get_constituency(request).await;
    let answer = answer.map_err(|status| refused(&args.connection, "does not show it", &status))?;
    let answer = answer.into_inner();
    let summary = Summary::from(answer.summary.context("the answer holds no summary")?);
    let constituency = answer.constituency.context("the answer holds no constituency")?;
    if args.json {
        let whole = Whole {
            member: &summary.member,
            in_force_since_ms: summary.in_force_since_ms,
            countries: &constituency.countries,
            sectors: &constituency.sectors,
            networks: &constituency.networks,
            domains: &constituency.domains,
        };
        return json(&whole, out);
    }
    writeln!(out, "# {}", summary.words())?;
    write!(out, "{}", constituency_file::write(&constituency))?;
    Ok(())
}

async fn set(args: &SetArgs, out: &mut (dyn Write + Send)) -> Result<()> {
    let constituency = constituency_file::read(&args.file)?;
    let request = v1::SetConstituencyRequest {
        member: args.whose.to_string(),
        constituency: Some(chappe_proto::constituency::to_wire(&constituency)),
    };
    let answer = session(&args.connection)?.members().set_constituency(request).await;
    let answer = answer.map_err(|status| refused(&args.connection, "does not take the constituency", &status))?;
    let answer = answer.into_inner();
    let summary = Summary::from(answer.summary.context("the answer holds no summary")?);
    let (unchanged, durability) = (answer.unchanged, words::durability(answer.durability));
    if args.json {
        let stated = Stated {
            summary: &summary,
            unchanged,
            durability,
        };
        return json(&stated, out);
    }
    let news = if unchanged { "; that stood already" } else { "" };
    writeln!(out, "{} (durable: {durability}){news}", summary.words())?;
    Ok(())
}

fn refused(connection: &ConnectionArgs, what: &str, status: &Status) -> anyhow::Error {
    anyhow!("{} {what}: {}", connection.server, Refusal::from(status))
}

fn json(line: &impl Serialize, out: &mut dyn Write) -> Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)?;
    Ok(())
}

impl Summary {
    /// `csirt-at answers for 1 country, 2 networks, 3 domains since 2026-03-02 09:00 UTC, stated by europol`
    fn words(&self) -> String {
        let parts = [
            (self.countries, "country", "countries"),
            (self.sectors, "sector", "sectors"),
            (self.networks, "network", "networks"),
            (self.domains, "domain", "domains"),
        ];
        let parts = parts.into_iter().filter(|(n, ..)| *n > 0);
        let parts: Vec<String> = parts
            .map(|(n, one, many)| {
                if n == 1 {
                    format!("1 {one}")
                } else {
                    format!("{n} {many}")
                }
            })
            .collect();
        let (member, since) = (plain(&self.member), moment(self.in_force_since_ms));
        let stated_by = match self.stated_by.as_str() {
            "" => String::new(),
            hub => format!(", stated by {}", plain(hub)),
        };
        format!("{member} answers for {} since {since}{stated_by}", parts.join(", "))
    }
}

impl From<v1::ConstituencySummary> for Summary {
    fn from(summary: v1::ConstituencySummary) -> Self {
        Self {
            in_force_since_ms: millis(summary.in_force_since.as_ref()),
            member: summary.member,
            stated_by: summary.stated_by,
            countries: summary.countries,
            sectors: summary.sectors,
            networks: summary.networks,
            domains: summary.domains,
        }
    }
}
