//! Arguments of `search` and `hunt`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConnectionArgs, PeriodArgs};
use crate::wanted::Wanted;

const SEARCH: &str = "\
Examples:
  chappe search bad.example 192.0.2.7 --as csirt-at
  chappe search 198.51.100.0/24 cve:CVE-2021-44228 --since 2026-03-01 --json --as csirt-at
  chappe search bad.example --only incidents --as csirt-at
";
const HUNT: &str = "\
Exit codes: 0 whether something was found or not; 3 if part of the file could not be read and the rest was looked for;
1 if nothing could be looked for.

Examples:
  chappe hunt indicators.txt --as csirt-at
  chappe hunt event.json --below --since 2026-01-01 --json --as csirt-at
";

/// What is searched, where not everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// The alerts that the member may see.
    Alerts,
    /// Its own reports.
    Incidents,
}

/// Arguments of `search`.
#[derive(Debug, Args)]
#[command(after_help = SEARCH)]
pub struct SearchArgs {
    /// An address, domain, URL, hash, mail address or CVE, defanged or not, or kind:value; or a network such as 192.0.2.0/24. Of a domain also what lies below it, of both
    /// also URLs and mail addresses of that host. Up to 64.
    #[arg(value_name = "VALUE", required = true, num_args = 1..=64, value_parser = Wanted::wide)]
    pub values: Vec<Wanted>,
    /// When the alerts were seen, and the reports were made or what they say went on.
    #[command(flatten)]
    pub period: PeriodArgs,
    /// Search alerts, or your own reports, only.
    #[arg(long, value_name = "WHAT")]
    pub only: Option<Only>,
    /// In exercise traffic instead of live traffic.
    #[arg(long)]
    pub exercise: bool,
    /// Whose eyes, and where.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// One JSON object a line: an alert with the fields of `watch --json`, then `incident` for each report of yours; in order of ids, as they come.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `hunt`.
#[derive(Debug, Args)]
#[command(after_help = HUNT)]
pub struct HuntArgs {
    /// What to look for: a text with an indicator or network a line, a file as `submit` takes (MISP, STIX, IDEA, Chappe's own JSON), or - for standard input.
    #[arg(value_name = "FILE|-")]
    pub file: PathBuf,
    /// The file is CSV or JSON lines, and this TOML file says which column is what, as for `submit`.
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Of domains also what lies below them, of domains and addresses also URLs and mail addresses of that host. Without it each is looked for exactly.
    #[arg(long)]
    pub below: bool,
    /// When the alerts were seen, and the reports were made or what they say went on.
    #[command(flatten)]
    pub period: PeriodArgs,
    /// Search alerts, or your own reports, only.
    #[arg(long, value_name = "WHAT")]
    pub only: Option<Only>,
    /// In exercise traffic instead of live traffic.
    #[arg(long)]
    pub exercise: bool,
    /// Whose eyes, and where.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// One JSON object a line: `sought`, and `alert` with the fields of `watch --json`, or `incident`, a report of yours.
    #[arg(long)]
    pub json: bool,
}
