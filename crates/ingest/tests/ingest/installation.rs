//! A small installation: five members, a log in memory, a clock wound by hand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chappe_clock::ManualClock;
use chappe_eventlog::{EventLog, FaultPlan, MemoryLog, Partitions, Position, ReadLimit, Record, RecordKind, Topic};
use chappe_identity::{Directory, TokenDigest};
use chappe_ingest::{Desk, Done, Options, Quotas, Service};
use chappe_model::{Accepted, Country, MemberId, Policy, Principal, Role, Secret, Timestamp, built_in_rules};
use chappe_proto::{incident, v1};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// 2025-12-01T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_764_547_200_000);

pub(crate) fn member(id: &str) -> MemberId {
    MemberId::parse(id).unwrap()
}

pub(crate) fn principal(id: &str) -> Principal {
    let (home, role) = match id {
        "csirt-at" => (Some("AT"), Role::Member),
        "csirt-be" => (Some("BE"), Role::Member),
        "csirt-fr" => (Some("FR"), Role::Member),
        "duty" => (None, Role::DutyOfficer),
        _ => (None, Role::Hub),
    };
    Principal {
        member: member(id),
        home: home.map(|code| Country::parse(code).unwrap()),
        role,
    }
}

pub(crate) fn directory() -> Directory {
    let ids = ["csirt-at", "csirt-be", "csirt-fr", "europol", "duty"];
    Directory::new(
        ids.map(|id| (principal(id), TokenDigest::of(&format!("token of {id}"))))
            .to_vec(),
    )
    .unwrap()
}

/// A policy that takes the unmarked reports of these members.
pub(crate) fn policy(unmarked_as_red: &[&str]) -> Policy {
    let unmarked = unmarked_as_red.iter().map(|id| member(id)).collect();
    Policy::new(1, built_in_rules(), 300_000, unmarked, vec![member("duty")]).unwrap()
}

pub(crate) fn options() -> Options {
    Options {
        secret: Secret::new([7; 32]),
        directory: Arc::new(directory()),
        policy: policy(&[]),
        quotas: Quotas::default(),
        budget: chappe_model::Budget::default(),
        mark_interval: Duration::from_secs(1),
    }
}

pub(crate) struct Installation {
    pub(crate) log: MemoryLog,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) service: Service,
    pub(crate) desk: Arc<Desk>,
}

impl Installation {
    pub(crate) fn new() -> Self {
        Self::with(options(), FaultPlan::none())
    }

    pub(crate) fn with(options: Options, faults: FaultPlan) -> Self {
        let log = MemoryLog::with_faults(Partitions::default(), faults);
        Self::on(options, log, Arc::new(ManualClock::starting_at(START)))
    }

    pub(crate) fn on(options: Options, log: MemoryLog, clock: Arc<ManualClock>) -> Self {
        let service = Service::open(options, Arc::new(log.clone()), clock.clone()).unwrap();
        let desk = service.desk();
        Self {
            log,
            clock,
            service,
            desk,
        }
    }

    /// Several on one shared log, each with its own clock.
    pub(crate) fn sharing(log: &MemoryLog, count: usize) -> Vec<Self> {
        let one = |_| Self::on(options(), log.clone(), Arc::new(ManualClock::starting_at(START)));
        (0..count).map(one).collect()
    }

    /// Reads a shared log up to its end.
    pub(crate) fn follow(&self) {
        while self.desk.follow().unwrap() > 0 {}
    }

    /// Crashes and starts again on what the log kept.
    pub(crate) fn restart(&self, options: Options) -> Self {
        Self::on(options, self.log.crash(FaultPlan::none()), self.clock.clone())
    }

    pub(crate) fn submit(&self, who: &str, report: &v1::Incident) -> Answer {
        let (answer, done) = Answer::new();
        self.desk.submit(&principal(who), report, false, done);
        answer
    }

    pub(crate) fn check(&self, who: &str, report: &v1::Incident) -> Answer {
        let (answer, done) = Answer::new();
        self.desk.submit(&principal(who), report, true, done);
        answer
    }

