//! Which crate may depend on which. The arrows are the architecture: read this table first.

use toml::Table;

use super::calls::PURE;
use super::finding::Finding;
use super::sources::Source;

/// Package name prefix of the workspace's crates.
const PREFIX: &str = "chappe-";

/// The pure crates, the contracts, the ports of log and clock, and who is asking: all that a service may know.
const SERVICE: &[&str] = &[
    "model",
    "constituency",
    "correlate",
    "distribute",
    "exchange",
    "taxii",
    "postings",
    "proto",
    "eventlog",
    "clock",
    "identity",
];

/// Each crate (the folder below `crates/`) with the workspace crates it may use outside its tests. The log's adapters stand in the lists
/// of the program alone: nothing else knows which log it runs on. The test kit stands in the simulation's
/// alone, the Kafka brokers and the simulation in none: they are for tests and benchmarks.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("correlate", &["model", "surge"]),
    ("constituency", &["model"]),
    ("distribute", &["model", "constituency"]),
    ("exchange", &["model"]),
    ("taxii", &["model", "exchange"]),
    ("postings", &["model", "constituency"]),
    ("sigma", &["model"]),
    ("surge", &[]),
    ("proto", &["model", "constituency"]),
    ("eventlog", &["model"]),
    ("eventlog-local", &["eventlog"]),
    ("eventlog-kafka", &["eventlog"]),
    ("kafka-cluster", &[]),
    ("clock", &["model"]),
    ("identity", &["model", "proto"]),
    ("tls", &["model", "clock", "identity"]),
    ("authority", &["model", "identity", "tls"]),
    ("ingest", SERVICE),
    ("correlation", SERVICE),
    ("notification", SERVICE),
    ("console", &["model"]),
    ("chappe", PROGRAM),
    ("testkit", PROGRAM),
    ("simulation", SIMULATION),
];

/// What the simulation steps, and the test kit's cases.
const SIMULATION: &[&str] = &[
    "model",
    "correlate",
    "proto",
    "eventlog",
    "clock",
    "identity",
    "ingest",
    "correlation",
    "notification",
    "testkit",
];

/// What the program and the test kit put together.
const PROGRAM: &[&str] = &[
    "model",
    "constituency",
    "correlate",
    "distribute",
    "exchange",
    "proto",
    "eventlog",
    "eventlog-local",
    "eventlog-kafka",
    "clock",
    "identity",
    "tls",
    "authority",
    "ingest",
    "correlation",
    "notification",
    "console",
    "sigma",
    "surge",
];

/// Packages outside `crates/` and whether they may use the workspace's crates.
const OUTSIDE: &[(&str, bool)] = &[("tests", true), ("benches", true), ("xtask", false), ("fuzz", true)];

/// Outside crates that reach a runtime, the network, the disk or randomness. A name stands for itself and for every name that goes on
/// with a hyphen or underscore.
const IMPURE: &[&str] = &[
    "async",
    "axum",
    "crossbeam",
    "dashmap",
    "fastrand",
    "fjall",
    "fs4",
    "futures",
    "getrandom",
    "h2",
    "hyper",
    "memmap2",
    "metrics",
    "mio",
    "nix",
    "rand",
    "rdkafka",
    "redb",
    "reqwest",
    "rocksdb",
    "rtrb",
    "rusqlite",
    "rustix",
    "rustls",
    "smol",
    "socket2",
    "sqlx",
    "tempfile",
    "tokio",
    "tonic",
    "tower",
    "tracing",
    "uuid",
    "walkdir",
];

/// Of those that draw random numbers the ones that do so from a seed they are given: what they draw is a function of it.
const SEEDED: &[&str] = &["rand_distr", "rand_xoshiro"];

/// The arrows of one manifest that point where they may not.
pub(crate) fn of_manifest(source: &Source) -> Vec<Finding> {
    let manifest: Table = match source.text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![Finding::new(&source.path, 1, format!("not TOML that parses: {error}"))],
    };
    let Some(folder) = source.path.strip_suffix("/Cargo.toml") else {
        return Vec::new();
    };
    let Some(allowed) = Allowed::of(folder) else {
        let reason =
            format!("{folder} is not in the table of arrows: decide what it may use, in xtask/src/check/arrows.rs");
        return vec![Finding::new(&source.path, 1, reason)];
    };
    let found = dependencies(&manifest).into_iter().filter_map(|dependency| {
        let reason = allowed.objection(folder, &dependency)?;
        Some(Finding::new(
            &source.path,
            line_of(&source.text, &dependency.key),
            reason,
        ))
    });
    found.collect()
}

struct Allowed {
    crates: Option<&'static [&'static str]>,
    pure: bool,
}

impl Allowed {
    fn of(folder: &str) -> Option<Self> {
        if let Some(name) = folder.strip_prefix("crates/") {
            let (_, crates) = ARROWS.iter().find(|(known, _)| *known == name)?;
            return Some(Self {
                crates: Some(crates),
                pure: PURE.contains(&name),
            });
        }
        let (_, any) = OUTSIDE.iter().find(|(known, _)| *known == folder)?;
        Some(Self {
            crates: (!any).then_some(&[]),
            pure: false,
        })
    }

