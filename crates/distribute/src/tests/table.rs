//! Every kind of viewer against every kind of alert, as the handling rules state it.

use chappe_model::{AlertKind, Audience, Realm, Role, Rsit, Severity, Tlp};

use super::{alert, countries, member, overlay, pool, viewer};
use crate::{Filter, LOOKS, Looks, may_see, types_named};

#[test]
fn the_decision_is_the_table() {
    let viewers = [
        viewer("csirt-at", "AT", Role::Member),
        viewer("csirt-de", "DE", Role::Member),
        viewer("enisa", "", Role::Member),
        viewer("europol", "", Role::Hub),
        viewer("duty", "", Role::DutyOfficer),
    ];
    let red = |mut alert: chappe_model::Alert| {
        alert.tlp = Tlp::Red;
        alert
    };
    let to_at = || Audience::Countries(countries(&["AT"]));
    let to_nobody = || Audience::Countries(countries(&[]));
    let to_reporter = || Audience::Reporter(member("csirt-at"));
    // Columns: csirt-at, csirt-de, enisa, europol (hub), duty (the hub's duty officer).
    let table = [
        ("pool, EU", alert(pool(), Audience::Eu), [1, 1, 1, 1, 1]),
        ("pool, AT", alert(pool(), to_at()), [1, 0, 0, 1, 1]),
        ("pool, no country", alert(pool(), to_nobody()), [0, 0, 0, 1, 1]),
        ("pool, recipients", alert(pool(), Audience::Recipients), [0, 0, 0, 0, 0]),
        ("pool, reporter", alert(pool(), to_reporter()), [1, 0, 0, 0, 1]),
        ("pool, EU, red", red(alert(pool(), Audience::Eu)), [0, 0, 0, 0, 0]),
        ("pool, AT, red", red(alert(pool(), to_at())), [0, 0, 0, 0, 0]),
        (
            "pool, reporter, red",
            red(alert(pool(), to_reporter())),
            [0, 0, 0, 0, 0],
        ),
        (
            "to de",
            red(alert(overlay(&["csirt-de"]), Audience::Recipients)),
            [0, 1, 0, 0, 0],
        ),
        (
            "to de, EU",
            alert(overlay(&["csirt-de"]), Audience::Eu),
            [0, 1, 0, 0, 0],
        ),
        ("to de, AT", alert(overlay(&["csirt-de"]), to_at()), [0, 1, 0, 0, 0]),
        (
            "to de, reporter",
            alert(overlay(&["csirt-de"]), to_reporter()),
            [0, 1, 0, 0, 0],
        ),
        (
            "to at and hub",
            red(alert(overlay(&["csirt-at", "europol"]), Audience::Recipients)),
            [1, 0, 0, 1, 0],
        ),
        (
            "to duty",
            red(alert(overlay(&["duty"]), Audience::Recipients)),
            [0, 0, 0, 0, 1],
        ),
    ];
    for (name, alert, wanted) in table {
        for realm in [Realm::Live, Realm::Exercise] {
            let mut alert = alert.clone();
            alert.compartment.realm = realm;
            let seen = viewers.each_ref().map(|viewer| u8::from(may_see(viewer, &alert)));
            assert_eq!(seen, wanted, "{name}, {realm:?}");
        }
    }
}

#[test]
fn the_lists_of_a_filter_restrict_together() {
    let alert = alert(pool(), Audience::Eu); // cross-border, high, AT, fraud/phishing, live
    let asks = |edit: &dyn Fn(&mut Filter)| {
        let mut filter = Filter::default();
        edit(&mut filter);
        filter.matches(&alert, None)
    };
    assert!(asks(&|_| {}));
    assert!(asks(&|f| f.kinds = [AlertKind::CrossBorder, AlertKind::Surge].into()));
    assert!(!asks(&|f| f.kinds = [AlertKind::Surge].into()));
    assert!(asks(&|f| f.min_severity = Severity::High));
    assert!(!asks(&|f| f.min_severity = Severity::Critical));
    assert!(asks(&|f| f.countries = countries(&["AT", "DE"])));
    assert!(!asks(&|f| f.countries = countries(&["DE"])));
    assert!(asks(&|f| f.incident_types = types_named("fraud").unwrap()));
    assert!(!asks(&|f| f.incident_types = types_named("malicious-code").unwrap()));
    assert!(!asks(&|f| f.exercise = true));
    let (right_country, wrong_type) = (countries(&["AT"]), types_named("availability/dos").unwrap());
    assert!(!asks(
        &|f| (f.countries, f.incident_types) = (right_country, wrong_type.clone())
    ));
}

#[test]
fn classes_and_types_are_read_and_the_rest_is_refused() {
    assert_eq!(types_named("fraud/phishing").unwrap(), [Rsit::Phishing].into());
    assert!(types_named("Fraud").unwrap().contains(&Rsit::Phishing));
    assert_eq!(types_named("other").unwrap(), [Rsit::Other, Rsit::Undetermined].into());
    assert!(types_named("").is_err());
    assert!(types_named("fraud/nothing").is_err());
}

#[test]
fn a_correction_reaches_whom_the_alert_reached_and_nobody_else() {
    let (at, de) = (
        viewer("csirt-at", "AT", Role::Member),
        viewer("csirt-de", "DE", Role::Member),
    );
    let high = Filter {
        min_severity: Severity::High,
        countries: countries(&["AT"]),
        ..Filter::default()
    };
    let mut looks = Looks::default();
    let first = alert(pool(), Audience::Countries(countries(&["AT"])));
    looks.note(&first);
    assert!(
        !looks.told_before(&at, &high, &first, &[]),
        "nothing came before the first"
    );

    let mut retracted = alert(pool(), Audience::Eu);
    (retracted.revision, retracted.severity, retracted.countries) = (2, Severity::Info, countries(&[]));
    looks.note(&retracted);
    assert!(!high.matches(&retracted, None));
    assert!(looks.told_before(&at, &high, &retracted, &[]));
    assert!(
        !looks.told_before(&de, &high, &retracted, &[]),
        "the first revision was not for DE, and its severity is not either"
    );
    assert!(!looks.told_before(&at, &Filter { exercise: true, ..high }, &retracted, &[]));
}

#[test]
fn looks_are_bounded_and_then_tell_too_much_rather_than_too_little() {
    let at = viewer("csirt-at", "AT", Role::Member);
    let mut looks = Looks::default();
    let all: Vec<_> = chappe_model::CountrySet::from_iter(
        [
            "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
            "LV", "MT",
        ]
        .into_iter()
        .chain([
            "NL", "PL", "PT", "RO", "SE", "SI", "SK", "NO", "IS", "LI", "CH", "UA", "MD", "GE", "AL", "RS", "ME", "MK",
        ])
        .map(|code| chappe_model::Country::parse(code).unwrap()),
    )
    .iter()
    .collect();
    assert!(all.len() > LOOKS);
    for (i, country) in all.iter().enumerate() {
        let mut revision = alert(pool(), Audience::Eu);
        (revision.revision, revision.countries) = (u32::try_from(i).unwrap() + 1, [*country].into_iter().collect());
        looks.note(&revision);
    }
    let mut last = alert(pool(), Audience::Eu);
    (last.revision, last.countries) = (1_000, countries(&[]));
    for country in all {
        let filter = Filter {
            countries: [country].into_iter().collect(),
            ..Filter::default()
        };
        assert!(looks.told_before(&at, &filter, &last, &[]), "{country:?}");
    }
}
