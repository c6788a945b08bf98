//! Members report in the formats that they have, by the command line, and take what they are told in the formats that they need: what they may see, and
//! not a byte more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chappe_proto::v1;
use chappe_tests::{Feed, Program, binary, now, report};
use serde_json::{Value, json};

/// What all of them saw.
const SHARED: &str = "wave.example";
/// What only the urgent report of Germany says.
const HIDDEN: &str = "hidden.example";

/// `chappe …` as a member would call it.
fn chappe(program: &Program, member: &str, words: &[&str]) -> Output {
    Command::new(binary().unwrap())
        .args(words)
        .args(["--as", member, "--server", &program.address().to_string()])
        .arg("--tokens")
        .arg(program.folder().join("tokens.toml"))
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(text).unwrap()
}

fn assert_said(output: &Output, code: i32, says: &[&str]) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for words in says {
        assert!(said.contains(words), "{said:?} does not say {words:?}");
    }
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn bundle() -> String {
    let time = "2026-03-02T06:15:00.000Z";
    let object = |kind: &str, n: u32, own: Value| {
        let mut object = json!({
            "type": kind, "spec_version": "2.1", "id": format!("{kind}--00000000-0000-4000-8000-{n:012}"), "created": time, "modified": time,
        });
        object.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        object
    };
    let indicator = |n, pattern: &str| {
        object(
            "indicator",
            n,
            json!({ "pattern": pattern, "pattern_type": "stix", "valid_from": time }),
        )
    };
    let objects = [
        indicator(
            1,
            &format!("[domain-name:value = '{SHARED}' OR url:value = 'https://{SHARED}/x']"),
        ),
        indicator(2, "[ipv4-addr:value ISSUBSET '192.0.2.0/24']"),
        object(
            "report",
            3,
            json!({
                "name": "A wave", "published": time, "labels": ["rsit:fraud=\"phishing\""],
                "object_refs": ["indicator--00000000-0000-4000-8000-000000000001", "indicator--00000000-0000-4000-8000-000000000002"],
                "object_marking_refs": ["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"],
            }),
        ),
    ];
    json!({ "type": "bundle", "id": "bundle--1", "objects": objects }).to_string()
}

fn message() -> String {
    let moment = i64::try_from(now().as_millis() / 1000).unwrap();
    let detected = prost_types::Timestamp {
        seconds: moment,
        nanos: 0,
    };
    json!({
        "Format": "IDEA0", "ID": "4390fc3f-c753-4a3e-bc83-1b44f24baf75", "DetectTime": detected.to_string(), "Category": ["Fraud.Phishing"],
        "Source": [{ "Hostname": [SHARED] }], "Target": [{ "IP4": ["198.51.100.7"] }],
    })
    .to_string()
}

const MAPPING: &str = r#"
source = "traps"
format = "csv"
separator = ";"
key = ["case"]
[columns]
case = "ignore"
host = "host"
kind = { as = "type", words = { phish = "phishing" } }
[constants]
tlp = "amber"
countries = ["FR"]
"#;

/// Three members, three formats: accepted, and the same again is the same.
fn submit_all(program: &Program, folder: &Path) {
    let stix = file(folder, "wave.json", &bundle());
    let idea = file(folder, "messages.jsonl", &message());
    let csv = file(
        folder,
        "wave.csv",
        &format!("case;host;kind\n7;{SHARED};phish\n7;192.0.2.300;phish\n8;;awful\n"),
    );
    let mapping = file(folder, "mapping.toml", MAPPING);
    for _ in 0..2 {
        let submitted = chappe(program, "csirt-at", &["submit", &stix, "--countries", "AT"]);
        let skipped =
            "1 × pattern, column 18: ISSUBSET: only values compared by = or IN, joined by AND and OR, are read";
        assert_said(
            &submitted,
            0,
            &["1 report (2 items read, 1 skipped): 1 accepted", skipped],
        );
        let submitted = chappe(
            program,
            "csirt-de",
            &["submit", &idea, "--countries", "DE", "--tlp", "amber"],
        );
        let skipped = "1 × belongs to those who were attacked: only what attacks is compared";
        assert_said(
            &submitted,
            0,
            &["1 message (1 item read, 1 skipped): 1 accepted", skipped],
        );
        let submitted = chappe(
            program,
            "csirt-fr",
            &["submit", &csv, "--mapping", &mapping, "--verbose"],
        );
        let says = [
            "2 reports (1 item read, 1 skipped): 1 accepted, 1 not read",
            "line 4, column kind: \"awful\"",
            "line 3, column host (host): ",
        ];
        assert_said(&submitted, 3, &says);
    }
    let wrong = file(folder, "wrong.toml", &MAPPING.replace("\"host\"", "\"name\""));
    let refused = chappe(program, "csirt-fr", &["submit", &csv, "--mapping", &wrong]);
    assert_said(&refused, 1, &["wrong.toml: line "]);
    let refused = chappe(program, "csirt-fr", &["submit", &csv]);
    assert_said(&refused, 3, &["line 1, column 1", "not JSON as it should be"]);
}

