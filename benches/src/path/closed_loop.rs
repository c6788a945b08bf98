//! Throughput: each member keeps a window of reports under way and sends the next when one is answered.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chappe_proto::v1;
use chappe_proto::v1::submit_stream_response::Outcome;
use tokio::task::JoinSet;

use super::client::{self, Submitting};
use super::figures::Throughput;
use super::plan::{ALERT_MEMBERS, MAX_REPORTS_PER_MEMBER, MEMORY_SHARE, WINDOW};
use super::server::{Installation, Server};
use super::traffic::{MEMBERS, Traffic, shared_in_closed_loop};
use super::usage::{Usage, micros_each, outgrown};
use super::watcher::Watcher;
use crate::latency::Latencies;
use crate::machine::Machine;

/// Bits of a sequence that name the place in the window.
const SLOT_BITS: u32 = 16;
const _: () = assert!(WINDOW <= 1 << SLOT_BITS, "a place in the window fits its bits");

/// What one member sent.
struct Sent {
    accepted: u64,
    refused: u64,
    first_refusal: Option<String>,
    acks: Latencies,
    /// Shared values in accepted reports.
    shared: Vec<u64>,
}

/// A closed loop against the installation: until everything is judged and every alert that is due has come.
pub(super) async fn against_installation(
    installation: &Installation,
    server: &Server,
    watcher: &mut Watcher,
    phase: u32,
    duration: Duration,
    machine: &Machine,
) -> Result<Throughput> {
    let tokens = MEMBERS.map(|(member, _)| installation.token(member));
    let (revisions, before) = (watcher.revisions(), Usage::now(server.process)?);
    let run = run(server, tokens, phase, duration, machine).await?;
    let answered = Instant::now();
    watcher.all_judged().await?;
    let judged_after = answered.elapsed();
    let after = Usage::now(server.process)?;
    let due = due(&run.sent);
    let missing = due
        .iter()
        .filter(|number| watcher.first(phase, **number).is_none())
        .count();
    ensure!(
        missing == 0,
        "{missing} of {} alerts that were due have not come",
        due.len()
    );
    let mut figures = run.figures(before, after, machine)?;
    figures.judged_after_seconds = Some(judged_after.as_secs_f64());
    figures.alerts = watcher.alerts(phase);
    figures.alert_revisions = watcher.revisions() - revisions;
    Ok(figures)
}

/// The same load against the limit.
pub(super) async fn against_limit(
    server: &Server,
    phase: u32,
    duration: Duration,
    machine: &Machine,
) -> Result<Throughput> {
    let before = Usage::now(server.process)?;
    let run = run(server, [""; MEMBERS.len()], phase, duration, machine).await?;
    run.figures(before, Usage::now(server.process)?, machine)
}

struct Run {
    sent: Vec<Sent>,
    elapsed: Duration,
    /// Before its time, because the server's memory grew too large for the machine.
    ended_early: bool,
}

async fn run(
    server: &Server,
    tokens: [&str; MEMBERS.len()],
    phase: u32,
    duration: Duration,
    machine: &Machine,
) -> Result<Run> {
    let mut streams = Vec::new();
    for token in tokens {
        streams.push(client::submit_stream(server.address, token, WINDOW).await?);
    }
    let enough = Arc::new(AtomicBool::new(false));
    let start = Instant::now();
    let mut members = JoinSet::new();
    for (member, stream) in streams.into_iter().enumerate() {
        members.spawn(send(stream, member, phase, start + duration, Arc::clone(&enough)));
    }
    let mut sent = Vec::new();
    let mut outgrown = std::pin::pin!(outgrown(server.process, machine));
    let mut ended_early = false;
    while sent.len() < MEMBERS.len() {
        tokio::select! {
            member = members.join_next() => sent.push(member.context("a member is missing")???),
            memory = &mut outgrown, if !ended_early => {
                eprintln!("ended early: the server holds {} MiB, over 1/{MEMORY_SHARE} of the machine", memory?);
                enough.store(true, Ordering::Relaxed);
                ended_early = true;
            }
        }
    }
    Ok(Run {
        sent,
        elapsed: start.elapsed(),
        ended_early,
    })
}

