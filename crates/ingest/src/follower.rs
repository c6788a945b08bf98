//! The thread that reads on where other processes append too.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chappe_eventlog::{ReadError, Topic};
use tokio::sync::oneshot;

use crate::desk::{Desk, Inner};
use crate::options::RunError;

/// How long to wait for a word that the log has advanced before looking all the same.
const IDLE_WAIT: Duration = Duration::from_millis(100);
/// How long to wait before reading again what could not be read.
const RETRY_PAUSE: Duration = Duration::from_millis(250);
/// How often it is looked whether all is answered, once the service stops.
const DRAIN_STEP: Duration = Duration::from_millis(10);
/// How long to read on, once the service stops, for those who wait for an answer; the rest is told that the outcome is unknown.
const DRAIN: Duration = Duration::from_secs(5);

const NAME: &str = "chappe-ingest-follower";

/// Reads on until it is stopped or dropped.
pub(crate) struct Follower {
    signal: Arc<Signal>,
    ended: oneshot::Receiver<Result<(), ReadError>>,
}

impl Follower {
    pub(crate) fn start(desk: &Desk) -> Result<Self, RunError> {
        let signal = Arc::new(Signal::default());
        let (tell, ended) = oneshot::channel();
        let turns = Turns {
            desk: Arc::clone(&desk.inner),
            signal: Arc::clone(&signal),
        };
        let thread = std::thread::Builder::new().name(NAME.into());
        thread
            .spawn(move || {
                let outcome = turns.run();
                drop(turns);
                // The service may be gone.
                let _ = tell.send(outcome);
            })
            .map_err(|error| RunError::Follower(error.to_string()))?;
        let wake = Arc::clone(&signal);
        let log = &desk.inner.log;
        log.on_advance(Topic::Incidents, Arc::new(move || wake.note(|due| due.advanced = true)));
        signal.note(|due| due.advanced = true);
        Ok(Self { signal, ended })
    }

    /// Waits until it ends, which it does by itself only when the log cannot be read any more.
    pub(crate) async fn ended(&mut self) -> Result<(), RunError> {
        match (&mut self.ended).await {
            Ok(outcome) => outcome.map_err(RunError::from),
            Err(_) => Err(RunError::Follower("it ended without saying why".into())),
        }
    }

    /// Lets it answer those who wait, and waits until it has ended.
    pub(crate) async fn stop(mut self, desk: &Desk) -> Result<(), RunError> {
        let drained = async {
            while desk.inner.is_awaited() {
                tokio::time::sleep(DRAIN_STEP).await;
            }
        };
        tokio::select! {
            ended = self.ended() => return ended,
            _ = tokio::time::timeout(DRAIN, drained) => {}
        }
        self.signal.note(|due| due.stop = true);
        self.ended().await
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.signal.note(|due| due.stop = true);
    }
}

/// What the thread is to do.
#[derive(Default)]
struct Signal {
    due: Mutex<Due>,
    changed: Condvar,
}

#[derive(Default)]
struct Due {
    advanced: bool,
    stop: bool,
}

impl Signal {
    fn note(&self, change: impl FnOnce(&mut Due)) {
        change(&mut self.due());
        self.changed.notify_one();
    }

    /// Waits for so long, or until the log has advanced; says whether to go on.
    fn wait_for_advance(&self, timeout: Duration) -> bool {
        let waits = |due: &mut Due| !due.stop && !due.advanced;
        let (mut due, _) = self
            .changed
            .wait_timeout_while(self.due(), timeout, waits)
            .unwrap_or_else(PoisonError::into_inner);
        due.advanced = false;
        !due.stop
    }

    /// Waits for so long, whatever advances; says whether to go on.
    fn pause(&self, timeout: Duration) -> bool {
        let (due, _) = self
            .changed
            .wait_timeout_while(self.due(), timeout, |due| !due.stop)
            .unwrap_or_else(PoisonError::into_inner);
        !due.stop
    }

    fn due(&self) -> MutexGuard<'_, Due> {
        // Two flags: always whole.
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's work. However it ends, nobody is left waiting for it.
struct Turns {
    desk: Arc<Inner>,
    signal: Arc<Signal>,
}

impl Turns {
    fn run(&self) -> Result<(), ReadError> {
        let mut is_interrupted = false;
        loop {
            let goes_on = match self.desk.follow() {
                Ok(read) => {
                    if std::mem::take(&mut is_interrupted) {
                        tracing::info!("the log can be read again");
                    }
                    // Right on while there is more, without waiting for a word of it.
                    self.signal
                        .wait_for_advance(if read > 0 { Duration::ZERO } else { IDLE_WAIT })
                }
                Err(ReadError::Unavailable { reason }) => {
                    if !std::mem::replace(&mut is_interrupted, true) {
                        tracing::warn!("the log cannot be read, so nothing is answered until it can: {reason}");
                    }
                    self.signal.pause(RETRY_PAUSE)
                }
                Err(error) => return Err(error),
            };
            if !goes_on {
                return Ok(());
            }
        }
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        self.desk.give_up();
    }
}
