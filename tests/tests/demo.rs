//! `chappe demo` against the oracle: what every viewer was delivered is what the recorded reports and the policy give that viewer.
//!
//! `CHAPPE_SEEDS` sets the number of seeds (20).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use chappe_testkit::Oracle;
use chappe_tests::{PATIENCE, binary};
use serde_json::{Value, json};

const SEEDS: u64 = 20;

/// Who watches the demo: id and country. Europol is the hub's duty officer and has none.
const VIEWERS: [(&str, &str); 9] = [
    ("csirt-at", "AT"),
    ("csirt-be", "BE"),
    ("csirt-cz", "CZ"),
    ("csirt-de", "DE"),
    ("csirt-ee", "EE"),
    ("csirt-fr", "FR"),
    ("csirt-it", "IT"),
    ("csirt-pl", "PL"),
    (DUTY_OFFICER, ""),
];
const DUTY_OFFICER: &str = "europol";

/// What one run of the demo wrote.
#[derive(Default)]
struct Played {
    reports: Vec<Value>,
    deliveries: Vec<Value>,
    policy: Value,
    end: Value,
}

/// `chappe demo`, ended if it takes too long.
fn demo(arguments: &[&str]) -> Command {
    let mut program = Command::new("timeout");
    program.arg(PATIENCE.as_secs().to_string()).arg(binary().unwrap());
    program.arg("demo").args(arguments);
    program
}

fn play(seed: u64) -> Played {
    let output = demo(&["--no-wait", "--json", "--seed", &seed.to_string()])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "seed {seed}: {errors}");
    let mut played = Played::default();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let Ok(Value::Object(line)) = serde_json::from_str(line) else {
            panic!("seed {seed}: no object: {line}");
        };
        assert_eq!(line.len(), 1, "seed {seed}: one thing a line: {line:?}");
        for (what, value) in line {
            assert!(played.end.is_null(), "seed {seed}: {what} comes after the end");
            match what.as_str() {
                "report" => played.reports.push(value),
                "delivery" => played.deliveries.push(value),
                "policy" => assert!(std::mem::replace(&mut played.policy, value).is_null(), "two policies"),
                "end" => played.end = value,
                other => panic!("seed {seed}: {other}"),
            }
        }
    }
    played
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().unwrap_or_else(|| panic!("no list: {value}"));
    items.iter().map(|item| text(item).to_owned()).collect()
}

fn sorted(value: &Value) -> Vec<String> {
    let mut items = texts(value);
    items.sort();
    items
}

/// The script's internal addresses, which every report observes: they mean nothing elsewhere.
fn is_internal(indicator: &str) -> bool {
    indicator.starts_with("ip:10.") || indicator.starts_with("ip:192.168.")
}

/// The alerts of the recorded reports by the recorded policy.
fn ask(oracle: &mut Oracle, played: &Played) -> Vec<Value> {
    let record = |report: &Value| {
        let mut record = report.clone();
        let telling: Vec<String> = texts(&report["indicators"])
            .into_iter()
            .filter(|i| !is_internal(i))
            .collect();
        record["indicators"] = json!(telling);
        record.as_object_mut().unwrap().remove("report_key");
        record
    };
    let records: Vec<Value> = played.reports.iter().map(record).collect();
    let (rules, lateness) = (&played.policy["rules"], &played.policy["lateness_ms"]);
    let now = &played.end["log_time_ms"];
    oracle
        .ask(&json!({ "rules": rules, "lateness_ms": lateness, "now": now, "records": records, "told": true }))
        .unwrap()
}

/// Whether a viewer may be told of an alert of the oracle's: nobody subscribed to exercises.
fn may_see(alert: &Value, viewer: &str, home: &str) -> bool {
    if alert["room"][0] != "live" {
        return false;
    }
    match &alert["audience"] {
        Value::Array(countries) => viewer == DUTY_OFFICER || countries.iter().any(|country| country == home),
        Value::String(all) if all == "eu" => true,
        Value::String(named) if named == "recipients" => texts(&alert["room"][1]).contains(&viewer.to_owned()),
        Value::String(one) => viewer == DUTY_OFFICER || *one == format!("reporter:{viewer}"),
        other => panic!("no audience: {other}"),
    }
}

