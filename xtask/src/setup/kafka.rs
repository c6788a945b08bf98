//! The set for the log on Kafka: what its client library is built with, and real brokers for its tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::core::{apt, apt_update, quiet};
use super::later;
use super::tool::{Tool, Way, first_line};
use crate::place::Place;

/// The brokers' version. `crates/kafka-cluster` looks for its jars.
const VERSION: &str = "4.1.1";
/// The jar without which there is no broker.
const BROKER_JAR: &str = "kafka_2.13-4.1.1.jar";
/// Names another folder of jars, for this set as for the tests.
pub(crate) const JARS_VARIABLE: &str = "KAFKA_JARS";

/// What Maven is asked for: the broker with all it needs, its command-line tools, and a log that says nothing.
const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>chappe</groupId><artifactId>kafka-broker</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>VERSION</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>VERSION</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
"#;

/// Compiler inputs of the client library, Java, Maven, the brokers' jars.
pub(crate) fn tools(place: &Place) -> Vec<Tool> {
    let mut tools = vec![
        system(
            "pkg-config",
            |_| first_line("pkg-config", &["--version"]),
            vec![|_| apt("pkg-config"), |_| apt_update().and_then(|()| apt("pkg-config"))],
        ),
        system(
            "libssl-dev",
            |_| first_line("pkg-config", &["--modversion", "openssl"]),
            vec![|_| apt("libssl-dev"), |_| apt_update().and_then(|()| apt("libssl-dev"))],
        ),
        system(
            "zlib1g-dev",
            |_| first_line("pkg-config", &["--modversion", "zlib"]),
            vec![|_| apt("zlib1g-dev"), |_| apt_update().and_then(|()| apt("zlib1g-dev"))],
        ),
        system(
            "openssl",
            |_| first_line("openssl", &["version"]),
            vec![|_| apt("openssl"), |_| apt_update().and_then(|()| apt("openssl"))],
        ),
        system(
            "faketime",
            |_| {
                let version = first_line("dpkg-query", &["-W", "-f", "${Version}", "faketime"]);
                version.filter(|version| !version.is_empty())
            },
            vec![|_| apt("faketime"), |_| apt_update().and_then(|()| apt("faketime"))],
        ),
    ];
    tools.extend(later::java());
    tools.push(Tool {
        name: "kafka",
        version: |place| {
            let there = jars(place).join(BROKER_JAR).is_file();
            there.then(|| VERSION.to_owned())
        },
        wanted: Some(VERSION),
        ways: vec![copy_jars],
        by_hand: format!(
            "put {BROKER_JAR} and what it depends on, from Maven Central, into {}",
            jars(place).display()
        ),
    });
    tools
}

fn system(name: &'static str, version: fn(&Place) -> Option<String>, ways: Vec<Way>) -> Tool {
    Tool {
        name,
        version,
        wanted: None,
        ways,
        by_hand: format!("apt-get install {name}, as root"),
    }
}

/// Where the brokers' jars are, or will be.
pub(crate) fn jars(place: &Place) -> PathBuf {
    std::env::var_os(JARS_VARIABLE).map_or_else(|| place.tools().join(format!("kafka-{VERSION}")), PathBuf::from)
}

/// Copies into a folder aside, which gets its name once all is there: half of the jars must not pass for all.
fn copy_jars(place: &Place) -> Result<()> {
    let folder = jars(place);
    let aside = folder.with_added_extension("new");
    remove(&aside)?;
    fs::create_dir_all(&aside).with_context(|| format!("cannot make {}", aside.display()))?;
    let pom = aside.join("pom.xml");
    fs::write(&pom, POM.replace("VERSION", VERSION)).with_context(|| format!("cannot write {}", pom.display()))?;
    let mut maven = Command::new("mvn");
    maven
        .args(["--quiet", "--batch-mode", "--file"])
        .arg(&pom)
        .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
        .arg(format!("-DoutputDirectory={}", aside.display()));
    quiet(&mut maven)?;
    remove(&folder)?;
    fs::rename(&aside, &folder).with_context(|| format!("cannot name {}", folder.display()))
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_of_the_set_can_be_brought() {
        let tools = tools(&Place::find().unwrap());
        assert!(tools.iter().all(|tool| !tool.ways.is_empty()));
        let names: Vec<&str> = tools.iter().map(|tool| tool.name).collect();
        assert_eq!(
            names,
            [
                "pkg-config",
                "libssl-dev",
                "zlib1g-dev",
                "openssl",
                "faketime",
                "java",
                "maven",
                "kafka"
            ]
        );
    }

    #[test]
    fn the_jar_looked_for_is_of_the_version_asked_for() {
        assert!(BROKER_JAR.contains(VERSION));
        assert!(!POM.replace("VERSION", VERSION).contains("VERSION"));
    }
}
