//! Alerts looked up on the command line: all of them, and one with all that is behind it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Output;

use chappe_proto::v1;
use chappe_tests::{Feed, Program, chappe, indicator, now, report, submit};
use serde_json::Value;

/// A wave in three countries, which raises an alert for all, and a severe report that only its reporter and the hub are told of.
async fn wave(program: &Program) {
    for (member, country) in [("csirt-at", "AT"), ("csirt-de", "DE"), ("csirt-fr", "FR")] {
        let seen = v1::Incident {
            countries: vec![country.into()],
            indicators: vec![indicator(v1::IndicatorType::Domain, "wave.example")],
            ..report("wave")
        };
        submit(program, member, seen).await;
    }
    let mut urgent = report("urgent");
    (urgent.severity, urgent.countries) = (v1::Severity::Critical as i32, vec!["DE".into()]);
    submit(program, "csirt-de", urgent).await;
    let mut feed = Feed::from_beginning(&program.client("csirt-de").unwrap())
        .await
        .unwrap();
    feed.until_judged(now()).await.unwrap();
}

fn text(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn listed(program: &Program, member: &str, more: &[&str]) -> Vec<Value> {
    let said = text(chappe(program, member, &[&["alert", "list", "--json"], more].concat()));
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_are_listed_and_shown_with_what_is_behind_them() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path()).unwrap();
    assert_eq!(text(chappe(&program, "csirt-at", &["alert", "list"])), "");
    wave(&program).await;

    let kinds = |member, more: &[&str]| -> Vec<String> {
        let mut kinds: Vec<String> = listed(&program, member, more)
            .iter()
            .map(|alert| alert["kind"].as_str().unwrap().to_owned())
            .collect();
        kinds.sort();
        kinds
    };
    assert_eq!(kinds("csirt-de", &[]), ["cross-border", "urgent"]);
    assert_eq!(
        kinds("csirt-fr", &[]),
        ["cross-border"],
        "what a member may not see is not there"
    );
    assert_eq!(kinds("csirt-de", &["--kind", "urgent"]), ["urgent"]);
    assert_eq!(kinds("csirt-de", &["--exercise"]), Vec::<String>::new());

    let lines = text(chappe(&program, "csirt-fr", &["alert", "list"]));
    let of_wave = listed(&program, "csirt-fr", &[])[0]["id"].as_str().unwrap().to_owned();
    for part in ["cross-border", "open", &of_wave, "wave[.]example", "AT, DE, FR"] {
        assert!(lines.contains(part), "{part} in {lines}");
    }

    let shown = text(chappe(&program, "csirt-fr", &["alert", "show", &of_wave]));
    assert!(shown.contains("3 reports behind it\n"), "{shown}");
    assert_eq!(
        shown.matches("yours: incidents/").count(),
        1,
        "its own report, and no other's: {shown}"
    );
    let bare_id = of_wave.strip_prefix("alerts/").unwrap();
    let json = text(chappe(&program, "csirt-fr", &["alert", "show", bare_id, "--json"]));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["id"], json["evidence"].as_array().unwrap().len()),
        (&Value::from(of_wave), 3)
    );
    assert_eq!(json["links"], Value::Array(vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_and_what_may_not_be_seen_are_told_alike() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path()).unwrap();
    wave(&program).await;
    let hidden = listed(&program, "csirt-de", &["--kind", "urgent"])[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let absent = format!("alerts/{}", "0".repeat(32));
    let said = |words: &[&str]| {
        let output = chappe(&program, "csirt-fr", words);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, of_hidden) = said(&["alert", "show", &hidden]);
    assert_eq!(code, Some(1));
    assert_eq!(of_hidden.replace(&hidden, &absent), said(&["alert", "show", &absent]).1);
    let (code, of_wrong) = said(&["alert", "show", "alerts/xyz"]);
    assert!(code == Some(2) && of_wrong.contains("alerts/xyz"), "{of_wrong}");
    let (code, of_wrong) = said(&["alert", "list", "--kind", "wave"]);
    assert!(
        code == Some(2) && of_wrong.contains("give one of campaign"),
        "{of_wrong}"
    );
}
