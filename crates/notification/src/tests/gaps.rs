//! When history is gone, the stream says so and goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chappe_eventlog::{
    AppendError, Durability, EventLog, MemoryLog, OnDurable, Position, ReadError, ReadLimit, Record, Topic, Writers,
};
use chappe_model::Timestamp;
use tonic::Code;

use super::rig::{SMALL, all_told, append, austria, board, from_beginning, from_now, mark, resume, revision};

/// A log that forgets its beginning, and reads badly on demand.
pub(super) struct Forgetful {
    log: MemoryLog,
    start: AtomicU64,
    pub(super) damaged_below: AtomicU64,
    unreadable_from: AtomicU64,
    pub(super) decisions_unreadable: AtomicBool,
}

impl Forgetful {
    pub(super) fn new() -> Arc<Self> {
        let zero = || AtomicU64::new(0);
        Arc::new(Self {
            log: MemoryLog::new(),
            start: zero(),
            damaged_below: zero(),
            unreadable_from: AtomicU64::new(u64::MAX),
            decisions_unreadable: AtomicBool::new(false),
        })
    }

    fn forget_below(&self, position: u64) {
        self.start.store(position, Ordering::Relaxed);
    }
}

impl EventLog for Forgetful {
    fn durability(&self) -> Durability {
        self.log.durability()
    }
    fn writers(&self) -> Writers {
        self.log.writers()
    }

    fn partitions(&self, topic: Topic) -> u16 {
        self.log.partitions(topic)
    }
    fn append(&self, topic: Topic, partition: u16, record: Record, on_durable: OnDurable) {
        self.log.append(topic, partition, record, on_durable);
    }
    fn read(
        &self,
        topic: Topic,
        partition: u16,
        from: Position,
        limit: ReadLimit,
    ) -> Result<Vec<(Position, Record)>, ReadError> {
        if from.0 < self.damaged_below.load(Ordering::Relaxed) {
            return Err(ReadError::Corrupt {
                file: "0.log".into(),
                offset: 0,
                reason: "checksum".into(),
            });
        }
        let unreadable = topic == Topic::Decisions && self.decisions_unreadable.load(Ordering::Relaxed);
        if unreadable || from.0 >= self.unreadable_from.load(Ordering::Relaxed) {
            return Err(ReadError::Unavailable {
                reason: "injected".into(),
            });
        }
        let start = Position(self.start.load(Ordering::Relaxed));
        // Shorter than asked for, as a log may.
        let limit = ReadLimit { records: 2, ..limit };
        self.log.read(topic, partition, from.max(start), limit)
    }
    fn end(&self, topic: Topic, partition: u16) -> Position {
        self.log.end(topic, partition)
    }
    fn on_advance(&self, topic: Topic, wake: Arc<dyn Fn() + Send + Sync>) {
        self.log.on_advance(topic, wake);
    }
    fn health(&self) -> Result<(), AppendError> {
        self.log.health()
    }
    fn close(&self) {
        self.log.close();
    }
}

/// 1.1, mark 1 s, 2.1, mark 2 s, … at positions 0 to 2n - 1.
fn filled(n: u8) -> Arc<Forgetful> {
    let log = Forgetful::new();
    for i in 1..=n {
        append(&*log, &revision(i, 1));
        mark(&*log, u64::from(i) * 1_000, 1);
    }
    log
}

#[test]
fn a_cursor_into_forgotten_history_gets_one_gap_and_then_what_is_held() {
    let log = filled(6);
    let before = board(log.clone(), SMALL);
    let mut feed = before.subscribe(austria(), &from_beginning()).unwrap();
    let cursors: Vec<String> = feed
        .next(&before, 6)
        .unwrap()
        .into_iter()
        .map(|answer| answer.cursor)
        .collect();
    log.forget_below(4);
    let after = board(log, SMALL);
    let resumed = |i: usize| {
        let mut feed = after.subscribe(austria(), &resume(&cursors[i])).unwrap();
        all_told(&feed.next(&after, 100).unwrap())
    };
    assert_eq!(resumed(0), ["gap", "3.1", "4.1", "5.1", "6.1"], "alert 2 is gone");
    assert_eq!(
        resumed(2),
        ["gap", "3.1", "4.1", "5.1", "6.1"],
        "whether the mark before alert 3 was the first of its time is gone"
    );
    assert_eq!(resumed(4), ["6.1"]);
    assert_eq!(resumed(5), Vec::<String>::new());
}

#[test]
fn a_gap_notice_is_given_again_until_the_stream_is_past_it() {
    let log = filled(6);
    let before = board(log.clone(), SMALL);
    let cursor = before
        .subscribe(austria(), &from_beginning())
        .unwrap()
        .next(&before, 1)
        .unwrap()
        .remove(0)
        .cursor;
    log.forget_below(4);
    let after = board(log, SMALL);
    let mut feed = after.subscribe(austria(), &resume(&cursor)).unwrap();
    let beat = feed.heartbeat(&after, Timestamp::ZERO);
    let gap = feed.next(&after, 1).unwrap().remove(0);
    let rest = feed.next(&after, 100).unwrap();
    for cursor in [&beat.cursor, &gap.cursor] {
        let mut again = after.subscribe(austria(), &resume(cursor)).unwrap();
        assert_eq!(
            all_told(&again.next(&after, 1).unwrap()),
            ["gap"],
            "not told yet, or nothing told since"
        );
    }
    let mut on = after.subscribe(austria(), &resume(&rest[2].cursor)).unwrap();
    assert_eq!(all_told(&on.next(&after, 100).unwrap()), ["6.1"]);
}

