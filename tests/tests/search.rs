//! What is known of a value: each member finds what the alerts that it may see name, and of what is hidden no more than of what is not there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Output;

use chappe_proto::v1;
use chappe_tests::{Feed, Program, chappe, indicator, now, report, submit};
use serde_json::Value;

/// What Germany tells France alone.
const HIDDEN: &str = "secret.bad.example";
/// What nobody ever reported.
const ABSENT: &str = "absent.bad.example";

/// Three members see the same value, each in its own country.
async fn wave(program: &Program, key: &str, sector: &str, kind: v1::IndicatorType, value: &str) {
    for (member, country) in [("csirt-cz", "CZ"), ("csirt-de", "DE"), ("csirt-fr", "FR")] {
        let seen = v1::Incident {
            countries: vec![country.into()],
            sectors: vec![sector.into()],
            indicators: vec![indicator(kind, value)],
            ..report(key)
        };
        submit(program, member, seen).await;
    }
}

async fn confided(program: &Program) {
    let told = v1::Incident {
        countries: vec!["DE".into()],
        severity: v1::Severity::Critical as i32,
        indicators: vec![indicator(v1::IndicatorType::Domain, HIDDEN)],
        marking: Some(v1::Marking {
            tlp: v1::Tlp::Red as i32,
            recipients: vec!["csirt-fr".into(), "csirt-de".into()],
            ..v1::Marking::default()
        }),
        ..report("confided")
    };
    submit(program, "csirt-de", told).await;
}

