//! Lists and single alerts.

use chappe_model::{AlertState, Audience, IncidentId, Role, Severity};
use chappe_proto::v1;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::rig::{Rig, austria, confined, countries, germany, id, member, retracted, revision, viewer};

fn names(page: &v1::ListAlertsResponse) -> Vec<String> {
    page.alerts
        .iter()
        .map(|alert| format!("{}.{}", &alert.name["alerts/".len()..][..2], alert.revision))
        .collect()
}

fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|v| v.field.clone())
        .collect()
}

#[test]
fn pages_hold_the_newest_revisions_by_id_of_what_the_caller_may_see() {
    let rig = Rig::new();
    for n in [5, 3, 9, 1, 7] {
        rig.append(&revision(n, 1));
    }
    rig.append(&revision(3, 4));
    rig.append(&confined(revision(4, 1), &["csirt-de"]));
    rig.append(&confined(revision(6, 1), &["csirt-de"]));
    rig.catch_up();
    let pages = |who: &chappe_model::Principal| {
        let (mut pages, mut token) = (Vec::new(), String::new());
        loop {
            let request = v1::ListAlertsRequest {
                page_size: 2,
                page_token: token,
                ..Default::default()
            };
            let page = rig.board.list(who, &request).unwrap();
            pages.push(names(&page).join(" "));
            token = page.next_page_token;
            if token.is_empty() {
                return pages;
            }
        }
    };
    assert_eq!(pages(&austria()), ["01.1 03.4", "05.1 07.1", "09.1"]);
    assert_eq!(pages(&germany()), ["01.1 03.4", "04.1 05.1", "06.1 07.1", "09.1"]);
}

#[test]
fn a_full_last_page_promises_no_other() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.append(&revision(2, 1));
    rig.append(&confined(revision(3, 1), &["csirt-de"]));
    rig.catch_up();
    let request = v1::ListAlertsRequest {
        page_size: 2,
        ..Default::default()
    };
    assert_eq!(rig.board.list(&austria(), &request).unwrap().next_page_token, "");
}

/// What a member's list holds of what names this domain, or one below it, or that value; and its page token, if any.
fn found(rig: &Rig, who: &chappe_model::Principal, domain: &str, value: &str) -> String {
    let filter = v1::AlertFilter {
        values: vec![v1::Indicator {
            r#type: v1::IndicatorType::Domain as i32,
            value: value.into(),
        }],
        domains: vec![domain.into()],
        ..Default::default()
    };
    let request = v1::ListAlertsRequest {
        page_size: 1,
        filter: Some(filter),
        ..Default::default()
    };
    let page = rig.board.list(who, &request).unwrap();
    format!("{} {}", names(&page).join(" "), page.next_page_token.is_empty())
}

#[test]
fn what_is_hidden_is_not_found_like_what_is_not_there() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.append(&confined(revision(2, 1), &["csirt-de"]));
    rig.catch_up();
    let (hidden, absent) = (
        found(&rig, &austria(), "bad2.example", "bad2.example"),
        found(&rig, &austria(), "bad3.example", "bad3.example"),
    );
    assert_eq!((hidden.as_str(), absent.as_str()), (" true", " true"));
    assert_eq!(found(&rig, &germany(), "bad2.example", "bad3.example"), "02.1 true");
    assert_eq!(
        found(&rig, &austria(), "example.at", "bad1[.]example"),
        "01.1 true",
        "any of what is looked for"
    );
}

