//! One subscriber's place in the log.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chappe_distribute::{Filter, may_see};
use chappe_eventlog::{Position, ReadError};
use chappe_model::{Alert, Principal, Timestamp};
use chappe_proto::{status, time, v1};
use metrics::counter;
use tonic::Status;

use crate::board::Board;
use crate::cursor::{Cursor, Shown};
use crate::metric_names as names;
use crate::view::Item;

/// Records looked at before another stream gets its turn.
const STEP_RECORDS: usize = 4_096;
/// When to come again after the log could not be read.
const RETRY_AFTER: Duration = Duration::from_secs(1);

const GONE: &str =
    "history that the cursor asks for is no longer held: list the alerts anew; the stream goes on with what is held";
const AHEAD: &str = "the cursor is ahead of the log, which may have been restored from an older copy: list the alerts anew; the stream goes on from here";

/// One stream's state. It pulls: what is not asked for stays in the log.
///
/// Of one alert its revisions strictly rise: the view accepts a revision only above the last accepted one, and a feed only moves forward. So
/// it keeps no memory of what it showed, but for the last.
#[derive(Debug)]
pub struct Feed {
    who: Arc<Principal>,
    filter: Filter,
    position: Position,
    /// Log time reached by the time marks before `position`, and what was shown last.
    reached: Cursor,
    /// Read and not yet looked at: what lies at `position` and after, at most one chunk, so that nothing is read twice.
    ahead: VecDeque<Item>,
    /// A notice that is due before anything else.
    gap: Option<&'static str>,
}

/// Where looking for what was shown last has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sought {
    /// It was found, or could not stand any further.
    Passed,
    /// It was not found up to where the board has read.
    NotYet,
}

/// What a bounded number of records gave.
pub(crate) struct Step {
    pub(crate) answers: Vec<v1::SubscribeResponse>,
    /// Nothing more is to be had just now.
    pub(crate) at_end: bool,
}

impl Feed {
    pub(crate) fn fresh(board: &Board, who: Arc<Principal>, filter: Filter, from_beginning: bool) -> Self {
        let view = board.view();
        let (position, log_time) = if from_beginning {
            (view.start, Timestamp::ZERO)
        } else {
            (view.end, view.watermark)
        };
        Self {
            who,
            filter,
            position,
            reached: Cursor { log_time, shown: None },
            ahead: VecDeque::new(),
            gap: None,
        }
    }

    /// Goes on after a cursor.
    pub(crate) fn after(board: &Board, who: Arc<Principal>, filter: Filter, cursor: Cursor) -> Result<Self, Status> {
        let unread = |error| unavailable(&error);
        let mut feed = Self {
            who,
            filter,
            position: Position(0),
            reached: cursor,
            ahead: VecDeque::new(),
            gap: None,
        };
        if cursor.log_time > board.watermark() {
            // Given by another instance that was a moment ahead: its marks are in the log by now.
            board.catch_up().map_err(unread)?;
        }
        let watermark = board.watermark();
        if cursor.log_time > watermark {
            if board.is_shared {
                return Err(behind());
            }
            feed.gap = Some(AHEAD);
            feed.reached = Cursor {
                log_time: watermark,
                shown: None,
            };
        }
        feed.seek_log_time(board).map_err(unread)?;
        if feed.seek_shown(board).map_err(unread)? == Sought::NotYet {
            // As above: it may have been told a moment ago.
            board.catch_up().map_err(unread)?;
            if feed.seek_shown(board).map_err(unread)? == Sought::NotYet && board.is_shared {
                return Err(behind());
            }
        }
        Ok(feed)
    }

    /// Moves behind the first mark that brought log time to where the cursor is: everything before it was shown.
    fn seek_log_time(&mut self, board: &Board) -> Result<(), ReadError> {
        let wanted = self.reached.log_time;
        let (start, milestone) = {
            let view = board.view();
            (view.start, view.milestone_before(wanted))
        };
        let intact = start == Position(0);
        let Some(milestone) = milestone else {
            // Before any mark: from the first record on.
            self.position = start;
            if !intact {
                self.fall_back(start);
            }
            return Ok(());
        };
        self.position = milestone.position;
        // What lay before the first mark that is held, and whether its log time was marked before, nobody knows any more.
        let mut known = intact || milestone.position > start;
        loop {
            let chunk = board.chunk(self.position)?;
            if chunk.first > self.position || chunk.items.is_empty() {
                self.fall_back(start.max(chunk.first));
                return Ok(());
            }
            for item in chunk.items {
                self.position = self.position.next();
                let Item::Mark(watermark) = item else { continue };
                if watermark >= wanted {
                    if !known {
                        self.fall_back(start);
                    }
                    return Ok(());
                }
                known = true;
            }
        }
    }

    fn fall_back(&mut self, start: Position) {
        self.position = start;
        self.gap = self.gap.or(Some(GONE));
    }

    /// Moves behind what was shown last, if that lies behind the mark. If it is not found, what follows the mark is shown again.
    fn seek_shown(&mut self, board: &Board) -> Result<Sought, ReadError> {
        let (Some(shown), None) = (self.reached.shown, self.gap) else {
            return Ok(Sought::Passed);
        };
        if shown.log_time != self.reached.log_time {
            return Ok(Sought::Passed);
        }
        let mut at = self.position;
        loop {
            let chunk = board.chunk(at)?;
            if chunk.first > at {
                return Ok(Sought::Passed);
            }
            if chunk.items.is_empty() {
                return Ok(Sought::NotYet);
            }
            for item in chunk.items {
                at = at.next();
                match item {
                    Item::Mark(watermark) if watermark > shown.log_time => return Ok(Sought::Passed),
                    Item::Revision(alert) if alert.id == shown.id && alert.revision == shown.revision => {
                        self.position = at;
                        return Ok(Sought::Passed);
                    }
                    _ => {}
                }
            }
        }
    }

