//! What members judge of alerts.

use std::sync::Arc;

use chappe_eventlog::{AppendFault, EventLog, FaultPlan, MemoryLog, Position, Record, Topic, append_blocking};
use chappe_model::{AlertState, Audience, Principal, Role, Surge, Timestamp};
use chappe_proto::v1;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::rig::{
    Rig, SMALL, austria, board, confined, countries, europol, from_now, germany, id, retracted, revision, viewer,
};
use crate::options::{DECISIONS_PER_ALERT, DECISIONS_PER_MINUTE};
use crate::tally::Tally;
use crate::view::Sizes;

const ACKNOWLEDGED: v1::Verdict = v1::Verdict::Acknowledged;
const CONFIRMED: v1::Verdict = v1::Verdict::Confirmed;
const DISMISSED: v1::Verdict = v1::Verdict::Dismissed;

fn request(n: u8, verdict: v1::Verdict, reason: &str) -> v1::DecideRequest {
    v1::DecideRequest {
        name: id(n).resource_name(),
        verdict: verdict as i32,
        reason: reason.into(),
    }
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

impl Rig {
    fn decide(
        &self,
        who: &Principal,
        n: u8,
        verdict: v1::Verdict,
        reason: &str,
        ms: u64,
    ) -> Result<v1::DecideResponse, Status> {
        self.board.decide(who, &request(n, verdict, reason), at(ms))
    }

    fn recorded(&self) -> u64 {
        self.log.end(Topic::Decisions, 0).0
    }

    fn seen(&self, who: &Principal, n: u8) -> Vec<String> {
        let answer = self.board.get(who, &id(n).resource_name()).unwrap();
        words(&answer.alert.unwrap())
    }
}

/// `member verdict: reason at milliseconds`, each.
fn words(alert: &v1::Alert) -> Vec<String> {
    let word = |decision: &v1::Decision| {
        let when = decision.decided_at.unwrap();
        let (verdict, ms) = (
            decision.verdict(),
            when.seconds * 1_000 + i64::from(when.nanos / 1_000_000),
        );
        let hub = if decision.hub { " hub" } else { "" };
        format!("{}{hub} {verdict:?} {} {ms}", decision.member, decision.reason)
    };
    alert.decisions.iter().map(word).collect()
}

#[test]
fn a_decision_is_seen_by_all_who_see_the_alert_and_its_member_by_itself_and_the_hub() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.catch_up();
    let (at_, de) = (austria(), germany());
    let answer = rig.decide(&at_, 1, DISMISSED, " a new sensor ", 5_000).unwrap();
    assert_eq!(answer.durability(), v1::DurabilityClass::Process);
    assert_eq!(answer.decision.as_ref().unwrap().member, "csirt-at");
    rig.decide(&europol(), 1, ACKNOWLEDGED, "", 6_000).unwrap();
    assert_eq!(
        rig.seen(&at_, 1),
        ["csirt-at Dismissed a new sensor 5000", " hub Acknowledged  6000"]
    );
    assert_eq!(
        rig.seen(&de, 1),
        [" Dismissed a new sensor 5000", " hub Acknowledged  6000"]
    );
    for hub in [europol(), viewer("enisa", "", Role::DutyOfficer)] {
        assert_eq!(
            rig.seen(&hub, 1),
            ["csirt-at Dismissed a new sensor 5000", "europol hub Acknowledged  6000"]
        );
    }
    // The newest of each member, in order of time, in lists too; and again from the log.
    rig.decide(&at_, 1, CONFIRMED, "", 7_000).unwrap();
    let expected = [" hub Acknowledged  6000", " Confirmed  7000"];
    assert_eq!(rig.seen(&de, 1), expected);
    let listed = |rig: &Rig| {
        let page = rig.board.list(&de, &v1::ListAlertsRequest::default()).unwrap();
        words(&page.alerts[0])
    };
    assert_eq!(listed(&rig), expected);
    let again = Rig::on(rig.log.clone(), Sizes::default());
    assert_eq!(listed(&again), expected);
}

#[test]
fn a_repeat_is_answered_alike_without_a_record() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.catch_up();
    let first = rig.decide(&austria(), 1, DISMISSED, "noise", 5_000).unwrap();
    for ms in [5_000, 6_000, 1] {
        assert_eq!(rig.decide(&austria(), 1, DISMISSED, "noise\n", ms).unwrap(), first);
    }
    assert_eq!(rig.recorded(), 1);
    rig.decide(&austria(), 1, DISMISSED, "another reason", 7_000).unwrap();
    rig.decide(&germany(), 1, DISMISSED, "another reason", 7_000).unwrap();
    // What was said before and no longer stands is news.
    rig.decide(&austria(), 1, DISMISSED, "noise", 8_000).unwrap();
    assert_eq!(rig.recorded(), 4);
    // Repeats cost nothing of a member's pace.
    for _ in 0..2 * DECISIONS_PER_MINUTE {
        rig.decide(&austria(), 1, DISMISSED, "noise", 8_000).unwrap();
    }
}

