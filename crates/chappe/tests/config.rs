//! Refusals of `chappe.toml`: each names the file, the line and what to do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use chappe::Config;

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
    assert_eq!(config.members[0].principal.home.unwrap().as_str(), "AT");
}

#[test]
fn every_refusal_names_its_line_and_the_way_on() {
    let second = MEMBER.replace("csirt-at", "csirt-be").replace("00112233", "ffeeddcc");
    let cases: Vec<(String, usize, &str)> = vec![
        (format!("listen = \"0.0.0.0:7600\"\n{MEMBER}"), 1, "no TLS"),
        (format!("listen = \"7600\"\n{MEMBER}"), 1, "no address with a port"),
        (format!("\nmetrics = \"192.0.2.1:1\"\n{MEMBER}"), 2, "loopback"),
        (format!("lisen = \"127.0.0.1:1\"\n{MEMBER}"), 1, "unknown field `lisen`"),
        (format!("shards = 65\n{MEMBER}"), 1, "1 to 64"),
        (format!("shards = 0\n{MEMBER}"), 1, "1 to 64"),
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
