use std::collections::{BTreeMap, BTreeSet};

use chappe_model::{
    Accepted, Country, Incident, Marking, MemberId, Pap, Policy, ReportKey, Secret, Severity, Timestamp, Tlp, Use,
};
use fastrand::Rng;

use crate::rules::policy;

/// Partitions of a generated log.
pub const PARTITIONS: u16 = 4;

/// One entry of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A report, with its stamp.
    Report(Timestamp, Box<Accepted>),
    /// A time mark.
    Mark(Timestamp),
}

/// A seeded history: what stands in each partition of the log, and the log time at which it is looked at.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its seed.
    pub seed: u64,
    /// The rules in force.
    pub policy: Policy,
    /// Each partition, in order.
    pub partitions: Vec<Vec<Entry>>,
    /// Every partition is marked with this at the end.
    pub now: Timestamp,
}

/// The secret of all generated cases.
#[must_use]
pub fn secret() -> Secret {
    Secret::new([7; 32])
}

/// A member id.
///
/// # Panics
/// When the text is none: tests write sound ones.
#[must_use]
#[allow(clippy::expect_used, reason = "for tests only")]
pub fn member(id: &str) -> MemberId {
    MemberId::parse(id).expect("a sound member id")
}

/// The members of generated cases, and their countries.
pub const MEMBERS: [(&str, &str); 6] = [
    ("csirt-at", "AT"),
    ("csirt-be", "BE"),
    ("csirt-cz", "CZ"),
    ("csirt-de", "DE"),
    ("csirt-ee", "EE"),
    ("csirt-fr", "FR"),
];
const INDICATORS: [&str; 3] = ["domain:one.example", "ip:203.0.113.9", "ip:10.0.0.1"];
/// What reports name besides, by their key: what describes an attack makes no key and counts nowhere but under its own kind.
const CONTEXT: [Option<&str>; 3] = [None, Some("malware:one"), Some("malware:another")];

/// How a history runs.
struct Shape {
    reports: std::ops::Range<usize>,
    /// Report keys of each member.
    keys: u8,
    /// Between one report and the next, in milliseconds.
    pauses: [u64; 6],
}

impl Shape {
    fn of(seed: u64) -> Self {
        match seed {
            // More reports on one value than an alert lists.
            _ if seed % 1_000 == 999 => Self {
                reports: 500..520,
                keys: 90,
                pauses: [0, 0, 0, 0, 0, 500],
            },
            // So long that state is let go between its episodes, while others live on.
            _ if seed % 8 == 7 => Self {
                reports: 30..50,
                keys: 3,
                pauses: [0, 0, 1_000, 3_000, 10_000, 130_000],
            },
            _ => Self {
                reports: 6..18,
                keys: 3,
                pauses: [0, 0, 1_000, 3_000, 10_000, 40_000],
            },
        }
    }
}

impl Case {
    /// The case of a seed.
    #[must_use]
    pub fn generate(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut partitions = vec![Vec::new(); usize::from(PARTITIONS)];
        let mut clock = rng.u64(0..200_000);
        let (mut drills, mut said) = (BTreeMap::new(), BTreeSet::new());
        let Shape { reports, keys, pauses } = Shape::of(seed);
        for _ in 0..rng.usize(reports) {
            clock += pauses[rng.usize(0..pauses.len())];
            let accepted = report(&mut rng, Timestamp::from_millis(clock), keys, &mut drills);
            let partition = usize::from(Secret::partition(accepted.id, PARTITIONS));
            if said.insert((accepted.id, accepted.incident.revision)) {
                let wobble = rng.u64(0..3) * rng.u64(0..2_000); // clocks of ingest instances differ; log time does not go back
                partitions[partition].push(Entry::Report(
                    Timestamp::from_millis(clock.saturating_sub(wobble)),
                    Box::new(accepted),
                ));
            }
            if rng.u8(0..3) == 0 {
                partitions
                    .iter_mut()
                    .for_each(|partition| partition.push(Entry::Mark(Timestamp::from_millis(clock))));
            }
        }
        let now = Timestamp::from_millis(clock + [0, 3_000, 30_000, 70_000][rng.usize(0..4)]);
        Self {
            seed,
            policy: policy(seed),
            partitions,
            now,
        }
    }

