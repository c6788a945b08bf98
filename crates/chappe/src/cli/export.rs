//! Arguments of `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConnectionArgs, FilterArgs, PeriodArgs};

const EXAMPLE: &str = "\
Examples:
  chappe export stix --as csirt-at --out alerts.json
  chappe export misp --as csirt-at --state open --out feed/
";

/// Arguments of `export`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct ExportArgs {
    /// stix: a STIX 2.1 bundle. misp: the folder of a MISP feed. idea: IDEA0 messages, one a line. csv: a line for each alert.
    #[arg(value_name = "FORMAT")]
    pub format: ExportFormat,
    /// The file to write, or for misp the folder; without it standard output.
    #[arg(long, value_name = "FILE|DIR", required_if_eq("format", "misp"))]
    pub out: Option<PathBuf>,
    /// Alerts that stand so; all where it is left out.
    #[arg(long, value_delimiter = ',', value_name = "STATE")]
    pub state: Vec<StateArg>,
    /// Which alerts.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// When they were seen.
    #[command(flatten)]
    pub period: PeriodArgs,
    /// Whose eyes, and where.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// A format that alerts are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A STIX 2.1 bundle.
    Stix,
    /// A MISP feed.
    Misp,
    /// IDEA0 messages.
    Idea,
    /// CSV.
    Csv,
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StateArg {
    /// It holds now.
    Open,
    /// It held.
    Resolved,
    /// The reports behind it were withdrawn or corrected.
    Retracted,
    /// Another carries it on.
    Superseded,
}
