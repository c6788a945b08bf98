//! The recorded past judged again, offline: it gives the alerts that were told, changes nothing, and says what other rules would have raised.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chappe_proto::v1;
use chappe_tests::{Feed, Options, Program, binary, indicator, now, report, submit};
use serde_json::Value;

const DONE: i32 = 0;
const FAILED: i32 = 1;
const DIFFERS: i32 = 4;

fn seen_in(key: &str, country: &str, value: &str) -> v1::Incident {
    v1::Incident {
        countries: vec![country.into()],
        sectors: vec!["energy".into()],
        severity: v1::Severity::High as i32,
        indicators: vec![
            indicator(v1::IndicatorType::Domain, value),
            indicator(v1::IndicatorType::Domain, &format!("second-{value}")),
        ],
        ..report(key)
    }
}

/// A wave over four countries, one report taken back; an outage in one sector; an urgent report; one that only its recipients know.
async fn live_through(program: &Program) {
    let members = [
        ("csirt-at", "AT"),
        ("csirt-de", "DE"),
        ("csirt-fr", "FR"),
        ("csirt-it", "IT"),
    ];
    for (member, country) in members {
        submit(program, member, seen_in("wave", country, "wave.example")).await;
    }
    // With the first of the wave enough for what depends on the sector to be warned.
    for member in ["csirt-pl", "csirt-ee"] {
        submit(program, member, seen_in("outage", "AT", &format!("{member}.example"))).await;
    }
    let urgent = v1::Incident {
        severity: v1::Severity::Critical as i32,
        ..seen_in("urgent", "BE", "urgent.example")
    };
    submit(program, "csirt-be", urgent).await;
    let named = v1::Incident {
        marking: Some(v1::Marking {
            tlp: v1::Tlp::Red as i32,
            recipients: vec!["csirt-de".into()],
            ..v1::Marking::default()
        }),
        ..seen_in("named", "CZ", "wave.example")
    };
    submit(program, "csirt-cz", named).await;
    judged(program).await;
    let retract = v1::RetractRequest {
        report_key: "wave".into(),
        revision: 2,
        ..v1::RetractRequest::default()
    };
    let client = program.client("csirt-it").unwrap();
    client.incidents().retract(retract).await.unwrap();
    judged(program).await;
}

async fn judged(program: &Program) {
    let mut feed = Feed::from_beginning(&program.client("europol").unwrap()).await.unwrap();
    feed.until_judged(now()).await.unwrap();
}

fn replay(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(binary().unwrap());
    command
        .arg("replay")
        .arg("--config")
        .arg(folder.join("chappe.toml"))
        .args(words);
    command.output().unwrap()
}

fn told(output: &Output, code: i32) -> String {
    let text = String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every file below a folder and what it holds.
fn files(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.insert(path.clone(), std::fs::read(path).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_gives_the_alerts_that_were_told_and_other_rules_others() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::default()
        .set("policy.link-campaigns", true)
        .set("policy.cascade.reports", 3)
        .set("policy.surge.bin", "day");
    let mut program = Program::start_with(folder.path(), options).unwrap();
    if program.is_on_kafka().unwrap() {
        let refused = told(&replay(folder.path(), &[]), FAILED);
        assert!(refused.contains("only an embedded one can be replayed"), "{refused}");
        return;
    }
    live_through(&program).await;
    let running = told(&replay(folder.path(), &[]), FAILED);
    assert!(
        running.contains("open in another process: stop that one first"),
        "{running}"
    );
    program.stop().unwrap();

    let mut before = BTreeMap::new();
    files(&program.data(), &mut before);
    compare_with_what_was_told(folder.path());
    other_rules(folder.path());
    part_of_the_past(folder.path());
    let mut after = BTreeMap::new();
    files(&program.data(), &mut after);
    assert!(before == after, "nothing of the data folder changes");

    // Over a crash and another start the past is the same.
    program.restart().unwrap();
    submit(&program, "csirt-ee", seen_in("late", "EE", "wave.example")).await;
    judged(&program).await;
    program.kill().unwrap();
    let same = told(&replay(folder.path(), &["--compare"]), DONE);
    assert!(same.starts_with("the same: "), "{same}");
}

fn compare_with_what_was_told(folder: &Path) {
    let same = told(&replay(folder, &["--compare"]), DONE);
    assert!(
        same.starts_with("the same: ") && same.contains(" over 9 reports up to "),
        "{same}"
    );
    let lines = objects(&told(&replay(folder, &["--compare", "--json"]), DONE));
    let (end, alerts) = lines.split_last().unwrap();
    assert_eq!((&end["end"]["differ"], &end["end"]["reports"]), (&0.into(), &9.into()));
    assert!(
        alerts
            .iter()
            .all(|line| line["outcome"] == "equal" || line["outcome"] == "waiting"),
        "{alerts:?}"
    );
    let kinds: Vec<&str> = alerts
        .iter()
        .filter_map(|line| line["alert"]["kind"].as_str())
        .collect();
    for kind in ["cross-border", "urgent", "campaign", "cascade"] {
        assert!(kinds.contains(&kind), "{kind} is not among {kinds:?}");
    }
    let listed = objects(&told(&replay(folder, &["--json"]), DONE));
    assert_eq!(listed.len(), alerts.len());
    assert!(listed.iter().all(|alert| alert["state"] != "superseded"));
}

fn other_rules(folder: &Path) {
    let rule = "title: B\nname: b\nlogsource: {product: chappe}\ndetection: {s: {severity: high}, condition: s}\n---\n\
                title: C\nname: two_of_a_kind\ncorrelation: {type: event_count, rules: [b], group-by: [indicator], timespan: 1h, condition: {gte: 2}}\n";
    std::fs::write(folder.join("own.yml"), rule).unwrap();
    let path = folder.join("own.yml").display().to_string();
    let differs = told(&replay(folder, &["--compare", "--rules", &path]), DIFFERS);
    assert!(
        differs.contains("only-replayed") && differs.contains(" differ: "),
        "{differs}"
    );
    let lines = objects(&told(&replay(folder, &["--json", "--rules", &path]), DONE));
    assert!(
        lines.iter().any(|alert| alert["why"]["rule"] == "two-of-a-kind"),
        "{lines:?}"
    );
    std::fs::write(folder.join("own.yml"), rule.replace("high", "hihg")).unwrap();
    let refused = told(&replay(folder, &["--rules", &path]), FAILED);
    assert!(
        refused.contains("own.yml:4:27: 'hihg' is no value of 'severity': did you mean 'high'?"),
        "{refused}"
    );
}

fn part_of_the_past(folder: &Path) {
    let all = objects(&told(&replay(folder, &["--json"]), DONE));
    let first = all
        .iter()
        .filter_map(|alert| alert["first_seen_ms"].as_u64())
        .min()
        .unwrap();
    let at = |millis: u64| {
        jiff::Timestamp::from_millisecond(i64::try_from(millis).unwrap())
            .unwrap()
            .to_string()
    };
    let none = told(&replay(folder, &["--until", &at(first - 1)]), DONE);
    assert!(none.starts_with("0 alerts over 0 reports"), "{none}");
    let compared = told(&replay(folder, &["--compare", "--until", &at(first - 1)]), DONE);
    assert!(compared.starts_with("the same: 0 equal"), "{compared}");
    let later = told(&replay(folder, &["--from", "2999-01-01"]), DONE);
    assert!(later.starts_with("0 alerts over 9 reports"), "{later}");
}
