//! Configurations, rules, dependencies, constituencies, warning lists, lists to hunt for, counts, recorded reports, tokens.

use super::{DONE, FAILED, Kind, MARK, REFUSED, with};

const MEMBER: &str =
    "[[members]]\nid = \"csirt-at\"\ncountry = \"AT\"\ntoken-digest = \"00112233445566778899aabbccddeeff\"\n";
const RULE: &str = "title: B\nname: b\nlogsource: {product: chappe}\ndetection: {s: {severity: high}, condition: s}\n---\ntitle: C\nname: c\ncorrelation: {type: event_count, rules: [b], group-by: [indicator], timespan: 1h, condition: {gte: 2}}\n";
/// Levels of brackets: far more than any reader's stack could hold.
const DEEP: usize = 100_000;

fn deep(before: &str) -> Vec<u8> {
    format!("{before}{}", "[".repeat(DEEP)).into_bytes()
}

fn comment(bytes: usize) -> Vec<u8> {
    format!("#{}", "x".repeat(bytes)).into_bytes()
}

#[rustfmt::skip]
pub(super) fn configurations() -> Vec<Kind> {
    let of = |name, bytes: Vec<u8>, code, says| {
        Kind::new(name, "config check --config {file}", ("conf.toml", bytes), code, says)
    };
    let first = |name, line: &str, says| of(name, format!("{line}\n{MEMBER}").into(), REFUSED, says);
    vec![
        first("configuration: an unknown key", "lisen = \"x\"", &["conf.toml:1:1: unknown field `lisen`: did you mean 'listen'?"]),
        first("configuration: out of range", "shards = 65", &["conf.toml:1:10: 65 shards: 1 to 64"]),
        first("configuration: of another kind", "shards = \"two\"", &["conf.toml:1:10: ", "'shards' takes 1 to 64 threads"]),
        first("configuration: a fraction", "shards = 1e3", &["conf.toml:1:10: ", "'shards' takes 1 to 64 threads"]),
        first("configuration: a number that no machine has", "memory-mib = 99999999999", &["'memory-mib' takes 64 to 1048576 MiB"]),
        first("configuration: a key twice", "shards = 1\nshards = 2", &["conf.toml:2:1: duplicate key"]),
        first("configuration: no such day", "listen = 2026-02-30", &["conf.toml:1:10: invalid date"]),
        first("configuration: open to all", "listen = \"0.0.0.0:1\"", &["conf.toml:1:10: 0.0.0.0:1 is not a loopback address"]),
        of("configuration: an unknown table", format!("{MEMBER}[polisy]\n").into(), REFUSED, &["conf.toml:5:2: ", "did you mean 'policy'?"]),
        of("configuration: a mark", [MARK, MEMBER.as_bytes()].concat(), DONE, &["sound: conf.toml with 1 member"]),
        of("configuration: CRLF", MEMBER.replace('\n', "\r\n").into(), DONE, &["sound: "]),
        of("configuration: CRLF, and wrong", format!("{MEMBER}rol = \"hub\"\n").replace('\n', "\r\n").into(), REFUSED, &["conf.toml:5:1: ", "did you mean 'role'?"]),
        of("configuration: no UTF-8", with(MEMBER, b"# \xff\n", ""), REFUSED, &["conf.toml:5: not UTF-8: convert it"]),
        of("configuration: NUL", with("", b"\0", MEMBER), REFUSED, &["conf.toml:1:"]),
        of("configuration: 5 MiB", comment(5 << 20), REFUSED, &["5242881 bytes: at most 4194304 are read"]),
        of("configuration: deep", deep("x = "), REFUSED, &["conf.toml:1:", "recurse"]),
        of("configuration: cut off", MEMBER[..60].into(), REFUSED, &["conf.toml:4:18: "]),
        of("configuration: JSON", b"{\"listen\": \"x\"}".into(), REFUSED, &["conf.toml:1:1: "]),
        of("configuration: empty", vec![], REFUSED, &["conf.toml:1:1: no members", "chappe init"]),
        Kind::new("configuration: what serve says", "serve --config {file}", ("conf.toml", "shards = 0\n"), FAILED, &["conf.toml:1:1: no members"]),
    ]
}

