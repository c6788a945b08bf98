//! What members answer for: who states it and sees it, and which alerts are a member's own.

use std::sync::Arc;

use chappe_eventlog::{AppendFault, EventLog, FaultPlan, Topic};
use chappe_model::{Audience, Principal, Role};
use chappe_proto::v1;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::rig::{
    Rig, all_told, austria, board, confined, constituency, countries, europol, from_beginning, germany, id, mine,
    retracted, revision, viewer,
};
use crate::view::Sizes;

fn reason(status: &Status) -> String {
    status.get_details_error_info().unwrap().reason
}

fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    violations.iter().map(|v| v.field.clone()).collect()
}

/// `kind value in entry`, each.
fn hits(alert: &v1::Alert) -> Vec<String> {
    let word = |hit: &v1::ConstituencyHit| format!("{:?} {} in {}", hit.kind(), hit.value, hit.entry);
    alert.hits.iter().map(word).collect()
}

impl Rig {
    fn configured(&self) -> u64 {
        self.log.end(Topic::Config, 0).0
    }

    /// What `who` is shown of its own in a list, and on a stream from the beginning.
    fn own(&self, who: &Arc<Principal>) -> (Vec<String>, Vec<String>) {
        let request = v1::ListAlertsRequest {
            filter: mine(),
            ..Default::default()
        };
        let page = self.board.list(who, &request).unwrap();
        let request = v1::SubscribeRequest {
            filter: mine(),
            ..from_beginning()
        };
        let listed = page
            .alerts
            .iter()
            .map(|alert| format!("{}.{}", &alert.name["alerts/".len()..][..2], alert.revision));
        let mut feed = self.subscribe(who, &request);
        (listed.collect(), all_told(&self.drain(&mut feed)))
    }
}

#[test]
fn the_hub_states_it_and_it_stands_over_a_restart() {
    let rig = Rig::new();
    let first = rig
        .state("csirt-at", &constituency(&["at"], &["gv.at", "Bank.at."]), 5_000)
        .unwrap();
    let summary = first.summary.clone().unwrap();
    assert_eq!(
        (summary.countries, summary.domains, summary.stated_by.as_str()),
        (1, 2, "europol")
    );
    assert_eq!(
        (first.unchanged, first.durability()),
        (false, v1::DurabilityClass::Process)
    );
    // The same in other words is no news; another time does not move it.
    let again = rig
        .state("csirt-at", &constituency(&["AT"], &["bank.at", "gv.at"]), 9_000)
        .unwrap();
    assert_eq!((again.unchanged, again.summary.as_ref()), (true, Some(&summary)));
    assert_eq!(rig.configured(), 1);
    // Less than before takes what is left out away, and is never in force before what it replaces.
    let less = rig.state("csirt-at", &constituency(&["AT"], &[]), 4_000).unwrap();
    assert_eq!(less.summary.unwrap().in_force_since, summary.in_force_since);
    let restarted = Rig::on(rig.log.clone(), Sizes::default());
    for rig in [&rig, &restarted] {
        let shown = rig
            .board
            .constituency(&austria(), &v1::GetConstituencyRequest::default())
            .unwrap();
        assert_eq!(shown.constituency.unwrap(), constituency(&["AT"], &[]));
        assert_eq!(shown.summary.unwrap().stated_by, "", "the hub's own affair");
    }
}

#[test]
fn nobody_else_states_it_and_every_fault_is_named() {
    let rig = Rig::new();
    let sound = constituency(&["AT"], &[]);
    for who in [austria(), germany()] {
        let refusal = rig.state_as(&who, "csirt-at", &sound, 1).unwrap_err();
        assert_eq!(
            (refusal.code(), reason(&refusal).as_str()),
            (Code::PermissionDenied, "HUB_ONLY")
        );
    }
    assert!(
        rig.state_as(&viewer("enisa", "", Role::DutyOfficer), "csirt-at", &sound, 1)
            .is_ok()
    );
    let wrong = constituency(&["AT", "UK"], &["bank.at", "com"]);
    let refusal = rig.state("csirt-fr", &wrong, 1).unwrap_err();
    assert_eq!(
        fields(&refusal),
        ["member", "constituency.countries[1]", "constituency.domains[1]"]
    );
    let refusal = rig
        .state("csirt-at", &constituency(&["AT"], &["gv.at", "co.uk"]), 1)
        .unwrap_err();
    assert_eq!(fields(&refusal), ["constituency.domains[1]"]);
    let refusal = rig.state("csirt-at", &constituency(&[], &[]), 1).unwrap_err();
    assert_eq!(fields(&refusal), ["constituency"]);
    assert_eq!(rig.configured(), 1);
}