/// An alert of the oracle's, in the form of [`delivered`].
fn wanted(alert: &Value, played: &Played) -> Value {
    let audience = match &alert["audience"] {
        Value::String(one) if one.starts_with("reporter:") => json!("reporter"),
        other => other.clone(),
    };
    let overlay = !alert["room"][1].is_null();
    json!({
        "rule": alert["rule"], "kind": alert["kind"], "state": alert["state"], "severity": alert["severity"], "audience": audience,
        "tlp": alert["tlp"], "pap": alert["pap"], "use": if overlay { "named-recipients-only" } else { "share" },
        "recipients": if overlay { sorted(&alert["room"][1]) } else { vec![] },
        "key": if alert["kind"] == "urgent" { observed(alert, played) } else { texts(&alert["key"]) },
        "countries": sorted(&alert["countries"]), "sectors": sorted(&alert["sectors"]), "types": sorted(&alert["types"]),
        "reports": alert["reports"], "unlisted": alert["unlisted"], "members": alert["members"], "values": sorted(&alert["values"]),
        "fires": alert["fires"], "first_seen": alert["first_seen"], "last_seen": alert["last_seen"], "held": alert["held"],
    })
}

/// What the report behind an urgent alert observed: its alert shows that in place of its key, which is the reporter.
fn observed(alert: &Value, played: &Played) -> Vec<String> {
    let of_it = played
        .reports
        .iter()
        .filter(|report| report["incident"] == alert["anchor"][1]);
    let newest = of_it
        .max_by_key(|report| report["revision"].as_u64())
        .expect("the report is recorded");
    if newest["use"] == "match-only" {
        vec![]
    } else {
        sorted(&newest["indicators"])
    }
}

fn delivered(line: &Value) -> Value {
    let audience = match text(&line["audience"]) {
        "countries" => json!(sorted(&line["audience_countries"])),
        other => json!(other),
    };
    let mut key: Vec<String> = line["key"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| text(&field["value"]).to_owned())
        .collect();
    if line["kind"] == "urgent" {
        key.sort();
    }
    assert_eq!(line["exercise"], false, "nobody subscribed to exercises: {line}");
    json!({
        "rule": line["why"]["rule"], "kind": line["kind"], "state": line["state"], "severity": line["severity"], "audience": audience,
        "tlp": line["tlp"], "pap": line["pap"], "use": line["use"], "recipients": sorted(&line["recipients"]), "key": key,
        "countries": sorted(&line["countries"]), "sectors": sorted(&line["sectors"]), "types": sorted(&line["incident_types"]),
        "reports": line["reports"], "unlisted": line["unlisted"], "members": line["members"], "values": sorted(&line["why"]["values"]),
        "fires": line["why"]["fires"], "first_seen": line["first_seen_ms"], "last_seen": line["last_seen_ms"], "held": line["held"],
    })
}

/// The last delivery of each alert to one viewer, by id; revisions must rise.
fn last_deliveries<'a>(played: &'a Played, viewer: &str) -> BTreeMap<&'a str, &'a Value> {
    let mut last: BTreeMap<&str, &Value> = BTreeMap::new();
    for line in played.deliveries.iter().filter(|line| line["viewer"] == viewer) {
        if let Some(before) = last.insert(text(&line["id"]), line) {
            let (before, now) = (before["revision"].as_u64().unwrap(), line["revision"].as_u64().unwrap());
            assert!(
                before < now,
                "{viewer}: revision {now} after {before} of {}",
                line["id"]
            );
        }
    }
    last
}

/// As texts in order: two lists are equal when the same alerts stand in them the same number of times.
fn comparable(alerts: impl Iterator<Item = Value>) -> Vec<String> {
    let mut alerts: Vec<String> = alerts.map(|alert| alert.to_string()).collect();
    alerts.sort();
    alerts
}