#[rustfmt::skip]
pub(super) fn rules() -> Vec<Kind> {
    let of = |name, bytes: Vec<u8>, code, says| Kind::new(name, "rules check {file}", ("rules.yml", bytes), code, says);
    let wrong = |name, text: &str, says| of(name, text.into(), REFUSED, says);
    vec![
        wrong("rules: a tab", "title: T\n\tname: b\n", &["rules.yml:1:8: not YAML as it should be"]),
        wrong("rules: an unknown field", &RULE.replace("severity: high", "severty: high"), &["rules.yml:4:17: ", "did you mean 'severity'?"]),
        wrong("rules: a key twice", &RULE.replacen("title: B\n", "title: B\ntitle: C\n", 1), &["rules.yml:2:1: 'title' stands twice"]),
        wrong("rules: an anchor of itself", "a: &a [*a]\n", &["rules.yml:1:4: an anchor (&)"]),
        wrong("rules: NUL", "title: a\0b\n", &["rules.yml:1:9: ", "unprintable"]),
        wrong("rules: cut off", &RULE[..150], &["rules.yml:9:1: "]),
        wrong("rules: years", &RULE.replace("1h", "1y"), &["rules.yml:8:79: ", "s, m, h or d, such as 90m"]),
        wrong("rules: a cycle", &RULE.replace("rules: [b]", "rules: [c]"), &["rules.yml:8:42: 'c' refers to itself"]),
        wrong("rules: JSON", "{\"a\": 1}", &["rules.yml:1:1: a document with neither 'detection'"]),
        of("rules: no UTF-8", b"title: x\nname: \xff\n".into(), FAILED, &["rules.yml: line 2: not UTF-8: convert it"]),
        of("rules: deep", deep("a: "), REFUSED, &["rules.yml:1:", "recursion limit exceeded"]),
        of("rules: 2 MB", comment(2_000_000), REFUSED, &["at most 262144, split the file"]),
        of("rules: a mark", [MARK, RULE.as_bytes()].concat(), DONE, &["sound: 1 rule"]),
        of("rules: CRLF", RULE.replace('\n', "\r\n").into(), DONE, &["sound: 1 rule"]),
        of("rules: empty", vec![], DONE, &["sound: 0 rules"]),
    ]
}

const DEPENDENCIES: &str = "version = \"1\"\n[sources]\na = \"b\"\n[[dependency]]\non = \"energy\"\nsector = \"health\"\nhours = 12\nwhy = \"w\"\nsources = [\"a\"]\n";
const LIST: &str = r#"{"name": "N", "version": 3, "type": "cidr", "list": ["203.0.113.0/24"]}"#;

#[rustfmt::skip]
pub(super) fn others() -> Vec<Kind> {
    let mut all = dependencies();
    all.extend(constituencies());
    all.extend(warning_lists());
    all.extend(lists_and_counts());
    all
}

#[rustfmt::skip]
fn dependencies() -> Vec<Kind> {
    let of = |name, bytes: Vec<u8>, says| {
        Kind::new(name, "cascade show energy AT --dependencies {file}", ("deps.toml", bytes), FAILED, says)
    };
    let text = |from: &str, to: &str| DEPENDENCIES.replace(from, to).into_bytes();
    vec![
        of("dependencies: an unknown key", text("hours", "ours"), &["deps.toml:7:1: unknown field `ours`: did you mean 'hours'?"]),
        of("dependencies: no such sector", text("\"health\"", "\"helth\""), &["deps.toml:6:10: ", "give one of energy"]),
        of("dependencies: no such source", text("[\"a\"]", "[\"z\"]"), &["deps.toml:9:12: no source is called \"z\""]),
        of("dependencies: no hours", text("12", "0"), &["deps.toml:4:1: ", "1 to 336 hours"]),
        of("dependencies: of itself", text("\"health\"", "\"energy\""), &["energy depends on itself: leave it out"]),
        of("dependencies: cut off", DEPENDENCIES[..60].into(), &["deps.toml:4:1: missing field"]),
        of("dependencies: no UTF-8", b"\n# \xff".into(), &["deps.toml: line 2: not UTF-8: convert it"]),
        of("dependencies: 2 MiB", comment(2 << 20), &["deps.toml: longer than 1048576 bytes"]),
        of("dependencies: deep", deep("x = "), &["deps.toml:1:"]),
    ]
}

#[rustfmt::skip]
fn constituencies() -> Vec<Kind> {
    // The hub's to state; what is wrong with the file comes first.
    let toml = |name, bytes: Vec<u8>, says| {
        Kind::new(name, "member set csirt-fr {file} {at}", ("mine.toml", bytes), FAILED, says)
    };
    let csv = |name, bytes: Vec<u8>, says| {
        Kind::new(name, "member set csirt-fr {file} {at}", ("mine.csv", bytes), FAILED, says)
    };
    vec![
        toml("constituency: an unknown key", b"asns = [1]\n".into(), &["mine.toml:1:1: unknown field `asns`"]),
        toml("constituency: a star", b"domains = [\"bank.at\",\n \"*.bank.at\"]\n".into(), &["mine.toml:2:2: ", "write 'bank.at'"]),
        toml("constituency: too broad", b"networks = [\"::/0\"]\n".into(), &["mine.toml:1:13: ::/0 is too broad"]),
        toml("constituency: a text for a list", b"countries = \"AT\"\n".into(), &["mine.toml:1:13: "]),
        toml("constituency: empty", vec![], &["mine.toml:1:1: ", "give at least one country"]),
        toml("constituency: 5 MiB", comment(5 << 20), &["mine.toml: longer than 4194304 bytes"]),
        csv("constituency: no names of columns", b"knd,entry\n".into(), &["mine.csv:1:1: the first line must be kind,entry"]),
        csv("constituency: CRLF and a remark", b"kind,entry\r\n# x\r\ndomain,*.at\r\n".into(), &["mine.csv:3:1: ", "write 'at'"]),
        csv("constituency: no UTF-8", b"kind,entry\ndomain,\xff\n".into(), &["mine.csv: line 2: not UTF-8: convert it"]),
    ]
}