async fn send(stream: Submitting, member: usize, phase: u32, until: Instant, enough: Arc<AtomicBool>) -> Result<Sent> {
    let Submitting { reports, mut answers } = stream;
    let mut traffic = Traffic::new(phase, member as u64);
    let mut started = vec![until; WINDOW];
    let mut keys = vec![0; WINDOW];
    let mut sent = Sent {
        accepted: 0,
        refused: 0,
        first_refusal: None,
        acks: Latencies::new()?,
        shared: Vec::new(),
    };
    let mut count = 0;
    let mut under_way = 0;
    // First fills the window, then refills the places that answers leave.
    let mut free = (0..WINDOW).collect::<Vec<_>>();
    loop {
        while let Some(slot) = free.pop() {
            let now = Instant::now();
            if now >= until || count == MAX_REPORTS_PER_MEMBER || enough.load(Ordering::Relaxed) {
                continue;
            }
            let key = count * MEMBERS.len() as u64 + member as u64;
            let incident = traffic.report(member, key, shared_in_closed_loop(member, count));
            (started[slot], keys[slot]) = (now, count);
            let sequence = (count << SLOT_BITS) | slot as u64;
            let message = v1::SubmitStreamRequest {
                sequence,
                incident: Some(incident),
            };
            reports
                .send(message)
                .await
                .context("the stream does not take reports any more")?;
            (count, under_way) = (count + 1, under_way + 1);
        }
        if under_way == 0 {
            return Ok(sent);
        }
        let answer = answers
            .message()
            .await?
            .context("the stream ended with reports unanswered")?;
        let slot = (answer.sequence & ((1 << SLOT_BITS) - 1)) as usize;
        let place = started.get(slot).context("an answer to no report")?;
        sent.acks.record(place.elapsed());
        sent.take(&answer, shared_in_closed_loop(member, keys[slot]));
        free.push(slot);
        under_way -= 1;
    }
}

impl Sent {
    fn take(&mut self, answer: &v1::SubmitStreamResponse, shared: Option<u64>) {
        if let Some(Outcome::Error(status)) = &answer.outcome {
            self.refused += 1;
            self.first_refusal.get_or_insert_with(|| status.message.clone());
        } else {
            self.accepted += 1;
            self.shared.extend(shared);
        }
    }
}

/// Shared values that enough members reported for an alert.
fn due(sent: &[Sent]) -> Vec<u64> {
    let mut members: HashMap<u64, usize> = HashMap::new();
    for number in sent.iter().flat_map(|sent| &sent.shared) {
        *members.entry(*number).or_default() += 1;
    }
    let enough = members.into_iter().filter(|(_, members)| *members >= ALERT_MEMBERS);
    enough.map(|(number, _)| number).collect()
}

impl Run {
    fn figures(&self, before: Usage, after: Usage, machine: &Machine) -> Result<Throughput> {
        let mut acks = Latencies::new()?;
        for sent in &self.sent {
            acks.add(&sent.acks)?;
        }
        let reports: u64 = self.sent.iter().map(|sent| sent.accepted).sum();
        let refused: u64 = self.sent.iter().map(|sent| sent.refused).sum();
        if let Some(why) = self.sent.iter().find_map(|sent| sent.first_refusal.as_ref()) {
            eprintln!("{refused} reports were refused, the first with: {why}");
        }
        ensure!(reports > 0, "no report was accepted");
        let used = before.until(after, machine.cores());
        let seconds = self.elapsed.as_secs_f64();
        Ok(Throughput {
            reports,
            refused,
            ended_early: self.ended_early,
            seconds,
            reports_per_second: reports as f64 / seconds,
            server_cpu_seconds: used.server.as_secs_f64(),
            server_cpu_us_per_report: micros_each(used.server, reports),
            reports_per_server_cpu_second: reports as f64 / used.server.as_secs_f64().max(f64::MIN_POSITIVE),
            harness_cpu_us_per_report: micros_each(used.own, reports),
            others_share_of_machine: used.others_share,
            judged_after_seconds: None,
            alerts: 0,
            alert_revisions: 0,
            ack: acks.figures(),
        })
    }
}
