//! A rebuild from nothing: millions of incidents straight into an embedded log, then correlation and ingest that start without a snapshot (P9).
//!
//! The first start judges everything; the second finds what the first one told and must tell nothing more: the alerts it comes to are then the same
//! ones, byte for byte of what they say. Anything else is an error; no time is.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use chappe_clock::SystemClock;
use chappe_eventlog::{EventLog, NoSnapshots, ReadLimit, Record, RecordKind, Topic, append_blocking};
use chappe_eventlog_local::{LocalLog, LocalOptions};
use chappe_identity::Directory;
use chappe_model::{Budget, Policy, Secret, Timestamp, built_in_rules};
use chappe_proto::alert::{self, AlertsMark};
use chappe_proto::incident;
use fastrand::Rng;
use serde_json::json;

use crate::core::{COUNTRIES, Reports, Said};
use crate::machine::{Machine, resident_bytes};
use crate::table::{head, number, row};

/// Incidents of a full run, and of a quick one.
const INCIDENTS: u64 = 10_000_000;
const QUICK_INCIDENTS: u64 = 500_000;
/// Appends that wait for the disk at most.
const UNDER_WAY: usize = 8_192;
/// Log time that all incidents fill, in milliseconds: two days, so that half of them is over when the log ends.
const SPAN_MS: u64 = 2 * 24 * 3_600 * 1_000;
/// Incidents between two time marks in every partition.
const INCIDENTS_PER_MARK: u64 = 2_000;
/// Incidents for each value, on average.
const INCIDENTS_PER_VALUE: u64 = 10;
/// Log time at the beginning.
const BEGIN_MS: u64 = 1_700_000_000_000;
const SEED: u64 = 0x0eec_0e01;
/// A start that takes longer has failed.
const LONGEST: Duration = Duration::from_secs(1_800);

/// Measures, prints, writes.
pub(crate) async fn command(quick: bool, incidents: Option<u64>) -> Result<()> {
    let root = crate::root()?;
    let out = root.join("target/bench");
    std::fs::create_dir_all(&out)?;
    let machine = Machine::look(&out);
    let count = incidents.unwrap_or(if quick { QUICK_INCIDENTS } else { INCIDENTS });
    let folder = tempfile::tempdir_in(&out)?;
    let secret = Secret::new([7; 32]);
    let (log, _) = LocalLog::open(LocalOptions::in_folder(folder.path().join("log")))?;
    let log = Arc::new(log);
    let began = Instant::now();
    let last = fill(&log, &secret, count)?;
    let filled = began.elapsed();
    let disk = bytes_of(folder.path())?;
    println!(
        "{count} incidents in {:.1} s, {} MiB on disk",
        filled.as_secs_f64(),
        disk >> 20
    );

    // Each a mark later, so that each has one of its own to make; in so short a time hardly any alert ends.
    let first = start(&log, &secret, last + 1).await?;
    println!("first start: {:.1} s, {} alert revisions", first.seconds, first.told);
    let second = start(&log, &secret, last + 2).await?;
    println!("second start: {:.1} s, {} alert revisions", second.seconds, second.told);
    if second.told > 0 || first.told == 0 {
        bail!(
            "a rebuild told {} revisions of {} that were told before: it comes to other alerts",
            second.told,
            first.told
        );
    }
    let before = resident_bytes()?;
    let began = Instant::now();
    let index = index(&log, &secret)?;
    let index_seconds = began.elapsed().as_secs_f64();
    let index_mib = resident_bytes()?.saturating_sub(before) >> 20;
    drop(index);

    let figures = json!({
        "machine": machine.sentence(),
        "incidents": count,
        "disk_mib": disk >> 20,
        "first_start_seconds": first.seconds,
        "rebuild_seconds": second.seconds,
        "incidents_per_second": count as f64 / second.seconds,
        "alert_revisions": first.told,
        "peak_mib": second.peak_mib,
        "index_seconds": index_seconds,
        "index_mib": index_mib,
    });
    let file = out.join("recovery.json");
    std::fs::write(&file, serde_json::to_string_pretty(&figures)? + "\n")?;
    println!(
        "\n{}\n{}\n\nWritten to {}",
        machine.sentence(),
        table(&figures),
        file.display()
    );
    Ok(())
}

fn table(figures: &serde_json::Value) -> String {
    let figure = |name: &str, digits| number(figures[name].as_f64().unwrap_or_default(), digits);
    let mut lines = head(&["rebuild", ""]);
    for (what, figure) in [
        ("incidents in the log", figure("incidents", 0)),
        ("log on disk, MiB", figure("disk_mib", 0)),
        ("alert revisions told", figure("alert_revisions", 0)),
        ("correlation, s", figure("rebuild_seconds", 1)),
        ("its process at most, MiB", figure("peak_mib", 0)),
        ("ingest's index, s", figure("index_seconds", 1)),
        ("its memory, MiB", figure("index_mib", 0)),
    ] {
        lines.push(row(&[what, &figure]));
    }
    lines.join("\n")
}