#[test]
fn a_member_is_shown_its_own_and_the_hub_everyones() {
    let rig = Rig::new();
    rig.state("csirt-at", &constituency(&["AT"], &[]), 1).unwrap();
    rig.state("csirt-de", &constituency(&["DE"], &[]), 2).unwrap();
    let get = |who: &Principal, member: &str| {
        let request = v1::GetConstituencyRequest { member: member.into() };
        rig.board.constituency(who, &request)
    };
    assert!(get(&austria(), "csirt-at").is_ok() && get(&europol(), "csirt-de").is_ok());
    let hidden = get(&austria(), "csirt-de").unwrap_err();
    for none in [get(&austria(), "csirt-fr"), get(&europol(), ""), get(&austria(), "???")] {
        let none = none.unwrap_err();
        assert_eq!((none.message(), none.details()), (hidden.message(), hidden.details()));
    }
    let listed = |who: &Principal| {
        let summaries = rig.board.constituencies(who).summaries;
        summaries.into_iter().map(|summary| summary.member).collect::<Vec<_>>()
    };
    assert_eq!(listed(&europol()), ["csirt-at", "csirt-de"]);
    assert_eq!(listed(&germany()), ["csirt-de"]);
}

#[test]
fn mine_is_what_may_be_seen_and_hits_and_says_what_it_hits_to_each_its_own() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.append(&confined(revision(2, 1), &["csirt-de"]));
    let mut french = revision(3, 1);
    (french.countries, french.values) = (countries(&["FR"]), vec!["FR".into()]);
    rig.append(&french);
    rig.catch_up();
    rig.state("csirt-at", &constituency(&["AT"], &["bad2.example", "bad3.example"]), 1)
        .unwrap();
    rig.state("csirt-de", &constituency(&[], &["bad2.example"]), 1).unwrap();
    let expected = (
        vec!["01.1".to_owned(), "03.1".to_owned()],
        vec!["1.1".to_owned(), "3.1".to_owned()],
    );
    assert_eq!(rig.own(&austria()), expected);
    assert_eq!(rig.own(&germany()).1, ["2.1"]);
    // Whoever asks for the alert by name or without the filter is told its own hits all the same, and nobody another's.
    let shown = |who: &Principal, n: u8| hits(&rig.board.get(who, &id(n).resource_name()).unwrap().alert.unwrap());
    assert_eq!(shown(&austria(), 1), ["Country AT in AT"]);
    assert_eq!(shown(&austria(), 3), ["Domain domain:bad3.example in bad3.example"]);
    assert_eq!(shown(&germany(), 1), [""; 0]);
    assert_eq!(shown(&germany(), 2), ["Domain domain:bad2.example in bad2.example"]);
    assert_eq!(shown(&europol(), 1), [""; 0]);
}

#[test]
fn a_correction_follows_what_was_told_as_mine() {
    let rig = Rig::new();
    let mut first = revision(1, 1);
    first.audience = Audience::Countries(countries(&["AT"]));
    rig.append(&first);
    rig.catch_up();
    rig.state("csirt-at", &constituency(&["DE"], &[]), 1).unwrap();
    let request = v1::SubscribeRequest {
        filter: mine(),
        ..from_beginning()
    };
    let mut feed = rig.subscribe(&austria(), &request);
    assert_eq!(all_told(&rig.drain(&mut feed)), ["1.1"]);
    // It names no country any more, and what it hit is the viewer's no more: who was told is told.
    rig.state("csirt-at", &constituency(&[], &["bad2.example"]), 2).unwrap();
    let mut withdrawn = retracted(revision(1, 2));
    withdrawn.values.clear();
    rig.append(&withdrawn);
    rig.append(&revision(2, 1));
    rig.append(&revision(3, 1));
    rig.catch_up();
    assert_eq!(all_told(&rig.drain(&mut feed)), ["1.2", "2.1"]);
    // Germany could not see the revision that hit what is Germany's.
    rig.state("csirt-de", &constituency(&["DE"], &[]), 3).unwrap();
    let mut feed = rig.subscribe(&germany(), &request);
    assert_eq!(all_told(&rig.drain(&mut feed)), ["2.1", "3.1"]);
}

#[test]
fn without_a_constituency_nothing_is_silently_nobodys() {
    let rig = Rig::new();
    let list = v1::ListAlertsRequest {
        filter: mine(),
        ..Default::default()
    };
    let request = v1::SubscribeRequest {
        filter: mine(),
        ..from_beginning()
    };
    for refusal in [
        rig.board.list(&austria(), &list).unwrap_err(),
        rig.board.subscribe(austria(), &request).unwrap_err(),
    ] {
        assert_eq!(
            (refusal.code(), reason(&refusal).as_str()),
            (Code::FailedPrecondition, "NO_CONSTITUENCY")
        );
    }
    // Another process states it: it is read before anything is refused.
    let other = board(Arc::new(rig.log.clone()), Sizes::default());
    rig.state("csirt-at", &constituency(&["AT"], &[]), 1).unwrap();
    assert!(other.list(&austria(), &list).is_ok());
}

#[test]
fn what_is_not_recorded_is_not_in_force() {
    let rig = Rig::new();
    rig.log.set_faults(FaultPlan::none().at(1, AppendFault::DiskFull));
    let refusal = rig.state("csirt-at", &constituency(&["AT"], &[]), 1).unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::ResourceExhausted, "DISK_FULL")
    );
    assert!(rig.board.constituencies(&europol()).summaries.is_empty());
    let another = rig.board.stating.lock().unwrap();
    let refusal = rig.state("csirt-at", &constituency(&["AT"], &[]), 1).unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::ResourceExhausted, "UNDER_WAY")
    );
    drop(another);
    assert!(rig.state("csirt-at", &constituency(&["AT"], &[]), 1).is_ok());
}
