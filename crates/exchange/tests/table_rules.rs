//! The rules by which tables are read, on tables made for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_exchange::{Mapping, ReadError, Reading, read_table};
use chappe_model::{Country, Pap, Rsit, Sector, Severity, Tlp};
use proptest::prelude::*;

const CSV: &str = r#"
source = "traps"
format = "csv"
separator = ";"
key = ["case"]
empty = ["-"]

[columns]
case = "ignore"
seen = { as = "occurred-from", form = "utc" }
addr = { as = "host", split = "|" }
kind = { as = "type", words = { scan = "scanner" } }
cc = "country"
sev = "severity"
rev = "revision"
note = "title"

[constants]
tlp = "amber"
pap = "green"
sectors = ["energy"]
"#;

const LINES: &str = r#"
source = "pipe"
format = "json-lines"
key = ["id", "part"]
[columns]
id = "ignore"
part = "ignore"
"src.ip" = "ip"
hashes = "hash"
raw = "ignore"
at = { as = "detected-at", form = "unix-seconds" }
"#;

fn mapping(text: &str) -> Mapping {
    Mapping::parse("m.toml", text.as_bytes()).unwrap()
}

fn read(mapping_text: &str, text: &str) -> Vec<Result<Reading, ReadError>> {
    let readings = read_table("f", text.as_bytes(), &mapping(mapping_text)).unwrap();
    assert!(readings.iter().flatten().all(Reading::is_whole));
    readings
}

fn refused(mapping_text: &str, text: &[u8]) -> String {
    read_table("f", text, &mapping(mapping_text)).unwrap_err().to_string()
}

fn indicators(reading: &Reading) -> Vec<String> {
    reading.draft.indicators.iter().map(ToString::to_string).collect()
}

#[test]
fn rows_of_one_key_are_one_report_in_whatever_order() {
    let header = "case;seen;addr;kind;cc;sev;rev;note\n";
    let rows = [
        "7;2026-03-02 06:15:00;192.0.2.1|bad.example;scan;at;low;3;B\n",
        "7;2026-03-02 06:00:00;192.0.2.2;-;DE;high;2;\"A; and\"\n",
        "8;-;192.0.2.300|;scanner;;;;\n",
    ];
    let one = read(CSV, &format!("{header}{}", rows.concat()));
    assert_eq!(one.len(), 2);
    let reading = one[0].as_ref().unwrap();
    let draft = &reading.draft;
    assert_eq!(
        indicators(reading),
        ["ip:192.0.2.1", "ip:192.0.2.2", "domain:bad.example"]
    );
    assert_eq!(
        (draft.report_key.as_str(), draft.revision, draft.title.as_str()),
        ("traps:7", 3, "A; and")
    );
    assert_eq!(
        (draft.occurred_from_ms, draft.incident_type),
        (Some(1_772_431_200_000), Some(Rsit::Scanner))
    );
    assert_eq!(
        (draft.tlp, draft.pap, draft.severity),
        (Some(Tlp::Amber), Some(Pap::Green), Some(Severity::High))
    );
    assert_eq!(
        draft.countries,
        ["AT", "DE"].map(|code| Country::parse(code).unwrap()).into()
    );
    assert_eq!(draft.sectors, [Sector::Energy].into());
    assert_eq!(reading.read[1].path, "line 2, column addr[1]");
    let second = one[1].as_ref().unwrap();
    assert_eq!(
        (second.draft.title.as_str(), second.draft.revision, second.read.len()),
        ("traps:8", 1, 0)
    );
    assert_eq!(second.skipped[0].path, "line 4, column addr");
    let other = read(CSV, &format!("{header}{}{}{}", rows[2], rows[1], rows[0]));
    assert_eq!(other[1].as_ref().unwrap().draft, *draft);
}

