//! Exit codes: one table in the documentation, the same in the help, and commands that end with each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/quickstart.md");
const MEMBER: &str =
    "[[members]]\nid = \"csirt-at\"\ncountry = \"AT\"\ntoken-digest = \"00112233445566778899aabbccddeeff\"\n";
const RULES: &str = "title: B\nname: b\nlogsource: {product: chappe}\ndetection: {s: {severity: high}, condition: s}\n---\ntitle: C\nname: c\ncorrelation: {type: event_count, rules: [b], group-by: [indicator], timespan: 1h, condition: {gte: 2}}\n---\ntest: none\nfires: []\nreports:\n  - {at: 0s, by: csirt-at, home: AT, severity: high, indicators: ['domain:bad.example']}\n";

fn chappe(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
    command
        .current_dir(folder)
        .args(line.split_whitespace())
        .output()
        .unwrap()
}

/// The codes of a table or list: lines that begin with one.
fn codes(text: &str) -> Vec<i32> {
    let first = |line: &str| {
        line.trim_start_matches(['|', ' '])
            .split([' ', '|'])
            .next()?
            .parse()
            .ok()
    };
    text.lines().filter_map(first).collect()
}

#[test]
fn the_table_and_the_help_name_the_same_codes() {
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let (_, table) = document.split_once("## Exit codes\n").unwrap();
    let help = chappe(Path::new("."), "--help");
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, list) = help.split_once("Exit codes:\n").unwrap();
    assert_eq!((codes(table), codes(list)), (vec![0, 1, 2, 3, 4], vec![0, 1, 2, 3, 4]));
}

#[test]
fn commands_end_as_the_table_says() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("chappe.toml", MEMBER);
    write("wrong.toml", &format!("shards = 0\n{MEMBER}"));
    write("rules.yml", RULES);
    write("fires.yml", &RULES.replace("fires: []", "fires: [c]"));
    write("wrong.yml", &RULES.replace("high}, c", "hihg}, c"));
    write(
        "reports.json",
        r#"{"report_key": "a", "incident_type": "spam", "tlp": "green", "countries": ["AT"], "at": "2026-03-02T06:15:00Z"} {"#,
    );
    write("tokens.toml", "[tokens]\n");
    for (line, code) in [
        ("config check", 0),
        ("config show --json", 0),
        ("config check --config wrong.toml", 3),
        ("config show --config wrong.toml", 1),
        ("config check --config none.toml", 1),
        ("serve --config wrong.toml", 1),
        ("serve --config none.toml", 1),
        ("replay", 1),
        ("replay --until yesterday", 2),
        ("rules check rules.yml", 0),
        ("rules test rules.yml", 0),
        ("rules test fires.yml", 1),
        ("rules check wrong.yml", 3),
        ("rules check none.yml", 1),
        ("rules explain rules.yml --input reports.json --as csirt-at", 3),
        ("rules explain rules.yml --input none.json --as csirt-at", 1),
        ("cascade show energy AT --json", 0),
        ("cascade show energy UK", 2),
        ("cascade show energy AT --dependencies none.toml", 1),
        ("surge report none.csv", 1),
        ("surge simulate --bin month", 2),
        ("token csirt-lv --country LV --json", 0),
        ("token CSIRT", 2),
        ("submit reports.json --as csirt-at", 1),
        ("watch --as csirt-at", 1),
        ("", 2),
        ("seve", 2),
        ("completions bash", 0),
        ("man --dir pages", 0),
        ("init --dir .", 1),
        ("--version", 0),
    ] {
        let output = chappe(folder.path(), line);
        let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(code), "chappe {line}: {said}");
        assert!(
            !said.is_empty() || line == "man --dir pages",
            "chappe {line}: nothing said"
        );
    }
}

#[test]
fn what_programs_are_told_is_json_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("chappe.toml", MEMBER);
    write("rules.yml", RULES);
    write("wrong.yml", &RULES.replace("high}, c", "hihg}, c"));
    for (line, fields) in [
        ("config show --json", &["file", "settings", "members"][..]),
        (
            "config check --json",
            &["file", "sound", "members", "rules", "warning_lists"],
        ),
        (
            "rules check rules.yml --json",
            &["rule", "kind", "audience", "condition"],
        ),
        ("rules check wrong.yml --json", &["fault"]),
        (
            "rules test rules.yml --json",
            &["test", "file", "line", "passed", "fires", "expected", "reason"],
        ),
        ("cascade show energy AT --json", &["after", "warned", "hours", "why"]),
        ("token csirt-lv --json", &["member", "country", "token", "token_digest"]),
    ] {
        let output = chappe(folder.path(), line);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(!said.is_empty(), "chappe {line}");
        for object in said.lines() {
            let object: serde_json::Value = serde_json::from_str(object).unwrap();
            for field in fields {
                assert!(object.get(field).is_some(), "chappe {line}: no {field} in {object}");
            }
        }
    }
}
