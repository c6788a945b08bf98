//! Refusals before anything is stored: rates, requests in flight, recipient lists.

use std::sync::Arc;
use std::time::Duration;

use chappe_eventlog::{AppendFault, FaultPlan, Hold};
use chappe_identity::{Directory, TokenDigest};
use chappe_ingest::{OpenError, Options, Quotas, Service};
use chappe_model::limits::{INDICATORS, RECIPIENT_LISTS_PER_MEMBER, REVISIONS};
use chappe_model::{MemberId, Policy, Principal, Role, built_in_rules};
use chappe_proto::v1;
use tonic::Code;

use crate::installation::{
    Answer, Installation, fields, indicator, marking, member, options, policy, reason, report, retry_after,
};

fn with_quotas(quotas: Quotas, faults: FaultPlan) -> Installation {
    Installation::with(Options { quotas, ..options() }, faults)
}

fn refused_as(answer: &Answer, expected: &str) {
    let refusal = answer.refusal();
    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::ResourceExhausted, expected)
    );
    assert!(retry_after(&refusal).is_some());
}

#[test]
fn over_its_rate_a_member_is_told_when_to_come_back() {
    let it = with_quotas(
        Quotas {
            reports_per_second: 10,
            burst: 2,
            ..Quotas::default()
        },
        FaultPlan::none(),
    );
    assert_eq!(it.submit("csirt-at", &report("A")).code(), Code::Ok);
    assert_eq!(it.submit("csirt-at", &report("B")).code(), Code::Ok);
    let refused = it.submit("csirt-at", &report("C"));
    refused_as(&refused, "RATE");
    assert_eq!(retry_after(&refused.refusal()), Some(Duration::from_millis(100)));
    assert_eq!(it.records().len(), 2);
    assert_eq!(
        it.submit("csirt-be", &report("C")).code(),
        Code::Ok,
        "another member's rate is its own"
    );
    it.clock.advance_millis(100);
    assert_eq!(it.submit("csirt-at", &report("C")).code(), Code::Ok);
}

#[test]
fn a_retry_of_what_is_stored_costs_nothing_and_a_fault_costs_a_report() {
    let it = with_quotas(
        Quotas {
            reports_per_second: 1,
            burst: 2,
            ..Quotas::default()
        },
        FaultPlan::none(),
    );
    let receipt = it.submit("csirt-at", &report("A")).receipt();
    (0..100).for_each(|_| assert_eq!(it.submit("csirt-at", &report("A")).receipt(), receipt));
    assert_eq!(
        it.submit("csirt-at", &v1::Incident::default()).code(),
        Code::InvalidArgument
    );
    refused_as(&it.submit("csirt-at", &report("B")), "RATE");
}

#[test]
fn what_the_log_did_not_take_costs_nothing() {
    let faults = (1..=20).fold(FaultPlan::none(), |plan, nth| plan.at(nth, AppendFault::Refused));
    let it = with_quotas(
        Quotas {
            reports_per_second: 1,
            burst: 1,
            ..Quotas::default()
        },
        faults,
    );
    (0..20).for_each(|_| refused_as(&it.submit("csirt-at", &report("A")), "LOG_BUSY"));
    assert_eq!(it.submit("csirt-at", &report("A")).code(), Code::Ok);
}

#[test]
fn what_waits_for_the_log_is_bounded_and_critical_goes_first() {
    let quotas = Quotas {
        in_flight: 8,
        in_flight_per_member: 5,
        ..Quotas::default()
    };
    let it = with_quotas(quotas, FaultPlan::none().hold(Hold::Write));
    let critical = |key: &str| v1::Incident {
        severity: v1::Severity::Critical as i32,
        ..report(key)
    };
    let mut waiting: Vec<Answer> = (0..5)
        .map(|n| it.submit("csirt-at", &report(&format!("A{n}"))))
        .collect();
    refused_as(&it.submit("csirt-at", &critical("A5")), "MEMBER_IN_FLIGHT");
    waiting.push(it.submit("csirt-be", &report("B0")));
    refused_as(&it.submit("csirt-be", &report("B1")), "CRITICAL_ONLY");
    waiting.extend([
        it.submit("csirt-be", &critical("B2")),
        it.submit("csirt-be", &critical("B3")),
    ]);
    refused_as(&it.submit("csirt-fr", &critical("C0")), "IN_FLIGHT");
    assert!(waiting.iter().all(Answer::is_open));
    it.log.release_all();
    assert!(waiting.iter().all(|answer| answer.code() == Code::Ok));
    assert_eq!(it.records().len(), waiting.len());
    it.log.set_faults(FaultPlan::none());
    assert_eq!(
        it.submit("csirt-at", &report("A5")).code(),
        Code::Ok,
        "answers make room"
    );
}

