//! The peer of F4: Alertmanager, which takes alerts by HTTP and keeps them in memory only. Each of ours is a report of four indicators; its own is
//! an alert of as many labels.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::usage::Usage;
use crate::machine::Machine;

/// As Debian names it; `cargo xtask setup peers` brings it.
const PROGRAM: &str = "prometheus-alertmanager";
/// One route, to nobody: what is compared is taking alerts, not sending notifications.
const CONFIG: &str = "route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n";
/// Senders, each on a connection of its own, as the members.
const SENDERS: usize = 8;
/// Alerts in one request, as Prometheus sends them at most.
const BATCH: usize = 64;
/// Alerts of a sender at most, so that what is live stays below what it is known to stop at.
const ALERTS_PER_SENDER: usize = 25_600;
const START: Duration = Duration::from_secs(30);

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Peer {
    alerts: u64,
    seconds: f64,
    pub(super) alerts_per_cpu_second: f64,
    pub(super) alerts_per_second: f64,
    pub(super) memory_mib: u64,
}

/// Starts it in a folder, sends alerts for a while, ends it.
pub(super) async fn measure(folder: &Path, duration: Duration, machine: &Machine) -> Result<Peer> {
    let address = free_address().await?;
    let mut child = start(folder, address)?;
    let process = child.id().context("it ended at once")?;
    ready(address).await?;
    let (before, began) = (Usage::now(process)?, Instant::now());
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        senders.spawn(send(address, sender, began + duration));
    }
    let mut alerts = 0;
    while let Some(sent) = senders.join_next().await {
        alerts += sent??;
    }
    let elapsed = began.elapsed().as_secs_f64();
    let used = before.until(Usage::now(process)?, machine.cores());
    let (memory_mib, _) = crate::machine::memory_mib(process)?;
    child.kill().await?;
    ensure!(alerts > 0, "it took no alert");
    Ok(Peer {
        alerts,
        seconds: elapsed,
        alerts_per_cpu_second: alerts as f64 / used.server.as_secs_f64().max(f64::MIN_POSITIVE),
        alerts_per_second: alerts as f64 / elapsed,
        memory_mib,
    })
}

async fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
}

fn start(folder: &Path, address: SocketAddr) -> Result<Child> {
    let config = folder.join("alertmanager.yml");
    std::fs::write(&config, CONFIG)?;
    Command::new(PROGRAM)
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.path={}", folder.join("alertmanager").display()))
        .arg(format!("--web.listen-address={address}"))
        .args(["--cluster.listen-address=", "--log.level=error"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot run {PROGRAM}: 'cargo xtask setup peers' brings it"))
}

async fn ready(address: SocketAddr) -> Result<()> {
    let answers = async {
        while TcpStream::connect(address).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(START, answers).await.context("Alertmanager does not answer")
}

/// Posts batches one after the other; returns how many alerts were taken.
async fn send(address: SocketAddr, sender: usize, until: Instant) -> Result<u64> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut sent = 0;
    while sent < ALERTS_PER_SENDER && Instant::now() < until {
        let body = batch(sender, sent)?;
        let head = format!(
            "POST /api/v2/alerts HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        answered(&mut stream).await?;
        sent += BATCH;
    }
    Ok(sent as u64)
}

/// Reads an answer to its end.
async fn answered(stream: &mut BufReader<TcpStream>) -> Result<()> {
    let (mut line, mut length, mut status) = (String::new(), 0, String::new());
    loop {
        line.clear();
        ensure!(stream.read_line(&mut line).await? > 0, "the connection ended");
        let text = line.trim_end();
        if status.is_empty() {
            status = text.to_owned();
        } else if text.is_empty() {
            break;
        } else if let Some((name, value)) = text.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().context("a length")?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    if !status.contains(" 200 ") {
        bail!("{status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(())
}

fn batch(sender: usize, from: usize) -> Result<Vec<u8>> {
    let alert = |nth: usize| {
        serde_json::json!({"labels": {
            "alertname": "report",
            "reporter": format!("csirt-{sender}"),
            "key": format!("{sender}-{nth}"),
            "severity": "medium",
            "domain": format!("bad-{sender}-{nth}.example"),
            "address": format!("198.51.{}.{}", nth / 256 % 256, nth % 256),
            "sha256": format!("{:064x}", sender * ALERTS_PER_SENDER + nth),
            "url": format!("https://bad-{sender}-{nth}.example/login?id={nth}"),
        }})
    };
    let alerts: Vec<_> = (from..from + BATCH).map(alert).collect();
    Ok(serde_json::to_vec(&alerts)?)
}
