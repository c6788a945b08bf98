//! `chappe tls`: the server's certificate and the revocation lists, from the development authority.

use std::io::Write;

use anyhow::{Context, Result};
use chappe_clock::{Clock, SystemClock};

use super::Exit;
use super::member::authority;
use crate::cli::{TlsArgs, TlsCommand};
use crate::config::Config;

/// Runs one of the commands on `out`.
///
/// # Errors
/// When the configuration has no TLS, the server's authority is not here, or the disk fails.
pub(crate) fn run(args: &TlsArgs, out: &mut dyn Write) -> Result<Exit> {
    let TlsCommand::Renew(args) = &args.command;
    let config = Config::read(&args.config)?;
    let authority = authority(&config, &args.config)?;
    let now = SystemClock::default().now();
    let renewed = authority.renew_server(now);
    renewed.context("the server's certificate is not renewed: its authority is not here, or not as it should be")?;
    let mut lists = 0;
    for member in &config.members {
        let member = &member.principal.member;
        if authority.signs_for(member) {
            authority.renew_list(member, now)?;
            lists += 1;
        }
    }
    writeln!(
        out,
        "Renewed the server's certificate and the revocation lists of {lists} members; a server that runs takes them within seconds."
    )?;
    Ok(Exit::Done)
}
