//! The formats' own validators, and TAXII's own client and server, in a virtual environment of Python: `target/tools/exchange`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::core::{apt, apt_update, quiet};
use super::tool::{Tool, first_line};
use crate::command;
use crate::place::Place;

/// STIX. Later ones are without their schemas, and find every file wrong.
const STIX2_VALIDATOR: &str = "3.2.0";
const STIX2: &str = "3.0.2";
const PYMISP: &str = "2.5.34.4";
const IDEA_FORMAT: &str = "0.1.15";
/// OASIS's client of TAXII, and its server.
const TAXII2_CLIENT: &str = "2.3.0";
const MEDALLION: &str = "3.0.0";

fn folder(place: &Place) -> PathBuf {
    place.tools().join("exchange")
}

/// The version of a package in the environment.
fn version(place: &Place, package: &str) -> Option<String> {
    let ask = format!("from importlib.metadata import version; print(version('{package}'))");
    let mut python = Command::new(folder(place).join("bin/python"));
    let said = command::answer(python.args(["-c", &ask]))?;
    said.lines().next().map(str::to_owned)
}

fn install(place: &Place, package: &str, wanted: &str) -> Result<()> {
    let mut pip = Command::new(folder(place).join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    quiet(pip.arg(format!("{package}=={wanted}")))
}

fn environment(place: &Place) -> Result<()> {
    quiet(Command::new("python3").args(["-m", "venv"]).arg(folder(place)))
}

/// The environment, and each validator in it.
pub(crate) fn tools(place: &Place) -> Vec<Tool> {
    let shown = folder(place).display().to_string();
    let by_hand = |package: &str, wanted: &str| format!("{shown}/bin/python -m pip install {package}=={wanted}");
    // A macro, because a tool's functions know nothing but the place.
    macro_rules! package {
        ($name:literal, $wanted:ident) => {
            Tool {
                name: $name,
                version: |place| version(place, $name),
                wanted: Some($wanted),
                ways: vec![|place| install(place, $name, $wanted)],
                by_hand: by_hand($name, $wanted),
            }
        };
    }
    vec![
        Tool {
            name: "venv",
            version: |place| first_line(folder(place).join("bin/python"), &["-m", "pip", "--version"]),
            wanted: None,
            ways: vec![
                environment,
                |place| apt("python3-venv").and_then(|()| environment(place)),
                |place| {
                    apt_update()
                        .and_then(|()| apt("python3-venv"))
                        .and_then(|()| environment(place))
                },
            ],
            by_hand: format!("apt-get install python3-venv, as root, then python3 -m venv {shown}"),
        },
        package!("stix2-validator", STIX2_VALIDATOR),
        package!("stix2", STIX2),
        package!("pymisp", PYMISP),
        package!("idea-format", IDEA_FORMAT),
        package!("taxii2-client", TAXII2_CLIENT),
        package!("medallion", MEDALLION),
    ]
}
