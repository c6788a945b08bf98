//! `chappe decide`: what a member judges of an alert.

use std::io::Write;

use anyhow::{Context, Result, anyhow};
use chappe_proto::v1;
use chappe_tls::ClientFiles;
use serde::Serialize;

use super::Exit;
use crate::alert_view::DecisionLine;
use crate::cli::{ConnectionArgs, DecideArgs};
use crate::client::{Refusal, Session, Voice};
use crate::tokens::{self, TOKEN_VARIABLE, Token};
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
    Session::speaking(&connection.server, &voice(connection)?)
}

fn voice(connection: &ConnectionArgs) -> Result<Voice> {
    let beside = |file: &str| connection.identity.as_ref().map(|folder| folder.join(file));
    let ca = connection.ca.clone().or_else(|| beside("ca.pem"));
    let certificate = connection.cert.clone().or_else(|| beside("certificate.pem"));
    let key = connection.key.clone().or_else(|| beside("key.pem"));
    let identity = match (&certificate, &key) {
        (Some(certificate), Some(key)) => Some((certificate.as_path(), key.as_path())),
        _ => None,
    };
    let Some(ca) = ca else {
        anyhow::ensure!(
            identity.is_none(),
            "--cert and --key are for TLS: say with --ca who may sign for the server"
        );
        return Ok(Voice::token(token(connection)?));
    };
    let files = ClientFiles::read(&ca, identity)?;
    if identity.is_none() {
        return Ok(Voice::token_over_tls(token(connection)?, files));
    }
    if let Some(member) = &connection.member {
        anyhow::bail!("--as {member} asks for a token, and there is a certificate to speak by: give one of them");
    }
    Ok(Voice::certificate(files))
}

fn token(connection: &ConnectionArgs) -> Result<Token> {
    let variable = std::env::var(TOKEN_VARIABLE).ok();
    Ok(tokens::find(connection.member.as_ref(), &connection.tokens, variable)?)
}
