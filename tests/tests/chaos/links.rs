//! Links to the brokers that can be cut and slowed: whoever wants a broker, other brokers included, goes through one.

use std::future::pending;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// What a link does with what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Passes it on.
    Open,
    /// Ends every connection, and takes none.
    Cut,
    /// Passes on each piece after this long.
    Slow(Duration),
}

/// Bytes passed on at once.
const PIECE_BYTES: usize = 64 << 10;

/// The way to one broker.
pub struct Link {
    pub port: u16,
    target: watch::Sender<u16>,
    condition: watch::Sender<Condition>,
}

impl Link {
    /// A link that leads nowhere yet. It must be made inside a runtime.
    pub async fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (target, condition) = (watch::Sender::new(0), watch::Sender::new(Condition::Open));
        tokio::spawn(accept(listener, target.subscribe(), condition.subscribe()));
        Self {
            port,
            target,
            condition,
        }
    }

    pub fn lead_to(&self, port: u16) {
        self.target.send_replace(port);
    }

    pub fn become_(&self, condition: Condition) {
        self.condition.send_replace(condition);
    }
}

async fn accept(listener: TcpListener, mut target: watch::Receiver<u16>, condition: watch::Receiver<Condition>) {
    loop {
        let accepted = listener.accept().await;
        let Ok(port) = target.wait_for(|port| *port != 0).await.map(|port| *port) else {
            return; // the test is over
        };
        let (Ok((near, _)), false) = (accepted, *condition.borrow() == Condition::Cut) else {
            continue;
        };
        tokio::spawn(pass(near, port, condition.clone()));
    }
}

/// One connection, until either end or the link ends it.
async fn pass(near: TcpStream, port: u16, mut condition: watch::Receiver<Condition>) {
    let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
        return;
    };
    let _ = (near.set_nodelay(true), far.set_nodelay(true)); // slower, were it refused
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    let (there, back) = (condition.clone(), condition.clone());
    tokio::select! {
        () = copy(near_read, far_write, there) => {}
        () = copy(far_read, near_write, back) => {}
        _ = condition.wait_for(|condition| *condition == Condition::Cut) => {}
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, condition: watch::Receiver<Condition>) {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let Ok(read @ 1..) = from.read(&mut piece).await else {
            return;
        };
        let now = *condition.borrow();
        if let Condition::Slow(delay) = now {
            let _ = timeout(delay, pending::<()>()).await;
        }
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}
