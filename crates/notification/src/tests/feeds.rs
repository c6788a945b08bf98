//! Streams: order, cursors, heartbeats, and what has no effect.

use bytes::Bytes;
use chappe_eventlog::{Record, Topic, append_blocking};
use chappe_model::{Audience, Severity, Timestamp};
use chappe_proto::v1;

use super::rig::{
    Rig, SMALL, all_told, austria, confined, countries, from_beginning, from_now, germany, member, resume, retracted,
    revision, told,
};

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[test]
fn from_now_tells_what_comes_and_from_the_beginning_everything() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.catch_up();
    let mut now = rig.subscribe(&austria(), &from_now());
    let mut all = rig.subscribe(&austria(), &from_beginning());
    for n in 2..=8 {
        rig.append(&revision(n, 1));
    }
    assert_eq!(rig.catch_up(), 7);
    assert_eq!(all_told(&now.next(&rig.board, 3).unwrap()), ["2.1", "3.1", "4.1"]);
    assert_eq!(all_told(&rig.drain(&mut now)), ["5.1", "6.1", "7.1", "8.1"]);
    assert_eq!(
        all_told(&rig.drain(&mut all)),
        ["1.1", "2.1", "3.1", "4.1", "5.1", "6.1", "7.1", "8.1"]
    );
    assert!(rig.drain(&mut all).is_empty());
}

#[test]
fn revisions_rise_and_what_is_fenced_stale_or_unreadable_has_no_effect() {
    let rig = Rig::new();
    let under = |n, number, epoch| {
        let mut alert = revision(n, number);
        alert.epoch = epoch;
        alert
    };
    rig.mark(100, 1);
    rig.append(&under(1, 1, 1));
    rig.append(&under(1, 1, 1)); // again
    rig.append(&under(1, 3, 1));
    rig.append(&under(1, 2, 1)); // out of date
    rig.mark(200, 2); // a new owner
    rig.append(&under(1, 9, 1)); // the old one, not yet dead
    rig.mark(900, 1);
    let unreadable = Record::data(1, Bytes::from_static(b"k"), Bytes::from_static(b"\xff"));
    append_blocking(&rig.log, Topic::Alerts, 0, unreadable).unwrap();
    rig.append(&under(1, 4, 2));
    rig.catch_up();
    assert_eq!(rig.board.watermark(), at(200));
    let mut feed = rig.subscribe(&austria(), &from_beginning());
    assert_eq!(all_told(&rig.drain(&mut feed)), ["1.1", "1.3", "1.4"], "from the log");
    let tail = Rig::on(rig.log.clone(), crate::view::Sizes::default());
    let mut feed = tail.subscribe(&austria(), &from_beginning());
    assert_eq!(all_told(&tail.drain(&mut feed)), ["1.1", "1.3", "1.4"], "from memory");
}

#[test]
fn every_stream_asks_who_may_see() {
    let rig = Rig::new();
    let mut feeds = [austria(), germany()].map(|who| rig.subscribe(&who, &from_beginning()));
    rig.append(&confined(revision(1, 1), &["csirt-de"]));
    let mut for_austria = revision(2, 1);
    for_austria.audience = Audience::Countries(countries(&["AT"]));
    rig.append(&for_austria);
    let mut for_its_reporter = revision(3, 1);
    for_its_reporter.audience = Audience::Reporter(member("csirt-de"));
    rig.append(&for_its_reporter);
    rig.catch_up();
    let seen = feeds.each_mut().map(|feed| all_told(&rig.drain(feed)).join(" "));
    assert_eq!(seen, ["2.1", "1.1 3.1"]);
}

