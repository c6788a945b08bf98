//! Following alerts, with an end to every wait.

use anyhow::{Context, Result, bail};
use chappe_model::Timestamp;
use chappe_proto::v1;
use chappe_proto::v1::subscribe_response::Event;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::Streaming;

use crate::PATIENCE;
use crate::client::Client;

/// One open Subscribe stream.
#[derive(Debug)]
pub struct Feed {
    stream: Streaming<v1::SubscribeResponse>,
    cursor: String,
}

impl Feed {
    /// Subscribes.
    ///
    /// # Errors
    /// The server's refusal, or none within the patience.
    pub async fn open(client: &Client, request: v1::SubscribeRequest) -> Result<Self> {
        let cursor = request.cursor.clone();
        let stream = timeout(PATIENCE, client.alerts().subscribe(request))
            .await
            .context("Subscribe was not answered")??;
        Ok(Self {
            stream: stream.into_inner(),
            cursor,
        })
    }

    /// Subscribes to everything that the log holds and what follows.
    ///
    /// # Errors
    /// As [`Feed::open`].
    pub async fn from_beginning(client: &Client) -> Result<Self> {
        Self::open(
            client,
            v1::SubscribeRequest {
                from_beginning: true,
                ..v1::SubscribeRequest::default()
            },
        )
        .await
    }

    /// The cursor of the last event.
    #[must_use]
    pub fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The next event.
    ///
    /// # Errors
    /// When the stream ends, or says nothing for as long as the patience lasts: there should be a heartbeat each second.
    pub async fn next(&mut self) -> Result<Event> {
        loop {
            let answer = timeout(PATIENCE, self.stream.message())
                .await
                .context("the feed is silent")??;
            let answer = answer.context("the server ended the feed")?;
            self.cursor = answer.cursor;
            if let Some(event) = answer.event {
                return Ok(event);
            }
        }
    }

    /// Every alert told until everything reported up to `time` was judged.
    ///
    /// # Errors
    /// As [`Feed::next`]; when there is a gap, or the judgement does not get so far within the patience.
    pub async fn until_judged(&mut self, time: Timestamp) -> Result<Vec<v1::Alert>> {
        let deadline = Instant::now() + PATIENCE;
        let mut told = Vec::new();
        loop {
            let event = timeout_at(deadline, self.next()).await;
            match event.with_context(|| format!("nothing reported up to {} ms was judged", time.as_millis()))?? {
                Event::Alert(alert) => told.push(alert),
                Event::Gap(gap) => bail!("a gap: {}", gap.reason),
                Event::Heartbeat(heartbeat) if judged_ms(&heartbeat) >= time.as_millis() => return Ok(told),
                Event::Heartbeat(_) => {}
            }
        }
    }
}

fn judged_ms(heartbeat: &v1::Heartbeat) -> u64 {
    let time = heartbeat.log_time.unwrap_or_default();
    u64::try_from(time.seconds).unwrap_or(0) * 1_000 + u64::try_from(time.nanos).unwrap_or(0) / 1_000_000
}
