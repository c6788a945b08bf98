//! Objects that a member adds: read as STIX, submitted as reports of its own.

mod envelope;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chappe_clock::Clock;
use chappe_exchange::Draft;
use chappe_model::{MemberId, Principal, Timestamp};
use chappe_proto::v1;
use chappe_taxii::moment_text;
use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tonic::Status;

use self::envelope::Envelope;
use super::refusal::Refusal;
use super::rooms::{Place, Room};
use super::statuses::Statuses;

/// Envelopes that are read, and whose reports are decided, at once: each may have [`super::TAXII_BODY_BYTES`].
const ENVELOPES_AT_ONCE: usize = 8;
/// Of these, of one member.
pub(crate) const ENVELOPES_PER_MEMBER: usize = 2;
/// How long an addition is waited for; then it is told as pending.
const PATIENCE: Duration = Duration::from_secs(10);
/// Objects up to which a status that is kept names each.
const NAMED: usize = 100;

/// Called with the outcome of a report, once.
pub type Submitted = Box<dyn FnOnce(Result<v1::Receipt, Status>) + Send>;
/// Submits a draft as a report of a member's. What is called may run on any thread, and waits for nothing.
pub type SubmitReport = Arc<dyn Fn(&Principal, Draft, Submitted) + Send + Sync>;

/// Where additions go.
pub(crate) struct Inbox {
    submit: SubmitReport,
    clock: Arc<dyn Clock>,
    statuses: Mutex<Statuses>,
    pub(crate) room: Arc<Room>,
}

impl Inbox {
    pub(crate) fn new(submit: SubmitReport, clock: Arc<dyn Clock>) -> Self {
        Self {
            submit,
            clock,
            statuses: Mutex::default(),
            room: Room::new(ENVELOPES_AT_ONCE, ENVELOPES_PER_MEMBER),
        }
    }

    /// Takes an envelope; the status resource. What was not decided in [`PATIENCE`] goes on, and its status can be asked for.
    pub(crate) async fn take(inbox: &Arc<Self>, who: Arc<Principal>, bytes: Bytes) -> Result<Value, Refusal> {
        let place = inbox.room.enter(&who.member);
        let place = place.ok_or_else(Refusal::too_many_additions)?;
        // The place is the work's, not the request's: who goes away in the middle of it leaves the envelope here until it is read.
        let read = tokio::task::spawn_blocking(move || Envelope::read(&bytes).map(|envelope| (envelope, place))).await;
        let broken = || Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "the request broke off");
        let (envelope, place) = read
            .map_err(|_| broken())?
            .map_err(|why| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "UNPROCESSABLE", why))?;
        let asked = Asked {
            id: random_id().ok_or_else(broken)?,
            member: who.member.clone(),
            at: inbox.clock.now(),
        };
        inbox.keep(&asked, asked.pending(envelope.len()));
        let (here, going_on) = (Arc::clone(inbox), asked.clone());
        let taken = tokio::spawn(async move { here.submit_all(who, envelope, &going_on, place).await });
        match tokio::time::timeout(PATIENCE, taken).await {
            Ok(status) => status.ok().flatten().ok_or_else(broken),
            Err(_) => inbox.status(&asked.member, &asked.id).ok_or_else(broken),
        }
    }

    /// A status of this member's own.
    pub(crate) fn status(&self, member: &MemberId, id: &str) -> Option<Value> {
        self.statuses().of(member, id, self.clock.now().as_millis())
    }

    /// Submits every report of an envelope, and says what became of each object.
    async fn submit_all(
        self: Arc<Self>,
        who: Arc<Principal>,
        mut envelope: Envelope,
        asked: &Asked,
        _place: Place,
    ) -> Option<Value> {
        let (reports, submit) = (std::mem::take(&mut envelope.reports), Arc::clone(&self.submit));
        // Checking many reports keeps a thread busy that connections are not served on.
        let submitted = tokio::task::spawn_blocking(move || {
            let submitted = reports.into_iter().map(|report| {
                let (tell, told) = oneshot::channel();
                // Nobody waits for the answer if this task was ended.
                let done: Submitted = Box::new(move |outcome| drop(tell.send(outcome)));
                submit(&who, report.draft, done);
                (report.objects, told)
            });
            submitted.collect::<Vec<_>>()
        });
        let waiting = submitted.await.ok()?;
        let mut outcomes: BTreeMap<usize, Result<(), String>> = BTreeMap::new();
        for (objects, told) in waiting {
            let outcome = match told.await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(status)) => Err(status.message().to_owned()),
                Err(_) => Err("the outcome is not known: add it again".to_owned()),
            };
            for object in objects {
                // One that is in several reports was taken if one of them was.
                let known = outcomes.entry(object).or_insert_with(|| outcome.clone());
                if outcome.is_ok() {
                    known.clone_from(&outcome);
                }
            }
        }
        envelope.decide(outcomes);
        let status = asked.complete(&envelope, true);
        self.keep(asked, asked.complete(&envelope, envelope.len() <= NAMED));
        Some(status)
    }

    fn keep(&self, asked: &Asked, status: Value) {
        self.statuses()
            .keep(&asked.id, &asked.member, asked.at.as_millis(), status);
    }

    fn statuses(&self) -> std::sync::MutexGuard<'_, Statuses> {
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request to add objects.
#[derive(Clone)]
struct Asked {
    id: String,
    member: MemberId,
    at: Timestamp,
}

impl Asked {
    fn pending(&self, objects: usize) -> Value {
        json!({
            "id": self.id,
            "status": "pending",
            "request_timestamp": self.moment(),
            "total_count": objects,
            "success_count": 0,
            "failure_count": 0,
            "pending_count": objects,
        })
    }

    /// The status of what is decided, with a detail for each object where that is asked for.
    fn complete(&self, envelope: &Envelope, named: bool) -> Value {
        let (successes, failures) = envelope.details(&self.moment());
        let mut status = self.pending(envelope.len());
        status["status"] = "complete".into();
        status["pending_count"] = 0.into();
        for (name, details) in [("success", successes), ("failure", failures)] {
            status[format!("{name}_count")] = details.len().into();
            if named && !details.is_empty() {
                let list = if name == "success" { "successes" } else { "failures" };
                status[list] = details.into();
            }
        }
        status
    }

    fn moment(&self) -> String {
        moment_text(self.at.as_millis().saturating_mul(1_000))
    }
}

/// A UUID of version 4 (RFC 9562, section 5.4).
fn random_id() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = chappe_model::hex(&bytes);
    let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
    Some(format!("{a}-{b}-{c}-{d}-{e}"))
}
