//! `[taxii]`: whether and where TAXII 2.1 is served.

use std::net::SocketAddr;

use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigError;
use super::file::{Source, loopback};

/// Where TAXII 2.1 is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxiiSection {
    /// Loopback: it is served in plain text.
    pub listen: SocketAddr,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TaxiiTable {
    listen: Spanned<String>,
}

pub(super) fn section(source: &Source<'_>, table: &TaxiiTable) -> Result<TaxiiSection, ConfigError> {
    Ok(TaxiiSection {
        listen: loopback(source, &table.listen, "TAXII")?,
    })
}
