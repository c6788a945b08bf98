//! A member looks its own incidents up, by what they name and by everything else, and learns nothing of what others reported.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Output;
use std::time::Instant;

use chappe_model::Timestamp;
use chappe_proto::{time, v1};
use chappe_tests::{Client, PATIENCE, Program, chappe, indicator, now, report, submit};
use serde_json::Value;

const URL: &str = "https://login.bad.example/x";
/// What Germany tells France alone.
const CONFIDED: &str = "secret.bad.example";
/// What nobody ever reported.
const ABSENT: &str = "absent.bad.example";

fn phishing() -> v1::Incident {
    use v1::IndicatorType::{Email, Ip, Url};
    v1::Incident {
        incident_type: "fraud/phishing".into(),
        severity: v1::Severity::High as i32,
        countries: vec!["DE".into(), "FR".into()],
        sectors: vec!["energy".into()],
        indicators: vec![
            indicator(Url, URL),
            indicator(Ip, "203.0.113.9"),
            indicator(Email, "boss@phish.example"),
        ],
        summary: "for our eyes".into(),
        ..report("CASE-1")
    }
}

async fn reports(program: &Program) {
    use v1::IndicatorType::{Domain, Ip, Url};
    let confided = v1::Incident {
        marking: Some(v1::Marking {
            tlp: v1::Tlp::Red as i32,
            recipients: vec!["csirt-fr".into(), "csirt-de".into()],
            ..v1::Marking::default()
        }),
        indicators: vec![indicator(Domain, CONFIDED)],
        ..report("CASE-2")
    };
    let first = v1::Incident {
        indicators: vec![indicator(Ip, "198.51.100.7")],
        ..report("CASE-3")
    };
    let second = v1::Incident {
        revision: 2,
        indicators: vec![indicator(Ip, "198.51.100.8")],
        ..first.clone()
    };
    let withdrawn = v1::Incident {
        indicators: vec![indicator(Domain, "mistake.bad.example")],
        ..report("CASE-4")
    };
    let drill = v1::Incident {
        exercise: true,
        ..phishing()
    };
    let drill = v1::Incident {
        report_key: "DRILL".into(),
        ..drill
    };
    for incident in [phishing(), confided, first, second, withdrawn, drill] {
        submit(program, "csirt-de", incident).await;
    }
    let others = v1::Incident {
        indicators: vec![indicator(Url, URL)],
        ..report("CASE-1")
    };
    submit(program, "csirt-at", others).await;
    let retract = v1::RetractRequest {
        report_key: "CASE-4".into(),
        revision: 2,
        reason: "seen in a lab".into(),
    };
    program
        .client("csirt-de")
        .unwrap()
        .incidents()
        .retract(retract)
        .await
        .unwrap();
}

/// Waits until everything that was reported before is searched.
async fn until_searched(client: &Client, at: Timestamp) {
    let began = Instant::now();
    loop {
        let answer = client
            .searches()
            .search_incidents(v1::SearchIncidentsRequest::default())
            .await
            .unwrap();
        let to = answer.into_inner().searched_to.map(|to| time::from_wire(&to).unwrap());
        if to.is_some_and(|to| to >= at) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "searched up to {to:?} only");
        tokio::task::yield_now().await;
    }
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The keys, revisions and states of the incidents that a command prints as JSON, sorted.
fn keys(program: &Program, member: &str, words: &[&str]) -> Vec<String> {
    let said = stdout(&chappe(program, member, words));
    let lines = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines = lines.map(|line| {
        if line["incident"].is_null() {
            line
        } else {
            line["incident"].clone()
        }
    });
    let words = |line: Value| {
        let state = line["state"].as_str().unwrap().to_owned();
        format!(
            "{} {} {state}",
            line["report_key"].as_str().unwrap_or("alert"),
            line["revision"]
        )
    };
    let mut keys: Vec<String> = lines.map(words).collect();
    keys.sort();
    keys
}

fn own_incidents_are_listed(program: &Program) {
    let listed =
        |member: &str, options: &[&str]| keys(program, member, &[&["incident", "list", "--json"], options].concat());
    let of = |options: &[&str]| listed("csirt-de", options);
    let all = [
        "CASE-1 1 stands",
        "CASE-2 1 stands",
        "CASE-3 2 stands",
        "CASE-4 2 retracted",
    ];
    assert_eq!(of(&[]), all);
    assert_eq!(of(&["--exercise"]), ["DRILL 1 stands"]);
    assert_eq!(of(&["--value", "hxxps://login[.]bad[.]example/x"]), all[..1]);
    assert_eq!(of(&["--value", "boss@phish.example"]), all[..1], "by its pseudonym");
    assert_eq!(of(&["--network", "203.0.113.0/24,198.51.100.8/32"]), [all[0], all[2]]);
    assert_eq!(
        of(&["--value", "198.51.100.7"]),
        [""; 0],
        "the newest revision names another"
    );
    assert_eq!(
        of(&["--domain", "bad.example"]),
        [all[0], all[1], all[3]],
        "a retracted one by what it named"
    );
    assert_eq!(of(&["--domain", "bad.example", "--sector", "energy"]), all[..1]);
    assert_eq!(
        of(&["--type", "fraud", "--country", "FR", "--min-severity", "high"]),
        all[..1]
    );
    assert_eq!(of(&["--until", "2020-01-01"]), [""; 0]);
    assert_eq!(of(&["--since", "2020-01-01", "--country", "AT"]), all[1..]);
    assert_eq!(listed("csirt-at", &[]), ["CASE-1 1 stands"]);
    assert_eq!(listed("csirt-at", &["--value", "203.0.113.9"]), [""; 0]);
    // Neither a recipient nor the hub is shown a report as such.
    for member in ["csirt-fr", "europol"] {
        assert_eq!(listed(member, &[]), [""; 0]);
        let answer = |value| chappe(program, member, &["incident", "list", "--value", value]);
        let (confided, absent) = (answer(CONFIDED), answer(ABSENT));
        assert_eq!((&confided.stdout, &confided.stderr), (&absent.stdout, &absent.stderr));
        assert_eq!(stdout(&confided), "");
    }
    let table = stdout(&chappe(
        program,
        "csirt-de",
        &["incident", "list", "--domain", "mistake.bad.example"],
    ));
    assert!(table.contains("retracted") && table.contains("CASE-4"), "{table}");
}

