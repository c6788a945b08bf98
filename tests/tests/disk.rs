//! A full disk: reports are refused with a time to retry, everything else goes on, nothing acknowledged is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use chappe_proto::v1;
use chappe_proto::v1::submit_stream_response::Outcome;
use chappe_proto::v1::subscribe_response::Event;
use chappe_tests::{Client, Feed, PATIENCE, Program, SmallDisk, indicator, now, report, skipped};
use prost::Message;
use tokio::time::timeout;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Size of the disk, in MiB: room for all reports of this test, many times.
const DISK_MIB: u64 = 16;
/// Refusals in a row after which the disk counts as full for good: before, the last page of the journal takes small records.
const REFUSALS: usize = 40;
/// Reports that no disk of this test takes all of.
const REPORTS_MAX: usize = 400;
/// Members that report the same values, each from its own country: the third makes an alert.
const MEMBERS: [(&str, &str); 3] = [("csirt-at", "AT"), ("csirt-de", "DE"), ("csirt-fr", "FR")];

/// What a member submitted, and what became of it.
#[derive(Default)]
struct Books {
    acked: BTreeMap<String, (usize, v1::Receipt)>,
    refused: BTreeMap<String, (usize, v1::Incident)>,
}

impl Books {
    /// Submits, and writes down what came of it; says whether it was taken.
    async fn submit(&mut self, of: usize, client: &Client, incident: v1::Incident) -> bool {
        let request = v1::SubmitRequest {
            incident: Some(incident.clone()),
            validate_only: false,
        };
        let key = incident.report_key.clone();
        match client.incidents().submit(request).await {
            Ok(answer) => {
                self.refused.remove(&key);
                self.acked.insert(key, (of, answer.into_inner().receipt.unwrap()));
                true
            }
            Err(status) => {
                says_when_to_retry(&status);
                self.refused.insert(key, (of, incident));
                false
            }
        }
    }

    /// Every acknowledged report is there.
    async fn stand(&self, program: &Program) {
        let clients = MEMBERS.map(|(member, _)| program.client(member).unwrap());
        for (key, (of, receipt)) in &self.acked {
            let request = v1::GetIncidentRequest {
                name: receipt.incident.clone(),
            };
            let answer = clients[*of].incidents().get_incident(request).await;
            let stored = answer
                .unwrap_or_else(|status| panic!("{key} was acknowledged: {status:?}"))
                .into_inner()
                .incident;
            assert_eq!(&stored.unwrap().report_key, key);
        }
    }

    /// The values that all three members reported and got acknowledged.
    fn shared(&self) -> BTreeSet<String> {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        self.acked
            .keys()
            .filter_map(|key| key.split_once('-'))
            .for_each(|(_, n)| *count.entry(n).or_default() += 1);
        count
            .into_iter()
            .filter(|(_, members)| *members == MEMBERS.len())
            .map(|(n, _)| format!("domain:shared{n}.example"))
            .collect()
    }
}

fn says_when_to_retry(status: &Status) {
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert!(
        retry.is_some_and(|delay| !delay.is_zero()),
        "no time to retry: {status:?}"
    );
}

/// The report of a member on the n-th shared value.
fn shared(of: usize, n: usize) -> v1::Incident {
    let mut incident = report(&format!("{of}-{n}"));
    incident.countries = vec![MEMBERS[of].1.to_owned()];
    incident.indicators = vec![indicator(v1::IndicatorType::Domain, &format!("shared{n}.example"))];
    incident
}

/// Two members report each of these values, so that the third's report makes an alert.
async fn two_report(books: &mut Books, program: &Program, values: std::ops::Range<usize>) {
    for of in [0, 1] {
        let client = program.client(MEMBERS[of].0).unwrap();
        for n in values.clone() {
            assert!(books.submit(of, &client, shared(of, n)).await, "there is room");
        }
    }
}

/// The third member reports one value after the other until the disk takes nothing more.
async fn third_until_full(books: &mut Books, program: &Program, values: std::ops::Range<usize>) {
    let client = program.client(MEMBERS[2].0).unwrap();
    let mut in_a_row = 0;
    for n in values {
        in_a_row = if books.submit(2, &client, shared(2, n)).await {
            0
        } else {
            in_a_row + 1
        };
        if in_a_row == REFUSALS {
            return;
        }
    }
    panic!("the disk was full and took reports: {} refused", books.refused.len());
}

/// Every refused report is taken now.
async fn retry(books: &mut Books, program: &Program) {
    let clients = MEMBERS.map(|(member, _)| program.client(member).unwrap());
    for (of, incident) in std::mem::take(&mut books.refused).into_values() {
        assert!(books.submit(of, &clients[of], incident).await, "there is room again");
    }
}

