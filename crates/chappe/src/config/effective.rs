//! What is in force by a configuration, value by value, and where each comes from.

use chappe_ingest::Quotas;
use serde_json::{Value, json};

use super::keys::{KEYS, Key};
use super::{Config, ConfigError, DEFAULT_DATA, KafkaSection, TlsSection};

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It stands in the file.
    File,
    /// The file leaves it out.
    Default,
}

impl Origin {
    /// Its name in JSON.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Default => "default",
        }
    }
}

/// A key, and what is in force by it.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) key: &'static Key,
    /// None where it is off, or there is nothing to say.
    pub(crate) value: Option<Value>,
    pub(crate) origin: Origin,
}

/// Every key but those of members, in the order of [`KEYS`]. `text` is what `config` was read from.
///
/// # Errors
/// Not for a text that was read.
pub(crate) fn settings(config: &Config, text: &str) -> Result<Vec<Setting>, ConfigError> {
    let written: toml::Table =
        toml::from_str(text).map_err(|error| ConfigError::at("".as_ref(), text, error.span(), error.message()))?;
    let keys = KEYS.iter().filter(|key| !key.path.starts_with("members."));
    let setting = |key: &'static Key| {
        let stands = written_at(&written, key.path);
        Setting {
            key,
            origin: if stands.is_some() {
                Origin::File
            } else {
                Origin::Default
            },
            value: match stands {
                None => effective(config, key.path),
                Some(value) => serde_json::to_value(value).ok(),
            },
        }
    };
    Ok(keys.map(setting).collect())
}

fn written_at<'t>(table: &'t toml::Table, path: &str) -> Option<&'t toml::Value> {
    match path.split_once('.') {
        None => table.get(path),
        Some((first, rest)) => written_at(table.get(first)?.as_table()?, rest),
    }
}

/// What a value that the file leaves out comes to.
fn effective(config: &Config, path: &str) -> Option<Value> {
    let value = match path {
        "listen" => json!(config.listen.to_string()),
        "metrics" => json!(config.metrics?.to_string()),
        "data" => json!(DEFAULT_DATA),
        "shards" => json!(config.shards),
        "instance" => json!(config.instance),
        "memory-mib" => json!(chappe_model::DEFAULT_MEMORY_MIB),
        _ => match path.split_once('.')? {
            ("policy", rest) => return of_policy(config, rest),
            ("quotas", rest) => return of_quotas(rest),
            ("tls", rest) => return of_tls(config.tls.as_ref()?, rest),
            ("kafka", rest) => return of_kafka(config.kafka.as_ref()?, rest),
            _ => return None,
        },
    };
    Some(value)
}

fn of_policy(config: &Config, path: &str) -> Option<Value> {
    let section = config.policy.clone().unwrap_or_default();
    let value = match path {
        "lateness-seconds" => json!(section.lateness_seconds),
        "link-campaigns" => json!(section.link_campaigns),
        "unmarked-as-red" | "rules" | "warning-lists" => json!([]),
        "cross-border.countries" => json!(section.cross_border.countries),
        "cross-border.window-hours" => json!(section.cross_border.window_hours),
        "cross-border-critical-sector.countries" => json!(section.critical_sector.countries),
        "cross-border-critical-sector.window-hours" => json!(section.critical_sector.window_hours),
        "urgent.quota" => json!(section.urgent.quota),
        "urgent.window-hours" => json!(section.urgent.window_hours),
        "surge.bin" => json!(section.surge?.bin.as_str()),
        "surge.false-alarms-per-year" => json!(section.surge?.false_alarms_per_year),
        "cascade.reports" => json!(section.cascade?.reports),
        "cascade.members" => json!(section.cascade?.members),
        "cascade.window-hours" => json!(section.cascade?.window_ms / 3_600_000),
        "cascade.least-severity" => json!(section.cascade?.least_severity.as_str()),
        _ => return None,
    };
    Some(value)
}

fn of_quotas(path: &str) -> Option<Value> {
    let quotas = Quotas::default();
    let value = match path {
        "reports-per-second" => json!(quotas.reports_per_second),
        "burst" => json!(quotas.burst),
        "in-flight" => json!(quotas.in_flight),
        "in-flight-per-member" => json!(quotas.in_flight_per_member),
        _ => return None,
    };
    Some(value)
}

fn of_tls(section: &TlsSection, path: &str) -> Option<Value> {
    let value = match path {
        "folder" => json!(section.folder),
        "certificate" => json!(section.certificate),
        "key" => json!(section.key),
        "tokens" => json!(section.tokens),
        _ => return None,
    };
    Some(value)
}

fn of_kafka(section: &KafkaSection, path: &str) -> Option<Value> {
    let value = match path {
        "topic-prefix" => json!(section.topic_prefix),
        "partitions" => json!(section.partitions),
        "replication" => json!(section.replication),
        "plain-text" => json!(false),
        _ => return None,
    };
    Some(value)
}
