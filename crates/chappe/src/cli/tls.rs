//! Arguments of `tls`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config::CONFIG_FILE;

/// Arguments of `tls`.
#[derive(Debug, Args)]
pub struct TlsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TlsCommand,
}

/// What to do for the server's side of TLS.
#[derive(Debug, Subcommand)]
pub enum TlsCommand {
    /// Make the server's certificate and the members' revocation lists anew. A server that runs takes them within seconds.
    #[command(after_help = "Example:\n  chappe tls renew --config pilot/chappe.toml\n")]
    Renew(RenewArgs),
}

/// Arguments of `tls renew`.
#[derive(Debug, Args)]
pub struct RenewArgs {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = CONFIG_FILE)]
    pub config: PathBuf,
}
