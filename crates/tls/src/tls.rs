//! What is in force, and how it changes while connections are open.

use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chappe_clock::Clock;
use metrics::{counter, gauge};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::Refusal;
use crate::accepting;
use crate::files::{self, FileError, Stamp};
use crate::member::list_paths;
use crate::metric_names::{CLOSED, CONNECTIONS, LIST_SECONDS, OUTCOME, RELOADS, SERVER_SECONDS, WRONG_FILES};
use crate::options::{Options, Protocol, READY, REFUSALS_TOLD, RELOAD_EVERY, REVOKED_FILE, ROOTS_FILE};
use crate::registry::Registry;
use crate::secured::Secured;
use crate::state::{Judged, State};
use crate::verifier::{Seconds, server_config};

/// Of the time in which a revocation list is in force, the part at whose end it is told that a new one is due: the last quarter.
const DUE_QUARTER: i64 = 4;
/// A server certificate that expires within this many seconds is told of: 14 days.
const SERVER_DUE_S: i64 = 14 * 86_400;

/// Accepts connections over TLS, by what its files say.
#[derive(Clone, Debug)]
pub struct Tls(pub(crate) Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    options: Arc<Options>,
    provider: Arc<CryptoProvider>,
    time: Seconds,
    in_force: RwLock<Arc<InForce>>,
    /// What the files were when they were last read, and what was told of times.
    seen: Mutex<Seen>,
    pub(crate) registry: Arc<Registry>,
    told: AtomicU32,
}

#[derive(Debug)]
struct InForce {
    state: Arc<State>,
    grpc: Arc<ServerConfig>,
    http: Arc<ServerConfig>,
}

#[derive(Debug, Default)]
struct Seen {
    stamps: Vec<Stamp>,
    told: Vec<String>,
}

impl Tls {
    /// Reads the files. A member whose files are wrong is left out, and told of.
    ///
    /// # Errors
    /// When the server's certificate or key cannot be used.
    pub fn open(options: Options, clock: Arc<dyn Clock>) -> Result<Self, FileError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let options = Arc::new(options);
        // Before the files are read: what changes meanwhile is found to have changed.
        let stamps = stamps(&options);
        let (state, wrong) = State::read(&options, &provider, None)?;
        let in_force = InForce::new(state, &options, &provider, &clock)?;
        tell(&wrong);
        let shared = Shared {
            options,
            provider,
            time: Seconds(clock),
            in_force: RwLock::new(Arc::new(in_force)),
            seen: Mutex::new(Seen { stamps, told: vec![] }),
            registry: Arc::default(),
            told: AtomicU32::new(0),
        };
        shared.tell_of_times(&mut shared.seen());
        Ok(Self(Arc::new(shared)))
    }

    /// The secured ones of these connections, as they get through their handshakes. An error of the stream is handed on.
    ///
    /// It must be called inside a runtime; dropping the result ends it.
    pub fn incoming<IO>(
        &self,
        accepted: impl Stream<Item = io::Result<IO>> + Send + 'static,
        protocol: Protocol,
    ) -> ReceiverStream<io::Result<Secured<IO>>>
    where
        IO: AsyncRead + AsyncWrite + Connected<ConnectInfo = TcpConnectInfo> + Unpin + Send + 'static,
    {
        let (ready, taken) = mpsc::channel(READY);
        tokio::spawn(accepting::accept(Arc::clone(&self.0), accepted, protocol, ready));
        ReceiverStream::new(taken)
    }

    /// Looks at the files every [`RELOAD_EVERY`], and closes connections whose certificate is not accepted any more. It ends with whoever waits for it.
    pub async fn watch(&self) -> Infallible {
        let mut ticks = tokio::time::interval(RELOAD_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let this = self.clone();
            if let Err(error) = tokio::task::spawn_blocking(move || this.look()).await {
                tracing::error!(%error, "certificates were not looked at: this is a fault of Chappe, please report it");
            }
        }
    }

    /// Looks at the files once: reads them if they have changed, judges all connections again then, and else those of which something has expired.
    /// It blocks.
    pub fn look(&self) {
        self.0.told.store(0, Ordering::Relaxed);
        let mut seen = self.0.seen();
        let stamps = stamps(&self.0.options);
        let changed = stamps != seen.stamps;
        if changed {
            seen.stamps = stamps;
            seen.told.clear();
            self.0.reload();
        }
        self.0.tell_of_times(&mut seen);
        self.0.judge_again(changed);
    }

    /// Open connections with a client certificate.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.registry.len()
    }

    /// Members by whose certificates somebody may speak.
    #[must_use]
    pub fn members(&self) -> usize {
        self.0.in_force().state.members.len()
    }
}

