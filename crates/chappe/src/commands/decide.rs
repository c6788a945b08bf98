//! `chappe decide`: what a member judges of an alert.

use std::io::Write;

use anyhow::{Context, Result, anyhow};
use chappe_proto::v1;
use serde::Serialize;

use super::Exit;
use crate::alert_view::DecisionLine;
use crate::cli::{ConnectionArgs, DecideArgs};
use crate::client::{Refusal, Session};
use crate::tokens::{self, TOKEN_VARIABLE};
use crate::words;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Line<'a> {
    alert: &'a str,
    #[serde(flatten)]
    decision: &'a DecisionLine,
    durability: &'static str,
}

/// Sends the decision and says what was recorded.
///
/// # Errors
/// When the server refuses it, or does not answer.
pub(crate) async fn run(args: &DecideArgs, out: &mut dyn Write) -> Result<Exit> {
    let alert = args.alert.resource_name();
    let request = v1::DecideRequest {
        name: alert.clone(),
        verdict: chappe_proto::decision::verdict_to_wire(args.verdict) as i32,
        reason: args.reason.clone(),
    };
    let answer = session(&args.connection)?.alerts().decide(request).await;
    let answer = answer.map_err(|status| {
        let refusal = Refusal::from(&status);
        anyhow!("{} does not take the decision: {refusal}", args.connection.server)
    })?;
    let answer = answer.into_inner();
    let decision = answer.decision.as_ref().context("the answer holds no decision")?;
    let (decision, durability) = (DecisionLine::from(decision), words::durability(answer.durability));
    if args.json {
        let line = Line {
            alert: &alert,
            decision: &decision,
            durability,
        };
        serde_json::to_writer(&mut *out, &line)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{alert} is {} (durable: {durability})", decision.words())?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// A connection in the voice that the arguments name.
pub(super) fn session(connection: &ConnectionArgs) -> Result<Session> {
    let token = tokens::find(
        connection.member.as_ref(),
        &connection.tokens,
        std::env::var(TOKEN_VARIABLE).ok(),
    )?;
    Session::new(&connection.server, &token)
}
