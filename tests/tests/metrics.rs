//! Metrics and log lines: what the dashboard, the alert rules and the documentation name is what the program exports, and all of it is documented.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use chappe_kafka_cluster::is_available;
use chappe_proto::v1;
use chappe_tests::{Feed, Options, PATIENCE, Program, http, indicator, now, report, submit, workspace};

/// A row of the table in docs/operations.md: `| `name` | kind | where | meaning |`.
#[derive(Debug)]
struct Row {
    kind: String,
    /// `all`, or the log that it is a metric of: `embedded`, `Kafka`.
    on: String,
}

fn text(path: &str) -> String {
    fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn documented() -> BTreeMap<String, Row> {
    let page = text("docs/operations.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `chappe_"));
    let mut table = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let name = format!("chappe_{}", cells[0].split(['`', '{']).next().unwrap());
        let row = Row {
            kind: cells[1].to_owned(),
            on: cells[2].to_owned(),
        };
        assert!(!cells[3].is_empty(), "{name}: the table says nothing of it");
        assert!(
            table.insert(name.clone(), row).is_none(),
            "{name} stands twice in the table"
        );
    }
    table
}

/// The metrics that a text names, the parts of a histogram as the histogram.
fn named(text: &str, known: &BTreeMap<String, Row>) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '_');
    let names = words.filter(|word| word.starts_with("chappe_") && !word.ends_with('_'));
    let whole = |name: &str| {
        let parts = ["_bucket", "_sum", "_count"].iter();
        let base = parts.filter_map(|part| name.strip_suffix(part));
        let histogram = base.filter(|base| known.get(*base).is_some_and(|row| row.kind == "histogram"));
        histogram.map(str::to_owned).next().unwrap_or_else(|| name.to_owned())
    };
    names.map(whole).collect()
}

/// Asks as Prometheus does.
fn scrape(address: SocketAddr) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}

/// Metric and kind, as the `# TYPE` lines say.
fn exported(page: &str) -> BTreeMap<String, String> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let pairs = types.filter_map(|line| line.split_once(' '));
    pairs
        .map(|(name, kind)| (name.to_owned(), kind.trim().to_owned()))
        .collect()
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Three countries name one domain, a report is refused, an analyst watches and goes on to.
async fn load(program: &Program) -> Feed {
    let mut feed = Feed::from_beginning(&program.client("europol").unwrap()).await.unwrap();
    feed.until_judged(now()).await.unwrap();
    for (member, country) in [("csirt-at", "AT"), ("csirt-de", "DE"), ("csirt-fr", "FR")] {
        let mut incident = report(&format!("of-{member}"));
        incident.countries = vec![country.to_owned()];
        incident.indicators = vec![indicator(v1::IndicatorType::Domain, "shared.example")];
        submit(program, member, incident).await;
    }
    let refused = v1::SubmitRequest {
        incident: Some(v1::Incident::default()),
        validate_only: false,
    };
    let answer = program.client("csirt-at").unwrap().incidents().submit(refused).await;
    assert_eq!(answer.unwrap_err().code(), tonic::Code::InvalidArgument);
    let alerts = feed.until_judged(now()).await.unwrap();
    assert!(!alerts.is_empty(), "no alert was raised");
    feed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_exported_is_documented_and_what_is_documented_is_exported() {
    let (folder, metrics) = (tempfile::tempdir().unwrap(), free_port());
    let options = Options::default().set("metrics", metrics.to_string());
    let options = options.set("taxii.listen", "127.0.0.1:0");
    let mut program = Program::start_with(folder.path(), options).unwrap();
    let feed = load(&program).await;
    let taxii = program.taxii().unwrap().unwrap();
    let asked = http(taxii, "GET", "/taxii2/", &[], "").unwrap();
    assert_eq!(asked.status, 401);
    let page = scrape(metrics);
    let (exported, documented) = (exported(&page), documented());
    let other = if program.is_on_kafka().unwrap() {
        "embedded"
    } else {
        "Kafka"
    };
    for (name, kind) in &exported {
        let row = documented
            .get(name)
            .unwrap_or_else(|| panic!("{name} is exported and not documented"));
        assert_eq!(&row.kind, kind, "{name}");
        assert_ne!(row.on, other, "{name}");
    }
    for (name, row) in &documented {
        assert!(
            row.on == other || row.on == "TLS" || exported.contains_key(name),
            "{name} is documented and not exported"
        );
    }
    for line in [
        "chappe_grpc_requests_total{method=\"IncidentService/Submit\",code=\"OK\"} 3",
        "chappe_grpc_requests_total{method=\"IncidentService/Submit\",code=\"INVALID_ARGUMENT\"} 1",
        "chappe_grpc_request_seconds_count{method=\"IncidentService/Submit\"} 4",
        "chappe_ingest_accepted_total 3",
        "chappe_ingest_refused_total{reason=\"INVALID\"} 1",
        "chappe_ingest_ack_seconds_bucket{le=\"+Inf\"} 3",
        "chappe_notification_streams_open 1",
    ] {
        assert!(page.lines().any(|found| found == line), "no line {line}\n{page}");
    }
    drop(feed);
    program.stop().unwrap();
}

/// Without certificates nothing of them is exported: their names are those of the source.
#[test]
fn what_connections_over_tls_export_is_documented() {
    let (source, documented) = (text("crates/tls/src/metric_names.rs"), documented());
    let of_tls = documented.iter().filter(|(_, row)| row.on == "TLS");
    let names: BTreeSet<String> = of_tls.map(|(name, _)| name.clone()).collect();
    assert_eq!(named(&source, &documented), names);
}

#[test]
fn a_service_exports_what_it_does_and_nothing_else() {
    if !is_available("a_service_exports_what_it_does_and_nothing_else") {
        return;
    }
    let (folder, metrics) = (tempfile::tempdir().unwrap(), free_port());
    let options = Options::default().on_kafka().service("notification");
    let options = options.set("metrics", metrics.to_string());
    let mut program = Program::start_with(folder.path(), options).unwrap();
    let page = scrape(metrics);
    assert!(page.contains("chappe_notification_streams_open"), "{page}");
    assert!(
        !page.contains("chappe_ingest_") && !page.contains("chappe_correlation_"),
        "{page}"
    );
    program.stop().unwrap();
}

#[test]
fn log_lines_are_json_objects_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::default().under(["env", "CHAPPE_LOG_FORMAT=json"]);
    let mut program = Program::start_with(folder.path(), options).unwrap();
    program.stop().unwrap();
    let said = program.said();
    let lines: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let draining = lines
        .iter()
        .find(|line| line["fields"]["message"] == "draining")
        .unwrap();
    assert_eq!(
        (draining["level"].as_str(), draining["fields"]["signal"].as_str()),
        (Some("INFO"), Some("SIGTERM"))
    );
    assert!(draining["timestamp"].is_string() && draining["target"].is_string());
}