    fn objection(&self, folder: &str, dependency: &Dependency) -> Option<String> {
        let package = dependency.package.as_str();
        let outside = OUTSIDE
            .iter()
            .any(|(name, _)| package == *name || package.strip_prefix(PREFIX) == Some(name));
        if outside {
            return Some(format!("{folder} may not depend on {package}: nothing does"));
        }
        let Some(name) = package
            .strip_prefix(PREFIX)
            .or_else(|| (package == "chappe").then_some(package))
        else {
            let impure = !SEEDED.contains(&package) && IMPURE.iter().any(|impure| is_or_extends(package, impure));
            let banned = self.pure && !dependency.for_tests && impure;
            return banned
                .then(|| format!("{folder} is pure and may not depend on {package}: input in, decisions out"));
        };
        let crates = self.crates.filter(|_| !dependency.for_tests)?;
        (!crates.contains(&name)).then(|| format!("{folder} may not depend on {package}; allowed: {}", listed(crates)))
    }
}

fn is_or_extends(package: &str, name: &str) -> bool {
    package
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

fn listed(crates: &[&str]) -> String {
    if crates.is_empty() {
        "no workspace crate".to_owned()
    } else {
        crates.join(", ")
    }
}

struct Dependency {
    /// As written in the manifest.
    key: String,
    /// The package's own name, if the key renames it.
    package: String,
    for_tests: bool,
}

fn dependencies(manifest: &Table) -> Vec<Dependency> {
    let mut tables = vec![manifest];
    // [target.'cfg(unix)'.dependencies]
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    tables.extend(
        targets
            .into_iter()
            .flat_map(|targets| targets.values().filter_map(toml::Value::as_table)),
    );
    let mut all = Vec::new();
    for (kind, for_tests) in [
        ("dependencies", false),
        ("build-dependencies", false),
        ("dev-dependencies", true),
    ] {
        for section in tables.iter().filter_map(|table| table.get(kind)?.as_table()) {
            all.extend(section.iter().map(|(key, value)| {
                let package = value
                    .get("package")
                    .and_then(toml::Value::as_str)
                    .unwrap_or(key)
                    .to_owned();
                Dependency {
                    key: key.clone(),
                    package,
                    for_tests,
                }
            }));
        }
    }
    all
}

fn line_of(text: &str, key: &str) -> usize {
    let names = |line: &str| {
        line.trim_start()
            .strip_prefix(key)
            .is_some_and(|rest| rest.starts_with([' ', '.', '=']))
    };
    text.lines()
        .position(|line| names(line) || line.contains(&format!("dependencies.{key}]")))
        .map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        of_manifest(&Source::new(path, text))
            .into_iter()
            .map(|finding| (finding.line, finding.reason))
            .collect()
    }

    #[test]
    fn a_service_may_not_know_an_adapter_outside_its_tests() {
        let text = "[dependencies]\nchappe-model.workspace = true\nchappe-eventlog-local.workspace = true\n";
        assert_eq!(
            found("crates/ingest/Cargo.toml", text),
            [(
                3,
                format!(
                    "crates/ingest may not depend on chappe-eventlog-local; allowed: {}",
                    SERVICE.join(", ")
                )
            )]
        );
        assert_eq!(
            found(
                "crates/ingest/Cargo.toml",
                "[dev-dependencies]\nchappe-eventlog-local.workspace = true\n"
            ),
            []
        );
        assert_eq!(found("crates/chappe/Cargo.toml", text), []);
    }

    #[test]
    fn pure_crates_take_no_runtime_and_no_randomness() {
        let text = "[dependencies]\nserde.workspace = true\n\n[target.'cfg(unix)'.dependencies]\ntokio-util = \"0.7\"\n[build-dependencies]\nrand = \"1\"\n";
        assert_eq!(
            found("crates/correlate/Cargo.toml", text)
                .iter()
                .map(|(line, _)| *line)
                .collect::<Vec<_>>(),
            [5, 7]
        );
        for fine in [
            "[dev-dependencies]\ntokio = \"1\"\n",
            "[dependencies]\nrand_distr = \"0\"\n",
        ] {
            assert_eq!(found("crates/correlate/Cargo.toml", fine), []);
        }
        assert_eq!(found("crates/correlation/Cargo.toml", text), []);
    }

    #[test]
    fn a_renamed_package_is_seen() {
        let text = "[dependencies.clockwork]\npackage = \"chappe-testkit\"\n";
        assert_eq!(found("crates/chappe/Cargo.toml", text).len(), 1);
        assert_eq!(found("tests/Cargo.toml", text), []);
    }

    #[test]
    fn nobody_depends_on_tests_benches_or_xtask() {
        let text = "[dev-dependencies]\nxtask.workspace = true\nchappe-tests.workspace = true\n";
        assert_eq!(found("crates/model/Cargo.toml", text).len(), 2);
        assert_eq!(
            found("xtask/Cargo.toml", "[dependencies]\nchappe-model.workspace = true\n").len(),
            1
        );
    }

    #[test]
    fn a_crate_outside_the_table_is_refused() {
        assert_eq!(found("crates/novelty/Cargo.toml", "[package]\n").len(), 1);
        assert_eq!(found("Cargo.toml", "[workspace.dependencies]\ntokio = \"1\"\n"), []);
    }

    #[test]
    fn every_allowed_crate_is_itself_in_the_table() {
        for (_, crates) in ARROWS {
            assert!(
                crates.iter().all(|name| ARROWS.iter().any(|(known, _)| known == name)),
                "{crates:?}"
            );
        }
        assert!(PURE.iter().all(|name| ARROWS.iter().any(|(known, _)| known == name)));
    }
}
