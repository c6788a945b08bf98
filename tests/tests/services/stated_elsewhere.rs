//! What a member answers for is stated to one process and in force in the other.

use chappe_kafka_cluster::is_available;
use chappe_proto::v1;
use chappe_proto::v1::subscribe_response::Event;
use chappe_tests::{Client, Feed, indicator, now, report};

use super::installation::Services;

/// Heartbeats, one a second, within which a process has read what another recorded.
const HEARTBEATS: usize = 60;

fn answers_for(domain: &str) -> v1::Constituency {
    v1::Constituency {
        domains: vec![domain.into()],
        ..v1::Constituency::default()
    }
}

/// States it; where the outcome is not known, which a slow broker brings about, the same is sent again, as the answer says.
async fn state(hub: &Client, domain: &str) {
    let request = v1::SetConstituencyRequest {
        member: "csirt-at".into(),
        constituency: Some(answers_for(domain)),
    };
    for _ in 0..HEARTBEATS {
        match hub.members().set_constituency(request.clone()).await {
            Ok(_) => return,
            Err(status) => assert_eq!(status.code(), tonic::Code::Unavailable, "{status:?}"),
        }
    }
    panic!("{domain} is not taken");
}

async fn all_report(services: &Services, value: &str) {
    for (member, country) in [("csirt-cz", "CZ"), ("csirt-de", "DE"), ("csirt-fr", "FR")] {
        let incident = v1::Incident {
            countries: vec![country.to_owned()],
            indicators: vec![indicator(v1::IndicatorType::Domain, value)],
            ..report(value)
        };
        let request = v1::SubmitRequest {
            incident: Some(incident),
            validate_only: false,
        };
        let client = services.ingests[0].client(member).unwrap();
        client.incidents().submit(request).await.unwrap();
    }
}

/// Goes on with the stream until its process knows what is in force.
async fn until_in_force(feed: &mut Feed, client: &Client, domain: &str) {
    for _ in 0..HEARTBEATS {
        let request = v1::GetConstituencyRequest::default();
        let shown = client.members().get_constituency(request).await.unwrap().into_inner();
        if shown.constituency == Some(answers_for(domain)) {
            return;
        }
        let Event::Heartbeat(_) = feed.next().await.unwrap() else {
            panic!("nothing was reported");
        };
    }
    panic!("{domain} is not in force elsewhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_constituency_that_one_process_took_is_in_force_in_the_other() {
    if !is_available("a_constituency_that_one_process_took") {
        return;
    }
    let mut services = Services::start(1, 1, 2);
    let hub = services.notifications[0].client("europol").unwrap();
    let austria = services.notifications[1].client("csirt-at").unwrap();
    state(&hub, "bank.at").await;
    let mine = v1::SubscribeRequest {
        filter: Some(v1::AlertFilter {
            mine: true,
            ..v1::AlertFilter::default()
        }),
        ..v1::SubscribeRequest::default()
    };
    let mut feed = Feed::open(&austria, mine).await.unwrap();
    for (before, domain) in [("bank.at", "rail.at"), ("rail.at", "post.at")] {
        state(&hub, domain).await;
        until_in_force(&mut feed, &austria, domain).await;
        all_report(&services, &format!("www.{before}")).await;
        all_report(&services, &format!("www.{domain}")).await;
        let told = feed.until_judged(now()).await.unwrap();
        assert!(!told.is_empty());
        for alert in told {
            let hits: Vec<&str> = alert.hits.iter().map(|hit| hit.entry.as_str()).collect();
            assert_eq!(
                (alert.key[0].value.clone(), hits),
                (format!("domain:www.{domain}"), vec![domain])
            );
        }
    }
    drop(feed);
    services.stop();
}
