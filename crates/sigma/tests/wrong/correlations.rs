//! Faults of correlations.

use super::{GOOD, correlation, refused};

const BODIES: &[(&str, &str, &str)] = &[
    ("type: event_count", "type: §event_cnt", "did you mean 'event_count'?"),
    ("type: event_count", "type: §value_avg", "belongs to Sigma 2.1"),
    ("type: event_count\n  rules: [b]", "§rules: [b]", "without 'type'"),
    ("rules: [b]", "rules: [b, §x]", "there is no rule 'x'"),
    ("rules: [b]", "rules: [b, §b]", "'b' stands twice in 'rules'"),
    ("rules: [b]", "rules: §b", "write [a, b]"),
    (
        "group-by: [indicator]",
        "group-by: [§indicater]",
        "did you mean 'indicator'?",
    ),
    (
        "group-by: [indicator]",
        "group-by: [indicator, §indicator]",
        "stands twice",
    ),
    (
        "group-by: [indicator]",
        "group-by: [§attested_country]",
        "group by 'country'",
    ),
    ("group-by: [indicator]", "group-by: [§reporter]", "names a member"),
    ("timespan: 1h", "timespan: §1w", "a week is 7d"),
    ("timespan: 1h", "timespan: §1M", "count days"),
    ("timespan: 1h", "timespan: §1.5h", "such as 90m"),
    ("timespan: 1h", "timespan: §0s", "1s to 90d"),
    ("timespan: 1h", "timespan: §91d", "1s to 90d"),
    ("condition: {gte: 2}", "condition: §{}", "without bound"),
    (
        "condition: {gte: 2}",
        "condition: {gte: §0}",
        "nothing fires on nothing",
    ),
    ("condition: {gte: 2}", "condition: {eq: §0}", "what is absent"),
    ("condition: {gte: 2}", "condition: {lt: §1}", "what is absent"),
    ("condition: {gte: 2}", "condition: {gte: §two}", "takes a whole number"),
    ("condition: {gte: 2}", "condition: {gte: §-1}", "takes a whole number"),
    (
        "condition: {gte: 2}",
        "condition: {gte: §4294967296}",
        "takes a whole number",
    ),
    (
        "condition: {gte: 2}",
        "condition: {gt: 2, §gte: 2}",
        "there is a lower bound already",
    ),
    ("condition: {gte: 2}", "condition: {gt: 5, lt: §5}", "never holds"),
    (
        "condition: {gte: 2}",
        "condition: {gte: 2, §neq: 3}",
        "belongs to Sigma 2.1",
    ),
    (
        "condition: {gte: 2}",
        "condition: {§gteq: 2, gt: 1}",
        "did you mean 'gte'?",
    ),
    (
        "condition: {gte: 2}",
        "condition: {gte: 2, §field: country}",
        "goes with value_count",
    ),
    ("condition: {gte: 2}", "condition: §b and not b", "belongs to Sigma 2.1"),
    (
        "condition: {gte: 2}",
        "condition: {gte: 2}\n  §field: country",
        "belongs into the condition",
    ),
    (
        "condition: {gte: 2}",
        "condition: {gte: 2}\n  §ordered: true",
        "type: temporal_ordered",
    ),
    (
        "condition: {gte: 2}",
        "condition: {gte: 2}\n  §timespam: 2",
        "did you mean 'timespan'?",
    ),
    (
        "condition: {gte: 2}",
        "condition: {gte: 2}\n  generate: §maybe",
        "true or false",
    ),
    (
        "condition: {gte: 2}",
        "condition: {gte: 2}\n  §generate: true",
        "with no correlation among",
    ),
    (
        "condition: {gte: 2}",
        "condition: {gte: 2}\n§level: high",
        "as severe as the severest",
    ),
    (
        "condition: {gte: 2}",
        "condition: {gte: 2}\n§logsource: {product: chappe}",
        "rules that match reports",
    ),
];

#[test]
fn correlations() {
    let with = |line: &str, put: &str| {
        let body = "correlation:\n  type: event_count\n  rules: [b]\n  group-by: [indicator]\n  timespan: 1h\n  condition: {gte: 2}";
        assert!(body.contains(line), "{line}");
        correlation(&body.replace(line, put))
    };
    for (line, put, says) in BODIES {
        refused(&with(line, put), says);
    }
    refused(
        &with("type: event_count", "type: value_count").replace("{gte: 2}", "§{gte: 2}"),
        "without 'field'",
    );
    refused(
        &with("type: event_count", "type: value_count").replace("{gte: 2}", "{gte: 2, field: §colour}"),
        "no field of a report",
    );
    refused(
        &with("type: event_count", "type: value_count").replace("{gte: 2}", "{gte: 2, field: §[ip, url]}"),
        "several fields belong to Sigma 2.1",
    );
    refused(
        &with("type: event_count", "type: temporal").replace("{gte: 2}", "§{gte: 2}"),
        "2 of 1 rules: never holds",
    );
    for (line, says) in [
        ("  group-by: [indicator]\n", "group-by: []"),
        ("  timespan: 1h\n", "timespan: 24h"),
        ("  condition: {gte: 2}", "condition: {gte: 3}"),
    ] {
        refused(&with(line, "").replace("  type", "  §type"), says);
    }
    refused(&correlation("correlation: §x"), "'correlation' is a map");
}