/// Appends incidents and time marks; returns the log time of the last mark.
fn fill(log: &Arc<LocalLog>, secret: &Secret, count: u64) -> Result<u64> {
    let reports = Reports::new(secret.clone())?;
    let mut random = Rng::with_seed(SEED);
    let waiting = Arc::new((Mutex::new(0_usize), Condvar::new()));
    let partitions = log.partitions(Topic::Incidents);
    let values = (count / INCIDENTS_PER_VALUE).max(1);
    let append = |partition: u16, record: Record| {
        let (held, free) = &*waiting;
        let held = held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = free
            .wait_while(held, |held| *held >= UNDER_WAY)
            .unwrap_or_else(PoisonError::into_inner);
        *held += 1;
        drop(held);
        let waiting = Arc::clone(&waiting);
        let done = move |_| {
            *waiting.0.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
            waiting.1.notify_one();
        };
        log.append(Topic::Incidents, partition, record, Box::new(done));
    };
    let mut time = BEGIN_MS;
    for nth in 0..count {
        time = BEGIN_MS + nth * SPAN_MS / count;
        let said = Said {
            number: nth,
            time,
            country: random.u8(0..COUNTRIES.len() as u8),
            kind: random.u8(0..12),
            // Few values are in many reports, most in few.
            indicators: &[(random.f64().powi(2) * values as f64) as u32],
        };
        let accepted = reports.report(&said)?;
        let payload = incident::encode(&accepted, &[0; 16]).into();
        let key = Bytes::copy_from_slice(accepted.id.as_bytes());
        append(
            Secret::partition(accepted.id, partitions),
            Record::data(time, key, payload),
        );
        if (nth + 1).is_multiple_of(INCIDENTS_PER_MARK) {
            (0..partitions).for_each(|partition| append(partition, Record::mark(time)));
        }
    }
    time += 1;
    (0..partitions).for_each(|partition| append(partition, Record::mark(time)));
    let (held, free) = &*waiting;
    let held = held.lock().unwrap_or_else(PoisonError::into_inner);
    drop(free.wait_while(held, |held| *held > 0));
    log.health().context("the log was not filled")?;
    Ok(time)
}

struct Started {
    seconds: f64,
    told: u64,
    peak_mib: u64,
}

/// Starts correlation without a snapshot, until everything is judged.
async fn start(log: &Arc<LocalLog>, secret: &Secret, last: u64) -> Result<Started> {
    let from = log.end(Topic::Alerts, 0);
    for partition in 0..log.partitions(Topic::Incidents) {
        append_blocking(log.as_ref(), Topic::Incidents, partition, Record::mark(last))?;
    }
    let policy = Policy::new(1, built_in_rules(), 300_000, vec![], vec![])?;
    let options = chappe_correlation::Options::new(secret.clone(), policy);
    let port: Arc<dyn EventLog> = Arc::clone(log) as Arc<dyn EventLog>;
    let began = Instant::now();
    let service = chappe_correlation::Service::open(options, port, Arc::new(NoSnapshots))?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(service.run(async move { drop(stopped.await) }));
    let (mut at, mut told, mut peak_mib, mut epoch) = (from, 0, 0, 0);
    'judged: loop {
        if began.elapsed() > LONGEST || running.is_finished() {
            bail!("nothing was judged up to the end");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        peak_mib = peak_mib.max(resident_bytes()? >> 20);
        loop {
            let batch = log.read(Topic::Alerts, 0, at, ReadLimit::default())?;
            let Some((newest, _)) = batch.last() else { break };
            at = newest.next();
            for (position, record) in &batch {
                if record.kind == RecordKind::Data {
                    told += 1;
                } else if let AlertsMark::Reached { watermark, epoch: of } = alert::decode_mark(&record.payload)? {
                    // The first mark only says who owns the topic from here on.
                    if *position == from {
                        epoch = of;
                    } else if of == epoch && watermark >= Timestamp::from_millis(last) {
                        break 'judged;
                    }
                }
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let _ = stop.send(());
    running.await??;
    Ok(Started {
        seconds,
        told,
        peak_mib,
    })
}

fn index(log: &Arc<LocalLog>, secret: &Secret) -> Result<chappe_ingest::Service> {
    let options = chappe_ingest::Options {
        secret: secret.clone(),
        directory: Arc::new(Directory::new(vec![])?),
        policy: Policy::new(1, built_in_rules(), 300_000, vec![], vec![])?,
        quotas: chappe_ingest::Quotas::default(),
        budget: Budget::default(),
        mark_interval: Duration::from_secs(1),
    };
    let port: Arc<dyn EventLog> = Arc::clone(log) as Arc<dyn EventLog>;
    Ok(chappe_ingest::Service::open(
        options,
        port,
        Arc::new(SystemClock::default()),
    )?)
}

fn bytes_of(folder: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        total += if kind.is_dir() {
            bytes_of(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
    }
    Ok(total)
}
