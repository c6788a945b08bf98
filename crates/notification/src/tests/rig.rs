//! A board on a log in memory, members to look at it, and alerts to look at.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use chappe_eventlog::{EventLog, MemoryLog, Record, Topic, append_blocking};
use chappe_identity::{Directory, TokenDigest};
use chappe_model::{
    Alert, AlertId, AlertState, Audience, Compartment, Country, CountrySet, Counts, Evidence, IncidentId, KeyField,
    KeyHash, MemberId, Pap, Principal, Realm, Role, Rsit, Secret, Severity, Timestamp, Tlp, built_in_rules,
};
use chappe_proto::{alert, v1};
use tonic::Status;

use crate::view::Sizes;
use crate::{Board, Feed};

/// So small that streams soon read from the log instead of from memory.
pub(super) const SMALL: Sizes = Sizes {
    tail_records: 3,
    tail_bytes: 1 << 20,
    milestone_records: 2,
};

pub(super) fn member(id: &str) -> MemberId {
    MemberId::parse(id).unwrap()
}

pub(super) fn viewer(id: &str, home: &str, role: Role) -> Arc<Principal> {
    Arc::new(Principal {
        member: member(id),
        home: Country::parse(home).ok(),
        role,
    })
}

pub(super) fn austria() -> Arc<Principal> {
    viewer("csirt-at", "AT", Role::Member)
}

pub(super) fn germany() -> Arc<Principal> {
    viewer("csirt-de", "DE", Role::Member)
}

pub(super) fn countries(codes: &[&str]) -> CountrySet {
    codes.iter().map(|code| Country::parse(code).unwrap()).collect()
}

pub(super) fn id(n: u8) -> AlertId {
    AlertId::from_bytes([n; 16])
}

