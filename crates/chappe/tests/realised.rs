//! `chappe surge realised` on an installation that told surges: what was dismissed, beside what was stated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chappe_clock::{Clock, SystemClock};
use chappe_eventlog::{EventLog, MemoryLog, Record, Topic, append_blocking};
use chappe_identity::{Directory, TokenDigest};
use chappe_model::{
    Alert, AlertId, AlertKind, AlertState, Audience, Compartment, Country, CountrySet, Counts, IncidentId, KeyField,
    KeyHash, MemberId, Pap, Principal, Realm, Role, Rsit, Secret, Severity, Surge, Timestamp, Tlp, built_in_rules,
};
use chappe_proto::alert;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;

const DAY_MS: u64 = 24 * 3_600 * 1_000;

fn principal(id: &str, home: &str, role: Role) -> Principal {
    Principal {
        member: MemberId::parse(id).unwrap(),
        home: Country::parse(home).ok(),
        role,
    }
}

/// A surge of phishing in a country.
fn surge(n: u8, country: &str, at: Timestamp) -> Alert {
    let countries: CountrySet = [Country::parse(country).unwrap()].into_iter().collect();
    let mut rule = built_in_rules().remove(0);
    rule.kind = AlertKind::Surge;
    let key = |field: &str, value: &str| KeyField {
        field: field.into(),
        value: value.into(),
    };
    Alert {
        id: AlertId::from_bytes([n; 16]),
        revision: 1,
        revised_at: at,
        epoch: 1,
        state: AlertState::Resolved,
        rule: Arc::new(rule),
        compartment: Compartment::pool(Realm::Live),
        key_hash: KeyHash(u128::from(n)),
        key: Arc::from([key("incident_type", "fraud/phishing"), key("country", country)]),
        anchor: (at, IncidentId::from_bytes([n; 16])),
        last_fire: at,
        audience: Audience::Countries(countries),
        severity: Severity::High,
        tlp: Tlp::Amber,
        pap: Pap::Amber,
        countries,
        sectors: BTreeSet::new(),
        incident_types: BTreeSet::from([Rsit::Phishing]),
        counts: Counts::default(),
        digest: [3; 16],
        evidence: Arc::default(),
        values: vec![],
        peak: 40,
        fires: 1,
        first_seen: at,
        last_seen: at,
        held: false,
        campaign: None,
        surge: Some(Box::new(Surge {
            false_alarms_per_year: 12,
            ..Surge::default()
        })),
        cascade: None,
    }
}

/// Notification alone, on a log that holds these alerts. Where it serves.
async fn serve(alerts: &[Alert], members: &[Principal]) -> SocketAddr {
    let log = Arc::new(MemoryLog::new());
    for told in alerts {
        let key = Bytes::copy_from_slice(told.id.as_bytes());
        let record = Record::data(told.revised_at.as_millis(), key, alert::encode(told).into());
        append_blocking(&*log, Topic::Alerts, 0, record).unwrap();
    }
    let tokens = members
        .iter()
        .map(|who| (who.clone(), TokenDigest::of(&token(who.member.as_str()))));
    let options = chappe_notification::Options {
        secret: Secret::new([7; 32]),
        directory: Arc::new(Directory::new(tokens.collect()).unwrap()),
        heartbeat: Duration::from_secs(1),
        stale_after_ms: 5_000,
    };
    let log: Arc<dyn EventLog> = log;
    let service = chappe_notification::Service::open(options, log, Arc::new(SystemClock::default())).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder().add_service(service.grpc());
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    address
}

fn token(member: &str) -> String {
    format!("token-of-{member}")
}

/// What the program says to a member.
fn chappe(folder: &Path, address: SocketAddr, member: &str, words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
    command
        .args(words)
        .args(["--server", &address.to_string()])
        .env("CHAPPE_TOKEN", token(member))
        .current_dir(folder);
    // The server runs beside it, on the runtime's other threads.
    let output = tokio::task::block_in_place(|| command.output()).unwrap();
    let said = String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hub_counts_what_members_dismissed_and_a_member_its_own() {
    let now = SystemClock::default().now();
    let alerts = [
        surge(1, "AT", now.minus(300 * DAY_MS)),
        surge(2, "AT", now.minus(200 * DAY_MS)),
        surge(3, "DE", now.minus(100 * DAY_MS)),
        surge(4, "DE", now.minus(500 * DAY_MS)),
    ];
    let members = [
        principal("csirt-at", "AT", Role::Member),
        principal("csirt-de", "DE", Role::Member),
        principal("europol", "", Role::DutyOfficer),
    ];
    let address = serve(&alerts, &members).await;
    let folder = tempfile::tempdir().unwrap();
    let said = |member: &str, words: &[&str]| chappe(folder.path(), address, member, words);

    let dismiss = [
        "decide",
        "01010101010101010101010101010101",
        "dismissed",
        "--reason",
        "a new sensor",
    ];
    chappe(folder.path(), address, "csirt-at", &dismiss);
    said(
        "csirt-de",
        &["decide", "alerts/03030303030303030303030303030303", "acknowledged"],
    );

    let hub = said("europol", &["surge", "realised"]);
    for line in [
        "  dismissed     fraud/phishing AT  alerts/01010101010101010101010101010101\n    dismissed by csirt-at, ",
        "  undecided     fraud/phishing AT  alerts/02020202020202020202020202020202\n",
        "  acknowledged  fraud/phishing DE  alerts/03030303030303030303030303030303\n    acknowledged by csirt-de, ",
        "3 surges told to you since ",
        ", in 300 days\n  dismissed  1\n  confirmed  0\n  undecided  2, 1 of them acknowledged\nstated     12 a year ",
        "realised   1.2 a year dismissed, 3.",
        " with the undecided; by the dismissed alone 0.0 to 6.8 (95 %)\nFewer came than is stated",
    ] {
        assert!(hub.contains(line), "{line}\nis not in\n{hub}");
    }
    let austria = said("csirt-at", &["surge", "realised"]);
    assert!(
        austria.contains("2 surges told to you since ") && !austria.contains(" DE "),
        "{austria}"
    );
    let longer = said("csirt-de", &["surge", "realised", "--since", "2020-01-01"]);
    assert!(
        longer.contains("2 surges told to you since 2020-01-01 00:00 UTC, in "),
        "{longer}"
    );
}
