//! `chappe init`: a configuration to start from.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use chappe_authority::Authority;
use chappe_clock::{Clock, SystemClock};
use chappe_identity::{TokenDigest, TrustDomain, Voice};
use chappe_model::{MemberId, Role};

use crate::cli::{DEFAULT_DAYS, InitArgs};
use crate::config::{CONFIG_FILE, TLS_FOLDER};
use crate::invocation::invocation;
use crate::tokens::{TOKENS_FILE, Token, file_text};

/// Members of a new configuration: id, country, role.
pub(crate) const MEMBERS: [(&str, &str, Role); 10] = [
    ("csirt-at", "AT", Role::Member),
    ("csirt-be", "BE", Role::Member),
    ("csirt-cz", "CZ", Role::Member),
    ("csirt-de", "DE", Role::Member),
    ("csirt-ee", "EE", Role::Member),
    ("csirt-fr", "FR", Role::Member),
    ("csirt-it", "IT", Role::Member),
    ("csirt-pl", "PL", Role::Member),
    ("enisa", "", Role::Hub),
    ("europol", "", Role::DutyOfficer),
];

const HEAD: &str = r#"# A Chappe installation. Every value that is left out has the default shown here.

# gRPC. Without a table [tls] in plain text, and on loopback only.
listen = "127.0.0.1:7600"

# Prometheus metrics over HTTP. Not served unless set; loopback only, unless metrics-allow names the networks that may ask.
# metrics = "127.0.0.1:7601"
# metrics-allow = []

# The log, snapshots and the secret. Relative to this file's folder. Back up secret.key: every id rests on it.
data = "chappe-data"

# Correlation threads. Default: one for each core.
# shards = 2

# Memory for reports that may still be revised, in MiB. Over half of it, reports of members that hold more than their share are refused.
# memory-mib = 4096

# Rules and policies. With this section, what it leaves out has the value shown; without it, what the log recorded last is in force.
[policy]
# How long after its window a report may still be revised.
# lateness-seconds = 300
# Reports without a TLP label are refused; of these members they are taken as TLP:RED for the reporter and the duty officer.
# unmarked-as-red = []

[policy.cross-border]
# countries = 3
# window-hours = 24

[policy.cross-border-critical-sector]
# countries = 2
# window-hours = 24

[policy.urgent]
# This many urgent alerts per reporter go out at once, the rest waits for a person at the hub.
# quota = 10
# window-hours = 24

# Counts are watched for surges, if this section is there: so many alerts a year come for no reason, over all series together.
# [policy.surge]
# bin = "hour"
# false-alarms-per-year = 12

# What depends on a sector that is hit is warned, if this section is there. 'chappe cascade dependencies' shows what depends on what; a
# changed copy takes its place with dependencies = "dependencies.toml".
# [policy.cascade]
# reports = 3
# members = 2
# window-hours = 24
# least-severity = "high"

# Tools that know TAXII 2.1 read and report here, if this section is there.
# [taxii]
# listen = "127.0.0.1:7610"

# What one member may send. Over it the answer is RESOURCE_EXHAUSTED, with the time to wait.
[quotas]
"#;

const MEMBERS_HEAD: &str = r#"
# Who may submit and watch. Roles: member; hub (told of every alert that is not for named recipients only, but of urgent reports that
# are held, match-only or unmarked the duty officer alone is told, beside their reporter); duty-officer (as hub, and told of those).
# Bodies of the Union have no country.
# 'chappe member add ID' admits a new member.
"#;

/// The persons and services that a new member of `init --tls` has a certificate for: one to judge alerts, one to report.
const PERSON: &str = "analyst";
const SERVICE: &str = "reporter";

