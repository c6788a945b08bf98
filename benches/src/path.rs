//! The whole path, as members and analysts meet it: the real program in a process of its own, on its embedded log, over loopback gRPC.
//!
//! Measured in one run: latency from submit to alert at two rates (open loop), throughput and server CPU per report (closed loop), the
//! bare sync of the same disk, and the limit, a bare stream in the place of the program. The server's CPU time is read from `/proc`, so
//! the harness does not count. What is due and does not come fails the run; no time does.

mod alertmanager;
mod bare;
mod client;
mod closed_loop;
mod figures;
mod hop_probe;
mod open_loop;
mod plan;
mod server;
mod sync_probe;
mod traffic;
mod usage;
mod watcher;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use chappe_kafka_cluster::Cluster;
use tokio::time::timeout;

pub(crate) use bare::serve_bare;

use crate::latency::{Latencies, Quantiles};
use crate::machine::{Machine, memory_mib};
use crate::page;
use figures::{Figures, Offered, Throughput};
use plan::Plan;
use server::{Installation, Server};
use traffic::WATCHER;
use watcher::Watcher;

/// The fixed part of F5, in milliseconds.
const F5_FIXED_MS: f64 = 5.0;
/// And how many bare syncs may come on top.
const F5_SYNCS: f64 = 2.0;

/// Brokers, each of which keeps every record.
const BROKERS: usize = 3;
/// From a report to its alert over the brokers: to correlation, and to notification.
const HOPS: f64 = 2.0;
/// And how much of their bare cost is allowed.
const F5_OF_HOPS: f64 = 1.5;

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) quick: bool,
    pub(crate) write_docs: bool,
    /// On three brokers instead of the embedded log.
    pub(crate) kafka: bool,
    /// Alertmanager in the same run.
    pub(crate) peers: bool,
    /// A build of the program to measure instead of a fresh one.
    pub(crate) program: Option<PathBuf>,
}

/// Builds, measures, prints, writes.
pub(crate) async fn command(wanted: Wanted) -> Result<()> {
    let root = crate::root()?;
    let program = match &wanted.program {
        Some(program) => program.canonicalize().with_context(|| program.display().to_string())?,
        None => server::build(&root, wanted.kafka).await?,
    };
    let results = root.join("target/bench");
    std::fs::create_dir_all(&results)?;
    // Not in the system's folder for temporary files, which may be memory: a sync there says nothing.
    let folder = tempfile::Builder::new().prefix("path-").tempdir_in(&results)?;
    let plan = Plan::new(wanted.quick);
    let measured = tokio::select! {
        measured = timeout(plan.whole, measure(&program, folder.path(), &plan, &wanted)) => {
            measured.with_context(|| format!("not done after {} s", plan.whole.as_secs()))?
        }
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    folder.close()?;
    let figures = measured?;
    let name = if wanted.kafka { "path-kafka" } else { "path" };
    let file = results.join(format!("{name}.json"));
    std::fs::write(&file, serde_json::to_string_pretty(&figures)? + "\n")?;
    let tables = figures.tables();
    println!("\n{tables}\nWritten to {}", file.display());
    if wanted.write_docs {
        page::refresh(&root, name, &tables)?;
    }
    Ok(())
}

async fn measure(program: &Path, folder: &Path, plan: &Plan, wanted: &Wanted) -> Result<Figures> {
    let machine = Machine::look(folder);
    let mut syncs = Latencies::new()?;
    say("bare sync");
    let mut syncs_now = probe(folder, plan.sync_probe).await?;
    syncs.add(&syncs_now)?;

    let cluster = wanted.kafka.then(|| Cluster::start(BROKERS)).transpose()?;
    let brokers = cluster.as_ref().map(Cluster::bootstrap);
    let hop = hop(brokers.as_deref(), plan).await?;
    let installation = Installation::set_up(program, folder, brokers.as_deref()).await?;
    let server = installation.serve().await?;
    let mut watcher = Watcher::start(server.address, installation.token(WATCHER)).await?;
    say("warm-up");
    let closed = closed_loop::against_installation;
    let (phase, lasts) = (plan::WARM_UP, plan.warm_up);
    closed(&installation, &server, &mut watcher, phase, lasts, &machine).await?;
    let mut offered: Vec<Offered> = Vec::new();
    for rate in &plan.fresh {
        say(&format!("open loop, {}", rate.name));
        offered.push(open_loop::against_installation(&installation, &server, &mut watcher, rate, &machine).await?);
    }
    syncs_now = probe(folder, plan.sync_probe).await?;
    syncs.add(&syncs_now)?;
    say("closed loop");
    let (phase, lasts) = (plan::CLOSED_LOOP, plan.closed_loop);
    let throughput = closed(&installation, &server, &mut watcher, phase, lasts, &machine).await?;
    if let Some(rate) = plan.laden.as_ref().filter(|_| !throughput.ended_early) {
        say(&format!("open loop, {}", rate.name));
        offered.push(open_loop::against_installation(&installation, &server, &mut watcher, rate, &machine).await?);
    }
    let (memory, most) = memory_mib(server.process)?;
    drop(watcher);
    let server_exit = server.stop().await?;
    syncs_now = probe(folder, plan.sync_probe).await?;
    syncs.add(&syncs_now)?;
    let limit = limit(plan, &machine).await?;
    let peer = match wanted.peers {
        true => {
            say("Alertmanager");
            Some(alertmanager::measure(folder, plan.limit, &machine).await?)
        }
        false => None,
    };

    let bare_sync = syncs.figures();
    let busy = offered.iter().find(|offered| offered.reports_per_second == plan::BUSY);
    let busy_p99 = busy.context("the plan lacks the rate of F5")?.alert.p99_ms;
    let bound = match &hop {
        Some(hop) => F5_OF_HOPS * HOPS * hop.p99_ms,
        None => F5_FIXED_MS + F5_SYNCS * bare_sync.p99_ms,
    };
    Ok(Figures {
        machine,
        parameters: plan.parameters(wanted.quick),
        of_limit: throughput.reports_per_server_cpu_second / limit.reports_per_server_cpu_second,
        throughput,
        limit,
        peer,
        offered,
        alert_p99_by_f5: busy_p99 / bound,
        bare_sync,
        hop,
        server_memory_mib: memory,
        server_memory_most_mib: most,
        server_exit,
    })
}

/// One hop over the brokers, where there are any.
async fn hop(brokers: Option<&str>, plan: &Plan) -> Result<Option<Quantiles>> {
    let Some(brokers) = brokers else { return Ok(None) };
    say("bare hop over the brokers");
    let latencies = hop_probe::probe(brokers, BROKERS as i32, plan.sync_probe).await?;
    Ok(Some(latencies.figures()))
}

async fn limit(plan: &Plan, machine: &Machine) -> Result<Throughput> {
    say("closed loop against the limit");
    let bare = Server::bare().await?;
    let limit = closed_loop::against_limit(&bare, plan::LIMIT, plan.limit, machine).await?;
    bare.stop().await?;
    Ok(limit)
}

async fn probe(folder: &Path, duration: Duration) -> Result<Latencies> {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut latencies = Latencies::new()?;
        sync_probe::probe(&folder, duration, &mut latencies)?;
        Ok(latencies)
    })
    .await?
}

fn say(what: &str) {
    eprintln!("{what} …");
}
