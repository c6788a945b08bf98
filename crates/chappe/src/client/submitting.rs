//! Many reports over SubmitStream, again and again until each has its answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chappe_model::limits::MESSAGE_BYTES;
use chappe_proto::v1;
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use super::{Backoff, Refusal, Session, refusal_of_message};

/// Reports under way on a stream before the connection's own bounds.
pub const STREAM_WINDOW: usize = 64;
/// Rounds in a row in which no report got its final answer, before giving up.
pub const MAX_IDLE_ROUNDS: u32 = 8;

/// What became of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Accepted, durable; or sound, when it was only checked.
    Accepted(v1::Receipt),
    /// Not accepted; sending the same again would be refused again.
    Refused(Refusal),
    /// Given up: refused for the time being, or nobody answered. Sending the same again later is safe.
    Unanswered,
}

/// Why submitting ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The server refuses the caller, or the connection, not a report.
    #[error("the server refuses: {0}")]
    Refused(Refusal),
    /// Nobody answered, or refusals that pass did not pass.
    #[error(
        "gave up after {MAX_IDLE_ROUNDS} attempts in a row without progress: {last}. What is reported as accepted stands; submitting the rest again is safe"
    )]
    GaveUp {
        /// The last refusal.
        last: Refusal,
    },
}

/// Submits reports, each until it has its final answer. `told` hears each final outcome with the report's index, as it comes.
/// A refusal that passes (RESOURCE_EXHAUSTED, UNAVAILABLE) and a broken stream are met by sending again what has no answer, after the pause
/// that the server asks for.
///
/// # Errors
/// When it ended early; the outcomes so far were told.
pub async fn submit(
    session: &Session,
    reports: &[v1::Incident],
    mut told: impl FnMut(usize, &Outcome),
) -> Result<(), Stopped> {
    let mut pending = BTreeSet::new();
    for (i, report) in reports.iter().enumerate() {
        match oversize(report) {
            Some(refusal) => told(i, &Outcome::Refused(refusal)),
            None => {
                pending.insert(i);
            }
        }
    }
    let mut backoff = Backoff::new();
    let mut idle_rounds = 0;
    while !pending.is_empty() {
        let before = pending.len();
        let setback = round(session, reports, &mut pending, &mut told).await?;
        if pending.is_empty() {
            break;
        }
        if pending.len() < before {
            backoff.reset();
            idle_rounds = 0;
        } else {
            idle_rounds += 1;
        }
        if idle_rounds == MAX_IDLE_ROUNDS {
            pending.iter().for_each(|i| told(*i, &Outcome::Unanswered));
            return Err(Stopped::GaveUp { last: setback });
        }
        let pause = setback.retry_after.unwrap_or_else(|| backoff.pause());
        let (retry_ms, waiting) = (pause.as_millis(), pending.len());
        if idle_rounds > 0 {
            tracing::warn!(retry_ms, waiting, reason = %setback, "no progress, sending again");
        } else {
            tracing::info!(retry_ms, waiting, reason = %setback, "sending the rest");
        }
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// One stream: sends what is pending, takes what has its final answer out, and says what stood in the way of the rest.
async fn round(
    session: &Session,
    reports: &[v1::Incident],
    pending: &mut BTreeSet<usize>,
    told: &mut impl FnMut(usize, &Outcome),
) -> Result<Refusal, Stopped> {
    let (tx, rx) = mpsc::channel(STREAM_WINDOW);
    let throttled = AtomicBool::new(false);
    let sending = pending.clone();
    let feed = async {
        // Takes the sender along, so that the stream is closed once all is sent.
        let tx = tx;
        for i in sending {
            let request = v1::SubmitStreamRequest {
                sequence: i as u64,
                incident: Some(reports[i].clone()),
            };
            if throttled.load(Ordering::Relaxed) || tx.send(request).await.is_err() {
                break;
            }
        }
    };
    let mut setback = closed_early();
    let read = async {
        let mut client = session.incidents();
        let mut answers = client.submit_stream(ReceiverStream::new(rx)).await?.into_inner();
        while let Some(answer) = answers.message().await? {
            let Some(i) = usize::try_from(answer.sequence).ok().filter(|i| pending.contains(i)) else {
                continue;
            };
            let outcome = match answer.outcome {
                Some(v1::submit_stream_response::Outcome::Receipt(receipt)) => Outcome::Accepted(receipt),
                Some(v1::submit_stream_response::Outcome::Error(message)) => {
                    Outcome::Refused(refusal_of_message(&message))
                }
                None => continue,
            };
            if let Outcome::Refused(refusal) = &outcome
                && refusal.passes()
            {
                throttled.store(true, Ordering::Relaxed);
                setback = refusal.clone();
                continue;
            }
            pending.remove(&i);
            told(i, &outcome);
        }
        Ok(())
    };
    let ((), read): ((), Result<(), tonic::Status>) = tokio::join!(feed, read);
    match read {
        Ok(()) => Ok(setback),
        Err(status) if retryable(&status) => Ok(Refusal::from(&status)),
        Err(status) => Err(Stopped::Refused(Refusal::from(&status))),
    }
}

/// Lets the server check reports one by one; nothing is stored. `told` as for [`submit`].
///
/// # Errors
/// As for [`submit`].
pub async fn check(
    session: &Session,
    reports: &[v1::Incident],
    mut told: impl FnMut(usize, &Outcome),
) -> Result<(), Stopped> {
    for (i, report) in reports.iter().enumerate() {
        if let Some(refusal) = oversize(report) {
            told(i, &Outcome::Refused(refusal));
            continue;
        }
        let mut backoff = Backoff::new();
        let mut attempts = 0;
        let outcome = loop {
            let request = v1::SubmitRequest {
                incident: Some(report.clone()),
                validate_only: true,
            };
            let refusal = match session.incidents().submit(request).await {
                Ok(answer) => break Outcome::Accepted(answer.into_inner().receipt.unwrap_or_default()),
                Err(status) if retryable(&status) => Refusal::from(&status),
                Err(status) if of_caller(Refusal::from(&status).code) => {
                    return Err(Stopped::Refused(Refusal::from(&status)));
                }
                Err(status) => break Outcome::Refused(Refusal::from(&status)),
            };
            attempts += 1;
            if attempts == MAX_IDLE_ROUNDS {
                return Err(Stopped::GaveUp { last: refusal });
            }
            tokio::time::sleep(refusal.retry_after.unwrap_or_else(|| backoff.pause())).await;
        };
        told(i, &outcome);
    }
    Ok(())
}

/// A broken connection surfaces as UNKNOWN, CANCELLED or INTERNAL as well, depending on where it broke.
fn retryable(status: &tonic::Status) -> bool {
    // A certificate that is refused is refused again.
    if chappe_tls::refused_by_alert(status).is_some() {
        return false;
    }
    let broken = matches!(
        status.code(),
        Code::Unknown | Code::Cancelled | Code::Internal | Code::Aborted
    );
    broken
        || matches!(
            status.code(),
            Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded
        )
}

fn of_caller(code: Code) -> bool {
    matches!(
        code,
        Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented
    )
}

/// The server would end the whole stream over it.
fn oversize(report: &v1::Incident) -> Option<Refusal> {
    /// The envelope around the report: sequence, tags and lengths.
    const ENVELOPE_BYTES: usize = 32;
    let bytes = report.encoded_len() + ENVELOPE_BYTES;
    (bytes > MESSAGE_BYTES).then(|| Refusal {
        code: Code::InvalidArgument,
        message: format!("{bytes} bytes encoded: at most {MESSAGE_BYTES}; split the report"),
        reason: None,
        violations: vec![],
        retry_after: None,
    })
}

fn closed_early() -> Refusal {
    Refusal {
        code: Code::Unavailable,
        message: "the server closed the stream before it answered everything".into(),
        reason: None,
        violations: vec![],
        retry_after: Some(Duration::from_millis(200)),
    }
}
