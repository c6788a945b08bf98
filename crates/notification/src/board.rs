//! The synchronous core: reads the log into the view, and answers from it.

use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chappe_distribute::{Filter, Hit, hits, may_see};
use chappe_eventlog::{EventLog, Position, ReadError, ReadLimit, Record, Topic, Writers};
use chappe_model::limits::LOTS;
use chappe_model::{Alert, AlertId, MemberId, Principal, Secret, Timestamp};
use chappe_postings::Probe;
use chappe_proto::{Violation, Violations, alert, constituency, invalid_argument, status, v1};
use prost::Message;
use tokio::sync::{Notify, Semaphore};
use tonic::{Code, Status};

use crate::constituencies::Own;
use crate::cursor::Cursor;
use crate::deciding::{UnderWay, shown, unreadable};
use crate::feed::Feed;
use crate::options::{DECISIONS_AT_ONCE, LISTS_AT_ONCE, LOOKUPS_AT_ONCE, PAGE_BYTES};
use crate::pace::Pace;
use crate::tally::Tally;
use crate::view::{Decoded, Held, Item, Sizes, View};
use crate::{filter, naming, page};

/// The only partition of the topic.
const PARTITION: u16 = 0;
/// Most items handed to a feed at once.
const CHUNK: usize = 64;
/// Alerts looked at under one lock while a page is filled.
const LIST_STRIDE: usize = 1_024;

/// The view of the alerts topic. Used by the gRPC service and by virtual-time tests: it starts nothing and waits for nothing, but reads the
/// log.
pub struct Board {
    pub(crate) log: Arc<dyn EventLog>,
    secret: Secret,
    stale_after_ms: u64,
    /// Other processes write to the log, and it may end elsewhere for them just now.
    pub(crate) is_shared: bool,
    view: RwLock<View>,
    /// Held by the one that reads on.
    reading: Mutex<()>,
    /// Held by the one that reads decisions on.
    reading_decisions: Mutex<()>,
    /// Held by the one that reads the configuration on.
    pub(crate) reading_config: Mutex<()>,
    /// Held by the one that states a constituency.
    pub(crate) stating: Mutex<()>,
    /// How fast members decide.
    pub(crate) pace: Pace,
    /// Decisions that are being recorded.
    pub(crate) under_way: UnderWay,
    /// Told when the log may have stopped.
    pub(crate) trouble: Notify,
    /// Room for decisions asked over gRPC: [`DECISIONS_AT_ONCE`].
    pub(crate) deciding: Arc<Semaphore>,
    /// Room for lists asked over gRPC: [`LISTS_AT_ONCE`].
    pub(crate) lists: Arc<Semaphore>,
    /// Room for single alerts asked over gRPC: [`LOOKUPS_AT_ONCE`].
    pub(crate) lookups: Arc<Semaphore>,
}

/// Consecutive items of the log. `first` is above the position asked for if what lies between is gone.
pub(crate) struct Chunk {
    pub(crate) first: Position,
    pub(crate) items: Vec<Item>,
}

impl Board {
    pub(crate) fn new(log: Arc<dyn EventLog>, secret: Secret, stale_after_ms: u64, sizes: Sizes) -> Self {
        let is_shared = log.writers() == Writers::Shared;
        let lots = if is_shared { LOTS } else { 1 };
        let view = View::new(sizes, lots, secret.clone());
        Self {
            log,
            secret,
            stale_after_ms,
            is_shared,
            view: RwLock::new(view),
            reading: Mutex::new(()),
            reading_decisions: Mutex::new(()),
            reading_config: Mutex::new(()),
            stating: Mutex::new(()),
            pace: Pace::default(),
            under_way: UnderWay::default(),
            trouble: Notify::new(),
            deciding: Arc::new(Semaphore::new(DECISIONS_AT_ONCE)),
            lists: Arc::new(Semaphore::new(LISTS_AT_ONCE)),
            lookups: Arc::new(Semaphore::new(LOOKUPS_AT_ONCE)),
        }
    }

