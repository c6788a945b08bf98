use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{
    Country, Field, Incident, IncidentId, Indicator, Marking, MemberId, Pap, ReportKey, Sector, Severity, Timestamp,
    Tlp, Use,
};

fn report(countries: &[&str], indicators: &[&str], title: &str, severity: Severity) -> Accepted {
    let parse = |text: &&str| text.parse::<Indicator>().unwrap();
    Accepted {
        id: IncidentId::from_bytes([1; 16]),
        reporter: MemberId::parse("csirt-at").unwrap(),
        home: None,
        unmarked: false,
        reported_at: Timestamp::ZERO,
        incident: Incident {
            report_key: ReportKey::parse("a").unwrap(),
            revision: 0,
            retracted: false,
            incident_type: "fraud/phishing".parse().unwrap(),
            severity,
            marking: Marking::new(Tlp::AmberStrict, Pap::Green, Some(Use::MatchOnly), BTreeSet::new()).unwrap(),
            occurred_from: None,
            occurred_to: None,
            detected_at: None,
            countries: countries.iter().map(|c| Country::parse(c).unwrap()).collect(),
            sectors: BTreeSet::from([Sector::Energy, Sector::Food]),
            indicators: indicators.iter().map(parse).collect(),
            title: title.into(),
            summary: "for the reporter only".into(),
            exercise: false,
            backfill: false,
            particulars: Default::default(),
        },
    }
}

/// Every value of a field, as the table of fields says it.
fn values(subject: Subject, accepted: &Accepted) -> Vec<String> {
    let mut found = Vec::new();
    subject.any_value(accepted, |value| {
        found.push(value.to_owned());
        false
    });
    found
}

#[test]
fn each_field_has_its_values() {
    let accepted = report(
        &["AT", "DE"],
        &["domain:Bad.example", "ip:192.0.2.1"],
        "Wave",
        Severity::High,
    );
    let mut told = Vec::new();
    for subject in Subject::all() {
        assert_eq!(Subject::parse(subject.as_str()), Some(subject));
        let values = values(subject, &accepted);
        assert!(!subject.is_always_there() || values.len() == 1, "{subject:?}");
        told.push([&[subject.as_str().to_owned()], &values[..]].concat().join(" "));
    }
    assert_eq!(
        told.join("\n"),
        "indicator ip:192.0.2.1 domain:bad.example\ncountry AT DE\nsector energy food\ncritical_sector energy\n\
         incident_type fraud/phishing\nincident_class fraud\nseverity high\ntlp amber+strict\npap green\nuse match-only\n\
         exercise false\ntitle Wave\nip 192.0.2.1\ndomain bad.example\nurl\nmd5\nsha1\nsha256\nsha512\nemail\ncve\n\
         cidr\nasn\ncrypto_address\niban\nphone\nuser_agent\ncertificate\nmutex\nregistry_key\nmalware\ntechnique"
    );
    assert_eq!(Subject::parse("summary"), None);
    assert_eq!(Subject::parse("reporter"), None);
    assert!(values(Subject::Title, &report(&[], &[], "", Severity::Low)).is_empty());
}

