//! How alerts read in a terminal.

use super::*;
use chappe_proto::v1;

fn alert() -> v1::Alert {
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let text = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    v1::Alert {
        name: "alerts/00112233445566778899aabbccddeeff".into(),
        revision: 1,
        kind: v1::AlertKind::CrossBorder as i32,
        state: v1::AlertState::Open as i32,
        severity: v1::Severity::High as i32,
        audience: v1::Audience::Eu as i32,
        marking: Some(v1::Marking {
            tlp: v1::Tlp::Amber as i32,
            pap: v1::Pap::Amber as i32,
            r#use: v1::Use::Share as i32,
            recipients: vec![],
        }),
        key: vec![v1::KeyField {
            field: "indicator".into(),
            value: "domain:bad.example".into(),
            defanged: "domain:bad[.]example".into(),
        }],
        countries: text(&["AT", "CZ", "DE"]),
        sectors: text(&["energy"]),
        incident_types: text(&["malicious-code/c2-server"]),
        counts: Some(v1::Counts {
            reports: 4,
            unlisted: 1,
            members: 3,
        }),
        digest: "00".into(),
        first_seen: at(1_772_431_200),
        last_seen: at(1_772_442_000),
        revised_at: at(1_772_442_001),
        explanation: Some(v1::Explanation {
            rule_id: "cross-border".into(),
            rule_version: 1,
            condition: "the same indicator in 3 or more attested countries within 24 hours".into(),
            field: "attested_country".into(),
            values: text(&["AT", "CZ", "DE"]),
            threshold: 3,
            window_seconds: 86_400,
            peak: 3,
            fires: 2,
            ..v1::Explanation::default()
        }),
        advice: text(&["Search your logs.", "Report what you find."]),
        ..v1::Alert::default()
    }
}

fn show(renderer: &mut Renderer, alert: &v1::Alert) -> String {
    renderer.alert(&AlertLine::from(alert))
}

#[test]
fn a_new_alert_is_shown_whole() {
    assert_eq!(
        show(&mut Renderer::new(), &alert()),
        "\
09:00:01  CROSS-BORDER  high  new
  what       domain:bad[.]example (malicious-code/c2-server)
  where      AT, CZ, DE; sectors energy
  behind it  4 reports by 3 members, 1 of them match-only
  told       every member
  why        the same indicator in 3 or more attested countries within 24 hours: found 3 (AT, CZ, DE), needed
             3 in 24 h; rule cross-border v1, fired 2 times
  seen       2026-03-02 06:00 UTC to 2026-03-02 09:00 UTC
  do         Search your logs.
             Report what you find.
  handle as  TLP:AMBER PAP:AMBER
  id         alerts/00112233445566778899aabbccddeeff revision 1
"
    );
}

#[test]
fn what_was_judged_is_shown_with_a_new_alert_and_where_it_changed() {
    let mut judged = alert();
    let mut renderer = Renderer::new();
    let decision = |verdict: v1::Verdict, reason: &str, member: &str, hub| v1::Decision {
        verdict: verdict as i32,
        reason: reason.into(),
        decided_at: Some(prost_types::Timestamp {
            seconds: 1_772_442_001,
            nanos: 0,
        }),
        member: member.into(),
        hub,
    };
    judged.decisions = vec![
        decision(v1::Verdict::Dismissed, "a new\u{1b} sensor", "csirt-at", false),
        decision(v1::Verdict::Acknowledged, "", "", false),
    ];
    let shown = show(&mut renderer, &judged);
    let expected = "  judged     dismissed by csirt-at, 2026-03-02 09:00 UTC: a new\\u{1b} sensor\n  judged     acknowledged by a member, 2026-03-02 09:00 UTC\n  do ";
    assert!(shown.contains(expected), "{shown}");
    judged.revision = 2;
    assert!(!show(&mut renderer, &judged).contains("judged"));
    judged.revision = 3;
    judged.decisions.push(decision(v1::Verdict::Confirmed, "", "", true));
    let shown = show(&mut renderer, &judged);
    assert!(
        shown.contains("  judged     confirmed by the hub, 2026-03-02 09:00 UTC\n"),
        "{shown}"
    );
}