    /// Reads what is new in the log into the view; returns how many records of alerts that were. Decisions come after the alerts, so that what is
    /// shown of an alert is never behind what its decisions were about. Constituencies come first: what is in force is asked of each alert.
    ///
    /// # Errors
    /// When the log cannot be read; what was read before stands, and the same call may be tried again.
    pub fn catch_up(&self) -> Result<usize, ReadError> {
        while self.read_constituencies_on()? > 0 {}
        let mut total = 0;
        loop {
            match self.read_on()? {
                0 => break,
                count => total += count,
            }
            self.merge_names();
        }
        while self.read_decisions_on()? > 0 {}
        Ok(total)
    }

    /// One read of each partition of the decisions; how many records there were.
    pub(crate) fn read_decisions_on(&self) -> Result<usize, ReadError> {
        let _reading = self.reading_decisions.lock().unwrap_or_else(PoisonError::into_inner);
        let mut count = 0;
        for partition in 0..self.log.partitions(Topic::Decisions) {
            let from = self.view().decisions.next_of(partition);
            let records = self.log.read(Topic::Decisions, partition, from, ReadLimit::default())?;
            if records.is_empty() {
                continue;
            }
            count += records.len();
            let mut view = self.write_view();
            for (position, record) in &records {
                view.decisions.take(partition, *position, record);
            }
        }
        if count > 0 {
            Tally::of(&self.view()).show();
        }
        Ok(count)
    }

    /// One read of the log.
    pub(crate) fn read_on(&self) -> Result<usize, ReadError> {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let from = self.view().end;
        let records = self.log.read(Topic::Alerts, PARTITION, from, ReadLimit::default())?;
        let decoded: Vec<_> = records
            .iter()
            .map(|(position, record)| (*position, Decoded::of(record), record.size_bytes()))
            .collect();
        let count = decoded.len();
        let mut view = self.write_view();
        for (position, decoded, bytes) in decoded {
            view.apply(position, decoded, bytes);
        }
        drop(view);
        if count > 0 {
            Tally::of(&self.view()).show();
        }
        Ok(count)
    }

