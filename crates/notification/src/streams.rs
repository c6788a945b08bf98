//! The streams that are open: bounded, counted, and told when the service ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chappe_model::MemberId;
use chappe_proto::status;
use metrics::gauge;
use tokio::sync::watch;
use tonic::Status;

use crate::metric_names as names;
use crate::options::{STREAMS, STREAMS_PER_MEMBER};

/// When to come again after a refusal.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What all streams share. Two watch channels, so that nothing is queued for a stream: it is told that there is news, and pulls.
pub(crate) struct Streams {
    /// Changes whenever the view has.
    pub(crate) news: watch::Sender<()>,
    /// True once the service ends.
    pub(crate) ending: watch::Sender<bool>,
    /// How many streams are open.
    pub(crate) open: watch::Sender<usize>,
    by_member: Mutex<HashMap<MemberId, usize>>,
}

/// One open stream; dropping it closes it.
pub(crate) struct OpenStream {
    streams: Arc<Streams>,
    member: MemberId,
}

impl Streams {
    pub(crate) fn new() -> Self {
        Self {
            news: watch::Sender::new(()),
            ending: watch::Sender::new(false),
            open: watch::Sender::new(0),
            by_member: Mutex::default(),
        }
    }

    /// Counts a stream in.
    pub(crate) fn enter(self: &Arc<Self>, member: &MemberId) -> Result<OpenStream, Status> {
        if *self.ending.borrow() {
            return Err(ending());
        }
        let mut by_member = self.by_member.lock().unwrap_or_else(PoisonError::into_inner);
        let own = by_member.get(member).copied().unwrap_or(0);
        if own >= STREAMS_PER_MEMBER {
            let message =
                format!("{own} streams of this member are open, at most {STREAMS_PER_MEMBER}: close some first");
            return Err(status::exhausted("TOO_MANY_STREAMS", &message, RETRY_AFTER));
        }
        if *self.open.borrow() >= STREAMS {
            return Err(status::exhausted(
                "SERVER_FULL",
                "no more streams can be opened here now",
                RETRY_AFTER,
            ));
        }
        by_member.insert(member.clone(), own + 1);
        self.open.send_modify(|count| *count += 1);
        gauge!(names::STREAMS_OPEN).increment(1.0);
        Ok(OpenStream {
            streams: Arc::clone(self),
            member: member.clone(),
        })
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut by_member = self.streams.by_member.lock().unwrap_or_else(PoisonError::into_inner);
        match by_member.get_mut(&self.member) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                by_member.remove(&self.member);
            }
        }
        self.streams.open.send_modify(|count| *count -= 1);
        gauge!(names::STREAMS_OPEN).decrement(1.0);
    }
}

/// What streams end with at shutdown.
pub(crate) fn ending() -> Status {
    status::unavailable("SHUTTING_DOWN", "shutting down, resume with your cursor", RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use tonic::Code;

    #[test]
    fn a_member_has_so_many_streams_and_gets_them_back() {
        let streams = Arc::new(Streams::new());
        let (a, b) = (MemberId::parse("a").unwrap(), MemberId::parse("b").unwrap());
        let mut open: Vec<OpenStream> = (0..STREAMS_PER_MEMBER).map(|_| streams.enter(&a).unwrap()).collect();
        assert_eq!(streams.enter(&a).err().unwrap().code(), Code::ResourceExhausted);
        open.push(streams.enter(&b).unwrap());
        assert_eq!(*streams.open.borrow(), STREAMS_PER_MEMBER + 1);
        open.remove(0);
        open.push(streams.enter(&a).unwrap());
        open.clear();
        assert_eq!(*streams.open.borrow(), 0);
        assert!(streams.by_member.lock().unwrap().is_empty());
    }

    #[test]
    fn none_opens_once_the_service_ends() {
        let streams = Arc::new(Streams::new());
        streams.ending.send_replace(true);
        let refusal = streams.enter(&MemberId::parse("a").unwrap()).err().unwrap();
        assert_eq!(
            (refusal.code(), refusal.message()),
            (Code::Unavailable, "shutting down, resume with your cursor")
        );
    }
}
