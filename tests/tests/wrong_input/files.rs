//! Files that `chappe submit` cannot read, or must not: each is named with the place in it and what to do, and spoils no other.

use std::path::Path;
use std::process::{Command, Output};

use chappe_tests::{PATIENCE, binary};
use serde_json::{Value, json};

use super::bystander::{Bystander, SENDER, SHARED};

const DONE: i32 = 0;
const FAILED: i32 = 1;
const USAGE: i32 = 2;
const REFUSED: i32 = 3;

/// Levels of brackets: far more than any reader's stack could hold.
const DEEP: usize = 100_000;

/// `chappe submit`, ended if it takes too long.
fn submit(bystander: &Bystander, file: &Path, more: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command
        .arg(PATIENCE.as_secs().to_string())
        .arg(binary().unwrap())
        .arg("submit")
        .arg(file);
    command.args(["--server", &bystander.program.address().to_string()]);
    if !more.contains(&"--as") {
        command.args(["--as", SENDER]);
    }
    if !more.contains(&"--tokens") {
        command
            .arg("--tokens")
            .arg(bystander.program.folder().join("tokens.toml"));
    }
    command.args(more);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

fn assert_said(case: &str, output: &Output, code: i32, says: &[&str]) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(code), "{case}: {said}");
    for words in says {
        assert!(said.contains(words), "{case}: {said:?} does not say {words:?}");
    }
}

/// A report in Chappe's own form. It observes what the others share: were it taken, their alert would change.
fn own() -> String {
    format!(
        r#"{{
  "report_key": "wrong",
  "incident_type": "fraud/phishing",
  "tlp": "amber",
  "countries": ["FR"],
  "indicators": ["domain:{SHARED}"],
  "title": "Überfall"
}}"#
    )
}

fn misp(attributes: &Value) -> Value {
    json!({"Event": {
        "uuid": "5f0c7d1e-0000-4000-8000-000000000001", "timestamp": "1601564930", "info": "Überfall", "Attribute": attributes,
    }})
}

/// A MISP event with the same.
fn event() -> String {
    format!(
        r#"{{
  "Event": {{
    "uuid": "5f0c7d1e-0000-4000-8000-000000000001",
    "timestamp": "1601564930",
    "info": "Überfall",
    "Attribute": [{{"type": "domain", "value": "{SHARED}"}}]
  }}
}}"#
    )
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

fn utf16(text: &str, mark: bool) -> Vec<u8> {
    let mark = mark.then_some(0xfeff);
    mark.into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect()
}

fn deep(before: &str, after: &str) -> Vec<u8> {
    format!("{before}{}{}{after}", "[".repeat(DEEP), "]".repeat(DEEP)).into_bytes()
}

