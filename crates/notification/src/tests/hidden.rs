//! Alerts that a viewer may not see change no byte of anything the viewer is answered.
//!
//! Two installations live through the same history; one of them also has alerts that the viewer may not see. Whatever the viewer asks, whenever,
//! both answer in the same bytes.

mod outsider;

use chappe_model::{Alert, AlertId, AlertState, Audience, Realm, Role, Severity, Timestamp, Tlp};
use chappe_proto::v1;
use proptest::prelude::*;
use proptest::sample::Index;

use self::outsider::Outsider;
use super::rig::{
    Rig, austria, confined, constituency, countries, germany, id, member, mine, retracted, revision, viewer,
};
use crate::view::Sizes;

/// Ids of hidden alerts start here: below and above those of visible ones.
const HIDDEN: [u8; 4] = [1, 4, 6, 9];
const VISIBLE: [u8; 4] = [2, 3, 5, 8];

#[derive(Clone, Debug)]
enum Event {
    Visible {
        which: Index,
        look: u8,
    },
    Hidden {
        which: Index,
        look: u8,
    },
    /// A revision that was there before, once more.
    Repeated,
    Mark {
        later_ms: u64,
    },
    /// A mark behind the last, as a new owner may write.
    EarlierMark,
    /// A new owner.
    Takeover,
    /// A record of the owner before.
    Fenced {
        which: Index,
        hidden: bool,
    },
    /// An alert that may not be seen is carried on by one that may.
    HiddenPoints {
        which: Index,
        to: Index,
    },
    Judged(Judged),
    /// The hub states what the viewer answers for, or what another does: of that the viewer learns nothing.
    Stated {
        own: bool,
        what: usize,
        ms: u64,
    },
    Ask(Ask),
}

/// What members answer for: what is seen, what is not, and a country.
const ANSWERED_FOR: [(&[&str], &[&str]); 4] = [
    (&[], &["bad2.example"]),
    (&["AT"], &[]),
    (&["FR"], &["bad4.example"]),
    (&[], &["bad6.example", "bad8.example"]),
];

/// Others judge an alert, at some time.
#[derive(Clone, Debug)]
struct Judged {
    which: Index,
    hidden: bool,
    by_hub: bool,
    verdict: i32,
    ms: u64,
}

impl Judged {
    fn by_others(&self, with: &Rig, without: &Rig) {
        let who = if self.by_hub {
            viewer("europol", "", Role::Hub)
        } else {
            germany()
        };
        let judge = |rig: &Rig, n: u8| {
            let at = Timestamp::from_millis(self.ms);
            // What they may not see either is refused alike.
            let _ = rig.board.decide(&who, &judgement(n, self.verdict), at);
        };
        if self.hidden {
            judge(with, *self.which.get(&HIDDEN));
        } else {
            [with, without]
                .iter()
                .for_each(|rig| judge(rig, *self.which.get(&VISIBLE)));
        }
    }
}

#[derive(Clone, Debug)]
enum Ask {
    CatchUp,
    Subscribe {
        from_beginning: bool,
        filter: u8,
    },
    Resume {
        cursor: Index,
        filter: u8,
        foreign: bool,
    },
    Next {
        feed: Index,
        at_most: usize,
    },
    Heartbeat {
        feed: Index,
        now_ms: u64,
    },
    List {
        size: i32,
        filter: u8,
        token: Option<Index>,
    },
    Get {
        n: u8,
    },
    Decide {
        n: u8,
        verdict: i32,
        ms: u64,
    },
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (any::<Index>(), 0..6_u8).prop_map(|(which, look)| Event::Visible { which, look }),
        4 => (any::<Index>(), 0..6_u8).prop_map(|(which, look)| Event::Hidden { which, look }),
        1 => Just(Event::Repeated),
        4 => (0..3_u64).prop_map(|later| Event::Mark { later_ms: later * 500 }),
        1 => Just(Event::EarlierMark),
        1 => Just(Event::Takeover),
        1 => (any::<Index>(), any::<bool>()).prop_map(|(which, hidden)| Event::Fenced { which, hidden }),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(which, to)| Event::HiddenPoints { which, to }),
        3 => (any::<Index>(), any::<bool>(), any::<bool>(), 1..4_i32, 0..9_000_u64)
            .prop_map(|(which, hidden, by_hub, verdict, ms)| Event::Judged(Judged { which, hidden, by_hub, verdict, ms })),
        2 => (prop::bool::weighted(0.6), 0..ANSWERED_FOR.len(), 0..9_000_u64).prop_map(|(own, what, ms)| Event::Stated { own, what, ms }),
        12 => any_ask().prop_map(Event::Ask),
    ]
}

