//! The fixture itself: an installation starts, takes a report, survives a kill and a stop, and its feed shows what was raised.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_proto::v1;
use chappe_tests::{Feed, Options, Program, indicator, now, report};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_lives_dies_and_lives_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start_with(folder.path(), Options::default().set("quotas.burst", 1_000)).unwrap();
    for (member, country) in [("csirt-at", "AT"), ("csirt-de", "DE"), ("csirt-fr", "FR")] {
        let mut incident = report(&format!("of-{member}"));
        incident.countries = vec![country.to_owned()];
        incident.indicators = vec![indicator(v1::IndicatorType::Domain, "shared.example")];
        let request = v1::SubmitRequest {
            incident: Some(incident),
            validate_only: false,
        };
        let answer = program
            .client(member)
            .unwrap()
            .incidents()
            .submit(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.receipt.unwrap().durability(), program.durability().unwrap());
    }
    let reported = now();
    let mut feed = Feed::from_beginning(&program.client("europol").unwrap()).await.unwrap();
    let before = feed.until_judged(reported).await.unwrap();
    assert!(
        before
            .iter()
            .any(|alert| alert.kind == v1::AlertKind::CrossBorder as i32),
        "{before:?}"
    );

    program.kill().unwrap();
    program.restart().unwrap();
    let mut feed = Feed::from_beginning(&program.client("europol").unwrap()).await.unwrap();
    let after = feed.until_judged(now()).await.unwrap();
    assert_eq!(before, after);
    drop(feed);
    program.stop().unwrap();
}
