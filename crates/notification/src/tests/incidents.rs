//! Searches among incidents: what they find, against a look at each; and that nothing of others has a part in it.

mod history;

use std::net::IpAddr;

use bytes::Bytes;
use chappe_eventlog::{MemoryLog, Record, Topic, append_blocking};
use chappe_model::{Accepted, Indicator, Network, Principal, Severity, Timestamp};
use chappe_proto::{incident, time, v1};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use prost::Message;

use self::history::{COUNTRIES, INDICATORS, SECTORS, Said, TYPES, append, at_ms, index, mark, own, said, who};
use super::rig::{austria, germany, member};
use crate::Incidents;

const NETWORKS: [&str; 3] = ["192.0.2.0/24", "192.0.2.0/28", "2001:db8::/32"];
const DOMAINS: [&str; 3] = ["bad.example", "www.bad.example", "at"];

/// What is asked.
#[derive(Clone, Debug)]
struct Asked {
    who: usize,
    values: Vec<&'static str>,
    networks: Vec<&'static str>,
    domains: Vec<&'static str>,
    countries: Vec<&'static str>,
    types: Vec<&'static str>,
    sectors: Vec<&'static str>,
    min_severity: Severity,
    exercise: bool,
    /// From and to, in sevenths of days.
    time: [Option<usize>; 2],
    key: Option<u8>,
    page_size: i32,
}

fn asked() -> impl Strategy<Value = Asked> {
    let some = |of: &'static [&'static str]| subsequence(of.to_vec(), 0..2);
    let sought = (subsequence(INDICATORS.to_vec(), 0..3), some(&NETWORKS), some(&DOMAINS));
    let filter = (
        some(&COUNTRIES),
        some(&["fraud", TYPES[1]]),
        some(&SECTORS),
        select(Severity::ALL.to_vec()),
    );
    let rest = (
        0_usize..3,
        prop::bool::weighted(0.2),
        [
            prop::option::weighted(0.3, 0_usize..20),
            prop::option::weighted(0.3, 20_usize..40),
        ],
        prop::option::weighted(0.2, 0_u8..5),
        1_i32..5,
    );
    (sought, filter, rest).prop_map(|(sought, filter, rest)| Asked {
        who: rest.0,
        values: sought.0,
        networks: sought.1,
        domains: sought.2,
        countries: filter.0,
        types: filter.1,
        sectors: filter.2,
        min_severity: filter.3,
        exercise: rest.1,
        time: rest.2,
        key: rest.3,
        page_size: rest.4,
    })
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

impl Asked {
    fn request(&self) -> v1::SearchIncidentsRequest {
        let value = |text: &&str| incident::indicator_to_wire(&text.parse::<Indicator>().unwrap());
        let moment = |sevenths: Option<usize>| sevenths.map(|nth| time::to_wire(Timestamp::from_millis(at_ms(nth))));
        v1::SearchIncidentsRequest {
            page_size: self.page_size,
            filter: Some(v1::IncidentFilter {
                min_severity: self.min_severity as i32 + 1,
                countries: texts(&self.countries),
                incident_types: texts(&self.types),
                exercise: self.exercise,
                sectors: texts(&self.sectors),
                values: self.values.iter().map(value).collect(),
                networks: texts(&self.networks),
                domains: texts(&self.domains),
            }),
            since: moment(self.time[0]),
            until: moment(self.time[1]),
            report_key: self.key.map(|key| format!("CASE-{key}")).unwrap_or_default(),
            ..v1::SearchIncidentsRequest::default()
        }
    }