/// Writes a configuration into a folder, with what members are known by, and says what to do next.
///
/// # Errors
/// When something of it is there already, or the disk fails.
pub(crate) fn run(args: &InitArgs, out: &mut dyn Write) -> Result<()> {
    let folder = args.dir.as_path();
    for name in [CONFIG_FILE, TOKENS_FILE, TLS_FOLDER] {
        let path = folder.join(name);
        if path.exists() {
            bail!(
                "{} is there already: chappe init overwrites nothing; choose another folder with --dir",
                path.display()
            );
        }
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    if args.tls {
        return with_tls(args, out);
    }
    let (config, tokens) = (folder.join(CONFIG_FILE), folder.join(TOKENS_FILE));
    let (config_text, tokens_text) = texts()?;
    write_new(&tokens, 0o600, &tokens_text)?;
    if let Err(error) = write_new(&config, 0o644, &config_text) {
        // Half an installation would block the next attempt.
        let _ = std::fs::remove_file(&tokens);
        return Err(error);
    }
    let (config, tokens, chappe) = (config.display(), tokens.display(), invocation());
    writeln!(
        out,
        "Wrote {config} (ten members) and {tokens} (their tokens, readable by you alone)."
    )?;
    writeln!(out, "Next, each in a terminal of its own:")?;
    writeln!(out, "  {chappe} serve --config {config}")?;
    writeln!(out, "  {chappe} watch --as europol --tokens {tokens}")?;
    writeln!(
        out,
        "  {chappe} submit --as csirt-at --tokens {tokens} --tlp amber --countries AT FILE.json"
    )?;
    Ok(())
}

/// Writes `chappe.toml` and a development authority with certificates.
fn with_tls(args: &InitArgs, out: &mut dyn Write) -> Result<()> {
    let config = args.dir.join(CONFIG_FILE);
    let authority = Authority::new(args.dir.join(TLS_FOLDER), args.trust_domain.clone());
    let now = SystemClock::default().now();
    authority.begin_server(&args.host, now)?;
    let mut text = format!("{HEAD}\n{}{MEMBERS_HEAD}", tls_table(&args.trust_domain));
    for (id, country, role) in MEMBERS {
        let member = MemberId::parse(id)?;
        authority.begin_member(&member, now)?;
        authority.issue(&member, &Voice::person(PERSON)?, DEFAULT_DAYS, now)?;
        authority.issue(&member, &Voice::service(SERVICE)?, DEFAULT_DAYS, now)?;
        text.push_str(&entry(id, country, role, None));
    }
    write_new(&config, 0o644, &text)?;
    let (identities, folder) = (authority.folder().join("identities"), authority.folder().display());
    let (config, chappe) = (config.display(), invocation());
    let (europol, austria) = (identities.join("europol"), identities.join("csirt-at"));
    let (europol, austria) = (europol.display(), austria.display());
    writeln!(
        out,
        "Wrote {config} (ten members) and {folder} (their development authorities, certificates and keys: for trying, not for members' own use)."
    )?;
    writeln!(out, "Next, each in a terminal of its own:")?;
    writeln!(out, "  {chappe} serve --config {config}")?;
    writeln!(out, "  {chappe} watch --identity {europol}/person-{PERSON}")?;
    writeln!(
        out,
        "  {chappe} submit --identity {austria}/service-{SERVICE} --tlp amber --countries AT FILE.json"
    )?;
    Ok(())
}

fn tls_table(trust_domain: &TrustDomain) -> String {
    format!(
        "# Connections over TLS 1.3, members by certificate (docs/identity.md). With it, 'listen' may be any address.\n\
         [tls]\n\
         # The installation's name in certificates: spiffe://{trust_domain}/member/ID, and below that /person/NAME or /service/NAME.\n\
         trust-domain = \"{trust_domain}\"\n\
         # The server's certificate, and a folder with roots and revocation lists for each member. Relative to this file's folder.\n\
         # folder = \"{TLS_FOLDER}\"\n\
         # Whether a connection without a certificate may name itself by token.\n\
         # tokens = false\n"
    )
}

/// The texts of `chappe.toml` and `tokens.toml` for [`MEMBERS`].
///
/// # Errors
/// When the system gives no randomness.
pub(crate) fn texts() -> Result<(String, String)> {
    let mut config = format!("{HEAD}{MEMBERS_HEAD}");
    let mut tokens = Vec::new();
    for (id, country, role) in MEMBERS {
        let token = Token::random().context("no randomness for tokens")?;
        config.push_str(&entry(id, country, role, Some(token.digest())));
        tokens.push((MemberId::parse(id)?, token));
    }
    Ok((config, file_text(&tokens)))
}

/// The `[[members]]` entry of one member.
pub(in crate::commands) fn entry(id: &str, country: &str, role: Role, token: Option<TokenDigest>) -> String {
    let role = match role {
        Role::Member => "member",
        Role::Hub => "hub",
        Role::DutyOfficer => "duty-officer",
    };
    let country = if country.is_empty() {
        String::new()
    } else {
        format!("country = \"{country}\"\n")
    };
    let token = token.map_or_else(String::new, |digest| format!("token-digest = \"{digest}\"\n"));
    format!("[[members]]\nid = \"{id}\"\n{country}role = \"{role}\"\n{token}\n")
}

fn write_new(path: &Path, mode: u32, text: &str) -> Result<()> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::os::unix::fs::PermissionsExt;

    fn args(folder: &Path, tls: bool) -> InitArgs {
        InitArgs {
            dir: folder.to_owned(),
            tls,
            trust_domain: TrustDomain::parse("chappe.internal").unwrap(),
            host: vec!["localhost".into()],
        }
    }

    #[test]
    fn with_tls_members_have_certificates_and_no_tokens() {
        let folder = tempfile::tempdir().unwrap();
        run(&args(folder.path(), true), &mut Vec::new()).unwrap();
        let config = Config::read(&folder.path().join(CONFIG_FILE)).unwrap();
        let tls = config.tls.unwrap();
        assert_eq!(tls.members(), folder.path().join("tls/members"));
        assert!(!folder.path().join(TOKENS_FILE).exists());
        assert!(config.members.iter().all(|member| member.token.is_none()));
        let key = tls.folder.join("identities/csirt-at/person-analyst/key.pem");
        assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
        let again = run(&args(folder.path(), false), &mut Vec::new()).unwrap_err();
        assert!(again.to_string().contains("overwrites nothing"));
    }

    #[test]
    fn what_it_writes_is_read_and_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let mut said = Vec::new();
        run(&args(folder.path(), false), &mut said).unwrap();
        let next = format!("\n  {} serve --config ", invocation());
        assert!(String::from_utf8(said).unwrap().contains(&next));
        let config = Config::read(&folder.path().join(CONFIG_FILE)).unwrap();
        assert_eq!(config.members.len(), 10);
        assert_eq!(config.duty_officers(), [MemberId::parse("europol").unwrap()]);
        assert_eq!(config.data, folder.path().join("chappe-data"));
        let file = folder.path().join(TOKENS_FILE);
        let token = crate::tokens::find(Some(&MemberId::parse("csirt-at").unwrap()), &file, None).unwrap();
        assert_eq!(Some(token.digest()), config.members[0].token);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let before = std::fs::read(&file).unwrap();
        assert!(
            run(&args(folder.path(), false), &mut Vec::new())
                .unwrap_err()
                .to_string()
                .contains("overwrites nothing")
        );
        assert_eq!(std::fs::read(&file).unwrap(), before);
    }
}
