//! A seeded history of submissions by several members, one incident of which is hidden.

use chappe_proto::v1;
use fastrand::Rng;

pub(crate) const MEMBERS: [(&str, &str); 6] = [
    ("csirt-at", "AT"),
    ("csirt-be", "BE"),
    ("csirt-cz", "CZ"),
    ("csirt-de", "DE"),
    ("europol", ""),
    ("enisa", ""),
];
const INDICATORS: [(v1::IndicatorType, &str); 3] = [
    (v1::IndicatorType::Domain, "one.example"),
    (v1::IndicatorType::Ip, "203.0.113.9"),
    (v1::IndicatorType::Email, "box@mail.example"),
];

/// The reporter's key of the hidden incident: nobody else's.
pub(crate) const HIDDEN_KEY: &str = "hidden";

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Time passes, in milliseconds, and is marked in every partition.
    Wait(u64),
    Submit(&'static str, Box<v1::Incident>),
    Retract(&'static str, v1::RetractRequest),
    /// Everyone reads streams, lists, details and own incidents.
    Look,
    /// Everyone's stream breaks and resumes from its cursor.
    Resume,
}

#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// Steps, each with whether it belongs to the hidden incident.
    pub(crate) steps: Vec<(bool, Step)>,
    /// Submitter and named recipients of the hidden incident.
    pub(crate) insiders: Vec<&'static str>,
}

impl Script {
    pub(crate) fn generate(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let submitter = MEMBERS[rng.usize(0..4)].0;
        let unmarked = submitter == "csirt-de" && rng.bool(); // its unmarked reports are taken as TLP:RED for itself and the duty officer
        let recipients: Vec<&'static str> = if unmarked {
            vec!["csirt-de", "europol"]
        } else {
            some(&mut rng, &["csirt-at", "csirt-be", "europol"])
        };
        let mut steps: Vec<(bool, Step)> = (0..rng.usize(if seed.is_multiple_of(4) { 14..40 } else { 6..14 }))
            .map(|_| (false, step(&mut rng)))
            .collect();
        for revision in 0..rng.u32(1..4) {
            let mut hidden = incident(&mut rng, submitter);
            hidden.report_key = HIDDEN_KEY.into();
            hidden.revision = revision;
            hidden.exercise = seed.is_multiple_of(7);
            hidden.marking = (!unmarked).then(|| named(&mut rng, &recipients));
            let mut act = Step::Submit(submitter, Box::new(hidden));
            if revision > 0 && rng.u8(0..4) == 0 {
                act = Step::Retract(
                    submitter,
                    v1::RetractRequest {
                        report_key: HIDDEN_KEY.into(),
                        revision,
                        reason: "withdrawn".into(),
                    },
                );
            }
            let at = rng.usize(0..=steps.len());
            steps.insert(at, (true, act));
        }
        steps.push((false, Step::Wait(40_000)));
        steps.push((false, Step::Look));
        let mut insiders = recipients;
        insiders.push(submitter);
        Self { steps, insiders }
    }

    pub(crate) fn outsiders(&self) -> impl Iterator<Item = &'static str> + '_ {
        MEMBERS
            .iter()
            .map(|(id, _)| *id)
            .filter(|id| !self.insiders.contains(id))
    }
}

fn step(rng: &mut Rng) -> Step {
    let who = MEMBERS[rng.usize(0..4)].0;
    match rng.u8(0..12) {
        0 | 1 => Step::Wait([500, 3_000, 10_000, 31_000, 120_000][rng.usize(0..5)]),
        11 => Step::Resume,
        2 | 3 => Step::Look,
        4 => Step::Retract(
            who,
            v1::RetractRequest {
                report_key: "a".into(),
                revision: rng.u32(1..5),
                reason: String::new(),
            },
        ),
        _ => {
            let mut incident = incident(rng, who);
            incident.marking = Some(match rng.u8(0..6) {
                0 => v1::Marking {
                    tlp: v1::Tlp::Amber as i32,
                    r#use: v1::Use::MatchOnly as i32,
                    ..v1::Marking::default()
                },
                1 => named(rng, &["europol"]),
                _ => v1::Marking {
                    tlp: rng.i32(1..4),
                    ..v1::Marking::default()
                },
            });
            Step::Submit(who, Box::new(incident))
        }
    }
}

fn named(rng: &mut Rng, recipients: &[&str]) -> v1::Marking {
    let recipients = recipients.iter().map(ToString::to_string).collect();
    v1::Marking {
        tlp: if rng.bool() { v1::Tlp::Red } else { v1::Tlp::Amber } as i32,
        pap: 0,
        r#use: v1::Use::NamedRecipientsOnly as i32,
        recipients,
    }
}

fn incident(rng: &mut Rng, who: &str) -> v1::Incident {
    let home = MEMBERS.iter().find(|(id, _)| *id == who).map_or("AT", |(_, home)| home);
    v1::Incident {
        report_key: ["a", "b"][rng.usize(0..2)].into(),
        revision: rng.u32(0..3),
        incident_type: "fraud/phishing".into(),
        severity: rng.i32(1..6),
        countries: some(rng, &[home, "IT", "PL"]).into_iter().map(Into::into).collect(),
        sectors: if rng.bool() { vec!["energy".into()] } else { vec![] },
        indicators: some(rng, &INDICATORS)
            .into_iter()
            .map(|(kind, value)| v1::Indicator {
                r#type: kind as i32,
                value: value.into(),
            })
            .collect(),
        ..v1::Incident::default()
    }
}

/// One or two of them.
fn some<T: Copy>(rng: &mut Rng, of: &[T]) -> Vec<T> {
    let mut choice = of.to_vec();
    rng.shuffle(&mut choice);
    choice.truncate(rng.usize(1..3));
    choice
}