impl InForce {
    fn new(
        state: State,
        options: &Arc<Options>,
        provider: &Arc<CryptoProvider>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, FileError> {
        let state = Arc::new(state);
        let config = |protocol| {
            let config = server_config(&state, options, provider, clock, protocol);
            let unusable = |error: rustls::Error| FileError::new(&options.certificate, error.to_string());
            config.map(Arc::new).map_err(unusable)
        };
        Ok(Self {
            grpc: config(Protocol::Grpc)?,
            http: config(Protocol::Http)?,
            state: Arc::clone(&state),
        })
    }
}

impl Shared {
    pub(crate) fn config(&self, protocol: Protocol) -> Arc<ServerConfig> {
        let in_force = self.in_force();
        match protocol {
            Protocol::Grpc => Arc::clone(&in_force.grpc),
            Protocol::Http => Arc::clone(&in_force.http),
        }
    }

    /// Judges by what is in force now.
    pub(crate) fn judge(&self, chain: &[CertificateDer<'_>]) -> Result<Judged, Refusal> {
        let [leaf, above @ ..] = chain else {
            return Err(Refusal::Malformed("there is none"));
        };
        self.in_force().state.judge(&self.options, leaf, above, self.time.now())
    }

    /// Whether a line may be logged about what strangers can cause.
    pub(crate) fn may_tell(&self) -> bool {
        self.told.fetch_add(1, Ordering::Relaxed) < REFUSALS_TOLD
    }

    fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reload(&self) {
        let before = self.in_force();
        let read = State::read(&self.options, &self.provider, Some(&before.state));
        let (state, wrong) = read.unwrap_or_else(|error| {
            // A certificate and its key are two files, and one is written first. What members may do does not wait for that.
            tracing::error!(%error, "the server's certificate stays as it was");
            counter!(RELOADS, OUTCOME => "failed").increment(1);
            State::read_members(&self.options, &self.provider, &before.state)
        });
        tell(&wrong);
        match InForce::new(state, &self.options, &self.provider, &self.time.0) {
            Ok(renewed) => {
                let members = renewed.state.members.len();
                *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(renewed);
                counter!(RELOADS, OUTCOME => "changed").increment(1);
                tracing::info!(
                    members,
                    "certificates, authorities and revocation lists were read again"
                );
            }
            Err(error) => {
                counter!(RELOADS, OUTCOME => "failed").increment(1);
                tracing::error!(%error, "certificates stay as they were");
            }
        }
    }

    fn judge_again(&self, all: bool) {
        let now = i64::try_from(self.time.now().as_secs()).unwrap_or(i64::MAX);
        for (id, chain) in self.registry.due(all, now) {
            match self.judge(&chain) {
                Ok(judged) => self.registry.stands(id, judged.until),
                Err(refusal) => {
                    let reason = refusal.to_string();
                    if self.registry.close(id, refusal) {
                        counter!(CLOSED).increment(1);
                        tracing::info!(
                            reason,
                            "a connection is closed: its certificate is not accepted any more"
                        );
                    }
                }
            }
        }
        gauge!(CONNECTIONS).set(self.registry.len() as f64);
    }

    /// Tells once of each certificate and list that expires soon, or has.
    fn tell_of_times(&self, seen: &mut Seen) {
        let now = i64::try_from(self.time.now().as_secs()).unwrap_or(i64::MAX);
        let in_force = self.in_force();
        let mut tell = |what: String, left: i64| {
            let told = format!("{what} {}", left < 0);
            if seen.told.contains(&told) {
                return;
            }
            if left < 0 {
                tracing::error!("{what} has expired");
            } else {
                tracing::warn!("{what} expires in {} h", left / 3_600);
            }
            seen.told.push(told);
        };
        let server = in_force.state.server_until - now;
        gauge!(SERVER_SECONDS).set(server as f64);
        if server < SERVER_DUE_S {
            tell(
                format!("the server's certificate {}", self.options.certificate.display()),
                server,
            );
        }
        let mut first = i64::MAX;
        for list in in_force
            .state
            .members
            .values()
            .flat_map(|trust| &trust.authorities.lists)
        {
            let left = list.until.saturating_sub(now);
            first = first.min(left);
            if left < list.until.saturating_sub(list.since) / DUE_QUARTER {
                let path = list.path.display();
                tell(
                    format!("the revocation list {path}, without which its member is refused,"),
                    left,
                );
            }
        }
        if first != i64::MAX {
            gauge!(LIST_SECONDS).set(first as f64);
        }
    }
}

fn tell(wrong: &[FileError]) {
    gauge!(WRONG_FILES).set(wrong.len() as f64);
    for error in wrong {
        tracing::error!(%error, "a file of a member cannot be used: what it said before stays");
    }
}

/// The stamps of everything that is read.
fn stamps(options: &Options) -> Vec<Stamp> {
    let mut stamps = vec![files::stamp(&options.certificate), files::stamp(&options.key)];
    for member in &options.known {
        let folder = options.members.join(member.as_str());
        for name in [ROOTS_FILE, REVOKED_FILE] {
            stamps.push(files::stamp(&folder.join(name)));
        }
        stamps.extend(list_paths(&folder).iter().map(|path| files::stamp(path)));
    }
    stamps
}
