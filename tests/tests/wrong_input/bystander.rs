//! An installation that goes about its business while others send it wrong input.

use chappe_eventlog::{Position, ReadLimit, RecordKind, Topic};
use chappe_proto::v1;
use chappe_tests::{Feed, Program, indicator, now, report};
use tempfile::TempDir;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Who reports rightly. Their reports raise an alert on [`SHARED`].
const REPORTERS: [(&str, &str); 3] = [("csirt-at", "AT"), ("csirt-be", "BE"), ("csirt-cz", "CZ")];
/// Who sends wrong input: it observes [`SHARED`] too, so that anything of it that was taken would change the alert.
pub(super) const SENDER: &str = "csirt-fr";
/// What the reports share.
pub(super) const SHARED: &str = "shared.example";

/// The installation, and how it looked before anything wrong was sent.
pub(super) struct Bystander {
    pub(super) program: Program,
    folder: TempDir,
    id: u32,
    told: Vec<v1::Alert>,
    listed: Vec<v1::Alert>,
    stored: Vec<v1::Incident>,
    receipts: Vec<v1::Receipt>,
    /// Reports that were accepted.
    accepted: usize,
}

impl Bystander {
    /// Three reports of three countries on one domain, and their alert.
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::start(folder.path()).unwrap();
        let id = program.id();
        let mut this = Self {
            program,
            folder,
            id,
            told: vec![],
            listed: vec![],
            stored: vec![],
            receipts: vec![],
            accepted: 0,
        };
        this.receipts = this.submit_all().await;
        this.accepted = REPORTERS.len();
        this.told = this.follow().await;
        this.listed = this.list().await;
        this.stored = this.read_all().await;
        assert_eq!(this.listed.len(), 1, "{:?}", this.listed);
        assert_eq!(this.listed[0].counts.unwrap().members, 3);
        this
    }

    /// Nothing has changed, and the same process goes on answering.
    pub(super) async fn is_unharmed(&mut self, by: &str) {
        assert_eq!(self.program.ended().unwrap(), None, "{by}: it has ended");
        assert_eq!(self.program.id(), self.id, "{by}");
        assert_eq!(self.list().await, self.listed, "{by}: the alerts have changed");
        assert_eq!(self.read_all().await, self.stored, "{by}: reports have changed");
        assert_eq!(
            self.submit_all().await,
            self.receipts,
            "{by}: a sound report is answered otherwise"
        );
    }

    /// A sound report of the sender's own is taken, after all that.
    pub(super) async fn takes_a_sound_report(&mut self, key: &str) -> v1::Receipt {
        let receipt = self.submit(SENDER, report(key)).await.unwrap();
        self.accepted += 1;
        receipt
    }

    /// So many reports were accepted on purpose besides.
    pub(super) fn expect_accepted(&mut self, reports: usize) {
        self.accepted += reports;
    }

    /// To the end: no stream was told anything more, and the log holds what was accepted and nothing else.
    pub(super) async fn stop(mut self) {
        assert_eq!(self.follow().await, self.told, "streams were told more");
        self.program.stop().unwrap();
        assert_eq!(reports_in(&self.program), self.accepted);
        drop(self.folder);
    }

    pub(super) async fn submit(&self, member: &str, incident: v1::Incident) -> Result<v1::Receipt, Status> {
        let request = v1::SubmitRequest {
            incident: Some(incident),
            validate_only: false,
        };
        let answer = self.program.client(member).unwrap().incidents().submit(request).await?;
        Ok(answer.into_inner().receipt.unwrap())
    }

    async fn submit_all(&self) -> Vec<v1::Receipt> {
        let mut receipts = vec![];
        for (member, country) in REPORTERS {
            receipts.push(self.submit(member, shared_report("sound", country)).await.unwrap());
        }
        receipts
    }

    async fn follow(&self) -> Vec<v1::Alert> {
        let mut feed = Feed::from_beginning(&self.program.client("europol").unwrap())
            .await
            .unwrap();
        feed.until_judged(now()).await.unwrap()
    }

    async fn list(&self) -> Vec<v1::Alert> {
        let mut alerts = self.program.client("europol").unwrap().alerts();
        alerts
            .list_alerts(v1::ListAlertsRequest::default())
            .await
            .unwrap()
            .into_inner()
            .alerts
    }

    async fn read_all(&self) -> Vec<v1::Incident> {
        let mut found = vec![];
        for ((member, _), receipt) in REPORTERS.into_iter().zip(&self.receipts) {
            let mut incidents = self.program.client(member).unwrap().incidents();
            let request = v1::GetIncidentRequest {
                name: receipt.incident.clone(),
            };
            found.extend(incidents.get_incident(request).await.unwrap().into_inner().incident);
        }
        found
    }

    /// The name of a report of another member than the sender.
    pub(super) fn foreign_incident(&self) -> String {
        self.receipts[0].incident.clone()
    }

    /// The name of the alert.
    pub(super) fn alert(&self) -> String {
        self.listed[0].name.clone()
    }
}

/// A sound report that observes [`SHARED`].
pub(super) fn shared_report(key: &str, country: &str) -> v1::Incident {
    v1::Incident {
        countries: vec![country.to_owned()],
        indicators: vec![indicator(v1::IndicatorType::Domain, SHARED)],
        ..report(key)
    }
}

/// How many reports the log of a program that has ended holds.
fn reports_in(program: &Program) -> usize {
    let log = program.log().unwrap();
    let mut reports = 0;
    for partition in 0..log.partitions(Topic::Incidents) {
        let mut from = Position(0);
        loop {
            let records = log
                .read(Topic::Incidents, partition, from, ReadLimit::default())
                .unwrap();
            let Some((last, _)) = records.last() else { break };
            from = last.next();
            reports += records
                .iter()
                .filter(|(_, record)| record.kind == RecordKind::Data)
                .count();
        }
    }
    reports
}

/// What a refusal must be: the code, exactly one fault at `field`, and words on what to do. Otherwise what it is instead.
pub(super) fn check_fault(case: &str, refusal: &Status, field: &str, says: &str) -> Result<(), String> {
    let faults = refusal
        .get_details_bad_request()
        .map_or_else(Vec::new, |bad| bad.field_violations);
    let whole = refusal.code() == Code::InvalidArgument && refusal.message().contains(field);
    match &faults[..] {
        [fault] if whole && fault.field == field && fault.description.contains(says) => Ok(()),
        _ => Err(format!(
            "{case}: {says:?} is expected at {field}, not {:?} {:?} {faults:?}",
            refusal.code(),
            refusal.message()
        )),
    }
}

/// As [`check_fault`].
pub(super) fn assert_fault(case: &str, refusal: &Status, field: &str, says: &str) {
    check_fault(case, refusal, field, says).unwrap_or_else(|instead| panic!("{instead}"));
}

/// Another refusal: the code, the reason for programs, and words on what to do.
pub(super) fn assert_refused(case: &str, refusal: &Status, code: Code, reason: &str, says: &str) {
    assert_eq!(refusal.code(), code, "{case}: {refusal:?}");
    let info = refusal
        .get_details_error_info()
        .unwrap_or_else(|| panic!("{case}: no ErrorInfo in {refusal:?}"));
    assert_eq!(
        (info.reason.as_str(), info.domain.as_str()),
        (reason, "chappe.eu"),
        "{case}"
    );
    assert!(
        refusal.message().contains(says),
        "{case}: {:?} does not say {says:?}",
        refusal.message()
    );
}
