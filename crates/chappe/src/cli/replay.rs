//! Arguments of `replay`.

use std::path::PathBuf;

use chappe_correlate::FALSE_ALARMS_PER_YEAR;
use chappe_model::Timestamp;
use clap::Args;

use super::moment;
use crate::config::CONFIG_FILE;

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  chappe replay --config pilot/chappe.toml --compare\n  chappe replay --until 2026-03-02T06:15:00Z --json\n  chappe replay --rules rules/phishing.yml --false-alarms-per-year 52\n"
)]
pub struct ReplayArgs {
    /// The configuration: what is looked for, and the data folder. The installation must not run; nothing in the folder changes.
    #[arg(long, value_name = "FILE", default_value = CONFIG_FILE)]
    pub config: PathBuf,
    /// Another data folder than the configuration's, such as a backup.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Stop at this log time: a day in UTC, or a time by RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: Option<Timestamp>,
    /// Leave out alerts whose last report came before. The log is read from its beginning all the same.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub from: Option<Timestamp>,
    /// Judge by the rules of this file too; one takes the place of the rule of its id that is in force. May stand several times.
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// Look for surges by this budget instead of the configuration's: what was learned of counts is learned anew, which may take minutes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(FALSE_ALARMS_PER_YEAR)))]
    pub false_alarms_per_year: Option<u32>,
    /// Say how what results differs from the alerts that the log holds. Exit code 4 where it does.
    #[arg(long)]
    pub compare: bool,
    /// One JSON object a line, its fields as docs/replay.md says.
    #[arg(long)]
    pub json: bool,
}
