//! `chappe serve`, and each service by itself: until it is told to stop.

mod clock_watch;
mod exporting;
mod vitals;

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, Result};
use chappe_clock::{Clock, SystemClock};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Exit;
use crate::cli::ServeArgs;
use crate::config::Config;
use crate::installation::{DRAIN, Found, Installation, Parts, Running};
use crate::words::count;

/// Runs until SIGTERM or SIGINT, then drains.
///
/// # Errors
/// When it does not start, a part stops by itself, or draining fails; what was acknowledged is in the log in any case.
pub(crate) async fn run(parts: Parts, args: &ServeArgs, out: &mut (dyn Write + Send)) -> Result<Exit> {
    let mut config = Config::read(&args.config)?;
    config.listen = args.listen.unwrap_or(config.listen);
    config.metrics = args.metrics.or(config.metrics);
    config.instance = args.instance.clone().unwrap_or(config.instance);
    // Before anything that is worth draining.
    let mut stop = Stop::new().context("cannot listen for signals")?;
    exporting::begin(&config, parts)?;
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
    let clock = Arc::new(SystemClock::default());
    let installation = Installation::default().of(parts);
    let shared = Arc::clone(&clock) as Arc<dyn Clock>;
    let mut running = installation.start(listener, &config, shared).await?;
    writeln!(out, "{}", ready(&running))?;
    out.flush()?;
    let failure = tokio::select! {
        signal = stop.told() => {
            tracing::info!(signal, deadline_s = DRAIN.as_secs(), "draining");
            None
        }
        failure = running.failed() => Some(failure),
        never = clock_watch::watch(&clock) => match never {},
        never = vitals::watch(config.data.clone()) => match never {},
    };
    let drained = running.shutdown().await;
    match failure {
        Some(failure) => Err(anyhow::Error::new(failure).context(
            "the installation stopped itself. What was acknowledged is safe: starting again reads the log and goes on; if a sync failed, look at the disk first",
        )),
        None => drained.map(|()| Exit::Done).map_err(Into::into),
    }
}

/// `chappe 0.1.0 ready on 127.0.0.1:7600: 10 members, 8 partitions, policy version 1; log: 0 records, 0 bytes`
fn ready(running: &Running) -> String {
    let summary = running.summary();
    let service = match summary.parts {
        Parts::ALL => String::new(),
        parts => format!("{} ", parts.command()),
    };
    let by = if summary.by_certificate { " by certificate" } else { "" };
    let members = format!("{}{by}", count(summary.members, "member"));
    let partitions = count(usize::from(summary.partitions), "partition");
    let log = match &summary.found {
        Found::Journal {
            records,
            bytes,
            cut_bytes,
        } => {
            let cut = match cut_bytes {
                0 => String::new(),
                bytes => format!(", cut {bytes} bytes of an interrupted write off its end"),
            };
            format!("{records} records, {bytes} bytes{cut}")
        }
        Found::Brokers { brokers, durability } => {
            format!("{}, durability {durability}", count(*brokers, "Kafka broker"))
        }
    };
    let taxii = match running.taxii() {
        Some(address) => format!("; TAXII on http://{address}/taxii2/"),
        None => String::new(),
    };
    format!(
        "chappe {} {service}ready on {}: {members}, {partitions}, policy version {}; log: {log}{taxii}",
        env!("CARGO_PKG_VERSION"),
        running.address(),
        summary.policy_version,
    )
}

struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn told(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
