//! Members by certificate, with the real program: who is let in, who is put out and how soon, and what a new certificate disturbs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use chappe_proto::v1;
use chappe_tests::{Client, Feed, Options, PATIENCE, Program, binary, report};
use tonic::{Code, Status};

const ANALYST: &str = "person-analyst";
const REPORTER: &str = "service-reporter";

fn start(folder: &Path) -> Program {
    let options = Options::default().init(["--tls"]).set("listen", "127.0.0.1:0");
    Program::start_with(folder, options).unwrap()
}

fn client(program: &Program, member: &str, holder: &str) -> Client {
    Client::by_certificate(program.address(), &program.identity(member, holder), None).unwrap()
}

async fn submit(client: &Client, key: &str) -> Result<v1::SubmitResponse, Status> {
    let request = v1::SubmitRequest {
        incident: Some(report(key)),
        validate_only: false,
    };
    client
        .incidents()
        .submit(request)
        .await
        .map(tonic::Response::into_inner)
}

/// `chappe …` beside the installation's files.
fn operator(program: &Program, words: &[&str]) -> String {
    let config = program.folder().join("chappe.toml");
    let output = Command::new(binary().unwrap())
        .args(words)
        .arg("--config")
        .arg(config)
        .output()
        .unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{words:?}: {said}");
    said
}

/// `chappe …` as a member calls it.
fn member(program: &Program, identity: &Path, words: &[&str]) -> Output {
    let server = format!("https://{}", program.address());
    let mut command = Command::new(binary().unwrap());
    command
        .args(words)
        .args(["--server", &server])
        .arg("--identity")
        .arg(identity);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// The serial number of the only certificate of a holder, as the operator is shown it.
fn serial(program: &Program, member: &str, holder: &str) -> String {
    let lines = operator(program, &["member", "list", "--certificates", "--json"]);
    let mut lines = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let path = format!("/member/{member}/{}", holder.replace('-', "/"));
    let line = lines.find(|line| line["id"].as_str().is_some_and(|id| id.ends_with(&path)));
    line.unwrap()["serial"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_certificate_says_who_speaks_and_a_token_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let program = start(folder.path());
    assert!(
        program.ready_line().contains("10 members by certificate"),
        "{}",
        program.ready_line()
    );
    let austria = client(&program, "csirt-at", REPORTER);
    let receipt = submit(&austria, "by-certificate").await.unwrap().receipt.unwrap();
    let get = v1::GetIncidentRequest { name: receipt.incident };
    let own = client(&program, "csirt-at", ANALYST)
        .incidents()
        .get_incident(get.clone())
        .await;
    assert!(own.is_ok(), "a person and a service speak for the same member");
    let other = client(&program, "csirt-be", ANALYST)
        .incidents()
        .get_incident(get)
        .await;
    assert_eq!(other.unwrap_err().code(), Code::NotFound);

    let identity = program.identity("csirt-at", REPORTER);
    let both = Client::by_certificate(program.address(), &identity, Some("a token")).unwrap();
    assert_eq!(submit(&both, "both").await.unwrap_err().code(), Code::Unauthenticated);
    let token = Client::by_token_over_tls(program.address(), &identity, "a token").unwrap();
    assert!(
        submit(&token, "by-token").await.is_err(),
        "a connection without a certificate is refused"
    );
    let plain = Client::new(program.address(), "a token").unwrap();
    assert!(submit(&plain, "in-plain-text").await.is_err());
}

#[tokio::test]
async fn people_decide_and_services_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let program = start(folder.path());
    let decide = |holder| {
        let client = client(&program, "europol", holder);
        let request = v1::DecideRequest {
            name: format!("alerts/{}", "0".repeat(32)),
            verdict: v1::Verdict::Confirmed as i32,
            reason: String::new(),
        };
        async move { client.alerts().decide(request).await.unwrap_err().code() }
    };
    assert_eq!(decide(REPORTER).await, Code::PermissionDenied);
    assert_eq!(decide(ANALYST).await, Code::NotFound);
}

#[tokio::test]
async fn who_is_revoked_is_out_with_every_stream_and_the_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let program = start(folder.path());
    let mut belgium = Feed::from_beginning(&client(&program, "csirt-be", ANALYST))
        .await
        .unwrap();
    let mut europol = Feed::from_beginning(&client(&program, "europol", ANALYST))
        .await
        .unwrap();
    belgium.next().await.unwrap();
    let revoked = serial(&program, "csirt-be", ANALYST);
    let before = Instant::now();
    operator(&program, &["member", "revoke", "csirt-be", "--serial", &revoked]);
    let refused = async {
        let mut attempts = 0;
        while submit(&client(&program, "csirt-be", ANALYST), &format!("attempt-{attempts}"))
            .await
            .is_ok()
        {
            attempts += 1;
        }
        before.elapsed()
    };
    let ended = async {
        while belgium.next().await.is_ok() {}
        before.elapsed()
    };
    let both = tokio::time::timeout(PATIENCE, async { tokio::join!(refused, ended) });
    let (refused, ended) = both.await.expect("who is revoked is put out");
    // The harness hides what passing tests print.
    let _ = writeln!(
        std::io::stderr(),
        "identity: after a revocation new connections were refused in {:.1} s, the open stream ended in {:.1} s",
        refused.as_secs_f64(),
        ended.as_secs_f64()
    );
    submit(&client(&program, "csirt-be", REPORTER), "another-certificate")
        .await
        .unwrap();
    europol.next().await.unwrap();

    let words = member(&program, &program.identity("csirt-be", ANALYST), &["watch"]);
    assert_eq!(words.status.code(), Some(1));
    assert!(said(&words).contains("revoked"), "{}", said(&words));
    operator(&program, &["member", "revoke", "csirt-be"]);
    let whole = async { while submit(&client(&program, "csirt-be", REPORTER), "whole").await.is_ok() {} };
    tokio::time::timeout(PATIENCE, whole)
        .await
        .expect("a member that is revoked is put out");
    europol.next().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_server_certificate_drops_no_request_and_ends_no_stream() {
    /// Members that submit, each over a new connection for each report.
    const REPORTERS: [&str; 4] = ["csirt-at", "csirt-de", "csirt-fr", "csirt-pl"];
    let folder = tempfile::tempdir().unwrap();
    let program = start(folder.path());
    let mut europol = Feed::from_beginning(&client(&program, "europol", ANALYST))
        .await
        .unwrap();
    let kept = client(&program, "csirt-it", REPORTER);
    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let address = program.address();
    let reporters = REPORTERS.map(|member| {
        let identity = program.identity(member, REPORTER);
        let (stop, sent) = (Arc::clone(&stop), Arc::clone(&sent));
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let key = format!("{member}-{}", sent.fetch_add(1, Ordering::Relaxed));
                let client = Client::by_certificate(address, &identity, None).unwrap();
                submit(&client, &key).await.unwrap();
            }
        })
    });
    for rotation in 1..=3 {
        let renewed = operator(&program, &["tls", "renew"]);
        assert!(renewed.contains("revocation lists of 10 members"), "{renewed}");
        // Until the program says that it shows the new one, over a connection from before.
        let mut nth = 0;
        let taken = async {
            while program.said().matches("were read again").count() < rotation {
                submit(&kept, &format!("kept-{rotation}-{nth}")).await.unwrap();
                nth += 1;
            }
        };
        tokio::time::timeout(PATIENCE, taken)
            .await
            .expect("the new certificate is taken");
    }
    europol.next().await.unwrap();
    stop.store(true, Ordering::Relaxed);
    for reporter in reporters {
        reporter.await.expect("no request is dropped");
    }
    let _ = writeln!(
        std::io::stderr(),
        "identity: {} requests, each over a connection of its own, and none dropped over three certificates",
        sent.load(Ordering::Relaxed)
    );
}