fn check(seed: u64, oracle: &mut Oracle, played: &Played) {
    let expected = ask(oracle, played);
    assert!(!played.reports.is_empty() && !expected.is_empty(), "seed {seed}");
    let mut content: BTreeMap<&str, Value> = BTreeMap::new();
    for (viewer, home) in VIEWERS {
        let last = last_deliveries(played, viewer);
        let standing = || last.iter().filter(|(_, line)| line["state"] != "superseded");
        let told = comparable(standing().map(|(_, line)| delivered(line)));
        let owed = expected.iter().filter(|alert| may_see(alert, viewer, home));
        let owed = comparable(owed.map(|alert| wanted(alert, played)));
        let only = |a: &[String], b: &[String]| a.iter().filter(|x| !b.contains(x)).cloned().collect::<Vec<_>>();
        let (extra, lacking) = (only(&told, &owed), only(&owed, &told));
        assert_eq!(
            told, owed,
            "seed {seed}, {viewer}: told, not expected: {extra:#?}; expected, not told: {lacking:#?}"
        );
        for (id, line) in standing() {
            let seen = content.entry(id).or_insert_with(|| delivered(line));
            assert_eq!(
                *seen,
                delivered(line),
                "seed {seed}: {id} says another thing to {viewer}"
            );
        }
    }
    assert_eq!(
        comparable(content.into_values()).len(),
        expected
            .iter()
            .filter(|alert| VIEWERS.iter().any(|(viewer, home)| may_see(alert, viewer, home)))
            .count(),
        "seed {seed}: one id for each alert"
    );
}

/// What the demo says of itself at its end is what was delivered.
fn check_end(seed: u64, played: &Played) {
    let raised = |kind: &str| {
        let lines = played.deliveries.iter().filter(|line| line["kind"] == kind);
        let raised = lines.filter(|line| ["open", "resolved"].contains(&text(&line["state"])));
        raised.map(|line| text(&line["id"])).collect::<BTreeSet<_>>().len()
    };
    let (urgent, cross_border) = (raised("urgent"), raised("cross-border"));
    assert!(
        urgent >= 1 && cross_border >= 1,
        "seed {seed}: {urgent} urgent, {cross_border} cross-border"
    );
    assert_eq!(played.end["urgent"], urgent, "seed {seed}");
    assert_eq!(played.end["cross_border"], cross_border, "seed {seed}");
    assert_eq!(played.end["decoys_alerted"], json!([]), "seed {seed}");
    for line in played.deliveries.iter().filter(|line| line["kind"] != "urgent") {
        let key = line["key"].as_array().unwrap();
        assert!(
            !key.iter().any(|field| is_internal(text(&field["value"]))),
            "seed {seed}: {line}"
        );
    }
}

#[test]
fn every_viewer_is_told_what_the_oracle_says() {
    let seeds = std::env::var("CHAPPE_SEEDS").map_or(SEEDS, |text| text.parse().expect("a number"));
    let workers = 2;
    let looked_at: BTreeSet<String> = std::thread::scope(|scope| {
        let work = |worker| {
            let mut oracle = Oracle::start().unwrap();
            let mut looked_at = BTreeSet::new();
            for seed in (1..=seeds).filter(|seed| seed % workers == worker) {
                let played = play(seed);
                check(seed, &mut oracle, &played);
                check_end(seed, &played);
                looked_at.extend(played.deliveries.iter().flat_map(traits));
            }
            looked_at
        };
        let threads: Vec<_> = (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    for what in [
        "to eu",
        "to countries",
        "to recipients",
        "open",
        "resolved",
        "retracted",
        "match-only reports",
        "a second revision",
    ] {
        assert!(looked_at.contains(what), "no seed shows {what}: {looked_at:?}");
    }
}

/// What of the installation a delivery exercised.
fn traits(line: &Value) -> Vec<String> {
    let mut traits = vec![
        format!("to {}", text(&line["audience"])),
        text(&line["state"]).to_owned(),
    ];
    traits.extend((line["unlisted"] != 0).then(|| "match-only reports".to_owned()));
    traits.extend((line["revision"] != 1).then(|| "a second revision".to_owned()));
    traits
}

#[test]
fn a_seed_gives_the_same_ids_whenever_it_is_played() {
    let ids = |played: &Played| {
        let alerts: BTreeSet<String> = played
            .deliveries
            .iter()
            .map(|line| format!("{} {}", line["viewer"], line["id"]))
            .collect();
        let incidents: BTreeSet<String> = played
            .reports
            .iter()
            .map(|report| report["incident"].to_string())
            .collect();
        (alerts, incidents)
    };
    let (first, again) = (play(7), play(7));
    assert_eq!(ids(&first), ids(&again));
    assert_eq!(first.end, again.end);
    assert_ne!(ids(&first), ids(&play(8)), "another seed, another secret");
}

#[test]
fn a_demo_that_cannot_run_says_so_and_fails() {
    let output = demo(&["--no-wait", "--json"])
        .env("TMPDIR", "/nonexistent/for-the-demo")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("temporary folder"));
    assert_eq!(demo(&["--seed", "one"]).output().unwrap().status.code(), Some(2));
}
