//! Two requests for the same place in the log, sent to different desks in every order that a seed draws.

use chappe_eventlog::{FaultPlan, FaultRates, Hold, MemoryLog, Partitions};
use chappe_proto::{time, v1};
use fastrand::Rng;
use prost::Message;
use tonic::Code;

use crate::installation::{Answer, Installation, START, marking, options, report};

/// Seeds tried.
const RUNS: u64 = 400;
/// Pairs in each.
const PAIRS: usize = 8;
/// Steps with faults; afterwards nothing goes wrong any more.
const FAULTY_STEPS: usize = 150;
/// Steps by which all must be answered.
const STEPS: usize = 20_000;

/// What the two of a pair want of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pair {
    SameRevisionOtherContent,
    SameContent,
    SubmissionAndRetraction,
    LiveAndExercise,
}

#[derive(Clone, Debug)]
enum Ask {
    Submit(Box<v1::Incident>),
    Retract { key: String, revision: u32 },
}

struct Request {
    desk: usize,
    ask: Ask,
    answer: Option<Answer>,
}

impl Request {
    fn send(&mut self, it: &Installation) {
        self.answer = Some(self.ask.send(it));
    }

    /// Answered for good.
    fn is_settled(&self) -> bool {
        self.answer
            .as_ref()
            .is_some_and(|answer| !answer.is_open() && !passes(answer.code()))
    }

    /// Not sent, or to be sent again.
    fn is_due(&self) -> bool {
        self.answer
            .as_ref()
            .is_none_or(|answer| !answer.is_open() && passes(answer.code()))
    }
}

fn passes(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::ResourceExhausted)
}

impl Ask {
    fn send(&self, it: &Installation) -> Answer {
        match self {
            Self::Submit(incident) => it.submit("csirt-at", incident),
            Self::Retract { key, revision } => it.retract("csirt-at", key, *revision, "false alarm"),
        }
    }
}

fn asks(pair: Pair, key: &str) -> [Ask; 2] {
    let submit = |incident| Ask::Submit(Box::new(incident));
    // Old enough that it is backfill by some desks' clocks and not by others'.
    let base = v1::Incident {
        detected_at: Some(time::to_wire(START.minus(13 * 24 * 3600 * 1000))),
        marking: Some(marking(v1::Tlp::Red, v1::Use::Unspecified, &["csirt-be"])),
        ..report(key)
    };
    let other = v1::Incident {
        marking: Some(marking(v1::Tlp::Red, v1::Use::Unspecified, &["csirt-fr"])),
        ..base.clone()
    };
    match pair {
        Pair::SameContent => [submit(base.clone()), submit(base)],
        Pair::SameRevisionOtherContent => [submit(base), submit(other)],
        Pair::SubmissionAndRetraction => [
            submit(v1::Incident { revision: 2, ..other }),
            Ask::Retract {
                key: key.into(),
                revision: 2,
            },
        ],
        Pair::LiveAndExercise => {
            let (revision, exercise) = (2, true);
            let drill = v1::Incident {
                revision,
                exercise,
                ..base.clone()
            };
            [submit(base), submit(drill)]
        }
    }
}

