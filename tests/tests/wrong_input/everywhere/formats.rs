//! Reports in every format, and mappings. All with `--dry-run`: what is sound changes nothing either.

use super::{DONE, FAILED, Kind, MARK, REFUSED, with};

const SUBMIT: &str = "submit {file} --dry-run {at}";
const FILL: &str = "submit {file} --dry-run {at} --tlp amber --countries FR";
const TABLE: &str = "submit {file} --dry-run {at} --tlp amber --countries FR --mapping m.toml";
/// More than a report, or a field, can hold.
const LARGE: usize = 20_000_000;

const OWN: &str = r#"{"report_key": "k", "incident_type": "fraud/phishing", "tlp": "amber", "countries": ["FR"]}"#;

/// A report with something more.
fn more(member: &str) -> String {
    OWN.replace('}', &format!(",\n{member}}}"))
}

#[rustfmt::skip]
pub(super) fn own() -> Vec<Kind> {
    let of = |name, bytes: Vec<u8>, code, says| Kind::new(name, SUBMIT, ("own.json", bytes), code, says);
    let lines = format!("{OWN}\r\n{}\r\n", OWN.replace("\"k\"", "\"l\""));
    let order = r#"{"countries": ["FR"], "tlp": "amber", "incident_type": "fraud/phishing", "report_key": "k"}"#;
    let large = more(&format!("\"title\": \"{}\"", "x".repeat(LARGE)));
    vec![
        of("own: a mark", [MARK, OWN.as_bytes()].concat(), DONE, &["1 report: 1 sound"]),
        of("own: CRLF", lines.into(), DONE, &["2 reports: 2 sound"]),
        of("own: another order", order.into(), DONE, &["1 sound"]),
        of("own: NUL", more("\"title\": \"a\0b\"").into(), REFUSED, &["line 2, column 11: control character"]),
        of("own: NUL, escaped", more(r#""title": "a\u0000b""#).into(), REFUSED, &["k: incident.title: holds a control character"]),
        of("own: no UTF-8", with(&OWN.replace('}', ",\n"), b"\"title\": \"\xff\"}", ""), REFUSED, &["byte 102 (line 2)", "iconv -f"]),
        of("own: a key twice", more("\"tlp\": \"red\"").into(), REFUSED, &["line 2, column 5: duplicate field `tlp`"]),
        of("own: too large a number", more("\"revision\": 4294967296").into(), REFUSED, &["line 2, column 22: ", "expected u32"]),
        of("own: a negative number", more("\"revision\": -1").into(), REFUSED, &["line 2, column 14: ", "`-1`"]),
        of("own: a fraction", more("\"revision\": 1.5").into(), REFUSED, &["line 2, column 15: ", "`1.5`"]),
        of("own: no such day", more("\"detected_at\": \"2026-02-30T00:00:00Z\"").into(), REFUSED, &["line 2, column 38: ", "write RFC 3339"]),
        of("own: no zone", more("\"detected_at\": \"2026-03-02T06:15:00\"").into(), REFUSED, &["line 2, column 37: ", "write RFC 3339"]),
        of("own: before 1970", more("\"detected_at\": \"1969-12-31T00:00:00Z\"").into(), REFUSED, &["no time since 1970"]),
        of("own: 20 MB in a line", large.into(), REFUSED, &["k: 20000064 bytes encoded: at most 1048576; split the report"]),
        of("own: a text for a list", OWN.replace("[\"FR\"]", "\"FR\"").into(), REFUSED, &["line 1, column 88: ", "expected a sequence"]),
        of("own: a list in a list", format!("[[{OWN}]]").into(), REFUSED, &["line 1, column 2: invalid type"]),
        of("own: nothing", b"null".into(), REFUSED, &["top level: neither an object nor a list"]),
        of("own: a text", b"\"x\"".into(), REFUSED, &["top level: ", "give a MISP event"]),
        of("own: more behind it", format!("{OWN}\nx").into(), REFUSED, &["1 sound, 1 not read", "line 2, column 1: expected value"]),
        of("own: ends before it begins", more("\"occurred_from\": \"2026-03-02T00:00:00Z\", \"occurred_to\": \"2026-03-01T00:00:00Z\"").into(), REFUSED, &["k: incident.occurred_to: ", "lies before occurred_from"]),
    ]
}

fn event(attributes: &str) -> String {
    format!(
        "{{\"Event\": {{\"uuid\": \"5f0c7d1e-0000-4000-8000-000000000001\", \"timestamp\": \"1601564930\",\n\"info\": \"x\", \"Attribute\": [{attributes}]}}}}"
    )
}

const DOMAIN: &str = r#"{"type": "domain", "value": "bad.example"}"#;

#[rustfmt::skip]
pub(super) fn misp() -> Vec<Kind> {
    let of = |name, bytes: Vec<u8>, code, says| Kind::new(name, FILL, ("event.json", bytes), code, says);
    let sound = event(DOMAIN);
    let bare = sound["{\"Event\": ".len()..sound.len() - 1].to_owned();
    let order = format!(
        r#"{{"Event": {{"Attribute": [{DOMAIN}], "uuid": "5f0c7d1e-0000-4000-8000-000000000001", "timestamp": 5}}}}"#
    );
    let comment = format!(r#"{{"type": "comment", "value": "{}"}}"#, "x".repeat(LARGE));
    let sighted = DOMAIN.replace('}', r#", "Sighting": [{"type": "7", "date_sighting": "never"}]}"#);
    vec![
        of("MISP: a mark", [MARK, sound.as_bytes()].concat(), DONE, &["1 item read, 0 skipped): 1 sound"]),
        of("MISP: CRLF", sound.replace('\n', "\r\n").into(), DONE, &["1 sound"]),
        of("MISP: a bare event", bare.into(), DONE, &["1 sound"]),
        of("MISP: another order", order.into(), DONE, &["1 sound"]),
        of("MISP: an unknown type", event(r#"{"type": "flavour", "value": "x"}"#).into(), DONE, &["1 × not an indicator type"]),
        of("MISP: an attribute that is none", event("7").into(), DONE, &["1 × malformed: not an object"]),
        of("MISP: a negative time", sound.replace("1601564930", "-5").into(), DONE, &["no usable timestamp"]),
        of("MISP: no such day", sound.replace("\"info\"", "\"date\": \"2020-02-31\", \"info\"").into(), DONE, &["the date 2020-02-31 is no day"]),
        of("MISP: a sighting that is none", event(&sighted).into(), DONE, &["1 item read"]),
        of("MISP: no UTF-8", with(&sound[..96], b"\xc3(", "\"}}"), REFUSED, &["(line 2)", "iconv -f"]),
        of("MISP: NUL", sound.replace("\"x\"", "\"\0\"").into(), REFUSED, &["line 2, column 9: control character"]),
        of("MISP: 100,001 items", event(&"7,".repeat(100_001)[..200_001]).into(), REFUSED, &["Event: 100001 attributes", "split the event"]),
        of("MISP: 20 MB in a line", event(&format!("{comment}, {DOMAIN}")).into(), DONE, &["1 item read, 1 skipped"]),
        of("MISP: one of two", format!("[{sound}, {{\"Event\": {{\"info\": \"x\"}}}}]").into(), REFUSED, &["1 sound, 1 not read", "[1].Event: no uuid"]),
        of("MISP: cut off", sound[..90].into(), REFUSED, &["line 2, column ", "cut off, fetch it again"]),
        of("MISP: 1,001 indicators", event(&many()).into(), REFUSED, &["(x): 1001 indicators", "at most 1000: split it"]),
    ]
}

fn many() -> String {
    let one = |i: usize| format!(r#"{{"type": "domain", "value": "n{i}.example"}}"#);
    (0..1_001).map(one).collect::<Vec<_>>().join(",")
}

fn indicator(pattern: &str) -> String {
    format!(
        "{{\"type\": \"indicator\", \"id\": \"indicator--1\", \"modified\": \"2026-03-02T06:15:00Z\",\n\"pattern_type\": \"stix\", \"pattern\": \"{pattern}\"}}"
    )
}

const IDEA: &str =
    "{\"Format\": \"IDEA0\", \"ID\": \"i\", \"DetectTime\": \"2026-03-02T06:15:00Z\", \"Category\": [\"Test\"]}";

#[rustfmt::skip]
pub(super) fn stix_and_idea() -> Vec<Kind> {
    let stix = |name, bytes: Vec<u8>, code, says| Kind::new(name, FILL, ("bundle.json", bytes), code, says);
    let idea = |name, bytes: Vec<u8>, code, says| Kind::new(name, FILL, ("idea.json", bytes), code, says);
    let sound = indicator("[domain-name:value = 'bad.example']");
    let deep = format!("[{}domain-name:value = 'a.example'{}]", "(".repeat(40), ")".repeat(40));
    let long = format!("[domain-name:value = '{}']", "a".repeat(300_000));
    let one = |i: usize| format!(r#"{{"type": "domain-name", "id": "domain-name--{i}", "value": "n{i}.example"}}"#);
    let loose: Vec<String> = (0..1_001).map(one).collect();
    let loose = format!(r#"{{"type": "bundle", "objects": [{}]}}"#, loose.join(","));
    vec![
        stix("STIX: a mark", [MARK, sound.as_bytes()].concat(), DONE, &["1 sound"]),
        stix("STIX: CRLF", sound.replace('\n', "\r\n").into(), DONE, &["1 sound"]),
        stix("STIX: no type", br#"{"type": "bundle", "objects": [{"id": "x"}]}"#.into(), REFUSED, &["objects[0]: ", "nothing to report"]),
        stix("STIX: an object that is none", format!("{{\"type\": \"bundle\", \"objects\": [7, {sound}]}}").into(), DONE, &["1 × malformed: not an object"]),
        stix("STIX: a pattern that asks for more", indicator("[domain-name:value LIKE 'bad%']").into(), DONE, &["pattern, column 20: LIKE"]),
        stix("STIX: a pattern, cut off", indicator("[domain-name:value = 'bad").into(), DONE, &["pattern, column 22: a text that does not end"]),
        stix("STIX: a deep pattern", indicator(&deep).into(), DONE, &["pattern, column 33: more than 32 parentheses"]),
        stix("STIX: a long pattern", indicator(&long).into(), DONE, &["longer than 262144 bytes: split it"]),
        stix("STIX: no such month", sound.replace("-03-02T", "-13-02T").into(), DONE, &["no object says when it was modified"]),
        stix("STIX: revoked", sound.replace("\"id\"", "\"revoked\": true, \"id\"").into(), REFUSED, &["was revoked: retract", "stix:indicator--1"]),
        stix("STIX: a number for an id", sound.replace("\"indicator--1\"", "7").into(), REFUSED, &["top level: ", "a STIX 2 bundle"]),
        stix("STIX: 1,001 indicators that nothing holds together", loose.into(), REFUSED, &["stix:objects--", "1001 indicators", "by reports or groupings"]),
        idea("IDEA: a mark", [MARK, IDEA.as_bytes()].concat(), DONE, &["1 sound"]),
        idea("IDEA: CRLF", format!("{IDEA}\r\n{}\r\n", IDEA.replace("\"i\"", "\"j\"")).into(), DONE, &["2 sound"]),
        idea("IDEA: another format", IDEA.replace("IDEA0", "IDEA1").into(), REFUSED, &["Format: not IDEA0", "give IDEA messages"]),
        idea("IDEA: no zone", IDEA.replace("00Z", "00").into(), REFUSED, &["DetectTime: ", "write RFC 3339"]),
        idea("IDEA: a number for a category", IDEA.replace("\"Test\"", "7").into(), REFUSED, &["Category: give at least one"]),
        idea("IDEA: the second line, cut off", format!("{IDEA}\n{}\n", &IDEA[..40]).into(), REFUSED, &["1 sound, 1 not read", "line 2, column 40"]),
    ]
}

const MAPPING: &str = "source = \"t\"\nformat = \"csv\"\nkey = [\"k\"]\n[columns]\nk = \"ignore\"\na = \"host\"\ns = { as = \"occurred-from\", form = \"utc\" }\n";

#[rustfmt::skip]
pub(super) fn tables() -> Vec<Kind> {
    let csv =
        |name, text: &str, code, says| Kind::new(name, TABLE, ("rows.csv", text), code, says).beside("m.toml", MAPPING);
    let lines = |name, text: &str, says| {
        let mapping = MAPPING.replace("csv", "json-lines").replace("s = {", "t = {");
        Kind::new(name, TABLE, ("rows.json", text), REFUSED, says).beside("m.toml", mapping)
    };
    let mut no_text = b"k,a,s\n1,bad.example,\n2,".to_vec();
    no_text.extend(b"\xff,\n");
    vec![
        csv("CSV: a mark", "\u{feff}k,a,s\n1,bad.example,2026-03-02 06:15\n", DONE, &["1 sound"]),
        csv("CSV: CRLF, and no such day", "k,a,s\r\n1,bad.example,2026-03-02 06:15\r\n2,bad.example,2026-02-30 06:15\r\n", REFUSED, &["1 sound, 1 not read", "line 3, column s: "]),
        csv("CSV: a column too few", "k,a\n1,bad.example\n", REFUSED, &["line 1, column 2: ", "which the file has not"]),
        csv("CSV: a column too many", "k,a,s,z\n1,bad.example,,\n", REFUSED, &["line 1, column 4: ", "or \"ignore\""]),
        csv("CSV: a short row", "k,a,s\n1,bad.example\n", REFUSED, &["line 2: 2 columns, not 3"]),
        csv("CSV: a quotation mark too few", "k,a,s\n1,\"bad.example,\n2,,\n", REFUSED, &["line 2: ", "is a quotation mark or a separator missing?"]),
        csv("CSV: NUL", "k,a,s\n1,bad\0.example,\n", DONE, &["1 skipped", "holds a control character: remove it"]),
        csv("CSV: 20 MB in a cell", &format!("k,a,s\n1,{},\n", "x".repeat(LARGE)), DONE, &["1 skipped", "too long"]),
        csv("CSV: empty", "", REFUSED, &["line 1: empty: give a line with the names"]),
        csv("CSV: names alone", "k,a,s\n", DONE, &["0 reports"]),
        csv("CSV: a value that is none", "k,a,s\n1,localhost,\n", DONE, &["1 skipped", "give a full domain name"]),
        csv("CSV: a long key", &format!("k,a,s\n{},bad.example,\n", "x".repeat(300)), REFUSED, &["line 2: a key of 302 bytes: at most 256"]),
        Kind::new("CSV: no UTF-8", TABLE, ("rows.csv", no_text), REFUSED, &["(line 3)", "iconv -f"])
        .beside("m.toml", MAPPING),
        lines("JSON lines: a list", "[1]\n", &["not an object: give one JSON object a line"]),
        lines("JSON lines: not mapped", "{\"k\": 1, \"b\": 2}\n", &["line 1: the mapping does not name b"]),
        lines("JSON lines: cut off", "{\"k\": 1, \"a\": \"bad.example\"}\n{\"k\": \n", &["1 sound, 1 not read", "cut off, fetch it again"]),
        lines("JSON lines: no key", "{\"a\": \"bad.example\"}\n", &["line 1: column k: empty, and part of the key"]),
        lines("JSON lines: an object for a value", "{\"k\": 1, \"a\": {\"b\": [{}]}}\n", &["line 1: "]),
    ]
}

#[rustfmt::skip]
pub(super) fn mappings() -> Vec<Kind> {
    let of = |name, mapping: Vec<u8>, code, says| {
        // The mapping is what is wrong, and so what the answer names.
        let line = "submit rows.csv --dry-run {at} --tlp amber --countries FR --mapping {file}";
        Kind::new(name, line, ("map.toml", mapping), code, says).beside("rows.csv", "k,a,s\n1,bad.example,\n")
    };
    let large = format!("{MAPPING}#{}", "x".repeat(1_100_000));
    vec![
        of("mapping: an unknown key", MAPPING.replace("key =", "keey =").into(), FAILED, &["line 3, column 1: unknown field `keey`, expected one of `source`"]),
        of("mapping: an unknown role", MAPPING.replace("\"host\"", "\"hosst\"").into(), FAILED, &["line 6, column 5: unknown variant `hosst`, expected one of `indicator`"]),
        of("mapping: an unknown form", MAPPING.replace("\"utc\"", "\"uct\"").into(), FAILED, &["line 7, column ", "unknown variant `uct`, expected one of `rfc3339`"]),
        of("mapping: a number for a role", MAPPING.replace("\"host\"", "7").into(), FAILED, &["line 6, column 5: ", "a role such as \"ip\""]),
        of("mapping: cut off", MAPPING[..40].into(), FAILED, &["line 1, column 1: missing field `columns`"]),
        of("mapping: two separators", MAPPING.replace("[columns]", "separator = \";;\"\n[columns]").into(), FAILED, &["line 4, column 13: ", "expected a character"]),
        of("mapping: no key", MAPPING.replace("key = [\"k\"]\n", "").into(), FAILED, &["missing field `key`"]),
        of("mapping: a key that is no column", MAPPING.replace("[\"k\"]", "[\"q\"]").into(), FAILED, &["key: q is no column", "as \"ignore\""]),
        of("mapping: a column twice", MAPPING.replace("a = \"host\"", "a = \"host\"\na = \"ip\"").into(), FAILED, &["line 7, column 1: duplicate key"]),
        of("mapping: empty", Vec::new(), FAILED, &["missing field `source`"]),
        of("mapping: no UTF-8", with("source = \"", b"\xff", "\"\n"), FAILED, &["byte 10 (line 1)", "iconv -f"]),
        of("mapping: a mark", [MARK, MAPPING.as_bytes()].concat(), DONE, &["1 sound"]),
        of("mapping: CRLF", MAPPING.replace('\n', "\r\n").into(), DONE, &["1 sound"]),
        of("mapping: over 1 MiB", large.into(), FAILED, &["bytes: a mapping has at most 1048576"]),
    ]
}