    /// The definition, in texts: `named` are the indicators that count.
    fn is_met_by(&self, newest: &Accepted, named: &[&str]) -> bool {
        let said = &newest.incident;
        let any = |asked: &[&str], holds: &dyn Fn(&str) -> bool| asked.is_empty() || asked.iter().any(|one| holds(one));
        let begins = said
            .occurred_from
            .into_iter()
            .chain(said.detected_at)
            .chain([newest.reported_at])
            .min()
            .unwrap();
        let is_sought = self.values.is_empty() && self.networks.is_empty() && self.domains.is_empty();
        let is_named = named.iter().any(|text| {
            let host = host(text);
            let address = host.parse::<IpAddr>().is_ok();
            self.values.contains(text)
                || self
                    .networks
                    .iter()
                    .any(|network| Network::parse(network).unwrap().contains(host))
                || self
                    .domains
                    .iter()
                    .any(|domain| !address && (host == *domain || host.ends_with(&format!(".{domain}"))))
        });
        self.exercise == said.exercise
            && said.severity >= self.min_severity
            && any(&self.countries, &|code| {
                said.countries.iter().any(|country| country.as_str() == code)
            })
            && any(&self.types, &|name| {
                said.incident_type.as_str() == name || said.incident_type.class() == name
            })
            && any(&self.sectors, &|code| {
                said.sectors.iter().any(|sector| sector.as_str() == code)
            })
            && self.time[0].is_none_or(|since| newest.reported_at.as_millis() >= at_ms(since))
            && self.time[1].is_none_or(|until| begins.as_millis() < at_ms(until))
            && self
                .key
                .is_none_or(|key| said.report_key.as_str() == format!("CASE-{key}"))
            && (is_sought || is_named)
    }
}

/// The host that a report's indicator names, if it shows one: a mail address is stored by its pseudonym.
fn host(text: &str) -> &str {
    let (kind, value) = text.split_once(':').unwrap();
    match kind {
        "ip" | "domain" => value,
        "url" => value.split('/').nth(2).unwrap().split(':').next().unwrap(),
        _ => "",
    }
}

