//! One broker: its settings, its process, and the shell that watches it.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{error::ClusterError, secured::Secured};

/// Heap of one broker.
const HEAP: &str = "-Xmx320m";
/// How long one attempt to connect to a broker may take, and the pause after one that was refused.
const ATTEMPT: Duration = Duration::from_millis(50);

/// Starts the broker, tells its process id, and kills it once standard input ends or says a word. After any word but `keep` the folder of a
/// cluster that owns it goes too. Signals from a terminal must not end this shell before its work is done.
const GUARD: &str = r#"
trap '' INT TERM HUP
folder=$1 owned=$2; shift 2
java "$@" >>"$folder/broker.log" 2>&1 </dev/null &
echo $!
exec >/dev/null 2>&1
read -r word
kill -9 $!
wait $!
[ "$word" = keep ] || [ "$owned" = no ] || { rm -rf "$folder"; rmdir "$(dirname "$folder")"; }
"#;

/// The ports of one broker on the loopback address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) broker: u16,
    pub(crate) controller: u16,
    /// Where clients and other brokers are told that the broker is.
    pub(crate) advertised: u16,
}

/// What all brokers of a cluster share.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) jars: PathBuf,
    pub(crate) ports: Vec<Ports>,
    /// 22 characters of base64, as Kafka's ids are.
    pub(crate) cluster_id: String,
    /// Whether the folder goes when the cluster does.
    pub(crate) owns_folder: bool,
    /// Further listeners of every broker, of which there is one then.
    pub(crate) secured: Option<Secured>,
}

impl Plan {
    fn properties(&self, id: usize, folder: &Path) -> String {
        let ports = self.ports[id - 1];
        let voters: Vec<String> = (1..)
            .zip(&self.ports)
            .map(|(id, ports)| format!("{id}@127.0.0.1:{}", ports.controller))
            .collect();
        let (more_listeners, more) = match &self.secured {
            Some(secured) => (
                format!(",TLS://{},SASL://{}", secured.tls, secured.sasl),
                secured.properties(),
            ),
            None => Default::default(),
        };
        let (replicas, in_sync) = if self.ports.len() >= 3 { (3, 2) } else { (1, 1) };
        format!(
            "process.roles=broker,controller\n\
             node.id={id}\n\
             controller.quorum.voters={}\n\
             listeners=PLAINTEXT://127.0.0.1:{},CONTROLLER://127.0.0.1:{}{more_listeners}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{}{more_listeners}\n\
             controller.listener.names=CONTROLLER\n\
             inter.broker.listener.name=PLAINTEXT\n\
             log.dirs={}\n\
             default.replication.factor={replicas}\n\
             min.insync.replicas={in_sync}\n\
             offsets.topic.replication.factor={replicas}\n\
             offsets.topic.num.partitions=1\n\
             transaction.state.log.replication.factor={replicas}\n\
             transaction.state.log.min.isr={in_sync}\n\
             unclean.leader.election.enable=false\n\
             auto.create.topics.enable=false\n\
             # A dead broker is noticed soon, so that tests need not wait for it.\n\
             broker.session.timeout.ms=3000\n\
             broker.heartbeat.interval.ms=500\n\
             # So is a controller that hangs: by default its brokers wait 30 s for it.\n\
             controller.socket.timeout.ms=3000\n\
             num.network.threads=2\n\
             num.io.threads=2\n\
             {more}",
            voters.join(","),
            ports.broker,
            ports.controller,
            ports.advertised,
            folder.join("data").display(),
        )
    }
}

/// One broker.
#[derive(Debug)]
pub(crate) struct Node {
    id: usize,
    folder: PathBuf,
    ports: Ports,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    /// Its standard input is what keeps the broker alive.
    guard: Child,
    broker: Pid,
}

