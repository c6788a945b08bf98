//! The index of additions, kept beside the board, and pages of it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use chappe_distribute::may_see;
use chappe_eventlog::{Position, ReadError, ReadLimit, Topic};
use chappe_exchange::Told;
use chappe_model::{Alert, AlertId, Principal};
use chappe_taxii::{Addition, Additions, Collection, Page, Query, Revision, Shelf, fill};
use metrics::counter;
use tokio::sync::watch;

use crate::board::Board;
use crate::metric_names as names;
use crate::view::{Decoded, Item};

/// Entries of the index that are looked at under one lock.
const STRIDE: usize = 4_096;
/// Pieces of the log that are read into the index before others get their turn.
const PIECES: usize = 16;
/// The only partition of the topic.
const PARTITION: u16 = 0;

/// What a look found of an object.
pub(crate) enum Found {
    /// No such object, or none that the viewer may see: nothing tells them apart.
    Nothing,
    /// A page of it.
    Page(Page),
}

/// The index. It follows the board: what is in it the board has judged.
pub(crate) struct Library {
    pub(crate) board: Arc<Board>,
    additions: RwLock<Additions>,
    /// How far the board was read.
    reading: Mutex<Position>,
}

impl Library {
    /// Reads all that the board has read.
    pub(crate) fn open(board: Arc<Board>) -> Result<Self, ReadError> {
        let library = Self {
            board,
            additions: RwLock::default(),
            reading: Mutex::new(Position(0)),
        };
        library.catch_up()?;
        Ok(library)
    }

    /// Reads what the board has read since.
    pub(crate) fn catch_up(&self) -> Result<(), ReadError> {
        while self.read_on()? {}
        Ok(())
    }

    /// Reads on whenever there is news, for as long as it is polled.
    pub(crate) async fn follow(&self, news: &watch::Sender<()>) -> Infallible {
        let mut news = news.subscribe();
        loop {
            let mut pieces = 0;
            let ended = loop {
                match self.read_on() {
                    Ok(true) if pieces < PIECES => pieces += 1,
                    Ok(more) => break !more,
                    Err(error) => {
                        tracing::warn!(%error, "cannot read what is added to TAXII collections: the next request tries again");
                        break true;
                    }
                }
            };
            if !ended {
                tokio::task::yield_now().await;
            } else if news.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Reads one piece; whether there was any.
    fn read_on(&self) -> Result<bool, ReadError> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let piece = self.board.chunk(*reading)?;
        // What was cut off lies before the view.
        let begins = self.board.view().start.max(*reading);
        if piece.first > begins {
            let (from, to) = (begins.0, piece.first.0);
            tracing::error!(
                from,
                to,
                "history of alerts is damaged: what lies between is in no TAXII collection"
            );
            counter!(names::TAXII_GAPS).increment(1);
        }
        let moved = piece.first > *reading || !piece.items.is_empty();
        let mut at = piece.first.max(*reading);
        let mut additions = self.additions.write().unwrap_or_else(PoisonError::into_inner);
        for item in piece.items {
            match item {
                Item::Nothing => {}
                Item::Mark(log_time) => additions.mark(log_time.as_millis()),
                Item::Revision(alert) => additions.note(at.0, &alert),
            }
            at = at.next();
        }
        *reading = at;
        Ok(moved)
    }

    /// A page of a collection, as `who` may see it.
    pub(crate) fn page(&self, who: &Principal, collection: Collection, query: &Query) -> Result<Page, ReadError> {
        self.catch_up()?;
        let shelf = self.shelf(who, collection, query);
        self.look(who, &shelf, query)
    }

    /// A page of the versions of one object.
    pub(crate) fn object(
        &self,
        who: &Principal,
        collection: Collection,
        id: &str,
        query: &Query,
    ) -> Result<Found, ReadError> {
        self.catch_up()?;
        let shelf = self.shelf(who, collection, query);
        let (has, alert) = {
            let additions = self.additions();
            (additions.has(&shelf, id), additions.alert(id))
        };
        // The index knows a revision by its mark, the board at once: what it hides is there no more.
        if !has || alert.is_some_and(|alert| self.newest(who, &alert).is_none()) {
            return Ok(Found::Nothing);
        }
        self.look(who, &shelf, query).map(Found::Page)
    }

    fn shelf(&self, who: &Principal, collection: Collection, query: &Query) -> Shelf {
        let sees = |alert: &Alert| collection.holds(alert) && may_see(who, alert);
        self.additions().shelf(query, sees)
    }

    fn look(&self, who: &Principal, shelf: &Shelf, query: &Query) -> Result<Page, ReadError> {
        if !query.stix_2_1 {
            // There is nothing else, and no need to look for it.
            return Ok(Page::default());
        }
        let from = self.additions().bookmark(query.added_after);
        fill(
            query,
            from,
            |from| self.additions().walk(shelf, query, from, STRIDE),
            |addition| self.revision(who, addition),
        )
    }

    /// The content of a revision. It is asked of it again whether it may be seen: the index knows that by its handling alone.
    fn revision(&self, who: &Principal, addition: &Addition) -> Result<Revision, ReadError> {
        let Some(newest) = self.newest(who, &addition.alert) else {
            return Ok(Revision::Gone);
        };
        if newest.revision == addition.revision {
            return Ok(Revision::Newest(Told::from(&*newest)));
        }
        let past = self.past(addition)?.filter(|past| may_see(who, past));
        Ok(past.map_or(Revision::Gone, |past| Revision::Past(Told::from(&past))))
    }

    /// The newest revision of an alert; nothing where it may not be seen.
    fn newest(&self, who: &Principal, alert: &AlertId) -> Option<Arc<Alert>> {
        let view = self.board.view();
        let newest = view.alerts.get(alert).map(|held| Arc::clone(&held.alert));
        drop(view);
        newest.filter(|newest| may_see(who, newest))
    }

    /// A revision as the log holds it; nothing where it does no more.
    fn past(&self, addition: &Addition) -> Result<Option<Alert>, ReadError> {
        let limit = ReadLimit {
            records: 1,
            ..ReadLimit::default()
        };
        let records = match self
            .board
            .log
            .read(Topic::Alerts, PARTITION, Position(addition.place), limit)
        {
            Ok(records) => records,
            Err(ReadError::Corrupt { file, offset, reason }) => {
                tracing::error!(
                    file,
                    offset,
                    reason,
                    "history of alerts is damaged: TAXII leaves a version out"
                );
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let record = records.first().filter(|(position, _)| position.0 == addition.place);
        Ok(match record.map(|(_, record)| Decoded::of(record)) {
            Some(Decoded::Revision(alert)) if alert.id == addition.alert && alert.revision == addition.revision => {
                Some(*alert)
            }
            _ => None,
        })
    }

    fn additions(&self) -> RwLockReadGuard<'_, Additions> {
        self.additions.read().unwrap_or_else(PoisonError::into_inner)
    }
}
