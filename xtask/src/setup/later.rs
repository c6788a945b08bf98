//! The sets that wait for the parts of the system they serve. Each says so, and checks or brings what is certain already.

use std::process::Command;

use super::core::{apt, apt_update, quiet};
use super::tool::{Tool, first_line};
use crate::command;
use crate::place::Place;

const CARGO_FUZZ: &str = "0.13.2";

/// What a set is for, where this build does not need it yet.
pub(crate) fn note(set: &str) -> Option<&'static str> {
    match set {
        "compose" => {
            Some("nothing of this build needs it yet: compose.yaml comes with deploy/; only the client is looked for")
        }
        _ => None,
    }
}

/// Whether what is missing from a set is told and no failure: a container engine is the system's owner's to choose.
pub(crate) fn only_reported(set: &str) -> bool {
    set == "compose"
}

/// Java and Maven, for the brokers and for the engines compared against.
pub(crate) fn java() -> Vec<Tool> {
    vec![
        Tool {
            name: "java",
            // The compiler: what Maven builds needs it, and it brings the runtime.
            version: |_| first_line("javac", &["-version"]),
            wanted: None,
            ways: vec![|_| apt("default-jdk-headless"), |_| {
                apt_update().and_then(|()| apt("default-jdk-headless"))
            }],
            by_hand: "apt-get install default-jdk-headless, as root (version 17 or newer)".to_owned(),
        },
        Tool {
            name: "maven",
            version: |_| first_line("mvn", &["--version"]),
            wanted: None,
            ways: vec![|_| apt("maven"), |_| apt_update().and_then(|()| apt("maven"))],
            by_hand: "apt-get install maven, as root".to_owned(),
        },
    ]
}

/// The engines compared against: what builds them, Alertmanager, and R with its package surveillance.
pub(crate) fn peers() -> Vec<Tool> {
    let mut tools = java();
    tools.push(Tool {
        name: "alertmanager",
        version: |_| first_line("prometheus-alertmanager", &["--version"]),
        wanted: None,
        ways: vec![|_| apt("prometheus-alertmanager"), |_| {
            apt_update().and_then(|()| apt("prometheus-alertmanager"))
        }],
        by_hand: "apt-get install prometheus-alertmanager, as root".to_owned(),
    });
    tools.push(Tool {
        name: "surveillance",
        version: |_| first_line("Rscript", &["-e", "cat(as.character(packageVersion('surveillance')))"]),
        wanted: None,
        ways: vec![|_| apt("r-cran-surveillance"), |_| {
            apt_update().and_then(|()| apt("r-cran-surveillance"))
        }],
        by_hand: "apt-get install r-cran-surveillance, as root".to_owned(),
    });
    tools
}

/// The client; whether a daemon answers is for the tests that use it.
pub(crate) fn compose() -> Vec<Tool> {
    vec![Tool {
        name: "docker",
        version: |_| first_line("docker", &["--version"]),
        wanted: None,
        ways: Vec::new(),
        by_hand: "see the installation page of Docker Engine or of Podman for your system".to_owned(),
    }]
}

/// A nightly compiler, for the sanitizers, and cargo-fuzz.
pub(crate) fn fuzz(place: &Place) -> Vec<Tool> {
    let folder = place.tools();
    vec![
        Tool {
            name: "nightly",
            version: |_| first_line("rustup", &["run", "nightly", "rustc", "--version"]),
            wanted: None,
            ways: vec![|_| {
                quiet(Command::new("rustup").args(["toolchain", "install", "nightly", "--profile", "minimal"]))
            }],
            by_hand: "rustup toolchain install nightly".to_owned(),
        },
        Tool {
            name: "cargo-fuzz",
            version: |place| first_line(place.tool("cargo-fuzz"), &["--version"]),
            wanted: Some(CARGO_FUZZ),
            ways: vec![|place| {
                let mut cargo = command::cargo();
                cargo
                    .args(["install", "cargo-fuzz", "--version", CARGO_FUZZ, "--locked", "--root"])
                    .arg(place.tools());
                quiet(&mut cargo)
            }],
            by_hand: format!(
                "cargo install cargo-fuzz --version {CARGO_FUZZ} --locked --root {}",
                folder.display()
            ),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_that_waits_says_so() {
        assert!(
            note("compose")
                .unwrap()
                .starts_with("nothing of this build needs it yet")
        );
        assert!(
            ["core", "kafka", "peers", "fuzz"]
                .into_iter()
                .all(|set| note(set).is_none())
        );
    }

    #[test]
    fn what_a_set_can_bring_it_brings() {
        assert!(java().iter().all(|tool| !tool.ways.is_empty()));
        assert!(only_reported("compose") && !only_reported("kafka"));
    }
}