#[test]
fn a_time_restricts_a_list_and_a_token_holds_for_it_alone() {
    let rig = Rig::new();
    for n in [1, 2] {
        let mut alert = revision(n, 1);
        (alert.first_seen, alert.last_seen) = (
            chappe_model::Timestamp::from_millis(u64::from(n) * 1_000),
            chappe_model::Timestamp::from_millis(u64::from(n) * 1_000 + 500),
        );
        rig.append(&alert);
    }
    rig.catch_up();
    let at = |millis| chappe_proto::time::to_wire(chappe_model::Timestamp::from_millis(millis));
    let request = |since, until, token: &str| v1::ListAlertsRequest {
        page_size: 1,
        page_token: token.into(),
        since: Some(at(since)),
        until: Some(at(until)),
        ..Default::default()
    };
    let list = |since, until| rig.board.list(&austria(), &request(since, until, "")).unwrap();
    assert_eq!(names(&list(1_500, 2_000)), ["01.1"]);
    assert_eq!(names(&list(1_501, 2_001)), ["02.1"]);
    let page = list(0, 9_000);
    let token = page.next_page_token;
    assert_eq!(
        names(&rig.board.list(&austria(), &request(0, 9_000, &token)).unwrap()),
        ["02.1"]
    );
    let refusal = rig.board.list(&austria(), &request(0, 8_000, &token)).unwrap_err();
    assert_eq!(fields(&refusal), ["page_token"]);
    let refusal = rig.board.list(&austria(), &request(9, 9, "")).unwrap_err();
    assert_eq!(fields(&refusal), ["until"]);
}

#[test]
fn filters_restrict_lists() {
    let rig = Rig::new();
    let mut critical = revision(2, 1);
    (critical.severity, critical.countries) = (Severity::Critical, countries(&["FR"]));
    rig.append(&revision(1, 1));
    rig.append(&critical);
    rig.catch_up();
    let list = |filter: v1::AlertFilter| {
        let request = v1::ListAlertsRequest {
            filter: Some(filter),
            ..Default::default()
        };
        names(&rig.board.list(&austria(), &request).unwrap()).join(" ")
    };
    assert_eq!(list(v1::AlertFilter::default()), "01.1 02.1");
    assert_eq!(
        list(v1::AlertFilter {
            min_severity: 5,
            ..Default::default()
        }),
        "02.1"
    );
    assert_eq!(
        list(v1::AlertFilter {
            countries: vec!["AT".into()],
            ..Default::default()
        }),
        "01.1"
    );
    assert_eq!(
        list(v1::AlertFilter {
            exercise: true,
            ..Default::default()
        }),
        ""
    );
}

#[test]
fn large_pages_end_early_and_go_on() {
    let rig = Rig::new();
    for n in 1..=6 {
        let mut large = revision(n, 1);
        large.values = vec!["x".repeat(900_000).into()];
        rig.append(&large);
    }
    rig.catch_up();
    let (mut token, mut seen) = (String::new(), Vec::new());
    loop {
        let request = v1::ListAlertsRequest {
            page_token: token,
            ..Default::default()
        };
        let page = rig.board.list(&austria(), &request).unwrap();
        assert!(prost::Message::encoded_len(&page) < 4 << 20);
        seen.extend(names(&page));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.join(" "), "01.1 02.1 03.1 04.1 05.1 06.1");
}

#[test]
fn wrong_requests_name_every_field() {
    let rig = Rig::new();
    for n in 1..=3 {
        rig.append(&revision(n, 1));
    }
    rig.catch_up();
    let bad = v1::ListAlertsRequest {
        page_size: 1_001,
        page_token: "x".into(),
        filter: Some(v1::AlertFilter {
            countries: vec!["AT".into(), "XX".into()],
            min_severity: -1,
            ..Default::default()
        }),
        ..Default::default()
    };
    let refused = rig.board.list(&austria(), &bad).unwrap_err();
    assert_eq!(
        fields(&refused),
        ["filter.min_severity", "filter.countries[1]", "page_size"]
    );

    let first = v1::ListAlertsRequest {
        page_size: 1,
        ..Default::default()
    };
    let token = rig.board.list(&austria(), &first).unwrap().next_page_token;
    let other_filter = v1::ListAlertsRequest {
        page_token: token.clone(),
        filter: Some(v1::AlertFilter {
            min_severity: 2,
            ..Default::default()
        }),
        ..Default::default()
    };
    assert_eq!(
        fields(&rig.board.list(&austria(), &other_filter).unwrap_err()),
        ["page_token"]
    );
    let other_member = v1::ListAlertsRequest {
        page_token: token,
        ..Default::default()
    };
    assert_eq!(
        fields(&rig.board.list(&germany(), &other_member).unwrap_err()),
        ["page_token"]
    );
    assert!(rig.board.list(&austria(), &other_member).is_ok());

    let subscribe = v1::SubscribeRequest {
        filter: bad.filter,
        cursor: "x".into(),
        ..Default::default()
    };
    let refused = rig.board.subscribe(austria(), &subscribe).unwrap_err();
    assert_eq!(
        fields(&refused),
        ["filter.min_severity", "filter.countries[1]", "cursor"]
    );
}