/// An installation whose members name each other in more lists than one of them may use.
fn many_members() -> (Options, Vec<[String; 2]>) {
    let named: Vec<String> = (0..13).map(|n| format!("m{n}")).collect();
    let ids = named.iter().map(String::as_str).chain(["csirt-at", "csirt-be", "duty"]);
    let members = ids.map(|id| {
        (
            Principal {
                member: member(id),
                home: None,
                role: Role::Member,
            },
            TokenDigest::of(id),
        )
    });
    let directory = Arc::new(Directory::new(members.collect()).unwrap());
    let policy = policy(&["csirt-at"]);
    let pairs = named
        .iter()
        .enumerate()
        .flat_map(|(i, a)| named[..i].iter().map(move |b| [a.clone(), b.clone()]));
    let lists = pairs.take(RECIPIENT_LISTS_PER_MEMBER + 1).collect();
    (
        Options {
            directory,
            policy,
            ..options()
        },
        lists,
    )
}

#[test]
fn a_members_recipient_lists_are_bounded_and_nobody_elses_business() {
    let (options, lists) = many_members();
    let it = Installation::with(options.clone(), FaultPlan::none());
    let named = |key: &str, list: &[String; 2]| v1::Incident {
        marking: Some(marking(
            v1::Tlp::Red,
            v1::Use::Unspecified,
            &list.each_ref().map(String::as_str),
        )),
        ..report(key)
    };
    let unmarked = |key: &str| v1::Incident {
        marking: None,
        ..report(key)
    };
    let (last, used) = lists.split_last().unwrap();
    // The first attempt of the last one fails: it must leave no list behind. Nor does the list of unmarked reports count.
    it.log.set_faults(FaultPlan::none().at(1, AppendFault::DiskFull));
    refused_as(&it.submit("csirt-at", &named("FAILED", last)), "DISK_FULL");
    assert_eq!(it.submit("csirt-at", &unmarked("U1")).code(), Code::Ok);
    for (n, list) in used.iter().enumerate() {
        assert_eq!(it.check("csirt-at", &named(&format!("K{n}"), list)).code(), Code::Ok);
        assert_eq!(it.submit("csirt-at", &named(&format!("K{n}"), list)).code(), Code::Ok);
    }
    assert_eq!(it.submit("csirt-at", &unmarked("U2")).code(), Code::Ok);
    let again = it.restart(options.clone());
    for it in [&it, &again] {
        refused_as(&it.check("csirt-at", &named("LAST", last)), "RECIPIENT_LISTS");
        refused_as(&it.submit("csirt-at", &named("LAST", last)), "RECIPIENT_LISTS");
        assert_eq!(it.check("csirt-at", &named("MORE", &used[0])).code(), Code::Ok);
        assert_eq!(
            it.check("csirt-be", &named("B", last)).code(),
            Code::Ok,
            "the bound is each member's own"
        );
    }
    assert_eq!(it.stored().len(), RECIPIENT_LISTS_PER_MEMBER + 2);
    // That another uses the list changes no answer.
    let refusal = again.check("csirt-at", &named("LAST", last)).refusal();
    assert_eq!(again.submit("csirt-be", &named("B", last)).code(), Code::Ok);
    let same = again.check("csirt-at", &named("LAST", last)).refusal();
    assert_eq!((same.message(), same.details()), (refusal.message(), refusal.details()));
    assert!(same.message().contains("your reports bear 64"), "{}", same.message());
    assert_eq!(again.submit("csirt-at", &unmarked("U3")).code(), Code::Ok);
    assert_eq!(again.retract("csirt-at", "K0", 2, "").code(), Code::Ok);
}