    /// Merges what it is time for of the index of values; lists go on meanwhile. Streams are told first: they do not wait for it.
    pub(crate) fn merge_names(&self) {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let due = self.view().naming.due();
            let Some(due) = due else { return };
            let merged = due.merged();
            self.write_view().naming.install(merged);
        }
    }

    /// Log time: everything reported up to it has been judged. From the time marks of the topic only; zero before the first.
    #[must_use]
    pub fn watermark(&self) -> Timestamp {
        self.view().watermark
    }

    /// Lists alerts at their newest revision, by ascending id. A page holds fewer than asked for when it gets large; the list ends where there
    /// is no next token.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with every violation: page size, page token, filter, time; FAILED_PRECONDITION where the filter asks for what is the caller's
    /// and no constituency is stated.
    pub fn list(&self, who: &Principal, request: &v1::ListAlertsRequest) -> Result<v1::ListAlertsResponse, Status> {
        let mut bad = Violations::default();
        let filter = filter::parse(request.filter.as_ref(), &self.secret, &mut bad);
        let period = filter::period(request.since.as_ref(), request.until.as_ref(), &mut bad);
        // What a page token holds for.
        let asked = format!("{filter}{period}");
        let size = page::size(request.page_size, &mut bad);
        let after = if bad.is_empty() {
            page::open(&request.page_token, &asked, &self.secret, &who.member, &mut bad)
        } else {
            None
        };
        if !bad.is_empty() {
            return Err(invalid_argument(&bad.into_vec()));
        }
        let own = self.own(who, &filter)?;
        let probes = naming::probes(&filter.sought, &self.secret);
        let (mut answer, mut bytes) = (v1::ListAlertsResponse::default(), 0);
        let (mut after, mut last) = (after.map(AlertId::from_bytes), None::<AlertId>);
        loop {
            let (found, seen_to) = self.stride(probes.as_deref(), after, |alert| {
                may_see(who, alert) && period.holds(alert) && filter.matches(alert, own.table())
            });
            for alert in found {
                if let Some(last) = last.filter(|_| answer.alerts.len() >= size || bytes >= PAGE_BYTES) {
                    answer.next_page_token = page::seal(last.as_bytes(), &asked, &self.secret, &who.member);
                    return Ok(answer);
                }
                let wire = self.show(who, &alert);
                bytes += wire.encoded_len();
                last = Some(alert.id);
                answer.alerts.push(wire);
            }
            let Some(seen_to) = seen_to else {
                return Ok(answer);
            };
            after = Some(seen_to);
        }
    }

    /// The wanted among the next alerts, of those that may name what is looked for if anything is, and how far that was; none at the end.
    fn stride(
        &self,
        probes: Option<&[Probe]>,
        after: Option<AlertId>,
        wanted: impl Fn(&Alert) -> bool,
    ) -> (Vec<Arc<Alert>>, Option<AlertId>) {
        let view = self.view();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let (mut found, mut seen_to) = (Vec::new(), None);
        let mut look = |(id, held): (&AlertId, &Held)| {
            seen_to = Some(*id);
            if wanted(&held.alert) {
                found.push(Arc::clone(&held.alert));
            }
        };
        let begin = after.unwrap_or(AlertId::from_bytes([0; 16]));
        let ids = probes.and_then(|probes| view.naming.look_up(probes, begin, LIST_STRIDE));
        let Some(ids) = ids else {
            let next = view.alerts.range((from, Bound::Unbounded));
            next.take(LIST_STRIDE).for_each(look);
            return (found, seen_to);
        };
        for ids in &ids {
            let behind = view.alerts.range(ids.clone()).filter(|(id, _)| Some(**id) != after);
            behind.for_each(&mut look);
        }
        // Ids that begin alike are looked at together.
        (
            found,
            ids.last().filter(|_| ids.len() >= LIST_STRIDE).map(|ids| *ids.end()),
        )
    }

    /// One alert at its newest revision, with the reports behind it. An alert that was superseded answers with the name of the one that
    /// carries it on.
    ///
    /// # Errors
    /// INVALID_ARGUMENT when the name is none of an alert; NOT_FOUND, in the same words, when there is no such alert and when the caller may
    /// not see it.
    pub fn get(&self, who: &Principal, name: &str) -> Result<v1::GetAlertResponse, Status> {
        let id = AlertId::parse_resource_name(name).map_err(|error| {
            invalid_argument(&[Violation {
                field: "name".into(),
                description: error.to_string(),
            }])
        })?;
        let alert = self.view().alerts.get(&id).map(|held| Arc::clone(&held.alert));
        let Some(alert) = alert.filter(|alert| may_see(who, alert)) else {
            return Err(not_found());
        };
        let evidence = alert
            .evidence
            .iter()
            .map(|report| alert::evidence_to_wire(report, &who.member, &self.secret));
        Ok(v1::GetAlertResponse {
            alert: Some(self.show(who, &alert)),
            evidence: evidence.collect(),
            links: alert
                .campaign
                .iter()
                .flat_map(|campaign| &campaign.links)
                .map(|link| alert::link_to_wire(link, &who.member, &self.secret))
                .collect(),
        })
    }

    /// An alert that `who` may see, as it sees it, with what was judged of it, and what of the viewer's constituency it hits.
    pub(crate) fn show(&self, who: &Principal, alert: &Alert) -> v1::Alert {
        let mut wire = alert::to_wire(alert);
        let own = self.view().constituencies.own(&who.member);
        if let Some(own) = own.table() {
            wire.hits = hits(who, alert, own).into_iter().map(hit_to_wire).collect();
        }
        let view = self.view();
        let judged = view.judged(&alert.id, |alert| may_see(who, alert));
        wire.decisions = judged
            .into_iter()
            .map(|(member, standing)| shown(who, member, standing))
            .collect();
        wire
    }

    /// Opens a feed: after a cursor, from the beginning, or from now.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with every violation: cursor, filter. FAILED_PRECONDITION as for a list. UNAVAILABLE when the log cannot be read just now, or, where it is shared, was not
    /// read as far yet as where the cursor was given.
    pub fn subscribe(&self, who: Arc<Principal>, request: &v1::SubscribeRequest) -> Result<Feed, Status> {
        let mut bad = Violations::default();
        let filter = filter::parse(request.filter.as_ref(), &self.secret, &mut bad);
        let cursor = (!request.cursor.is_empty())
            .then(|| Cursor::open(&request.cursor, &self.secret, &who.member, &mut bad))
            .flatten();
        if !bad.is_empty() {
            return Err(invalid_argument(&bad.into_vec()));
        }
        self.own(&who, &filter)?;
        match cursor {
            Some(cursor) => Feed::after(self, who, filter, cursor),
            None => Ok(Feed::fresh(self, who, filter, request.from_beginning)),
        }
    }

    pub(crate) fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write_view(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The constituency that a filter of `who` rests on; nothing where it rests on none.
    fn own(&self, who: &Principal, filter: &Filter) -> Result<Own, Status> {
        if !filter.mine {
            return Ok(Own::default());
        }
        if self.view().constituencies.of(&who.member).is_none() {
            // Another process may have recorded it a moment ago.
            self.read_constituencies_on().map_err(|error| unreadable(&error))?;
        }
        let own = self.view().constituencies.own(&who.member);
        if own.table().is_none() {
            let message = "no constituency is stated of you, so nothing is known to be yours: ask the hub to state it";
            return Err(status::refused(Code::FailedPrecondition, "NO_CONSTITUENCY", message));
        }
        Ok(own)
    }

    /// Whether this viewer asks for this revision, or was owed an earlier one.
    pub(crate) fn asked(&self, who: &Principal, filter: &Filter, alert: &Alert) -> bool {
        let own = match filter.mine {
            true => self.view().constituencies.own(&who.member),
            false => Own::default(),
        };
        filter.matches(alert, own.table()) || self.told_before(who, filter, alert, &own)
    }

    pub(crate) fn seal(&self, cursor: &Cursor, member: &MemberId) -> String {
        cursor.seal(&self.secret, member)
    }

    pub(crate) fn is_stale(&self, log_time: Timestamp, now: Timestamp) -> bool {
        now.as_millis().saturating_sub(log_time.as_millis()) > self.stale_after_ms
    }

    /// Whether this viewer was owed an earlier revision of the alert under this filter.
    fn told_before(&self, who: &Principal, filter: &Filter, alert: &Alert, own: &Own) -> bool {
        self.view()
            .alerts
            .get(&alert.id)
            .is_some_and(|held| held.looks.told_before(who, filter, alert, &own.tables()))
    }

    /// Items from a position on: from memory, or from the log where that no longer reaches. None at the end of the view.
    pub(crate) fn chunk(&self, from: Position) -> Result<Chunk, ReadError> {
        let tail_start = {
            let view = self.view();
            let from = from.max(view.start);
            if from >= view.tail_start() {
                return Ok(Chunk {
                    first: from,
                    items: view.tail_from(from, CHUNK),
                });
            }
            view.tail_start()
        };
        let limit = ReadLimit {
            records: CHUNK,
            ..ReadLimit::default()
        };
        match self.log.read(Topic::Alerts, PARTITION, from, limit) {
            Ok(records) => Ok(self.replay(&records, tail_start)),
            Err(ReadError::Corrupt { file, offset, reason }) => {
                tracing::error!(
                    file,
                    offset,
                    reason,
                    "history of alerts is damaged: streams go on after it, with a gap notice"
                );
                Ok(Chunk {
                    first: tail_start,
                    items: Vec::new(),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Records of the log below `end`, judged as they were when the view took them in.
    fn replay(&self, records: &[(Position, Record)], end: Position) -> Chunk {
        let first = records.first().map_or(end, |(position, _)| *position).min(end);
        let older = records.iter().take_while(|(position, _)| *position < end);
        let ignored: Vec<bool> = {
            let view = self.view();
            older.clone().map(|(position, _)| view.ignores(*position)).collect()
        };
        let items = older
            .zip(ignored)
            .map(|((_, record), ignored)| match Decoded::of(record) {
                _ if ignored => Item::Nothing,
                Decoded::Mark(watermark, _) => Item::Mark(watermark),
                Decoded::Revision(alert) => Item::Revision(Arc::from(alert)),
                Decoded::Claim(_) | Decoded::Unreadable(_) => Item::Nothing,
            });
        Chunk {
            first,
            items: items.collect(),
        }
    }
}

fn hit_to_wire(hit: Hit) -> v1::ConstituencyHit {
    v1::ConstituencyHit {
        kind: constituency::kind_to_wire(hit.kind) as i32,
        value: hit.value,
        entry: hit.entry,
    }
}

/// In the same words whether there is none or it may not be seen.
pub(crate) fn not_found() -> Status {
    status::refused(
        Code::NotFound,
        "ALERT_NOT_FOUND",
        "no such alert, or not one you may see",
    )
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}
