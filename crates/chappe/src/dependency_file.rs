//! Files of dependencies: what depends on what, why, and by which sources.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chappe_correlate::{Connection, Dependencies, Dependency, DependencyError};
use chappe_model::{Country, Sector};
use serde::Deserialize;
use toml::Spanned;

use crate::config::{ConfigError, refuse_toml};
use crate::rule_files::{Unread, read_text};

/// The file that is in force where the configuration names no other.
pub(crate) const BUILT_IN: &str = include_str!("../data/dependencies.toml");
/// Longest file, in bytes.
const FILE_BYTES: u64 = 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Table {
    version: String,
    #[serde(default)]
    sources: BTreeMap<String, String>,
    #[serde(default)]
    dependency: Vec<Spanned<DependencyTable>>,
    #[serde(default)]
    connection: Vec<Spanned<ConnectionTable>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct DependencyTable {
    on: Sector,
    sector: Sector,
    hours: u32,
    why: Arc<str>,
    sources: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ConnectionTable {
    sector: Sector,
    hours: u32,
    why: Arc<str>,
    sources: Vec<Spanned<String>>,
    countries: Vec<[Country; 2]>,
}

/// Why a file of dependencies is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DependencyFileError {
    /// It cannot be read.
    #[error(transparent)]
    Unread(#[from] Unread),
    /// A line of it is wrong.
    #[error(transparent)]
    At(#[from] ConfigError),
}

/// Those of the product.
///
/// # Errors
/// Not for the file that is built in.
pub(crate) fn built_in() -> Result<Dependencies, ConfigError> {
    parse(BUILT_IN, Path::new("dependencies.toml"))
}

/// Those of a file.
///
/// # Errors
/// When it cannot be read, or cannot be in force.
pub(crate) fn read(path: &Path) -> Result<Dependencies, DependencyFileError> {
    let text = read_text(path, FILE_BYTES)?;
    Ok(parse(&text, path)?)
}

/// Those of a text.
///
/// # Errors
/// When they cannot be in force, with the line.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Dependencies, ConfigError> {
    let table: Table = toml::from_str(text).map_err(|error| refuse_toml(path, text, &error))?;
    let known = |sources: &[Spanned<String>], span| {
        let unknown = sources
            .iter()
            .find(|source| !table.sources.contains_key(source.get_ref()));
        match unknown {
            None if sources.is_empty() => {
                let message = "name the sources by which it does: sources = [\"…\"]";
                Err(ConfigError::at(path, text, Some(span), message))
            }
            None => Ok(()),
            Some(unknown) => {
                let message = format!(
                    "no source is called {:?}: say what it is in [sources]",
                    unknown.get_ref()
                );
                Err(ConfigError::at(path, text, Some(unknown.span()), message))
            }
        }
    };
    // Each by itself first, so that what is wrong is named with its line.
    let refuse = |error: DependencyError, span| ConfigError::at(path, text, Some(span), error.to_string());
    let (mut dependencies, mut connections) = (vec![], vec![]);
    for entry in &table.dependency {
        let of = entry.get_ref();
        known(&of.sources, entry.span())?;
        dependencies.push(Dependency {
            on: of.on,
            sector: of.sector,
            hours: of.hours,
            why: Arc::clone(&of.why),
        });
        let so_far = Dependencies::new(&table.version, dependencies.clone(), vec![]);
        so_far.map_err(|error| refuse(error, entry.span()))?;
    }
    for entry in &table.connection {
        let of = entry.get_ref();
        known(&of.sources, entry.span())?;
        connections.push(Connection {
            sector: of.sector,
            hours: of.hours,
            why: Arc::clone(&of.why),
            countries: of.countries.clone(),
        });
        let so_far = Dependencies::new(&table.version, vec![], connections.clone());
        so_far.map_err(|error| refuse(error, entry.span()))?;
    }
    let all = Dependencies::new(&table.version, dependencies, connections);
    all.map_err(|error| ConfigError::at(path, text, None, error.to_string()))
}

#[cfg(test)]
mod tests {
    use chappe_model::CascadeNode;

    use super::*;

    #[test]
    fn electricity_warns_what_the_strategy_names() {
        let all = built_in().unwrap();
        let german = CascadeNode {
            sector: Sector::Energy,
            country: Country::parse("DE").unwrap(),
        };
        let warned: Vec<String> = all.of(german).iter().map(|it| it.node.to_string()).collect();
        for named in [
            "digital-infrastructure in DE",
            "health in DE",
            "banking in DE",
            "transport in DE",
            "energy in AT",
        ] {
            assert!(warned.iter().any(|warned| warned == named), "{named} of {warned:?}");
        }
        assert!(
            !warned.iter().any(|warned| warned == "energy in ES"),
            "no line runs there"
        );
        let members: Vec<Country> = Country::eu27().collect();
        for islands in ["CY", "IE"] {
            assert!(members.contains(&Country::parse(islands).unwrap()));
            let alone = all.of(CascadeNode {
                country: Country::parse(islands).unwrap(),
                ..german
            });
            assert!(
                alone.iter().all(|it| it.node.country.as_str() == islands),
                "no line to another Member State"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let refused = |text: &str| parse(text, Path::new("d.toml")).unwrap_err().to_string();
        let head = "version = \"1\"\n[sources]\nmine = \"Our own\"\n";
        let one = |fields: &str| format!("{head}[[dependency]]\non = \"energy\"\nwhy = \"power\"\n{fields}");
        for (text, line, says) in [
            (
                one("sector = \"health\"\nhours = 9\nsources = []\n"),
                ":4:",
                "name the sources",
            ),
            (
                one("sector = \"health\"\nhours = 9\nsources = [\"theirs\"]\n"),
                ":9:",
                "no source is called \"theirs\"",
            ),
            (
                one("sector = \"health\"\nhours = 0\nsources = [\"mine\"]\n"),
                ":4:",
                "1 to 336 hours, not 0",
            ),
            (
                one("sector = \"energy\"\nhours = 9\nsources = [\"mine\"]\n"),
                ":4:",
                "depends on itself",
            ),
            (
                one("sector = \"oil\"\nhours = 9\nsources = [\"mine\"]\n"),
                ":7:",
                "is not a NIS2 sector",
            ),
            (
                one("sector = \"health\"\nhours = 9\nsources = [\"mine\"]\nsure = true\n"),
                ":10:",
                "unknown field",
            ),
        ] {
            let error = refused(&text);
            assert!(error.contains(line) && error.contains(says), "{error}");
        }
        let error = read(Path::new("gone.toml")).unwrap_err().to_string();
        assert!(error.contains("gone.toml: No such file"), "{error}");
    }
}
