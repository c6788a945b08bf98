//! Arguments of `doctor` and `health`.

use std::path::PathBuf;

use clap::Args;

use crate::client::ServerAddress;
use crate::config::CONFIG_FILE;

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes:\n  0  nothing is broken; there may be warnings\n  1  something is broken: the lines that begin with BROKEN say what, what it means and what to do\n\nExample:\n  chappe doctor --config pilot/chappe.toml\n"
)]
pub struct DoctorArgs {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = CONFIG_FILE)]
    pub config: PathBuf,
    /// The file with the members' tokens, if it is elsewhere than beside the configuration.
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
    /// One JSON object: findings, each with check, state, found, means, action.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `health`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes:\n  0  it serves\n  1  it does not, or does not answer\n\nExample:\n  chappe health --config pilot/chappe.toml\n"
)]
pub struct HealthArgs {
    /// The configuration, which says where the program listens.
    #[arg(long, value_name = "FILE", default_value = CONFIG_FILE)]
    pub config: PathBuf,
    /// Ask the listener of metrics, which the configuration must name: it says the same, whatever gRPC asks of those who connect.
    #[arg(long, conflicts_with = "server")]
    pub metrics: bool,
    /// Ask here instead.
    #[arg(long, value_name = "ADDRESS", value_parser = ServerAddress::parse)]
    pub server: Option<ServerAddress>,
}
