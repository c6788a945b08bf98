//! What code may not name: clocks and sockets in the pure crates, sleeps in tests.

use super::finding::Finding;
use super::rust::{Facts, Named};
use super::sources::Source;

/// The crates that decide: input in, decisions out, time is data.
pub(crate) const PURE: &[&str] = &[
    "model",
    "constituency",
    "correlate",
    "distribute",
    "exchange",
    "postings",
    "sigma",
    "surge",
    "taxii",
];

/// Consecutive parts of a path that pure code may not name, wherever they stand in it.
const IMPURE_PARTS: &[(&[&str], &str)] = &[
    (&["SystemTime"], "reads the clock"),
    (&["time", "Instant"], "reads the clock"),
    (&["Instant", "now"], "reads the clock"),
    (&["Timestamp", "now"], "reads the clock"),
    (&["Zoned", "now"], "reads the clock"),
    (&["Utc", "now"], "reads the clock"),
    (&["std", "fs"], "reaches the disk"),
    (&["std", "thread"], "starts or blocks threads"),
    (&["std", "process"], "reaches other processes"),
    (&["std", "env"], "reads the environment"),
    (&["TcpStream"], "reaches the network"),
    (&["TcpListener"], "reaches the network"),
    (&["UdpSocket"], "reaches the network"),
    (&["ToSocketAddrs"], "reaches the network"),
    (
        &["std", "net", "*"],
        "reaches the network: name the address types one by one",
    ),
    (&["thread_rng"], "draws random numbers"),
    (&["RandomState", "new"], "draws random numbers"),
];

/// Crates that pure code may not name, at the start of a path.
const IMPURE_CRATES: &[&str] = &["fastrand", "getrandom", "mio", "rand", "rdkafka", "tokio", "tonic"];

/// Sleeps that tests may not use to wait for something.
const SLEEPS: &[&[&str]] = &[&["thread", "sleep"], &["time", "sleep"], &["time", "sleep_until"]];

/// With this on a test, `tokio` moves the clock itself and a sleep is a statement about virtual time.
const VIRTUAL_TIME: &str = "start_paused = true";

/// The banned paths that the file names.
pub(crate) fn banned(source: &Source, facts: &Facts) -> Vec<Finding> {
    let pure = source.crate_name().is_some_and(|name| PURE.contains(&name));
    let virtual_time = source.text.contains(VIRTUAL_TIME);
    let mut found = Vec::new();
    for named in &facts.paths {
        let reason = if named.in_test {
            sleeps(named).filter(|_| !virtual_time)
        } else if pure {
            impure(named)
        } else {
            None
        };
        if let Some(reason) = reason {
            found.push(Finding::new(
                &source.path,
                named.line,
                format!("{} {reason}", named.parts.join("::")),
            ));
        }
    }
    found
}

fn impure(named: &Named) -> Option<String> {
    let parts = IMPURE_PARTS
        .iter()
        .find(|(banned, _)| contains(&named.parts, banned))
        .map(|(_, reason)| *reason);
    let from_crate = named.parts.len() > 1 && IMPURE_CRATES.contains(&named.parts[0].as_str());
    // `std::net` itself, as a module; its address types are plain data.
    let net = named.parts.len() == 2 && contains(&named.parts, &["std", "net"]);
    let reason = parts
        .or(from_crate.then_some("is a crate that reaches outside"))
        .or(net.then_some("reaches the network"))?;
    Some(format!("{reason}; this crate is pure"))
}

fn sleeps(named: &Named) -> Option<String> {
    let sleeps = SLEEPS.iter().any(|sleep| contains(&named.parts, sleep));
    sleeps.then(|| "in a test: wait for the event itself, or let virtual time pass".to_owned())
}

fn contains(parts: &[String], wanted: &[&str]) -> bool {
    parts
        .windows(wanted.len())
        .any(|window| window.iter().zip(wanted).all(|(part, want)| part == want))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        let source = Source::new(path, text);
        banned(&source, &Facts::read(&source).unwrap())
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn clocks_disks_and_sockets_are_found_in_pure_crates_alone() {
        let text = "use std::time::{Duration, SystemTime};\nuse std::net::{IpAddr, TcpStream};\nfn f() {\n    let _ = jiff::Timestamp::now();\n    let _ = rand::random();\n    let _ = std::fs::read(\"x\");\n}\n";
        assert_eq!(lines("crates/correlate/src/a.rs", text), [1, 2, 4, 5, 6]);
        assert_eq!(lines("crates/correlation/src/a.rs", text), Vec::<usize>::new());
    }

    #[test]
    fn plain_data_of_the_same_modules_is_allowed() {
        let text = "use std::net::{IpAddr, Ipv4Addr};\nuse std::time::Duration;\nfn f(rand: u8) -> u8 { rand }\n// SystemTime\nconst A: &str = \"std::fs\";\n";
        assert_eq!(lines("crates/model/src/a.rs", text), Vec::<usize>::new());
    }

    #[test]
    fn tests_of_pure_crates_may_read_files() {
        assert_eq!(
            lines(
                "crates/exchange/src/a.rs",
                "#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n"
            ),
            Vec::<usize>::new()
        );
        assert_eq!(
            lines("crates/exchange/tests/a.rs", "use std::fs;\n"),
            Vec::<usize>::new()
        );
    }

    #[test]
    fn sleeps_are_found_in_tests_unless_time_is_virtual() {
        let real = "#[tokio::test]\nasync fn t() {\n    tokio::time::sleep(d).await;\n    std::thread::sleep(d);\n}\n";
        assert_eq!(lines("crates/ingest/tests/a.rs", real), [3, 4]);
        let paused = real.replace("#[tokio::test]", "#[tokio::test(start_paused = true)]");
        assert_eq!(lines("crates/ingest/tests/a.rs", &paused), Vec::<usize>::new());
        assert_eq!(
            lines(
                "crates/ingest/src/a.rs",
                "async fn f() { tokio::time::sleep(d).await; }\n"
            ),
            Vec::<usize>::new()
        );
    }
}
