//! The synchronous core: from a message to a durable record and its receipt.

use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use chappe_clock::Clock;
use chappe_eventlog::{AppendError, EventLog, Position, ReadError, ReadLimit, Record, Topic, Writers};
use chappe_model::limits::RECIPIENTS;
use chappe_model::{Accepted, Digest, IncidentId, MemberId, Principal, Recipients, Secret, Severity, Timestamp};
use chappe_proto::{incident, v1};
use tokio::sync::{Notify, watch};
use tonic::Status;

use crate::draft::Draft;
use crate::following::Reading;
use crate::index::{DOUBTS, Facts, Known, Shelf, Stored, Ticket, Waiter};
use crate::landing::Untold;
use crate::ledger::{Claim, Ledger};
use crate::lists::Lists;
use crate::metric_names::{IN_FLIGHT_LIMIT, LIVE_BUDGET, LIVE_HELD, Meters};
use crate::options::{OpenError, Options};
use crate::quota::{Class, Gates, Permit};
use crate::rebuild;
use crate::receipt::{self, Subject};
use crate::refusal::Refusal;
use crate::reply::{self, Reply};

/// What is called with the outcome of a request: exactly once, with a receipt only after the record is durable. It may run on the
/// log's own thread: it must be quick and must not wait for the log.
pub type Done = Box<dyn FnOnce(Result<v1::Receipt, Status>) + Send>;

/// Takes reports from members, without a runtime: the service drives it over gRPC, a test in virtual time.
///
/// Clones are the same desk. Two desks on one log do not know of each other's requests: the log's order decides between them. Where the
/// log is [`Writers::Shared`], a desk answers only what it has read back ([`Desk::follow`]); else another desk's records are not looked for
/// before it is opened anew.
#[derive(Clone)]
pub struct Desk {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) options: Options,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shelves: Box<[Mutex<Shelf>]>,
    pub(crate) lists: Mutex<Lists>,
    pub(crate) gates: Gates,
    pub(crate) ledger: Ledger,
    pub(crate) meters: Arc<Meters>,
    /// Told when the log may have stopped.
    pub(crate) trouble: Notify,
    /// True once the service stops: streams end.
    pub(crate) stopping: watch::Sender<bool>,
    /// Other processes append too: what is appended counts once it is read back.
    pub(crate) is_shared: bool,
    /// How far a shared log was read. It is locked before a shelf or the lists, never while one of them is.
    pub(crate) reading: Mutex<Reading>,
    /// Nobody reads a shared log any more, so nothing further is appended. Set before the shelves are looked through for who waits.
    pub(crate) is_closed: AtomicBool,
    pub(crate) doubts: AtomicIsize,
    /// The last append went wrong, and that was logged.
    pub(crate) troubled: AtomicBool,
}

