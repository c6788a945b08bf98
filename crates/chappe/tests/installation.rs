//! An installation as `chappe serve` runs it, used through the client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chappe::client::{Following, Outcome, ServerAddress, Session, Told, submit};
use chappe::{Config, Installation, Pace, Running, Token};
use chappe_clock::SystemClock;
use chappe_proto::v1;
use tokio::net::TcpListener;

const MEMBERS: [(&str, &str, &str); 4] = [
    ("csirt-at", "AT", "member"),
    ("csirt-cz", "CZ", "member"),
    ("csirt-de", "DE", "member"),
    ("europol", "", "duty-officer"),
];

/// Longer than any of this takes: a bound on failure, not a wait.
const PATIENCE: Duration = Duration::from_secs(60);

fn token(member: &str) -> Token {
    Token::parse(&format!("token-of-{member}")).unwrap()
}

fn config(folder: &Path) -> Config {
    config_with(folder, "")
}

fn config_with(folder: &Path, policy: &str) -> Config {
    let mut text = policy.to_owned();
    for (id, country, role) in MEMBERS {
        let country = if country.is_empty() {
            String::new()
        } else {
            format!("country = \"{country}\"\n")
        };
        text += &format!(
            "[[members]]\nid = \"{id}\"\nrole = \"{role}\"\n{country}token-digest = \"{}\"\n",
            token(id).digest()
        );
    }
    Config::parse(&text, Path::new("chappe.toml"), folder).unwrap()
}

async fn start(folder: &Path) -> Running {
    start_at(folder, "127.0.0.1:0", &config(folder)).await
}

async fn start_at(folder: &Path, address: &str, config: &Config) -> Running {
    assert!(config.data.starts_with(folder));
    let listener = TcpListener::bind(address).await.unwrap();
    let pace = Pace {
        heartbeat: Duration::from_millis(50),
        mark_interval: Duration::from_millis(50),
        ..Pace::default()
    };
    Installation::with_pace(pace)
        .start(listener, config, Arc::new(SystemClock::default()))
        .await
        .unwrap()
}

fn session(running: &Running, member: &str) -> Session {
    Session::new(
        &ServerAddress::parse(&running.address().to_string()).unwrap(),
        &token(member),
    )
    .unwrap()
}

fn report(country: &str) -> v1::Incident {
    v1::Incident {
        report_key: "CASE-1".into(),
        incident_type: "fraud/phishing".into(),
        countries: vec![country.into()],
        marking: Some(v1::Marking {
            tlp: v1::Tlp::Amber as i32,
            ..v1::Marking::default()
        }),
        indicators: vec![v1::Indicator {
            r#type: v1::IndicatorType::Domain as i32,
            value: "Bad[.]example".into(),
        }],
        ..v1::Incident::default()
    }
}

async fn send(running: &Running, member: &str, reports: &[v1::Incident]) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::Unanswered; reports.len()];
    submit(&session(running, member), reports, |i, outcome| {
        outcomes[i] = outcome.clone()
    })
    .await
    .unwrap();
    outcomes
}

fn watch(running: &Running, member: &str, cursor: &str) -> Following {
    let from_beginning = cursor.is_empty();
    Following::new(
        session(running, member),
        v1::SubscribeRequest {
            from_beginning,
            cursor: cursor.into(),
            ..Default::default()
        },
    )
}

