//! Hidden reports: an incident whose every revision is `named-recipients-only` changes no byte of what anyone neither named nor its submitter
//! is answered: receipts, errors, deliveries, cursors, heartbeats, lists, details. The real desk, core and board run in virtual time, once
//! with the incident and once without.
//!
//! `CHAPPE_PAIRS` sets the number of generated pairs (10,000), `CHAPPE_SEED` the first seed (0).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "hidden/script.rs"]
mod script;
#[path = "hidden/virtual_installation.rs"]
mod virtual_installation;

use std::io::Write;

use chappe_testkit::{check_seeds, number};
use script::Script;
use virtual_installation::Answers;

#[test]
fn a_hidden_incident_changes_no_byte_for_outsiders() {
    let (first, pairs) = (number("CHAPPE_SEED", 0), number("CHAPPE_PAIRS", 10_000));
    let told = check_seeds(first..first + pairs, || (), |(), seed| check(seed));
    writeln!(
        std::io::stderr(),
        "{pairs} pairs, {told} in which the hidden incident was told to those named"
    )
    .unwrap(); // shown also where the test passes
    assert!(
        told * 10 >= pairs,
        "the hidden incident is told in {told} of {pairs} pairs only: the generator hides too little"
    );
}

/// Returns whether the hidden incident gave rise to an alert at all.
fn check(seed: u64) -> u64 {
    let script = Script::generate(seed);
    let with = virtual_installation::run(&script, true, &[]);
    let without = virtual_installation::run(&script, false, &with.alert_names);
    let with = virtual_installation::run(&script, true, &with.alert_names); // probes the same names
    for viewer in script.outsiders() {
        differ_nowhere(seed, viewer, &with.answers[viewer], &without.answers[viewer]);
    }
    u64::from(with.alert_names.len() > without.alert_names.len())
}

fn differ_nowhere(seed: u64, viewer: &str, with: &Answers, without: &Answers) {
    assert_eq!(
        with.len(),
        without.len(),
        "seed {seed}: {viewer} gets another number of answers"
    );
    for (a, b) in with.iter().zip(without) {
        assert!(
            a == b,
            "seed {seed}: {viewer} is answered differently at {}:\nwith    {:?}\nwithout {:?}",
            a.0,
            a.1,
            b.1
        );
    }
}