#[test]
fn a_slow_stream_overtaken_by_the_end_of_history_is_told() {
    let log = filled(6);
    let board = board(log.clone(), SMALL);
    let mut feed = board.subscribe(austria(), &from_beginning()).unwrap();
    assert_eq!(all_told(&feed.next(&board, 1).unwrap()), ["1.1"]);
    log.forget_below(6);
    assert_eq!(all_told(&feed.next(&board, 100).unwrap()), ["gap", "4.1", "5.1", "6.1"]);
}

#[test]
fn history_forgotten_since_the_board_read_it_gives_one_gap_to_a_cursor() {
    let log = filled(6);
    let board = board(log.clone(), SMALL);
    let cursor = board
        .subscribe(austria(), &from_beginning())
        .unwrap()
        .next(&board, 2)
        .unwrap()
        .remove(1)
        .cursor;
    log.forget_below(6);
    let mut feed = board.subscribe(austria(), &resume(&cursor)).unwrap();
    assert_eq!(all_told(&feed.next(&board, 100).unwrap()), ["gap", "4.1", "5.1", "6.1"]);
}

#[test]
fn damaged_history_is_a_gap_and_unreadable_history_is_tried_again() {
    let log = filled(6);
    let board = board(log.clone(), SMALL);
    let mut feed = board.subscribe(austria(), &from_beginning()).unwrap();
    log.unreadable_from.store(4, Ordering::Relaxed);
    assert_eq!(
        all_told(&feed.next(&board, 100).unwrap()),
        ["1.1", "2.1"],
        "what was read goes out"
    );
    assert_eq!(feed.next(&board, 100).unwrap_err().code(), Code::Unavailable);
    log.unreadable_from.store(u64::MAX, Ordering::Relaxed);
    assert_eq!(
        all_told(&feed.next(&board, 100).unwrap()),
        ["3.1", "4.1", "5.1", "6.1"],
        "nothing was lost"
    );
    let mut feed = board.subscribe(austria(), &from_beginning()).unwrap();
    log.damaged_below.store(9, Ordering::Relaxed);
    assert_eq!(all_told(&feed.next(&board, 100).unwrap()), ["gap", "6.1"]);
}

#[test]
fn a_cursor_ahead_of_the_log_is_a_gap_unless_the_log_has_just_moved_on() {
    let log = filled(3);
    let ahead = board(log.clone(), SMALL);
    let behind = board(log.clone(), SMALL);
    append(&*log, &revision(4, 1));
    mark(&*log, 4_000, 1);
    ahead.catch_up().unwrap();
    let cursor = ahead
        .subscribe(austria(), &from_now())
        .unwrap()
        .heartbeat(&ahead, Timestamp::ZERO)
        .cursor;
    let mut feed = behind.subscribe(austria(), &resume(&cursor)).unwrap();
    assert_eq!(
        all_told(&feed.next(&behind, 100).unwrap()),
        Vec::<String>::new(),
        "the other instance had only read it first"
    );

    let restored = filled(3);
    let older = board(restored.clone(), SMALL);
    let mut feed = older.subscribe(austria(), &resume(&cursor)).unwrap();
    append(&*restored, &revision(5, 1));
    older.catch_up().unwrap();
    assert_eq!(all_told(&feed.next(&older, 100).unwrap()), ["gap", "5.1"]);
}

#[test]
fn where_others_write_too_a_board_that_is_behind_sends_away_until_it_has_read_on() {
    let (ahead, behind) = (MemoryLog::new().shared(), MemoryLog::new().shared());
    let boards = [&ahead, &behind].map(|log| board(Arc::new(log.clone()), SMALL));
    let told_to = |log: &MemoryLog, what: usize| {
        let parts: [&dyn Fn(); 3] = [&|| append(log, &revision(1, 1)), &|| mark(log, 2_000, 1), &|| {
            append(log, &revision(2, 1))
        }];
        parts[what]();
    };
    (0..3).for_each(|what| told_to(&ahead, what));
    boards[0].catch_up().unwrap();
    let mut feed = boards[0].subscribe(austria(), &from_beginning()).unwrap();
    let last = feed.next(&boards[0], 10).unwrap().pop().unwrap();
    // The other has read none of it, then the mark, then all: it reads on by itself.
    for what in 0..3 {
        let refused = boards[1].subscribe(austria(), &resume(&last.cursor)).unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "before {what}");
        told_to(&behind, what);
    }
    append(&behind, &revision(3, 1));
    let mut feed = boards[1].subscribe(austria(), &resume(&last.cursor)).unwrap();
    boards[1].catch_up().unwrap();
    assert_eq!(all_told(&feed.next(&boards[1], 10).unwrap()), ["3.1"]);
}
