//! Faults of files, documents, names and tests.

use chappe_sigma::{SourceText, limits, load};

use super::{COUNT, GOOD, entry, refused};

const HEADS: &[(&str, &str)] = &[
    ("§name: b", "a rule without 'title'"),
    ("title: §''\nname: b", "1 to 256 characters"),
    ("title: §[a]\nname: b", "'title' is a text, this is a list"),
    ("title: B\nname: b\nid: §17", "for a word use 'name'"),
    ("title: B\nname: b\nstatus: §stabel", "did you mean 'stable'?"),
    ("title: B\nname: b\nstatus: §unsupported", "cannot be used"),
    ("title: B\nname: b\nlevel: §hi", "'level' cannot be 'hi'"),
    ("title: B\nname: b\ntaxonomy: §sigma", "give one of chappe"),
    ("title: B\nname: b\ndate: §2026/03/02", "a date like 2026-03-02"),
    ("title: B\nname: b\nmodified: §2026-13-02", "a date like"),
    ("title: B\nname: b\nrelated: §x", "'related' is a list"),
    (
        "title: B\nname: b\nrelated:\n  - {id: 53ba33fd-3a50-4468-a5ef-c583635cfa92, type: §copied}",
        "'type' cannot be 'copied'",
    ),
    (
        "title: B\nname: b\n§scope: [server]",
        "select by country or sector instead",
    ),
    ("title: B\nname: b\n§action: global", "belongs to Sigma 1"),
    ("title: B\nname: b\n§autor: x", "did you mean 'author'?"),
    ("title: B\nname: b\n§name: c", "stands twice in one map"),
    (
        "title: B\nname: b\n§chappe: {kind: rule}",
        "a single report raises none",
    ),
    ("title: B\nname: b\nlogsource: §{}", "names no source"),
    (
        "title: B\nname: b\nlogsource: {product: §windows}",
        "give one of chappe",
    ),
    (
        "title: B\nname: b\nlogsource: {product: chappe, §service: sshd}",
        "leave it out",
    ),
    ("title: B\nname: b\nlogsource: §chappe", "'logsource' is a map"),
];

#[test]
fn what_a_rule_says_of_itself() {
    for (head, says) in HEADS {
        let logsource = if head.contains("logsource") {
            ""
        } else {
            "\nlogsource: {product: chappe}"
        };
        refused(
            &format!("{head}{logsource}\ndetection: {{s: {{severity: high}}, condition: s}}\n{COUNT}"),
            says,
        );
    }
    refused(
        &format!("§title: B\nname: b\ndetection: {{s: {{severity: high}}, condition: s}}\n{COUNT}"),
        "without 'logsource'",
    );
}

#[test]
fn a_name_that_is_none() {
    let text = format!(
        "title: B\nname: 'b c'\nlogsource: {{product: chappe}}\ndetection: {{s: {{severity: high}}, condition: s}}\n{COUNT}"
    );
    let told = load(&[SourceText::new("r.yml", &text)]).unwrap_err().to_string();
    assert!(told.starts_with("r.yml:2:7: 'name' has letters, digits"), "{told}");
    assert!(
        told.ends_with("r.yml:10:11: there is no rule 'b': it must stand in one of the files that are read together"),
        "{told}"
    );
}

const DOCUMENTS: &[(&str, &str)] = &[
    ("§just text", "a rule is a map, this is a value"),
    ("§title: T", "neither 'detection', 'correlation' nor 'test'"),
    (
        "§title: T\nfilter: {rules: [b]}",
        "Sigma filters are another specification",
    ),
    ("title: T\nname: §&a b", "an anchor (&)"),
    ("title: T\nname: §!x b", "a tag (!)"),
    ("title: T\n§[a]: b", "as the key of a map"),
    (
        "§title: T\nname: b\nlogsource: {product: chappe}\ndetection: {s: {severity: high}, condition: s}",
        "no correlation refers to this rule",
    ),
];

