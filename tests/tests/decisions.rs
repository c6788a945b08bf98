//! Analysts judge alerts: by the command line, durable over kill -9, seen by whoever sees the alert, and by name by the member itself and the hub.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_proto::v1;
use chappe_tests::{Feed, Program, chappe, indicator, now, report, said, submit};
use tonic::{Code, Status};

fn seen_in(country: &str) -> v1::Incident {
    v1::Incident {
        countries: vec![country.into()],
        indicators: vec![indicator(v1::IndicatorType::Domain, "wave.example")],
        ..report("wave")
    }
}

/// The newest revision of the first alert of a kind, as a member is told.
async fn told(program: &Program, member: &str, kind: v1::AlertKind) -> v1::Alert {
    let mut feed = Feed::from_beginning(&program.client(member).unwrap()).await.unwrap();
    let told = feed.until_judged(now()).await.unwrap();
    told.into_iter().rfind(|alert| alert.kind() == kind).unwrap()
}

/// What a member is shown of the decisions on an alert: `who verdict: why`.
async fn judged(program: &Program, member: &str, name: &str) -> Vec<String> {
    let get = v1::GetAlertRequest { name: name.to_owned() };
    let answer = program.client(member).unwrap().alerts().get_alert(get).await.unwrap();
    words(&answer.into_inner().alert.unwrap())
}

fn words(alert: &v1::Alert) -> Vec<String> {
    let word = |decision: &v1::Decision| {
        let (who, verdict, hub) = (&decision.member, decision.verdict(), decision.hub);
        format!(
            "{who} {verdict:?} {}{}",
            decision.reason,
            if hub { " (hub)" } else { "" }
        )
    };
    alert.decisions.iter().map(word).collect()
}

async fn decide(
    program: &Program,
    member: &str,
    name: &str,
    verdict: v1::Verdict,
) -> Result<v1::DecideResponse, Status> {
    let request = v1::DecideRequest {
        name: name.to_owned(),
        verdict: verdict as i32,
        reason: "a sinkhole of ours".into(),
    };
    let answer = program.client(member).unwrap().alerts().decide(request).await;
    answer.map(tonic::Response::into_inner)
}

/// It says what was recorded and how durable that is, or what is missing.
fn dismiss_by_command_line(program: &Program, name: &str) {
    let (done, text) = said(&chappe(program, "csirt-at", &["decide", name, "dismissed"]));
    assert!(!done && text.contains("reason: missing: say why"), "{text}");
    let dismiss = ["decide", name, "dismissed", "--reason", "a sinkhole of ours", "--json"];
    let (done, line) = said(&chappe(program, "csirt-at", &dismiss));
    assert!(done, "{line}");
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let durability = match program.durability().unwrap() {
        v1::DurabilityClass::Disk => "disk",
        _ => "process",
    };
    assert_eq!(
        (&line["verdict"], &line["member"]),
        (&"dismissed".into(), &"csirt-at".into())
    );
    assert_eq!(line["durability"], durability);
}

/// Who may not see an alert is answered as if there were none.
async fn refuse_as_if_there_were_none(program: &Program) {
    let mut urgent = report("urgent");
    (urgent.severity, urgent.countries) = (v1::Severity::Critical as i32, vec!["DE".into()]);
    submit(program, "csirt-de", urgent).await;
    let hidden = told(program, "csirt-de", v1::AlertKind::Urgent).await.name;
    decide(program, "csirt-de", &hidden, v1::Verdict::Acknowledged)
        .await
        .unwrap();
    let absent = format!("alerts/{}", "0".repeat(32));
    let refused = decide(program, "csirt-fr", &hidden, v1::Verdict::Confirmed)
        .await
        .unwrap_err();
    let no_such = decide(program, "csirt-fr", &absent, v1::Verdict::Confirmed)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(
        (refused.message(), refused.details()),
        (no_such.message(), no_such.details())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_is_dismissed_and_everyone_who_sees_it_sees_that_over_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path()).unwrap();
    for (member, country) in [("csirt-at", "AT"), ("csirt-de", "DE"), ("csirt-fr", "FR")] {
        submit(&program, member, seen_in(country)).await;
    }
    let wave = told(&program, "csirt-at", v1::AlertKind::CrossBorder).await;
    assert_eq!((wave.audience(), words(&wave)), (v1::Audience::Eu, vec![]));

    let name = wave.name.as_str();
    dismiss_by_command_line(&program, name);
    let by_name = ["csirt-at Dismissed a sinkhole of ours"];
    let by_nobody = [" Dismissed a sinkhole of ours"];
    assert_eq!(judged(&program, "csirt-de", name).await, by_nobody);
    assert_eq!(judged(&program, "csirt-at", name).await, by_name);
    assert_eq!(judged(&program, "enisa", name).await, by_name);

    refuse_as_if_there_were_none(&program).await;

    // As a power cut: what was answered stands, and the same again is the same.
    let first = decide(&program, "csirt-at", name, v1::Verdict::Dismissed)
        .await
        .unwrap();
    program.kill().unwrap();
    program.restart().unwrap();
    assert_eq!(judged(&program, "csirt-fr", name).await, by_nobody);
    assert_eq!(judged(&program, "europol", name).await, by_name);
    assert_eq!(
        decide(&program, "csirt-at", name, v1::Verdict::Dismissed)
            .await
            .unwrap(),
        first
    );

    // The hub says otherwise; the next revision tells of both.
    let (done, text) = said(&chappe(&program, "enisa", &["decide", name, "confirmed"]));
    assert!(done && text.contains("is confirmed by enisa, "), "{text}");
    submit(&program, "csirt-it", seen_in("IT")).await;
    let revised = told(&program, "csirt-de", v1::AlertKind::CrossBorder).await;
    assert_eq!((revised.name.as_str(), revised.countries.len()), (name, 4));
    assert_eq!(words(&revised), [by_nobody[0], " Confirmed  (hub)"]);

    let (done, text) = said(&chappe(&program, "europol", &["surge", "realised"]));
    assert!(done && text.starts_with("0 surges told to you since "), "{text}");
    program.stop().unwrap();
}
