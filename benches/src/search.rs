//! Look-ups among own incidents: millions of them straight into an embedded log, an index built from it, then searches of each kind by the member with the most.
//!
//! Every search is for something that is there, and what does not find it is an error; no time is.

mod filling;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chappe_eventlog::EventLog;
use chappe_eventlog_local::{LocalLog, LocalOptions};
use chappe_model::{Principal, Role, Secret, Timestamp};
use chappe_notification::Incidents;
use chappe_proto::{time, v1};
use fastrand::Rng;
use serde::Serialize;

use self::filling::{Corpus, HOT, fill};
use crate::machine::{Machine, resident_bytes};
use crate::table::{head, number, row};

/// Incidents of a full run, and of a quick one.
const INCIDENTS: [u64; 2] = [10_000_000, 200_000];
/// Searches of each kind.
const SEARCHES: u64 = 2_000;
/// Pages after which a search that has not found what is there has failed.
const PAGES: usize = 10_000;
/// Where figures go.
const OUTPUT: &str = "target/bench/search.json";
const SEED: u64 = 0x5ea_4c11;

#[derive(Debug, Serialize)]
struct Figures {
    machine: String,
    incidents: u64,
    members: u64,
    searching_members_incidents: u64,
    log_mib: u64,
    built_in_seconds: f64,
    built_per_second: f64,
    index_bytes_an_incident: f64,
    resident_mib_before: u64,
    resident_mib: u64,
    kinds: Vec<Kind>,
}

