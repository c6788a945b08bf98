//! Faults of the rules that match reports.

use chappe_sigma::limits;

use super::{condition, detection, entry, refused};

const ENTRIES: &[(&str, &str)] = &[
    ("§contry: AT", "did you mean 'country'?"),
    (
        "§EventID: 4625",
        "'EventID' is no field of a report: give one of indicator",
    ),
    ("§reporter: csirt-at", "would learn who reported"),
    ("§reporter_country: AT", "names a member"),
    ("§attested_country: AT", "select 'country', count 'attested_country'"),
    ("§summary|contains: x", "for the reporter only"),
    ("§report_key: x", "says nothing of the incident"),
    ("§'|all': [a, b]", "a keyword without a field"),
    ("severity: §hihg", "did you mean 'high'?"),
    ("severity: [low, §severe]", "'severe' is no value of 'severity'"),
    ("country: §UK", "GB"),
    ("sector: §energie", "did you mean 'energy'?"),
    ("critical_sector: §food", "is no value of 'critical_sector'"),
    ("incident_type: §fraud/fishing", "is not an RSIT type"),
    ("incident_class: §frauds", "did you mean 'fraud'?"),
    ("tlp: §orange", "is no value of 'tlp'"),
    ("pap: §amber+strict", "is no value of 'pap'"),
    ("use: §shared", "did you mean 'share'?"),
    ("exercise: §yes", "give one of true, false"),
    ("sector: §oil*", "is no value of 'sector'"),
    ("sector|re: §^x", "is no value of 'sector'"),
    ("domain: §bad", "a single label"),
    ("ip: §300.1.1.1", "ip"),
    ("md5: §abc", "md5"),
    ("indicator: §bad.example", "has no kind"),
    ("indicator: §email:a@bad.example", "pseudonyms"),
    ("indicator|startswith: §'email:'", "pseudonyms"),
    ("§email: a@bad.example", "'email|exists' can be asked"),
    ("§iban: AT611904300234573201", "'iban|exists' can be asked"),
    ("indicator|contains: §'phone:+43'", "'phone|exists' can be asked"),
    ("registry_key: §Software", "such as HKLM"),
    ("title: §''", "write null for none"),
    ("title|contains: §null", "null goes without a modifier"),
    ("title: §{a: b}", "a map where a value belongs"),
    ("title: §[]", "a list of 1 to 1000 values, this has 0"),
    ("domain|§contain: x", "did you mean 'contains'?"),
    ("domain|§base64: x", "nothing encoded"),
    ("domain|§windash: x", "no command lines"),
    ("domain|§expand: '%names%'", "placeholders have no values here"),
    ("domain|§fieldref: url", "none equals another"),
    ("domain|§neq: bad.example", "belongs to Sigma 2.1"),
    ("domain|§hour: 3", "belongs to Sigma 2.1"),
    ("domain|contains|§startswith: x", "exclude each other"),
    ("domain|contains|all|§all: [a, b]", "'all' stands twice"),
    ("domain|§i: x", "belongs behind 're'"),
    ("domain|re|i|§i: x", "'i' stands twice"),
    ("§domain|re|cased: x", "tells cases apart unless it has 'i'"),
    ("§domain|cidr: 10.0.0.0/8", "'cidr' goes with 'ip'"),
    ("ip|cidr: §10.0.0.1/8", "write 10.0.0.0/8"),
    ("ip|cidr: §10.0.0.0", "write it like 192.0.2.0/24"),
    ("§domain|gte: a", "has no order"),
    ("severity|gt: §critical", "no severity lies beyond 'critical'"),
    ("severity|exists: §maybe", "takes true or false"),
    ("§severity|exists|all: true", "'exists' takes true or false"),
    ("domain|contains|all: §x", "'all' needs a list of two values or more"),
    ("domain|re: §'a(b'", "unclosed group"),
    ("domain|re: §'(?=a)b'", "look-around"),
    ("domain|re: §'(a{1000}){1000}'", "too large when compiled"),
];

#[test]
fn entries_of_selections() {
    for (text, says) in ENTRIES {
        refused(&entry(text), says);
    }
    refused(
        &entry(&format!("title: §{}", "x".repeat(limits::VALUE_BYTES + 1))),
        "a value has at most",
    );
    refused(&entry(&format!("domain|re: §{}", "x".repeat(1_025))), "at most 1024");
}

#[test]
fn selections_and_detections() {
    for (text, says) in [
        (
            "  §s t: {severity: high}\n  condition: 1 of them",
            "letters, digits, '_' and '-'",
        ),
        ("  s: §text\n  condition: s", "write a map such as"),
        (
            "  s: §{}\n  condition: s",
            "to match every report write {severity|exists: true}",
        ),
        ("  s: §[]\n  condition: s", "is a list"),
        (
            "  s: {severity: high}\n  §t: {severity: low}\n  condition: s",
            "'t' is not in the condition",
        ),
        ("  §s: {severity: high}", "without 'condition'"),
        (
            "  s: {severity: high}\n  §timeframe: 1h\n  condition: s",
            "write a correlation with a timespan",
        ),
    ] {
        refused(&detection(text), says);
    }
    refused(
        &detection("  s: [§keyword]\n  condition: s"),
        "a report has no message to search",
    );
    refused(
        &detection("  s:\n    - {severity: high}\n    - §[a]\n  condition: s"),
        "a list where a map",
    );
    let never = "  §s: {severity|exists: false}\n  condition: s";
    refused(&detection(never), "matches no report");
    let patterns: Vec<String> = (0..257).map(|i| format!("'a{i}*'")).collect();
    refused(
        &detection(&format!("  §s: {{title: [{}]}}\n  condition: s", patterns.join(", "))),
        "257 tests: at most 256",
    );
}

const CONDITIONS: &[(&str, &str)] = &[
    ("§three or one or two", "there is no selection 'three'"),
    ("one or §twoo", "did you mean 'two'?"),
    ("one or two and§", "ends where a selection belongs"),
    ("one §two", "'two' where 'and' or 'or' belongs"),
    ("one §AND two", "where 'and' or 'or' belongs"),
    ("§NOT one", "written in lower case"),
    ("§(one or two", "a bracket that is never closed"),
    ("one or two§)", "never opened"),
    ("'one or two§)'", "never opened"),
    ("1 of §x*", "no selection is called like 'x*'"),
    ("one or two or §t*", "write '1 of t*' or 'all of t*'"),
    ("§2 of them", "Sigma knows '1 of' and 'all of'"),
    ("§any of them", "Sigma knows '1 of' and 'all of'"),
    ("1 of§", "'of' what?"),
    ("one or two §| count() > 3", "aggregations belong to Sigma 1"),
    ("§{a: b}", "'condition' is a text"),
    ("§[]", "an empty list"),
    ("[one, §three]", "there is no selection 'three'"),
];

#[test]
fn conditions() {
    for (text, says) in CONDITIONS {
        refused(&condition(text), says);
    }
    let deep = format!(
        "{}§(one or two{}",
        "(".repeat(limits::CONDITION_DEPTH),
        ")".repeat(limits::CONDITION_DEPTH + 1)
    );
    refused(&condition(&deep), "more than 16 brackets");
    refused(
        &condition(&format!("§one{}", " or two".repeat(200))),
        "401 words: at most 256",
    );
}
