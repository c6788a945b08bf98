//! The open connections, and the end of those whose certificate counts no more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::pki_types::CertificateDer;
use tokio::sync::oneshot;

use crate::Refusal;

/// A client's certificates: its own, and those above it.
pub(crate) type Chain = Arc<[CertificateDer<'static>]>;

/// All connections with a client certificate.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: BTreeMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    chain: Chain,
    /// The last second, since 1970, until which its judgement stands by itself; before it is judged, all of them.
    until: i64,
    close: oneshot::Sender<Refusal>,
}

/// A connection's place among the open ones; dropping it leaves.
#[derive(Debug)]
pub(crate) struct Place {
    registry: Arc<Registry>,
    id: u64,
}

impl Registry {
    /// Takes a connection in; the receiver is told when it is to end.
    pub(crate) fn enter(self: &Arc<Self>, chain: Chain) -> (Place, oneshot::Receiver<Refusal>) {
        let (close, closed) = oneshot::channel();
        let mut open = self.open();
        let id = open.next;
        open.next += 1;
        let entry = Entry {
            chain,
            until: i64::MAX,
            close,
        };
        open.connections.insert(id, entry);
        let registry = Arc::clone(self);
        (Place { registry, id }, closed)
    }

    /// The connections to be judged again: all of them, or those whose judgement does not stand any more at `now`.
    pub(crate) fn due(&self, all: bool, now: i64) -> Vec<(u64, Chain)> {
        let open = self.open();
        let due = open.connections.iter().filter(|(_, entry)| all || entry.until < now);
        due.map(|(id, entry)| (*id, Arc::clone(&entry.chain))).collect()
    }

    /// A connection was judged again, and stands until then.
    pub(crate) fn stands(&self, id: u64, until: i64) {
        if let Some(entry) = self.open().connections.get_mut(&id) {
            entry.until = until;
        }
    }

    /// A connection is to end; whether it was still there.
    pub(crate) fn close(&self, id: u64, refusal: Refusal) -> bool {
        let entry = self.open().connections.remove(&id);
        entry.is_some_and(|entry| entry.close.send(refusal).is_ok())
    }

    pub(crate) fn len(&self) -> usize {
        self.open().connections.len()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Whole after every step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(crate) fn stands(&self, until: i64) {
        self.registry.stands(self.id, until);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.registry.open().connections.remove(&self.id);
    }
}
