//! The sets that wait for the parts of the system they serve. Each says so, and checks or brings what is certain already.

use std::process::Command;

use super::core::quiet;
use super::tool::{Tool, first_line};
use crate::command;
use crate::place::Place;

const CARGO_FUZZ: &str = "0.13.2";

/// What a set is for, where this build does not need it yet.
pub(crate) fn note(set: &str) -> Option<&'static str> {
    match set {
        "kafka" => Some(
            "nothing of this build needs it yet: the cluster script comes with the Kafka adapter; only its needs are checked",
        ),
        "peers" => Some(
            "nothing of this build needs it yet: the programs compared against come with their benchmarks; only their needs are checked",
        ),
        "compose" => {
            Some("nothing of this build needs it yet: compose.yaml comes with deploy/; only the client is looked for")
        }
        "fuzz" => Some("nothing of this build needs it yet: there are no fuzz targets; the tools for them are brought"),
        _ => None,
    }
}

/// Java and Maven, for the brokers and for the engines compared against.
pub(crate) fn java() -> Vec<Tool> {
    vec![
        Tool {
            name: "java",
            version: |_| first_line("java", &["-version"]),
            wanted: None,
            ways: Vec::new(),
            by_hand: "apt-get install default-jre-headless, as root (version 17 or newer)".to_owned(),
        },
        Tool {
            name: "maven",
            version: |_| first_line("mvn", &["--version"]),
            wanted: None,
            ways: Vec::new(),
            by_hand: "apt-get install maven, as root".to_owned(),
        },
    ]
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
