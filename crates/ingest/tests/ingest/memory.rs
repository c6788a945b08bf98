//! The memory budget: who floods is refused before anything is stored, others are not.

use std::collections::BTreeMap;
use std::time::Duration;

use chappe_eventlog::{AppendFault, EventLog, FaultPlan, Topic};
use chappe_ingest::Options;
use chappe_model::{Budget, Live};
use chappe_proto::v1;
use tonic::Code;

use crate::installation::{Answer, Installation, indicator, member, options, reason, report, retry_after};

/// Keys of one large report.
const LARGE: u64 = 1_000;
/// Half of 64 MiB, in contributions, and what each of five members has.
const FREE: u64 = 16_384;
const EACH: u64 = 1_638;

fn tight(faults: FaultPlan) -> Installation {
    let budget = Budget::of_mib(64).unwrap();
    let shares = budget.shared_by(5);
    assert_eq!((shares.free(), shares.each()), (FREE, EACH));
    Installation::with(Options { budget, ..options() }, faults)
}

/// A report with so many keys that no other has.
fn of_keys(key: &str, keys: u64) -> v1::Incident {
    let own = |n| indicator(v1::IndicatorType::Domain, &format!("n{n}-{key}.example").to_lowercase());
    v1::Incident {
        indicators: (0..keys).map(own).collect(),
        ..report(key)
    }
}

fn critical(report: v1::Incident) -> v1::Incident {
    v1::Incident {
        severity: v1::Severity::Critical as i32,
        ..report
    }
}

fn refused(answer: &Answer) {
    let refusal = answer.refusal();
    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::ResourceExhausted, "MEMORY_SHARE")
    );
    assert_eq!(retry_after(&refusal), Some(Duration::from_secs(60)));
    assert!(
        refusal.message().contains("nothing was stored"),
        "{}",
        refusal.message()
    );
}

/// Reports of this many keys that are taken before the first that is refused.
fn taken(it: &Installation, who: &str, prefix: &str, keys: u64) -> u64 {
    let refusal = (0..).find(|n| it.submit(who, &of_keys(&format!("{prefix}{n}"), keys)).code() != Code::Ok);
    refusal.expect("refused at last")
}

/// What correlation would say when it had read everything.
fn count(it: &Installation, members: &[(&str, u64)]) {
    let partitions = 0..it.log.partitions(Topic::Incidents);
    count_at(
        it,
        partitions.map(|p| it.log.end(Topic::Incidents, p).0).collect(),
        members,
    );
}

fn count_at(it: &Installation, read_to: Vec<u64>, members: &[(&str, u64)]) {
    let members: BTreeMap<_, _> = members.iter().map(|(id, live)| (member(id), *live)).collect();
    it.service.handle().count_live(&Live { read_to, members });
}

#[test]
fn who_floods_is_refused_at_half_of_the_budget_and_others_are_not() {
    let it = tight(FaultPlan::none());
    assert_eq!(taken(&it, "csirt-at", "F", LARGE), FREE.div_ceil(LARGE));
    let stored = it.records().len();
    refused(&it.submit("csirt-at", &of_keys("MORE", 1)));
    refused(&it.check("csirt-at", &of_keys("MORE", 1)));
    assert_eq!(it.records().len(), stored, "a refusal stores nothing");
    assert_eq!(it.submit("csirt-at", &of_keys("NO-KEYS", 0)).code(), Code::Ok);
    for other in ["csirt-be", "csirt-fr", "europol"] {
        assert_eq!(taken(&it, other, "O", 100), EACH.div_ceil(100), "{other} has its share");
    }
    let again = it.submit("csirt-at", &of_keys("F0", LARGE));
    assert_eq!(again.receipt().revision, 1, "what is stored is answered again");
}