#[test]
fn a_retraction_reaches_the_streams_whose_filter_the_alert_passed() {
    let rig = Rig::new();
    let ask = |min_severity| v1::SubscribeRequest {
        filter: Some(v1::AlertFilter {
            min_severity,
            countries: vec!["AT".into()],
            ..Default::default()
        }),
        ..from_beginning()
    };
    let (mut high, mut critical) = (rig.subscribe(&austria(), &ask(4)), rig.subscribe(&austria(), &ask(5)));
    rig.append(&revision(1, 1));
    let mut low = revision(2, 1);
    low.severity = Severity::Low;
    rig.append(&low);
    rig.append(&retracted(revision(2, 2)));
    rig.append(&retracted(revision(1, 2)));
    rig.catch_up();
    assert_eq!(all_told(&rig.drain(&mut high)), ["1.1", "1.2"]);
    assert!(rig.drain(&mut critical).is_empty());
}

#[test]
fn a_heartbeat_vouches_only_for_what_was_told() {
    let rig = Rig::new();
    let mut feed = rig.subscribe(&austria(), &from_now());
    assert_eq!(
        told(&feed.heartbeat(&rig.board, at(9_000))),
        "0 stale",
        "nothing was judged yet"
    );
    rig.mark(1_000, 1);
    rig.append(&revision(1, 1));
    rig.mark(2_000, 1);
    rig.append(&confined(revision(2, 1), &["csirt-de"]));
    rig.mark(3_000, 1);
    rig.catch_up();
    // Alert 1 waits: what was judged after it cannot be vouched for yet.
    assert_eq!(told(&feed.heartbeat(&rig.board, at(6_000))), "1000");
    assert_eq!(told(&feed.heartbeat(&rig.board, at(6_001))), "1000 stale");
    assert_eq!(all_told(&rig.drain(&mut feed)), ["1.1"]);
    let beat = feed.heartbeat(&rig.board, at(8_000));
    assert_eq!(told(&beat), "3000");
    rig.append(&revision(3, 1));
    rig.catch_up();
    let mut resumed = rig.subscribe(&austria(), &resume(&beat.cursor));
    assert_eq!(all_told(&rig.drain(&mut resumed)), ["3.1"]);
}

#[test]
fn every_cursor_goes_on_where_it_was_given_also_on_another_instance() {
    let rig = Rig::new();
    let mut feed = rig.subscribe(&austria(), &from_beginning());
    let mut answers = Vec::new();
    for n in 1..=12_u8 {
        rig.append(&revision(n % 5, u32::from(n)));
        if n % 3 == 0 {
            // Log time stands still now and then.
            rig.mark(1_000 + u64::from(n / 6), 1);
        }
        rig.catch_up();
        if n % 2 == 0 {
            answers.extend(feed.next(&rig.board, 1).unwrap());
            answers.push(feed.heartbeat(&rig.board, at(1_000)));
        }
    }
    answers.extend(rig.drain(&mut feed));
    let alerts = |answers: &[v1::SubscribeResponse]| -> Vec<String> {
        let shown = answers
            .iter()
            .filter(|answer| matches!(answer.event, Some(v1::subscribe_response::Event::Alert(_))));
        shown.map(told).collect()
    };
    assert_eq!(alerts(&answers).len(), 12);
    for sizes in [SMALL, crate::view::Sizes::default()] {
        let other = Rig::on(rig.log.clone(), sizes);
        for (i, answer) in answers.iter().enumerate() {
            let mut resumed = other.subscribe(&austria(), &resume(&answer.cursor));
            assert_eq!(
                alerts(&other.drain(&mut resumed)),
                alerts(&answers[i + 1..]),
                "after answer {i}"
            );
        }
    }
}

#[test]
fn a_cursor_given_before_anything_was_shown_skips_nothing() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.mark(1_000, 1);
    rig.append(&revision(2, 1));
    rig.catch_up();
    let mut feed = rig.subscribe(&austria(), &from_now());
    let cursor = feed.heartbeat(&rig.board, at(1_000)).cursor;
    rig.append(&revision(3, 1));
    rig.catch_up();
    let mut resumed = rig.subscribe(&austria(), &resume(&cursor));
    // Alert 2 lies between the last mark and the subscription: told once more rather than perhaps never.
    assert_eq!(all_told(&rig.drain(&mut resumed)), ["2.1", "3.1"]);
}
