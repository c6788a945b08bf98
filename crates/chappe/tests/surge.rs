//! `chappe surge` on counts of one's own: a page that says which days stand out, what a budget means, and refusals that say what to do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

use jiff::civil::{Date, date};

const FIRST: Date = date(2023, 1, 1);

fn report(folder: &Path, args: &[&str]) -> Output {
    surge(folder, "report", args)
}

fn surge(folder: &Path, command: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chappe"))
        .args(["surge", command])
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Three or four incidents a day for two years, and forty on one.
fn counts(surge: Date) -> String {
    let mut text = "date,kind,count\n".to_owned();
    let mut day = FIRST;
    for nth in 0..730 {
        let count = if day == surge { 40 } else { 3 + nth * 7 % 5 / 3 };
        writeln!(text, "{day}T10:00:00Z,<b>&,{count}").unwrap();
        day = day.tomorrow().unwrap();
    }
    text
}

#[test]
fn a_day_that_stands_out_is_named_and_drawn_and_what_is_known_of_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let surge = date(2024, 6, 3);
    std::fs::write(folder.path().join("counts.csv"), counts(surge)).unwrap();
    let args = ["counts.csv", "--count", "count", "--by", "kind"];
    let done = report(
        folder.path(),
        &[&args[..], &["--note", "2024-06-03=a <new> sensor"]].concat(),
    );
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.starts_with("2024-06-03  <b>&: "), "{said}");
    assert!(
        said.contains("1 surge in 365 days of 1 series; surges.html says why"),
        "{said}"
    );

    let page = std::fs::read_to_string(folder.path().join("surges.html")).unwrap();
    for part in [
        "<td>2024-06-03</td>",
        "2024-06-03: a &lt;new&gt; sensor",
        "<h2>&lt;b&gt;&amp;</h2>",
        "class=\"expected\"",
        "class=\"threshold\"",
        "class=\"surge\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for outside in ["<script", "src=", "href=", "http"] {
        assert!(
            !page.contains(outside),
            "the page needs nothing else, but has {outside}"
        );
    }

    let done = report(
        folder.path(),
        &[&args[..], &["--without", "2024-06-03", "--out", "without.html"]].concat(),
    );
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(said.starts_with("0 surges in 365 days"), "{said}");
    let page = std::fs::read_to_string(folder.path().join("without.html")).unwrap();
    assert!(page.contains("Left out") && page.contains("nothing stood out"));
}

#[test]
fn what_cannot_be_looked_at_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("counts.csv", &counts(FIRST));
    write("short.csv", "date,count\n2024-01-01,3\n2024-03-01,4\n");
    write("wrong.csv", "date,count\n2024-01-01,3\n01.02.2024,4\n");
    write("words.csv", "date,count\n2024-01-01,three\n");
    write("empty.csv", "date,count\n");
    let many: String = (0..60).fold("date,kind\n".to_owned(), |text, kind| {
        format!("{text}2024-01-01,{kind}\n")
    });
    write("many.csv", &many);
    for (args, says) in [
        (&["none.csv"][..], "cannot read none.csv"),
        (
            &["counts.csv", "--date", "day"],
            "no column 'day'; it has date, kind, count",
        ),
        (&["short.csv", "--count", "count"], "must lie between"),
        (
            &["wrong.csv", "--count", "count"],
            "wrong.csv:3: '01.02.2024' is no date; write it as 2026-03-02",
        ),
        (&["words.csv", "--count", "count"], "words.csv:2: 'three' is no count"),
        (&["empty.csv"], "holds no count"),
        (&["many.csv", "--by", "kind"], "more than 50 series"),
        (&["counts.csv", "--from", "2030-01-01"], "must lie between"),
        (
            &[
                "counts.csv",
                "--out",
                "no/such/folder.html",
                "--bin",
                "month",
                "--from",
                "2024-06-01",
            ],
            "cannot write no/such/folder.html",
        ),
    ] {
        let done = report(folder.path(), args);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains(says), "{args:?}: {said}");
    }
}

#[test]
fn a_larger_budget_finds_more_and_a_larger_surge_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let simulated = |args: &[&str]| {
        let few = ["--bin", "week", "--types", "2", "--countries", "3", "--per-day", "1"];
        let done = surge(folder.path(), "simulate", &[&few[..], args].concat());
        let said = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
        // The first week's share of each size.
        let shares = said.lines().filter(|line| line.contains("x the usual"));
        let first = shares.map(|line| line.split_whitespace().nth(4).unwrap().parse::<u32>().unwrap());
        first.collect::<Vec<_>>()
    };
    let (small, large) = (
        simulated(&["--false-alarms-per-year", "2"]),
        simulated(&["--false-alarms-per-year", "20"]),
    );
    assert_eq!(small.len(), 6);
    assert!(small.is_sorted() && large.is_sorted(), "{small:?} {large:?}");
    assert!(
        small.iter().zip(&large).all(|(small, large)| small <= large),
        "{small:?} {large:?}"
    );
    assert_eq!(small[5], 100, "{small:?}");
    let done = surge(folder.path(), "simulate", &["--bin", "month"]);
    assert_eq!(done.status.code(), Some(2));
}
