//! The installation of the demo and its members: what `chappe serve` runs, in a temporary folder, its clock wound by hand.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chappe_clock::{Clock, ManualClock};
use chappe_model::{Budget, Country, MemberId, Principal, Timestamp};
use chappe_proto::v1;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::script::{Act, Step};
use crate::client::{Following, Outcome, ServerAddress, Session, Told, submit};
use crate::commands::init::MEMBERS;
use crate::config::{Config, Member, PolicySection, QuotaSection};
use crate::installation::{Installation, Pace, Running};
use crate::secret;
use crate::tokens::Token;

/// Who watches: the eight CSIRTs, and Europol as the hub's duty officer.
pub(crate) const VIEWERS: [&str; 9] = [
    "csirt-at", "csirt-be", "csirt-cz", "csirt-de", "csirt-ee", "csirt-fr", "csirt-it", "csirt-pl", "europol",
];
/// Deliveries that wait to be taken; a stream then waits too.
const WAITING: usize = 1_024;
/// As a service, but with heartbeats often enough for fast motion.
const PACE: Pace = Pace {
    mark_interval: Duration::from_millis(100),
    heartbeat: Duration::from_millis(10),
    snapshot_interval: Duration::from_secs(30),
    stale_after_ms: 5_000,
};

/// What a stream told.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// Whose stream.
    pub(crate) viewer: &'static str,
    /// What.
    pub(crate) told: Told,
}

/// The installation, its clock, and the members' sessions.
pub(crate) struct Stage {
    running: Running,
    clock: Arc<ManualClock>,
    sessions: BTreeMap<&'static str, Session>,
    streams: JoinSet<()>,
    folder: TempDir,
}

impl Stage {
    /// Starts everything at log time `start`. The secret is made of the seed, so that the same seed gives the same ids.
    pub(crate) async fn open(seed: u64, start: Timestamp) -> Result<(Self, mpsc::Receiver<Delivery>)> {
        let folder = tempfile::Builder::new()
            .prefix("chappe-demo-")
            .tempdir()
            .context("no temporary folder")?;
        let data = folder.path().join("chappe-data");
        let mut master = [0; 32];
        fastrand::Rng::with_seed(seed).fill(&mut master);
        secret::create(&data, &master)?;
        let (config, tokens) = config(&data)?;
        let listener = TcpListener::bind(config.listen).await.context("no free port")?;
        let clock = Arc::new(ManualClock::starting_at(start));
        let running = Installation::with_pace(PACE)
            .start(listener, &config, Arc::clone(&clock) as Arc<dyn Clock>)
            .await?;
        let server = ServerAddress::parse(&running.address().to_string()).map_err(anyhow::Error::msg)?;
        let sessions = tokens
            .iter()
            .map(|(member, token)| Ok((*member, Session::new(&server, token)?)));
        let sessions: BTreeMap<_, _> = sessions.collect::<Result<_>>()?;
        let (tell, told) = mpsc::channel(WAITING);
        let mut streams = JoinSet::new();
        for viewer in VIEWERS {
            let session = sessions.get(viewer).context("a viewer is no member")?.clone();
            streams.spawn(watch(viewer, session, tell.clone()));
        }
        Ok((
            Self {
                running,
                clock,
                sessions,
                streams,
                folder,
            },
            told,
        ))
    }

    /// Where it serves.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// Where its data are, until the end.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The installation.
    pub(crate) fn running(&self) -> &Running {
        &self.running
    }

    /// Lets log time pass up to a moment. Returns the time it is then.
    pub(crate) async fn pass_to(&mut self, moment: Timestamp) -> Result<Timestamp> {
        let ahead = moment.as_millis().saturating_sub(self.clock.now().as_millis());
        self.clock.advance_millis(ahead);
        let ingest = self.running.ingest().context("ingest runs elsewhere")?;
        Ok(ingest.mark_now().await?)
    }

    /// Sends a report and waits until it is durable.
    pub(crate) async fn play(&mut self, step: &Step) -> Result<()> {
        let session = self.sessions.get(step.member).context("a reporter is no member")?;
        match &step.act {
            Act::Report(incident) => {
                let mut refused = None;
                let told = |_: usize, outcome: &Outcome| {
                    if let Outcome::Refused(refusal) = outcome {
                        refused = Some(refusal.to_string());
                    }
                };
                submit(session, std::slice::from_ref(incident), told).await?;
                if let Some(refusal) = refused {
                    bail!(
                        "the installation refuses report {} of {}: {refusal}",
                        incident.report_key,
                        step.member
                    );
                }
            }
            Act::Withdraw {
                report_key,
                revision,
                reason,
            } => {
                let request = v1::RetractRequest {
                    report_key: report_key.clone(),
                    revision: *revision,
                    reason: reason.clone(),
                };
                session
                    .incidents()
                    .retract(request)
                    .await
                    .context("the installation refuses a withdrawal")?;
            }
        }
        Ok(())
    }

    /// The time that the clock shows.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Ends the streams, then the installation, as SIGTERM would.
    pub(crate) async fn close(mut self) -> Result<()> {
        self.streams.shutdown().await;
        self.sessions.clear();
        self.running.shutdown().await?;
        Ok(())
    }
}

/// The members of `chappe init` with tokens of their own.
fn config(data: &Path) -> Result<(Config, Vec<(&'static str, Token)>)> {
    let (mut members, mut tokens) = (Vec::new(), Vec::new());
    for (id, country, role) in MEMBERS {
        let token = Token::random().context("no randomness for tokens")?;
        let home = if country.is_empty() {
            None
        } else {
            Some(Country::parse(country)?)
        };
        let principal = Principal {
            member: MemberId::parse(id)?,
            home,
            role,
        };
        members.push(Member {
            principal,
            token: Some(token.digest()),
        });
        tokens.push((id, token));
    }
    let config = Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        metrics: None,
        metrics_allow: Vec::new(),
        data: data.to_owned(),
        shards: 2,
        members,
        policy: Some(PolicySection::default()),
        quotas: QuotaSection::default(),
        budget: Budget::default(),
        instance: "demo".to_owned(),
        tls: None,
        kafka: None,
        taxii: None,
    };
    Ok((config, tokens))
}

/// One viewer's subscription, from the beginning, until nobody listens any more.
async fn watch(viewer: &'static str, session: Session, tell: mpsc::Sender<Delivery>) {
    let request = v1::SubscribeRequest {
        from_beginning: true,
        ..v1::SubscribeRequest::default()
    };
    let mut following = Following::new(session, request);
    loop {
        match following.next().await {
            Ok(told) => {
                if tell.send(Delivery { viewer, told }).await.is_err() {
                    return;
                }
            }
            Err(refusal) => {
                tracing::error!(viewer, %refusal, "the installation refuses a stream");
                return;
            }
        }
    }
}