fn one_is_shown(program: &Program) {
    let show = |member: &str, which: &str| chappe(program, member, &["incident", "show", which]);
    let shown = stdout(&show("csirt-de", "CASE-1"));
    assert!(
        shown.contains("for our eyes") && shown.contains("hxxps://login[.]bad[.]example/x"),
        "{shown}"
    );
    assert!(stdout(&show("csirt-de", "DRILL")).contains("exercise"));
    let json = stdout(&chappe(program, "csirt-de", &["incident", "show", "CASE-2", "--json"]));
    let line: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (line["tlp"].as_str(), line["recipients"][1].as_str()),
        (Some("TLP:RED"), Some("csirt-fr"))
    );
    let name = line["id"].as_str().unwrap();
    assert!(stdout(&show("csirt-de", name)).contains("CASE-2"));
    for (member, which) in [("csirt-fr", name), ("csirt-fr", "CASE-2"), ("csirt-de", "CASE-9")] {
        let refused = show(member, which);
        assert_eq!(
            (refused.status.code(), refused.stdout.len()),
            (Some(1), 0),
            "{refused:?}"
        );
    }
}

fn search_and_hunt_look_among_them(program: &Program) {
    let search = |words: &[&str]| keys(program, "csirt-de", &[&["search", "--json"], words].concat());
    assert_eq!(search(&["203.0.113.9"]), ["CASE-1 1 stands"]);
    assert_eq!(search(&["203.0.113.9", "--only", "alerts"]), [""; 0]);
    assert_eq!(
        search(&["mistake.bad.example", "--only", "incidents"]),
        ["CASE-4 2 retracted"]
    );
    let shown = stdout(&chappe(program, "csirt-de", &["search", "bad.example"]));
    assert!(shown.contains("your report") && shown.contains("CASE-1"), "{shown}");
    let nothing = chappe(program, "csirt-de", &["search", ABSENT]);
    let said = String::from_utf8(nothing.stderr.clone()).unwrap();
    assert!(
        stdout(&nothing).is_empty() && said.contains("no report of yours"),
        "{said}"
    );

    // More than one request takes; one is retracted, so that what names it is asked for in halves.
    let many: String = (0..100).map(|n| format!("n{n}.absent.example\n")).collect();
    let list = program.folder().join("list.txt");
    std::fs::write(
        &list,
        format!("{many}mistake.bad.example\n198.51.100.0/24\nboss@phish.example\n"),
    )
    .unwrap();
    let hunted = chappe(program, "csirt-de", &["hunt", list.to_str().unwrap(), "--json"]);
    let said = String::from_utf8(hunted.stderr.clone()).unwrap();
    let lines = stdout(&hunted);
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut found: Vec<String> = lines
        .map(|line| {
            format!(
                "{} in {}",
                line["sought"].as_str().unwrap(),
                line["incident"]["report_key"].as_str().unwrap()
            )
        })
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            "domain:mistake.bad.example in CASE-4",
            "email:boss@phish.example in CASE-1",
            "network:198.51.100.0/24 in CASE-3"
        ]
    );
    assert!(
        said.contains("103 indicators looked for, 3 found, 3 lines; 0 not read"),
        "{said}"
    );
}

/// Names by pages of one.
async fn paged(client: &Client) -> Vec<String> {
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = v1::SearchIncidentsRequest {
            page_size: 1,
            page_token,
            ..v1::SearchIncidentsRequest::default()
        };
        let page = client.searches().search_incidents(request).await.unwrap().into_inner();
        names.extend(page.incidents.into_iter().map(|incident| incident.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return names;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_member_finds_its_own_incidents_and_of_others_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path()).unwrap();
    reports(&program).await;
    let client = program.client("csirt-de").unwrap();
    until_searched(&client, now()).await;
    own_incidents_are_listed(&program);
    one_is_shown(&program);
    search_and_hunt_look_among_them(&program);
    let before = paged(&client).await;
    assert_eq!(before.len(), 4);

    // The index is built again from the log.
    program.stop().unwrap();
    program.restart().unwrap();
    let client = program.client("csirt-de").unwrap();
    until_searched(&client, now()).await;
    assert_eq!(paged(&client).await, before);
    own_incidents_are_listed(&program);
    program.stop().unwrap();
}
