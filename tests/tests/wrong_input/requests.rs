//! Requests whose message is well formed and which make no sense: revisions, names, cursors, page tokens, filters, tokens.

use chappe_proto::v1;
use chappe_tests::{Client, indicator, report};
use tonic::{Code, Status};

use super::bystander::{Bystander, SENDER, assert_fault, assert_refused, shared_report};

fn retraction(report_key: &str, revision: u32, reason: &str) -> v1::RetractRequest {
    v1::RetractRequest {
        report_key: report_key.into(),
        revision,
        reason: reason.into(),
    }
}

async fn retract(client: &Client, request: v1::RetractRequest) -> Status {
    client.incidents().retract(request).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_that_contradict_what_is_stored_are_refused() {
    let mut bystander = Bystander::new().await;
    let other = v1::Incident {
        title: "Other content".into(),
        ..shared_report("sound", "AT")
    };
    let refusal = bystander.submit("csirt-at", other).await.unwrap_err();
    assert_refused(
        "other content",
        &refusal,
        Code::AlreadyExists,
        "REVISION_EXISTS",
        "raise the revision and send again",
    );
    bystander.is_unharmed("other content").await;

    let drill = v1::Incident {
        exercise: true,
        revision: 2,
        ..shared_report("sound", "AT")
    };
    let refusal = bystander.submit("csirt-at", drill).await.unwrap_err();
    assert_refused(
        "exercise changed",
        &refusal,
        Code::FailedPrecondition,
        "EXERCISE_CHANGED",
        "incident.exercise",
    );
    assert!(
        refusal.message().contains("under a key of its own"),
        "{}",
        refusal.message()
    );
    bystander.is_unharmed("exercise changed").await;

    bystander.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retractions_of_what_is_not_there_to_retract_are_refused() {
    let mut bystander = Bystander::new().await;
    let reporter = bystander.program.client("csirt-at").unwrap();
    let refusal = retract(&reporter, retraction("never-reported", 2, "")).await;
    assert_refused(
        "retract unknown",
        &refusal,
        Code::NotFound,
        "NOT_FOUND",
        "no such report of yours",
    );
    bystander.is_unharmed("retract unknown").await;

    let another = bystander.program.client(SENDER).unwrap();
    let refusal = retract(&another, retraction("sound", 2, "")).await;
    assert_refused(
        "retract another's",
        &refusal,
        Code::NotFound,
        "NOT_FOUND",
        "no such report of yours",
    );
    bystander.is_unharmed("retract another's").await;

    let refusal = retract(&reporter, retraction("sound", 1, "")).await;
    assert_refused(
        "low revision",
        &refusal,
        Code::FailedPrecondition,
        "REVISION_TOO_LOW",
        "must be above it",
    );
    bystander.is_unharmed("low revision").await;

    for (case, request, field, says) in [
        (
            "no revision",
            retraction("sound", 0, ""),
            "revision",
            "a revision of its own, above the last",
        ),
        (
            "retract nothing",
            retraction("", 2, ""),
            "report_key",
            "give each incident a key",
        ),
        (
            "long reason",
            retraction("sound", 2, &"r".repeat(513)),
            "reason",
            "at most 512",
        ),
        (
            "control character",
            retraction("sound", 2, "\u{0}"),
            "reason",
            "control character",
        ),
    ] {
        assert_fault(case, &retract(&reporter, request).await, field, says);
        bystander.is_unharmed(case).await;
    }
    bystander.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_name_nothing_are_refused() {
    let mut bystander = Bystander::new().await;
    let client = bystander.program.client(SENDER).unwrap();
    for name in [
        "",
        "incidents/",
        "incidents/42",
        "alerts/00000000000000000000000000000000",
        "incidents/../secret",
    ] {
        let request = v1::GetIncidentRequest { name: name.into() };
        let refusal = client.incidents().get_incident(request).await.unwrap_err();
        assert_fault(name, &refusal, "name", "incidents/");
        let request = v1::GetAlertRequest {
            name: name.replace("alerts/", "incidents/"),
        };
        let refusal = client.alerts().get_alert(request).await.unwrap_err();
        assert_fault(name, &refusal, "name", "alerts/");
        bystander.is_unharmed(name).await;
    }
    let unknown = "incidents/00000000000000000000000000000000".to_owned();
    for name in [unknown, bystander.foreign_incident()] {
        let refusal = client
            .incidents()
            .get_incident(v1::GetIncidentRequest { name: name.clone() })
            .await
            .unwrap_err();
        assert_refused(
            &name,
            &refusal,
            Code::NotFound,
            "NOT_FOUND",
            "there is no such report of yours",
        );
    }
    let request = v1::GetAlertRequest {
        name: "alerts/00000000000000000000000000000000".into(),
    };
    let refusal = client.alerts().get_alert(request).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound, "{refusal:?}");
    let empty = v1::SubmitRequest {
        incident: None,
        validate_only: false,
    };
    assert_fault(
        "no report",
        &client.incidents().submit(empty).await.unwrap_err(),
        "incident",
        "send the report",
    );
    bystander.is_unharmed("unknown names").await;
    bystander.stop().await;
}

async fn subscribe(client: &Client, request: v1::SubscribeRequest) -> Status {
    client.alerts().subscribe(request).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_that_were_never_given_are_refused() {
    let mut bystander = Bystander::new().await;
    let client = bystander.program.client(SENDER).unwrap();
    let europol = bystander.program.client("europol").unwrap();
    let mut feed = chappe_tests::Feed::from_beginning(&europol).await.unwrap();
    feed.next().await.unwrap();
    let forged = feed.cursor().replace('0', "1");
    for cursor in ["x".to_owned(), forged, feed.cursor().to_owned()] {
        let request = v1::SubscribeRequest {
            cursor,
            ..v1::SubscribeRequest::default()
        };
        assert_fault(
            "cursor",
            &subscribe(&client, request).await,
            "cursor",
            "or none and list the alerts",
        );
        bystander.is_unharmed("cursor").await;
    }
    bystander.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_were_never_given_are_refused() {
    let mut bystander = Bystander::new().await;
    let client = bystander.program.client(SENDER).unwrap();
    let id = bystander.alert().replace("alerts/", "");
    for page_token in ["x".to_owned(), id.clone(), format!("{id}{id}")] {
        let request = v1::ListAlertsRequest {
            page_token,
            ..v1::ListAlertsRequest::default()
        };
        let refusal = client.alerts().list_alerts(request).await.unwrap_err();
        assert_fault(
            "page token",
            &refusal,
            "page_token",
            "leave it out to list from the start",
        );
    }
    for page_size in [-1, 1_001, i32::MAX] {
        let request = v1::ListAlertsRequest {
            page_size,
            ..v1::ListAlertsRequest::default()
        };
        let refusal = client.alerts().list_alerts(request).await.unwrap_err();
        assert_fault("page size", &refusal, "page_size", "give 1 to 1000");
    }
    bystander.is_unharmed("pages").await;
    bystander.stop().await;
}

fn wrong_filters() -> [(v1::AlertFilter, &'static str, &'static str); 6] {
    let filter = v1::AlertFilter::default;
    [
        (
            v1::AlertFilter {
                kinds: vec![3, 9],
                ..filter()
            },
            "filter.kinds[1]",
            "give 1 (campaign)",
        ),
        (
            v1::AlertFilter {
                kinds: vec![3; 8],
                ..filter()
            },
            "filter.kinds",
            "at most 7",
        ),
        (
            v1::AlertFilter {
                min_severity: 6,
                ..filter()
            },
            "filter.min_severity",
            "give 1 (info)",
        ),
        (
            v1::AlertFilter {
                countries: vec!["EL".into()],
                ..filter()
            },
            "filter.countries[0]",
            "GR",
        ),
        (
            v1::AlertFilter {
                countries: vec!["AT".into(); 65],
                ..filter()
            },
            "filter.countries",
            "at most 64",
        ),
        (
            v1::AlertFilter {
                incident_types: vec!["fraud".into(), "theft".into()],
                ..filter()
            },
            "filter.incident_types[1]",
            "RSIT",
        ),
    ]
}

fn wrong_searches() -> [(v1::AlertFilter, &'static str, &'static str); 6] {
    let filter = v1::AlertFilter::default;
    [
        (
            v1::AlertFilter {
                sectors: vec!["energy".into(), "mining".into()],
                ..filter()
            },
            "filter.sectors[1]",
            "mining",
        ),
        (
            v1::AlertFilter {
                values: vec![indicator(v1::IndicatorType::Ip, "192.0.2.300")],
                ..filter()
            },
            "filter.values[0].value",
            "192.0.2.300",
        ),
        (
            v1::AlertFilter {
                values: vec![indicator(v1::IndicatorType::Unspecified, "192.0.2.3")],
                ..filter()
            },
            "filter.values[0].type",
            "1 (ip) to 20 (technique)",
        ),
        (
            v1::AlertFilter {
                values: vec![indicator(v1::IndicatorType::Ip, "192.0.2.3"); 65],
                ..filter()
            },
            "filter.values",
            "at most 64",
        ),
        (
            v1::AlertFilter {
                networks: vec!["192.0.2.0/24".into(), "192.0.2.1/24".into()],
                ..filter()
            },
            "filter.networks[1]",
            "192.0.2.0/24",
        ),
        (
            v1::AlertFilter {
                domains: vec!["*.bad.example".into()],
                ..filter()
            },
            "filter.domains[0]",
            "bad.example",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_of_what_does_not_exist_are_refused() {
    let mut bystander = Bystander::new().await;
    let client = bystander.program.client(SENDER).unwrap();
    for (filter, field, says) in wrong_filters().into_iter().chain(wrong_searches()) {
        let request = v1::SubscribeRequest {
            filter: Some(filter.clone()),
            ..v1::SubscribeRequest::default()
        };
        assert_fault(field, &subscribe(&client, request).await, field, says);
        let request = v1::ListAlertsRequest {
            filter: Some(filter),
            ..v1::ListAlertsRequest::default()
        };
        assert_fault(
            field,
            &client.alerts().list_alerts(request).await.unwrap_err(),
            field,
            says,
        );
        bystander.is_unharmed(field).await;
    }
    bystander.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_a_members_token_gets_anything() {
    let mut bystander = Bystander::new().await;
    let address = bystander.program.address();
    let token = bystander.program.token(SENDER).unwrap().to_owned();
    let request = || v1::SubmitRequest {
        incident: Some(shared_report("wrong", "FR")),
        validate_only: false,
    };
    let check = |case: &str, refusal: Status| {
        assert_eq!(refusal.code(), Code::Unauthenticated, "{case}: {refusal:?}");
        assert!(
            refusal.message().contains("member token"),
            "{case}: {}",
            refusal.message()
        );
    };
    for wrong in ["x", "", &token[1..], &token.to_uppercase()] {
        let client = Client::new(address, wrong).unwrap();
        check(wrong, client.incidents().submit(request()).await.unwrap_err());
        check(
            wrong,
            client
                .alerts()
                .subscribe(v1::SubscribeRequest::default())
                .await
                .unwrap_err(),
        );
        check(
            wrong,
            client
                .alerts()
                .list_alerts(v1::ListAlertsRequest::default())
                .await
                .unwrap_err(),
        );
        check(
            wrong,
            client
                .incidents()
                .submit_stream(tokio_stream::empty())
                .await
                .unwrap_err(),
        );
    }
    let channel = Client::new(address, &token).unwrap().channel();
    let mut nobody = v1::incident_service_client::IncidentServiceClient::new(channel);
    check("no token", nobody.submit(request()).await.unwrap_err());
    // Who reports is decided by the token alone, whatever the message says.
    let mut pretender = report("pretender");
    (pretender.reporter, pretender.name) = ("csirt-at".into(), bystander.foreign_incident());
    let receipt = bystander.submit(SENDER, pretender).await.unwrap();
    assert_ne!(receipt.incident, bystander.foreign_incident());
    bystander.expect_accepted(1);
    bystander.is_unharmed("wrong tokens").await;
    bystander.stop().await;
}
