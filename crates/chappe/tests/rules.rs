//! `chappe rules`, as an operator uses it, and rules of files in force.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Exit code, what was said, what was said beside it.
fn chappe(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_chappe"))
        .current_dir(folder)
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// A bank's own rule: phishing against two members with one address.
const RULE: &str = "\
title: Phishing
name: phishing
logsource: {product: chappe, category: report}
detection:
  lure: {incident_class: fraud}
  drill: {exercise: true}
  condition: lure and not drill
---
title: One lure at two members
name: shared_lure
correlation:
  type: value_count
  rules: [phishing]
  group-by: [domain]
  timespan: 2h
  condition: {field: reporter, gte: 2}
chappe:
  advice: [Block the domain.]
---
test: two members within two hours
reports:
  - {at: 0s, by: csirt-at, home: AT, incident_type: phishing, indicators: ['domain:bad.example']}
  - {at: 1h, by: csirt-be, home: BE, incident_type: fraud/masquerade, indicators: ['domain:bad.example', 'domain:other.example']}
fires: [shared_lure]
---
test: neither spam nor one member alone, nor what was withdrawn
reports:
  - {at: 0s, by: csirt-at, home: AT, incident_type: spam, indicators: ['domain:bad.example']}
  - {at: 1m, by: csirt-be, home: BE, incident_type: phishing, indicators: ['domain:bad.example']}
  - {at: 2m, by: csirt-be, home: BE, incident_type: phishing, indicators: ['domain:bad.example']}
  - {at: 3m, by: csirt-cz, home: CZ, report_key: c, incident_type: phishing, indicators: ['domain:worse.example']}
  - {at: 4m, by: csirt-cz, home: CZ, report_key: c, revision: 1, retracted: true, incident_type: phishing, indicators: ['domain:worse.example']}
  - {at: 5m, by: csirt-be, home: BE, incident_type: phishing, indicators: ['domain:worse.example']}
fires: []
";

#[test]
fn check_says_what_is_sound_and_everything_that_is_not() {
    let folder = folder_with(&[
        ("good.yml", RULE),
        (
            "bad.yml",
            &RULE.replace("incident_class", "incident_clas").replace("2h", "2w"),
        ),
    ]);
    let (code, told, _) = chappe(folder.path(), &["rules", "check", "good.yml"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(
        told,
        "shared-lure (audience countries): 2 or more distinct values of reporter of phishing, the same domain, within 2 hours\n\
         sound: 1 rule, 2 tests\n"
    );
    let (code, told, _) = chappe(folder.path(), &["rules", "check", "bad.yml"]);
    assert_eq!(code, 3);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert!(
        lines[0].starts_with("bad.yml:5:10: 'incident_clas' is no field of a report: did you mean 'incident_class'?")
    );
    assert!(lines[1].starts_with("bad.yml:15:13: 'timespan'") && lines[1].contains("a week is 7d"));
    assert_eq!(lines[2], "refused: 2 faults");
    let (code, _, told) = chappe(folder.path(), &["rules", "check", "gone.yml"]);
    assert!(code == 1 && told.contains("gone.yml: "), "{told}");
    assert_eq!(chappe(folder.path(), &["rules", "check"]).0, 2);
}

#[test]
fn test_runs_what_stands_beside_the_rules() {
    let folder = folder_with(&[
        ("good.yml", RULE),
        ("wrong.yml", &RULE.replace("fires: []", "fires: [shared_lure]")),
        ("none.yml", RULE.split("---\ntest").next().unwrap()),
    ]);
    let (code, told, said) = chappe(folder.path(), &["rules", "test", "good.yml"]);
    assert_eq!(code, 0, "{told}{said}");
    assert!(told.ends_with("2 of 2 tests passed\n"), "{told}");
    let (code, told, _) = chappe(folder.path(), &["rules", "test", "wrong.yml"]);
    assert_eq!(code, 1, "{told}");
    assert!(
        told.contains("ok      wrong.yml:20: two members") && told.contains("FAILED  wrong.yml:26: neither"),
        "{told}"
    );
    assert!(
        told.contains("fires [], expected [shared-lure]") && told.ends_with("1 of 2 tests passed\n"),
        "{told}"
    );
    let (code, _, said) = chappe(folder.path(), &["rules", "test", "none.yml"]);
    assert!(code == 1 && said.contains("hold no test"), "{said}");
    let bad_report = RULE.replace("incident_type: spam", "incident_type: spam, countries: [UK]");
    fs::write(folder.path().join("bad.yml"), bad_report).unwrap();
    let (code, told, _) = chappe(folder.path(), &["rules", "test", "bad.yml"]);
    assert!(
        code == 1 && told.contains("report of line 28: ") && told.contains("GB"),
        "{told}"
    );
}

#[test]
fn the_built_in_rules_pass_their_own_tests() {
    let rules = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../sigma/rules");
    let (code, told, said) = chappe(
        &rules,
        &[
            "rules",
            "test",
            "cross_border.yml",
            "cross_border_critical_sector.yml",
            "urgent.yml",
        ],
    );
    assert_eq!(code, 0, "{told}{said}");
}

const RECORDED: &str = r#"{"at": "2026-03-02T08:00:00Z", "reporter": "csirt-at", "home": "AT", "report_key": "A-1", "incident_type": "phishing", "tlp": "amber", "countries": ["AT"], "indicators": ["domain:bad.example"]}
{"at": "2026-03-02T09:30:00Z", "reporter": "csirt-be", "home": "BE", "report_key": "B-1", "incident_type": "phishing", "tlp": "green", "countries": ["BE"], "indicators": ["domain:bad.example"]}
{"at": "2026-03-02T09:31:00Z", "reporter": "csirt-be", "home": "BE", "report_key": "B-2", "incident_type": "ddos", "tlp": "green", "countries": ["BE"], "indicators": ["domain:bad.example"]}
{"at": "2026-03-02T09:59:59.999Z", "reporter": "csirt-cz", "report_key": "C-1", "incident_type": "phishing", "tlp": "green", "countries": ["CZ"], "indicators": ["domain:bad.example"]}
"#;

#[test]
fn explain_tells_of_each_firing_what_decides_it() {
    let folder = folder_with(&[("rule.yml", RULE), ("recorded.json", RECORDED)]);
    let (code, told, said) = chappe(
        folder.path(),
        &["rules", "explain", "rule.yml", "--input", "recorded.json", "--json"],
    );
    assert_eq!(code, 0, "{told}{said}");
    let firings: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(firings.len(), 2, "{told}");
    let [first, second] = [&firings[0], &firings[1]];
    assert_eq!(
        (first["rule"].as_str(), first["version"].as_u64()),
        (Some("shared-lure"), Some(1))
    );
    assert_eq!(first["key"][0]["value"], "bad.example");
    assert_eq!(
        (first["at"].as_str(), first["after"].as_str()),
        (Some("2026-03-02T09:30:00.000Z"), Some("2026-03-02T07:30:00.000Z"))
    );
    assert_eq!(
        (
            first["measure"].as_str(),
            first["measured"].as_u64(),
            first["at_least"].as_u64()
        ),
        (Some("reporter"), Some(2), Some(2))
    );
    assert_eq!(second["measured"], 3);
    assert_eq!(
        (first["alert"].as_str(), second["fires"].as_u64()),
        (second["alert"].as_str(), Some(2))
    );
    let keys: Vec<&str> = second["reports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["report_key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["A-1", "B-1", "C-1"], "what no source admits is not behind it");
    let (_, told, _) = chappe(
        folder.path(),
        &["rules", "explain", "rule.yml", "--input", "recorded.json"],
    );
    for line in [
        "shared-lure v1 fired at 2026-03-02T09:30:00.000Z",
        "  key       domain bad.example",
        "  window    after 2026-03-02T07:30:00.000Z up to 2026-03-02T09:30:00.000Z",
        "  measured  reporter 2 (csirt-at, csirt-be); at least 2",
        "  reports   2026-03-02T08:00:00.000Z  csirt-at  A-1  phishing",
        "  behind    2 reports by 2 members",
        "2 firings of 1 rule over 4 reports",
    ] {
        assert!(told.lines().any(|told| told == line), "{line:?} is not in\n{told}");
    }
}

#[test]
fn explain_reads_what_it_can_and_names_the_rest() {
    let lacking = r#"[{"detected_at": "2026-03-02T08:00:00Z", "report_key": "A-1", "incident_type": "phishing", "tlp": "amber", "countries": ["AT"]},
        {"reporter": "csirt-be", "report_key": "B-1", "incident_type": "phishing", "tlp": "amber", "countries": ["BE"]},
        {"at": "2026-03-02T08:00:00Z", "reporter": "csirt-be", "report_key": "B-2", "incident_type": "phishing", "countries": ["BE"]}]"#;
    let folder = folder_with(&[("rule.yml", RULE), ("recorded.json", lacking)]);
    let explain = |more: &[&str]| {
        chappe(
            folder.path(),
            &[&["rules", "explain", "rule.yml", "--input", "recorded.json"], more].concat(),
        )
    };
    let (code, told, said) = explain(&[]);
    assert_eq!(code, 3, "{told}{said}");
    assert!(
        told.ends_with("0 firings of 1 rule over 0 reports\n3 reports not read\n"),
        "{told}"
    );
    for reason in ["report 1: no 'reporter'", "report 2: no 'at'", "report 3: no marking"] {
        assert!(said.contains(reason), "{reason:?} is not in {said}");
    }
    let (_, told, _) = explain(&["--as", "csirt-at", "--home", "AT"]);
    assert!(told.ends_with("over 1 report\n2 reports not read\n"), "{told}");
    assert_eq!(
        chappe(folder.path(), &["rules", "explain", "rule.yml"]).0,
        2,
        "an input must be named"
    );
    let (code, _, said) = chappe(folder.path(), &["rules", "explain", "rule.yml", "--data", "."]);
    assert!(
        code == 1 && said.contains("no data folder of an installation"),
        "{said}"
    );
}

#[test]
fn the_example_of_the_guide_passes_its_tests() {
    let guide = include_str!("../../../docs/rules.md");
    let example = guide
        .split("<!-- run -->\n```yaml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let folder = folder_with(&[("example.yml", example)]);
    let (code, told, said) = chappe(folder.path(), &["rules", "test", "example.yml"]);
    assert_eq!(
        (code, told.lines().last()),
        (0, Some("2 of 2 tests passed")),
        "{told}{said}"
    );
}

/// Every measure that is no count of values, upper bounds, and a chain.
const MEASURES: &str = r"title: Low
name: low
logsource: {product: chappe}
detection: {low: {severity|lte: low}, condition: low}
---
title: Critical
name: critical
logsource: {product: chappe}
detection: {critical: {severity: critical}, condition: critical}
---
title: Many of low severity
name: many_low
correlation:
    type: event_count
    rules: [low]
    group-by: [country, sector]
    timespan: 12h
    condition: {gte: 3}
---
title: The storm before
name: storm_before
correlation:
    type: temporal_ordered
    rules: [many_low, critical]
    generate: true
    group-by: [country, sector]
    timespan: 2d
---
title: Exactly two
name: exactly_two
correlation:
    type: event_count
    rules: [low]
    group-by: [indicator]
    timespan: 1h
    condition: {eq: 2}
---
title: Both
name: both
correlation: {type: temporal, rules: [low, critical], group-by: [indicator], timespan: 1h}
---
test: storm
reports:
  - {at: 0s, by: csirt-at, home: AT, severity: low, sectors: [energy]}
  - {at: 1h, by: csirt-at, home: AT, severity: info, sectors: [energy]}
  - {at: 2h, by: csirt-be, home: BE, countries: [AT], severity: low, sectors: [energy]}
  - {at: 3h, by: csirt-at, home: AT, severity: critical, sectors: [energy]}
fires: [many_low, storm_before]
---
test: the critical one came first
reports:
  - {at: 0s, by: csirt-at, home: AT, severity: critical, sectors: [energy]}
  - {at: 1h, by: csirt-at, home: AT, severity: low, sectors: [energy]}
  - {at: 2h, by: csirt-at, home: AT, severity: info, sectors: [energy]}
  - {at: 3h, by: csirt-be, home: BE, countries: [AT], severity: low, sectors: [energy]}
fires: [many_low]
---
test: two
reports:
  - {at: 0s, by: csirt-at, home: AT, severity: low, indicators: ['ip:192.0.2.1']}
  - {at: 1m, by: csirt-at, home: AT, severity: low, indicators: ['ip:192.0.2.1']}
fires: [exactly_two]
---
test: three
reports:
  - {at: 0s, by: csirt-at, home: AT, severity: low, indicators: ['ip:192.0.2.1']}
  - {at: 0s, by: csirt-at, home: AT, severity: low, indicators: ['ip:192.0.2.1']}
  - {at: 0s, by: csirt-at, home: AT, severity: critical, indicators: ['ip:192.0.2.1']}
  - {at: 0s, by: csirt-at, home: AT, severity: low, indicators: ['ip:192.0.2.1']}
fires: [both]
";

#[test]
fn every_measure_fires_where_its_tests_say() {
    let folder = folder_with(&[("measures.yml", MEASURES)]);
    let (code, told, said) = chappe(folder.path(), &["rules", "test", "measures.yml"]);
    assert_eq!(
        (code, told.lines().last()),
        (0, Some("4 of 4 tests passed")),
        "{told}{said}"
    );
}

#[test]
fn explain_tells_of_chains_and_leaves_out_what_is_beyond_a_bound() {
    let report = |minute: u32, severity: &str| {
        format!(
            r#"{{"at": "2026-03-02T08:{minute:02}:00Z", "reporter": "csirt-at", "home": "AT", "report_key": "{minute}", "incident_type": "ddos", "severity": "{severity}", "tlp": "amber", "countries": ["AT"], "sectors": ["energy"], "indicators": ["ip:192.0.2.1"]}}"#
        )
    };
    let reports = [
        report(0, "low"),
        report(10, "low"),
        report(20, "low"),
        report(30, "critical"),
    ]
    .join("\n");
    let folder = folder_with(&[("measures.yml", MEASURES), ("recorded.json", &reports)]);
    let (code, told, said) = chappe(
        folder.path(),
        &["rules", "explain", "measures.yml", "--input", "recorded.json", "--json"],
    );
    assert_eq!(code, 0, "{said}");
    let firings: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let shown: Vec<_> = firings
        .iter()
        .map(|f| {
            (
                text(&f["rule"]),
                text(&f["at"])[14..16].to_owned(),
                f["measured"].as_u64().unwrap(),
            )
        })
        .collect();
    let wanted = [
        ("exactly-two", "10", 2),
        ("many-low", "20", 3),
        ("both", "30", 2),
        ("storm-before", "30", 2),
    ];
    assert_eq!(
        shown,
        wanted.map(|(rule, minute, measured)| (rule.to_owned(), minute.to_owned(), measured))
    );
    assert_eq!(
        firings[3]["values"],
        serde_json::json!(["firing of event_count", "critical"])
    );
}
