//! The demo as programs see it: `chappe demo --no-wait --json`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// The lines of a run, each `(kind, content)`.
fn run(seed: u64) -> Vec<(String, Value)> {
    let run = Command::new(env!("CARGO_BIN_EXE_chappe"));
    let seed = seed.to_string();
    let output = { run }
        .args(["demo", "--no-wait", "--json", "--seed", &seed])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "seed {seed}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| {
        let line: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
        assert_eq!(line.len(), 1);
        line.into_iter().next().unwrap()
    });
    lines.collect()
}

fn of<'a>(lines: &'a [(String, Value)], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    lines.iter().filter(move |(k, _)| k == kind).map(|(_, value)| value)
}

/// Who was shown which alert, at last in which state.
fn outcome(lines: &[(String, Value)]) -> BTreeMap<(String, String), String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    of(lines, "delivery")
        .map(|d| ((text(&d["viewer"]), text(&d["id"])), text(&d["state"])))
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_alerts_to_the_same_viewers() {
    let (first, second) = (run(3), run(3));
    assert_eq!(outcome(&first), outcome(&second));
    let reports = |lines| of(lines, "report").cloned().collect::<Vec<_>>();
    assert_eq!(reports(&first), reports(&second));
    assert_ne!(outcome(&first), outcome(&run(4)));
}

#[test]
fn every_alert_raised_is_wanted_and_confined() {
    for seed in 1..=4 {
        let lines = run(seed);
        let end = of(&lines, "end").next().unwrap();
        assert!(
            end["urgent"].as_u64() >= Some(1) && end["cross_border"].as_u64() >= Some(1),
            "seed {seed}: {end}"
        );
        assert_eq!(end["decoys_alerted"].as_array().unwrap().len(), 0, "seed {seed}");
        assert_eq!(of(&lines, "policy").count(), 1);
        for delivery in of(&lines, "delivery").filter(|d| d["audience"] == "recipients") {
            assert!(
                delivery["recipients"].as_array().unwrap().contains(&delivery["viewer"]),
                "seed {seed}: {delivery}"
            );
        }
        let mut last: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for delivery in of(&lines, "delivery") {
            let key = (delivery["viewer"].as_str().unwrap(), delivery["id"].as_str().unwrap());
            let revision = delivery["revision"].as_u64().unwrap();
            assert!(
                last.insert(key, revision).is_none_or(|before| before < revision),
                "seed {seed}: revisions rise on a stream"
            );
        }
        let named: BTreeSet<&str> = of(&lines, "report")
            .filter(|r| r["use"] == "named-recipients-only")
            .map(|r| r["reporter"].as_str().unwrap())
            .collect();
        assert_eq!(named.len(), 2, "seed {seed}");
    }
}