#[test]
fn wildcards_follow_sigma() {
    for (pattern, value, fits) in [
        ("prog?.exe", "progA.exe", true),
        ("prog?.exe", "prog.exe", false),
        ("*.Example", "BAD.example", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-b-b-d", false),
        ("*", "", true),
        ("?", "", false),
        ("", "", true),
        ("", "a", false),
        (r"50\*", "50*", true),
        (r"50\*", "501", false),
        (r"c:\\*", r"c:\dir", true),
        (r"c:\\\*", r"c:\*", true),
        (r"c:\\\*", r"c:\dir", false),
        (r"c:\dir", r"c:\dir", true),
        (r"\\\\", r"\\", true),
        (r"a\", r"a\", true),
        ("stra\u{df}e", "STRA\u{df}E", true),
        ("\u{c4}*", "\u{e4}b", true),
    ] {
        assert_eq!(
            Wildcards::parse(pattern, false).matches(value),
            fits,
            "{pattern} {value}"
        );
    }
    assert!(!Wildcards::parse("A*", true).matches("ab"));
    assert_eq!(Wildcards::literal(r"50\*").as_deref(), Some("50*"));
    assert_eq!(Wildcards::literal("50*"), None);
}

#[test]
fn networks_hold_their_addresses() {
    let network = |text: &str| Network::parse(text).unwrap();
    assert!(network("192.0.2.0/24").contains("192.0.2.255"));
    assert!(!network("192.0.2.0/24").contains("192.0.3.0"));
    assert!(network("0.0.0.0/0").contains("192.0.2.1"));
    assert!(!network("0.0.0.0/0").contains("::1"));
    assert!(network("2001:db8::/32").contains("2001:db8:ffff::1"));
    assert!(network("::/0").contains("::1"));
    assert!(network("192.0.2.1/32").contains("192.0.2.1"));
    for bad in [
        "192.0.2.0",
        "192.0.2.0/33",
        "::/129",
        "a/8",
        "192.0.2.0/",
        "192.0.2.0/+8",
    ] {
        assert!(matches!(Network::parse(bad), Err(NetworkError::Form(_))), "{bad}");
    }
    let within = Network::parse("192.0.2.1/24").unwrap_err().to_string();
    assert!(within.ends_with("write 192.0.2.0/24"), "{within}");
}

#[test]
fn expressions_are_bounded() {
    assert!(Regexp::parse("^bad[0-9]+").unwrap().is_match("bad12.example"));
    assert!(matches!(Regexp::parse("(?=a)"), Err(RegexpError::Syntax(reason)) if reason.contains("look-around")));
    assert_eq!(Regexp::parse("(a{1000}){1000}"), Err(RegexpError::TooLarge));
    assert!(matches!(
        Regexp::parse(&"a".repeat(2_000)),
        Err(RegexpError::TooLong(2_000))
    ));
    assert!(Regexp::parse(&"(".repeat(200)).is_err());
}

/// `*` and `?` by trying everything.
fn like_by_trying(pattern: &[char], value: &[char]) -> bool {
    match pattern.split_first() {
        None => value.is_empty(),
        Some(('*', rest)) => (0..=value.len()).any(|skip| like_by_trying(rest, &value[skip..])),
        Some(('?', rest)) => !value.is_empty() && like_by_trying(rest, &value[1..]),
        Some((c, rest)) => value.first() == Some(c) && like_by_trying(rest, &value[1..]),
    }
}

/// A filter by its definition, over the lists of values.
fn admits_by_definition(filter: &Filter, accepted: &Accepted) -> bool {
    let parts = |filters: &[Filter]| filters.iter().filter(|f| admits_by_definition(f, accepted)).count();
    match filter {
        Filter::Any => true,
        Filter::Not(filter) => !admits_by_definition(filter, accepted),
        Filter::All(filters) => parts(filters) == filters.len(),
        Filter::Either(filters) => parts(filters) > 0,
        Filter::Has(subject, test) => values(*subject, accepted).iter().any(|value| match test {
            Test::Exists => true,
            Test::Like(pattern) => {
                let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
                like_by_trying(&lower(pattern.pattern()), &lower(value))
            }
            test => test.holds(value),
        }),
    }
}

fn filters() -> impl Strategy<Value = Filter> {
    let subject = prop::sample::select(Subject::all().collect::<Vec<_>>());
    let test = prop_oneof![
        Just(Test::Exists),
        "[ab*?.]{0,6}".prop_map(|pattern| Test::Like(Wildcards::parse(&pattern, false))),
        prop::collection::vec("[a-cA-C.]{0,3}|AT|DE|high", 0..3).prop_map(|texts| Test::Is(Texts::any_case(texts))),
        "[ab.]{1,3}|AT".prop_map(|text| Test::Is(Texts::cased([text]))),
        prop::sample::select(vec!["^a", "b$", "(?i)A.", "[ab]+", "high|low"])
            .prop_map(|text| Test::Matches(Regexp::parse(text).unwrap())),
        prop::sample::select(vec!["192.0.2.0/24", "192.0.2.1/32", "::/0"])
            .prop_map(|text| Test::Within(Network::parse(text).unwrap())),
    ];
    let leaf = prop_oneof![
        Just(Filter::Any),
        (subject, test).prop_map(|(subject, test)| Filter::Has(subject, test)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|filter| Filter::Not(Box::new(filter))),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::All),
            prop::collection::vec(inner, 0..4).prop_map(Filter::Either),
        ]
    })
}

fn reports() -> impl Strategy<Value = Accepted> {
    let countries = prop::sample::subsequence(vec!["AT", "DE"], 0..=2);
    let all = vec![
        "domain:a.b",
        "domain:ab.ba",
        "ip:192.0.2.1",
        "ip:2001:db8::1",
        "cve:CVE-2026-1000",
    ];
    let indicators = prop::sample::subsequence(all, 0..=4);
    let severity = prop::sample::select(vec![Severity::Low, Severity::High]);
    (countries, indicators, "[aAbB.]{0,5}", severity)
        .prop_map(|(countries, indicators, title, severity)| report(&countries, &indicators, &title, severity))
}

/// The same filter, put together by the constructors that leave out what says nothing.
fn tidied(filter: Filter) -> Filter {
    match filter {
        Filter::Any => Filter::Any,
        Filter::Has(subject, test) => Filter::has(subject, test),
        Filter::Not(filter) => tidied(*filter).negated(),
        Filter::All(filters) => Filter::all(filters.into_iter().map(tidied)),
        Filter::Either(filters) => Filter::either(filters.into_iter().map(tidied)),
    }
}

proptest! {
    #[test]
    fn admits_as_the_definition_says(filter in filters(), accepted in reports()) {
        prop_assert_eq!(filter.admits(&accepted), admits_by_definition(&filter, &accepted));
    }

    #[test]
    fn key_values_are_counted_without_making_them(accepted in reports()) {
        for field in Field::all() {
            prop_assert_eq!(field.count_key_values(&accepted), field.key_values(&accepted).len());
        }
    }

    #[test]
    fn comes_back_equal_and_admits_the_same(filter in filters(), accepted in reports()) {
        let back: Filter = serde_json::from_str(&serde_json::to_string(&filter).unwrap()).unwrap();
        prop_assert_eq!(&back, &filter);
        prop_assert_eq!(back.admits(&accepted), filter.admits(&accepted));
    }

    #[test]
    fn leaving_out_what_says_nothing_changes_nothing(filter in filters(), accepted in reports()) {
        let tidy = tidied(filter.clone());
        prop_assert!(tidy.depth() <= filter.depth() && tidy.tests() <= filter.tests());
        prop_assert_eq!(tidy.admits(&accepted), filter.admits(&accepted));
    }

    #[test]
    fn patterns_match_as_trying_everything_says(pattern in "[ab*?]{0,8}", value in "[ab]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let by_trying = like_by_trying(&chars(&pattern), &chars(&value));
        prop_assert_eq!(Wildcards::parse(&pattern, false).matches(&value), by_trying);
    }
}