#[test]
fn a_revision_says_what_changed() {
    let mut renderer = Renderer::new();
    show(&mut renderer, &alert());
    let mut next = alert();
    next.revision = 2;
    next.countries.push("PL".into());
    next.severity = v1::Severity::Critical as i32;
    next.counts = Some(v1::Counts {
        reports: 5,
        unlisted: 1,
        members: 4,
    });
    assert_eq!(
        show(&mut renderer, &next),
        "\
09:00:01  CROSS-BORDER  critical  severity high is now critical; +PL
  what       domain:bad[.]example (malicious-code/c2-server)
  behind it  5 reports by 4 members, 1 of them match-only
  handle as  TLP:AMBER PAP:AMBER
  id         alerts/00112233445566778899aabbccddeeff revision 2
"
    );
    next.revision = 3;
    next.state = v1::AlertState::Retracted as i32;
    assert!(show(&mut renderer, &next).starts_with("09:00:01  CROSS-BORDER  critical  open is now retracted\n"));
}

#[test]
fn an_urgent_alert_says_that_it_is_one_word_and_who_is_told() {
    let mut urgent = alert();
    urgent.kind = v1::AlertKind::Urgent as i32;
    urgent.audience = v1::Audience::Countries as i32;
    urgent.audience_countries = vec!["AT".into(), "DE".into()];
    urgent.key = vec![v1::KeyField {
        field: "reporter".into(),
        value: "csirt-at".into(),
        defanged: "csirt-at".into(),
    }];
    urgent.counts = Some(v1::Counts {
        reports: 1,
        unlisted: 0,
        members: 1,
    });
    urgent.uncorroborated = true;
    urgent.held = true;
    urgent.exercise = true;
    let text = show(&mut Renderer::new(), &urgent);
    assert!(text.starts_with("09:00:01  URGENT  high  EXERCISE  new\n"), "{text}");
    assert!(
        text.contains("  what       reporter csirt-at (malicious-code/c2-server)\n"),
        "{text}"
    );
    assert!(
        text.contains("  behind it  1 report by 1 member; not confirmed by a second member\n"),
        "{text}"
    );
    assert!(
        text.contains("  told       members of AT, DE, and the hub; held: over its reporter's quota, waits"),
        "{text}"
    );
}

#[test]
fn foreign_text_cannot_steer_the_terminal() {
    let mut bad = alert();
    bad.key[0].defanged = "domain:\u{1b}[2Jx".into();
    bad.advice = vec!["one\ntwo".into()];
    let text = show(&mut Renderer::new(), &bad);
    assert!(!text.contains('\u{1b}') && text.contains("one\\ntwo"), "{text}");
}

#[test]
fn the_fields_of_a_json_line_are_a_promise() {
    let line = serde_json::to_value(AlertLine::from(&alert())).unwrap();
    let fields: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
    for field in [
        "id",
        "revision",
        "kind",
        "state",
        "severity",
        "audience",
        "audience_countries",
        "tlp",
        "pap",
        "use",
        "recipients",
        "key",
        "countries",
        "sectors",
        "incident_types",
        "reports",
        "unlisted",
        "members",
        "digest",
        "first_seen_ms",
        "last_seen_ms",
        "revised_at_ms",
        "exercise",
        "superseded_by",
        "why",
        "advice",
        "uncorroborated",
        "held",
    ] {
        assert!(fields.contains(&field), "{field}");
    }
    assert_eq!(line["why"]["rule"], "cross-border");
    assert_eq!(line["key"][0]["value"], "domain:bad.example");
    assert_eq!(
        (&line["revised_at_ms"], &line["tlp"]),
        (&1_772_442_001_000_u64.into(), &"TLP:AMBER".into())
    );
}