async fn next_alert(following: &mut Following) -> v1::Alert {
    let wait = async {
        loop {
            if let Told::Alert(alert) = following.next().await.unwrap() {
                return *alert;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("no alert came")
}

#[tokio::test(flavor = "multi_thread")]
async fn three_members_of_three_countries_make_one_alert_that_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let mut following = watch(&running, "europol", "");
    let mut receipts = Vec::new();
    for (member, country) in [("csirt-at", "AT"), ("csirt-cz", "CZ"), ("csirt-de", "DE")] {
        receipts.push(send(&running, member, &[report(country)]).await);
    }
    let alert = next_alert(&mut following).await;
    assert_eq!(
        (alert.kind(), alert.audience(), alert.state()),
        (v1::AlertKind::CrossBorder, v1::Audience::Eu, v1::AlertState::Open)
    );
    assert_eq!(alert.countries, ["AT", "CZ", "DE"]);
    assert_eq!(alert.key[0].defanged, "domain:bad[.]example");
    let again = send(&running, "csirt-at", &[report("AT")]).await;
    assert_eq!(again, receipts[0], "the same report again gives the same receipt");
    running.shutdown().await.unwrap();

    let running = start(folder.path()).await;
    assert_eq!(running.summary().policy_version, 1);
    assert_eq!(
        send(&running, "csirt-at", &[report("AT")]).await,
        receipts[0],
        "after a restart too"
    );
    let mut late = watch(&running, "csirt-de", "");
    assert_eq!(next_alert(&mut late).await.name, alert.name);
    let explain = || {
        let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../sigma/rules/cross_border.yml");
        let data = folder.path().join("chappe-data");
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_chappe"));
        command
            .args(["rules", "explain", rules, "--json", "--data"])
            .arg(data)
            .output()
            .unwrap()
    };
    assert_eq!(
        explain().status.code(),
        Some(1),
        "an installation that runs keeps its log to itself"
    );
    running.shutdown().await.unwrap();

    let output = explain();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (told["measured"].as_u64(), &told["values"]),
        (Some(3), &serde_json::json!(["AT", "CZ", "DE"]))
    );
    assert_eq!(told["alert"].as_str(), Some(alert.name.trim_start_matches("alerts/")));
}

#[tokio::test(flavor = "multi_thread")]
async fn campaigns_are_linked_but_not_by_what_a_warning_list_of_the_file_names() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("lists/libraries")).unwrap();
    let list = r#"{"name": "Libraries", "version": 7, "type": "hostname", "list": ["bad.example"], "matching_attributes": ["domain"]}"#;
    std::fs::write(folder.path().join("lists/libraries/list.json"), list).unwrap();
    let policy = "[policy]\nlink-campaigns = true\nwarning-lists = [\"lists/\"]\n";
    let running = start_at(folder.path(), "127.0.0.1:0", &config_with(folder.path(), policy)).await;
    let mut following = watch(&running, "europol", "");
    for (member, country) in [("csirt-at", "AT"), ("csirt-cz", "CZ"), ("csirt-de", "DE")] {
        let mut both = report(country);
        both.indicators.push(v1::Indicator {
            r#type: v1::IndicatorType::Url as i32,
            value: "https://bad.example/kit".into(),
        });
        send(&running, member, &[both]).await;
    }
    let campaign = loop {
        let alert = next_alert(&mut following).await;
        if alert.kind() == v1::AlertKind::Campaign {
            break alert;
        }
    };
    let shared: Vec<&str> = campaign.key.iter().map(|key| &*key.value).collect();
    assert_eq!(shared, ["url:https://bad.example/kit"], "the list is for domains");
    assert_eq!(campaign.explanation.unwrap().warning_lists, ["Libraries 7"]);
    running.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_reports_are_each_answered_and_faults_name_their_fields() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let reports: Vec<_> = (0..1_000)
        .map(|i| {
            let countries = if i == 500 {
                vec!["AT".into(), "UK".into()]
            } else {
                vec!["AT".into()]
            };
            v1::Incident {
                report_key: format!("CASE-{i}"),
                countries,
                ..report("AT")
            }
        })
        .collect();
    let outcomes = send(&running, "csirt-at", &reports).await;
    let accepted = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Outcome::Accepted(_)))
        .count();
    assert_eq!(accepted, 999);
    let Outcome::Refused(refusal) = &outcomes[500] else {
        panic!("{:?}", outcomes[500])
    };
    assert_eq!(refusal.violations[0].0, "incident.countries[1]");
    let huge = v1::Incident {
        summary: "x".repeat(2 * 1024 * 1024),
        ..report("AT")
    };
    let outcomes = send(
        &running,
        "csirt-at",
        &[
            huge,
            v1::Incident {
                report_key: "after".into(),
                ..report("AT")
            },
        ],
    )
    .await;
    assert!(matches!(&outcomes[0], Outcome::Refused(refusal) if refusal.message.contains("split the report")));
    assert!(
        matches!(&outcomes[1], Outcome::Accepted(_)),
        "a report that is too large spoils no other"
    );
    running.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_goes_on_where_it_was_and_an_unknown_token_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    for (member, country) in [("csirt-at", "AT"), ("csirt-cz", "CZ"), ("csirt-de", "DE")] {
        send(&running, member, &[report(country)]).await;
    }
    let mut following = watch(&running, "csirt-at", "");
    let first = next_alert(&mut following).await;
    let cursor = following.cursor().to_owned();
    drop(following);
    for (member, country) in [("csirt-at", "AT"), ("csirt-cz", "CZ"), ("csirt-de", "DE")] {
        let other = v1::Indicator {
            r#type: v1::IndicatorType::Domain as i32,
            value: "worse.example".into(),
        };
        send(
            &running,
            member,
            &[v1::Incident {
                report_key: "CASE-2".into(),
                indicators: vec![other],
                ..report(country)
            }],
        )
        .await;
    }
    let mut resumed = watch(&running, "csirt-at", &cursor);
    let second = next_alert(&mut resumed).await;
    assert_ne!(second.name, first.name, "what was seen is not told again");
    assert_eq!(second.key[0].value, "domain:worse.example");

    let stranger = Session::new(
        &ServerAddress::parse(&running.address().to_string()).unwrap(),
        &token("nobody"),
    )
    .unwrap();
    let refusal = Following::new(stranger, v1::SubscribeRequest::default())
        .next()
        .await
        .unwrap_err();
    assert_eq!(refusal.reason.as_deref(), Some("TOKEN_UNKNOWN"));
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn two_installations_never_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let second = Installation::default()
        .start(listener, &config(folder.path()), Arc::new(SystemClock::default()))
        .await;
    let message = chappe::with_sources(&second.unwrap_err());
    assert!(message.contains("another process"), "{message}");
    running.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_and_quotas_lose_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    (config.quotas.burst, config.quotas.reports_per_second) = (Some(300), Some(2_000));
    let running = start_at(folder.path(), "127.0.0.1:0", &config).await;
    let address = running.address();
    let session = session(&running, "csirt-at");
    let reports: Vec<_> = (0..1_500)
        .map(|i| v1::Incident {
            report_key: format!("CASE-{i}"),
            ..report("AT")
        })
        .collect();
    let (halfway, seen) = tokio::sync::oneshot::channel();
    let mut halfway = Some(halfway);
    let mut receipts = 0;
    let told = |_: usize, outcome: &Outcome| {
        assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
        receipts += 1;
        if receipts == 200 {
            halfway.take().unwrap().send(()).unwrap();
        }
    };
    let restart = async {
        seen.await.unwrap();
        running.shutdown().await.unwrap();
        start_at(folder.path(), &address.to_string(), &config).await
    };
    let (submitted, running) = tokio::join!(submit(&session, &reports, told), restart);
    submitted.unwrap();
    assert_eq!(receipts, 1_500);
    running.shutdown().await.unwrap();
}