#[test]
fn chains_and_aliases() {
    let chain = |outer: &str, inner: &str| {
        correlation(&format!(
            "correlation: {{type: temporal_ordered, rules: [many, b], timespan: 1d, {outer}}}\n---\ntitle: M\nname: many\ncorrelation: {{type: event_count, rules: [b], timespan: 1h, condition: {{gte: 5}}, {inner}}}"
        ))
    };
    let keyed = "group-by: [indicator]";
    refused(
        &chain("group-by: [indicator]", "group-by: [country]").replace("[many", "[§many"),
        "chained correlations group by the same",
    );
    refused(
        &chain(keyed, keyed).replace("rules: [b]", "rules: [b, §c]"),
        "refers to itself",
    );
    refused(
        &chain(keyed, keyed).replace(
            "{gte: 5}, group-by: [indicator]}",
            "{gte: 5}, group-by: [indicator]}\n§chappe: {kind: rule}",
        ),
        "without generate: true",
    );
    refused(
        &chain("group-by: [x], aliases: {§x: {many: indicator}}", keyed),
        "says nothing of the rule 'b'",
    );
    refused(
        &chain(
            "group-by: [indicator], aliases: {§x: {many: indicator, b: indicator}}",
            keyed,
        ),
        "is not in group-by",
    );
    refused(
        &chain(
            "group-by: [x], aliases: {x: {many: indicator, b: indicator, §z: ip}}",
            keyed,
        ),
        "there is no rule 'z'",
    );
    refused(
        &chain("group-by: [§x], aliases: {x: {many: ip, b: domain}}", "group-by: [ip]"),
        "no value in common",
    );
    refused(
        &chain(
            "group-by: [indicator], aliases: {§indicator: {many: indicator, b: indicator}}",
            keyed,
        ),
        "is a field already",
    );
    refused(
        &chain("group-by: [x], aliases: {x: {many: indicator, b: §colour}}", keyed),
        "no field of a report",
    );
    refused(&chain("group-by: [x], aliases: {x: §many}", keyed), "an alias is a map");
}

#[test]
fn chains_that_are_too_long() {
    let deep: String = (0..5)
        .map(|i| {
            let mark = if i == 4 { "§" } else { "" };
            let next = if i == 4 { "b".to_owned() } else { format!("d{}", i + 1) };
            format!("---\ntitle: D\nname: d{i}\ncorrelation: {mark}{{type: event_count, rules: [{next}], group-by: [indicator], timespan: 1h, condition: {{gte: 1}}}}\n")
        })
        .collect();
    refused(
        &format!("{GOOD}{}", deep.trim_start_matches("---\n")),
        "more than 4 correlations within each other",
    );
    refused(
        &correlation(
            "correlation: §{type: temporal, rules: [b, c2], group-by: [indicator], timespan: 60d}\n---\ntitle: M\nname: c2\ncorrelation: {type: event_count, rules: [b], group-by: [indicator], timespan: 60d, condition: {gte: 2}}",
        ),
        "longer than 90 days",
    );
}

#[test]
fn rules_that_would_weigh_on_every_alert() {
    let titles: Vec<String> = (0..900).map(|i| format!("'{i} {}'", "x".repeat(80))).collect();
    let text = correlation(
        "correlation: §{type: event_count, rules: [b], group-by: [indicator], timespan: 1h, condition: {gte: 2}}",
    );
    let text = text.replace("{severity: high}", &format!("{{title: [{}]}}", titles.join(", ")));
    refused(&text, "at most 65536");
}

#[test]
fn what_sigma_has_no_word_for() {
    let with = |chappe: &str| {
        correlation(&format!(
            "correlation: {{type: event_count, rules: [b], group-by: [indicator], timespan: 1h, condition: {{gte: 2}}}}\nchappe: {chappe}"
        ))
    };
    for (chappe, says) in [
        ("{kind: §campaign}", "give one of rule, cross-border, urgent"),
        ("{audience: §everybody}", "give one of eu, countries"),
        ("{quota: §many}", "takes a whole number"),
        ("{§quota: 3}", "goes with kind: urgent"),
        ("{§version: 3}", "counts versions itself"),
        ("{§advise: [x]}", "did you mean 'advice'?"),
        ("{advice: §[a, b, c, d, e, f, g, h, i]}", "at most 8"),
        ("§rule", "'chappe' is a map"),
    ] {
        refused(&with(chappe), says);
    }
    let urgent = |body: &str, chappe: &str| {
        correlation(&format!(
            "correlation: §{{type: event_count, rules: [b], {body}}}\nchappe: {{kind: urgent, {chappe}}}"
        ))
    };
    let sound = "group-by: [reporter], timespan: 1d, condition: {gte: 1}";
    refused(
        &urgent("group-by: [indicator], timespan: 1d, condition: {gte: 1}", "quota: 3"),
        "group-by: [reporter]",
    );
    refused(&urgent(sound, "quota: 3"), "select {severity: critical}");
    let critical = |chappe| urgent(sound, chappe).replace("severity: high", "severity: critical");
    refused(&critical("audience: countries"), "needs 'quota'");
    refused(&critical("quota: 3, audience: eu"), "one member's word");
}