#[test]
fn what_may_not_be_seen_and_what_is_not_there_are_refused_in_the_same_bytes() {
    let rig = Rig::new();
    rig.append(&confined(revision(1, 1), &["csirt-de"]));
    rig.catch_up();
    rig.decide(&germany(), 1, CONFIRMED, "", 5_000).unwrap();
    let refusal = |who: &Principal, n| {
        let status = rig.decide(who, n, CONFIRMED, "", 6_000).unwrap_err();
        (status.code(), status.message().to_owned(), status.details().to_vec())
    };
    let shown = rig.board.get(&austria(), &id(1).resource_name()).unwrap_err();
    assert_eq!(refusal(&austria(), 1), refusal(&austria(), 99));
    assert_eq!(
        refusal(&europol(), 1),
        refusal(&europol(), 99),
        "the hub is not on the list"
    );
    let (code, message, details) = refusal(&austria(), 1);
    assert_eq!((code, message.as_str()), (Code::NotFound, shown.message()));
    assert_eq!(details, shown.details());
    assert_eq!(rig.recorded(), 1);
}

#[test]
fn a_wrong_request_names_every_field() {
    let rig = Rig::new();
    let wrong = v1::DecideRequest {
        name: "alerts/1".into(),
        verdict: 7,
        reason: "x".repeat(1_001),
    };
    let refused = rig.board.decide(&austria(), &wrong, at(1)).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let details = refused.get_error_details();
    let fields = details.bad_request().unwrap().field_violations.iter();
    assert_eq!(
        fields.map(|v| v.field.as_str()).collect::<Vec<_>>(),
        ["name", "verdict", "reason"]
    );
}

#[test]
fn a_member_has_a_pace_and_is_told_when_to_come_again() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.catch_up();
    for n in 0..DECISIONS_PER_MINUTE {
        rig.decide(&austria(), 1, CONFIRMED, &n.to_string(), 5_000).unwrap();
    }
    let refused = rig.decide(&austria(), 1, DISMISSED, "noise", 5_000).unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(refused.get_details_error_info().unwrap().reason, "DECISION_RATE");
    let wait = refused.get_details_retry_info().unwrap().retry_delay.unwrap();
    let wait_ms = u64::try_from(wait.as_millis()).unwrap();
    assert!(
        rig.decide(&germany(), 1, CONFIRMED, "", 5_000).is_ok(),
        "another has its own"
    );
    assert!(rig.decide(&austria(), 1, DISMISSED, "noise", 5_000 + wait_ms).is_ok());
    // To ask for what is not there costs the same.
    let refused = rig.decide(&austria(), 99, CONFIRMED, "", 5_000 + wait_ms).unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
}

#[test]
fn so_many_members_are_heard_on_an_alert_and_the_hub_always() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.catch_up();
    for n in 0..DECISIONS_PER_ALERT {
        let member = viewer(&format!("m{n}"), "FR", Role::Member);
        rig.decide(&member, 1, ACKNOWLEDGED, "", 5_000).unwrap();
    }
    let refused = rig.decide(&austria(), 1, CONFIRMED, "", 6_000).unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "TOO_MANY_DECISIONS_ON_ALERT"
    );
    let first = viewer("m0", "FR", Role::Member);
    assert!(
        rig.decide(&first, 1, CONFIRMED, "", 6_000).is_ok(),
        "who was heard may change its mind"
    );
    assert!(rig.decide(&europol(), 1, CONFIRMED, "", 7_000).is_ok());
    let seen = rig.seen(&austria(), 1);
    assert_eq!(seen.len(), DECISIONS_PER_ALERT);
    assert_eq!(
        seen[DECISIONS_PER_ALERT - 2..],
        [" Confirmed  6000", " hub Confirmed  7000"]
    );
}

