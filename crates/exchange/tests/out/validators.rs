//! What the formats' own tools say of what is written. `cargo xtask setup exchange` brings them; where they are absent the test says so.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use chappe_exchange::{Told, write_idea, write_misp_feed, write_stix};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::told::{alert, any_alert};

/// Generated alerts that are judged, besides one of each kind of change.
const ALERTS: usize = 60;

/// The folder of the tools' programs, or nothing, with a word on it, where they are absent.
fn tools(test: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bin = std::env::var_os("TOOLS").map_or_else(|| workspace.join("target/tools/bin"), PathBuf::from);
    let programs = bin.parent()?.join("exchange/bin");
    if programs.join("stix2_validator").is_file() {
        return Some(programs);
    }
    let word = format!("SKIPPED: {test}: the formats' own validators are absent: cargo xtask setup exchange");
    println!("{word}");
    if let Some(list) = std::env::var_os("CHAPPE_SKIPS") {
        let mut list = fs::OpenOptions::new().create(true).append(true).open(list).unwrap();
        writeln!(list, "{word}").unwrap();
    }
    None
}

fn alerts() -> Vec<Told> {
    let mut runner = TestRunner::deterministic();
    let mut alerts: Vec<Told> = (0..ALERTS)
        .map(|_| any_alert().new_tree(&mut runner).unwrap().current())
        .collect();
    alerts.push(alert(1));
    alerts
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    let said = [&output.stdout, &output.stderr]
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .concat();
    assert!(output.status.success(), "{command:?}: {said}");
}

#[test]
fn the_validators_of_the_formats_find_nothing_wrong() {
    let Some(programs) = tools("the_validators_of_the_formats_find_nothing_wrong") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let alerts = alerts();
    fs::write(place("bundle.json"), write_stix(&alerts)).unwrap();
    fs::write(place("messages.jsonl"), write_idea(&alerts)).unwrap();
    fs::create_dir(place("feed")).unwrap();
    for file in write_misp_feed(&alerts) {
        fs::write(place("feed").join(file.name), file.text).unwrap();
    }
    succeeds(
        Command::new(programs.join("stix2_validator"))
            .args(["--version", "2.1", "--enforce-refs"])
            .arg(place("bundle.json")),
    );
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/out/validate.py");
    succeeds(Command::new(programs.join("python")).arg(script).arg(folder.path()));
    // They would find it if there were something: a bundle without a property that must be there.
    let broken = write_stix(&alerts).replace("\"valid_from\"", "\"valid_form\"");
    fs::write(place("bundle.json"), broken).unwrap();
    let judged = Command::new(programs.join("stix2_validator"))
        .arg(place("bundle.json"))
        .output()
        .unwrap();
    assert!(!judged.status.success());
}
