//! Refusals of `chappe.toml`: each names the file, the line and what to do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use chappe::Config;
use chappe_model::Budget;

const MEMBER: &str =
    "[[members]]\nid = \"csirt-at\"\ncountry = \"AT\"\ntoken-digest = \"00112233445566778899aabbccddeeff\"\n";

fn parse(text: &str) -> Result<Config, chappe::ConfigError> {
    Config::parse(text, Path::new("chappe.toml"), Path::new("folder"))
}

#[test]
fn a_small_file_has_every_default() {
    let config = parse(MEMBER).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:7600");
    assert_eq!(config.data, Path::new("folder/chappe-data"));
    assert!(config.metrics.is_none() && config.policy.is_none());
    assert!(config.shards >= 1);
    assert_eq!(config.budget, Budget::default());
    let set = parse(&format!("memory-mib = 64\n{MEMBER}")).unwrap();
    assert_eq!(set.budget, Budget::of_mib(64).unwrap());
    assert_eq!(config.members[0].principal.home.unwrap().as_str(), "AT");
}

#[test]
fn every_refusal_names_its_line_and_the_way_on() {
    let second = MEMBER.replace("csirt-at", "csirt-be").replace("00112233", "ffeeddcc");
    let cases: Vec<(String, usize, &str)> = vec![
        (format!("listen = \"0.0.0.0:7600\"\n{MEMBER}"), 1, "without TLS"),
        (format!("listen = \"7600\"\n{MEMBER}"), 1, "no address with a port"),
        (format!("\nmetrics = \"192.0.2.1:1\"\n{MEMBER}"), 2, "loopback"),
        (
            format!("[taxii]\nlisten = \"0.0.0.0:7610\"\n{MEMBER}"),
            2,
            "serves TAXII in plain text on loopback only",
        ),
        (format!("[taxii]\n{MEMBER}"), 1, "missing field `listen`"),
        (format!("lisen = \"127.0.0.1:1\"\n{MEMBER}"), 1, "unknown field `lisen`"),
        (format!("shards = 65\n{MEMBER}"), 1, "1 to 64"),
        (format!("shards = 0\n{MEMBER}"), 1, "1 to 64"),
        (format!("memory-mib = 0\n{MEMBER}"), 1, "0 MiB of memory: 64 to 1048576"),
        (format!("memory-mib = 1048577\n{MEMBER}"), 1, "64 to 1048576"),
        (format!("memory-mib = -1\n{MEMBER}"), 1, "expected u32"),
        (format!("shards = \"two\"\n{MEMBER}"), 1, "expected usize"),
        ("listen = \n".into(), 1, "value"),
        ("".into(), 1, "chappe init"),
        (MEMBER.replace("\"AT\"", "\"UK\""), 3, "GB"),
        (MEMBER.replace("csirt-at", "CSIRT AT"), 2, "a-z, 0-9"),
        (MEMBER.replace("eeff", "EEFX"), 4, "32 lower-case hexadecimal digits"),
        (format!("{MEMBER}role = \"boss\"\n"), 5, "duty-officer"),
        (format!("{MEMBER}{MEMBER}"), 5, "stands twice"),
        (
            format!("{MEMBER}{}", second.replace("ffeeddcc", "00112233")),
            8,
            "same token",
        ),
        (
            format!("{MEMBER}[policy]\nlateness-seconds = 86401\n"),
            6,
            "at most 86400",
        ),
        (
            format!("{MEMBER}[policy]\nunmarked-as-red = [\"nobody\"]\n"),
            6,
            "not a member",
        ),
        (
            format!("{MEMBER}[policy]\n[policy.cross-border]\ncountries = 0\n"),
            5,
            "at least 1",
        ),
        (
            format!("{MEMBER}[policy.cross-border]\nwindow-hours = 2161\n"),
            5,
            "longer than 90 days",
        ),
        (
            format!("{MEMBER}[policy.cross-borders]\n"),
            5,
            "unknown field `cross-borders`",
        ),
        (format!("{MEMBER}[quotas]\nburst = 0\n"), 6, "at least 1"),
    ];
    for (text, line, says) in cases {
        let error = parse(&text).expect_err(&text);
        let message = error.to_string();
        assert_eq!(error.place().unwrap().0, line, "{message}\nof\n{text}");
        assert!(message.starts_with("chappe.toml:"), "{message}");
        assert!(message.contains(says), "{says:?} is not in {message:?}");
    }
}

#[test]
fn thresholds_of_the_file_are_in_the_policy() {
    let config = parse(&format!(
        "{MEMBER}[policy.cross-border]\ncountries = 5\nwindow-hours = 48\n[policy.urgent]\nquota = 2\n"
    ))
    .unwrap();
    let policy = config.policy.unwrap().to_policy(vec![]).unwrap();
    let rule = policy.rules().iter().find(|rule| &*rule.id == "cross-border").unwrap();
    assert_eq!((rule.when.bounds.at_least, rule.when.within_ms), (5, 48 * 3_600_000));
    assert_eq!(
        &*rule.condition,
        "the same indicator in 5 or more attested countries within 48 hours"
    );
    assert_eq!(
        policy.rules().iter().find(|rule| &*rule.id == "urgent").unwrap().quota,
        2
    );
}

#[test]
fn a_token_pasted_for_its_digest_is_not_repeated() {
    let message = parse(&MEMBER.replace("00112233445566778899aabbccddeeff", "my-secret-token"))
        .unwrap_err()
        .to_string();
    assert!(!message.contains("my-secret-token"), "{message}");
}

