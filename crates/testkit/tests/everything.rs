//! Equality with everything on at once: on one history, in one run, rules, campaigns, surges and cascades are each what its oracle says.
//!
//! `CHAPPE_CASES` sets the number of generated cases (200), `CHAPPE_SEED` the first seed (0). A failing case names its seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;

use chappe_model::{Alert, AlertKind};
use chappe_testkit::{
    Deliveries, Oracle, World, campaigns_expected, campaigns_to_tell, campaigns_told, cascades_expected,
    cascades_to_tell, cascades_told, check_seeds, differences, everything_case, live, number, run_everything, secret,
    surges_alike, surges_expected, surges_told,
};
use serde_json::Value;

struct Oracles {
    rules: Oracle,
    campaigns: Oracle,
    surges: Oracle,
    cascades: Oracle,
}

impl Oracles {
    fn start() -> Self {
        Self {
            rules: Oracle::start().unwrap(),
            campaigns: Oracle::of_linking().unwrap(),
            surges: Oracle::of_surges().unwrap(),
            cascades: Oracle::of_cascades().unwrap(),
        }
    }
}

#[test]
fn each_detector_is_what_its_oracle_says_while_all_others_run() {
    let (first, cases) = (number("CHAPPE_SEED", 0), number("CHAPPE_CASES", 200));
    let found = check_seeds(first..first + cases, Oracles::start, check);
    let [rules, campaigns, surges, cascades] = [0, 16, 32, 48].map(|at| found >> at & 0xffff);
    writeln!(
        std::io::stderr(),
        "{cases} cases, {rules} with an alert of a rule, {campaigns} with a campaign, {surges} with a surge, {cascades} with a cascade"
    )
    .unwrap();
    for some in [rules, campaigns, surges, cascades] {
        assert!(
            some * 5 >= cases,
            "a detector says too little to be judged: {some} of {cases}"
        );
    }
}

/// Tells in 16 bits each of which detectors the case has alerts.
fn check(oracles: &mut Oracles, seed: u64) -> u64 {
    let case = everything_case(seed);
    let history = &case.surges.case;
    let rules = oracles.rules.alerts(history).unwrap();
    let campaigns = oracles
        .campaigns
        .campaigns(&case.links, &history.reports(), history.now);
    let campaigns = campaigns_expected(campaigns.unwrap());
    let surges = surges_expected(oracles.surges.ask(&case.surges.question()).unwrap());
    let cascades = cascades_expected(oracles.cascades.ask(&case.cascades.question()).unwrap());
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x5eed);
    for deliveries in [Deliveries::in_order(history), Deliveries::shuffled(history, &mut rng)] {
        let by_rules = World::new(history).run(deliveries.clone());
        assert_eq!(
            differences(&secret(), &live(&by_rules), &rules),
            Vec::<String>::new(),
            "seed {seed}"
        );
        let told = run_everything(&case, &deliveries);
        let of = |kind| -> Vec<Alert> { told.iter().filter(|alert| alert.rule.kind == kind).cloned().collect() };
        let found = of(AlertKind::Campaign);
        let expected = campaigns_to_tell(&campaigns, &found);
        assert_eq!(campaigns_told(&found), expected, "seed {seed}: campaigns");
        let found = surges_told(&of(AlertKind::Surge));
        let alike = found.len() == surges.len()
            && found
                .iter()
                .zip(&surges)
                .all(|(found, expected)| surges_alike(found, expected));
        assert!(alike, "seed {seed}: told {found:#?}\nexpected {surges:#?}");
        let found = cascades_told(&of(AlertKind::Cascade));
        assert_eq!(found, cascades_to_tell(&cascades, &found), "seed {seed}: cascades");
    }
    let stand = |alerts: &[Value]| u64::from(alerts.iter().any(|alert| alert["state"] != "retracted"));
    [&rules, &campaigns, &surges, &cascades]
        .iter()
        .rev()
        .fold(0, |all, alerts| all << 16 | stand(alerts))
}
