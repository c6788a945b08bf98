//! A member that follows alerts through every crash, resuming from its last cursor.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use chappe_proto::v1;
use chappe_proto::v1::subscribe_response::Event;
use chappe_tests::{Client, PATIENCE};
use tokio::sync::watch;
use tokio::time::{Duration, timeout};
use tonic::{Code, Status};

/// After a broken stream the next is tried after this long at the latest.
const COMES_BACK: Duration = Duration::from_millis(500);

/// Name and revision of an alert.
pub type Told = (String, u32);

/// The member.
pub struct Watcher {
    token: String,
    addresses: watch::Receiver<Vec<SocketAddr>>,
    /// Log time up to which to follow, in milliseconds, once it is known.
    until: watch::Receiver<Option<u64>>,
    cursor: String,
    judged_ms: u64,
    newest: BTreeMap<String, u32>,
    /// Everything it was told.
    pub seen: BTreeMap<Told, v1::Alert>,
    /// How many streams it took.
    pub streams: usize,
}

impl Watcher {
    pub fn new(token: &str, addresses: watch::Receiver<Vec<SocketAddr>>, until: watch::Receiver<Option<u64>>) -> Self {
        Self {
            token: token.to_owned(),
            addresses,
            until,
            cursor: String::new(),
            judged_ms: 0,
            newest: BTreeMap::new(),
            seen: BTreeMap::new(),
            streams: 0,
        }
    }

    /// Follows until everything up to the last log time was told.
    pub async fn run(mut self) -> Self {
        loop {
            let addresses = self.addresses.borrow_and_update().clone();
            let client = Client::new(addresses[self.streams % addresses.len()], &self.token).unwrap();
            match self.follow(&client).await {
                Ok(()) => return self,
                Err(status) => {
                    let broken = [
                        Code::Unavailable,
                        Code::Unknown,
                        Code::Cancelled,
                        Code::Internal,
                        Code::Aborted,
                    ];
                    assert!(
                        broken.contains(&status.code()),
                        "not what a crash looks like: {status:?}"
                    );
                }
            }
            // It comes back under another address, or there is another.
            let _ = timeout(COMES_BACK, self.addresses.changed()).await;
            self.streams += 1;
        }
    }

    async fn follow(&mut self, client: &Client) -> Result<(), Status> {
        let from_beginning = self.cursor.is_empty();
        let request = v1::SubscribeRequest {
            cursor: self.cursor.clone(),
            from_beginning,
            ..v1::SubscribeRequest::default()
        };
        let mut stream = client.alerts().subscribe(request).await?.into_inner();
        loop {
            let answer = timeout(PATIENCE, stream.message())
                .await
                .expect("a heartbeat each second")?;
            let answer = answer.ok_or_else(|| Status::unavailable("the stream ended"))?;
            self.cursor = answer.cursor;
            match answer.event.unwrap() {
                Event::Alert(alert) => self.hear(alert),
                Event::Heartbeat(heartbeat) => self.judged_ms = judged_ms(&heartbeat).max(self.judged_ms),
                Event::Gap(gap) => panic!("a gap: {}", gap.reason),
            }
            if self.until.borrow().is_some_and(|until| self.judged_ms >= until) {
                return Ok(());
            }
        }
    }

    fn hear(&mut self, alert: v1::Alert) {
        let newest = self.newest.insert(alert.name.clone(), alert.revision);
        assert!(
            newest < Some(alert.revision),
            "{} came at revision {} after {newest:?}",
            alert.name,
            alert.revision
        );
        self.seen.insert((alert.name.clone(), alert.revision), alert);
    }
}

/// Log time of a heartbeat, in milliseconds.
pub fn judged_ms(heartbeat: &v1::Heartbeat) -> u64 {
    let time = heartbeat.log_time.unwrap();
    time.seconds as u64 * 1_000 + time.nanos as u64 / 1_000_000
}
