//! Histories of reports, and what they add up to by a look at each record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use chappe_eventlog::{EventLog, MemoryLog, Record, Topic, append_blocking};
use chappe_model::{
    Accepted, Country, Incident, IncidentId, Indicator, Marking, Pap, Principal, ReportKey, Rsit, Secret, Sector,
    Severity, Timestamp, Tlp, Use,
};
use chappe_proto::incident;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::Incidents;
use crate::tests::rig::{austria, europol, germany, member};

pub(super) const INDICATORS: [&str; 10] = [
    "ip:192.0.2.7",
    "ip:192.0.2.200",
    "ip:2001:db8::7",
    "domain:www.bad.example",
    "domain:bad.example",
    "domain:notbad.example",
    "url:http://192.0.2.9:81/x",
    "url:https://login.bad.example/x",
    "email:boss@bad.example",
    "cve:CVE-2021-44228",
];
pub(super) const COUNTRIES: [&str; 3] = ["AT", "DE", "FR"];
pub(super) const TYPES: [&str; 3] = ["fraud/phishing", "malicious-code/c2-server", "fraud/masquerade"];
pub(super) const SECTORS: [&str; 2] = ["energy", "health"];

pub(super) fn secret() -> Secret {
    Secret::new([7; 32])
}

/// One record of a log.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) reporter: usize,
    pub(super) key: u8,
    pub(super) revision: u32,
    pub(super) retracted: bool,
    pub(super) exercise: bool,
    pub(super) is_named_only: bool,
    pub(super) indicators: Vec<&'static str>,
    pub(super) incident_type: &'static str,
    pub(super) severity: Severity,
    pub(super) countries: Vec<&'static str>,
    pub(super) sectors: Vec<&'static str>,
    /// Days before the report: begun, detected.
    pub(super) days: [Option<u64>; 2],
}

pub(super) fn said() -> impl Strategy<Value = Said> {
    let who = (
        0_usize..3,
        0_u8..4,
        1_u32..5,
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.15),
        any::<bool>(),
    );
    let what = (
        subsequence(INDICATORS.to_vec(), 0..4),
        select(TYPES.to_vec()),
        select(Severity::ALL.to_vec()),
        subsequence(COUNTRIES.to_vec(), 1..3),
        subsequence(SECTORS.to_vec(), 0..2),
        [prop::option::of(0_u64..9), prop::option::of(0_u64..9)],
    );
    (who, what).prop_map(
        |((reporter, key, revision, retracted, exercise, is_named_only), what)| Said {
            reporter,
            key,
            revision,
            retracted,
            exercise,
            is_named_only,
            indicators: if retracted { vec![] } else { what.0 },
            incident_type: what.1,
            severity: what.2,
            countries: what.3,
            sectors: what.4,
            days: what.5,
        },
    )
}

pub(super) fn who(reporter: usize) -> Arc<Principal> {
    [austria(), germany(), europol()][reporter].clone()
}

const DAY_MS: u64 = 86_400_000;

impl Said {
    pub(super) fn accepted(&self, at_ms: u64) -> Accepted {
        let reporter = who(self.reporter).member.clone();
        let key = ReportKey::parse(&format!("CASE-{}", self.key)).unwrap();
        let marking = match self.is_named_only {
            true => Marking::new(
                Tlp::Red,
                Pap::Red,
                None,
                BTreeSet::from([member("csirt-at"), member("csirt-de")]),
            ),
            false => Marking::new(Tlp::Amber, Pap::Amber, Some(Use::Share), BTreeSet::new()),
        };
        let before = |days: Option<u64>| days.map(|days| Timestamp::from_millis(at_ms - days * DAY_MS));
        let parsed = self.indicators.iter().map(|text| text.parse::<Indicator>().unwrap());
        Accepted {
            id: secret().incident_id(&reporter, &key),
            reporter,
            home: None,
            unmarked: false,
            reported_at: Timestamp::from_millis(at_ms),
            incident: Incident {
                report_key: key,
                revision: self.revision,
                retracted: self.retracted,
                incident_type: self.incident_type.parse::<Rsit>().unwrap(),
                severity: self.severity,
                marking: marking.unwrap(),
                occurred_from: before(self.days[0]),
                occurred_to: None,
                detected_at: before(self.days[1]),
                countries: self
                    .countries
                    .iter()
                    .map(|code| Country::parse(code).unwrap())
                    .collect(),
                sectors: self
                    .sectors
                    .iter()
                    .map(|code| code.parse::<Sector>().unwrap())
                    .collect(),
                indicators: parsed
                    .map(|indicator| indicator.pseudonymised(&secret()).unwrap())
                    .collect(),
                title: String::new(),
                summary: String::new(),
                exercise: self.exercise,
                backfill: false,
                particulars: Default::default(),
            },
        }
    }
}

pub(super) fn at_ms(nth: usize) -> u64 {
    1_000 * DAY_MS + nth as u64 * DAY_MS / 7
}

pub(super) fn append(log: &dyn EventLog, accepted: &Accepted) {
    let partition = Secret::partition(accepted.id, log.partitions(Topic::Incidents));
    let key = Bytes::copy_from_slice(accepted.id.as_bytes());
    let record = Record::data(
        accepted.reported_at.as_millis(),
        key,
        incident::encode(accepted, &[0; 16]).into(),
    );
    append_blocking(log, Topic::Incidents, partition, record).unwrap();
}

pub(super) fn mark(log: &dyn EventLog, at_ms: u64) {
    for partition in 0..log.partitions(Topic::Incidents) {
        append_blocking(log, Topic::Incidents, partition, Record::mark(at_ms)).unwrap();
    }
}

pub(super) fn index(log: &MemoryLog) -> Incidents {
    Incidents::new(Arc::new(log.clone()), secret(), 5_000)
}

/// The incidents that a history adds up to for a member: each its newest revision, and what it names.
pub(super) fn own(history: &[Said], whose: usize) -> BTreeMap<IncidentId, (Accepted, Vec<&'static str>)> {
    let mut records: BTreeMap<IncidentId, Vec<(&Said, Accepted)>> = BTreeMap::new();
    for (nth, said) in history.iter().enumerate().filter(|(_, said)| said.reporter == whose) {
        let accepted = said.accepted(at_ms(nth));
        records.entry(accepted.id).or_default().push((said, accepted));
    }
    let sums = records.into_iter().map(|(id, records)| {
        let exercise = records[0].0.exercise;
        let mut revisions: BTreeMap<u32, (&Said, Accepted)> = BTreeMap::new();
        for (said, accepted) in records.into_iter().filter(|(said, _)| said.exercise == exercise) {
            revisions.entry(said.revision).or_insert((said, accepted));
        }
        let named = revisions.values().rev().find(|(said, _)| !said.retracted);
        let named = named.map(|(said, _)| said.indicators.clone()).unwrap_or_default();
        let (_, (_, newest)) = revisions.pop_last().unwrap();
        (id, (newest, named))
    });
    sums.collect()
}