#[test]
fn a_surge_says_what_stands_out_of_what() {
    let mut alert = alert();
    let bin = |seconds, reports, expected_milli, unusual_from| v1::SurgeBin {
        begins_at: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        reports,
        expected_milli,
        unusual_from,
    };
    alert.kind = v1::AlertKind::Surge as i32;
    alert.explanation = Some(v1::Explanation {
        condition: "more incidents than chance explains".into(),
        surge: Some(v1::Surge {
            bin_seconds: 3_600,
            bins: vec![bin(1_772_431_200, 3, 6_120, 13), bin(1_772_434_800, 47, 6_160, 14)],
            score_milli: 31_449,
            threshold_milli: 13_820,
            false_alarms_per_year: 12,
            lesson: 3,
            together: None,
        }),
        ..v1::Explanation::default()
    });
    let text = show(&mut Renderer::new(), &alert);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let why = "why 47 in the 1 h from 2026-03-02 07:00 UTC, expected 6.2, unusual from 14; score 31.4, needed more than 13.8 (lesson 3). more";
    assert!(words.contains(why), "{text}");

    let surge = alert.explanation.as_mut().and_then(|why| why.surge.as_mut()).unwrap();
    surge.together = Some(v1::SurgeSet {
        begins_at: Some(prost_types::Timestamp {
            seconds: 1_772_434_800,
            nanos: 0,
        }),
        countries: 9,
        watched: 27,
        surprise_milli: 3_870,
        sectors: 0,
    });
    let text = show(&mut Renderer::new(), &alert);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let why = "why 9 of 27 countries stand out together in the 1 h from 2026-03-02 07:00 UTC, each by 3.9 or more; score 31.4,";
    assert!(words.contains(why), "{text}");

    let surge = alert.explanation.as_mut().and_then(|why| why.surge.as_mut()).unwrap();
    surge.together.iter_mut().for_each(|set| set.sectors = 5);
    let text = show(&mut Renderer::new(), &alert);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let why = "each in whichever of 5 sectors it does most, by 3.9 or more; score 31.4,";
    assert!(words.contains(why), "{text}");
}

#[test]
fn a_cascade_says_what_is_warned_along_which_path() {
    let node = |sector: &str, country: &str| v1::CascadeNode {
        sector: sector.into(),
        country: country.into(),
    };
    let warning = |state, path: &[v1::CascadeNode]| v1::CascadeWarning {
        path: path.to_vec(),
        state,
        until: Some(prost_types::Timestamp {
            seconds: 1_772_434_800,
            nanos: 0,
        }),
        reports: 2,
        members: 1,
        why: "Hospitals need power.".into(),
    };
    let (root, grid, health) = (node("energy", "DE"), node("energy", "AT"), node("health", "AT"));
    let cascade = |first, second| {
        let warnings = vec![
            warning(first, &[root.clone(), grid.clone()]),
            warning(second, &[root.clone(), grid.clone(), health.clone()]),
        ];
        let mut alert = alert();
        alert.kind = v1::AlertKind::Cascade as i32;
        alert.explanation = Some(v1::Explanation {
            condition: "3 or more reports".into(),
            peak: 4,
            fires: 2,
            cascade: Some(v1::Cascade {
                warnings,
                dependencies: "2026-11-28".into(),
            }),
            ..v1::Explanation::default()
        });
        alert
    };
    let mut renderer = Renderer::new();
    let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let first = words(show(&mut renderer, &cascade(2, 1)));
    for says in [
        "why 3 or more reports: found 4, fired 2 times; dependencies of 2026-11-28",
        "warned energy in AT is hit (2 reports by 1 member), after energy in DE: Hospitals need power.",
        "warned health in AT may be hit until 2026-03-02 07:00 UTC, after energy in DE, then energy in AT: Hospitals need power.",
    ] {
        assert!(first.contains(says), "{first}");
    }
    let second = words(show(&mut renderer, &cascade(2, 3)));
    assert!(
        second.contains("health in AT expired") && second.contains("was not hit by"),
        "{second}"
    );
    assert!(!second.contains("energy in AT confirmed"), "that is no news: {second}");
}

#[test]
fn what_is_the_viewers_is_said_and_said_again_only_when_it_changes() {
    let mut renderer = Renderer::new();
    let hit = |kind: v1::ConstituencyHitKind, value: &str, entry: &str| v1::ConstituencyHit {
        kind: kind as i32,
        value: value.into(),
        entry: entry.into(),
    };
    let mut mine = alert();
    mine.hits = vec![
        hit(v1::ConstituencyHitKind::Domain, "domain:bad.example", "example"),
        hit(v1::ConstituencyHitKind::Country, "AT", "AT"),
    ];
    let said = "  yours      domain:bad[.]example in example, AT\n";
    assert!(show(&mut renderer, &mine).contains(said));
    mine.revision = 2;
    assert!(!show(&mut renderer, &mine).contains("yours"));
    mine.revision = 3;
    mine.hits.remove(0);
    assert!(show(&mut renderer, &mine).contains("  yours      AT\n"));
}