#[test]
fn json_lines_are_read_with_what_is_nested() {
    let readings = read(
        LINES,
        "{\"id\": 1, \"part\": \"x\", \"src\": {\"ip\": \"192.0.2.1\"}, \"hashes\": [\"00112233445566778899aabbccddeeff\", null], \"raw\": {\"a\": [{}]}, \"at\": 1772432100}\n\n{\"id\": 2, \"part\": true}\n",
    );
    let reading = readings[0].as_ref().unwrap();
    assert_eq!(
        indicators(reading),
        ["ip:192.0.2.1", "md5:00112233445566778899aabbccddeeff"]
    );
    assert_eq!(reading.draft.report_key, "pipe:1/x");
    assert_eq!(reading.draft.detected_at_ms, Some(1_772_432_100_000));
    assert_eq!(readings[1].as_ref().unwrap().draft.report_key, "pipe:2/true");
}

#[test]
fn a_bad_row_costs_only_itself_and_names_its_place() {
    let header = "case;seen;addr;kind;cc;sev;rev;note\n";
    for (row, says) in [
        (";;;;;;;", "f: line 3: column case: empty, and part of the key"),
        ("2;;;;;;", "f: line 3: 7 columns, not 8 as the first line has"),
        (
            "2;yesterday;;;;;;",
            "f: line 3, column seen: \"yesterday\" is no time since 1970",
        ),
        ("2;;;phishing!;;;;", "f: line 3, column kind: "),
        ("2;;;;UK;;;", "f: line 3, column cc: \"UK\" is not a country"),
        ("2;;;;;awful;;", "f: line 3, column sev: "),
        ("2;;;;;;first;", "f: line 3, column rev: \"first\" is no time"),
    ] {
        let readings = read(CSV, &format!("{header}1;;192.0.2.1;;;;;\n{row}\n3;;192.0.2.3;;;;;\n"));
        let sound: Vec<bool> = readings.iter().map(Result::is_ok).collect();
        assert_eq!(sound, [true, false, true], "{row}");
        let error = readings[1].as_ref().unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}\n{says}");
    }
    for (line, says) in [
        ("7", "f: line 2: not an object: give one JSON object a line"),
        ("{\"id\": }", "f: line 2, column 8: expected value"),
        (
            "{\"id\": 2, \"part\": 1, \"new\": 1}",
            "f: line 2: the mapping does not name new: say what it is, or \"ignore\"",
        ),
        (
            "{\"id\": 2, \"part\": 1, \"hashes\": {\"a\": 1}}",
            "f: line 2: hashes holds objects: map what is within it",
        ),
        ("{\"id\": 2}", "f: line 2: column part: empty, and part of the key"),
    ] {
        let readings = read(
            LINES,
            &format!("{{\"id\": 1, \"part\": 1}}\n{line}\n{{\"id\": 3, \"part\": 1}}"),
        );
        let error = readings[1].as_ref().unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}\n{says}");
    }
}

#[test]
fn a_table_that_does_not_fit_its_mapping_is_refused_with_the_place() {
    let latin1: &[u8] = b"case;seen;addr;kind;cc;sev;rev;note\n1;;;;;;;caf\xe9\n";
    for (text, says) in [
        ("".as_bytes(), "f: line 1: empty: give a line"),
        (
            b"case;seen;addr;kind;cc;sev;rev;note;new\n",
            "f: line 1, column 9: the mapping does not name new",
        ),
        (
            b"case;seen;addr;kind;cc;sev;rev\n",
            "f: line 1, column 7: the mapping names a column note, which the file has not",
        ),
        (
            b"case;seen;case;kind;cc;sev;rev;note\n",
            "f: line 1, column 3: case stands twice",
        ),
        (
            b"case,seen,addr\n",
            "f: line 1, column 1: the mapping does not name case,seen,addr",
        ),
        (latin1, "f: byte 47 (line 2): not UTF-8, perhaps Latin-1"),
        (b"c\0a\0", "f: byte 0 (line 1): UTF-16"),
    ] {
        let error = refused(CSV, text);
        assert!(error.starts_with(says), "{error}\n{says}");
    }
    let listing = CSV.replace("empty =", "unmapped = \"list\"\nempty =");
    let readings = read(
        &listing,
        "case;seen;addr;kind;cc;sev;rev;note;new\n1;;192.0.2.1;;;;;;x\n",
    );
    assert_eq!(readings[0].as_ref().unwrap().notes, ["the column new is not read"]);
    let headless = CSV.replace(
        "empty =",
        "header = [\"case\", \"seen\", \"addr\", \"kind\", \"cc\", \"sev\", \"rev\", \"note\"]\nempty =",
    );
    assert_eq!(
        indicators(read(&headless, "1;;192.0.2.1;;;;;\n")[0].as_ref().unwrap()),
        ["ip:192.0.2.1"]
    );
}

