//! `chappe.toml`: what an installation is.

mod cascade;
mod effective;
mod error;
mod file;
mod kafka;
mod keys;
mod metrics;
mod policy;
mod taxii;
mod tls;
mod unread;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chappe_identity::{Directory, DirectoryError, TokenDigest};
use chappe_model::{Budget, MemberId, Network, Principal, Role};

use crate::rule_files;

pub use error::ConfigError;
pub use kafka::{KafkaSection, Sasl, SaslMechanism, TlsFiles};
pub use policy::{CrossBorder, PolicySection, Urgent};
pub use taxii::TaxiiSection;
pub use tls::TlsSection;

pub(crate) use effective::{Origin, Setting, settings};
pub(crate) use policy::{DEFAULT_LATENESS_MS, in_force};
pub(crate) use tls::TLS_FOLDER;
pub(crate) use unread::refuse as refuse_toml;

/// Where the program listens unless told otherwise.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:7600";
/// The data folder unless told otherwise, relative to the file's.
pub(crate) const DEFAULT_DATA: &str = "chappe-data";
/// Name of the configuration file.
pub(crate) const CONFIG_FILE: &str = "chappe.toml";
/// Most correlation shards.
pub(crate) const MAX_SHARDS: usize = 64;
/// Longest configuration file that is read, in bytes: 4,096 members fit several times over.
pub(crate) const CONFIG_BYTES: u64 = 4 * 1024 * 1024;

/// One member, and the digest of its token.
#[derive(Clone, Debug)]
pub struct Member {
    /// Id, country and role.
    pub principal: Principal,
    /// Digest of its token; none for a member that is known by certificate alone.
    pub token: Option<TokenDigest>,
}

/// Quotas that the file sets; what it leaves out has ingest's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaSection {
    /// Reports per second and member.
    pub reports_per_second: Option<u32>,
    /// Reports that a member may send at once after a pause.
    pub burst: Option<u32>,
    /// Reports accepted and not yet durable, all members together.
    pub in_flight: Option<usize>,
    /// Reports accepted and not yet durable, per member.
    pub in_flight_per_member: Option<usize>,
}

/// An installation, as its file describes it. Valid by construction: addresses are loopback unless there is TLS, members and tokens are unique.
#[derive(Clone, Debug)]
pub struct Config {
    /// gRPC.
    pub listen: SocketAddr,
    /// Prometheus metrics over HTTP, if wanted.
    pub metrics: Option<SocketAddr>,
    /// Networks that metrics are served to, besides this machine.
    pub metrics_allow: Vec<Network>,
    /// The data folder: log, snapshots, secret.
    pub data: PathBuf,
    /// Correlation shards, 1 to 64.
    pub shards: usize,
    /// The members.
    pub members: Vec<Member>,
    /// Rules and policies; absent: those that the log holds, or the built-in ones.
    pub policy: Option<PolicySection>,
    /// Quotas.
    pub quotas: QuotaSection,
    /// This process's name among those that share a log.
    pub instance: String,
    /// Bound of live state.
    pub budget: Budget,
    /// TLS and members by certificate; none: plain text, on loopback.
    pub tls: Option<TlsSection>,
    /// The log on brokers; none: it is embedded, in the data folder.
    pub kafka: Option<KafkaSection>,
    /// TAXII 2.1, if wanted.
    pub taxii: Option<TaxiiSection>,
}

impl Config {
    /// Reads a file. A relative `data` is relative to the file's folder.
    ///
    /// # Errors
    /// With the file's name, line and column, what was wrong and what would be right.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::read_with_text(path).map(|(config, _)| config)
    }

    /// The same, and the file's text.
    pub(crate) fn read_with_text(path: &Path) -> Result<(Self, String), ConfigError> {
        let unreadable = |source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
        if bytes > CONFIG_BYTES {
            return Err(ConfigError::TooLarge {
                path: path.to_owned(),
                bytes,
            });
        }
        let text = String::from_utf8(std::fs::read(path).map_err(unreadable)?);
        let text = text.map_err(|error| ConfigError::NotUtf8 {
            path: path.to_owned(),
            line: rule_files::line_of(&error),
        })?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let config = Self::parse(&text, path, folder.unwrap_or(Path::new(".")))?;
        Ok((config, text))
    }

    /// Reads a text. `path` is for messages; a relative `data` is relative to `folder`.
    ///
    /// # Errors
    /// With `path`, line and column, what was wrong and what would be right.
    pub fn parse(text: &str, path: &Path, folder: &Path) -> Result<Self, ConfigError> {
        file::parse(text, path, folder)
    }

    /// The members as those who ask.
    ///
    /// # Errors
    /// Not for a configuration that was read: members and tokens are unique there.
    pub fn directory(&self) -> Result<Directory, DirectoryError> {
        Directory::with_certificates(
            self.members
                .iter()
                .map(|member| (member.principal.clone(), member.token))
                .collect(),
        )
    }

    /// The hub's duty officers, by id.
    #[must_use]
    pub fn duty_officers(&self) -> Vec<MemberId> {
        let duty = self
            .members
            .iter()
            .filter(|member| member.principal.role == Role::DutyOfficer);
        let mut ids: Vec<MemberId> = duty.map(|member| member.principal.member.clone()).collect();
        ids.sort();
        ids
    }
}
