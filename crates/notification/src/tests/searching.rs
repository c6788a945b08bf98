//! Searches of a board of many alerts: what they find, against a look at each; and what they cost.

use std::time::{Duration, Instant};

use chappe_model::{Alert, AlertId, KeyField};
use chappe_proto::v1;

use super::rig::{Rig, austria, confined, revision};

/// Alerts of the board whose cost is measured, unless `CHAPPE_BOARD_ALERTS` says otherwise: few, so that the measurement itself is tried.
const MANY: u32 = 2_000;
/// Searches of each kind that are measured.
const SEARCHES: u32 = 100;

/// An alert of many: about an address, a name or a URL; every seventh hidden from Austria.
fn one_of_many(n: u32) -> Alert {
    let mut alert = revision(1, 1);
    // Spread, as keyed ids are.
    alert.id = AlertId::from_bytes(
        u128::from(n)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
            .to_be_bytes(),
    );
    let value = match n % 3 {
        0 => format!("ip:{}", std::net::Ipv4Addr::from(0xcb00_0000 + n)),
        1 => format!("domain:h{n}.z{}.example", n % 1_000),
        _ => format!("url:https://h{n}.z{}.example/{n}", n % 1_000),
    };
    alert.key = [KeyField {
        field: "indicator".into(),
        value: value.into(),
    }]
    .into();
    if n.is_multiple_of(7) {
        confined(alert, &["csirt-de"])
    } else {
        alert
    }
}

fn board_of(many: u32) -> Rig {
    let rig = Rig::new();
    (0..many).for_each(|n| rig.append(&one_of_many(n)));
    rig.catch_up();
    rig
}

/// One value, one network and one domain: `n` says which.
fn asked(n: u32) -> [v1::AlertFilter; 3] {
    let value = v1::Indicator {
        r#type: v1::IndicatorType::Url as i32,
        value: format!("https://h{n}.z{}.example/{n}", n % 1_000),
    };
    let network = chappe_model::Network::around(std::net::Ipv4Addr::from(0xcb00_0000 + n).into(), 28).unwrap();
    [
        v1::AlertFilter {
            values: vec![value],
            ..Default::default()
        },
        v1::AlertFilter {
            networks: vec![network.to_string()],
            ..Default::default()
        },
        v1::AlertFilter {
            domains: vec![format!("z{}.example", n % 1_000)],
            ..Default::default()
        },
    ]
}

/// The names of all alerts that a search finds, page by page.
fn found(rig: &Rig, filter: &v1::AlertFilter) -> Vec<String> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = v1::ListAlertsRequest {
            page_size: 10,
            page_token,
            filter: Some(filter.clone()),
            ..Default::default()
        };
        let page = rig.board.list(&austria(), &request).unwrap();
        found.extend(page.alerts.into_iter().map(|alert| alert.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

#[test]
fn a_search_finds_over_many_pages_what_a_look_at_each_finds() {
    const ALERTS: u32 = 5_000;
    let rig = board_of(ALERTS);
    for n in (0..ALERTS).step_by(617) {
        let at = |n: u32| std::net::Ipv4Addr::from(0xcb00_0000 + n).octets();
        let looks: [&dyn Fn(u32) -> bool; 3] = [
            &|other| other == n && n % 3 == 2,
            &|other| other.is_multiple_of(3) && at(other)[..3] == at(n)[..3] && at(other)[3] >> 4 == at(n)[3] >> 4,
            &|other| !other.is_multiple_of(3) && other % 1_000 == n % 1_000,
        ];
        for (filter, holds) in asked(n).iter().zip(looks) {
            let visible = (0..ALERTS).filter(|other| !other.is_multiple_of(7) && holds(*other));
            let mut expected: Vec<AlertId> = visible.map(|other| one_of_many(other).id).collect();
            expected.sort();
            let expected: Vec<String> = expected.iter().map(AlertId::resource_name).collect();
            assert_eq!(found(&rig, filter), expected, "{filter:?}");
        }
    }
}

/// Prints what a search costs where it reads the whole board. Nothing is asserted of times.
#[test]
fn the_cost_of_a_search() {
    let many = std::env::var("CHAPPE_BOARD_ALERTS").map_or(MANY, |text| text.parse().unwrap());
    let rig = board_of(many);
    for (kind, name) in ["value", "network", "domain"].iter().enumerate() {
        let mut times: Vec<Duration> = (0..SEARCHES)
            .map(|n| {
                let filter = &asked(n * 997)[kind];
                let request = v1::ListAlertsRequest {
                    page_size: 1_000,
                    filter: Some(filter.clone()),
                    ..Default::default()
                };
                let began = Instant::now();
                rig.board.list(&austria(), &request).unwrap();
                began.elapsed()
            })
            .collect();
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        println!("{name}: p50 {:?}, p99 {:?}, over {many} alerts", at(50), at(99));
    }
}
