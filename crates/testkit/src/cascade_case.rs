use std::collections::{BTreeMap, BTreeSet};

use chappe_correlate::{CascadePolicy, Connection, Dependencies, Dependency};
use chappe_model::{Accepted, Country, Incident, Marking, Pap, ReportKey, Secret, Severity, Timestamp, Tlp, Use};
use fastrand::Rng;
use serde_json::{Value, json};

use crate::case::{Case, Entry, MEMBERS, PARTITIONS, member, secret};
use crate::oracle::record;
use crate::rules::policy;

const HOUR_MS: u64 = 3_600_000;
const SECTORS: [&str; 5] = ["energy", "health", "banking", "food", "transport"];
const COUNTRIES: [&str; 4] = ["AT", "DE", "HU", "IT"];
/// Who depends on whom in a country, and for how many hours it is warned.
const WITHIN: [(&str, &str, u32); 5] = [
    ("energy", "health", 24),
    ("energy", "banking", 8),
    ("banking", "food", 4),
    ("transport", "food", 12),
    ("health", "banking", 6),
];
/// Whose energy depends on whose.
const BETWEEN: [(&str, &str); 3] = [("AT", "DE"), ("AT", "HU"), ("AT", "IT")];
const BETWEEN_HOURS: u32 = 6;

/// A history in which sectors are hit, and what depends on them.
#[derive(Clone, Debug)]
pub struct CascadeCase {
    /// The history.
    pub case: Case,
    /// When a sector counts as hit.
    pub policy: CascadePolicy,
}

/// The case of a seed: some days.
#[must_use]
pub fn cascade_case(seed: u64) -> CascadeCase {
    let mut rng = Rng::with_seed(seed ^ 0xca5c);
    let mut clock = 480_000 * HOUR_MS;
    let mut partitions = vec![vec![Entry::Mark(Timestamp::from_millis(clock))]; usize::from(PARTITIONS)];
    let (mut said, mut drills) = (BTreeSet::new(), BTreeMap::new());
    let (mut burst, mut focus) = (0, None);
    for _ in 0..rng.usize(20..90) {
        if burst == 0 {
            clock += HOUR_MS * [0, 1, 2, 5, 8, 24][rng.usize(0..6)] + rng.u64(0..2);
            burst = [0, 3, 6, 10][rng.usize(0..4)];
            focus = rng.bool().then(|| (rng.usize(0..2), rng.usize(0..COUNTRIES.len())));
        } else {
            burst -= 1;
            clock += rng.u64(0..2) * rng.u64(0..HOUR_MS);
        }
        let accepted = report(&mut rng, Timestamp::from_millis(clock), focus, &mut drills);
        let partition = usize::from(Secret::partition(accepted.id, PARTITIONS));
        if said.insert((accepted.id, accepted.incident.revision)) {
            let stamp = Timestamp::from_millis(clock - rng.u64(0..3) * rng.u64(0..2_000));
            partitions[partition].push(Entry::Report(stamp, Box::new(accepted)));
        }
        if rng.u8(0..3) == 0 {
            let mark = Entry::Mark(Timestamp::from_millis(clock));
            partitions.iter_mut().for_each(|partition| partition.push(mark.clone()));
        }
    }
    CascadeCase {
        policy: cascade_policy(&mut rng),
        case: Case {
            seed,
            policy: policy(seed),
            now: Timestamp::from_millis(clock + HOUR_MS * [0, 1, 7, 60][rng.usize(0..4)] + rng.u64(0..2)),
            partitions,
        },
    }
}

#[allow(clippy::expect_used, reason = "for tests only")]
pub(crate) fn cascade_policy(rng: &mut Rng) -> CascadePolicy {
    let within = WITHIN.map(|(on, sector, hours)| Dependency {
        on: on.parse().expect("a sector"),
        sector: sector.parse().expect("a sector"),
        hours,
        why: "it does".into(),
    });
    let country = |code| Country::parse(code).expect("a country");
    let grid = Connection {
        sector: "energy".parse().expect("a sector"),
        countries: BETWEEN.map(|(one, other)| [country(one), country(other)]).to_vec(),
        hours: BETWEEN_HOURS,
        why: "one grid".into(),
    };
    CascadePolicy {
        reports: rng.u32(2..4),
        per_member: [2, 3, 100][rng.usize(0..3)],
        window_ms: [8, 24][rng.usize(0..2)] * HOUR_MS,
        ..CascadePolicy::new(Dependencies::new("test", within.to_vec(), vec![grid]).expect("sound"))
    }
}

