//! An outsider, and what it is answered.

use chappe_model::Timestamp;
use chappe_proto::v1;
use proptest::sample::Index;
use prost::Message;
use tonic::Status;

use super::super::rig::{Rig, austria, germany, id};
use super::{Ask, filter, judgement};
use crate::Feed;
use crate::view::Sizes;

/// An outsider's side of things: its streams, and what it was given to come back with.
pub(super) struct Outsider {
    pub(super) rig: Rig,
    feeds: Vec<Feed>,
    cursors: Vec<String>,
    tokens: Vec<String>,
}

impl Outsider {
    pub(super) fn new(sizes: Sizes) -> Self {
        let rig = Rig::on(chappe_eventlog::MemoryLog::new(), sizes);
        Self {
            rig,
            feeds: Vec::new(),
            cursors: vec!["never given".into()],
            tokens: vec!["never given".into()],
        }
    }

    /// The answer, as bytes.
    pub(super) fn ask(&mut self, ask: &Ask) -> Vec<u8> {
        let at = austria();
        match ask {
            Ask::CatchUp => {
                self.rig.catch_up();
                vec![]
            }
            Ask::Subscribe {
                from_beginning,
                filter: number,
            } => {
                let request = v1::SubscribeRequest {
                    filter: filter(*number),
                    cursor: String::new(),
                    from_beginning: *from_beginning,
                };
                self.open(&request, false)
            }
            Ask::Resume {
                cursor,
                filter: number,
                foreign,
            } => {
                let cursor = cursor.get(&self.cursors).clone();
                self.open(
                    &v1::SubscribeRequest {
                        filter: filter(*number),
                        cursor,
                        from_beginning: false,
                    },
                    *foreign,
                )
            }
            Ask::Next { feed, at_most } => self.next(feed, *at_most),
            Ask::Heartbeat { feed, now_ms } => {
                if self.feeds.is_empty() {
                    return vec![];
                }
                let answer = feed
                    .get_mut(&mut self.feeds)
                    .heartbeat(&self.rig.board, Timestamp::from_millis(*now_ms));
                self.cursors.push(answer.cursor.clone());
                answer.encode_to_vec()
            }
            Ask::List {
                size,
                filter: number,
                token,
            } => self.list(*size, *number, token.as_ref()),
            Ask::Get { n: 0 } => match self.rig.board.constituency(&at, &v1::GetConstituencyRequest::default()) {
                Ok(answer) => [
                    answer.encode_to_vec(),
                    self.rig.board.constituencies(&at).encode_to_vec(),
                ]
                .concat(),
                Err(status) => bytes_of(&status),
            },
            Ask::Get { n } => match self.rig.board.get(&at, &id(*n).resource_name()) {
                Ok(answer) => answer.encode_to_vec(),
                Err(status) => bytes_of(&status),
            },
            Ask::Decide { n, verdict, ms } => {
                let request = judgement(*n, *verdict);
                match self.rig.board.decide(&at, &request, Timestamp::from_millis(*ms)) {
                    Ok(answer) => answer.encode_to_vec(),
                    Err(status) => bytes_of(&status),
                }
            }
        }
    }

    fn list(&mut self, size: i32, number: u8, token: Option<&Index>) -> Vec<u8> {
        let page_token = token.map_or_else(String::new, |token| token.get(&self.tokens).clone());
        let request = v1::ListAlertsRequest {
            page_size: size,
            page_token,
            filter: filter(number),
            ..Default::default()
        };
        match self.rig.board.list(&austria(), &request) {
            Ok(page) => {
                self.tokens.push(page.next_page_token.clone());
                page.encode_to_vec()
            }
            Err(status) => bytes_of(&status),
        }
    }

    fn next(&mut self, feed: &Index, at_most: usize) -> Vec<u8> {
        if self.feeds.is_empty() {
            return vec![];
        }
        let answers = feed.get_mut(&mut self.feeds).next(&self.rig.board, at_most).unwrap();
        self.cursors.extend(answers.iter().map(|answer| answer.cursor.clone()));
        answers
            .iter()
            .flat_map(Message::encode_length_delimited_to_vec)
            .collect()
    }

    fn open(&mut self, request: &v1::SubscribeRequest, foreign: bool) -> Vec<u8> {
        // Somebody else's cursor is refused; Germany has none of its own here.
        let who = if foreign { germany() } else { austria() };
        match self.rig.board.subscribe(who, request) {
            Ok(feed) => {
                self.feeds.push(feed);
                vec![1]
            }
            Err(status) => bytes_of(&status),
        }
    }

    /// Everything that can still be asked for, and every cursor once more.
    pub(super) fn finish(&mut self) -> Vec<Vec<u8>> {
        self.rig.catch_up();
        let mut answers = Vec::new();
        for feed in &mut self.feeds {
            let rest = feed.next(&self.rig.board, usize::MAX).unwrap();
            answers.extend(rest.iter().map(Message::encode_to_vec));
            answers.push(
                feed.heartbeat(&self.rig.board, Timestamp::from_millis(9_000))
                    .encode_to_vec(),
            );
        }
        for cursor in &self.cursors {
            let request = v1::SubscribeRequest {
                cursor: cursor.clone(),
                ..Default::default()
            };
            match self.rig.board.subscribe(austria(), &request) {
                Ok(mut feed) => {
                    let rest = feed.next(&self.rig.board, usize::MAX).unwrap();
                    answers.extend(rest.iter().map(Message::encode_to_vec));
                }
                Err(status) => answers.push(bytes_of(&status)),
            }
        }
        answers
    }
}

fn bytes_of(status: &Status) -> Vec<u8> {
    [
        format!("{:?} {}", status.code(), status.message()).as_bytes(),
        status.details(),
    ]
    .concat()
}
