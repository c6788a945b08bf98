//! The operator's side of members: the files beside `chappe.toml`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use chappe_authority::{Authority, Listed, ListedMember};
use chappe_clock::{Clock, SystemClock};
use chappe_identity::Voice;
use chappe_model::Timestamp;
use serde::Serialize;

use super::json;
use crate::alert_view::moment;
use crate::cli::{AddArgs, ListArgs, RevokeArgs};
use crate::commands::init::entry;
use crate::config::Config;
use crate::tokens::Token;

/// What `list --certificates --json` prints of a certificate, an authority or a revocation list.
#[derive(Debug, Serialize)]
struct Line<'a> {
    member: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<&'a str>,
    valid_until_ms: u64,
    state: &'static str,
}

/// The authority's folder that a configuration names.
///
/// # Errors
/// When it names none.
pub(in crate::commands) fn authority(config: &Config, path: &Path) -> Result<Authority> {
    let tls = config.tls.as_ref().with_context(|| {
        let path = path.display();
        format!("{path} has no [tls], so members are known by token alone: 'chappe init --tls' writes a configuration with it")
    })?;
    Ok(Authority::new(tls.folder.clone(), tls.trust_domain.clone()))
}

/// Admits a member, issues certificates, or takes what the member's own authority signed.
pub(super) fn add(args: &AddArgs, out: &mut (dyn Write + Send)) -> Result<()> {
    let config = Config::read(&args.config)?;
    let mut members = config.members.iter();
    let is_new = !members.any(|member| member.principal.member == args.member);
    if !is_new && args.country.is_some() {
        let path = args.config.display();
        bail!("'{}' stands in {path} already: its country is said there", args.member);
    }
    if config.tls.is_none() {
        return add_by_token(args, is_new, out);
    }
    let authority = authority(&config, &args.config)?;
    let now = SystemClock::default().now();
    if args.person.is_empty() && args.service.is_empty() && args.roots.is_none() && args.crl.is_empty() {
        bail!(
            "say for whom: --person NAME, --service NAME, or what the member's own authority signed: --roots FILE, --crl FILE"
        );
    }
    if args.roots.is_some() || !args.crl.is_empty() {
        authority.install(&args.member, args.roots.as_deref(), &args.crl)?;
        writeln!(out, "The roots and revocation lists of {} are in place.", args.member)?;
    } else if !authority.knows(&args.member) {
        authority.begin_member(&args.member, now)?;
    }
    let voices = args.person.iter().map(|name| Voice::person(name));
    let voices: Vec<Voice> = voices
        .chain(args.service.iter().map(|name| Voice::service(name)))
        .collect::<Result<_, _>>()?;
    for voice in &voices {
        let issued = authority.issue(&args.member, voice, args.days, now)?;
        writeln!(
            out,
            "Issued {}, serial {}, valid for {} days.",
            issued.id, issued.serial, args.days
        )?;
        let folder = issued.folder.display();
        writeln!(
            out,
            "  Hand {folder} over on a safe channel, then delete it here: --identity takes such a folder."
        )?;
    }
    if is_new {
        admit(args, None)?;
        let path = args.config.display();
        writeln!(
            out,
            "{} stands in {path} now; it is admitted with the next start of the server.",
            args.member
        )?;
    }
    Ok(())
}

fn add_by_token(args: &AddArgs, is_new: bool, out: &mut (dyn Write + Send)) -> Result<()> {
    let path = args.config.display();
    if !(args.person.is_empty() && args.service.is_empty() && args.roots.is_none() && args.crl.is_empty()) {
        bail!(
            "{path} has no [tls], so members are known by token alone: leave --person, --service, --roots and --crl out"
        );
    }
    if !is_new {
        bail!(
            "'{}' stands in {path} already: 'chappe token' makes another token, in place of the one there",
            args.member
        );
    }
    let token = Token::random().context("no randomness for a token")?;
    admit(args, Some(&token))?;
    writeln!(
        out,
        "# {} stands in {path} now; it is admitted with the next start of the server.",
        args.member
    )?;
    writeln!(
        out,
        "# For {}, and for its tokens.toml under [tokens]. It is shown this once:",
        args.member
    )?;
    writeln!(out, "{} = \"{}\"", args.member, token.reveal())?;
    Ok(())
}

/// Appends the entry of a new member to the configuration.
fn admit(args: &AddArgs, token: Option<&Token>) -> Result<()> {
    let country = args.country.as_ref().map_or("", |country| country.as_str());
    let entry = entry(args.member.as_str(), country, args.role, token.map(Token::digest));
    let path = args.config.display();
    let text = std::fs::read_to_string(&args.config).with_context(|| format!("cannot read {path}"))?;
    let ends = if text.ends_with('\n') { "" } else { "\n" };
    // Nothing is written that could not be read.
    let whole = format!("{text}{ends}\n{entry}");
    let folder = args.config.parent().unwrap_or(Path::new("."));
    Config::parse(&whole, &args.config, folder)
        .with_context(|| format!("{path} takes no further member at its end"))?;
    let file = OpenOptions::new().append(true).open(&args.config);
    let appended = file.and_then(|mut file| file.write_all(format!("{ends}\n{entry}").as_bytes()));
    appended.with_context(|| format!("cannot write {path}"))
}

