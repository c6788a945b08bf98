//! Arguments of `config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config::CONFIG_FILE;

/// Arguments of `config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What to do with a configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Every value that is in force, its unit, where it comes from and what it means. Nothing is opened but the files that it names.
    #[command(after_help = "Example:\n  chappe config show --config pilot/chappe.toml\n")]
    Show(ConfigFileArgs),
    /// Read it as 'serve' does and say what is wrong with it, with line and column. Exit code 3 where something is.
    #[command(after_help = "Example:\n  chappe config check --config pilot/chappe.toml\n")]
    Check(ConfigFileArgs),
}

/// Which configuration, and for whom.
#[derive(Debug, Args)]
pub struct ConfigFileArgs {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = CONFIG_FILE)]
    pub config: PathBuf,
    /// One JSON object, its fields as docs/quickstart.md says.
    #[arg(long)]
    pub json: bool,
}
