//! Command lines that make no sense.

use super::{Kind, USAGE};

const ID: &str = "decide alerts/00112233445566778899aabbccddeeff perhaps";

#[rustfmt::skip]
pub(super) fn lines() -> Vec<Kind> {
    let of = |name, line, says| Kind::new(name, line, ("", ""), USAGE, says);
    vec![
        of("line: no address", "watch --server nowhere", &["'--server <ADDRESS>'", "or 127.0.0.1:7600"]),
        of("line: no such day", "alert list --since 2026-02-30", &["'--since <TIME>'", "like 2026-03-02T06:15:00Z"]),
        of("line: no zone", "export csv --until 2026-03-02T06:15:00", &["'--until <TIME>'", "with its zone"]),
        of("line: a negative number", "demo --seed -1", &["unexpected argument '-1'"]),
        of("line: out of range", "surge simulate --false-alarms-per-year 0", &["0 is not in 1..=1000"]),
        of("line: another range", "replay --false-alarms-per-year 1001", &["1001 is not in 1..=1000"]),
        of("line: no alert", "alert show alerts/xyz", &["{32 hexadecimal digits}"]),
        of("line: an option twice", "serve --config a --config b", &["cannot be used multiple times"]),
        of("line: an unknown option", "submit x --colour", &["unexpected argument '--colour'", "a similar argument exists"]),
        of("line: an unknown command", "sumbit x", &["unrecognized subcommand 'sumbit'", "'submit'"]),
        of("line: no such sector", "cascade show energie AT", &["is not a NIS2 sector", "energy"]),
        of("line: no such country", "cascade show energy UK", &["the United Kingdom is GB"]),
        of("line: metrics open to all", "serve --metrics 192.0.2.1:1", &["on loopback only"]),
        of("line: nothing to search", "search", &["<VALUE>"]),
        of("line: no such format", "export xml", &["[possible values: stix, misp, idea, csv]"]),
        of("line: no such verdict", ID, &["give acknowledged, confirmed or dismissed"]),
        of("line: an address for a network", "watch --network 192.0.2.1/24", &["write 192.0.2.0/24"]),
        of("line: no such shell", "completions cmd", &["possible values", "bash"]),
        of("line: two inputs", "rules explain r.yml --input x --data y", &["cannot be used with"]),
        of("line: no command of config", "config", &["check", "show"]),
    ]
}
