//! `chappe token`: a token for a new member.

use std::io::Write;

use anyhow::{Context, Result};
use chappe_model::Role;
use serde_json::json;

use super::init::entry;
use crate::cli::TokenArgs;
use crate::tokens::Token;

/// Prints a new token, and the entry for `chappe.toml` that admits its holder.
///
/// # Errors
/// When the system gives no randomness.
pub(crate) fn run(args: &TokenArgs, out: &mut dyn Write) -> Result<()> {
    let token = Token::random().context("no randomness for a token")?;
    if args.json {
        let country = args.country.as_ref().map(|country| country.as_str());
        let made = json!({
            "member": args.member.as_str(), "country": country,
            "token": token.reveal().to_string(), "token_digest": token.digest().to_string(),
        });
        writeln!(out, "{made}")?;
        return Ok(());
    }
    let country = args.country.as_ref().map_or("", |country| country.as_str());
    writeln!(out, "# For chappe.toml; in force after the next start:")?;
    write!(
        out,
        "{}",
        entry(args.member.as_str(), country, Role::Member, Some(token.digest()))
    )?;
    writeln!(
        out,
        "# For {}, and for its tokens.toml under [tokens]. It is shown this once:",
        args.member
    )?;
    writeln!(out, "{} = \"{}\"", args.member, token.reveal())?;
    Ok(())
}