    /// Every report with its log time: the running maximum of stamps and marks in its partition.
    #[must_use]
    pub fn reports(&self) -> Vec<(Timestamp, Accepted)> {
        let mut found = vec![];
        for partition in &self.partitions {
            let mut time = Timestamp::ZERO;
            for entry in partition {
                match entry {
                    Entry::Mark(stamp) => time = time.max(*stamp),
                    Entry::Report(stamp, accepted) => {
                        time = time.max(*stamp);
                        found.push((time, (**accepted).clone()));
                    }
                }
            }
        }
        found
    }
}

#[allow(clippy::expect_used, reason = "for tests only")]
fn report(rng: &mut Rng, stamp: Timestamp, keys: u8, drills: &mut BTreeMap<(usize, u8), bool>) -> Accepted {
    let who = rng.usize(0..MEMBERS.len());
    let (reporter, home) = MEMBERS[who];
    let key = b'!' + rng.u8(0..keys);
    let countries = [home, "IT", "PL"];
    let usages = [
        Use::Share,
        Use::Share,
        Use::Share,
        Use::Share,
        Use::MatchOnly,
        Use::MatchOnly,
        Use::NamedRecipientsOnly,
    ];
    let usage = usages[rng.usize(0..if keys > 3 { 4 } else { 7 })]; // wide histories are open ones
    let lists: [&[&str]; 2] = [&["europol"], &["csirt-at", "europol"]];
    let recipients: BTreeSet<MemberId> = if usage == Use::NamedRecipientsOnly {
        lists[rng.usize(0..2)].iter().map(|m| member(m)).collect()
    } else {
        BTreeSet::new()
    };
    let tlp = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict][rng.usize(0..4)];
    let marking = Marking::new(tlp, Pap::ALL[rng.usize(0..4)], Some(usage), recipients).expect("a sound marking");
    let report_key = ReportKey::parse(&char::from(key).to_string()).expect("a sound key");
    let reporter = member(reporter);
    Accepted {
        id: secret().incident_id(&reporter, &report_key),
        reporter,
        home: Some(Country::parse(home).expect("a country")),
        unmarked: false,
        reported_at: stamp,
        incident: Incident {
            report_key,
            revision: rng.u32(0..4),
            retracted: rng.u8(0..8) == 0,
            incident_type: ["fraud/phishing", "availability/ddos"][rng.usize(0..2)]
                .parse()
                .expect("a type"),
            severity: [Severity::Low, Severity::Medium, Severity::High, Severity::Critical][rng.usize(0..4)],
            marking,
            occurred_from: None,
            occurred_to: None,
            detected_at: None,
            countries: some(rng, &countries)
                .iter()
                .map(|c| Country::parse(c).expect("a country"))
                .collect(),
            sectors: some(rng, &["energy", "food", ""])
                .iter()
                .filter(|s| !s.is_empty())
                .map(|s| s.parse().expect("a sector"))
                .collect(),
            indicators: some(rng, &INDICATORS)
                .iter()
                .chain(&CONTEXT[usize::from(key) % CONTEXT.len()])
                .map(|i| i.parse().expect("an indicator"))
                .collect(),
            title: String::new(),
            summary: String::new(),
            exercise: *drills.entry((who, key)).or_insert_with(|| rng.u8(0..10) == 0),
            backfill: rng.u8(0..20) == 0,
            particulars: Default::default(),
        },
    }
}

/// One or two of them.
fn some<'a>(rng: &mut Rng, of: &[&'a str; 3]) -> Vec<&'a str> {
    let mut choice = of.to_vec();
    rng.shuffle(&mut choice);
    choice.truncate(rng.usize(1..3));
    choice
}