    pub(crate) fn retract(&self, who: &str, report_key: &str, revision: u32, reason: &str) -> Answer {
        let (answer, done) = Answer::new();
        let request = v1::RetractRequest {
            report_key: report_key.into(),
            revision,
            reason: reason.into(),
        };
        self.desk.retract(&principal(who), &request, done);
        answer
    }

    pub(crate) fn get(&self, who: &str, name: &str) -> Result<v1::Incident, Status> {
        self.desk.get(&principal(who), name)
    }

    /// Every record of the incidents topic that holds a revision, with its partition.
    pub(crate) fn records(&self) -> Vec<(u16, Record)> {
        let all = ReadLimit {
            records: usize::MAX,
            bytes: usize::MAX,
        };
        let partitions = 0..self.log.partitions(Topic::Incidents);
        let read = |partition| self.log.read(Topic::Incidents, partition, Position(0), all).unwrap();
        let each =
            partitions.flat_map(|partition| read(partition).into_iter().map(move |(_, record)| (partition, record)));
        each.filter(|(_, record)| record.kind == RecordKind::Data).collect()
    }

    /// What is stored.
    pub(crate) fn stored(&self) -> Vec<Accepted> {
        self.records()
            .iter()
            .map(|(_, record)| incident::decode(&record.payload).unwrap().0)
            .collect()
    }
}

/// What became of a request; it must be told at most once.
#[derive(Clone)]
pub(crate) struct Answer(Arc<Mutex<Option<Result<v1::Receipt, Status>>>>);

impl Answer {
    pub(crate) fn new() -> (Self, Done) {
        let answer = Self(Arc::default());
        let told = answer.clone();
        let done = move |outcome| assert!(told.0.lock().unwrap().replace(outcome).is_none(), "answered twice");
        (answer, Box::new(done))
    }

    /// Not answered yet.
    pub(crate) fn is_open(&self) -> bool {
        self.0.lock().unwrap().is_none()
    }

    pub(crate) fn told(&self) -> Result<v1::Receipt, Status> {
        self.0.lock().unwrap().clone().expect("not answered")
    }

    pub(crate) fn receipt(&self) -> v1::Receipt {
        self.told().unwrap()
    }

    pub(crate) fn refusal(&self) -> Status {
        self.told().unwrap_err()
    }

    pub(crate) fn code(&self) -> Code {
        self.told().err().map_or(Code::Ok, |status| status.code())
    }
}

/// The reason of a status for programs.
pub(crate) fn reason(status: &Status) -> String {
    status.get_details_error_info().expect("has an ErrorInfo").reason
}

/// Says when to try again.
pub(crate) fn retry_after(status: &Status) -> Option<Duration> {
    status.get_details_retry_info().and_then(|retry| retry.retry_delay)
}

/// The field paths of a BadRequest.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let bad = status.get_details_bad_request().expect("has a BadRequest");
    bad.field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}

/// A sound report under TLP:AMBER.
pub(crate) fn report(key: &str) -> v1::Incident {
    v1::Incident {
        report_key: key.into(),
        revision: 1,
        incident_type: "fraud/phishing".into(),
        countries: vec!["AT".into()],
        marking: Some(marking(v1::Tlp::Amber, v1::Use::Unspecified, &[])),
        indicators: vec![indicator(v1::IndicatorType::Domain, "bad.example")],
        title: "Phishing".into(),
        ..Default::default()
    }
}

pub(crate) fn marking(tlp: v1::Tlp, usage: v1::Use, recipients: &[&str]) -> v1::Marking {
    v1::Marking {
        tlp: tlp as i32,
        r#use: usage as i32,
        recipients: recipients.iter().map(ToString::to_string).collect(),
        ..Default::default()
    }
}

pub(crate) fn indicator(kind: v1::IndicatorType, value: &str) -> v1::Indicator {
    v1::Indicator {
        r#type: kind as i32,
        value: value.into(),
    }
}