#[tokio::test]
async fn members_are_added_with_certificates_of_ours_or_of_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = start(folder.path());
    let added = operator(
        &program,
        &["member", "add", "csirt-lv", "--country", "LV", "--person", "k.ozola"],
    );
    assert!(added.contains("/member/csirt-lv/person/k.ozola"), "{added}");
    program.restart().unwrap();
    assert!(
        program.ready_line().contains("11 members by certificate"),
        "{}",
        program.ready_line()
    );
    submit(&client(&program, "csirt-lv", "person-k.ozola"), "from-latvia")
        .await
        .unwrap();
    // One that there is gets a further certificate, in force at once.
    operator(&program, &["member", "add", "csirt-at", "--service", "misp"]);
    let feed = folder.path().join("report.json");
    let text = r#"{"report_key":"misp-1","incident_type":"malicious-code/c2-server","tlp":"amber","countries":["AT"],"indicators":["domain:c2.bad.example"]}"#;
    std::fs::write(&feed, text).unwrap();
    let submitted = member(
        &program,
        &program.identity("csirt-at", "service-misp"),
        &["submit", feed.to_str().unwrap()],
    );
    assert!(submitted.status.success(), "{}", said(&submitted));
}

#[test]
fn without_tls_no_other_address_is_served_and_no_open_key_with_it() {
    let plain = tempfile::tempdir().unwrap();
    let open = Options::default().set("listen", "0.0.0.0:7600");
    let refused = Program::start_with(plain.path(), open).unwrap_err();
    assert!(format!("{refused:#}").contains("add a table [tls]"), "{refused:#}");

    let folder = tempfile::tempdir().unwrap();
    let mut program = start(folder.path());
    program.stop().unwrap();
    let key = folder.path().join("tls/server/key.pem");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let refused = program.restart().unwrap_err();
    assert!(format!("{refused:#}").contains("chmod 600"), "{refused:#}");
}
