//! What a client relies on while it pages, whatever comes and whatever is hidden.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use chappe_exchange::Told;
use chappe_model::{
    Alert, AlertId, AlertState, Audience, Compartment, Country, Counts, IncidentId, KeyField, KeyHash, MemberId, Pap,
    Realm, Rsit, Severity, Timestamp, Tlp, built_in_rules,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::Additions;
use crate::{Collection, Listed, Page, Query, Revision, fill};

/// Revision `revision` of alert `n`, revised at `ms`: one domain, TLP:AMBER, for every member.
fn alert(n: u8, revision: u32, ms: u64) -> Alert {
    Alert {
        id: AlertId::from_bytes([n; 16]),
        revision,
        revised_at: Timestamp::from_millis(ms),
        epoch: 1,
        state: AlertState::Open,
        rule: Arc::new(built_in_rules().remove(0)),
        compartment: Compartment::pool(Realm::Live),
        key_hash: KeyHash(n.into()),
        key: [("indicator", format!("domain:bad{n}.example"))]
            .map(|(field, value)| KeyField {
                field: field.into(),
                value: value.into(),
            })
            .into(),
        anchor: (Timestamp::ZERO, IncidentId::from_bytes([n; 16])),
        last_fire: Timestamp::ZERO,
        audience: Audience::Eu,
        severity: Severity::High,
        tlp: Tlp::Amber,
        pap: Pap::Amber,
        countries: ["AT"].map(|code| Country::parse(code).unwrap()).into_iter().collect(),
        sectors: BTreeSet::new(),
        incident_types: [Rsit::Phishing].into(),
        counts: Counts::default(),
        digest: [3; 16],
        evidence: Arc::default(),
        values: vec![],
        peak: 3,
        fires: 1,
        first_seen: Timestamp::from_millis(500),
        last_seen: Timestamp::from_millis(900),
        held: false,
        campaign: None,
        surge: None,
        cascade: None,
    }
}

/// The reporter's alone: what the viewer of these tests may not see.
fn hidden(alert: Alert) -> Alert {
    let audience = Audience::Reporter(MemberId::parse("other").unwrap());
    Alert { audience, ..alert }
}

#[derive(Default)]
struct Log {
    additions: Additions,
    records: Vec<Arc<Alert>>,
    marked_ms: u64,
}

impl Log {
    fn note(&mut self, alert: Alert) {
        let alert = Arc::new(alert);
        self.additions.note(self.records.len() as u64, &alert);
        self.records.push(alert);
    }

    fn mark(&mut self, ms: u64) {
        self.marked_ms = self.marked_ms.max(ms);
        self.additions.mark(ms);
    }

    /// Marks time again, so that all that was noted is dated.
    fn settle(&mut self) {
        self.mark(self.marked_ms + 1);
    }

    fn page(&self, collection: Collection, query: &Query) -> Page {
        let sees = |alert: &Alert| collection.holds(alert) && !matches!(alert.audience, Audience::Reporter(_));
        let shelf = self.additions.shelf(query, sees);
        let stride = |from: &mut _| self.additions.walk(&shelf, query, from, 3);
        let told = |addition: &super::Addition| {
            let alert = &self.records[usize::try_from(addition.place).unwrap()];
            assert_eq!((alert.id, alert.revision), (addition.alert, addition.revision));
            Ok::<_, Infallible>(Revision::Newest(Told::from(&**alert)))
        };
        fill(query, self.additions.bookmark(query.added_after), stride, told).unwrap()
    }

    /// Everything, on pages of `limit`, with `meanwhile` before each page but the first.
    fn pages(&mut self, query: &str, limit: usize, mut meanwhile: impl FnMut(&mut Self)) -> Vec<Listed> {
        let mut query = Query {
            limit,
            ..Query::parse(query).unwrap()
        };
        let mut all = Vec::new();
        loop {
            let page = self.page(Collection::Alerts, &query);
            assert!(page.listed.len() <= limit);
            let last = page.listed.last().map(|last| last.added_us);
            assert!(
                page.next.is_none() || page.next == last,
                "next and the last date are one"
            );
            all.extend(page.listed);
            let Some(next) = page.next else { return all };
            query.added_after = Some(next);
            meanwhile(self);
        }
    }
}

fn versions(listed: &[Listed]) -> Vec<(String, u64)> {
    listed
        .iter()
        .map(|listed| (listed.id().to_owned(), listed.version_ms))
        .collect()
}

fn types(listed: &[Listed]) -> String {
    let types = listed.iter().map(|listed| listed.object["type"].as_str().unwrap());
    types.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_referred_to_comes_first_and_once() {
    let mut log = Log::default();
    log.note(alert(1, 1, 1_000));
    assert!(
        log.page(Collection::Alerts, &Query::default()).listed.is_empty(),
        "not dated yet"
    );
    log.mark(2_000);
    log.note(alert(2, 1, 2_100));
    log.mark(3_000);
    let all = log.pages("", 1_000, |_| {});
    let first = "identity extension-definition marking-definition location indicator report";
    assert_eq!(types(&all), format!("{first} indicator report"));
    let dates: Vec<u64> = all.iter().map(|listed| listed.added_us).collect();
    assert_eq!(
        dates[..6],
        [2_000_000, 2_000_001, 2_000_002, 2_000_003, 2_000_004, 2_000_005]
    );
    assert_eq!(dates[6..], [3_000_000, 3_000_001]);
}

#[test]
fn versions_are_asked_for() {
    let mut log = Log::default();
    for (revision, ms) in [(1, 1_000), (2, 1_000), (3, 1_500), (4, 1_700)] {
        log.note(alert(1, revision, ms));
        log.settle();
    }
    let listed = |log: &mut Log, query: &str| -> Vec<u64> {
        let all = log.pages(&format!("match[type]=report&match[version]={query}"), 10, |_| {});
        all.iter().map(|listed| listed.version_ms).collect()
    };
    assert_eq!(
        listed(&mut log, "all"),
        [1_000, 1_500, 1_700],
        "of one millisecond the last"
    );
    assert_eq!(listed(&mut log, "last"), [1_700]);
    assert_eq!(listed(&mut log, "first"), [1_000]);
    assert_eq!(listed(&mut log, "first,last"), [1_000, 1_700]);
    assert_eq!(
        listed(&mut log, "1970-01-01T00:00:01.500Z,1970-01-01T00:00:09.000Z"),
        [1_500]
    );
    let first = log
        .pages("match[type]=report&match[version]=first", 10, |_| {})
        .remove(0);
    assert_eq!(
        first.object["extensions"].to_string().matches("\"revision\":2").count(),
        1
    );
}

#[test]
fn objects_are_asked_for_by_id_and_type() {
    let mut log = Log::default();
    let mut flaw = alert(2, 1, 1_000);
    flaw.key = Arc::from([KeyField {
        field: "indicator".into(),
        value: "cve:CVE-2026-1234".into(),
    }]);
    let mut family = alert(3, 1, 1_000);
    family.key = Arc::from([KeyField {
        field: "indicator".into(),
        value: "malware:example-loader".into(),
    }]);
    log.note(alert(1, 1, 1_000));
    log.note(flaw);
    log.note(family);
    log.settle();
    for (query, wanted) in [
        ("match[type]=indicator", "indicator"),
        ("match[type]=vulnerability", "vulnerability"),
        ("match[type]=vulnerability,indicator", "indicator vulnerability"),
        ("match[type]=location,identity", "identity location"),
        ("match[type]=malware", "malware"),
        ("match[type]=attack-pattern", ""),
        ("match[spec_version]=2.0", ""),
    ] {
        assert_eq!(types(&log.pages(query, 10, |_| {})), wanted, "{query}");
    }
    for listed in log.pages("", 100, |_| {}) {
        let one = log.pages(&format!("match[id]={},report--nothing", listed.id()), 10, |_| {});
        assert_eq!(one, [listed]);
    }
}

#[test]
fn an_alert_that_may_no_longer_be_seen_or_moved_is_gone() {
    let mut log = Log::default();
    log.note(alert(1, 1, 1_000));
    log.note(alert(2, 1, 1_000));
    log.settle();
    let query = Query::parse("match[type]=report&match[version]=all").unwrap();
    assert_eq!(log.page(Collection::Label(Tlp::Amber), &query).listed.len(), 2);
    log.note(Alert {
        tlp: Tlp::AmberStrict,
        ..alert(1, 2, 1_500)
    });
    log.note(hidden(alert(2, 2, 1_500)));
    log.settle();
    assert!(log.page(Collection::Label(Tlp::Amber), &query).listed.is_empty());
    let moved = log.page(Collection::Label(Tlp::AmberStrict), &query).listed;
    assert_eq!(
        moved.iter().map(|listed| listed.version_ms).collect::<Vec<_>>(),
        [1_500]
    );
    assert_eq!(
        versions(&log.page(Collection::Alerts, &query).listed).len(),
        2,
        "both versions of what is seen"
    );
}

#[derive(Clone, Debug)]
enum Event {
    Told {
        which: u8,
        tlp: Tlp,
        countries: Vec<&'static str>,
        later_ms: u64,
    },
    Hidden {
        which: u8,
        later_ms: u64,
    },
    /// A mark, in half of the cases none that moves log time far.
    Mark {
        later_ms: u64,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let countries = proptest::sample::subsequence(vec!["AT", "DE", "FR", "IT"], 0..=3);
    prop_oneof![
        5 => (0..5u8, select(vec![Tlp::Green, Tlp::Amber]), countries, 0..3u64)
            .prop_map(|(which, tlp, countries, later_ms)| Event::Told { which, tlp, countries, later_ms }),
        2 => (5..9u8, 0..3u64).prop_map(|(which, later_ms)| Event::Hidden { which, later_ms }),
        2 => prop_oneof![Just(1u64), 0..2_000u64].prop_map(|later_ms| Event::Mark { later_ms }),
    ]
}

/// Lives through events; hidden ones are left out where `all` is not set.
fn live(log: &mut Log, events: &[Event], all: bool, revisions: &mut BTreeMap<u8, (u32, u64)>) {
    let mut next = |which: u8, later_ms: u64| {
        let (revision, ms) = revisions.entry(which).or_insert((0, 1_000));
        (*revision, *ms) = (*revision + 1, *ms + later_ms);
        alert(which, *revision, *ms)
    };
    for event in events {
        match event {
            Event::Told {
                which,
                tlp,
                countries,
                later_ms,
            } => {
                let countries = countries.iter().map(|code| Country::parse(code).unwrap()).collect();
                log.note(Alert {
                    tlp: *tlp,
                    countries,
                    ..next(*which, *later_ms)
                });
            }
            Event::Hidden { which, later_ms } if all => log.note(hidden(next(*which, *later_ms))),
            Event::Hidden { .. } => {}
            Event::Mark { later_ms } => log.mark(log.marked_ms + later_ms),
        }
    }
}

/// More objects than there are microseconds to the next mark: dates go on from one another, and every place of them is found again.
#[test]
fn dates_rise_where_marks_leave_too_little_time() {
    let mut log = Log::default();
    log.mark(1_000);
    for n in 0..250 {
        for revision in 1..=5 {
            log.note(alert(n, revision, 1_000 + u64::from(revision)));
        }
        if n % 125 == 124 {
            log.settle();
        }
    }
    log.note(alert(251, 1, 1_000));
    log.mark(9_000);
    let all = log.pages("match[version]=all", 1_000, |_| {});
    let dates: Vec<u64> = all.iter().map(|listed| listed.added_us).collect();
    let wanted = (1_001_000..1_001_000 + 4 + 250 * 10).chain([9_000_000, 9_000_001]);
    assert_eq!(dates, wanted.collect::<Vec<_>>());
    for at in [0, 700, 1_253, 1_254, 1_300, 2_502, 2_503] {
        let after = Query {
            added_after: Some(dates[at]),
            limit: 3,
            ..Query::parse("match[version]=all").unwrap()
        };
        let page = log.page(Collection::Alerts, &after);
        assert_eq!(page.listed, all[at + 1..all.len().min(at + 4)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// In order, each object of each version once, whatever the limit; and what comes meanwhile comes behind.
    #[test]
    fn pages_lose_nothing_and_double_nothing(
        before in prop::collection::vec(event(), 0..40),
        meanwhile in prop::collection::vec(prop::collection::vec(event(), 0..4), 0..12),
        limit in 1..9usize,
        version in select(vec!["all", "last", "first"]),
        spared in any::<Index>(),
    ) {
        let (mut log, mut revisions) = (Log::default(), BTreeMap::new());
        live(&mut log, &before, true, &mut revisions);
        log.settle();
        let query = format!("match[version]={version}");
        let at_once = log.pages(&query, 1_000, |_| {});
        let paged = log.pages(&query, limit, |_| {});
        prop_assert_eq!(&paged, &at_once);
        prop_assert!(paged.windows(2).all(|pair| pair[0].added_us < pair[1].added_us));

        // From any place on, the rest.
        if !at_once.is_empty() {
            let at = spared.index(at_once.len());
            let after = Query { added_after: Some(at_once[at].added_us), limit: 1_000, ..Query::parse(&query).unwrap() };
            prop_assert_eq!(&log.page(Collection::Alerts, &after).listed[..], &at_once[at + 1..]);
        }

        let mut coming = meanwhile.into_iter();
        let mut paged = log.pages(&query, limit, |log| {
            live(log, &coming.next().unwrap_or_default(), true, &mut revisions);
        });
        log.settle();
        let last = paged.last().map(|last| last.added_us);
        let rest = Query { added_after: last, limit: 1_000, ..Query::parse(&query).unwrap() };
        paged.extend(log.page(Collection::Alerts, &rest).listed);
        let found = versions(&paged);
        let distinct: BTreeSet<&(String, u64)> = found.iter().collect();
        if version == "all" {
            let wanted = versions(&log.pages(&query, 1_000, |_| {}));
            prop_assert!(wanted.iter().all(|version| distinct.contains(version)), "{:?} of {:?}", found, wanted);
        }
        if version == "last" {
            let newest: BTreeMap<&String, u64> = found.iter().map(|(id, ms)| (id, *ms)).collect();
            for (id, ms) in &versions(&log.pages(&query, 1_000, |_| {})) {
                prop_assert_eq!(newest.get(id), Some(ms));
            }
        }
        prop_assert!(paged.windows(2).all(|pair| pair[0].added_us < pair[1].added_us));
    }

    /// What is hidden moves no date and shows nowhere.
    #[test]
    fn what_is_hidden_changes_nothing(events in prop::collection::vec(event(), 0..60), limit in 1..9usize) {
        let (mut with, mut without) = (Log::default(), Log::default());
        live(&mut with, &events, true, &mut BTreeMap::new());
        live(&mut without, &events, false, &mut BTreeMap::new());
        with.settle();
        without.settle();
        for query in ["", "match[version]=all", "match[type]=location"] {
            prop_assert_eq!(with.pages(query, limit, |_| {}), without.pages(query, limit, |_| {}));
        }
    }
}
