//! A stream of ordinary reports, as fast as the connection carries them, whatever is answered.

use std::collections::HashSet;

use chappe_proto::v1;
use chappe_proto::v1::submit_stream_response::Outcome;
use chappe_tests::{Client, report};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

/// Who floods: together they may have more under way than is left for reports that are not critical.
pub const MEMBERS: [&str; 5] = ["csirt-at", "csirt-be", "csirt-cz", "csirt-de", "csirt-ee"];
/// Streams of each; a stream has up to 1,024 requests under way.
pub const STREAMS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Taken,
    Refused,
    /// It may be stored.
    Unknown,
}

/// The stream, and what was said of each report.
pub struct Flood {
    name: String,
    said: Vec<Said>,
}

impl Flood {
    pub fn new(member: &str, of: usize) -> Self {
        Self {
            name: format!("{member}-{of}"),
            said: vec![],
        }
    }

    /// Floods until told to stop, and then hears all answers.
    pub async fn run(mut self, client: Client, stop: watch::Receiver<bool>) -> Self {
        let (send, sent) = mpsc::channel(16);
        let name = self.name.clone();
        let flooding = tokio::spawn(async move {
            let mut sequence = 0;
            while !*stop.borrow() {
                let incident = Some(report(&key(&name, sequence)));
                if send.send(v1::SubmitStreamRequest { sequence, incident }).await.is_err() {
                    break;
                }
                sequence += 1;
            }
            sequence
        });
        let answers = client
            .incidents()
            .submit_stream(ReceiverStream::new(sent))
            .await
            .unwrap();
        let mut answers = answers.into_inner();
        while let Some(answer) = answers.message().await.unwrap() {
            self.hear(answer);
        }
        let sent = usize::try_from(flooding.await.unwrap()).unwrap();
        assert_eq!(
            (self.said.len(), self.said.contains(&Said::Nothing)),
            (sent, false),
            "no answer"
        );
        self
    }

    fn hear(&mut self, answer: v1::SubmitStreamResponse) {
        let said = match answer.outcome.unwrap() {
            Outcome::Receipt(receipt) => {
                assert_eq!(receipt.report_key, key(&self.name, answer.sequence));
                Said::Taken
            }
            Outcome::Error(error) if error.code == Code::ResourceExhausted as i32 => Said::Refused,
            Outcome::Error(error) if error.code == Code::Unavailable as i32 => Said::Unknown,
            Outcome::Error(error) => panic!("{error:?}"),
        };
        let at = usize::try_from(answer.sequence).unwrap();
        if self.said.len() <= at {
            self.said.resize(at + 1, Said::Nothing);
        }
        assert_eq!(self.said[at], Said::Nothing, "answered twice");
        self.said[at] = said;
    }

    /// What was acknowledged is in the log, and what was refused is not.
    pub fn check(&self, stored: &HashSet<String>) {
        for (sequence, said) in (0..).zip(&self.said) {
            let key = key(&self.name, sequence);
            match said {
                Said::Taken => assert!(stored.contains(&key), "{key} was acknowledged and is lost"),
                Said::Refused => assert!(!stored.contains(&key), "{key} was refused and is stored"),
                Said::Unknown | Said::Nothing => {}
            }
        }
    }

    pub fn sent(&self) -> usize {
        self.said.len()
    }

    pub fn taken(&self) -> usize {
        self.said.iter().filter(|said| **said == Said::Taken).count()
    }

    pub fn refused(&self) -> usize {
        self.said.iter().filter(|said| **said == Said::Refused).count()
    }
}

fn key(name: &str, sequence: u64) -> String {
    format!("{name}-{sequence}")
}