/// Revision `revision` of alert `n`: live, cross-border, high, AT and DE, phishing, for every member, written under epoch 1.
pub(crate) fn revision(n: u8, revision: u32) -> Alert {
    let value = Arc::from(format!("domain:bad{n}.example"));
    Alert {
        id: id(n),
        revision,
        revised_at: Timestamp::from_millis(1_000 + u64::from(revision)),
        epoch: 1,
        state: AlertState::Open,
        rule: Arc::new(built_in_rules().remove(0)),
        compartment: Compartment::pool(Realm::Live),
        key_hash: KeyHash(u128::from(n)),
        key: Arc::from([KeyField {
            field: "indicator".into(),
            value,
        }]),
        anchor: (Timestamp::from_millis(500), IncidentId::from_bytes([n; 16])),
        last_fire: Timestamp::from_millis(900),
        audience: Audience::Eu,
        severity: Severity::High,
        tlp: Tlp::Amber,
        pap: Pap::Amber,
        countries: countries(&["AT", "DE"]),
        sectors: BTreeSet::new(),
        incident_types: BTreeSet::from([Rsit::Phishing]),
        counts: Counts {
            reports: 1,
            unlisted: 0,
            members: 1,
        },
        digest: [3; 16],
        evidence: [Evidence {
            incident: IncidentId::from_bytes([n; 16]),
            reporter: member("csirt-at"),
            time: Timestamp::from_millis(500),
            countries: countries(&["AT"]),
            incident_type: Rsit::Phishing,
            severity: Severity::High,
        }]
        .into(),
        values: vec!["AT".into(), "DE".into()],
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

/// For the members on this list only.
pub(super) fn confined(mut alert: Alert, recipients: &[&str]) -> Alert {
    alert.compartment.recipients = Some(Arc::new(recipients.iter().map(|id| member(id)).collect()));
    alert.audience = Audience::Recipients;
    alert.tlp = Tlp::Red;
    alert
}

/// What a withdrawn alert still says: nothing.
pub(super) fn retracted(mut alert: Alert) -> Alert {
    alert.state = AlertState::Retracted;
    alert.severity = Severity::Info;
    alert.countries = CountrySet::new();
    alert.incident_types.clear();
    alert.evidence = Arc::default();
    alert.counts = Counts::default();
    alert
}

pub(super) struct Rig {
    pub(super) log: MemoryLog,
    pub(super) board: Board,
}

impl Rig {
    pub(super) fn new() -> Self {
        Self::on(MemoryLog::new(), SMALL)
    }

    /// A board that has read this log.
    pub(super) fn on(log: MemoryLog, sizes: Sizes) -> Self {
        let board = board(Arc::new(log.clone()), sizes);
        Self { log, board }
    }

    pub(super) fn append(&self, alert: &Alert) {
        append(&self.log, alert);
    }

    pub(super) fn mark(&self, watermark_ms: u64, epoch: u64) {
        mark(&self.log, watermark_ms, epoch);
    }

    pub(super) fn catch_up(&self) -> usize {
        self.board.catch_up().unwrap()
    }

    pub(super) fn subscribe(&self, who: &Arc<Principal>, request: &v1::SubscribeRequest) -> Feed {
        self.board.subscribe(Arc::clone(who), request).unwrap()
    }

    /// States a constituency, in the hub's name.
    pub(super) fn state(
        &self,
        whose: &str,
        constituency: &v1::Constituency,
        now_ms: u64,
    ) -> Result<v1::SetConstituencyResponse, Status> {
        self.state_as(&europol(), whose, constituency, now_ms)
    }

    pub(super) fn state_as(
        &self,
        who: &Principal,
        whose: &str,
        constituency: &v1::Constituency,
        now_ms: u64,
    ) -> Result<v1::SetConstituencyResponse, Status> {
        let request = v1::SetConstituencyRequest {
            member: whose.to_owned(),
            constituency: Some(constituency.clone()),
        };
        let now = Timestamp::from_millis(now_ms);
        self.board.state_constituency(who, &directory(), &request, now)
    }

    /// Everything that a feed has to give now.
    pub(super) fn drain(&self, feed: &mut Feed) -> Vec<v1::SubscribeResponse> {
        feed.next(&self.board, usize::MAX).unwrap()
    }
}

pub(super) fn europol() -> Arc<Principal> {
    viewer("europol", "", Role::Hub)
}

/// Austria, Germany and the hub.
pub(super) fn directory() -> Directory {
    let members = [austria(), germany(), europol()];
    let entry = |who: &Arc<Principal>| ((**who).clone(), TokenDigest::of(who.member.as_str()));
    Directory::new(members.iter().map(entry).collect()).unwrap()
}

/// These countries and domains.
pub(super) fn constituency(countries: &[&str], domains: &[&str]) -> v1::Constituency {
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    v1::Constituency {
        countries: texts(countries),
        domains: texts(domains),
        ..v1::Constituency::default()
    }
}

pub(super) fn mine() -> Option<v1::AlertFilter> {
    Some(v1::AlertFilter {
        mine: true,
        ..v1::AlertFilter::default()
    })
}

pub(super) fn board(log: Arc<dyn EventLog>, sizes: Sizes) -> Board {
    let board = Board::new(log, Secret::new([7; 32]), 5_000, sizes);
    board.catch_up().unwrap();
    board
}

pub(super) fn append(log: &dyn EventLog, revision: &Alert) {
    let key = Bytes::copy_from_slice(revision.id.as_bytes());
    let record = Record::data(revision.revised_at.as_millis(), key, alert::encode(revision).into());
    append_blocking(log, Topic::Alerts, 0, record).unwrap();
}

pub(super) fn mark(log: &dyn EventLog, watermark_ms: u64, epoch: u64) {
    let payload = alert::encode_mark(Timestamp::from_millis(watermark_ms), epoch).into();
    append_blocking(
        log,
        Topic::Alerts,
        0,
        Record {
            payload,
            ..Record::mark(watermark_ms)
        },
    )
    .unwrap();
}

pub(super) fn from_beginning() -> v1::SubscribeRequest {
    v1::SubscribeRequest {
        from_beginning: true,
        ..Default::default()
    }
}

pub(super) fn from_now() -> v1::SubscribeRequest {
    v1::SubscribeRequest::default()
}

pub(super) fn resume(cursor: &str) -> v1::SubscribeRequest {
    v1::SubscribeRequest {
        cursor: cursor.to_owned(),
        ..Default::default()
    }
}

/// What an answer shows: `n.revision` of an alert, `gap`, or a heartbeat's log time.
pub(super) fn told(answer: &v1::SubscribeResponse) -> String {
    match answer.event.as_ref().unwrap() {
        v1::subscribe_response::Event::Alert(alert) => {
            let id = AlertId::parse_resource_name(&alert.name).unwrap();
            format!("{}.{}", id.as_bytes()[0], alert.revision)
        }
        v1::subscribe_response::Event::Heartbeat(beat) => {
            let at = beat.log_time.unwrap();
            format!(
                "{}{}",
                at.seconds * 1_000 + i64::from(at.nanos / 1_000_000),
                if beat.stale { " stale" } else { "" }
            )
        }
        v1::subscribe_response::Event::Gap(_) => "gap".to_owned(),
    }
}

pub(super) fn all_told(answers: &[v1::SubscribeResponse]) -> Vec<String> {
    answers.iter().map(told).collect()
}