#[allow(clippy::expect_used, reason = "for tests only")]
fn report(
    rng: &mut Rng,
    stamp: Timestamp,
    focus: Option<(usize, usize)>,
    drills: &mut BTreeMap<String, bool>,
) -> Accepted {
    let (reporter, home) = match rng.u8(0..10) {
        0 => ("europol", None),
        _ => {
            let (reporter, home) = MEMBERS[rng.usize(0..MEMBERS.len())];
            (reporter, Some(Country::parse(home).expect("a country")))
        }
    };
    let reporter = member(reporter);
    let key = format!("{reporter}-{}", rng.u32(0..12));
    let marking = marking(rng);
    let report_key = ReportKey::parse(&key).expect("a sound key");
    let exercise = *drills.entry(key).or_insert_with(|| rng.u8(0..8) == 0);
    let mut sectors = BTreeSet::from([SECTORS[focus.map_or(rng.usize(0..SECTORS.len()), |(sector, _)| sector)]]);
    let mut countries =
        BTreeSet::from([COUNTRIES[focus.map_or(rng.usize(0..COUNTRIES.len()), |(_, country)| country)]]);
    if rng.u8(0..5) == 0 {
        sectors.insert(SECTORS[rng.usize(0..SECTORS.len())]);
        countries.insert(COUNTRIES[rng.usize(0..COUNTRIES.len())]);
    }
    if rng.u8(0..20) == 0 {
        sectors.clear();
    }
    Accepted {
        id: secret().incident_id(&reporter, &report_key),
        reporter,
        home,
        unmarked: false,
        reported_at: stamp,
        incident: Incident {
            report_key,
            revision: rng.u32(0..5),
            retracted: rng.u8(0..8) == 0,
            incident_type: "availability/outage".parse().expect("a type"),
            severity: [
                Severity::High,
                Severity::High,
                Severity::High,
                Severity::Critical,
                Severity::Low,
            ][rng.usize(0..5)],
            marking,
            occurred_from: None,
            occurred_to: None,
            detected_at: None,
            countries: countries
                .into_iter()
                .map(|code| Country::parse(code).expect("a country"))
                .collect(),
            sectors: sectors
                .into_iter()
                .map(|code| code.parse().expect("a sector"))
                .collect(),
            indicators: BTreeSet::new(),
            title: String::new(),
            summary: String::new(),
            exercise,
            backfill: rng.u8(0..20) == 0,
            particulars: Default::default(),
        },
    }
}

#[allow(clippy::expect_used, reason = "for tests only")]
fn marking(rng: &mut Rng) -> Marking {
    let usage = match rng.u8(0..24) {
        0 => Use::MatchOnly,
        1 => Use::NamedRecipientsOnly,
        _ => Use::Share,
    };
    let recipients = (usage == Use::NamedRecipientsOnly).then(|| member("europol"));
    let tlp = [Tlp::Clear, Tlp::Green, Tlp::Amber][rng.usize(0..3)];
    let pap = Pap::ALL[rng.usize(0..4)];
    let marking = Marking::new(tlp, pap, Some(usage), recipients.into_iter().collect());
    marking.expect("a sound marking")
}

impl CascadeCase {
    /// What the oracle is asked.
    #[must_use]
    pub fn question(&self) -> Value {
        let records = self.case.reports();
        let records: Vec<Value> = records.iter().map(|(time, accepted)| record(*time, accepted)).collect();
        let within: Vec<Value> = WITHIN
            .iter()
            .map(|(on, sector, hours)| json!([on, sector, u64::from(*hours) * HOUR_MS]))
            .collect();
        let between: Vec<Value> = BETWEEN
            .iter()
            .map(|(one, other)| json!(["energy", one, other, u64::from(BETWEEN_HOURS) * HOUR_MS]))
            .collect();
        let policy = json!({
            "window_ms": self.policy.window_ms, "reports": self.policy.reports, "members": self.policy.members, "held": self.policy.per_member,
            "severity": self.policy.least_severity.as_str(), "within": within, "between": between,
        });
        json!({ "policy": policy, "now": self.case.now.as_millis(), "records": records })
    }
}