const RULE: &str = "title: T\nname: b\nlogsource: {product: chappe}\ndetection: {s: {severity: high}, condition: s}\n---\ntitle: C\nname: urgent\ncorrelation: {type: event_count, rules: [b], group-by: [indicator], timespan: 1h, condition: {gte: 2}}\n";

fn in_folder(folder: &Path, policy: &str) -> Result<Config, chappe::ConfigError> {
    Config::parse(&format!("{MEMBER}[policy]\n{policy}"), Path::new("chappe.toml"), folder)
}

#[test]
fn rules_of_files_take_the_place_of_built_in_ones() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.yml"), RULE).unwrap();
    let config = in_folder(folder.path(), "rules = [\"*.yml\", \"own.yml\"]\n").unwrap();
    let section = config.policy.unwrap();
    assert_eq!(section.rules.len(), 1, "a file that is named twice is read once");
    let policy = section.to_policy(vec![]).unwrap();
    let ids: Vec<&str> = policy.rules().iter().map(|rule| &*rule.id).collect();
    assert_eq!(ids, ["cross-border", "cross-border-critical-sector", "urgent"]);
    assert_eq!(policy.rules()[2].kind, chappe_model::AlertKind::Rule);
}

#[test]
fn rules_that_cannot_be_in_force_are_refused_at_their_place() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.yml"), RULE).unwrap();
    std::fs::write(
        folder.path().join("bad.yml"),
        RULE.replace("high", "hihg").replace("1h", "1w"),
    )
    .unwrap();
    let refused = |policy: &str| in_folder(folder.path(), policy).unwrap_err().to_string();
    let faults = refused("rules = [\"bad.yml\"]\n");
    let lines: Vec<&str> = faults.lines().collect();
    assert!(
        lines.len() == 2 && lines[0].ends_with("bad.yml:4:27: 'hihg' is no value of 'severity': did you mean 'high'?"),
        "{faults}"
    );
    assert!(lines[1].contains("bad.yml:8:"), "{faults}");
    let gone = refused("rules = [\"own.yml\", \"rules/*.yml\"]\n");
    assert!(gone.starts_with("chappe.toml:6:"), "{gone}");
    let none = refused("rules = [\"*.yaml\"]\n");
    assert!(
        none.starts_with("chappe.toml:6:10: ") && none.contains("no file is called like that"),
        "{none}"
    );
    let twice = refused("rules = [\"own.yml\"]\n[policy.urgent]\nquota = 3\n");
    assert!(
        twice.starts_with("chappe.toml:7:") && twice.contains("takes the place of the built-in one"),
        "{twice}"
    );
}

const LIST: &str =
    r#"{"name": "N", "version": 3, "type": "cidr", "list": ["203.0.113.0/24", "::1"], "description": "ignored"}"#;

#[test]
fn warning_lists_are_read_from_files_and_folders_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("lists/dns")).unwrap();
    std::fs::write(folder.path().join("lists/dns/list.json"), LIST).unwrap();
    std::fs::write(folder.path().join("more.json"), LIST.replace("\"N\"", "\"M\"")).unwrap();
    let phones = LIST.replace("cidr\"", "regex\", \"matching_attributes\": [\"phone-number\"]");
    std::fs::write(folder.path().join("phones.json"), phones).unwrap();
    let names = "warning-lists = [\"lists/\", \"more.json\", \"*.json\"]\n";
    let section = in_folder(folder.path(), names).unwrap().policy.unwrap();
    let lists = &section.warning_lists;
    let read: Vec<_> = lists.lists.iter().map(|list| (&*list.name, list.entries())).collect();
    assert_eq!(read, [("N 3", 2), ("M 3", 2)]);
    assert_eq!(lists.skipped.len(), 1);
    assert!(!section.link_campaigns, "naming lists turns nothing on");
    let none = in_folder(folder.path(), "warning-lists = []\n")
        .unwrap()
        .policy
        .unwrap();
    assert!(none.warning_lists.lists.is_empty());
}

#[test]
fn warning_lists_that_cannot_be_in_force_are_refused_at_their_place() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.json"), LIST).unwrap();
    std::fs::write(folder.path().join("bad.json"), LIST.replace("::1", "::x")).unwrap();
    std::fs::write(folder.path().join("feed.json"), "{\"Event\": {}}").unwrap();
    std::fs::create_dir(folder.path().join("none")).unwrap();
    let refused = |names: &str| {
        let names = format!("warning-lists = [\"good.json\", {names}]\n");
        let error = in_folder(folder.path(), &names).unwrap_err().to_string();
        error
            .lines()
            .next()
            .unwrap()
            .replace(&folder.path().display().to_string(), "F")
    };
    for (names, says) in [
        (
            "\"bad.json\"",
            "F/bad.json: warning list 'N', entry 2: '::x' is no address or prefix",
        ),
        (
            "\"feed.json\"",
            "F/feed.json: no warning list in MISP's format: missing field `name` at line 1 column 13",
        ),
        ("\"gone.json\"", "F/gone.json: No such file or directory (os error 2)"),
        ("\"none\"", "F/none: the folder holds no *.json"),
        ("\"gone/*.json\"", "F/gone: No such file or directory (os error 2)"),
        (
            "\"*/list.json\"",
            "F/*/list.json: * and ? may stand in the name of the file only",
        ),
    ] {
        assert_eq!(refused(names), format!("chappe.toml:6:31: {says}"));
    }
    let wrong = refused("7");
    assert!(
        wrong.starts_with("chappe.toml:6:31: invalid type: integer `7`"),
        "{wrong}"
    );
}