type Case = (&'static str, Vec<u8>, &'static [&'static str]);

/// Files that cannot be read at all: place and what to do.
fn unreadable() -> Vec<Case> {
    let (own, event) = (own(), event());
    vec![
        (
            "cut off",
            own[..own.len() - 20].into(),
            &["line 7, column ", "cut off, write the file again"],
        ),
        (
            "MISP, cut off",
            event[..event.len() - 30].into(),
            &["line 6, column ", "cut off, fetch it again"],
        ),
        (
            "UTF-16",
            utf16(&own, true),
            &["byte 0 (line 1)", "iconv -f UTF-16 -t UTF-8"],
        ),
        (
            "UTF-16 without a mark",
            utf16(&event, false),
            &["byte 0 (line 1)", "iconv -f UTF-16 -t UTF-8"],
        ),
        ("Latin-1", latin1(&own), &["(line 7)", "iconv -f WINDOWS-1252 -t UTF-8"]),
        (
            "MISP in Latin-1",
            latin1(&event),
            &["(line 5)", "iconv -f WINDOWS-1252 -t UTF-8"],
        ),
        ("empty", vec![], &["line 1, column 0", "cut off, fetch it again"]),
        ("zeros", vec![0; 512], &["byte 0 (line 1)"]),
        (
            "no JSON",
            b"Dear colleagues,\n".into(),
            &["line 1, column 1", "not JSON as it should be"],
        ),
        ("a number", b"42".into(), &["top level", "give a MISP event"]),
        (
            "STIX without a list",
            br#"{"type": "bundle", "objects": 7}"#.into(),
            &["top level", "objects that are no list", "give a STIX 2 bundle"],
        ),
        (
            "STIX, cut off",
            b"{\"type\": \"bundle\",\n \"objects\": [".into(),
            &["line 2, column 13", "cut off, fetch it again"],
        ),
    ]
}

/// Files that are JSON and hold no report that can be read: place and what to do.
fn senseless() -> Vec<Case> {
    let own = own();
    vec![
        (
            "no uuid",
            br#"{"Event": {"info": "x"}}"#.into(),
            &["Event: no uuid", "export the event from MISP"],
        ),
        (
            "bad uuid",
            br#"{"Event": {"uuid": "1"}}"#.into(),
            &["Event: uuid \"1\"", "8-4-4-4-12"],
        ),
        (
            "two events in one",
            br#"{"Event": {}, "Event": {}}"#.into(),
            &["line 1, column 21", "the key Event stands twice"],
        ),
        ("deep", deep("", ""), &["line 1, column "]),
        (
            "deep inside a report",
            deep("{\"report_key\": \"wrong\", \"title\": ", "}"),
            &["line 1, column 33"],
        ),
        (
            "deep inside an event",
            deep(
                "{\"Event\": {\"uuid\": \"5f0c7d1e-0000-4000-8000-000000000001\", \"Attribute\": ",
                "}}",
            ),
            &["line 1, column ", "recursion limit"],
        ),
        (
            "unknown field",
            own.replace("\"tlp\"", "\"colour\"").into(),
            &[
                "line 4, column ",
                "unknown field `colour`, expected one of `report_key`",
            ],
        ),
        (
            "no such label",
            own.replace("amber", "orange").into(),
            &["line 4, column ", "give TLP:CLEAR"],
        ),
        (
            "no kind",
            own.replace("domain:", "").into(),
            &["line 6, column ", "write \"domain:bad.example\""],
        ),
        (
            "no such kind",
            own.replace("domain:", "host:").into(),
            &["line 6, column ", "give one of ip, domain"],
        ),
        (
            "no time",
            own.replace("\"tlp\"", "\"detected_at\": \"yesterday\", \"tlp\"").into(),
            &["line 4, column ", "write RFC 3339"],
        ),
    ]
}

/// The same in other formats.
fn senseless_elsewhere() -> Vec<Case> {
    vec![
        ("no format", br#"{"a": 1}"#.into(), &["top level", "give a MISP event"]),
        (
            "a STIX campaign alone",
            br#"{"type": "campaign", "id": "campaign--1", "name": "x"}"#.into(),
            &["nothing to report"],
        ),
        (
            "IDEA without a time",
            br#"{"Format": "IDEA0", "ID": "x", "Category": ["Test"]}"#.into(),
            &["DetectTime: nothing is no time", "write RFC 3339"],
        ),
        (
            "IDEA, a member twice",
            br#"{"Format": "IDEA0", "format": "IDEA0"}"#.into(),
            &["stands twice, in different cases"],
        ),
    ]
}

/// Files that are read, and whose report the installation refuses: field path and what to do.
fn refused() -> Vec<Case> {
    let own = own();
    let many: Vec<Value> = (0..12_000).map(|i| attribute(i, &"x".repeat(120))).collect();
    let many = serde_json::to_vec(&misp(&json!(many))).unwrap();
    assert!(many.len() > 2_000_000);
    vec![
        (
            "no such country",
            own.replace("\"FR\"", "\"UK\"").into(),
            &["wrong: incident.countries[0]: \"UK\"", "the United Kingdom is GB"],
        ),
        (
            "no domain",
            own.replace(SHARED, "bad..example").into(),
            &["wrong: incident.indicators[0].value: ", "labels of letters"],
        ),
        (
            "no label",
            own.replace("\"tlp\": \"amber\"", "\"pap\": \"amber\"").into(),
            &["wrong: incident.marking.tlp: ", "give a TLP 2.0 label"],
        ),
        (
            "no country",
            own.replace("\"FR\"", "").into(),
            &["wrong: incident.countries: ", "ISO 3166-1 alpha-2"],
        ),
        (
            "2 MB with too many indicators",
            many,
            &[
                "misp:5f0c7d1e-0000-4000-8000-000000000001 (Überfall): 12000 indicators",
                "at most 1000: split it by what belongs together",
            ],
        ),
    ]
}

fn attribute(number: usize, comment: &str) -> Value {
    json!({"type": "domain", "value": format!("n{number}.example"), "comment": comment})
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_wrong_are_refused_with_the_place() {
    let mut bystander = Bystander::new().await;
    let folder = tempfile::tempdir().unwrap();
    let marked: &[&str] = &["--countries", "FR", "--tlp", "amber"];
    let fillings = [marked, marked, marked, &[]];
    for (cases, more) in [unreadable(), senseless(), senseless_elsewhere(), refused()]
        .into_iter()
        .zip(fillings)
    {
        for (case, bytes, says) in cases {
            let file = folder.path().join("case.json");
            std::fs::write(&file, bytes).unwrap();
            let more: &[&str] = if case.starts_with("2 MB") { marked } else { more };
            let output = submit(&bystander, &file, more);
            assert_said(case, &output, REFUSED, says);
            assert!(
                said(&output).contains("case.json: "),
                "{case}: the file is named: {}",
                said(&output)
            );
            bystander.is_unharmed(case).await;
        }
    }
    bystander.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_two_megabytes_is_taken_if_its_report_is_within_the_limits() {
    let mut bystander = Bystander::new().await;
    let folder = tempfile::tempdir().unwrap();
    let attributes: Vec<Value> = (0..900).map(|i| attribute(i, &"x".repeat(2_400))).collect();
    let bytes = serde_json::to_vec(&misp(&json!(attributes))).unwrap();
    assert!(bytes.len() > 2_000_000);
    let file = folder.path().join("large.json");
    std::fs::write(&file, bytes).unwrap();
    let output = submit(&bystander, &file, &["--countries", "FR", "--tlp", "amber"]);
    assert_said("2 MB", &output, DONE, &["900 items read, 0 skipped", "1 accepted"]);
    bystander.expect_accepted(1);

    let sparse = folder.path().join("huge.json");
    std::fs::File::create(&sparse).unwrap().set_len(65 << 20).unwrap();
    let output = submit(&bystander, &sparse, &[]);
    assert_said(
        "65 MiB",
        &output,
        REFUSED,
        &["huge.json: ", "larger than 64 MiB: split it"],
    );
    bystander.is_unharmed("large files").await;
    bystander.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_malformed_file_among_good_ones_spoils_no_other() {
    let mut bystander = Bystander::new().await;
    let folder = tempfile::tempdir().unwrap();
    let good = |key: &str| {
        format!(
            "{{\"report_key\": \"{key}\", \"incident_type\": \"fraud/phishing\", \"indicators\": [\"domain:{key}.example\"]}}"
        )
    };
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.json", &good("first"));
    write("b.json", "{\"report_key\": \"second\", ");
    write(
        "c.json",
        &format!("{}\n{{\"report_key\": 3}}\n{}\n", good("third"), good("fourth")),
    );
    write("d.json", &event().replace(SHARED, "fifth.example"));
    std::os::unix::fs::symlink("gone.json", folder.path().join("e.json")).unwrap();
    let output = submit(&bystander, folder.path(), &["--countries", "FR", "--tlp", "amber"]);
    let says = [
        "a.json: 1 report: 1 accepted",
        "b.json: not read",
        "line 1, column 25: EOF",
        "c.json: 3 reports: 2 accepted, 1 not read",
        "line 2, column 16: invalid type",
        "d.json: 1 event (1 item read, 0 skipped): 1 accepted",
        "e.json: not read",
        "No such file",
        "5 files: 4 accepted, 3 not read",
    ];
    assert_said("a folder", &output, REFUSED, &says);
    bystander.expect_accepted(4);
    bystander.is_unharmed("a folder").await;
    bystander.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_lead_to_no_report_are_refused() {
    let mut bystander = Bystander::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("empty")).unwrap();
    std::fs::write(path("own.json"), own()).unwrap();
    std::os::unix::fs::symlink("loop", path("loop")).unwrap();
    std::fs::create_dir(path("feed")).unwrap();
    std::fs::write(path("feed/manifest.json"), "{\"../../own\": {\"info\": \"x\"}}").unwrap();
    let cases: [(&str, &str, i32, &[&str]); 5] = [
        (
            "missing",
            "missing.json",
            FAILED,
            &["cannot read ", "missing.json: No such file"],
        ),
        (
            "a folder without reports",
            "empty",
            FAILED,
            &["empty holds no report", "*.json"],
        ),
        (
            "a folder that cannot be followed",
            "loop",
            FAILED,
            &["cannot read ", "loop: Too many levels"],
        ),
        (
            "a folder that is a file",
            "own.json/reports",
            FAILED,
            &["cannot read ", "Not a directory"],
        ),
        (
            "a feed that points outside",
            "feed",
            FAILED,
            &["manifest.json", "../../own"],
        ),
    ];
    for (case, name, code, says) in cases {
        assert_said(case, &submit(&bystander, &path(name), &[]), code, says);
        bystander.is_unharmed(case).await;
    }
    bystander.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn command_lines_that_make_no_sense_are_refused() {
    let mut bystander = Bystander::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.json");
    std::fs::write(&file, own()).unwrap();
    let tokens = folder.path().join("no-tokens.toml");
    let commands: [(&str, &[&str], i32, &[&str]); 6] = [
        (
            "no such country",
            &["--countries", "FR,UK"],
            USAGE,
            &["--countries", "the United Kingdom is GB"],
        ),
        ("no such label", &["--tlp", "orange"], USAGE, &["--tlp", "TLP:AMBER"]),
        (
            "no such member",
            &["--as", "csirt-xx"],
            FAILED,
            &["csirt-xx", "tokens.toml"],
        ),
        ("no member id", &["--as", "CSIRT XX"], USAGE, &["--as", "a-z, 0-9"]),
        ("another machine", &["--server", "192.0.2.1:7600"], USAGE, &["--server"]),
        (
            "no tokens",
            &["--tokens", tokens.to_str().unwrap()],
            FAILED,
            &["no-tokens.toml", "'chappe init' writes one"],
        ),
    ];
    for (case, more, code, says) in commands {
        assert_said(case, &submit(&bystander, &file, more), code, says);
        bystander.is_unharmed(case).await;
    }
    bystander.stop().await;
}