#[test]
fn a_list_in_use_takes_no_room_after_a_restart() {
    let it = Installation::new();
    let named = |key: &str| v1::Incident {
        marking: Some(marking(v1::Tlp::Red, v1::Use::Unspecified, &["csirt-be"])),
        ..report(key)
    };
    it.submit("csirt-at", &named("A")).receipt();
    let again = it.restart(options());
    let receipt = again.submit("csirt-at", &named("B")).receipt();
    assert_eq!(receipt.marking.unwrap().recipients, ["csirt-be"]);
}

#[test]
fn the_revisions_of_a_report_are_bounded_and_it_can_still_be_withdrawn() {
    let it = Installation::new();
    let full = u32::try_from(REVISIONS).unwrap();
    let revision = |revision| v1::Incident {
        revision,
        ..report("A")
    };
    for n in 1..=full {
        it.submit("csirt-at", &revision(n)).receipt();
    }
    let again = it.restart(options());
    for it in [&it, &again] {
        for answer in [
            it.submit("csirt-at", &revision(full + 1)),
            it.check("csirt-at", &revision(0)),
        ] {
            let refusal = answer.refusal();
            assert_eq!(
                (refusal.code(), reason(&refusal).as_str()),
                (Code::FailedPrecondition, "TOO_MANY_REVISIONS")
            );
            assert!(
                refusal.message().contains("open a new report key"),
                "{}",
                refusal.message()
            );
        }
        assert_eq!(
            it.submit("csirt-at", &revision(7)).code(),
            Code::Ok,
            "a retry is no further revision"
        );
    }
    assert_eq!(again.submit("csirt-at", &report("B")).code(), Code::Ok);
    // The first attempt to withdraw it has an unknown outcome: the same again settles it.
    again.log.set_faults(FaultPlan::none().at(1, AppendFault::UnknownLost));
    assert_eq!(again.retract("csirt-at", "A", full + 5, "").code(), Code::Unavailable);
    let receipt = again.retract("csirt-at", "A", full + 5, "").receipt();
    assert_eq!(again.retract("csirt-at", "A", full + 5, "").receipt(), receipt);
    assert!(again.get("csirt-at", &receipt.incident).unwrap().retracted);
    let refusal = again.retract("csirt-at", "A", full + 6, "").refusal();
    assert_eq!(reason(&refusal), "TOO_MANY_REVISIONS", "it is withdrawn already");
    assert_eq!(again.stored().len(), REVISIONS + 2);
}

#[test]
fn a_report_that_is_too_large_as_stored_is_the_senders_to_split() {
    let it = Installation::new();
    let url = |n: usize| {
        indicator(
            v1::IndicatorType::Url,
            &format!("https://bad.example/{n}/{}", "x".repeat(1_900)),
        )
    };
    let large = v1::Incident {
        indicators: (0..INDICATORS).map(url).collect(),
        ..report("CASE-1")
    };
    let refusal = it.submit("csirt-at", &large).refusal();
    assert_eq!(fields(&refusal), ["incident"]);
    assert!(refusal.message().contains("split the report"));
    assert_eq!(
        it.submit("csirt-at", &report("CASE-1")).code(),
        Code::Ok,
        "nothing of it is left"
    );
}

#[test]
fn a_policy_that_cannot_be_kept_does_not_open() {
    let officers: Vec<MemberId> = (0..32).map(|n| member(&format!("o{n}"))).collect();
    let policy = Policy::new(1, built_in_rules(), 300_000, vec![], officers).unwrap();
    let it = Installation::new();
    let opened = Service::open(
        Options { policy, ..options() },
        Arc::new(it.log.clone()),
        it.clock.clone(),
    );
    assert_eq!(opened.err(), Some(OpenError::DutyOfficers(32)));
}