fn any_ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        4 => Just(Ask::CatchUp),
        2 => (any::<bool>(), 0..6_u8).prop_map(|(from_beginning, filter)| Ask::Subscribe { from_beginning, filter }),
        2 => (any::<Index>(), 0..6_u8, prop::bool::weighted(0.1)).prop_map(|(cursor, filter, foreign)| Ask::Resume { cursor, filter, foreign }),
        4 => (any::<Index>(), 0..4_usize).prop_map(|(feed, at_most)| Ask::Next { feed, at_most }),
        3 => (any::<Index>(), 0..9_000_u64).prop_map(|(feed, now_ms)| Ask::Heartbeat { feed, now_ms }),
        2 => (-1..4_i32, 0..6_u8, proptest::option::of(any::<Index>())).prop_map(|(size, filter, token)| Ask::List { size, filter, token }),
        2 => (0..12_u8).prop_map(|n| Ask::Get { n }),
        2 => (0..12_u8, 0..5_i32, 0..9_000_u64).prop_map(|(n, verdict, ms)| Ask::Decide { n, verdict, ms }),
    ]
}

fn any_sizes() -> impl Strategy<Value = Sizes> {
    (1..12_usize, 1..6_u64).prop_map(|(tail_records, milestone_records)| Sizes {
        tail_records,
        tail_bytes: 1 << 20,
        milestone_records,
    })
}

/// A revision that Austria may see; by `look` other in severity, country, audience or state.
fn visible(n: u8, number: u32, look: u8) -> Alert {
    let mut alert = revision(n, number);
    match look {
        0 => alert.severity = Severity::Low,
        1 => alert.countries = countries(&["FR"]),
        2 => alert.audience = Audience::Countries(countries(&["AT"])),
        3 => alert.compartment.realm = Realm::Exercise,
        4 => return confined(alert, &["csirt-at", "csirt-de"]),
        _ => return retracted(alert),
    }
    alert
}

/// A revision that Austria may not see.
fn hidden(n: u8, number: u32, look: u8) -> Alert {
    let mut alert = revision(n, number);
    match look {
        0 => alert.audience = Audience::Countries(countries(&["DE"])),
        1 => alert.audience = Audience::Reporter(member("csirt-de")),
        2 => alert.audience = Audience::Recipients,
        3 => alert.tlp = Tlp::Red,
        4 => alert.compartment.realm = Realm::Exercise,
        _ => {}
    }
    if look >= 4 {
        confined(alert, &["csirt-de", "europol"])
    } else {
        alert
    }
}

fn filter(number: u8) -> Option<v1::AlertFilter> {
    match number {
        0 => None,
        1 => Some(v1::AlertFilter {
            min_severity: 4,
            countries: vec!["AT".into()],
            ..Default::default()
        }),
        2 => Some(v1::AlertFilter {
            incident_types: vec!["fraud".into()],
            kinds: vec![3],
            ..Default::default()
        }),
        3 => mine(),
        4 => Some(v1::AlertFilter {
            values: vec![v1::Indicator {
                r#type: v1::IndicatorType::Domain as i32,
                value: "bad4.example".into(),
            }],
            domains: vec!["bad1.example".into(), "bad2.example".into(), "bad5.example".into()],
            ..Default::default()
        }),
        _ => Some(v1::AlertFilter {
            exercise: true,
            ..Default::default()
        }),
    }
}

/// What the log was told so far, the same for both installations.
#[derive(Default)]
struct Writer {
    number: u32,
    epoch: u64,
    watermark_ms: u64,
    last_visible: Option<Alert>,
    /// Alerts that may be seen and were told before they could be withdrawn.
    told: Vec<u8>,
}

impl Writer {
    fn write(&mut self, event: &Event, with: &Rig, without: &Rig) {
        self.number += 1;
        let under = |mut alert: Alert, epoch| {
            alert.epoch = epoch;
            alert
        };
        match event {
            Event::Visible { which, look } => {
                let alert = under(visible(*which.get(&VISIBLE), self.number, *look), self.epoch);
                [with, without].iter().for_each(|rig| rig.append(&alert));
                if alert.state == AlertState::Open {
                    self.told.push(alert.id.as_bytes()[0]);
                }
                self.last_visible = Some(alert);
            }
            Event::Hidden { which, look } => {
                with.append(&under(hidden(*which.get(&HIDDEN), self.number, *look), self.epoch))
            }
            Event::Repeated => {
                if let Some(alert) = &self.last_visible {
                    [with, without]
                        .iter()
                        .for_each(|rig| rig.append(&under(alert.clone(), self.epoch)));
                }
            }
            Event::Mark { later_ms } => {
                self.watermark_ms += later_ms;
                [with, without]
                    .iter()
                    .for_each(|rig| rig.mark(self.watermark_ms, self.epoch));
            }
            Event::EarlierMark => {
                let behind = self.watermark_ms.saturating_sub(700);
                [with, without].iter().for_each(|rig| rig.mark(behind, self.epoch));
            }
            Event::Takeover => {
                self.epoch += 1;
                [with, without]
                    .iter()
                    .for_each(|rig| rig.mark(self.watermark_ms, self.epoch));
            }
            Event::Fenced { which, hidden: true } => {
                with.append(&under(
                    hidden(*which.get(&HIDDEN), self.number, 0),
                    self.epoch.saturating_sub(1),
                ));
            }
            Event::Fenced { which, hidden: false } => {
                let alert = under(
                    visible(*which.get(&VISIBLE), self.number, 0),
                    self.epoch.saturating_sub(1),
                );
                [with, without].iter().for_each(|rig| rig.append(&alert));
            }
            // To one that is not known yet it would also say that its correction concerns somebody.
            Event::HiddenPoints { .. } if self.told.is_empty() => {}
            Event::HiddenPoints { which, to } => {
                with.append(&under(
                    pointing(which, id(*to.get(&self.told)), self.number),
                    self.epoch,
                ));
            }
            Event::Judged(judged) => judged.by_others(with, without),
            Event::Stated { own: true, what, ms } => [with, without]
                .iter()
                .for_each(|rig| state(rig, "csirt-at", *what, *ms)),
            Event::Stated { own: false, what, ms } => state(with, "csirt-de", *what, *ms),
            Event::Ask(_) => {}
        }
    }
}