/// Refuses certificates from now on.
pub(super) fn revoke(args: &RevokeArgs, out: &mut (dyn Write + Send)) -> Result<()> {
    let config = Config::read(&args.config)?;
    let authority = authority(&config, &args.config)?;
    if !authority.knows(&args.member) {
        bail!(
            "'{}' has no certificates here: 'chappe member list --certificates' shows who has",
            args.member
        );
    }
    let issued = |listed: &Listed| Some(&listed.serial) == args.serial.as_ref();
    // A file that cannot be read, whatever it is, must not keep anybody from revoking.
    if let Some(serial) = &args.serial
        && let Ok(Some(known)) = authority.listed(&args.member)
        && known.is_ours
        && !known.issued.iter().any(issued)
    {
        let member = &args.member;
        bail!(
            "no certificate of {member} has the serial number {serial}: 'chappe member list --certificates' shows those that there are"
        );
    }
    authority.revoke(&args.member, args.serial.as_ref(), SystemClock::default().now())?;
    let which = match &args.serial {
        Some(serial) => format!("The certificate {serial} of {}", args.member),
        None => format!("{} with all its certificates", args.member),
    };
    writeln!(
        out,
        "{which} is refused from now on; a server that runs closes its connections within seconds."
    )?;
    if config.tls.is_some_and(|tls| tls.tokens) || config.taxii.is_some() {
        writeln!(
            out,
            "A token of the member still counts: take the member's token-digest out of the configuration, and start the server again."
        )?;
    }
    Ok(())
}

/// Shows certificates, authorities and revocation lists, and until when each counts.
pub(super) fn list(args: &ListArgs, out: &mut (dyn Write + Send)) -> Result<()> {
    let config = Config::read(&args.config)?;
    let authority = authority(&config, &args.config)?;
    let now = SystemClock::default().now();
    for member in &config.members {
        let listed = authority.listed(&member.principal.member)?;
        let member = member.principal.member.as_str();
        let Some(listed) = listed else {
            if !args.json {
                writeln!(out, "{member}: no authority, so nobody speaks for it by certificate")?;
            }
            continue;
        };
        if !args.json {
            let whose = if listed.is_ours {
                "development authority"
            } else {
                "own authority"
            };
            let revoked = if listed.is_revoked { ", revoked as a whole" } else { "" };
            writeln!(out, "{member}: {whose}{revoked}")?;
        }
        for line in lines(member, &listed, now) {
            match args.json {
                true => json(&line, out)?,
                false => writeln!(out, "  {}", line.words())?,
            }
        }
    }
    Ok(())
}

fn lines<'a>(member: &'a str, listed: &'a ListedMember, now: Timestamp) -> Vec<Line<'a>> {
    let line = |kind, seconds: i64, is_revoked: bool| {
        let valid_until_ms = u64::try_from(seconds).unwrap_or_default() * 1_000;
        let state = match (is_revoked, valid_until_ms < now.as_millis()) {
            (true, _) => "revoked",
            (false, true) => "expired",
            (false, false) => "valid",
        };
        Line {
            member,
            kind,
            id: None,
            serial: None,
            valid_until_ms,
            state,
        }
    };
    let roots = listed
        .roots_until
        .iter()
        .map(|until| line("root", *until, listed.is_revoked));
    let lists = listed
        .lists_until
        .iter()
        .map(|until| line("revocation-list", *until, false));
    let issued = listed.issued.iter().map(|issued| Line {
        id: Some(issued.id.to_string()),
        serial: Some(issued.serial.as_str()),
        ..line("certificate", issued.not_after, issued.is_revoked)
    });
    roots.chain(lists).chain(issued).collect()
}

impl Line<'_> {
    /// `certificate spiffe://chappe.internal/member/csirt-at/person/analyst, serial 5a01f3: valid until 2027-03-02 09:00 UTC`
    fn words(&self) -> String {
        let of = self.id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
        let serial = self
            .serial
            .map(|serial| format!(", serial {serial}"))
            .unwrap_or_default();
        let kind = self.kind.replace('-', " ");
        let until = moment(self.valid_until_ms);
        match self.state {
            "revoked" => format!("{kind}{of}{serial}: revoked"),
            "expired" => format!("{kind}{of}{serial}: expired {until}"),
            _ => format!("{kind}{of}{serial}: valid until {until}"),
        }
    }
}