impl Node {
    /// Writes the settings and the formatted, empty data folder of a broker.
    pub(crate) fn create(plan: &Plan, id: usize, cluster: &Path) -> Result<Self, ClusterError> {
        let folder = cluster.join(id.to_string());
        let data = folder.join("data");
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(&data)?;
            fs::write(folder.join("server.properties"), plan.properties(id, &folder))?;
            // What Kafka's own format command writes, without the seconds of another Java machine.
            let meta = format!(
                "version=1\ncluster.id={}\nnode.id={id}\ndirectory.id={}\n",
                plan.cluster_id,
                random_id()
            );
            fs::write(data.join("meta.properties"), meta)
        };
        write().map_err(ClusterError::io(format!("write the settings of broker {id}")))?;
        Ok(Self {
            id,
            folder,
            ports: plan.ports[id - 1],
            running: None,
        })
    }

    /// Starts the process; it is not ready yet.
    pub(crate) fn start(&mut self, plan: &Plan) -> Result<(), ClusterError> {
        if self.running.is_some() {
            return Err(self.is("running"));
        }
        let action = || format!("start broker {}", self.id);
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(&self.folder)
            .arg(if plan.owns_folder { "yes" } else { "no" })
            .args([HEAP, "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"])
            .arg("-cp")
            .arg(plan.jars.join("*"))
            .arg("kafka.Kafka")
            .arg(self.folder.join("server.properties"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(ClusterError::io(action()))?;
        let mut told = String::new();
        if let Some(stdout) = guard.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut told)
                .map_err(ClusterError::io(action()))?;
        }
        let broker = told.trim().parse().ok().and_then(Pid::from_raw);
        let broker = broker.ok_or_else(|| self.is("not started: the shell told no process id"))?;
        self.running = Some(Running { guard, broker });
        Ok(())
    }

    /// Waits until the broker's port is open, which it is once the broker serves.
    pub(crate) fn wait_up(&self, timeout: Duration) -> Result<(), ClusterError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports.broker));
        let started = Instant::now();
        while TcpStream::connect_timeout(&address, ATTEMPT).is_err() {
            if started.elapsed() > timeout {
                return Err(ClusterError::NotUp {
                    node: self.id,
                    port: self.ports.broker,
                    seconds: timeout.as_secs(),
                    log: self.folder.join("broker.log"),
                });
            }
            pause();
        }
        Ok(())
    }

    /// Kills the broker as a power cut would; `data` stays or goes.
    pub(crate) fn kill(&mut self, keep: bool) -> Result<(), ClusterError> {
        let Some(mut running) = self.running.take() else {
            return Err(self.is("not running"));
        };
        let word: &[u8] = if keep { b"keep\n" } else { b"\n" };
        if let Some(mut stdin) = running.guard.stdin.take() {
            // A shell that is gone has done its work.
            let _ = stdin.write_all(word);
        }
        let ended = running.guard.wait();
        ended.map_err(ClusterError::io(format!("wait for the end of broker {}", self.id)))?;
        Ok(())
    }

    /// Sends a signal to the broker.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), ClusterError> {
        let running = self.running.as_ref().ok_or_else(|| self.is("not running"))?;
        kill_process(running.broker, signal)
            .map_err(|error| ClusterError::io(format!("signal broker {}", self.id))(error.into()))
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    #[cfg(test)]
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.advertised)
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.ports.broker
    }

    fn is(&self, state: &'static str) -> ClusterError {
        ClusterError::State { node: self.id, state }
    }
}

/// An id as Kafka writes them: 16 bytes in base64 for URLs, without padding. A first hyphen is avoided, as Kafka does.
pub(crate) fn random_id() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bits = fastrand::u128(..) >> 6;
    let mut id = String::from("A");
    for _ in 0..20 {
        id.push(char::from(ALPHABET[(bits & 63) as usize]));
        bits >>= 6;
    }
    // The last character holds the last two bits: the other four are zero.
    id.push('A');
    id
}

#[allow(
    clippy::disallowed_methods,
    reason = "another process's port can only be tried again and again"
)]
fn pause() {
    thread::sleep(ATTEMPT);
}