fn state(rig: &Rig, whose: &str, what: usize, ms: u64) {
    let (countries, domains) = ANSWERED_FOR[what];
    rig.state(whose, &constituency(countries, domains), ms).unwrap();
}

/// A hidden alert that another carries on.
fn pointing(which: &Index, to: AlertId, number: u32) -> Alert {
    let mut alert = hidden(*which.get(&HIDDEN), number, 0);
    alert.state = AlertState::Superseded(to);
    alert
}

fn judgement(n: u8, verdict: i32) -> v1::DecideRequest {
    v1::DecideRequest {
        name: id(n).resource_name(),
        verdict,
        reason: "because".into(),
    }
}

proptest! {
    #[test]
    fn what_may_not_be_seen_changes_no_byte(
        events in proptest::collection::vec(any_event(), 1..80),
        sizes in any_sizes(),
    ) {
        let (mut with, mut without) = (Outsider::new(sizes), Outsider::new(sizes));
        let mut writer = Writer::default();
        for (i, event) in events.iter().enumerate() {
            match event {
                Event::Ask(ask) => prop_assert_eq!(with.ask(ask), without.ask(ask), "answer {}", i),
                event => writer.write(event, &with.rig, &without.rig),
            }
        }
        prop_assert_eq!(with.finish(), without.finish());
    }

    #[test]
    fn every_cursor_of_every_stream_skips_nothing(
        events in proptest::collection::vec(any_event(), 1..60),
        sizes in any_sizes(),
        from_beginning in any::<bool>(),
        start_after in 0..20_usize,
    ) {
        let (rig, other) = (Rig::on(chappe_eventlog::MemoryLog::new(), sizes), Rig::new());
        let mut writer = Writer::default();
        let mut feed = None;
        let mut answers: Vec<v1::SubscribeResponse> = Vec::new();
        for (i, event) in events.iter().enumerate() {
            writer.write(event, &rig, &other);
            rig.catch_up();
            if i >= start_after {
                let request = v1::SubscribeRequest { from_beginning, ..Default::default() };
                let feed = feed.get_or_insert_with(|| rig.subscribe(&austria(), &request));
                match event {
                    Event::Ask(Ask::Next { at_most, .. }) => answers.extend(feed.next(&rig.board, *at_most).unwrap()),
                    Event::Ask(Ask::Heartbeat { .. }) => answers.push(feed.heartbeat(&rig.board, Timestamp::ZERO)),
                    _ => {}
                }
            }
        }
        if let Some(mut feed) = feed {
            answers.extend(feed.next(&rig.board, usize::MAX).unwrap());
        }
        let alert = |answer: &v1::SubscribeResponse| match &answer.event {
            Some(v1::subscribe_response::Event::Alert(alert)) => Some((alert.name.clone(), alert.revision)),
            _ => None,
        };
        for (i, answer) in answers.iter().enumerate() {
            let due: Vec<_> = answers[i + 1..].iter().filter_map(alert).collect();
            let request = v1::SubscribeRequest { cursor: answer.cursor.clone(), ..Default::default() };
            let got = feed_of(&rig, &request).iter().map(|answer| alert(answer).unwrap()).collect::<Vec<_>>();
            if from_beginning || answers[..=i].iter().any(|answer| alert(answer).is_some()) {
                prop_assert_eq!(got, due, "after answer {}", i);
            } else {
                prop_assert!(got.ends_with(&due), "after answer {}: {:?} lacks {:?}", i, got, due);
            }
        }
    }
}

fn feed_of(rig: &Rig, request: &v1::SubscribeRequest) -> Vec<v1::SubscribeResponse> {
    let mut feed = rig.subscribe(&austria(), request);
    rig.drain(&mut feed)
}
