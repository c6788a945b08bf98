//! Files that are made to cost time or memory are read, or refused, like any other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_sigma::{SourceText, limits, load};

#[test]
fn repetition_costs_nothing_special() {
    for piece in [
        "[",
        "]",
        "{",
        "}",
        "- ",
        "? ",
        ": ",
        "a: ",
        "a:\n ",
        "a:\n",
        "'",
        "\"",
        "\"\\x",
        "|\n",
        ">\n ",
        "&a ",
        "*a ",
        "!a ",
        "#",
        "---\n",
        "...\n",
        "%Y\n",
        "\t",
        "\u{e9}",
        "[a, ",
        "{a: ",
        "a: b\n",
        "- a\n",
        "---\na: b\n",
        "a: {b: c}\n---\n",
        "\u{feff}",
        "\r",
        "\r\n",
        "\0",
    ] {
        let text = piece.repeat(limits::FILE_BYTES / piece.len());
        let _ = load(&[SourceText::new("r.yml", &text)]);
    }
}

#[test]
fn maps_are_bounded() {
    let entries: String = (0..=limits::ENTRIES).map(|i| format!("k{i}: v\n")).collect();
    let refused = load(&[SourceText::new("r.yml", &entries)]).unwrap_err().to_string();
    assert_eq!(refused, "r.yml:257:1: more than 256 entries in one map");
}

#[test]
fn many_rules_that_refer_to_each_other_are_followed_once() {
    let count = 500;
    let rule = |i: usize| {
        let next: Vec<String> = (1..=3).map(|step| format!("r{}", (i + step) % count)).collect();
        format!(
            "title: R\nname: r{i}\ncorrelation: {{type: temporal, rules: [{}], group-by: [ip], timespan: 1h}}\n---\n",
            next.join(", ")
        )
    };
    let text: String = (0..count).map(rule).collect();
    let refused = load(&[SourceText::new("r.yml", &text)]).unwrap_err();
    assert_eq!(refused.faults().len(), 1, "one cycle is told once: {refused}");
    assert!(refused.to_string().contains("refers to itself"));
}

#[test]
fn correlations_that_multiply_are_refused() {
    let mut text =
        "title: B\nname: b\nlogsource: {product: chappe}\ndetection: {s: {severity: high}, condition: s}\n".to_owned();
    let body = "group-by: [ip], timespan: 1h, condition: {gte: 1}}";
    for level in 0..3 {
        for i in 0..20 {
            let rules: Vec<String> = if level == 0 {
                vec!["b".into()]
            } else {
                (0..20).map(|j| format!("c{}-{j}", level - 1)).collect()
            };
            text += &format!(
                "---\ntitle: C\nname: c{level}-{i}\ncorrelation: {{type: event_count, rules: [{}], {body}\n",
                rules.join(", ")
            );
        }
    }
    let refused = load(&[SourceText::new("r.yml", &text)]).unwrap_err().to_string();
    assert!(refused.contains("more than 64 correlations behind one"), "{refused}");
}
