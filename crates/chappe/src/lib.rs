//! The program `chappe` as a library: the whole installation in one process, and a member's side of its API.
//!
//! - [`Config`] is `chappe.toml`, read with every refusal at its line.
//! - [`Installation`] starts log, ingest, correlation, notification and the gRPC server; `serve` and `demo` run the same one.
//! - [`client`] submits reports until each has its answer, and follows alerts over broken connections.
//! - [`alert_view`] shows alerts to people and programs.
//! - [`run`] is the command line.
//!
//! What it is not: a place for decisions. What fires is decided in `chappe-correlate`, who may see it in `chappe-distribute`.
//!
//! Invariants: plain text is spoken on loopback only, by the server and by the client; a token never travels in it further; the secret is never replaced; whatever runs as
//! a demo runs as a service, with another clock and another folder.
//!
//! # Example
//! ```
//! use std::path::Path;
//! let text = "listen = \"0.0.0.0:7600\"\n";
//! let error = chappe::Config::parse(text, Path::new("chappe.toml"), Path::new(".")).unwrap_err();
//! assert!(error.to_string().starts_with("chappe.toml:1:10: 0.0.0.0:7600 is not a loopback address"));
//! ```

pub mod alert_view;
mod cli;
pub mod client;
mod commands;
mod config;
mod constituency_file;
mod csv_place;
mod dependency_file;
mod incident_view;
mod installation;
mod invocation;
mod metric_names;
mod recorded_log;
mod report_file;
mod room;
mod rule_files;
mod secret;
mod tokens;
mod wanted;
mod warning_files;
mod words;

pub use cli::{Cli, Command};
pub use commands::{Exit, run};
pub use config::{
    Config, ConfigError, CrossBorder, KafkaSection, Member, PolicySection, QuotaSection, Sasl, SaslMechanism,
    TaxiiSection, TlsFiles, TlsSection, Urgent,
};
pub use installation::{
    DRAIN, Found, Installation, Pace, PartFailed, Parts, Running, StartError, Summary, with_sources,
};
pub use report_file::{MAX_REPORTS, ReportFileError, read_reports};
pub use secret::{LOG_FOLDER, SECRET_FILE, SecretError};
pub use tokens::{Token, TokenError};
pub use warning_files::WarningLists;

/// Reads the text of a file of a constituency: for fuzzing, which reaches no command.
///
/// # Errors
/// With every line that is wrong.
#[doc(hidden)]
pub fn read_constituency(text: &str, name: &std::path::Path) -> Result<chappe_constituency::Constituency, String> {
    constituency_file::parse(text, name).map_err(|faults| faults.to_string())
}

/// Reads the text of a file of dependencies: likewise.
///
/// # Errors
/// With the first line that is wrong.
#[doc(hidden)]
pub fn read_dependencies(text: &str, name: &std::path::Path) -> Result<chappe_correlate::Dependencies, String> {
    dependency_file::parse(text, name).map_err(|error| error.to_string())
}
