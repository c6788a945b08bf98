//! The memory budget where several processes take reports and another counts what is live.

use std::sync::Arc;

use chappe_clock::ManualClock;
use chappe_eventlog::{EventLog, MemoryLog, Record, Topic, append_blocking};
use chappe_ingest::Options;
use chappe_model::{Budget, Live};
use chappe_proto::pulse::{self, Beat, Pulse};
use chappe_proto::v1;
use tonic::Code;

use crate::installation::{Answer, Installation, START, indicator, member, options, reason, report};

/// Half of 64 MiB, in contributions.
const FREE: u64 = 16_384;
/// Keys of one large report.
const LARGE: u64 = 1_000;

fn tight(log: &MemoryLog) -> Installation {
    let budget = Budget::of_mib(64).unwrap();
    let clock = Arc::new(ManualClock::starting_at(START));
    Installation::on(Options { budget, ..options() }, log.clone(), clock)
}

fn of_keys(key: &str, keys: u64) -> v1::Incident {
    let own = |n| indicator(v1::IndicatorType::Domain, &format!("n{n}-{key}.example").to_lowercase());
    v1::Incident {
        indicators: (0..keys).map(own).collect(),
        ..report(key)
    }
}

fn say(log: &MemoryLog, pulse: &Pulse) {
    let record = Record::data(0, "".into(), pulse::encode(pulse).into());
    append_blocking(log, Topic::Pulse, 0, record).unwrap();
}

fn count(log: &MemoryLog, read_to: Vec<u64>, live: u64) {
    let members = [(member("csirt-at"), live)].into();
    say(log, &Pulse::Live(Live { read_to, members }));
}

fn ends(log: &MemoryLog) -> Vec<u64> {
    let partitions = 0..log.partitions(Topic::Incidents);
    partitions.map(|p| log.end(Topic::Incidents, p).0).collect()
}

/// Whether a report of one key is taken.
fn takes(it: &Installation, key: &str) -> bool {
    it.follow();
    let answer = it.submit("csirt-at", &of_keys(key, 1));
    it.follow();
    let told: Answer = answer;
    match told.code() {
        Code::Ok => true,
        _ => {
            assert_eq!(reason(&told.refusal()), "MEMORY_SHARE");
            false
        }
    }
}

#[test]
fn what_another_took_counts_until_correlation_has_read_it() {
    let log = MemoryLog::new().shared();
    let (one, other) = (tight(&log), tight(&log));
    for n in 0..FREE.div_ceil(LARGE) {
        let answer = one.submit("csirt-at", &of_keys(&format!("F{n}"), LARGE));
        one.follow();
        assert_eq!(answer.code(), Code::Ok, "{n}");
    }
    assert!(
        !takes(&one, "A") && !takes(&other, "A"),
        "nobody counts: all that was taken stays counted"
    );
    count(&log, ends(&log), FREE - 1);
    assert!(takes(&other, "B"), "no report counts beside what was counted of it");
    assert!(!takes(&one, "C"), "the other's report is one too many");
    count(&log, ends(&log), 0);
    assert!(takes(&one, "C") && takes(&other, "D"));
}

#[test]
fn a_count_of_an_earlier_place_in_the_log_is_not_taken() {
    let log = MemoryLog::new().shared();
    let it = tight(&log);
    assert!(takes(&it, "A"));
    let now = ends(&log);
    count(&log, now.clone(), FREE);
    count(&log, vec![0; now.len()], 0);
    count(&log, vec![9; 1], 0);
    say(&log, &Pulse::Beat(Beat::default()));
    assert!(!takes(&it, "B"));
    count(&log, now, 0);
    assert!(takes(&it, "B"), "the same place again is no earlier one");
}

#[test]
fn a_restart_knows_at_once_how_much_is_live() {
    let log = MemoryLog::new().shared();
    let nothing = ends(&log);
    count(&log, nothing.clone(), FREE);
    for _ in 0..900 {
        say(&log, &Pulse::Beat(Beat::default()));
    }
    let it = tight(&log);
    let answer = it.submit("csirt-at", &of_keys("A", 1));
    assert_eq!(reason(&answer.refusal()), "MEMORY_SHARE");
}
