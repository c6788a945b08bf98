//! One subscriber: notes when the first revision of each expected alert arrives, and how far the installation has judged.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use chappe_proto::v1;
use chappe_proto::v1::subscribe_response::Event;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::Streaming;

use super::client;
use super::traffic::shared_of_key;

/// The rule of three countries within a day, one of those an installation starts with.
const RULE: &str = "cross-border";
/// How long the installation may take to judge what it has accepted: under saturation ingest takes more than correlation judges.
const JUDGED: Duration = Duration::from_secs(120);

/// What has arrived.
#[derive(Default)]
struct Arrived {
    /// When the first revision of the alert on a shared value came, by phase and number of the value.
    first: HashMap<(u32, u64), Instant>,
    /// Revisions of all alerts.
    revisions: u64,
}

/// A subscriber on its own task, until dropped.
pub(super) struct Watcher {
    arrived: Arc<Mutex<Arrived>>,
    /// Log time of the last heartbeat, in milliseconds since 1970.
    judged_ms: watch::Receiver<u64>,
    task: JoinHandle<Result<()>>,
}

impl Watcher {
    pub(super) async fn start(address: SocketAddr, token: &str) -> Result<Self> {
        let stream = client::subscribe(address, token).await?;
        let arrived = Arc::new(Mutex::new(Arrived::default()));
        let (tell, judged_ms) = watch::channel(0);
        let task = tokio::spawn(follow(stream, Arc::clone(&arrived), tell));
        Ok(Self {
            arrived,
            judged_ms,
            task,
        })
    }

    /// Waits until everything accepted by now is judged, and what it raised is delivered.
    pub(super) async fn all_judged(&mut self) -> Result<()> {
        let now = now_ms()?;
        let judged = timeout(JUDGED, self.judged_ms.wait_for(|judged| *judged > now)).await;
        let judged = judged.map(|waited| waited.map(drop));
        match judged {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => bail!("the subscription ended"),
            Err(_) => {
                let behind = now.saturating_sub(*self.judged_ms.borrow());
                bail!("judgement is {behind} ms behind after {} s", JUDGED.as_secs())
            }
        }
    }

    /// When the alert on a shared value first arrived.
    pub(super) fn first(&self, phase: u32, number: u64) -> Option<Instant> {
        self.lock(|arrived| arrived.first.get(&(phase, number)).copied())
    }

    /// Alerts on shared values of a phase.
    pub(super) fn alerts(&self, phase: u32) -> u64 {
        self.lock(|arrived| arrived.first.keys().filter(|(of, _)| *of == phase).count() as u64)
    }

    /// Revisions so far.
    pub(super) fn revisions(&self) -> u64 {
        self.lock(|arrived| arrived.revisions)
    }

    fn lock<T>(&self, read: impl FnOnce(&Arrived) -> T) -> T {
        read(&self.arrived.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "compared with the log time of the installation, which is the clock's"
)]
fn now_ms() -> Result<u64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_millis())?)
}

async fn follow(
    mut stream: Streaming<v1::SubscribeResponse>,
    arrived: Arc<Mutex<Arrived>>,
    judged_ms: watch::Sender<u64>,
) -> Result<()> {
    while let Some(told) = stream.message().await.context("the subscription broke")? {
        let now = Instant::now();
        match told.event {
            Some(Event::Alert(alert)) => {
                let mut arrived = arrived.lock().unwrap_or_else(PoisonError::into_inner);
                arrived.revisions += 1;
                if let Some(shared) = shared_of(&alert) {
                    arrived.first.entry(shared).or_insert(now);
                }
            }
            Some(Event::Heartbeat(heartbeat)) => {
                let time = heartbeat.log_time.unwrap_or_default();
                let ms = time.seconds * 1000 + i64::from(time.nanos) / 1_000_000;
                judged_ms.send_replace(u64::try_from(ms).unwrap_or(0));
            }
            Some(Event::Gap(gap)) => bail!("the subscription has a gap: {}", gap.reason),
            None => {}
        }
    }
    Ok(())
}

fn shared_of(alert: &v1::Alert) -> Option<(u32, u64)> {
    let of_rule = alert
        .explanation
        .as_ref()
        .is_some_and(|explanation| explanation.rule_id == RULE);
    let key = alert.key.iter().find(|key| key.field == "indicator")?;
    of_rule.then(|| shared_of_key(&key.value)).flatten()
}