#[test]
fn what_is_not_surely_recorded_is_not_told_so_and_may_be_sent_again() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.catch_up();
    let reason = |status: &Status| status.get_details_error_info().unwrap().reason;
    for (fault, code, why) in [
        (AppendFault::Refused, Code::ResourceExhausted, "LOG_BUSY"),
        (AppendFault::DiskFull, Code::ResourceExhausted, "DISK_FULL"),
        (AppendFault::UnknownLost, Code::Unavailable, "UNKNOWN_OUTCOME"),
        (AppendFault::UnknownWritten, Code::Unavailable, "UNKNOWN_OUTCOME"),
    ] {
        rig.log.set_faults(FaultPlan::none().at(1, fault));
        let refused = rig.decide(&austria(), 1, CONFIRMED, why, 5_000).unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (code, why));
        assert_eq!(rig.seen(&austria(), 1), [""; 0], "{why}");
    }
    // The last was written, so the same is a repeat, which takes no second record.
    assert_eq!(rig.recorded(), 1);
    rig.log.set_faults(FaultPlan::none());
    rig.decide(&austria(), 1, CONFIRMED, "UNKNOWN_OUTCOME", 9_000).unwrap();
    assert_eq!(
        (rig.recorded(), rig.seen(&germany(), 1)),
        (1, vec![" Confirmed UNKNOWN_OUTCOME 5000".to_owned()])
    );
    rig.log.set_faults(FaultPlan::none().at(1, AppendFault::FailedSync));
    assert_eq!(
        rig.decide(&austria(), 1, DISMISSED, "x", 9_000).unwrap_err().code(),
        Code::Unavailable
    );
    let stopped = rig.decide(&austria(), 1, DISMISSED, "x", 9_000).unwrap_err();
    assert_eq!(
        (stopped.code(), reason(&stopped).as_str()),
        (Code::Unavailable, "LOG_STOPPED")
    );
}

#[test]
fn processes_on_one_log_agree_by_its_order_whatever_their_clocks_say() {
    let log = MemoryLog::new().shared();
    let (one, two) = (Rig::on(log.clone(), SMALL), Rig::on(log.clone(), SMALL));
    one.append(&revision(1, 1));
    one.catch_up();
    two.catch_up();
    one.decide(&austria(), 1, DISMISSED, "noise", 9_000).unwrap();
    // The repeat at another process, which has not followed yet: its clock is behind.
    let repeat = two.decide(&austria(), 1, DISMISSED, "noise", 1_000).unwrap();
    assert_eq!(
        (one.recorded(), repeat.decision.unwrap().decided_at.unwrap().seconds),
        (1, 9)
    );
    two.decide(&austria(), 1, CONFIRMED, "", 1_000).unwrap();
    two.decide(&germany(), 1, ACKNOWLEDGED, "", 10_000).unwrap();
    one.catch_up();
    let expected = [" Confirmed  9000", " Acknowledged  10000"];
    let france = viewer("csirt-fr", "FR", Role::Member);
    assert_eq!(one.seen(&france, 1), expected);
    assert_eq!(two.seen(&france, 1), expected);
}

#[test]
fn records_of_others_are_skipped() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.catch_up();
    let noise = Record::data(u64::MAX, bytes::Bytes::new(), bytes::Bytes::from_static(b"\x08\x09"));
    append_blocking(&rig.log, Topic::Decisions, 0, noise).unwrap();
    append_blocking(&rig.log, Topic::Decisions, 0, Record::mark(u64::MAX)).unwrap();
    rig.decide(&austria(), 1, CONFIRMED, "", 5_000).unwrap();
    assert_eq!(rig.seen(&germany(), 1), [" Confirmed  5000"]);
    assert_eq!(rig.log.end(Topic::Decisions, 0), Position(3));
}

#[test]
fn decisions_follow_to_the_alert_that_carries_theirs_on_for_those_who_saw_that() {
    let rig = Rig::new();
    let germans_only = |mut alert: chappe_model::Alert| {
        alert.audience = Audience::Countries(countries(&["DE"]));
        alert
    };
    let pointing = |mut alert: chappe_model::Alert, to: u8| {
        alert.state = AlertState::Superseded(id(to));
        alert
    };
    for n in [1, 2, 3, 4] {
        rig.append(&revision(n, 1));
    }
    rig.append(&germans_only(revision(5, 1)));
    rig.catch_up();
    rig.decide(&austria(), 1, CONFIRMED, "one", 1_000).unwrap();
    rig.decide(&austria(), 2, DISMISSED, "two", 2_000).unwrap();
    rig.decide(&germany(), 3, CONFIRMED, "three", 3_000).unwrap();
    rig.decide(&europol(), 5, CONFIRMED, "five", 4_000).unwrap();
    // 1 and 5 are carried on by 2, 2 by 4, 3 by 4: over any number of steps.
    rig.append(&pointing(revision(1, 2), 2));
    rig.append(&pointing(germans_only(revision(5, 2)), 2));
    rig.append(&pointing(revision(2, 2), 4));
    rig.append(&pointing(revision(3, 2), 4));
    rig.catch_up();
    let carried = ["csirt-at Dismissed two 2000", " Confirmed three 3000"];
    assert_eq!(
        rig.seen(&austria(), 4),
        carried,
        "of a member the newest, and not of what it may not see"
    );
    assert_eq!(
        rig.seen(&europol(), 4),
        [
            "csirt-at Dismissed two 2000",
            "csirt-de Confirmed three 3000",
            "europol hub Confirmed five 4000"
        ]
    );
    assert_eq!(rig.seen(&austria(), 1), ["csirt-at Confirmed one 1000"]);
    // Where it points elsewhere the decisions go along; they are its own all the time.
    rig.append(&pointing(revision(2, 3), 3));
    rig.append(&pointing(revision(4, 2), 3));
    rig.append(&retracted(revision(3, 3)));
    rig.catch_up();
    assert_eq!(rig.seen(&austria(), 4), [""; 0]);
    assert_eq!(rig.seen(&austria(), 3), carried);
    // A circle, which correlation never makes, ends.
    rig.append(&pointing(revision(3, 4), 1));
    rig.catch_up();
    assert_eq!(rig.seen(&austria(), 1), carried);
}