/// An installation in which everything that is reported was judged.
async fn installation(folder: &std::path::Path) -> Program {
    let program = Program::start(folder).unwrap();
    wave(
        &program,
        "url",
        "waste-management",
        v1::IndicatorType::Url,
        "https://login.bad.example/x",
    )
    .await;
    wave(&program, "ip", "research", v1::IndicatorType::Ip, "203.0.113.9").await;
    wave(&program, "mail", "food", v1::IndicatorType::Email, "boss@phish.example").await;
    confided(&program).await;
    for member in ["csirt-at", "csirt-fr"] {
        let mut feed = Feed::from_beginning(&program.client(member).unwrap()).await.unwrap();
        feed.until_judged(now()).await.unwrap();
    }
    program
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The values that the alerts share which a command prints as JSON, sorted.
fn keys(program: &Program, member: &str, words: &[&str]) -> Vec<String> {
    let said = stdout(&chappe(program, member, words));
    let lines = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut keys: Vec<String> = lines
        .map(|alert| alert["key"][0]["value"].as_str().unwrap().to_owned())
        .collect();
    keys.sort();
    keys
}

fn listed(program: &Program, member: &str, options: &[&str]) -> Vec<String> {
    keys(
        program,
        member,
        &[&["alert", "list", "--all", "--json"], options].concat(),
    )
}

const URL: &str = "url:https://login.bad.example/x";
const IP: &str = "ip:203.0.113.9";

fn lists_are_searched(program: &Program) {
    let at = |options: &[&str]| listed(program, "csirt-at", options);
    assert_eq!(at(&["--value", "hxxps://login[.]bad[.]example/x"]), [URL]);
    assert_eq!(at(&["--domain", "bad.example"]), [URL]);
    assert_eq!(at(&["--network", "203.0.113.0/24"]), [IP]);
    assert_eq!(
        at(&["--network", "203.0.113.0/24", "--value", URL]),
        [IP, URL],
        "any of them"
    );
    assert_eq!(at(&["--domain", "bad.example", "--sector", "waste-management"]), [URL]);
    assert_eq!(at(&["--domain", "bad.example", "--sector", "research"]), [""; 0]);
    assert_eq!(at(&["--value", URL, "--until", "2020-01-01"]), [""; 0]);
    assert_eq!(at(&["--value", URL, "--since", "2020-01-01"]), [URL]);
    let mail = at(&["--value", "boss@phish.example"]);
    assert!(
        matches!(mail.as_slice(), [only] if only.starts_with("email:pseudonym:")),
        "{mail:?}"
    );
    assert_eq!(at(&["--value", "boss@other.example"]), [""; 0]);

    // Where something is hidden and where nothing is, the answers are the same bytes.
    let answer = |value| {
        chappe(
            program,
            "csirt-at",
            &["alert", "list", "--all", "--json", "--value", value],
        )
    };
    let (hidden, absent) = (answer(HIDDEN), answer(ABSENT));
    assert_eq!((&hidden.stdout, &hidden.stderr), (&absent.stdout, &absent.stderr));
    assert_eq!(stdout(&hidden), "");
    assert_eq!(
        listed(program, "csirt-fr", &["--value", HIDDEN]),
        [format!("domain:{HIDDEN}")]
    );
    assert_eq!(
        listed(program, "csirt-fr", &["--domain", "bad.example"]),
        [format!("domain:{HIDDEN}"), URL.to_owned()]
    );

    let csv = stdout(&chappe(
        program,
        "csirt-at",
        &["export", "csv", "--network", "203.0.113.0/24"],
    ));
    assert!(csv.contains("203.0.113.9") && !csv.contains("login"), "{csv}");
}

fn values_are_searched(program: &Program) {
    let at = |values: &[&str]| keys(program, "csirt-at", &[&["search", "--json"], values].concat());
    assert_eq!(at(&["bad[.]example"]), [URL], "a URL by a domain above its host");
    assert_eq!(at(&["login.bad.example", "203.0.113.9"]), [IP, URL]);
    assert_eq!(at(&["203.0.113.0/24"]), [IP]);
    assert_eq!(at(&["--since", "2020-01-01", URL]), [URL]);
    assert_eq!(at(&["--until", "2020-01-01", URL]), [""; 0]);
    assert_eq!(at(&["--exercise", URL]), [""; 0]);
    let answer = |value| chappe(program, "csirt-at", &["search", value]);
    let (hidden, absent) = (answer(HIDDEN), answer(ABSENT));
    assert_eq!((&hidden.stdout, &hidden.stderr), (&absent.stdout, &absent.stderr));
    assert_eq!(stdout(&hidden), "");
    let shown = stdout(&chappe(program, "csirt-fr", &["search", HIDDEN]));
    assert!(shown.contains("secret[.]bad[.]example"), "{shown}");
}

/// What a hunt finds: what was looked for, and what the alert shares; then all that it said beside it, and its exit code.
fn hunted(program: &Program, member: &str, words: &[&str]) -> (Vec<String>, String, Option<i32>) {
    let output = chappe(program, member, &[&["hunt", "--json"], words].concat());
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let words = |line: Value| {
        let shared = line["alert"]["key"][0]["value"].as_str();
        // Of an own report its key.
        let shared = shared.or_else(|| line["incident"]["report_key"].as_str());
        format!("{} in {}", line["sought"].as_str().unwrap(), shared.unwrap())
    };
    let mut found: Vec<String> = lines.map(words).collect();
    found.sort();
    (found, String::from_utf8(output.stderr).unwrap(), output.status.code())
}

/// What France reported itself.
fn names_own_reports(found: &[String]) -> bool {
    let own = ["email:boss@phish.example in mail", "ip:203.0.113.9 in ip"];
    own.iter().all(|own| found.iter().any(|found| found == own))
}

fn lists_are_hunted(program: &Program) {
    let file = |name: &str, text: &str| {
        let path = program.folder().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // More than one request takes, most of which nobody ever reported.
    let many: String = (0..150)
        .map(|n| format!("n{n}.bad.example\nboss{n}@phish.example\n"))
        .collect();
    let list = file(
        "list.txt",
        &format!(
            "# a remark\n{many}hxxps://login[.]bad[.]example/x\n203.0.113.9\nboss@phish.example\nbad.example\nevil\n{HIDDEN}\n"
        ),
    );
    let (found, said, code) = hunted(program, "csirt-at", &[&list]);
    let mail = found.first().unwrap();
    assert!(
        mail.starts_with("email:boss@phish.example in email:pseudonym:"),
        "{mail}"
    );
    assert_eq!(found[1..], [format!("{IP} in {IP}"), format!("{URL} in {URL}")]);
    assert!(said.contains("list.txt:306: ") && said.contains("3 found"), "{said}");
    assert_eq!(code, Some(3), "a line could not be read");

    let (found, _, _) = hunted(program, "csirt-fr", &[&list]);
    assert!(found[0] == format!("domain:{HIDDEN} in domain:{HIDDEN}") && names_own_reports(&found));
    let only = file("below.txt", "bad.example\n");
    assert_eq!(hunted(program, "csirt-at", &[&only]).0, [""; 0]);
    let (found, _, code) = hunted(program, "csirt-at", &[&only, "--below"]);
    assert_eq!((found, code), (vec![format!("domain:bad.example in {URL}")], Some(0)));

    // Where something is hidden and where nothing is: the same, but for the name.
    let (hidden, absent) = (
        file("hunt.txt", HIDDEN),
        hunted(program, "csirt-at", &[&file("hunt2.txt", ABSENT)]),
    );
    assert_eq!(hunted(program, "csirt-at", &[&hidden]), absent);
    assert_eq!(absent.2, Some(0));

    let event = file(
        "event.json",
        r#"{"Event": {"uuid": "5f0c7d1e-0000-4000-8000-000000000001", "timestamp": "1601564930", "info": "Wave",
            "Tag": [{"name": "tlp:green"}], "Attribute": [{"type": "ip-dst", "value": "203.0.113.9"}]}}"#,
    );
    assert_eq!(hunted(program, "csirt-at", &[&event]).0, [format!("{IP} in {IP}")]);
    let mapping = file(
        "columns.toml",
        "source = \"seen\"\nformat = \"csv\"\nkey = [\"n\"]\n[columns]\nn = \"ignore\"\nwhat = \"indicator\"\n",
    );
    let table = file("seen.csv", "n,what\n1,ip:203.0.113.9\n2,domain:absent.example\n");
    assert_eq!(
        hunted(program, "csirt-at", &[&table, "--mapping", &mapping]).0,
        [format!("{IP} in {IP}")]
    );

    for (name, text, says) in [
        ("empty.txt", "# nothing\n", "names nothing that could be looked for"),
        ("broken.json", "{\"Event\": ", "broken.json: "),
    ] {
        let (found, said, code) = hunted(program, "csirt-at", &[&file(name, text)]);
        assert!(
            found.is_empty() && said.contains(says) && code == Some(1),
            "{said} {code:?}"
        );
    }
    let (_, said, code) = hunted(program, "csirt-at", &["absent-file"]);
    assert!(said.contains("cannot read absent-file") && code == Some(1), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_member_finds_what_it_may_see_and_of_the_rest_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = installation(folder.path()).await;
    lists_are_searched(&program);
    values_are_searched(&program);
    lists_are_hunted(&program);
    program.stop().unwrap();
}