#[test]
fn documents_and_tests() {
    for (text, says) in DOCUMENTS {
        refused(text, says);
    }
    assert!(
        load(&[SourceText::new("r.yml", "title: [")])
            .unwrap_err()
            .to_string()
            .contains("not YAML as it should be")
    );
    assert!(load(&[SourceText::new("r.yml", "a: &x b\nc: *x")]).is_err());
    refused(
        &format!(
            "a: {}§[{}",
            "[".repeat(limits::NESTING - 1),
            "]".repeat(limits::NESTING)
        ),
        "more than 16 lists and maps",
    );
    refused(&format!("§{}", "#".repeat(limits::FILE_BYTES + 1)), "split the file");
    let many = load(&[SourceText::new("r.yml", &"- a\n".repeat(limits::NODES + 1))])
        .unwrap_err()
        .to_string();
    assert!(many.contains("more than 50000 values: split the file"), "{many}");
    let count = format!("{GOOD}{}---\n", COUNT.trim_start_matches("---\n"));
    for (test, says) in [
        ("§test: t\nfires: []", "without 'reports'"),
        ("§test: t\nreports: [{at: 0s, by: csirt-at}]", "without 'fires'"),
        ("test: t\nreports: §[]\nfires: []", "an empty list"),
        ("test: t\nreports: [§{by: csirt-at}]\nfires: []", "without 'at'"),
        (
            "test: t\nreports: [{at: §soon, by: csirt-at}]\nfires: []",
            "such as 90m",
        ),
        ("test: t\nreports: [{at: 0s, by: §'CSIRT AT'}]\nfires: []", "'by'"),
        ("test: t\nreports: [{at: 0s, by: csirt-at, home: §UK}]\nfires: []", "GB"),
        (
            "test: t\nreports: [{at: 0s, by: csirt-at}]\nfires: [§d]",
            "no rule in force is called 'd'",
        ),
        ("test: t\nreports: [{at: 0s, by: csirt-at}]\nfires: §c", "[] if none"),
        (
            "test: t\nreports: [{at: 0s, by: csirt-at}]\nfires: []\n§fire: []",
            "did you mean 'fires'?",
        ),
    ] {
        refused(&format!("{count}{test}"), says);
    }
}

#[test]
fn names_that_stand_twice() {
    refused(
        &format!(
            "{GOOD}§title: B\nname: b\nlogsource: {{product: chappe}}\ndetection: {{s: {{severity: low}}, condition: s}}\n{COUNT}"
        ),
        "the rule of line 1 already",
    );
    let twice = |name: &str| {
        format!(
            "title: C\nname: {name}\ncorrelation: {{type: event_count, rules: [b], group-by: [indicator], timespan: 1h, condition: {{gte: 2}}}}\n"
        )
    };
    refused(
        &format!("{GOOD}{}---\n§{}", twice("c_d"), twice("c-d")),
        "that of the rule at r.yml:6",
    );
    refused(
        &format!("{GOOD}§{}", twice("x").replace("name: x\n", "")),
        "without 'name' and 'id'",
    );
}

#[test]
fn all_faults_come_in_one_go_and_in_order() {
    let text = entry("contry: AT")
        .replace("1h", "1w")
        .replace("indicator", "indicater")
        + "---\ntitle: [\n";
    let broken = load(&[SourceText::new("a.yml", &text)]).unwrap_err();
    assert_eq!(
        broken.faults().len(),
        1,
        "a file that is no YAML is told as that alone: {broken}"
    );
    let text = text.replace("---\ntitle: [\n", "");
    let refused = load(&[SourceText::new("a.yml", &text), SourceText::new("b.yml", "x: y")]).unwrap_err();
    let places: Vec<(&str, usize)> = refused
        .faults()
        .iter()
        .map(|fault| (&*fault.file, fault.line))
        .collect();
    assert_eq!(places, [("a.yml", 6), ("a.yml", 15), ("b.yml", 1)], "{refused}");
    let many = "x: y\n---\n".repeat(150);
    assert_eq!(
        load(&[SourceText::new("a.yml", &many)]).unwrap_err().faults().len(),
        limits::FAULTS + 1
    );
}