#[rustfmt::skip]
fn warning_lists() -> Vec<Kind> {
    let of = |name, bytes: Vec<u8>, says| {
        let config = format!("{MEMBER}[policy]\nwarning-lists = [\"list.json\"]\n");
        Kind::new(name, "config check --config warned.toml", ("list.json", bytes), REFUSED, says)
        .beside("warned.toml", config)
    };
    let text = |from: &str, to: &str| LIST.replace(from, to).into_bytes();
    vec![
        of("warning list: cut off", LIST[..30].into(), &["warned.toml:6:18: ", "EOF while parsing a string at line 1 column 30"]),
        of("warning list: no prefix", text("/24", "/99"), &["'N', entry 1: '203.0.113.0/99' is no address or prefix"]),
        of("warning list: no such type", text("cidr", "cidre"), &["of type 'cidre': string, substring, hostname, cidr and regex are matched"]),
        of("warning list: no expression", LIST.replace("cidr", "regex").replace("203.0.113.0/24", "/(/").into(), &["'N', entry 1: unclosed group"]),
        of("warning list: deep", deep("{\"name\": "), &["at line 1 column 9"]),
        of("warning list: an event", b"{\"Event\": {}}".into(), &["no warning list in MISP's format: missing field `name`"]),
        of("warning list: no UTF-8", with("{\"name\": \"", b"\xff", "\"}"), &["at line 1 column 11"]),
    ]
}

#[rustfmt::skip]
fn lists_and_counts() -> Vec<Kind> {
    let hunt = |name, bytes: Vec<u8>, code, says| Kind::new(name, "hunt {file} {at}", ("hunt.txt", bytes), code, says);
    let surge = |name, text: &str, says| {
        Kind::new(name, "surge report {file} --count count --out page.html", ("counts.csv", text), FAILED, says)
    };
    let explain = |name, bytes: Vec<u8>, code, says| {
        Kind::new(name, "rules explain own.yml --input {file} --as csirt-at", ("past.json", bytes), code, says)
        .beside("own.yml", RULE)
    };
    let report =
        r#"{"report_key": "k", "incident_type": "spam", "tlp": "amber", "countries": ["FR"], "at": "yesterday"}"#;
    vec![
        hunt("hunt: what is no value", b"bad.example\r\nnot a value\r\n192.0.2.1/24\r\n".into(), REFUSED, &["hunt.txt:2: ", "write kind:value", "hunt.txt:3: ", "write 192.0.2.0/24", "2 not read"]),
        hunt("hunt: no UTF-8", b"bad.example\n\xff\n".into(), FAILED, &["hunt.txt:2: not UTF-8: convert it"]),
        hunt("hunt: empty", vec![], FAILED, &["hunt.txt names nothing that could be looked for"]),
        surge("counts: no such day", "date,count\n2024-01-01,3\n2024-02-30,4\n", &["counts.csv:3: '2024-02-30' is no date; write it as"]),
        surge("counts: CRLF, and negative", "date,count\r\n2024-01-01,-3\r\n", &["counts.csv:2: '-3' is no count"]),
        surge("counts: a number that no machine has", "date,count\n2024-01-01,99999999999999999999\n", &["counts.csv:2: "]),
        surge("counts: no such column", "date,number\n2024-01-01,3\n", &["counts.csv has no column 'count'; it has date, number"]),
        explain("recorded: no time", report.into(), REFUSED, &["past.json: report 1: 'at': \"yesterday\" is no time"]),
        explain("recorded: no UTF-8", b"\xff".into(), FAILED, &["past.json is not UTF-8"]),
        Kind::new("tokens: not TOML", "alert list --as csirt-fr --tokens {file}", ("tok.toml", "[tokens\n"), FAILED, &["tok.toml: line 1: "]),
        Kind::new("tokens: none", "alert list --as csirt-fr --tokens {file}", ("tok.toml", "[tokens]\n"), FAILED, &["tok.toml has no token of 'csirt-fr'"]),
        Kind::new("replay: a folder that is none", "replay --config whole.toml --data nowhere", ("", ""), FAILED, &["nowhere has no secret.key"])
        .beside("whole.toml", MEMBER),
        Kind::new("replay: a configuration that is none", "replay --config {file}", ("conf.toml", "shards = 0\n"), FAILED, &["conf.toml:1:1: no members"]),
    ]
}
