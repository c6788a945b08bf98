//! Three countries report to three processes: one alert, the same to whoever asks wherever.

use chappe_kafka_cluster::is_available;
use chappe_proto::v1;
use chappe_tests::{Feed, indicator, now, report};

use super::installation::Services;

const MEMBERS: [(&str, &str); 3] = [("csirt-at", "AT"), ("csirt-de", "DE"), ("csirt-fr", "FR")];

async fn all_report(services: &Services, value: &str) {
    for (at, (member, country)) in MEMBERS.into_iter().enumerate() {
        let mut incident = report(&format!("{value}-{country}"));
        incident.countries = vec![country.to_owned()];
        incident.indicators = vec![indicator(v1::IndicatorType::Domain, value)];
        let request = v1::SubmitRequest {
            incident: Some(incident),
            validate_only: false,
        };
        let mut incidents = services.ingests[at].client(member).unwrap().incidents();
        incidents.submit(request).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_alert_of_three_processes_is_the_same_on_both_and_a_cursor_goes_on_elsewhere() {
    if !is_available("one_alert_of_three_processes") {
        return;
    }
    let mut services = Services::start(3, 2, 2);
    all_report(&services, "first.example").await;
    let client = |at: usize| services.notifications[at].client("europol").unwrap();
    let mut one = Feed::from_beginning(&client(0)).await.unwrap();
    let mut other = Feed::from_beginning(&client(1)).await.unwrap();
    let reported = now();
    let first = one.until_judged(reported).await.unwrap();
    assert_eq!(first, other.until_judged(reported).await.unwrap());
    let mut ids: Vec<&str> = first.iter().map(|alert| alert.name.as_str()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "one alert: {first:?}");
    assert_eq!(first.last().unwrap().countries, ["AT", "DE", "FR"]);

    // What the one told last, the other goes on from, and the other way round.
    for (value, from, to) in [("second.example", 0, 1), ("third.example", 1, 0)] {
        let mut feed = Feed::from_beginning(&client(from)).await.unwrap();
        let mut told = feed.until_judged(now()).await.unwrap();
        let cursor = feed.cursor().to_owned();
        drop(feed);
        all_report(&services, value).await;
        let reported = now();
        let request = v1::SubscribeRequest {
            cursor,
            ..v1::SubscribeRequest::default()
        };
        let mut resumed = Feed::open(&client(to), request).await.unwrap();
        let more = resumed.until_judged(reported).await.unwrap();
        assert!(!more.is_empty(), "{value}");
        told.extend(more);
        let mut whole = Feed::from_beginning(&client(from)).await.unwrap();
        assert_eq!(told, whole.until_judged(reported).await.unwrap(), "{value}");
    }
    drop((one, other));
    services.stop();
}