/// Every value that three countries reported has its alert, and no other has.
async fn alerts_are_those_of(books: &Books, program: &Program) {
    let mut feed = Feed::from_beginning(&program.client("europol").unwrap()).await.unwrap();
    let told = feed.until_judged(now()).await.unwrap();
    let values: BTreeSet<String> = told.iter().map(|alert| alert.key[0].value.clone()).collect();
    assert_eq!(values, books.shared());
}

/// What must go on while nothing can be written.
async fn reads_go_on(books: &Books, program: &Program) {
    books.stand(program).await;
    let client = program.client("europol").unwrap();
    client
        .alerts()
        .list_alerts(v1::ListAlertsRequest::default())
        .await
        .unwrap();
    let check = v1::SubmitRequest {
        incident: Some(report("checked")),
        validate_only: true,
    };
    program
        .client(MEMBERS[0].0)
        .unwrap()
        .incidents()
        .submit(check)
        .await
        .expect("a check stores nothing");
    // Time cannot be marked, so nobody can be told that there is nothing new: the feed says that it is stale.
    let mut feed = Feed::from_beginning(&client).await.unwrap();
    let stale =
        async { while !matches!(feed.next().await.unwrap(), Event::Heartbeat(heartbeat) if heartbeat.stale) {} };
    timeout(PATIENCE, stale).await.expect("the feed says that it is stale");
}

/// A stream lives through refusals, each with its time to retry.
async fn a_stream_is_refused_message_by_message(program: &Program) {
    let client = program.client(MEMBERS[0].0).unwrap();
    let messages = (0..REFUSALS as u64).map(|sequence| {
        let mut incident = report(&format!("streamed-{sequence}"));
        incident.summary = "x".repeat(1_000);
        v1::SubmitStreamRequest {
            sequence,
            incident: Some(incident),
        }
    });
    let mut answers = client
        .incidents()
        .submit_stream(tokio_stream::iter(messages))
        .await
        .unwrap()
        .into_inner();
    let mut refused = 0;
    while let Some(answer) = timeout(PATIENCE, answers.message()).await.unwrap().unwrap() {
        match answer.outcome.unwrap() {
            Outcome::Receipt(receipt) => panic!("the disk is full, and took {receipt:?}"),
            Outcome::Error(error) => {
                let code = Code::from(error.code);
                says_when_to_retry(&Status::with_details(
                    code,
                    error.message.clone(),
                    error.encode_to_vec().into(),
                ));
                refused += 1;
            }
        }
    }
    assert_eq!(refused, REFUSALS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&folder.path().join("chappe-data"), DISK_MIB).unwrap() else {
        return skipped("a disk that can be filled: no right to mount one (root has it)");
    };
    let mut program = Program::start(folder.path()).unwrap();
    let mut books = Books::default();
    two_report(&mut books, &program, 0..REPORTS_MAX / 2).await;
    disk.fill().unwrap();
    third_until_full(&mut books, &program, 0..REPORTS_MAX / 2).await;
    a_stream_is_refused_message_by_message(&program).await;
    reads_go_on(&books, &program).await;
    assert_eq!(program.ended().unwrap(), None, "it lives: {}", program.said());

    // Room again: what was refused is taken, what waited is judged.
    disk.free().unwrap();
    retry(&mut books, &program).await;
    alerts_are_those_of(&books, &program).await;
    // That time stood still is said once until it goes on: a disk may stay full for hours.
    let said = program.said();
    let (stood, went_on) = ("time was not marked", "time is marked in every partition again");
    assert!(
        said.matches(stood).count() <= 1 + said.matches(went_on).count(),
        "{said}"
    );

    // Told to end while the disk is full, with alerts that could not be written: they are told after the next start.
    two_report(&mut books, &program, REPORTS_MAX / 2..REPORTS_MAX).await;
    disk.fill().unwrap();
    third_until_full(&mut books, &program, REPORTS_MAX / 2..REPORTS_MAX).await;
    program.stop().unwrap();
    // A start needs a little room: where the last page has it the program runs, else it says what is wrong.
    match program.restart() {
        Ok(()) => books.stand(&program).await,
        Err(_) => {
            let said = program.said();
            assert!(said.lines().last().unwrap().contains("disk is full"), "{said}");
        }
    }
    disk.free().unwrap();
    program.restart().unwrap();
    books.stand(&program).await;
    alerts_are_those_of(&books, &program).await;
    retry(&mut books, &program).await;
    program.kill().unwrap();
    program.restart().unwrap();
    books.stand(&program).await;
    alerts_are_those_of(&books, &program).await;
    program.stop().unwrap();
}