    /// The next revisions that the viewer may see and asks for, in log order, each with its cursor; at most `at_most`. A gap notice counts as
    /// one. Empty when there is nothing more just now.
    ///
    /// # Errors
    /// UNAVAILABLE when the log cannot be read just now: nothing is lost, ask again.
    pub fn next(&mut self, board: &Board, at_most: usize) -> Result<Vec<v1::SubscribeResponse>, Status> {
        let mut answers = Vec::new();
        while answers.len() < at_most {
            match self.step(board, at_most - answers.len()) {
                Ok(step) => {
                    answers.extend(step.answers);
                    if step.at_end {
                        break;
                    }
                }
                Err(status) if answers.is_empty() => return Err(status),
                // The feed has moved past these: they go out, and the next call meets the fault.
                Err(_) => break,
            }
        }
        Ok(answers)
    }

    /// Proof of life. Its log time is how far this stream is: everything judged up to there that the viewer may see and asks for was returned
    /// by [`Feed::next`] before. With nothing left to return that is the board's watermark; a stream that lags says so.
    pub fn heartbeat(&mut self, board: &Board, now: Timestamp) -> v1::SubscribeResponse {
        // Past what shows nothing. If the log cannot be read, the log time stays behind, which is the truth.
        while matches!(self.step(board, 0), Ok(Step { at_end: false, .. })) {}
        self.proof_of_life(board, now)
    }

    /// A heartbeat from where the feed is.
    pub(crate) fn proof_of_life(&self, board: &Board, now: Timestamp) -> v1::SubscribeResponse {
        let log_time = self.reached.log_time;
        let heartbeat = v1::Heartbeat {
            log_time: Some(time::to_wire(log_time)),
            stale: board.is_stale(log_time, now),
        };
        self.answer(board, v1::subscribe_response::Event::Heartbeat(heartbeat))
    }

    /// Moves on until `at_most` answers are there, or past a bounded number of records. With 0, up to what would be answered next.
    pub(crate) fn step(&mut self, board: &Board, at_most: usize) -> Result<Step, Status> {
        let mut answers = Vec::new();
        let mut records = 0;
        while records < STEP_RECORDS {
            if let Some(reason) = self.gap {
                if at_most == 0 {
                    return Ok(Step { answers, at_end: true });
                }
                counter!(names::GAPS).increment(1);
                answers.push(self.answer(
                    board,
                    v1::subscribe_response::Event::Gap(v1::Gap { reason: reason.into() }),
                ));
                self.gap = None;
                if answers.len() == at_most {
                    return Ok(Step { answers, at_end: false });
                }
            }
            if self.ahead.is_empty() {
                match self.read_ahead(board) {
                    Ok(()) if self.gap.is_some() => continue,
                    Ok(()) if self.ahead.is_empty() => return Ok(Step { answers, at_end: true }),
                    Ok(()) => {}
                    Err(error) if answers.is_empty() => return Err(unavailable(&error)),
                    Err(_) => break,
                }
            }
            while let Some(item) = self.ahead.front().cloned() {
                match item {
                    Item::Nothing => {}
                    Item::Mark(watermark) => self.reached.log_time = self.reached.log_time.max(watermark),
                    Item::Revision(alert) if !self.shows(board, &alert) => {}
                    Item::Revision(_) if at_most == 0 => return Ok(Step { answers, at_end: true }),
                    Item::Revision(alert) => answers.push(self.show(board, &alert)),
                }
                self.ahead.pop_front();
                self.position = self.position.next();
                records += 1;
                if at_most > 0 && answers.len() == at_most {
                    return Ok(Step { answers, at_end: false });
                }
            }
        }
        Ok(Step { answers, at_end: false })
    }

    /// Reads on; over a hole in history with a notice that is then due.
    fn read_ahead(&mut self, board: &Board) -> Result<(), ReadError> {
        let chunk = board.chunk(self.position)?;
        if chunk.first > self.position {
            self.position = chunk.first;
            self.gap = Some(GONE);
        }
        self.ahead = chunk.items.into();
        Ok(())
    }

    fn shows(&self, board: &Board, alert: &Alert) -> bool {
        may_see(&self.who, alert) && board.asked(&self.who, &self.filter, alert)
    }

    fn show(&mut self, board: &Board, alert: &Alert) -> v1::SubscribeResponse {
        self.reached.shown = Some(Shown {
            id: alert.id,
            revision: alert.revision,
            log_time: self.reached.log_time,
        });
        self.answer(
            board,
            v1::subscribe_response::Event::Alert(board.show(&self.who, alert)),
        )
    }

    fn answer(&self, board: &Board, event: v1::subscribe_response::Event) -> v1::SubscribeResponse {
        v1::SubscribeResponse {
            event: Some(event),
            cursor: board.seal(&self.reached, &self.who.member),
        }
    }
}

/// Other processes write to the log, and each of them sees it end a little earlier or later: a cursor of another that is ahead says no more
/// than that. A log that was restored from an older copy passes its log time with the first time marks.
fn behind() -> Status {
    status::unavailable(
        "BEHIND",
        "this instance has not read so far yet: resume with your cursor, here or elsewhere",
        RETRY_AFTER,
    )
}

fn unavailable(error: &ReadError) -> Status {
    tracing::warn!(%error, "a stream cannot read the log of alerts");
    status::unavailable(
        "LOG_UNREADABLE",
        "the log of alerts cannot be read just now: resume with your cursor",
        RETRY_AFTER,
    )
}
