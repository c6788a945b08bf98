//! Constituencies that are none, of nobody, or not the caller's to state.

use chappe_proto::v1;
use chappe_tests::Client;
use tonic::{Code, Status};

use super::bystander::{Bystander, SENDER, assert_fault, assert_refused};

const HUB: &str = "europol";

async fn state(client: &Client, member: &str, constituency: v1::Constituency) -> Status {
    let request = v1::SetConstituencyRequest {
        member: member.into(),
        constituency: Some(constituency),
    };
    client.members().set_constituency(request).await.unwrap_err()
}

fn domains(names: &[&str]) -> v1::Constituency {
    v1::Constituency {
        domains: names.iter().map(ToString::to_string).collect(),
        ..v1::Constituency::default()
    }
}

fn wrong() -> [(v1::Constituency, &'static str, &'static str); 6] {
    let none = v1::Constituency::default;
    let networks = |texts: &[&str]| v1::Constituency {
        networks: texts.iter().map(ToString::to_string).collect(),
        ..none()
    };
    let countries = vec!["AT".into(), "EL".into()];
    [
        (none(), "constituency", "give at least one"),
        (
            v1::Constituency { countries, ..none() },
            "constituency.countries[1]",
            "GR",
        ),
        (
            networks(&["192.0.2.0/24", "192.0.2.1/24"]),
            "constituency.networks[1]",
            "write 192.0.2.0/24",
        ),
        (networks(&["::/0"]), "constituency.networks[0]", "at least /16"),
        (
            domains(&["bank.at", "*.bank.at"]),
            "constituency.domains[1]",
            "write 'bank.at'",
        ),
        (domains(&["co.uk"]), "constituency.domains[0]", "public suffix"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn constituencies_that_are_none_or_not_the_callers_to_state_are_refused() {
    let mut bystander = Bystander::new().await;
    let (hub, sender) = (
        bystander.program.client(HUB).unwrap(),
        bystander.program.client(SENDER).unwrap(),
    );
    for (constituency, field, says) in wrong() {
        assert_fault(field, &state(&hub, SENDER, constituency.clone()).await, field, says);
        let refusal = state(&sender, SENDER, constituency).await;
        assert_refused(field, &refusal, Code::PermissionDenied, "HUB_ONLY", "the hub");
        bystander.is_unharmed(field).await;
    }
    let refusal = state(&hub, "csirt-xx", domains(&["bank.at"])).await;
    assert_fault("unknown member", &refusal, "member", "no member of this installation");
    // As many faults as a message holds, and a message that holds more than is taken.
    let most = vec!["*.at"; 150_000];
    let refusal = state(&hub, SENDER, domains(&most)).await;
    let message = refusal.message();
    assert_eq!(refusal.code(), Code::InvalidArgument, "{message}");
    assert!(
        message.starts_with("constituency.domains[0]: ") && message.contains("and 100 more"),
        "{message}"
    );
    let refusal = state(&hub, SENDER, domains(&["a-name-of-twenty.at"; 60_000])).await;
    assert_eq!(refusal.code(), Code::OutOfRange, "{refusal:?}");
    let names: Vec<String> = (0..20_001).map(|i| format!("n{i}.at")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let refusal = state(&hub, SENDER, domains(&names)).await;
    assert_fault("too many", &refusal, "constituency", "at most 20000");
    let answer = hub
        .members()
        .list_constituencies(v1::ListConstituenciesRequest {})
        .await;
    assert!(answer.unwrap().into_inner().summaries.is_empty());
    bystander.is_unharmed("constituencies").await;
    bystander.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_a_members_token_is_shown_a_constituency() {
    let mut bystander = Bystander::new().await;
    let client = Client::new(bystander.program.address(), "x").unwrap();
    let refusals = [
        state(&client, SENDER, domains(&["bank.at"])).await,
        client
            .members()
            .get_constituency(v1::GetConstituencyRequest::default())
            .await
            .unwrap_err(),
        client
            .members()
            .list_constituencies(v1::ListConstituenciesRequest {})
            .await
            .unwrap_err(),
    ];
    for refusal in refusals {
        assert_eq!(refusal.code(), Code::Unauthenticated, "{refusal:?}");
    }
    bystander.is_unharmed("wrong tokens").await;
    bystander.stop().await;
}