#[test]
fn what_correlation_counts_takes_the_place_of_what_was_claimed() {
    let it = tight(FaultPlan::none());
    taken(&it, "csirt-at", "F", LARGE);
    // Nothing of it is read: it counts as before, beside what was there.
    let nothing = vec![0; usize::from(it.log.partitions(Topic::Incidents))];
    count_at(&it, nothing, &[("csirt-at", 10)]);
    refused(&it.submit("csirt-at", &of_keys("MORE", 1)));
    // All is read, and most of it opened nothing; a former member's contributions count for all together.
    count(&it, &[("csirt-at", 2_000), ("former", FREE - 2_010)]);
    assert_eq!(it.submit("csirt-at", &of_keys("MORE", 10)).code(), Code::Ok);
    refused(&it.submit("csirt-at", &of_keys("OVER", 1)));
    // Log time passes.
    count(&it, &[("csirt-at", 500)]);
    assert_eq!(taken(&it, "csirt-at", "G", LARGE), (FREE - 500).div_ceil(LARGE));
}

#[test]
fn a_correction_and_a_retraction_are_taken_from_who_is_refused() {
    let it = tight(FaultPlan::none());
    let (old, new) = (of_keys("F0", 3), of_keys("F0", 4));
    assert_eq!(it.submit("csirt-at", &old).code(), Code::Ok);
    assert_eq!(it.submit("csirt-at", &of_keys("X", 1)).code(), Code::Ok);
    taken(&it, "csirt-at", "L", LARGE);
    let revised = |revision, base: &v1::Incident| v1::Incident {
        revision,
        ..base.clone()
    };
    refused(&it.submit("csirt-at", &revised(2, &new)));
    let other_place = v1::Marking {
        r#use: v1::Use::NamedRecipientsOnly as i32,
        recipients: vec!["csirt-be".into()],
        ..old.marking.clone().unwrap()
    };
    refused(&it.submit(
        "csirt-at",
        &v1::Incident {
            marking: Some(other_place),
            ..revised(2, &old)
        },
    ));
    let fewer = v1::Incident {
        title: "Not the third".into(),
        ..revised(2, &of_keys("F0", 2))
    };
    assert_eq!(it.submit("csirt-at", &fewer).code(), Code::Ok);
    refused(&it.submit("csirt-at", &revised(3, &new)));
    assert_eq!(it.retract("csirt-at", "F0", 3, "").code(), Code::Ok);
    assert_eq!(it.retract("csirt-at", "X", 2, "").code(), Code::Ok);
    refused(&it.submit("csirt-at", &revised(4, &old)));
}

#[test]
fn critical_reports_are_taken_up_to_three_quarters() {
    let it = tight(FaultPlan::none());
    let at_half = taken(&it, "csirt-at", "F", LARGE) * LARGE;
    let flood = |n: u64| it.submit("csirt-at", &critical(of_keys(&format!("C{n}"), LARGE)));
    let more = (0..).find(|n| flood(*n).code() != Code::Ok).unwrap();
    // One key more: that of the reporter.
    assert_eq!(more, (FREE / 2 * 3 - at_half).div_ceil(LARGE + 1));
    refused(&flood(more));
    assert_eq!(it.submit("csirt-be", &of_keys("B", LARGE)).code(), Code::Ok);
}

#[test]
fn what_the_log_did_not_take_is_not_counted() {
    let faults = (1..=40).fold(FaultPlan::none(), |plan, nth| plan.at(nth, AppendFault::Refused));
    let it = tight(faults);
    for n in 0..40 {
        let refusal = it.submit("csirt-at", &of_keys(&format!("R{n}"), LARGE)).refusal();
        assert_eq!(reason(&refusal), "LOG_BUSY");
        assert_eq!(it.check("csirt-at", &of_keys(&format!("R{n}"), LARGE)).code(), Code::Ok);
    }
    assert_eq!(taken(&it, "csirt-at", "F", LARGE), FREE.div_ceil(LARGE));
}

#[test]
fn the_same_again_after_an_unknown_outcome_is_never_refused_for_memory() {
    let it = tight(FaultPlan::none());
    taken(&it, "csirt-at", "F", LARGE);
    count(&it, &[]);
    it.log.set_faults(FaultPlan::none().at(1, AppendFault::UnknownLost));
    assert_eq!(it.submit("csirt-at", &of_keys("U", 5)).code(), Code::Unavailable);
    count(&it, &[("csirt-at", FREE)]);
    refused(&it.submit("csirt-at", &of_keys("V", 5)));
    assert_eq!(it.submit("csirt-at", &of_keys("U", 5)).code(), Code::Ok);
}