impl Desk {
    pub(crate) fn open(options: Options, log: Arc<dyn EventLog>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        if options.policy.duty_officers.len() >= RECIPIENTS {
            return Err(OpenError::DutyOfficers(options.policy.duty_officers.len()));
        }
        let is_shared = log.writers() == Writers::Shared;
        let meters = Arc::new(Meters::new());
        let rebuilt = rebuild::from_log(&options.secret, log.as_ref(), &meters)?;
        metrics::gauge!(LIVE_BUDGET).set(options.budget.contributions() as f64);
        metrics::gauge!(IN_FLIGHT_LIMIT).set(options.quotas.in_flight as f64);
        let partitions = log.partitions(Topic::Incidents);
        let held = metrics::gauge!(LIVE_HELD);
        let inner = Inner {
            gates: Gates::new(options.quotas, meters.in_flight.clone()),
            ledger: Ledger::new(options.budget, &options.directory, partitions, held),
            options,
            log,
            clock,
            shelves: rebuilt.shelves.into_iter().map(Mutex::new).collect(),
            lists: Mutex::new(rebuilt.lists),
            is_shared,
            reading: Mutex::new(rebuilt.reading),
            is_closed: AtomicBool::new(false),
            meters,
            trouble: Notify::new(),
            stopping: watch::Sender::new(false),
            doubts: AtomicIsize::new(0),
            troubled: AtomicBool::new(false),
        };
        if is_shared {
            inner.catch_up_on_pulse()?;
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Submits one revision of a report, or with `validate_only` checks what would become of it. The receipt of a check has neither id
    /// nor durability, unless the revision is stored already. A revision of a member that holds its share of memory is looked at beside the
    /// newest stored one, which reads one record of the log.
    pub fn submit(&self, who: &Principal, wire: &v1::Incident, validate_only: bool, done: Done) {
        let now = self.inner.clock.now();
        let class = if wire.severity == v1::Severity::Critical as i32 {
            Class::Critical
        } else {
            Class::Ordinary
        };
        let Some(reply) = self.inner.admit(&who.member, class, now, done) else {
            return;
        };
        match self.inner.draft(who, wire, now) {
            Ok(draft) => self.inner.place(Draft { validate_only, ..draft }, reply),
            Err(refusal) => reply.refuse(&refusal),
        }
    }

    /// Withdraws a report of `who`: a revision of its own, above every known one. While a submission
    /// of the same report is being written it is refused with RESOURCE_EXHAUSTED and nothing is stored: it is drawn from the newest
    /// stored revision. It reads one record of the log before it returns, after what others appended to the partition.
    pub fn retract(&self, who: &Principal, request: &v1::RetractRequest, done: Done) {
        let now = self.inner.clock.now();
        let Some(reply) = self.inner.admit(&who.member, Class::Ordinary, now, done) else {
            return;
        };
        self.inner.retract(who, request, reply);
    }

    /// Where the log is shared, reads on once in every partition, up to [`ReadLimit::default`] records of each, and answers what that decides.
    /// Returns how many records there were: 0 once all was read, and always where the log is not shared. A [`crate::Service`] does this by
    /// itself while it runs. No [`Done`] may call it.
    ///
    /// # Errors
    /// The first error of the log; the other partitions were read all the same, and the same may be tried again.
    pub fn follow(&self) -> Result<usize, ReadError> {
        self.inner.follow()
    }

    /// The newest stored revision of a report of `who`; it reads one record of the log, after what others appended to the partition. Reads count as in flight, not against the rate.
    ///
    /// # Errors
    /// NOT_FOUND for anyone else's and for none alike; INVALID_ARGUMENT when the name has another form; RESOURCE_EXHAUSTED when too
    /// much is in flight; UNAVAILABLE when the log cannot be read.
    #[allow(clippy::result_large_err, reason = "tonic's own error type")]
    pub fn get(&self, who: &Principal, name: &str) -> Result<v1::Incident, Status> {
        let found = self.inner.get(who, name);
        found.map_err(|refusal| {
            reply::count(&refusal);
            refusal.status()
        })
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl Inner {
    fn admit(&self, member: &MemberId, class: Class, now: Timestamp, done: Done) -> Option<Reply> {
        let since = Instant::now();
        match self.gates.admit(member, class, now) {
            Ok(permit) => Some(Reply::new(done, permit, Arc::clone(&self.meters), since)),
            Err(refusal) => {
                reply::answer(done, Err(refusal));
                None
            }
        }
    }

    /// Answers from what is known, waits for what is on its way, or appends.
    pub(crate) fn place(self: &Arc<Self>, mut draft: Draft, reply: Reply) {
        let (id, revision) = (draft.accepted.id, draft.accepted.incident.revision);
        let mut shelf = self.shelf(&id);
        let refusal = match shelf.look(&id, revision, &draft.digest, draft.accepted.incident.exercise) {
            Known::Same(stored) => {
                drop(shelf);
                return reply.repeat(self.receipt(&draft.subject(), &stored.facts));
            }
            // Nobody would answer.
            Known::Wait { .. } if self.is_closed.load(Ordering::Acquire) => Refusal::Stopped,
            Known::Wait { on_revision } => {
                let lost = shelf.wait(&id, on_revision, draft.waiter(reply));
                drop(shelf);
                // Under one lock with the look, so there is a flight; were there none, dropping the reply would still answer.
                return drop(lost);
            }
            Known::Free { in_doubt } => match self.depart(&mut shelf, &mut draft, in_doubt) {
                Ok(departure) if draft.validate_only => {
                    drop(shelf);
                    return reply.describe(receipt::described(&draft.subject(), &departure.facts, departure.list));
                }
                Ok(departure) if self.is_shared => {
                    let own = Waiter {
                        is_own: true,
                        ..draft.waiter(reply)
                    };
                    shelf.board(&id, departure.ticket, own, departure.claim);
                    drop(shelf);
                    return self.append_to_shared(draft, departure.ticket);
                }
                Ok(departure) => {
                    drop(shelf);
                    return self.append(draft, departure, reply);
                }
                Err(refusal) => refusal,
            },
            Known::Other => Refusal::RevisionExists(revision),
            Known::OtherInDoubt => Refusal::RevisionInDoubt(revision),
            Known::ExerciseChanged { was_exercise } => Refusal::ExerciseChanged { was_exercise },
        };
        let newest = shelf.newest(&id).filter(|_| refusal == Refusal::MemoryShare);
        drop(shelf);
        if !draft.has_no_new_key && newest.is_some_and(|newest| self.corrects(&draft.accepted, &newest)) {
            draft.has_no_new_key = true;
            return self.place(draft, reply);
        }
        reply.refuse(draft.objection.as_ref().unwrap_or(&refusal));
    }

    /// Whether a revision opens no contribution that the stored one has not opened. It reads one record of the log.
    fn corrects(&self, revision: &Accepted, stored: &Stored) -> bool {
        let before = self.read(&revision.id, stored);
        before.is_ok_and(|before| self.options.policy.has_no_new_key(revision, &before))
    }

    /// Stamps a revision against which nothing stands, and notes that it is on its way, unless it is only checked.
    fn depart(&self, shelf: &mut Shelf, draft: &mut Draft, in_doubt: Option<Facts>) -> Result<Departure, Refusal> {
        if let Some(objection) = &draft.objection {
            return Err(objection.clone());
        }
        if self.is_closed.load(Ordering::Acquire) {
            return Err(Refusal::Stopped);
        }
        let (id, revision) = (draft.accepted.id, draft.accepted.incident.revision);
        if draft
            .drawn_from
            .is_some_and(|from| shelf.highest_besides(&id, revision) != Some(from))
        {
            return Err(Refusal::UnderWay);
        }
        // The same again after an unknown outcome is no further revision: it may be stored.
        if in_doubt.is_none() && shelf.is_full(&id, revision, draft.accepted.incident.retracted) {
            return Err(Refusal::TooManyRevisions);
        }
        if in_doubt.is_none() && self.doubts.load(Ordering::Relaxed) >= DOUBTS.cast_signed() {
            return Err(Refusal::TooManyDoubts);
        }
        let stamp = self.clock.now();
        draft.accepted.reported_at = stamp;
        let incident = &mut draft.accepted.incident;
        // The first attempt may stand in the log: a receipt given now must say what it says.
        incident.backfill = in_doubt.map_or_else(|| incident.is_backfill_at(stamp), |facts| facts.backfill);
        let list = Some(incident.marking.recipients())
            .filter(|list| !list.is_empty())
            .map(Arc::clone);
        let mut facts = receipt::facts(incident, draft.accepted.unmarked, in_doubt.and_then(|facts| facts.list));
        let says_other = |first: Facts| first != facts || first.list.and_then(|id| self.lists().get(id)) != list;
        if !self.is_shared && in_doubt.is_some_and(says_other) {
            // A retraction again, of another revision than at first: the log may hold the first, which is not read back.
            return Err(Refusal::RevisionInDoubt(revision));
        }
        let claim = self.claim(draft, in_doubt.is_some())?;
        if let (Some(list), None) = (&list, in_doubt) {
            let mut lists = self.lists();
            let owner = Some(&draft.accepted.reporter)
                .filter(|_| !draft.accepted.unmarked)
                .cloned();
            if !lists.has_room_for(&owner, list) {
                return Err(Refusal::Lists);
            }
            if !draft.validate_only {
                facts.list = Some(lists.reserve(&owner, list).map_err(|_| Refusal::Lists)?);
            }
        }
        let ticket = match draft.validate_only {
            true => Ticket::default(),
            false => shelf.depart(id, revision, draft.digest, facts),
        };
        Ok(Departure {
            facts,
            list,
            claim,
            ticket,
        })
    }

    /// Claims for the contributions that a revision may open. One that may be stored already is taken: a refusal would say that it is not.
    fn claim(&self, draft: &Draft, may_be_stored: bool) -> Result<Option<Claim>, Refusal> {
        let accepted = &draft.accepted;
        let opens = match draft.has_no_new_key {
            true => 0,
            false => self.options.policy.keys_at_most(accepted),
        };
        if may_be_stored {
            return Ok(self.ledger.claim_unchecked(&accepted.reporter, opens));
        }
        let is_critical = accepted.incident.severity == Severity::Critical;
        self.ledger.claim(&accepted.reporter, opens, is_critical)
    }

    /// Hands a stamped revision to the log. No lock is held: the log may tell the outcome before it returns.
    fn append(self: &Arc<Self>, draft: Draft, departure: Departure, reply: Reply) {
        let Departure {
            facts, claim, ticket, ..
        } = departure;
        let (id, digest, partition, record) = self.record(&draft);
        let (revision, report_key) = (draft.accepted.incident.revision, draft.accepted.incident.report_key);
        let desk = Arc::clone(self);
        let landed = move |told: Result<Position, AppendError>| {
            if let Ok(position) = &told {
                desk.ledger.stored(partition, position.0, claim);
            }
            let subject = Subject {
                id,
                report_key: report_key.as_str(),
                revision,
                digest,
            };
            desk.land(&subject, ticket, &facts, told, reply);
        };
        self.log.append(Topic::Incidents, partition, record, Box::new(landed));
    }

    /// As [`Inner::append`], where the request waits with its flight until the record is read back.
    fn append_to_shared(self: &Arc<Self>, draft: Draft, ticket: Ticket) {
        let (id, _, partition, record) = self.record(&draft);
        let untold = Untold::new(self, id, ticket);
        let told = move |told| untold.tell(&told);
        self.log.append(Topic::Incidents, partition, record, Box::new(told));
    }

    fn record(&self, draft: &Draft) -> (IncidentId, Digest, u16, Record) {
        let (accepted, digest) = (&draft.accepted, draft.digest);
        let (key, stamp) = (Bytes::copy_from_slice(accepted.id.as_bytes()), accepted.reported_at);
        let record = Record::data(stamp.as_millis(), key, incident::encode(accepted, &digest).into());
        (accepted.id, digest, self.partition(&accepted.id), record)
    }

    pub(crate) fn receipt(&self, subject: &Subject<'_>, facts: &Facts) -> Result<v1::Receipt, Refusal> {
        let list = facts.list.and_then(|id| self.lists().get(id));
        receipt::of_stored(&self.options.secret, self.log.durability(), subject, facts, list)
    }

    fn get(&self, who: &Principal, name: &str) -> Result<v1::Incident, Refusal> {
        let _permit: Permit = self.gates.admit(&who.member, Class::Read, self.clock.now())?;
        let id = IncidentId::parse_resource_name(name).map_err(|error| Refusal::field("name", &error.to_string()))?;
        self.catch_up(&id)?;
        let newest = self.shelf(&id).newest(&id).ok_or(Refusal::NotFound)?;
        let accepted = self.read(&id, &newest)?;
        if accepted.reporter != who.member {
            return Err(Refusal::NotFound);
        }
        Ok(incident::to_wire(&accepted))
    }

    /// Reads a stored revision back.
    pub(crate) fn read(&self, id: &IncidentId, stored: &Stored) -> Result<Accepted, Refusal> {
        let only = ReadLimit {
            records: 1,
            ..ReadLimit::default()
        };
        let records = self
            .log
            .read(Topic::Incidents, self.partition(id), stored.position, only)
            .map_err(|error| {
                tracing::error!("cannot read a stored report: {error}");
                Refusal::Unreadable
            })?;
        let (_, record) = records.first().ok_or(Refusal::Unreadable)?;
        let (accepted, _) = incident::decode(&record.payload).map_err(|error| {
            tracing::error!("a stored report is damaged: {error}");
            Refusal::Unreadable
        })?;
        Ok(accepted)
    }

    pub(crate) fn partition(&self, id: &IncidentId) -> u16 {
        let partitions = u16::try_from(self.shelves.len()).unwrap_or(u16::MAX);
        Secret::partition(*id, partitions)
    }

    pub(crate) fn shelf(&self, id: &IncidentId) -> MutexGuard<'_, Shelf> {
        // A panic elsewhere leaves a shelf whole: nothing in the index panics half-way.
        self.shelves[usize::from(self.partition(id))]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stamped revision.
struct Departure {
    facts: Facts,
    list: Option<Recipients>,
    claim: Option<Claim>,
    ticket: Ticket,
}
