//! Arguments of `decide`.

use chappe_model::{AlertId, Verdict};
use clap::Args;

use super::ConnectionArgs;
use super::alert::alert_id;

const EXAMPLE: &str = "\
Example:
  chappe decide alerts/00112233445566778899aabbccddeeff dismissed --reason \"a new sensor\" --as csirt-at
";

/// Arguments of `decide`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct DecideArgs {
    /// The alert, as `watch` shows it: alerts/ and its id, or the id alone.
    #[arg(value_parser = alert_id)]
    pub alert: AlertId,
    /// acknowledged: somebody is at work on it. confirmed: it is real. dismissed: a false alarm, or an ordinary cause.
    pub verdict: Verdict,
    /// Why, for everyone who may see the alert: at most 1,000 characters. Needed with dismissed.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub reason: String,
    /// Whose voice, and where to.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// One JSON object, its fields as docs/decisions.md says.
    #[arg(long)]
    pub json: bool,
}
