#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

fn read(pattern: &str) -> Vec<(String, String)> {
    let terms = terms(pattern).unwrap().into_iter();
    terms.map(|term| (term.path, term.value)).collect()
}

fn refused(pattern: &str) -> (usize, String) {
    let error = terms(pattern).unwrap_err();
    (error.column, error.why)
}

#[test]
fn values_are_found_in_every_form_that_only_asks_for_them() {
    let pair = |path: &str, value: &str| (path.to_owned(), value.to_owned());
    let ip = pair("ipv4-addr:value", "192.0.2.1");
    for pattern in [
        "[ipv4-addr:value = '192.0.2.1']",
        "  [ ipv4-addr:value='192.0.2.1' ]\n",
        "([(ipv4-addr:value = '192.0.2.1')])",
        "[ipv4-addr:value IN ('192.0.2.1')]",
    ] {
        assert_eq!(read(pattern), std::slice::from_ref(&ip), "{pattern}");
    }
    assert_eq!(
        read(
            r"[file:hashes.'SHA-256' = 'ab' AND file:hashes.MD5 = 'cd'] OR [url:value IN ('a\'b', 'c\\d')] AND [domain-name:value = 'e']"
        ),
        [
            pair("file:hashes.SHA-256", "ab"),
            pair("file:hashes.MD5", "cd"),
            pair("url:value", "a'b"),
            pair("url:value", "c\\d"),
            pair("domain-name:value", "e"),
        ]
    );
    assert_eq!(
        read("[autonomous-system:number = 64500]"),
        [pair("autonomous-system:number", "64500")]
    );
    assert_eq!(
        read("[email-message:to_refs[*].value = 'a' OR network-traffic:dst_ref.value = 'b']"),
        [
            pair("email-message:to_refs[*].value", "a"),
            pair("network-traffic:dst_ref.value", "b")
        ]
    );
}

#[test]
fn whatever_asks_for_more_is_refused_with_its_place() {
    for (pattern, column, says) in [
        ("[ipv4-addr:value != '192.0.2.1']", 18, "!: only values"),
        ("[NOT ipv4-addr:value = '192.0.2.1']", 2, "NOT"),
        ("[ipv4-addr:value NOT = '192.0.2.1']", 18, "NOT"),
        ("[ipv4-addr:value ISSUBSET '192.0.2.0/24']", 18, "ISSUBSET"),
        ("[url:value LIKE 'http://%']", 12, "LIKE"),
        ("[url:value MATCHES '^a']", 12, "MATCHES"),
        ("[file:size > 10]", 12, ">"),
        ("[file:size = 10]", 14, "10"),
        ("[url:value = 'a'] FOLLOWEDBY [url:value = 'b']", 19, "FOLLOWEDBY"),
        ("[url:value = 'a'] WITHIN 5 SECONDS", 19, "WITHIN"),
        ("[url:value = 'a'] REPEATS 2 TIMES", 19, "REPEATS"),
        ("[EXISTS url:value]", 2, "EXISTS"),
        ("[url:value = b'YQ==']", 14, "b"),
        ("[url:value = t'2020-01-01T00:00:00Z']", 14, "t"),
    ] {
        let (found, why) = refused(pattern);
        assert_eq!(found, column, "{pattern}: {why}");
        assert!(why.starts_with(says), "{pattern}: {why}");
    }
}

#[test]
fn a_broken_pattern_is_refused_with_its_place() {
    for (pattern, column, says) in [
        ("", 1, "the pattern ends"),
        ("[url:value = 'a'", 17, "the pattern ends"),
        ("[url:value = 'a", 14, "a text that does not end"),
        ("[url:value = 'a\\'", 14, "a text that does not end"),
        ("url:value = 'a'", 1, "url:value"),
        ("[url:value = 'a']]", 18, "]"),
        ("[url:value IN ('a' 'b')]", 20, "b"),
    ] {
        let (found, why) = refused(pattern);
        assert_eq!(found, column, "{pattern}: {why}");
        assert!(why.starts_with(says), "{pattern}: {why}");
    }
    let deep = format!("{}[url:value = 'a']{}", "(".repeat(100), ")".repeat(100));
    assert!(refused(&deep).1.contains("parentheses"));
    assert!(refused(&"[".repeat(MAX_PATTERN_BYTES + 1)).1.contains("longer than"));
}