#[test]
fn a_decision_alone_is_no_news_to_a_stream_and_goes_with_the_next_revision() {
    let rig = Rig::new();
    rig.append(&revision(1, 1));
    rig.catch_up();
    let mut feed = rig.subscribe(&germany(), &from_now());
    rig.decide(&austria(), 1, DISMISSED, "noise", 5_000).unwrap();
    rig.catch_up();
    assert_eq!(rig.drain(&mut feed), []);
    rig.append(&revision(1, 2));
    rig.catch_up();
    let told = rig.drain(&mut feed);
    let Some(v1::subscribe_response::Event::Alert(alert)) = &told[0].event else {
        panic!("{told:?}")
    };
    assert_eq!(
        (alert.revision, words(alert)),
        (2, vec![" Dismissed noise 5000".to_owned()])
    );
    assert_eq!(told.len(), 1);
}

#[test]
fn the_realised_rate_of_surges_is_counted_beside_the_stated() {
    const DAY_MS: u64 = 24 * 3_600 * 1_000;
    let rig = Rig::new();
    let surge = |n: u8, day: u64, stated: u32| {
        let mut alert = revision(n, 1);
        alert.first_seen = at(day * DAY_MS);
        alert.surge = Some(Box::new(Surge {
            false_alarms_per_year: stated,
            ..Surge::default()
        }));
        alert
    };
    let tally = || {
        rig.catch_up();
        let it = Tally::of(&rig.board.view());
        (it.stated, it.told, it.dismissed, it.undecided)
    };
    assert_eq!(tally(), (0, 0, 0, 0));
    for (n, day, stated) in [(1, 100, 12), (2, 200, 12), (3, 300, 4), (4, 310, 4)] {
        rig.append(&surge(n, day, stated));
    }
    rig.append(&revision(9, 1)); // no surge
    rig.mark(400 * DAY_MS, 1);
    assert_eq!(tally(), (4, 4, 0, 4));
    rig.decide(&austria(), 1, DISMISSED, "noise", 1_000).unwrap();
    rig.decide(&austria(), 2, DISMISSED, "a new sensor", 1_000).unwrap();
    rig.decide(&austria(), 3, ACKNOWLEDGED, "", 1_000).unwrap();
    rig.decide(&austria(), 9, DISMISSED, "noise", 1_000).unwrap();
    assert_eq!(tally(), (4, 4, 2, 2));
    rig.decide(&germany(), 2, CONFIRMED, "", 2_000).unwrap();
    assert_eq!(tally(), (4, 4, 2, 2), "another member takes no dismissal back");
    rig.decide(&europol(), 2, CONFIRMED, "", 3_000).unwrap();
    assert_eq!(tally(), (4, 4, 1, 2));
    let mut superseded = surge(4, 310, 4);
    (superseded.revision, superseded.state) = (2, AlertState::Superseded(id(3)));
    rig.append(&superseded);
    assert_eq!(tally(), (4, 3, 1, 1), "one that another carries on is that one");
    rig.mark(466 * DAY_MS, 1);
    assert_eq!(tally(), (4, 2, 0, 1), "a year has passed since the first");
}

#[test]
fn an_older_log_opens_and_shows_no_decisions() {
    let log = MemoryLog::new();
    super::rig::append(&log, &revision(1, 1));
    let board = board(Arc::new(log), SMALL);
    let answer = board.get(&austria(), &id(1).resource_name()).unwrap();
    assert_eq!(answer.alert.unwrap().decisions, []);
}
