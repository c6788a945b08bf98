//! `[kafka]`: the log on brokers, shared with other processes.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigError;
use super::file::Source;

/// What topics' names begin with unless told otherwise.
const DEFAULT_PREFIX: &str = "chappe.";
/// Partitions of the incidents unless told otherwise.
const DEFAULT_PARTITIONS: u16 = 8;
/// Most partitions of the incidents.
const MAX_PARTITIONS: u16 = 1_024;
/// On how many brokers each record is kept unless told otherwise.
const DEFAULT_REPLICATION: u16 = 3;
/// Most brokers that a record is kept on.
const MAX_REPLICATION: u16 = 9;
/// Longest password, in bytes.
const PASSWORD_BYTES: u64 = 4_096;

/// A log on Kafka.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaSection {
    /// Addresses to begin with, each `host:port`.
    pub brokers: Vec<String>,
    /// What the topics' names begin with: one prefix is one installation.
    pub topic_prefix: String,
    /// Partitions of the incidents; fixed once the topics are there.
    pub partitions: u16,
    /// On how many brokers each record is kept.
    pub replication: u16,
    /// TLS to the brokers; none: plain text.
    pub tls: Option<TlsFiles>,
    /// How this process proves itself to the brokers, over TLS.
    pub sasl: Option<Sasl>,
}

/// Files in PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Authorities that may sign for brokers; none: the system's.
    pub ca: Option<PathBuf>,
    /// This process's certificate and its private key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// A user of the brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sasl {
    /// How the password is proved.
    pub mechanism: SaslMechanism,
    /// The user.
    pub user: String,
    /// The file that holds the password.
    pub password_file: PathBuf,
}