#[test]
fn a_mapping_that_makes_no_sense_is_refused_with_the_place() {
    for (from, to, says) in [
        (
            "source = \"traps\"\n",
            "",
            "m.toml: line 1, column 1: missing field `source`",
        ),
        ("\"traps\"", "\"a/b\"", "m.toml: source: give 1 to 64 letters"),
        (
            "format = \"csv\"",
            "format = \"xls\"",
            "m.toml: line 3, column 10: unknown variant `xls`",
        ),
        ("key = [\"case\"]", "key = []", "m.toml: key: name the columns"),
        (
            "key = [\"case\"]",
            "key = [\"id\"]",
            "m.toml: key: id is no column of this mapping",
        ),
        (
            "separator = \";\"",
            "separator = \"\\\"\"",
            "m.toml: separator: give one ASCII character",
        ),
        ("empty =", "empti =", "m.toml: line 6, column 1: unknown field `empti`"),
        ("cc = \"country\"", "cc = \"land\"", "m.toml: line "),
        (
            "split = \"|\"",
            "split = \"\"",
            "m.toml: columns.addr.split: give what stands between",
        ),
        ("tlp = \"amber\"", "tlp = \"orange\"", "m.toml: line "),
        ("[constants]", "[constants", "m.toml: line "),
    ] {
        let text = CSV.replace(from, to);
        assert_ne!(text, CSV);
        let error = Mapping::parse("m.toml", text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}\n{says}");
    }
    assert!(Mapping::parse("m.toml", b"\xff").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn any_table_is_read_or_refused_and_every_value_accounted_for(
        cells in proptest::collection::vec(proptest::collection::vec("[a-c0-9.;|\"\n-]{0,8}", 8), 0..8),
        bytes in proptest::collection::vec(any::<u8>(), 0..128),
    ) {
        let (csv, lines) = (mapping(CSV), mapping(LINES));
        let _ = read_table("any", &bytes, &csv);
        let _ = read_table("any", &bytes, &lines);
        let _ = Mapping::parse("any", &bytes);
        let quoted = |row: &Vec<String>| row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join(";");
        let text = format!("case;seen;addr;kind;cc;sev;rev;note\n{}", cells.iter().map(|row| quoted(row) + "\n").collect::<String>());
        let readings = read_table("any", text.as_bytes(), &csv).unwrap();
        prop_assert!(readings.iter().flatten().all(Reading::is_whole));
        let keys: std::collections::BTreeSet<&str> = readings.iter().flatten().map(|reading| reading.draft.report_key.as_str()).collect();
        prop_assert_eq!(keys.len(), readings.iter().flatten().count(), "one report for each key");
    }
}

#[test]
fn rows_of_unequal_keys_are_never_one_report() {
    let keys = |mapping_text: &str, text: &str| -> Vec<String> {
        let readings = read(mapping_text, text).into_iter();
        readings.map(|reading| reading.unwrap().draft.report_key).collect()
    };
    let two = "source = \"s\"\nformat = \"csv\"\nkey = [\"a\", \"b\"]\n[columns]\na = \"ignore\"\nb = \"ignore\"\n";
    assert_eq!(
        keys(two, "a,b\na/b,c\na,b/c\na%2Fb,c\na,c\n"),
        ["s:a%2Fb/c", "s:a/b%2Fc", "s:a%252Fb/c", "s:a/c"]
    );
    let words = "source = \"s\"\nformat = \"csv\"\nkey = [\"a\"]\n[columns]\na = { as = \"type\", words = { x = \"scanner\", y = \"scanner\" } }\n";
    assert_eq!(
        keys(words, "a\nx\ny\n2026/7\n".replace("2026/7", "scanner").as_str()),
        ["s:x", "s:y", "s:scanner"]
    );
    let one = "source = \"s\"\nformat = \"csv\"\nkey = [\"a\"]\n[columns]\na = \"ignore\"\n";
    assert_eq!(keys(one, "a\n2026/7\n"), ["s:2026/7"]);
}

#[test]
fn a_label_that_no_row_of_json_lines_has_is_refused() {
    let mistyped = "source = \"s\"\nformat = \"json-lines\"\nkey = [\"id\"]\nunmapped = \"list\"\n[columns]\nid = \"ignore\"\ntlpp = \"tlp\"\n[constants]\ntlp = \"green\"\n";
    let error = refused(
        mistyped,
        b"{\"id\": 1, \"tlp\": \"red\"}\n{\"id\": 2, \"tlp\": \"red\"}\n",
    );
    assert_eq!(
        error,
        "f: top level: the mapping takes labels from a column tlpp, which no row has"
    );
    let rows = read(
        mistyped,
        "{\"id\": 1, \"tlpp\": \"red\"}\n{\"id\": 2, \"tlpp\": null}\n",
    );
    assert_eq!(rows[0].as_ref().unwrap().draft.tlp, Some(Tlp::Red));
    assert!(read(mistyped, "").is_empty());
}

#[test]
fn names_in_json_lines_are_bounded_in_length_and_number() {
    let list =
        "source = \"s\"\nformat = \"json-lines\"\nkey = [\"id\"]\nunmapped = \"list\"\n[columns]\nid = \"ignore\"\n";
    let error = |line: String| read(list, &line).remove(0).unwrap_err().to_string();
    let long = error(format!("{{\"id\": 1, \"{}\": {{\"a\": 1}}}}", "x".repeat(2000)));
    assert!(
        long.starts_with("f: line 1: a name of 2000 bytes: at most 1024"),
        "{long}"
    );
    let within = error(format!("{{\"id\": 1, \"{0}\": {{\"{0}\": 1}}}}", "x".repeat(600)));
    assert!(within.starts_with("f: line 1: a name of 1201 bytes"), "{within}");
    let members: Vec<String> = (0..1001).map(|n| format!("\"m{n}\": {n}")).collect();
    let many = error(format!("{{\"id\": 1, \"o\": {{{}}}}}", members.join(", ")));
    assert!(many.starts_with("f: line 1: more than 1000 columns"), "{many}");
}

#[test]
fn lines_are_those_of_the_file_whatever_ends_them() {
    let header = "case;seen;addr;kind;cc;sev;rev;note";
    for (end, text) in [
        ("LF", format!("{header}\n1;;;;;;;\n2;;;;UK;;;\n")),
        ("CRLF", format!("{header}\r\n1;;;;;;;\r\n2;;;;UK;;;\r\n")),
        ("CR", format!("{header}\r1;;;;;;;\r2;;;;UK;;;\r")),
        ("an empty line", format!("{header}\r\n\r\n2;;;;UK;;;\r\n")),
        ("an empty line first", format!("\n{header}\n2;;;;UK;;;\n")),
        (
            "a cell of two lines",
            format!("{header}\n1;;;;;;;a\n2;;;;UK;;;\n").replace(";a\n", ";\"a\"\n"),
        ),
    ] {
        let readings = read(CSV, &text);
        let faults: Vec<String> = readings
            .iter()
            .filter_map(|it| Some(it.as_ref().err()?.to_string()))
            .collect();
        assert_eq!(faults.len(), 1, "{end}");
        assert!(
            faults[0].starts_with("f: line 3, column cc: \"UK\""),
            "{end}: {}",
            faults[0]
        );
    }
    let cell = read(CSV, &format!("{header}\r\n1;;;;;;;\"a\r\nb\"\r\n2;;;;UK;;;\r\n"));
    let fault = cell.into_iter().find_map(Result::err).unwrap().to_string();
    assert!(fault.starts_with("f: line 4, column cc: "), "{fault}");
}
