//! Taking a decision: from a request to a durable record and its answer.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chappe_distribute::may_see;
use chappe_eventlog::{AppendError, Durability, Position, ReadError, Record, Topic, append_blocking};
use chappe_model::{AlertId, Decision, Judgement, MemberId, Principal, Timestamp};
use chappe_proto::{Violations, decision, invalid_argument, status, v1};
use metrics::counter;
use tonic::{Code, Status};

use crate::board::{Board, not_found};
use crate::decisions::Standing;
use crate::metric_names::DECISIONS;
use crate::options::{DECISIONS_PER_ALERT, DECISIONS_PER_MEMBER, DECISIONS_PER_MINUTE};

/// When to come again while a decision of the member on the same alert is being recorded, or the log is busy.
pub(crate) const SOON: Duration = Duration::from_millis(100);
/// When to come again after a full disk or an unknown outcome: someone has to act, or a broker to come back.
const TROUBLE: Duration = Duration::from_secs(5);
/// When to come again after a bound on what is held: decisions stay, so it takes an operator.
pub(crate) const FULL: Duration = Duration::from_secs(3_600);

/// Decisions that are being recorded: one at a time of each member on each alert, so that the second finds what the first became. There are no
/// more of them than callers at once.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<BTreeSet<(AlertId, MemberId)>>);

/// A member's turn on an alert; dropping it ends it.
struct Turn<'a> {
    under_way: &'a UnderWay,
    whose: (AlertId, MemberId),
}

impl UnderWay {
    fn begin(&self, alert: AlertId, member: &MemberId) -> Option<Turn<'_>> {
        let whose = (alert, member.clone());
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way
            .insert(whose.clone())
            .then_some(Turn { under_way: self, whose })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut under_way = self.under_way.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.remove(&self.whose);
    }
}

/// What is to be done about a decision.
enum Found {
    /// It stands already.
    Standing(Standing),
    /// It is new.
    New,
}

impl Board {
    /// Records what `who` judges of an alert, stamped `now`, and answers once that is durable. What stands already from that member on that
    /// alert is answered alike, without a new record. It waits for the log: never call it on a thread that serves others.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with every violation; NOT_FOUND, in the same words, when there is no such alert and when the caller may not see it;
    /// RESOURCE_EXHAUSTED over [`DECISIONS_PER_MINUTE`], [`DECISIONS_PER_ALERT`] or [`DECISIONS_PER_MEMBER`], while another decision of the
    /// member on the alert is being recorded, and when the log takes nothing just now; UNAVAILABLE when the outcome is unknown or the log has
    /// stopped: send the same again.
    pub fn decide(
        &self,
        who: &Principal,
        request: &v1::DecideRequest,
        now: Timestamp,
    ) -> Result<v1::DecideResponse, Status> {
        self.pace.spend(&who.member, now).map_err(too_fast)?;
        let mut bad = Violations::default();
        let Some((alert, judgement)) = decision::parse(request, &mut bad) else {
            return Err(invalid_argument(&bad.into_vec()));
        };
        let Some(_turn) = self.under_way.begin(alert, &who.member) else {
            self.pace.refund(&who.member);
            let message = "your decision on this alert is being recorded: send this one again once that is answered";
            return Err(status::exhausted("UNDER_WAY", message, SOON));
        };
        match self.find(who, alert, &judgement)? {
            Found::Standing(standing) => {
                self.pace.refund(&who.member);
                Ok(self.answer(who, &standing.judgement, standing.by_hub, standing.place.decided_at))
            }
            Found::New => self.record(who, alert, judgement, now),
        }
    }

    fn find(&self, who: &Principal, alert: AlertId, judgement: &Judgement) -> Result<Found, Status> {
        // What is repeated may have been taken by another process, or here with an outcome that was not known.
        while self.read_decisions_on().map_err(|error| unreadable(&error))? > 0 {}
        let view = self.view();
        let held = view.alerts.get(&alert);
        if !held.is_some_and(|held| may_see(who, &held.alert)) {
            return Err(not_found());
        }
        let by_hub = who.role.is_of_the_hub();
        let Some(standing) = view.decisions.of(&alert, &who.member) else {
            if !by_hub && view.decisions.count_on(&alert) >= DECISIONS_PER_ALERT {
                let message = format!(
                    "{DECISIONS_PER_ALERT} members decided on this alert, the most that are heard beside the hub"
                );
                return Err(status::exhausted("TOO_MANY_DECISIONS_ON_ALERT", &message, FULL));
            }
            if view.decisions.count_of(&who.member) >= DECISIONS_PER_MEMBER {
                let message = format!(
                    "your decisions stand on {DECISIONS_PER_MEMBER} alerts, the most of one member; those can still be changed"
                );
                return Err(status::exhausted("TOO_MANY_DECISIONS", &message, FULL));
            }
            return Ok(Found::New);
        };
        let is_repeat = standing.judgement == *judgement && standing.by_hub == by_hub;
        Ok(if is_repeat {
            Found::Standing(standing.clone())
        } else {
            Found::New
        })
    }

