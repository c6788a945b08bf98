//! Members that report until the program is gone, and keep what it acknowledged.

use chappe_proto::v1;
use chappe_proto::v1::submit_stream_response::Outcome;
use chappe_tests::{Client, PATIENCE, Program, report};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

const MEMBERS: [&str; 4] = ["csirt-at", "csirt-be", "csirt-cz", "csirt-de"];
/// Reports of a member that wait for their answer.
const WINDOW: usize = 64;

/// The members.
pub struct Reporting {
    members: JoinSet<Vec<String>>,
    count: watch::Sender<usize>,
}

impl Reporting {
    /// Begins to report as fast as the program takes it.
    pub fn start(program: &Program, round: usize) -> Self {
        let (mut members, count) = (JoinSet::new(), watch::Sender::new(0));
        for member in MEMBERS {
            let client = program.client(member).unwrap();
            members.spawn(report_on(client, format!("{member}-{round}"), count.clone()));
        }
        Self { members, count }
    }

    /// Waits until so many are acknowledged.
    pub async fn acknowledged(&self, at_least: usize) {
        let mut count = self.count.subscribe();
        let reached = timeout(PATIENCE, count.wait_for(|count| *count >= at_least)).await;
        reached.expect("reports are acknowledged").unwrap();
    }

    /// Once the program is gone: the keys of all that it acknowledged.
    pub async fn finish(self) -> Vec<String> {
        let all = timeout(PATIENCE, self.members.join_all()).await;
        all.expect("streams break off").concat()
    }
}

async fn report_on(client: Client, name: String, count: watch::Sender<usize>) -> Vec<String> {
    let (send, sent) = mpsc::channel(WINDOW);
    let mut acknowledged = vec![];
    let Ok(answers) = client.incidents().submit_stream(ReceiverStream::new(sent)).await else {
        return acknowledged;
    };
    let (mut answers, mut sequence) = (answers.into_inner(), 0);
    loop {
        let ahead = usize::try_from(sequence).unwrap() - acknowledged.len();
        tokio::select! {
            place = send.reserve(), if ahead < WINDOW => {
                let Ok(place) = place else { return acknowledged };
                sequence += 1;
                place.send(v1::SubmitStreamRequest {
                    sequence,
                    incident: Some(report(&format!("{name}-{sequence}"))),
                });
            }
            answer = answers.message() => match answer {
                Ok(Some(v1::SubmitStreamResponse { outcome: Some(Outcome::Receipt(receipt)), .. })) => {
                    acknowledged.push(receipt.report_key);
                    count.send_modify(|count| *count += 1);
                }
                // Refused: it is ending.
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return acknowledged,
            },
        }
    }
}