/// Every page of an answer.
fn pages(incidents: &Incidents, asked: &Asked) -> Vec<v1::SearchIncidentsResponse> {
    let (mut pages, mut request) = (Vec::new(), asked.request());
    loop {
        let now = Timestamp::from_millis(at_ms(60));
        let page = incidents.search(&who(asked.who), &request, now).unwrap();
        request.page_token = page.next_page_token.clone();
        pages.push(page);
        if request.page_token.is_empty() {
            return pages;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Over any pages a search finds what a look at each of the member's own incidents finds, whatever was reported in whatever order; and what
    /// others reported changes no byte of it.
    #[test]
    fn a_search_finds_one_s_own_and_nothing_of_others(
        history in prop::collection::vec(said(), 0..40),
        read_at in prop::collection::btree_set(0_usize..40, 0..4),
        searches in prop::collection::vec(asked(), 1..8),
    ) {
        let log = MemoryLog::new();
        let incidents = index(&log);
        for (nth, said) in history.iter().enumerate() {
            append(&log, &said.accepted(at_ms(nth)));
            if read_at.contains(&nth) {
                incidents.catch_up().unwrap();
            }
        }
        mark(&log, at_ms(50));
        incidents.catch_up().unwrap();
        for asked in searches {
            let found = pages(&incidents, &asked);
            let names = found.iter().flat_map(|page| &page.incidents).map(|incident| (incident.name.clone(), incident.revision));
            let names: Vec<_> = names.collect();
            let mut expected: Vec<_> = own(&history, asked.who).into_values()
                .filter(|(newest, named)| asked.is_met_by(newest, named)).map(|(newest, _)| newest).collect();
            expected.sort_by_key(|accepted| accepted.id);
            let expected: Vec<_> = expected.iter().map(|newest| (newest.id.resource_name(), newest.incident.revision)).collect();
            prop_assert_eq!(&names, &expected, "{:?}", asked);
            prop_assert!(found.iter().all(|page| page.incidents.len() <= asked.page_size as usize));

            let alone = MemoryLog::new();
            for (nth, said) in history.iter().enumerate().filter(|(_, said)| said.reporter == asked.who) {
                append(&alone, &said.accepted(at_ms(nth)));
            }
            mark(&alone, at_ms(50));
            let alone = index(&alone);
            alone.catch_up().unwrap();
            let bytes = |pages: &[v1::SearchIncidentsResponse]| pages.iter().map(Message::encode_to_vec).collect::<Vec<_>>();
            prop_assert_eq!(bytes(&found), bytes(&pages(&alone, &asked)));
        }
    }
}

fn one() -> Said {
    Said {
        reporter: 0,
        key: 1,
        revision: 1,
        retracted: false,
        exercise: false,
        is_named_only: false,
        indicators: vec![INDICATORS[0]],
        incident_type: TYPES[0],
        severity: Severity::Medium,
        countries: vec!["AT"],
        sectors: vec![],
        days: [None, None],
    }
}

fn anything(page_size: i32) -> v1::SearchIncidentsRequest {
    v1::SearchIncidentsRequest {
        page_size,
        ..v1::SearchIncidentsRequest::default()
    }
}

#[test]
fn an_answer_says_how_far_it_looked() {
    let log = MemoryLog::new();
    let incidents = index(&log);
    let search = |now_ms| {
        incidents
            .search(&austria(), &anything(0), Timestamp::from_millis(now_ms))
            .unwrap()
    };
    append(&log, &one().accepted(at_ms(0)));
    mark(&log, at_ms(1));
    let before = search(at_ms(1));
    assert_eq!(
        (before.incidents.len(), before.stale),
        (0, true),
        "nothing was read yet"
    );
    incidents.catch_up().unwrap();
    let after = search(at_ms(1) + 5_000);
    assert_eq!((after.incidents.len(), after.stale), (1, false));
    assert_eq!(after.searched_to, Some(time::to_wire(Timestamp::from_millis(at_ms(1)))));
    assert!(search(at_ms(1) + 5_001).stale);
    // A mark that moves no time does not set it back.
    append_blocking(&log, Topic::Incidents, 0, Record::mark(0)).unwrap();
    incidents.catch_up().unwrap();
    assert_eq!(search(at_ms(1)).searched_to, after.searched_to);
    assert!(incidents.bytes() > 0);
}

#[test]
fn what_cannot_be_understood_is_refused_with_every_fault() {
    let incidents = index(&MemoryLog::new());
    let request = v1::SearchIncidentsRequest {
        page_size: 1_001,
        report_key: "a\nb".into(),
        since: Some(time::to_wire(Timestamp::from_millis(5))),
        until: Some(time::to_wire(Timestamp::from_millis(5))),
        filter: Some(v1::IncidentFilter {
            networks: vec!["192.0.2.1/24".into()],
            ..v1::IncidentFilter::default()
        }),
        ..v1::SearchIncidentsRequest::default()
    };
    let refused = incidents.search(&austria(), &request, Timestamp::ZERO).unwrap_err();
    let bad = tonic_types::StatusExt::get_details_bad_request(&refused).unwrap();
    let fields: Vec<_> = bad
        .field_violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(fields, ["filter.networks[0]", "until", "report_key", "page_size"]);
}

#[test]
fn a_page_token_is_for_one_member_and_one_search() {
    let log = MemoryLog::new();
    let incidents = index(&log);
    for key in 0..3 {
        append(&log, &Said { key, ..one() }.accepted(at_ms(0)));
    }
    incidents.catch_up().unwrap();
    let search =
        |who: &Principal, request: &v1::SearchIncidentsRequest| incidents.search(who, request, Timestamp::ZERO);
    let first = search(&austria(), &anything(1)).unwrap();
    let next = v1::SearchIncidentsRequest {
        page_token: first.next_page_token,
        ..anything(2)
    };
    assert_eq!(search(&austria(), &next).unwrap().incidents.len(), 2);
    assert!(search(&germany(), &next).is_err());
    let other = v1::SearchIncidentsRequest {
        report_key: "CASE-1".into(),
        ..next
    };
    assert!(search(&austria(), &other).is_err());
}

#[test]
fn records_of_others_secrets_count_for_nobody() {
    let log = MemoryLog::new();
    let incidents = index(&log);
    let mut forged = Said { revision: 9, ..one() }.accepted(at_ms(1));
    append(&log, &one().accepted(at_ms(0)));
    forged.reporter = member("csirt-de");
    append(&log, &forged);
    let unreadable = Record::data(1, Bytes::new(), Bytes::from_static(&[0xff]));
    append_blocking(&log, Topic::Incidents, 0, unreadable).unwrap();
    incidents.catch_up().unwrap();
    let found = |who: &Principal| incidents.search(who, &anything(0), Timestamp::ZERO).unwrap().incidents;
    assert_eq!(
        found(&austria()).iter().map(|one| one.revision).collect::<Vec<_>>(),
        [1]
    );
    assert!(found(&germany()).is_empty());
}