/// One report that says critical: told to Germany and the hub alone.
async fn raise_what_is_hidden(program: &Program) {
    let mut urgent = report("urgent");
    (urgent.severity, urgent.countries) = (v1::Severity::Critical as i32, vec!["DE".into()]);
    urgent.indicators = vec![chappe_tests::indicator(v1::IndicatorType::Domain, HIDDEN)];
    let request = v1::SubmitRequest {
        incident: Some(urgent),
        validate_only: false,
    };
    program
        .client("csirt-de")
        .unwrap()
        .incidents()
        .submit(request)
        .await
        .unwrap();
    for member in ["csirt-de", "csirt-fr"] {
        let mut feed = Feed::from_beginning(&program.client(member).unwrap()).await.unwrap();
        feed.until_judged(now()).await.unwrap();
    }
}

/// What a member exports: the file, or for a feed all files of the folder in the order of their names.
fn export(program: &Program, member: &str, format: &str, to: &Path, more: &[&str]) -> String {
    let place = to.join(format!("{member}-{format}{}", more.concat()));
    let mut words = vec!["export", format, "--out", place.to_str().unwrap()];
    words.extend(more);
    let exported = chappe(program, member, &words);
    assert_said(&exported, 0, &["alert"]);
    if place.is_file() {
        return fs::read_to_string(place).unwrap();
    }
    let mut files: Vec<PathBuf> = fs::read_dir(place)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_format_in_and_out_and_never_more_than_the_caller_may_see() {
    let (folder, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut program = Program::start(folder.path()).unwrap();
    submit_all(&program, files.path());
    raise_what_is_hidden(&program).await;

    for format in ["stix", "misp", "idea", "csv"] {
        let fr = export(&program, "csirt-fr", format, files.path(), &[]);
        assert!(fr.contains(SHARED) && !fr.contains(HIDDEN), "{format}: {fr}");
        assert_eq!(fr, export(&program, "csirt-fr", format, files.path(), &[]), "{format}");
        let de = export(&program, "csirt-de", format, files.path(), &[]);
        assert!(de.contains(SHARED) && de.contains(HIDDEN), "{format}: {de}");
        let urgent = export(&program, "csirt-de", format, files.path(), &["--kind", "urgent"]);
        assert!(
            !urgent.contains(SHARED) && urgent.contains(HIDDEN),
            "{format}: {urgent}"
        );
        let none = export(&program, "csirt-de", format, files.path(), &["--state", "retracted"]);
        assert!(!none.contains(SHARED) && !none.contains(HIDDEN), "{format}: {none}");
    }
    let printed = chappe(&program, "csirt-fr", &["export", "stix"]);
    let bundle: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(bundle["type"], "bundle");
    assert!(String::from_utf8_lossy(&printed.stderr).contains("TLP:AMBER: handle the file accordingly"));
    assert_said(&chappe(&program, "csirt-fr", &["export", "misp"]), 2, &["--out"]);
    assert_said(
        &chappe(&program, "csirt-fr", &["export", "iodef"]),
        2,
        &["stix, misp, idea, csv"],
    );

    // What an export no longer lists stays where it was, and is named.
    let feed = files.path().join("csirt-de-misp");
    let narrowed = chappe(
        &program,
        "csirt-de",
        &[
            "export",
            "misp",
            "--state",
            "retracted",
            "--out",
            feed.to_str().unwrap(),
        ],
    );
    assert_said(
        &narrowed,
        0,
        &["0 alerts to", "is of an earlier export and no longer listed: remove it"],
    );

    // What was written is read again: the feed as a feed.
    let feed = files.path().join("csirt-fr-misp");
    let again = chappe(
        &program,
        "csirt-it",
        &["submit", feed.to_str().unwrap(), "--dry-run", "--countries", "IT"],
    );
    assert_said(&again, 0, &["sound"]);
    program.stop().unwrap();
}
