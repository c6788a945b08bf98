//! The Security Union Strategy's own example: electricity is hit, and behind it telecommunications, hospitals, banks and airports are warned, in
//! the country itself and, once its grid is reported to be hit too, beyond the border. The dependencies are those that the program brings.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use chappe_proto::v1;
use chappe_tests::{Feed, Options, Program, now, report};

/// What hangs on electricity within a country.
const BEHIND_ENERGY: [&str; 8] = [
    "banking",
    "digital-infrastructure",
    "drinking-water",
    "financial-market-infrastructures",
    "food",
    "health",
    "transport",
    "waste-water",
];
/// What hangs on electricity in Germany beyond its borders.
const BEHIND_GERMANY: [&str; 10] = ["AT", "BE", "CZ", "DK", "FR", "LU", "NL", "PL", "SE", "DE"];

async fn hit(program: &Program, member: &str, key: &str, sector: &str, country: &str, severity: v1::Severity) {
    let mut incident = report(key);
    incident.severity = severity as i32;
    incident.sectors = vec![sector.to_owned()];
    incident.countries = vec![country.to_owned()];
    let request = v1::SubmitRequest {
        incident: Some(incident),
        validate_only: false,
    };
    let client = program.client(member).unwrap();
    client.incidents().submit(request).await.unwrap();
}

/// By warned country: every warning that stands, by path, as a viewer was told.
async fn told(program: &Program, viewer: &str) -> BTreeMap<String, Vec<String>> {
    let mut feed = Feed::from_beginning(&program.client(viewer).unwrap()).await.unwrap();
    let mut stands = BTreeMap::new();
    for alert in feed.until_judged(now()).await.unwrap() {
        if alert.kind != v1::AlertKind::Cascade as i32 {
            continue;
        }
        assert_eq!(alert.state, v1::AlertState::Open as i32, "{alert:?}");
        let country = alert.key[2].value.clone();
        let cascade = alert.explanation.unwrap().cascade.unwrap();
        let path = |warning: &v1::CascadeWarning| {
            let path: Vec<String> = warning
                .path
                .iter()
                .map(|it| format!("{} {}", it.sector, it.country))
                .collect();
            let confirmed = warning.state == v1::WarningState::Confirmed as i32;
            format!("{}{}", path.join(" > "), if confirmed { " (hit)" } else { "" })
        };
        stands.insert(country, cascade.warnings.iter().map(path).collect());
    }
    stands
}

fn behind(path: &str, country: &str) -> Vec<String> {
    BEHIND_ENERGY
        .iter()
        .map(|sector| format!("{path} > {sector} {country}"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn electricity_is_hit_and_who_hangs_on_it_is_warned_along_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::default().set("policy.cascade.reports", 3);
    let mut program = Program::start_with(folder.path(), options).unwrap();
    let high = v1::Severity::High;

    // What is no cluster, is not severe, or is by one member alone warns nobody.
    for (member, key, severity) in [
        ("csirt-de", "outage-1", high),
        ("csirt-de", "outage-2", high),
        ("csirt-de", "outage-3", high),
        ("csirt-at", "rumour", v1::Severity::Medium),
    ] {
        hit(&program, member, key, "energy", "DE", severity).await;
    }
    hit(&program, "csirt-at", "elsewhere", "energy", "ES", high).await;
    hit(&program, "csirt-at", "other-sector", "food", "DE", high).await;
    assert_eq!(told(&program, "europol").await, BTreeMap::new());

    // A second member says so: all that hangs on it is warned. The hub is told, and both; who is warned beyond the border needs a third.
    hit(&program, "csirt-at", "seen-here", "energy", "DE", high).await;
    let all = told(&program, "europol").await;
    let countries: Vec<&String> = all.keys().collect();
    let mut expected = BEHIND_GERMANY;
    expected.sort_unstable();
    assert_eq!(countries, expected);
    // That food is hit says one member, of another country: that confirms nothing.
    assert_eq!(all["DE"], behind("energy DE", "DE"));
    assert_eq!(all["AT"], ["energy DE > energy AT"]);
    assert_eq!(
        told(&program, "csirt-at").await,
        all,
        "it reported, and so is told of all that hangs on it"
    );
    assert_eq!(told(&program, "csirt-fr").await, BTreeMap::new());

    // A third: France is told what France is warned of, and no more.
    hit(&program, "csirt-pl", "seen-there", "energy", "DE", high).await;
    let france = told(&program, "csirt-fr").await;
    assert_eq!(
        france,
        BTreeMap::from([("FR".to_owned(), vec!["energy DE > energy FR".to_owned()])])
    );
    assert_eq!(told(&program, "csirt-ee").await, BTreeMap::new(), "no path leads there");

    // The French grid is hit: what hangs on that one is warned, in France and in Italy.
    hit(&program, "csirt-fr", "grid", "energy", "FR", high).await;
    let france = told(&program, "csirt-fr").await;
    let mut of_france = behind("energy DE > energy FR", "FR");
    of_france.insert(4, "energy DE > energy FR (hit)".to_owned());
    of_france.sort_by_key(|path| path.split(" > ").last().unwrap().to_owned());
    assert_eq!(france["FR"], of_france);
    let italy = told(&program, "csirt-it").await;
    assert_eq!(italy["IT"], ["energy DE > energy FR > energy IT"]);
    program.stop().unwrap();
}
