//! Threads: what each is given, how it is reached, and what its panic means.

use std::sync::{Arc, OnceLock};
use std::thread::{JoinHandle, Thread};

use chappe_eventlog::EventLog;
use rtrb::Consumer;

use crate::error::RunError;
use crate::halt::Halt;
use crate::pace::Pace;
use crate::ring::{Control, Feed, Message, Progress};
use crate::tenure::Tenure;

/// How one that owns a part of the state is reached.
pub(crate) struct Reached {
    pub(crate) feed: Feed,
    pub(crate) control: Option<Feed<Control>>,
}

/// Wakes a thread, once there is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wake(Arc<OnceLock<Thread>>);

impl Wake {
    pub(crate) fn reach(&self, thread: &Thread) {
        drop(self.0.set(thread.clone())); // set once only
    }

    pub(crate) fn wake(&self) {
        if let Some(thread) = self.0.get() {
            thread.unpark();
        }
    }
}

/// What such a one is given.
pub(crate) struct Post {
    pub(crate) ring: Consumer<Message>,
    pub(crate) control: Option<Consumer<Control>>,
    pub(crate) tenure: Tenure,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) halt: Halt,
    pub(crate) pace: Pace,
}

/// A thread that ends in a panic stops the service: its keys have no owner any more.
pub(crate) fn spawn(
    name: String,
    halt: &Halt,
    body: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, RunError> {
    let on_panic = OnPanic {
        halt: halt.clone(),
        name: name.clone(),
    };
    let started = std::thread::Builder::new().name(name.clone()).spawn(move || {
        let _on_panic = on_panic;
        body();
    });
    started.map_err(|error| RunError::Thread(name, error.to_string()))
}

struct OnPanic {
    halt: Halt,
    name: String,
}

impl Drop for OnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.halt.fail(RunError::Thread(
                std::mem::take(&mut self.name),
                "ended in a panic".into(),
            ));
        }
    }
}

pub(crate) fn join(thread: JoinHandle<()>) -> Result<(), RunError> {
    let name = thread.thread().name().unwrap_or_default().to_owned();
    thread
        .join()
        .map_err(|_| RunError::Thread(name, "ended in a panic".into()))
}
