//! Two contents of one revision, sent to two processes at once: one is stored, and every process says the same of both, for ever.

use std::io::Write;
use std::thread;

use chappe_kafka_cluster::is_available;
use chappe_proto::v1;
use chappe_tests::{Client, PATIENCE, Program, report};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::installation::{Services, start};

/// Pairs under way at once.
const PAIRS: usize = 1_000;
const INGESTS: usize = 3;
const MEMBERS: [&str; 4] = ["csirt-at", "csirt-be", "csirt-cz", "csirt-de"];

type Answer = Result<v1::Receipt, Status>;

/// Connections of every member to every ingest process.
struct Clients(Vec<Vec<Client>>);

impl Clients {
    fn new(ingests: &[Program]) -> Self {
        let of = |program: &Program| MEMBERS.map(|member| program.client(member).unwrap()).into();
        Self(ingests.iter().map(of).collect())
    }

    async fn submit(client: Client, incident: v1::Incident) -> Answer {
        let request = v1::SubmitRequest {
            incident: Some(incident),
            validate_only: false,
        };
        let answer = timeout(PATIENCE, client.incidents().submit(request)).await;
        Ok(answer.expect("an answer")?.into_inner().receipt.unwrap())
    }
}

/// One pair: who reports, both contents, and what was said of each.
struct Pair {
    number: usize,
    said: [Answer; 2],
}

fn content(number: usize, which: usize) -> v1::Incident {
    let mut incident = report(&format!("pair-{number}"));
    incident.title = format!("content {which}");
    incident
}

/// Each content of each pair goes to another process.
async fn race(clients: &Clients, numbers: std::ops::Range<usize>) -> Vec<Pair> {
    let mut racing = JoinSet::new();
    for number in numbers {
        let to = |which: usize| clients.0[(number + which) % INGESTS][number % MEMBERS.len()].clone();
        let (one, other) = (to(0), to(1));
        racing.spawn(async move {
            let (one, other) = tokio::join!(
                Clients::submit(one, content(number, 0)),
                Clients::submit(other, content(number, 1))
            );
            Pair {
                number,
                said: [one, other],
            }
        });
    }
    racing.join_all().await
}

/// What can be compared of an answer.
fn shown(answer: &Answer) -> Result<v1::Receipt, (Code, String, String)> {
    answer.clone().map_err(|refusal| {
        let reason = refusal.get_details_error_info().map(|info| info.reason);
        (refusal.code(), reason.unwrap_or_default(), refusal.message().to_owned())
    })
}

fn exactly_one_is_stored(pair: &Pair) {
    let (stored, refused): (Vec<_>, Vec<_>) = pair.said.iter().partition(|said| said.is_ok());
    assert_eq!(
        (stored.len(), refused.len()),
        (1, 1),
        "{}: {:?}",
        pair.number,
        pair.said
    );
    let (code, reason, _) = shown(refused[0]).unwrap_err();
    assert_eq!(
        (code, reason.as_str()),
        (Code::AlreadyExists, "REVISION_EXISTS"),
        "{}",
        pair.number
    );
}

/// Every process says of every content what was said first.
async fn all_say_the_same(clients: &Clients, pairs: &[Pair], when: &str) {
    for (at, process) in clients.0.iter().enumerate() {
        let mut asking = JoinSet::new();
        for pair in pairs {
            for (which, said) in pair.said.iter().enumerate() {
                let (number, said) = (pair.number, shown(said));
                let client = process[number % MEMBERS.len()].clone();
                asking.spawn(async move {
                    let answer = Clients::submit(client, content(number, which)).await;
                    (number, which, said, shown(&answer))
                });
            }
        }
        for (number, which, said, says) in asking.join_all().await {
            assert_eq!(says, said, "{when}: ingest {at}, pair {number}, content {which}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_contents_at_two_processes_one_is_stored_and_all_say_which() {
    if !is_available("of_two_contents_at_two_processes") {
        return;
    }
    let mut services = Services::start(INGESTS, 2, 0);
    let folder = services.ingests[0].folder().to_owned();
    let mut correlations = std::mem::take(&mut services.correlations);
    // Correlation comes and goes meanwhile.
    let dance = thread::spawn(move || {
        correlations.push(start(&folder, "correlation", "correlation-3"));
        correlations[0].kill().unwrap();
        correlations[1].stop().unwrap();
        correlations[0].restart().unwrap();
        correlations.remove(1);
        correlations
    });
    let clients = Clients::new(&services.ingests);
    let (mut pairs, mut rounds, began) = (Vec::new(), 0, Instant::now());
    while rounds == 0 || !dance.is_finished() {
        pairs.extend(race(&clients, rounds * PAIRS..(rounds + 1) * PAIRS).await);
        rounds += 1;
    }
    let seconds = began.elapsed().as_secs_f64();
    services.correlations = dance.join().unwrap();
    pairs.iter().for_each(exactly_one_is_stored);
    let first_won = pairs.iter().filter(|pair| pair.said[0].is_ok()).count();
    all_say_the_same(&clients, &pairs, "afterwards").await;
    for ingest in &mut services.ingests {
        ingest.restart().unwrap();
    }
    all_say_the_same(&Clients::new(&services.ingests), &pairs, "after a restart").await;
    writeln!(
        std::io::stderr(),
        "services: {} pairs, {PAIRS} at once, in {seconds:.1} s; of {first_won} the first was stored",
        pairs.len()
    )
    .unwrap();
    services.stop();
}