#[test]
fn alert_rules_and_dashboard_name_documented_metrics_and_each_rule_has_a_runbook() {
    let (documented, rules) = (documented(), text("deploy/prometheus/alerts.yml"));
    let (dashboard, page) = (text("deploy/grafana/dashboard.json"), text("docs/operations.md"));
    let mut shown = BTreeSet::new();
    for (file, text) in [
        ("alerts.yml", &rules),
        ("dashboard.json", &dashboard),
        ("operations.md", &page),
    ] {
        for name in named(text, &documented) {
            assert!(documented.contains_key(&name), "{file} names {name}");
            shown.extend((file != "operations.md").then_some(name));
        }
    }
    let hidden: Vec<&String> = documented.keys().filter(|name| !shown.contains(*name)).collect();
    assert!(hidden.is_empty(), "neither dashboard nor alerts show {hidden:?}");

    let after = |key: &'static str| rules.lines().filter_map(move |line| line.trim().strip_prefix(key));
    let alerts: Vec<&str> = after("- alert: ").collect();
    let runbooks: Vec<&str> = after("runbook: docs/operations.md#").collect();
    let sections: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### Chappe"))
        .collect();
    assert_eq!(after("summary: ").count(), alerts.len());
    assert!(after("severity: ").all(|severity| ["critical", "warning"].contains(&severity)));
    assert_eq!(
        runbooks,
        alerts.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>()
    );
    let headed: Vec<String> = sections.iter().map(|rest| format!("Chappe{rest}")).collect();
    assert_eq!(
        headed, alerts,
        "each alert has its section in docs/operations.md, in the same order"
    );
    let tests = text("deploy/prometheus/alerts.test.yml");
    for alert in alerts {
        assert!(tests.contains(&format!("- name: {alert}\n")), "{alert} has no test");
    }
}

#[test]
fn the_dashboard_is_one_that_grafana_reads() {
    let dashboard: serde_json::Value = serde_json::from_str(&text("deploy/grafana/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "two panels share an id");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().unwrap();
        let letters: BTreeSet<&str> = targets.iter().map(|target| target["refId"].as_str().unwrap()).collect();
        assert_eq!(letters.len(), targets.len(), "{}", panel["title"]);
        assert!(
            targets
                .iter()
                .all(|target| target["expr"].as_str().unwrap().contains("chappe_"))
        );
        assert!(!panel["title"].as_str().unwrap().is_empty());
    }
}