#[test]
fn absent_and_hidden_alerts_answer_in_the_same_bytes() {
    let rig = Rig::new();
    rig.append(&confined(revision(1, 1), &["csirt-de"]));
    let mut held = revision(2, 1);
    held.audience = Audience::Reporter(member("csirt-de"));
    rig.append(&held);
    rig.catch_up();
    let refusal = |n: u8| {
        let status = rig.board.get(&austria(), &id(n).resource_name()).unwrap_err();
        (status.code(), status.message().to_owned(), status.details().to_vec())
    };
    assert_eq!(refusal(1), refusal(99));
    assert_eq!(refusal(2), refusal(99));
    assert_eq!(refusal(99).0, Code::NotFound);
    assert!(rig.board.get(&germany(), &id(1).resource_name()).is_ok());
    for bad in [
        "",
        "alerts/",
        "alerts/xyz",
        "incidents/01010101010101010101010101010101",
    ] {
        assert_eq!(fields(&rig.board.get(&austria(), bad).unwrap_err()), ["name"], "{bad}");
    }
}

#[test]
fn a_superseded_alert_answers_with_its_pointer() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.append(&revision(2, 1));
    let mut superseded = revision(2, 2);
    superseded.state = AlertState::Superseded(id(1));
    rig.append(&superseded);
    rig.catch_up();
    let answer = rig
        .board
        .get(&austria(), &id(2).resource_name())
        .unwrap()
        .alert
        .unwrap();
    assert_eq!(
        (answer.name, answer.superseded_by),
        (id(2).resource_name(), id(1).resource_name())
    );
}

#[test]
fn an_alert_that_never_held_is_told_to_nobody_unless_it_carries_on_one_that_did() {
    let rig = Rig::new();
    rig.append(&retracted(revision(1, 1)));
    rig.catch_up();
    assert!(rig.board.get(&austria(), &id(1).resource_name()).is_err());
    rig.append(&revision(1, 2));
    rig.append(&retracted(revision(1, 3)));
    rig.append(&revision(2, 1));
    let mut superseded = revision(2, 2);
    superseded.state = AlertState::Superseded(id(3));
    rig.append(&superseded);
    rig.append(&retracted(revision(3, 1)));
    rig.catch_up();
    for n in 1..=3 {
        assert!(rig.board.get(&austria(), &id(n).resource_name()).is_ok(), "{n}");
    }
}

#[test]
fn reports_have_another_handle_for_each_viewer_and_a_name_for_their_reporter_only() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.catch_up();
    let evidence =
        |who: &chappe_model::Principal| rig.board.get(who, &id(1).resource_name()).unwrap().evidence.remove(0);
    let (own, others, hubs) = (
        evidence(&austria()),
        evidence(&germany()),
        evidence(&viewer("europol", "", Role::Hub)),
    );
    assert_eq!(own.incident, IncidentId::from_bytes([1; 16]).resource_name());
    assert_eq!((others.incident.as_str(), hubs.incident.as_str()), ("", ""));
    assert!(own.handle != others.handle && others.handle != hubs.handle);
}
