//! A subscription that outlives its connections.

use std::time::Duration;

use chappe_proto::v1;
use chappe_proto::v1::subscribe_response::Event as Wire;
use tonic::{Code, Status, Streaming};

use super::{Backoff, Refusal, Session};

/// A stream that is silent for longer is given up: the server sends a heartbeat each second.
pub const SILENCE: Duration = Duration::from_secs(10);

/// What a subscription tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// An alert, new or changed.
    Alert(Box<v1::Alert>),
    /// The feed lives.
    Heartbeat(v1::Heartbeat),
    /// History is gone; list the alerts anew.
    Gap(v1::Gap),
    /// The connection broke, or none came about. The next call tries again, after the pause.
    Broken {
        /// Why.
        why: String,
        /// How long the next call waits first.
        pause: Duration,
    },
}

/// A subscription. Each event's cursor is kept, so that a new connection goes on where the last one broke.
#[derive(Debug)]
pub struct Following {
    session: Session,
    request: v1::SubscribeRequest,
    stream: Option<Streaming<v1::SubscribeResponse>>,
    backoff: Backoff,
    pause: Option<Duration>,
}

impl Following {
    /// `request` names the filter, and where to begin.
    #[must_use]
    pub fn new(session: Session, request: v1::SubscribeRequest) -> Self {
        Self {
            session,
            request,
            stream: None,
            backoff: Backoff::new(),
            pause: None,
        }
    }

    /// The place behind the last event; empty before the first.
    #[must_use]
    pub fn cursor(&self) -> &str {
        &self.request.cursor
    }

    /// The next event. Call it again after any `Ok`.
    ///
    /// # Errors
    /// When the server refuses the request itself: another attempt would be refused again.
    pub async fn next(&mut self) -> Result<Told, Refusal> {
        loop {
            if let Some(pause) = self.pause.take() {
                tokio::time::sleep(pause).await;
            }
            match self.receive().await {
                Ok(Some(told)) => return Ok(told),
                Ok(None) => {}
                Err(status) => {
                    let refusal = Refusal::from(&status);
                    if final_for_request(refusal.code) {
                        return Err(refusal);
                    }
                    return Ok(self.broken(refusal));
                }
            }
        }
    }

    /// One event of the stream, which is opened if there is none; nothing for an event that this version does not know.
    async fn receive(&mut self) -> Result<Option<Told>, Status> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let opened = self
                    .session
                    .alerts()
                    .subscribe(self.request.clone())
                    .await?
                    .into_inner();
                self.stream.insert(opened)
            }
        };
        let silent = |_| Status::unavailable(format!("silent for {} s", SILENCE.as_secs()));
        let answer = tokio::time::timeout(SILENCE, stream.message())
            .await
            .map_err(silent)??;
        let answer = answer.ok_or_else(|| Status::unavailable("the server ended the stream"))?;
        self.backoff.reset();
        if !answer.cursor.is_empty() {
            self.request.cursor = answer.cursor;
        }
        Ok(answer.event.map(|event| match event {
            Wire::Alert(alert) => Told::Alert(Box::new(alert)),
            Wire::Heartbeat(heartbeat) => Told::Heartbeat(heartbeat),
            Wire::Gap(gap) => Told::Gap(gap),
        }))
    }

    fn broken(&mut self, refusal: Refusal) -> Told {
        self.stream = None;
        let pause = refusal.retry_after.unwrap_or_else(|| self.backoff.pause());
        self.pause = Some(pause);
        Told::Broken {
            why: refusal.to_string(),
            pause,
        }
    }
}

fn final_for_request(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument
            | Code::Unauthenticated
            | Code::PermissionDenied
            | Code::Unimplemented
            | Code::NotFound
            | Code::FailedPrecondition
    )
}
