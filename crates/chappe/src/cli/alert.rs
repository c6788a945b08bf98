//! Arguments of `alert`.

use chappe_model::AlertId;
use clap::{Args, Subcommand};

use super::{ConnectionArgs, FilterArgs, PeriodArgs};

const SHOW: &str = "\
Example:
  chappe alert show alerts/00112233445566778899aabbccddeeff --as csirt-at
";
const LIST: &str = "\
Examples:
  chappe alert list --kind surge,cascade --min-severity high --as europol
  chappe alert list --all --domain bad.example --network 192.0.2.0/24 --since 2026-03-01 --as csirt-at
";

/// Arguments of `alert`.
#[derive(Debug, Args)]
pub struct AlertArgs {
    /// What to see.
    #[command(subcommand)]
    pub command: AlertCommand,
}

/// What to see.
#[derive(Debug, Subcommand)]
pub enum AlertCommand {
    /// One alert: why it was raised, the reports behind it, what links them, and what members judged.
    Show(AlertShowArgs),
    /// All alerts that you may see, a line each: those revised last come first.
    List(AlertListArgs),
}

/// Arguments of `alert show`.
#[derive(Debug, Args)]
#[command(after_help = SHOW)]
pub struct AlertShowArgs {
    /// The alert, as `watch` shows it: alerts/ and its id, or the id alone.
    #[arg(value_parser = alert_id)]
    pub alert: AlertId,
    /// Whose eyes, and where.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// One JSON object: the fields of `watch --json`, and `evidence` and `links`.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `alert list`.
#[derive(Debug, Args)]
#[command(after_help = LIST)]
pub struct AlertListArgs {
    /// Which alerts.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// When they were seen.
    #[command(flatten)]
    pub period: PeriodArgs,
    /// Also those that are resolved, retracted or carried on by another.
    #[arg(long)]
    pub all: bool,
    /// Whose eyes, and where.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// One JSON object a line, with the fields of `watch --json`; in order of ids, as they come.
    #[arg(long)]
    pub json: bool,
}

/// An alert, by its name or its id alone.
pub(super) fn alert_id(text: &str) -> Result<AlertId, String> {
    const PREFIX: &str = "alerts/";
    let name = format!("{PREFIX}{}", text.strip_prefix(PREFIX).unwrap_or(text));
    AlertId::parse_resource_name(&name).map_err(|error| error.to_string())
}
