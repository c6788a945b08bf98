//! Latency: reports leave on a schedule, whatever the answers do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use chappe_proto::v1;
use chappe_proto::v1::submit_stream_response::Outcome;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;
use tonic::Streaming;

use super::client::{self, Submitting};
use super::figures::Offered;
use super::plan::{APART, MEMORY_SHARE, Rate, TICK};
use super::server::{Installation, Server};
use super::traffic::{MEMBERS, Schedule, Traffic};
use super::usage::{Usage, micros_each, outgrown};
use super::watcher::Watcher;
use crate::latency::Latencies;
use crate::machine::Machine;

/// Reports that may wait in front of a stream: over ten seconds at the highest rate. Full, the rate is not kept and the run fails.
const QUEUE: usize = 16_384;

/// When each report of the schedule left, in nanoseconds since the start; 0 while it has not.
type Departures = Arc<Vec<AtomicU64>>;

/// What the sender did.
struct Paced {
    late: Latencies,
    /// Places of the schedule after which an alert is due, with the number of its value.
    completing: Vec<(u64, u64)>,
}

/// The answers that a stream had.
struct Answers {
    acks: Latencies,
    refused: Vec<u64>,
}

/// Offers reports at a rate and times acknowledgements and alerts.
pub(super) async fn against_installation(
    installation: &Installation,
    server: &Server,
    watcher: &mut Watcher,
    rate: &Rate,
    machine: &Machine,
) -> Result<Offered> {
    let total = (rate.reports_per_second as f64 * rate.duration.as_secs_f64()) as u64;
    let departures: Departures = Arc::new((0..total).map(|_| AtomicU64::new(0)).collect());
    let mut streams = Vec::new();
    for (member, _) in MEMBERS {
        streams.push(client::submit_stream(server.address, installation.token(member), QUEUE).await?);
    }
    let before = Usage::now(server.process)?;
    let start = Instant::now();
    let (mut readers, mut members) = (JoinSet::new(), Vec::new());
    for Submitting { reports, answers } in streams {
        readers.spawn(read(answers, start, Arc::clone(&departures)));
        members.push(reports);
    }
    let paced = tokio::spawn(pace(*rate, start, members, Arc::clone(&departures)));
    let paced = tokio::select! {
        paced = paced => paced??,
        memory = outgrown(server.process, machine) => {
            bail!("the server holds {} MiB, over 1/{MEMORY_SHARE} of the machine: no latency is measured near the end of memory", memory?)
        }
    };
    let (mut acks, mut refused) = (Latencies::new()?, Vec::new());
    while let Some(answers) = readers.join_next().await {
        let answers = answers??;
        acks.add(&answers.acks)?;
        refused.extend(answers.refused);
    }
    watcher.all_judged().await?;
    let used = before.until(Usage::now(server.process)?, machine.cores());
    let alerts = alerts(watcher, rate.phase, start, &paced, &departures, &refused)?;
    let ack = acks.figures();
    ensure!(ack.samples == total, "{} of {total} reports were answered", ack.samples);
    Ok(Offered {
        name: rate.name.to_owned(),
        reports_per_second: rate.reports_per_second,
        reports: total - refused.len() as u64,
        refused: refused.len() as u64,
        alert: alerts.figures(),
        ack,
        late: paced.late.figures(),
        server_cpu_us_per_report: micros_each(used.server, total),
        others_share_of_machine: used.others_share,
    })
}

async fn pace(
    rate: Rate,
    start: Instant,
    members: Vec<Sender<v1::SubmitStreamRequest>>,
    departures: Departures,
) -> Result<Paced> {
    let schedule = Schedule::new(rate.reports_per_second, APART.as_secs_f64());
    let mut traffic = Traffic::new(rate.phase, 0);
    let mut paced = Paced {
        late: Latencies::new()?,
        completing: Vec::new(),
    };
    let mut tick = tokio::time::interval(TICK);
    let mut place = 0;
    while place < departures.len() as u64 {
        tick.tick().await;
        let due = (start.elapsed().as_secs_f64() * rate.reports_per_second as f64) as u64;
        while place < due.min(departures.len() as u64) {
            let offer = schedule.offer(place);
            let incident = Some(traffic.report(offer.member, place, offer.shared));
            let message = v1::SubmitStreamRequest {
                sequence: place,
                incident,
            };
            if let (true, Some(number)) = (offer.completes, offer.shared) {
                paced.completing.push((place, number));
            }
            let now = start.elapsed();
            let planned = Duration::from_secs_f64(place as f64 / rate.reports_per_second as f64);
            paced.late.record(now.saturating_sub(planned));
            departures[place as usize].store(nanos(now), Ordering::Release);
            members[offer.member]
                .try_send(message)
                .context("the rate is not kept: reports pile up before a stream")?;
            place += 1;
        }
    }
    Ok(paced)
}

async fn read(
    mut answers: Streaming<v1::SubmitStreamResponse>,
    start: Instant,
    departures: Departures,
) -> Result<Answers> {
    let mut read = Answers {
        acks: Latencies::new()?,
        refused: Vec::new(),
    };
    while let Some(answer) = answers.message().await? {
        let arrived = start.elapsed();
        let left = departed(&departures, answer.sequence).context("an answer to no report")?;
        read.acks.record(arrived.saturating_sub(left));
        if let Some(Outcome::Error(status)) = answer.outcome {
            if read.refused.is_empty() {
                eprintln!("a report was refused: {}", status.message);
            }
            read.refused.push(answer.sequence);
        }
    }
    Ok(read)
}

/// From just before the third member's report left until the alert arrived.
fn alerts(
    watcher: &Watcher,
    phase: u32,
    start: Instant,
    paced: &Paced,
    departures: &Departures,
    refused: &[u64],
) -> Result<Latencies> {
    let mut alerts = Latencies::new()?;
    let mut missing = 0;
    for (place, number) in &paced.completing {
        let left = departed(departures, *place).context("a report that was not sent")?;
        match watcher.first(phase, *number) {
            Some(arrived) => {
                let arrived = arrived.duration_since(start);
                ensure!(
                    arrived >= left,
                    "the alert on shared value {number} came before its third report left"
                );
                alerts.record(arrived - left);
            }
            None => missing += 1,
        }
    }
    // A refused report may be the one that was missing.
    ensure!(
        missing == 0 || !refused.is_empty(),
        "{missing} of {} alerts that were due have not come",
        paced.completing.len()
    );
    Ok(alerts)
}

fn departed(departures: &Departures, place: u64) -> Option<Duration> {
    let nanos = departures.get(usize::try_from(place).ok()?)?.load(Ordering::Acquire);
    (nanos > 0).then(|| Duration::from_nanos(nanos))
}

fn nanos(duration: Duration) -> u64 {
    // Never 0, which says that nothing has left.
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX).max(1)
}
