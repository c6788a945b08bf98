//! What members answer for: stated by the hub from a file, in the log over kill -9, and what `watch --mine` shows of it to each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use chappe_proto::v1;
use chappe_tests::{Program, binary, indicator, now, report, said, submit};
use serde_json::Value;
use tonic::Code;

const AUSTRIA: &str = "\
# What the CSIRT of Austria answers for.
networks = [\"203.0.113.0/24\", \"2001:db8:a::/48\"]
domains = [\"bank.at\"]
";

/// Heartbeats, one a second, until which everything is judged.
const HEARTBEATS: u32 = 120;

fn command(program: &Program, member: &str, words: &[&str]) -> Command {
    let mut command = Command::new(binary().unwrap());
    command
        .args(words)
        .args(["--as", member, "--server", &program.address().to_string()])
        .arg("--tokens")
        .arg(program.folder().join("tokens.toml"));
    command
}

fn chappe(program: &Program, member: &str, words: &[&str]) -> (bool, String) {
    said(&command(program, member, words).output().unwrap())
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Three members see the same value, each in its own country.
async fn wave(program: &Program, key: &str, kind: v1::IndicatorType, value: &str) {
    for (member, country) in [("csirt-cz", "CZ"), ("csirt-de", "DE"), ("csirt-fr", "FR")] {
        let seen = v1::Incident {
            countries: vec![country.into()],
            indicators: vec![indicator(kind, value)],
            ..report(key)
        };
        submit(program, member, seen).await;
    }
}

/// What Germany tells France of Austria's bank, and nobody else.
async fn confided(program: &Program) {
    let told = v1::Incident {
        countries: vec!["DE".into()],
        severity: v1::Severity::Critical as i32,
        indicators: vec![indicator(v1::IndicatorType::Domain, "secret.bank.at")],
        marking: Some(v1::Marking {
            tlp: v1::Tlp::Red as i32,
            recipients: vec!["csirt-fr".into(), "csirt-de".into()],
            ..v1::Marking::default()
        }),
        ..report("confided")
    };
    submit(program, "csirt-de", told).await;
}

/// What `watch --mine` shows until everything that is reported by now was judged: each alert by its key, with what it hits.
fn watched(program: &Program, member: &str) -> Vec<String> {
    let until_ms = now().as_millis();
    let mut child = command(program, member, &["watch", "--mine", "--from-beginning", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut shown, mut behind) = (Vec::new(), 0);
    for line in lines {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        match line["event"].as_str().unwrap() {
            "alert" => shown.push(words(&line)),
            "heartbeat" if line["log_time_ms"].as_u64().unwrap() >= until_ms => break,
            "heartbeat" if behind < HEARTBEATS => behind += 1,
            other => panic!("{other}"),
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    shown.sort();
    shown.dedup();
    shown
}

/// `value: kind value in entry`, of an alert and its hits.
fn words(alert: &Value) -> String {
    let hit = |hit: &Value| {
        format!(
            " {} {} in {}",
            text(&hit["kind"]),
            text(&hit["value"]),
            text(&hit["entry"])
        )
    };
    let hits: String = alert["hits"].as_array().unwrap().iter().map(hit).collect();
    format!("{}:{hits}", text(&alert["key"][0]["value"]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Only the hub states it, a wrong file is told by its lines, and the same again is the same.
fn state_by_command_line(program: &Program) {
    let folder = program.folder();
    let austria = file(folder, "austria.toml", AUSTRIA);
    let set = ["member", "set", "csirt-at", &austria];
    let (done, said) = chappe(program, "csirt-at", &set);
    assert!(!done && said.contains("stated by the hub"), "{said}");
    let wide = file(
        folder,
        "wide.csv",
        "kind,entry\ncountry,AT\ndomain,com\nnetwork,0.0.0.0/0\n",
    );
    let (done, said) = chappe(program, "europol", &["member", "set", "csirt-at", &wide]);
    assert!(!done && said.contains("wide.csv:3:1: "), "{said}");
    let (done, said) = chappe(program, "europol", &["member", "list"]);
    assert!(done && said.contains("no constituency is stated"), "{said}");

    let (done, said) = chappe(program, "europol", &set);
    assert!(
        done && said.starts_with("csirt-at answers for 2 networks, 1 domain since "),
        "{said}"
    );
    assert!(!said.contains("stood already"), "{said}");
    let (done, again) = chappe(program, "europol", &set);
    assert!(done && again.contains("that stood already"), "{again}");
    let germany = file(folder, "germany.csv", "kind,entry\ncountry,DE\n");
    let (done, said) = chappe(program, "enisa", &["member", "set", "csirt-de", &germany, "--json"]);
    assert!(done, "{said}");
    let line: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (text(&line["member"]), line["countries"].as_u64()),
        ("csirt-de", Some(1))
    );
    let durability = match program.durability().unwrap() {
        v1::DurabilityClass::Disk => "disk",
        _ => "process",
    };
    assert_eq!(text(&line["durability"]), durability);
}

/// What is shown is a file that states the same; of others a member is shown nothing.
fn shown_to_its_own(program: &Program) {
    let (done, said) = chappe(program, "csirt-at", &["member", "show"]);
    assert!(done && said.contains("\"bank.at\""), "{said}");
    let shown = file(program.folder(), "shown.toml", &said);
    let (done, said) = chappe(program, "europol", &["member", "set", "csirt-at", &shown]);
    assert!(done && said.contains("that stood already"), "{said}");
    let (done, said) = chappe(program, "csirt-at", &["member", "show", "csirt-de"]);
    assert!(
        !done && said.contains("no constituency is stated of that member, or not one you may see"),
        "{said}"
    );
    let (done, said) = chappe(program, "csirt-at", &["member", "list"]);
    assert!(
        done && said.contains("csirt-at") && !said.contains("csirt-de"),
        "{said}"
    );
    let (_, said) = chappe(program, "europol", &["member", "list"]);
    assert!(
        said.contains("csirt-at answers for") && said.contains("stated by enisa"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_member_watches_what_is_its_own_and_nobody_learns_of_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path()).unwrap();
    state_by_command_line(&program);
    shown_to_its_own(&program);

    wave(&program, "bank", v1::IndicatorType::Url, "https://login.bank.at/x").await;
    wave(&program, "host", v1::IndicatorType::Ip, "203.0.113.9").await;
    wave(&program, "other", v1::IndicatorType::Domain, "notbank.at").await;
    confided(&program).await;

    let austria = [
        "ip:203.0.113.9: network ip:203.0.113.9 in 203.0.113.0/24",
        "url:https://login.bank.at/x: domain url:https://login.bank.at/x in bank.at",
    ];
    let germany = [
        "domain:notbank.at: country DE in DE",
        "domain:secret.bank.at: country DE in DE",
        "ip:203.0.113.9: country DE in DE",
        "url:https://login.bank.at/x: country DE in DE",
    ];
    assert_eq!(watched(&program, "csirt-at"), austria);
    assert_eq!(watched(&program, "csirt-de"), germany);
    let (done, said) = chappe(&program, "csirt-fr", &["watch", "--mine"]);
    assert!(!done && said.contains("no constituency is stated of you"), "{said}");

    // As a power cut: what was stated stands.
    program.kill().unwrap();
    program.restart().unwrap();
    assert_eq!(watched(&program, "csirt-at"), austria);

    // From where it is stated on, and no restart of anything: what is no longer in it is no longer one's own.
    let less = file(program.folder(), "less.toml", "domains = [\"bank.at\"]\n");
    let (done, said) = chappe(&program, "europol", &["member", "set", "csirt-at", &less]);
    assert!(
        done && said.starts_with("csirt-at answers for 1 domain since "),
        "{said}"
    );
    let list = v1::ListAlertsRequest {
        filter: Some(v1::AlertFilter {
            mine: true,
            ..v1::AlertFilter::default()
        }),
        ..v1::ListAlertsRequest::default()
    };
    let client = program.client("csirt-at").unwrap();
    let listed = client.alerts().list_alerts(list.clone()).await.unwrap().into_inner();
    let listed: Vec<&str> = listed.alerts.iter().map(|alert| alert.key[0].value.as_str()).collect();
    assert_eq!(listed, ["url:https://login.bank.at/x"]);
    let refusal = program
        .client("europol")
        .unwrap()
        .alerts()
        .list_alerts(list)
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), Code::FailedPrecondition);
    program.stop().unwrap();
}