/// Searches of one kind: a page of 100 each.
#[derive(Debug, Serialize)]
struct Kind {
    what: &'static str,
    searches: u64,
    /// Incidents on a first page, on average.
    found: f64,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

/// Runs it and writes the figures.
pub(crate) fn command(quick: bool, incidents: Option<u64>) -> Result<()> {
    let out = crate::root()?.join("target/bench");
    std::fs::create_dir_all(&out)?;
    let machine = Machine::look(&out);
    let corpus = Corpus::new(incidents.unwrap_or(INCIDENTS[usize::from(quick)]), Secret::new([7; 32]))?;
    let folder = tempfile::tempdir_in(&out)?;
    let options = LocalOptions::in_folder(folder.path().join("log"));
    let (log, _) = LocalLog::open(options.clone())?;
    let log = Arc::new(log);
    let began = Instant::now();
    fill(&log, &corpus)?;
    println!(
        "{} incidents in the log after {:.0} s",
        corpus.count,
        began.elapsed().as_secs_f64()
    );
    let before = resident_bytes()? >> 20;
    let incidents = Incidents::new(Arc::clone(&log) as Arc<dyn EventLog>, corpus.secret.clone(), 5_000);
    let began = Instant::now();
    incidents.catch_up()?;
    let built = began.elapsed().as_secs_f64();
    println!("indexed after {built:.1} s");
    let figures = Figures {
        machine: machine.sentence(),
        incidents: corpus.count,
        members: filling::MEMBERS,
        searching_members_incidents: corpus.own(),
        log_mib: bytes_of(&options.folder)? >> 20,
        built_in_seconds: built,
        built_per_second: corpus.count as f64 / built,
        index_bytes_an_incident: incidents.bytes() as f64 / corpus.count as f64,
        resident_mib_before: before,
        resident_mib: resident_bytes()? >> 20,
        kinds: measure(&incidents, &corpus)?,
    };
    println!("{}\n{}", table(&figures), figures.machine);
    std::fs::write(crate::root()?.join(OUTPUT), serde_json::to_vec_pretty(&figures)?)?;
    println!("figures are in {OUTPUT}");
    Ok(())
}

fn measure(incidents: &Incidents, corpus: &Corpus) -> Result<Vec<Kind>> {
    let of = |filter: v1::IncidentFilter| v1::SearchIncidentsRequest {
        filter: Some(filter),
        ..v1::SearchIncidentsRequest::default()
    };
    let value = |value: v1::Indicator| v1::IncidentFilter {
        values: vec![value],
        ..v1::IncidentFilter::default()
    };
    let network = |network: String| v1::IncidentFilter {
        networks: vec![network],
        ..v1::IncidentFilter::default()
    };
    let domain = |domain: String| v1::IncidentFilter {
        domains: vec![domain],
        ..v1::IncidentFilter::default()
    };
    type Asked<'a> = &'a dyn Fn(u64) -> v1::SearchIncidentsRequest;
    let kinds: [(&'static str, Asked<'_>); 9] = [
        ("an address", &|n| of(value(corpus.address_of(n)))),
        ("a URL", &|n| of(value(corpus.url_of(n)))),
        ("a file's hash", &|n| of(value(corpus.hash_of(n)))),
        ("a value in 1 % of the reports", &|_| of(value(corpus.hot()))),
        ("a report key", &|n| v1::SearchIncidentsRequest {
            report_key: corpus.key_of(n),
            ..v1::SearchIncidentsRequest::default()
        }),
        ("a network, /24", &|n| of(network(corpus.network_of(n, 24)))),
        ("a network, /16", &|n| of(network(corpus.network_of(n, 16)))),
        ("a domain", &|n| of(domain(corpus.domain_of(n)))),
        ("an hour, a country, a sector and a type", &|n| {
            let at = corpus.time_of(n);
            v1::SearchIncidentsRequest {
                since: Some(time::to_wire(Timestamp::from_millis(at - 1_800_000))),
                until: Some(time::to_wire(Timestamp::from_millis(at + 1_800_000))),
                ..of(corpus.about(n))
            }
        }),
    ];
    let mut rng = Rng::with_seed(SEED);
    let mut measured = Vec::new();
    for (what, asked) in kinds {
        let kind = searches(what, incidents, corpus, &mut rng, asked)?;
        println!(
            "{what}: p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
            kind.p50_ms, kind.p99_ms, kind.max_ms
        );
        measured.push(kind);
    }
    Ok(measured)
}

fn searches(
    what: &'static str,
    incidents: &Incidents,
    corpus: &Corpus,
    rng: &mut Rng,
    asked: &dyn Fn(u64) -> v1::SearchIncidentsRequest,
) -> Result<Kind> {
    let who = Principal {
        member: corpus.member(0).clone(),
        home: None,
        role: Role::Member,
    };
    let (mut times, mut found) = (Vec::new(), 0);
    for _ in 0..SEARCHES {
        let n = corpus.own_at(rng.u64(0..corpus.own()));
        let mut request = asked(n);
        let began = Instant::now();
        let first = incidents.search(&who, &request, Timestamp::ZERO);
        times.push(began.elapsed());
        let mut page = first.map_err(|status| anyhow::anyhow!("{status}"))?;
        found += page.incidents.len();
        // Only what a page of 100 holds of a hot value is looked at.
        for _ in 0..PAGES {
            let is_there = page
                .incidents
                .iter()
                .any(|incident| incident.report_key == corpus.key_of(n));
            if is_there || what.contains(HOT) {
                break;
            }
            ensure!(
                !page.next_page_token.is_empty(),
                "{what}: incident {n} is not found by {request:?}"
            );
            request.page_token = page.next_page_token;
            let next = incidents.search(&who, &request, Timestamp::ZERO);
            page = next.map_err(|status| anyhow::anyhow!("{status}"))?;
        }
    }
    times.sort_unstable();
    let at = |share: f64| times[(((times.len() - 1) as f64) * share) as usize];
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    Ok(Kind {
        what,
        searches: SEARCHES,
        found: found as f64 / SEARCHES as f64,
        p50_ms: ms(at(0.5)),
        p99_ms: ms(at(0.99)),
        max_ms: ms(at(1.0)),
    })
}

fn table(figures: &Figures) -> String {
    let mut lines = head(&["a search for", "found on a page", "p50, ms", "p99, ms", "most, ms"]);
    for kind in &figures.kinds {
        let of = |figure: f64| number(figure, 2);
        lines.push(row(&[
            kind.what,
            &number(kind.found, 1),
            &of(kind.p50_ms),
            &of(kind.p99_ms),
            &of(kind.max_ms),
        ]));
    }
    let mut more = head(&["the index", ""]);
    for (what, figure) in [
        ("incidents, of all members", number(figures.incidents as f64, 0)),
        (
            "of the member that searches",
            number(figures.searching_members_incidents as f64, 0),
        ),
        ("log on disk, MiB", number(figures.log_mib as f64, 0)),
        ("built in, s", number(figures.built_in_seconds, 1)),
        ("incidents a second", number(figures.built_per_second, 0)),
        ("bytes an incident", number(figures.index_bytes_an_incident, 0)),
        ("the process before, MiB", number(figures.resident_mib_before as f64, 0)),
        ("the process with it, MiB", number(figures.resident_mib as f64, 0)),
    ] {
        more.push(row(&[what, &figure]));
    }
    format!("\n{}\n\n{}\n", lines.join("\n"), more.join("\n"))
}

fn bytes_of(folder: &std::path::Path) -> Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        total += match entry.file_type()?.is_dir() {
            true => bytes_of(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(total)
}
