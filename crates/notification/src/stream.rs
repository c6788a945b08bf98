//! One subscriber's task: from the feed to the connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chappe_clock::Clock;
use chappe_proto::{time, v1};
use metrics::{counter, histogram};
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior};
use tonic::Status;

use crate::board::Board;
use crate::feed::Feed;
use crate::metric_names as names;
use crate::options::{SHUTDOWN_GRACE, STREAM_BATCH};
use crate::streams::{OpenStream, ending};

pub(crate) type Answer = Result<v1::SubscribeResponse, Status>;

/// Moves answers from a feed to a client, a batch at a time, with a heartbeat at each interval whether there is other traffic or not.
///
/// Everything leaves in the order in which the feed gave it: a heartbeat never overtakes an alert that its cursor covers.
pub(crate) struct Pump {
    pub(crate) board: Arc<Board>,
    pub(crate) feed: Feed,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) heartbeat: Duration,
    pub(crate) news: watch::Receiver<()>,
    pub(crate) ending: watch::Receiver<bool>,
    pub(crate) open: OpenStream,
}

/// What the task holds between two waits: at most [`STREAM_BATCH`] alerts and one heartbeat.
struct Hand {
    waiting: VecDeque<v1::SubscribeResponse>,
    /// It was at the end once: what comes now is news, and how long it took says something.
    caught_up: bool,
    heartbeat_waits: bool,
    at_end: bool,
}

impl Pump {
    /// Runs until the client goes, the service ends or the log fails.
    pub(crate) async fn run(mut self, outbox: Sender<Answer>) {
        let last = self.pump(&outbox).await;
        if let Some(status) = last {
            // A client that takes nothing is not waited for longer than this; its connection then just ends.
            let _ = tokio::time::timeout(SHUTDOWN_GRACE / 2, outbox.send(Err(status))).await;
        }
        drop(self.open);
    }

    /// The status to end with; none if the client went.
    async fn pump(&mut self, outbox: &Sender<Answer>) -> Option<Status> {
        let mut beat = self.beat();
        let mut hand = Hand {
            waiting: VecDeque::new(),
            caught_up: false,
            heartbeat_waits: false,
            at_end: false,
        };
        loop {
            if hand.waiting.is_empty() && !hand.at_end {
                match self.feed.step(&self.board, STREAM_BATCH) {
                    Ok(step) => {
                        hand.waiting.extend(step.answers);
                        hand.at_end = step.at_end;
                    }
                    Err(status) => return Some(status),
                }
            }
            let idle = hand.waiting.is_empty();
            hand.caught_up |= idle && hand.at_end;
            tokio::select! {
                biased;
                _ = self.ending.wait_for(|ending| *ending) => return Some(ending()),
                () = outbox.closed() => return None,
                // Before the heartbeat, so that it speaks of what is there.
                changed = self.news.changed(), if idle && hand.at_end => {
                    if changed.is_err() {
                        return Some(ending());
                    }
                    hand.at_end = false;
                }
                _ = beat.tick(), if !hand.heartbeat_waits => {
                    hand.waiting.push_back(self.feed.proof_of_life(&self.board, self.clock.now()));
                    hand.heartbeat_waits = true;
                }
                permit = outbox.reserve(), if !idle => {
                    let (Ok(permit), Some(answer)) = (permit, hand.waiting.pop_front()) else { return None };
                    match &answer.event {
                        Some(v1::subscribe_response::Event::Heartbeat(_)) => hand.heartbeat_waits = false,
                        Some(v1::subscribe_response::Event::Alert(alert)) => count(self.clock.as_ref(), alert, hand.caught_up),
                        _ => {}
                    }
                    permit.send(Ok(answer));
                }
                // Through history that shows nothing: others get their turn between two steps.
                () = tokio::task::yield_now(), if idle && !hand.at_end => {}
            }
        }
    }

    fn beat(&self) -> Interval {
        let mut beat = tokio::time::interval(self.heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat
    }
}

/// Counts a delivery; of news also how long it took.
fn count(clock: &dyn Clock, alert: &v1::Alert, is_news: bool) {
    counter!(names::DELIVERIES).increment(1);
    let revised_at = alert.revised_at.as_ref().filter(|_| is_news);
    if let Some(Ok(revised_at)) = revised_at.map(time::from_wire) {
        let took_ms = clock.now().as_millis().saturating_sub(revised_at.as_millis());
        histogram!(names::DELIVERY_SECONDS).record(Duration::from_millis(took_ms));
    }
}
