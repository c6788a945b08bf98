//! A TAXII 2.1 server over the board: collections of the alerts that a member may see, as STIX 2.1, and an inbox for what it reports.
//!
//! It asks `may_see` of every alert that it gives out, as streams and lists do. What it writes is submitted as a report of the member's; it changes
//! no alert.

mod access;
mod answering;
pub(crate) mod connection;
mod content;
pub(crate) mod front;
pub(crate) mod inbox;
pub(crate) mod library;
mod prompt;
mod refusal;
pub(crate) mod rooms;
mod serving;
mod statuses;

use std::future::Future;
use std::io;
use std::sync::Arc;

use chappe_clock::Clock;
use chappe_eventlog::ReadError;
use chappe_identity::Directory;
use tokio::net::TcpListener;

use self::front::{Front, Rooms};
use self::inbox::Inbox;
use self::library::Library;
use crate::board::Board;
use crate::streams::Streams;

pub use self::connection::TAXII_CONNECTION_AGE;
pub use self::front::TAXII_BODY_BYTES;
pub use self::inbox::{SubmitReport, Submitted};
pub use self::serving::{TAXII_CONNECTIONS, TAXII_SHUTDOWN_GRACE};
pub use self::statuses::{STATUS_KEPT_MS, STATUSES_PER_MEMBER};

/// The TAXII server, open on a board. [`Taxii::serve`] answers.
pub struct Taxii {
    front: Arc<Front>,
    streams: Arc<Streams>,
}

impl Taxii {
    pub(crate) fn open(
        board: &Arc<Board>,
        directory: Arc<Directory>,
        clock: Arc<dyn Clock>,
        streams: Arc<Streams>,
        submit: Option<SubmitReport>,
    ) -> Result<Self, ReadError> {
        let library = Library::open(Arc::clone(board))?;
        let inbox = submit.map(|submit| Inbox::new(submit, clock));
        let front = Front {
            library: Arc::new(library),
            directory,
            inbox: inbox.map(Arc::new),
            rooms: Rooms::default(),
        };
        Ok(Self {
            front: Arc::new(front),
            streams,
        })
    }

    /// Answers on a listener until `shutdown`; then takes no connection more, answers what is under way, and waits up to
    /// [`TAXII_SHUTDOWN_GRACE`] for that.
    ///
    /// It speaks HTTP/1.1 and HTTP/2 in plain text: the listener should be on loopback.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let Self { front, streams } = self;
        let library = Arc::clone(&front.library);
        tokio::select! {
            served = serving::serve(front, listener, shutdown) => served,
            never = library.follow(&streams.news) => match never {},
        }
    }
}

impl std::fmt::Debug for Taxii {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Taxii").finish_non_exhaustive()
    }
}