    fn record(
        &self,
        who: &Principal,
        alert: AlertId,
        judgement: Judgement,
        now: Timestamp,
    ) -> Result<v1::DecideResponse, Status> {
        let partition = self.partition_of(alert);
        // Log time never falls: so the stamp is what everyone reads.
        let stamp = now.max(self.view().decisions.log_time_on(&alert));
        let by_hub = who.role.is_of_the_hub();
        let decision = Decision {
            alert,
            member: who.member.clone(),
            by_hub,
            judgement,
        };
        let key = Bytes::copy_from_slice(alert.as_bytes());
        let record = Record::data(stamp.as_millis(), key, decision::encode(&decision).into());
        let position = append_blocking(&*self.log, Topic::Decisions, partition, record).map_err(|error| {
            self.pace.refund(&who.member);
            self.not_appended("the decision", &error)
        })?;
        counter!(DECISIONS).increment(1);
        let decided_at = self.read_back(&decision, partition, position).unwrap_or(stamp);
        Ok(self.answer(who, &decision.judgement, by_hub, decided_at))
    }

    /// Reads on past a record that was just appended, so that whoever asks next is shown it. When it was decided, by log time; none if it is
    /// newer by now or cannot be read, which takes nothing from that it is durable.
    fn read_back(&self, decision: &Decision, partition: u16, position: Position) -> Option<Timestamp> {
        while self.view().decisions.next_of(partition) <= position {
            match self.read_decisions_on() {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "a decision was recorded and cannot be read back yet");
                    break;
                }
            }
        }
        let view = self.view();
        let standing = view.decisions.of(&decision.alert, &decision.member)?;
        let place = standing.place;
        (place.partition == partition && place.position == position).then_some(place.decided_at)
    }

    /// All decisions on an alert stand in one partition.
    fn partition_of(&self, alert: AlertId) -> u16 {
        let partitions = self.log.partitions(Topic::Decisions).max(1);
        let [first, second, ..] = *alert.as_bytes();
        u16::from_le_bytes([first, second]) % partitions
    }

    /// The refusal for what was not appended; whoever follows the log is told where it may have stopped.
    pub(crate) fn not_appended(&self, what: &str, error: &AppendError) -> Status {
        if !matches!(error, AppendError::Refused { .. }) {
            self.trouble.notify_one();
        }
        not_recorded(what, error)
    }

    /// What an acknowledged record's durability rests on.
    pub(crate) fn durability_class(&self) -> v1::DurabilityClass {
        match self.log.durability() {
            Durability::Disk => v1::DurabilityClass::Disk,
            Durability::Replicated => v1::DurabilityClass::Replicated,
            Durability::Process => v1::DurabilityClass::Process,
        }
    }

    fn answer(
        &self,
        who: &Principal,
        judgement: &Judgement,
        by_hub: bool,
        decided_at: Timestamp,
    ) -> v1::DecideResponse {
        v1::DecideResponse {
            decision: Some(decision::to_wire(judgement, decided_at, by_hub, Some(&who.member))),
            durability: self.durability_class() as i32,
        }
    }
}

/// A decision as `who` sees it: members are hidden from each other, but not from the hub.
pub(crate) fn shown(who: &Principal, member: &MemberId, standing: &Standing) -> v1::Decision {
    let may_know = who.member == *member || who.role.is_of_the_hub();
    decision::to_wire(
        &standing.judgement,
        standing.place.decided_at,
        standing.by_hub,
        may_know.then_some(member),
    )
}

fn too_fast(retry_after: Duration) -> Status {
    let message =
        format!("more than {DECISIONS_PER_MINUTE} decisions a minute; nothing was recorded: wait, then send again");
    status::exhausted("DECISION_RATE", &message, retry_after)
}

fn not_recorded(what: &str, error: &AppendError) -> Status {
    match error {
        AppendError::Refused { .. } => {
            let message = "the log's queue is full; nothing was recorded: send again later";
            status::exhausted("LOG_BUSY", message, SOON)
        }
        AppendError::DiskFull => {
            let message = "the log's disk is full; nothing was recorded: send again later";
            status::exhausted("DISK_FULL", message, TROUBLE)
        }
        AppendError::TooLarge { .. } => {
            let message = format!("{what} is too large for the log");
            status::refused(Code::Internal, "INTERNAL", &message)
        }
        AppendError::Failed { .. } | AppendError::Closed => {
            let message = "the log accepts nothing at the moment: send the same again later";
            status::unavailable("LOG_STOPPED", message, TROUBLE)
        }
        // What a later version of the port adds is unknown here: the safe answer is the same.
        _ => {
            let message = format!("it is not known whether {what} is recorded: send the same again");
            status::unavailable("UNKNOWN_OUTCOME", &message, TROUBLE)
        }
    }
}

pub(crate) fn unreadable(error: &ReadError) -> Status {
    tracing::warn!(%error, "what was recorded cannot be read on");
    let message = "what was recorded before cannot be read at the moment; nothing was recorded: send again later";
    status::unavailable("LOG_UNREADABLE", message, TROUBLE)
}