/// How a password is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum SaslMechanism {
    /// The password itself crosses the connection.
    #[serde(rename = "PLAIN")]
    Plain,
    /// SCRAM-SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// SCRAM-SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct KafkaTable {
    brokers: Spanned<Vec<Spanned<String>>>,
    topic_prefix: Option<Spanned<String>>,
    partitions: Option<Spanned<u16>>,
    replication: Option<Spanned<u16>>,
    #[serde(default)]
    plain_text: bool,
    tls: Option<Spanned<TlsTable>>,
    sasl: Option<Spanned<SaslTable>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct TlsTable {
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct SaslTable {
    mechanism: SaslMechanism,
    user: String,
    password_file: PathBuf,
}

impl Sasl {
    /// The password: the file's text without the line's end.
    ///
    /// # Errors
    /// When the file cannot be read or is too long.
    pub fn password(&self) -> std::io::Result<String> {
        if std::fs::metadata(&self.password_file)?.len() > PASSWORD_BYTES {
            return Err(std::io::Error::other(format!(
                "over {PASSWORD_BYTES} bytes are no password"
            )));
        }
        let text = std::fs::read_to_string(&self.password_file)?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }
}

pub(super) fn section(source: &Source<'_>, table: &KafkaTable, folder: &Path) -> Result<KafkaSection, ConfigError> {
    let brokers = table.brokers.get_ref();
    if brokers.is_empty() {
        let message = "no brokers: name some to begin with, such as [\"kafka-1:9092\", \"kafka-2:9092\"]";
        return Err(source.refuse(&table.brokers, message));
    }
    for broker in brokers {
        check_address(source, broker, table.tls.is_some() || table.plain_text)?;
    }
    let within = |value: &Option<Spanned<u16>>, default: u16, most: u16, what: &str| match value {
        Some(count) if !(1..=most).contains(count.get_ref()) => {
            Err(source.refuse(count, format!("{} {what}: 1 to {most}", count.get_ref())))
        }
        Some(count) => Ok(*count.get_ref()),
        None => Ok(default),
    };
    let tls = table
        .tls
        .as_ref()
        .map(|tls| tls_files(source, tls, folder))
        .transpose()?;
    if let (Some(sasl), None) = (&table.sasl, &tls) {
        let message = "a password never travels in plain text: add a table 'tls', empty if the system's authorities do";
        return Err(source.refuse(sasl, message));
    }
    let sasl = table.sasl.as_ref().map(|sasl| Sasl {
        mechanism: sasl.get_ref().mechanism,
        user: sasl.get_ref().user.clone(),
        password_file: folder.join(&sasl.get_ref().password_file),
    });
    Ok(KafkaSection {
        brokers: brokers.iter().map(|broker| broker.get_ref().clone()).collect(),
        topic_prefix: prefix(source, table.topic_prefix.as_ref())?,
        partitions: within(&table.partitions, DEFAULT_PARTITIONS, MAX_PARTITIONS, "partitions")?,
        replication: within(
            &table.replication,
            DEFAULT_REPLICATION,
            MAX_REPLICATION,
            "brokers for each record",
        )?,
        tls,
        sasl,
    })
}

fn check_address(source: &Source<'_>, broker: &Spanned<String>, anywhere: bool) -> Result<(), ConfigError> {
    let text = broker.get_ref();
    let parts = text.rsplit_once(':');
    let Some((host, _)) = parts.filter(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok()) else {
        return Err(source.refuse(broker, format!("{text:?} is no broker: write it like \"kafka-1:9092\"")));
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if is_loopback || anywhere {
        return Ok(());
    }
    let message = format!(
        "{text} is not on this machine, and reports would travel to it in plain text: add a table 'tls', or say plain-text = true \
         where nobody else is on that network"
    );
    Err(source.refuse(broker, message))
}

fn tls_files(source: &Source<'_>, table: &Spanned<TlsTable>, folder: &Path) -> Result<TlsFiles, ConfigError> {
    let TlsTable { ca, certificate, key } = table.get_ref();
    let identity = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((folder.join(certificate), folder.join(key))),
        (None, None) => None,
        _ => return Err(source.refuse(table, "'certificate' and 'key' go together")),
    };
    let ca = ca.as_ref().map(|ca| folder.join(ca));
    Ok(TlsFiles { ca, identity })
}

fn prefix(source: &Source<'_>, wanted: Option<&Spanned<String>>) -> Result<String, ConfigError> {
    let Some(prefix) = wanted else {
        return Ok(DEFAULT_PREFIX.to_owned());
    };
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let text = prefix.get_ref();
    if text.is_empty() || text.len() > 200 || !text.chars().all(good) {
        let message = "topics' names take letters, digits, '.', '_' and '-', here up to 200";
        return Err(source.refuse(prefix, message));
    }
    Ok(text.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn read(kafka: &str) -> Result<Option<KafkaSection>, String> {
        let member = "[[members]]\nid = \"europol\"\ntoken-digest = \"00112233445566778899aabbccddeeff\"\n";
        let text = format!("[kafka]\n{kafka}\n{member}");
        let config = Config::parse(&text, Path::new("chappe.toml"), Path::new("/etc/chappe"));
        config.map(|config| config.kafka).map_err(|error| error.to_string())
    }

    #[test]
    fn brokers_on_this_machine_need_nothing_else() {
        let section = read("brokers = [\"127.0.0.1:9092\", \"[::1]:9092\"]").unwrap().unwrap();
        assert_eq!((section.partitions, section.replication), (8, 3));
        assert_eq!((section.topic_prefix.as_str(), section.tls), ("chappe.", None));
    }

    #[test]
    fn what_would_expose_reports_is_refused_with_what_to_do() {
        for (kafka, says) in [
            ("brokers = []", "no brokers"),
            ("brokers = [\"kafka\"]", "write it like"),
            ("brokers = [\"kafka-1:9092\"]", "plain-text = true"),
            ("brokers = [\"127.0.0.1:9092\"]\npartitions = 0", "1 to 1024"),
            ("brokers = [\"127.0.0.1:9092\"]\ntopic-prefix = \"a b\"", "letters"),
            ("brokers = [\"127.0.0.1:9092\"]\ntls = { key = \"x\" }", "go together"),
            (
                "brokers = [\"127.0.0.1:9092\"]\nsasl = { mechanism = \"PLAIN\", user = \"u\", password-file = \"p\" }",
                "plain text",
            ),
        ] {
            let refused = read(kafka).unwrap_err();
            assert!(refused.contains(says), "{kafka}: {refused}");
        }
    }

    #[test]
    fn tls_and_a_password_are_files_beside_the_configuration() {
        let text = "brokers = [\"kafka-1:9093\"]\ntls = { ca = \"ca.pem\" }\n\
                    sasl = { mechanism = \"SCRAM-SHA-512\", user = \"chappe\", password-file = \"kafka.password\" }";
        let section = read(text).unwrap().unwrap();
        let ca = section.tls.unwrap().ca.unwrap();
        assert_eq!(ca, Path::new("/etc/chappe/ca.pem"));
        let sasl = section.sasl.unwrap();
        assert_eq!(sasl.mechanism, SaslMechanism::ScramSha512);
        assert_eq!(sasl.password_file, Path::new("/etc/chappe/kafka.password"));
        assert!(read("brokers = [\"kafka-1:9092\"]\nplain-text = true").is_ok());
    }
}
