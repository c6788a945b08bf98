use std::collections::BTreeSet;

use chappe_correlate::LinkPolicy;
use chappe_model::{
    Accepted, Country, Incident, Indicator, Marking, Pap, ReportKey, Secret, Severity, Timestamp, Tlp, Use,
};
use fastrand::Rng;

use crate::case::{Case, Entry, MEMBERS, PARTITIONS, member, secret};
use crate::rules::policy;

/// The policy of generated linking cases: windows as short as the history, small bounds.
#[must_use]
pub fn link_policy() -> LinkPolicy {
    LinkPolicy {
        window_ms: 60_000,
        lateness_ms: 5_000,
        per_member: 2,
        candidates: 6,
        guard: 3,
        cross_ms: 20_000,
        ..LinkPolicy::default()
    }
}

/// Two groups of values that belong together, one that ties them, and one that means nothing.
pub(crate) const GROUPS: [&[&str]; 2] = [
    &[
        "url:https://a.example/x",
        "domain:a.example",
        "mutex:Global\\b",
        "ip:203.0.113.1",
        "email:x@a.example",
    ],
    &[
        "url:https://c.example/x",
        "domain:c.example",
        "domain:d.example",
        "ip:203.0.113.2",
        "cve:CVE-2026-1000",
    ],
];
/// What many reports say, and what links none.
const WEIGHTLESS: [&str; 2] = ["technique:T1566.001", "asn:AS64500"];
const COMMON: [&str; 3] = ["domain:common.example", "ip:203.0.113.9", "ip:10.0.0.1"];

/// A history in which campaigns form, meet, come apart and end; under [`link_policy`].
#[must_use]
pub fn linking_case(seed: u64) -> Case {
    let mut rng = Rng::with_seed(seed ^ 0x11_4b);
    let mut partitions = vec![Vec::new(); usize::from(PARTITIONS)];
    let mut clock = 100_000 + rng.u64(0..200_000);
    let mut said = BTreeSet::new();
    let keys = rng.u8(2..7);
    let pauses: [u64; 6] = if seed % 8 == 7 {
        [0, 0, 1_000, 5_000, 20_000, 150_000] // so long that what ended is let go
    } else {
        [0, 0, 500, 1_000, 3_000, 15_000]
    };
    for _ in 0..rng.usize(8..28) {
        clock += pauses[rng.usize(0..pauses.len())];
        let accepted = report(&mut rng, Timestamp::from_millis(clock), keys);
        let partition = usize::from(Secret::partition(accepted.id, PARTITIONS));
        if said.insert((accepted.id, accepted.incident.revision)) {
            let wobble = rng.u64(0..3) * rng.u64(0..2_000);
            let stamp = Timestamp::from_millis(clock.saturating_sub(wobble));
            partitions[partition].push(Entry::Report(stamp, Box::new(accepted)));
        }
        if rng.u8(0..3) == 0 {
            let mark = Entry::Mark(Timestamp::from_millis(clock));
            partitions.iter_mut().for_each(|partition| partition.push(mark.clone()));
        }
    }
    let now = Timestamp::from_millis(clock + [0, 1, 30_000, 200_000][rng.usize(0..4)]);
    Case {
        seed,
        partitions,
        now,
        policy: policy(seed),
    }
}

#[allow(clippy::expect_used, reason = "for tests only")]
fn report(rng: &mut Rng, stamp: Timestamp, keys: u8) -> Accepted {
    let (reporter, home) = MEMBERS[rng.usize(0..MEMBERS.len())];
    let key = b'a' + rng.u8(0..keys);
    let usage = match rng.u8(0..12) {
        0 => Use::MatchOnly,
        1 => Use::NamedRecipientsOnly,
        _ => Use::Share,
    };
    let recipients = (usage == Use::NamedRecipientsOnly).then(|| member("europol"));
    let tlp = [Tlp::Clear, Tlp::Green, Tlp::Amber][rng.usize(0..3)];
    let marking = Marking::new(
        tlp,
        Pap::ALL[rng.usize(0..4)],
        Some(usage),
        recipients.into_iter().collect(),
    );
    let mut values: Vec<&str> = GROUPS[rng.usize(0..2)].to_vec();
    rng.shuffle(&mut values);
    values.truncate(rng.usize(1..=3));
    if rng.u8(0..4) == 0 {
        values.push(COMMON[rng.usize(0..3)]);
    }
    if rng.u8(0..10) == 0 {
        values.push(GROUPS[rng.usize(0..2)][rng.usize(0..5)]);
    }
    if key.is_multiple_of(2) {
        values.extend(WEIGHTLESS);
    }
    let reporter = member(reporter);
    let report_key = ReportKey::parse(&char::from(key).to_string()).expect("a sound key");
    let countries = [home, "IT", "PL"];
    let sectors = ["energy", "food", "health"];
    Accepted {
        id: secret().incident_id(&reporter, &report_key),
        reporter,
        home: Some(Country::parse(home).expect("a country")),
        unmarked: false,
        reported_at: stamp,
        incident: Incident {
            report_key,
            revision: [0, 0, 0, 1, 1, 2, 3][rng.usize(0..7)],
            retracted: rng.u8(0..8) == 0,
            incident_type: ["fraud/phishing", "availability/ddos"][rng.usize(0..2)]
                .parse()
                .expect("a type"),
            severity: [Severity::Low, Severity::High][rng.usize(0..2)],
            marking: marking.expect("a sound marking"),
            occurred_from: None,
            occurred_to: None,
            detected_at: None,
            countries: BTreeSet::from([Country::parse(countries[rng.usize(0..3)]).expect("a country")]),
            sectors: BTreeSet::from([sectors[rng.usize(0..3)].parse().expect("a sector")]),
            indicators: values
                .iter()
                .map(|value| value.parse::<Indicator>().expect("an indicator"))
                .collect(),
            title: String::new(),
            summary: String::new(),
            exercise: key == b'b',
            backfill: rng.u8(0..8) == 0,
            particulars: Default::default(),
        },
    }
}