struct Run {
    rng: Rng,
    log: MemoryLog,
    desks: Vec<Installation>,
    /// Another was started in their place, and they do not know: what they appended may still come into the log, and they read on.
    zombies: Vec<Installation>,
    pairs: Vec<(Pair, [Request; 2])>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let log = MemoryLog::new().shared();
        let desks = Installation::sharing(&log, rng.usize(2..=3));
        for it in &desks {
            it.clock.advance_millis(rng.u64(0..2) * 2 * 24 * 3600 * 1000);
        }
        let kinds = [
            Pair::SameRevisionOtherContent,
            Pair::SameContent,
            Pair::SubmissionAndRetraction,
            Pair::LiveAndExercise,
        ];
        let mut pairs = Vec::new();
        for n in 0..PAIRS {
            let (pair, key) = (kinds[rng.usize(..kinds.len())], format!("K{n}"));
            if pair == Pair::SubmissionAndRetraction {
                let first = desks[0].submit("csirt-at", &report(&key));
                desks.iter().for_each(Installation::follow);
                assert_eq!(first.code(), Code::Ok);
            }
            let one = rng.usize(..desks.len());
            let other = (one + rng.usize(1..desks.len())) % desks.len();
            let [a, b] = asks(pair, &key);
            let request = |desk, ask| Request {
                desk,
                ask,
                answer: None,
            };
            pairs.push((pair, [request(one, a), request(other, b)]));
        }
        let hold = [Hold::Nothing, Hold::Write, Hold::Ack][rng.usize(..3)];
        let rates = FaultRates {
            refused_per_mille: 80,
            unknown_written_per_mille: 80,
            unknown_lost_per_mille: 80,
        };
        log.set_faults(FaultPlan::seeded(seed, rates).hold(hold));
        Self {
            rng,
            log,
            desks,
            zombies: vec![],
            pairs,
        }
    }

    fn requests(&mut self) -> impl Iterator<Item = &mut Request> {
        self.pairs.iter_mut().flat_map(|(_, pair)| pair)
    }

    fn step(&mut self) {
        match self.rng.u8(0..40) {
            0 => {
                let nth = self.rng.usize(..self.desks.len());
                let anew = Installation::on(options(), self.log.clone(), self.desks[nth].clock.clone());
                self.zombies.push(std::mem::replace(&mut self.desks[nth], anew));
            }
            1..16 => {
                let nth = self.rng.usize(..PAIRS * 2);
                let desks = std::mem::take(&mut self.desks);
                if let Some(request) = self.requests().nth(nth).filter(|request| request.is_due()) {
                    request.send(&desks[request.desk]);
                }
                self.desks = desks;
            }
            16..28 => drop(self.log.release(self.rng.usize(1..4))),
            _ => {
                let nth = self.rng.usize(..self.desks.len() + self.zombies.len());
                let one = self.desks.iter().chain(&self.zombies).nth(nth).unwrap();
                one.desk.follow().unwrap();
            }
        }
    }

    fn go(&mut self) {
        for step in 0..STEPS {
            self.step();
            if step == FAULTY_STEPS {
                self.log.set_faults(FaultPlan::none());
            }
            if self.requests().all(|request| request.is_settled()) {
                break;
            }
        }
        self.log.set_faults(FaultPlan::none());
        self.log.release_all();
        let all = self.desks.iter().chain(&self.zombies);
        all.for_each(Installation::follow);
    }

    fn check(&self, seed: u64) {
        let told = |request: &Request| request.answer.as_ref().expect("was sent").told();
        for (pair, requests) in &self.pairs {
            let told = [told(&requests[0]), told(&requests[1])];
            let accepted = told.iter().filter(|told| told.is_ok()).count();
            let expected = if *pair == Pair::SameContent { 2 } else { 1 };
            assert_eq!(accepted, expected, "seed {seed}, {pair:?}: {told:?}");
            if let [Ok(one), Ok(other)] = &told {
                assert_eq!(one.encode_to_vec(), other.encode_to_vec(), "seed {seed}");
            }
        }
        let anew = Installation::on(options(), self.log.clone(), self.desks[0].clock.clone());
        for it in self.desks.iter().chain(&self.zombies).chain([&anew]) {
            for (pair, requests) in &self.pairs {
                for request in requests {
                    let again = request.ask.send(it).told();
                    let first = told(request);
                    assert_eq!(
                        again.as_ref().ok(),
                        first.as_ref().ok(),
                        "seed {seed}, {pair:?}: {again:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn of_two_contents_one_is_acknowledged_whoever_was_asked() {
    for seed in 0..RUNS {
        let mut run = Run::new(seed);
        run.go();
        run.check(seed);
    }
}

#[test]
fn a_thousand_conflicts_at_once() {
    let log = MemoryLog::with_faults(Partitions::default(), FaultPlan::none().hold(Hold::Write)).shared();
    let desks = Installation::sharing(&log, 2);
    let mut rng = Rng::with_seed(1);
    let mut requests = Vec::new();
    for n in 0..1_000 {
        let [one, other] = asks(Pair::SameRevisionOtherContent, &format!("K{n}"));
        requests.extend([(n, 0, one), (n, 1, other)]);
    }
    rng.shuffle(&mut requests);
    let mut answers = vec![vec![]; 1_000];
    for (n, desk, ask) in &requests {
        answers[*n].push(ask.send(&desks[*desk]));
    }
    while log.release(rng.usize(1..100)) > 0 {
        desks[rng.usize(..2)].desk.follow().unwrap();
    }
    desks.iter().for_each(Installation::follow);
    for pair in answers {
        let mut codes: Vec<Code> = pair.iter().map(Answer::code).collect();
        codes.sort_by_key(|code| *code as i32);
        assert_eq!(codes, [Code::Ok, Code::AlreadyExists]);
    }
}
