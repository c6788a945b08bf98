//! Arguments of `cascade`.

use std::path::PathBuf;

use chappe_model::{Country, Sector};
use clap::{Args, Subcommand};

/// Arguments of `cascade`.
#[derive(Debug, Args)]
pub struct CascadeArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CascadeCommand,
}

/// What to do with dependencies.
#[derive(Debug, Subcommand)]
pub enum CascadeCommand {
    /// Print the file of dependencies that is in force unless the configuration names another.
    #[command(after_help = "Example:\n  chappe cascade dependencies > dependencies.toml\n")]
    Dependencies,
    /// Show what depends on a sector of a country, directly and over what is hit next.
    #[command(after_help = "Example:\n  chappe cascade show energy DE\n")]
    Show(ShowArgs),
}

/// Arguments of `cascade show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// NIS2 code, such as energy.
    pub sector: Sector,
    /// ISO 3166-1 alpha-2.
    #[arg(value_parser = Country::parse)]
    pub country: Country,
    /// A file of your own, which is checked first.
    #[arg(long, value_name = "FILE")]
    pub dependencies: Option<PathBuf>,
    /// One JSON object for each that is warned, its fields as docs/cascade.md says.
    #[arg(long)]
    pub json: bool,
}
