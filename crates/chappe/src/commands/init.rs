//! `chappe init`: a configuration to start from.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use chappe_model::{MemberId, Role};

use crate::config::CONFIG_FILE;
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

# gRPC, in plain text: loopback only, this version has no TLS.
listen = "127.0.0.1:7600"

# Prometheus metrics over HTTP, loopback only. Not served unless set.
# metrics = "127.0.0.1:7601"

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
# 'chappe token ID' makes the token of a new member.
"#;

/// Writes `chappe.toml` and `tokens.toml` into `folder`, and says what to do next.
///
/// # Errors
/// When one of them is there already, or the disk fails.
pub(crate) fn run(folder: &Path, out: &mut dyn Write) -> Result<()> {
    let (config, tokens) = (folder.join(CONFIG_FILE), folder.join(TOKENS_FILE));
    for path in [&config, &tokens] {
        if path.exists() {
            bail!(
                "{} is there already: chappe init overwrites nothing; choose another folder with --dir",
                path.display()
            );
        }
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
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

/// The texts of `chappe.toml` and `tokens.toml` for [`MEMBERS`].
///
/// # Errors
/// When the system gives no randomness.
pub(crate) fn texts() -> Result<(String, String)> {
    let mut config = format!("{HEAD}{MEMBERS_HEAD}");
    let mut tokens = Vec::new();
    for (id, country, role) in MEMBERS {
        let token = Token::random().context("no randomness for tokens")?;
        config.push_str(&entry(id, country, role, &token));
        tokens.push((MemberId::parse(id)?, token));
    }
    Ok((config, file_text(&tokens)))
}

/// The `[[members]]` entry of one member.
pub(super) fn entry(id: &str, country: &str, role: Role, token: &Token) -> String {
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
    format!(
        "[[members]]\nid = \"{id}\"\n{country}role = \"{role}\"\ntoken-digest = \"{}\"\n\n",
        token.digest()
    )
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

    #[test]
    fn what_it_writes_is_read_and_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let mut said = Vec::new();
        run(folder.path(), &mut said).unwrap();
        let next = format!("\n  {} serve --config ", invocation());
        assert!(String::from_utf8(said).unwrap().contains(&next));
        let config = Config::read(&folder.path().join(CONFIG_FILE)).unwrap();
        assert_eq!(config.members.len(), 10);
        assert_eq!(config.duty_officers(), [MemberId::parse("europol").unwrap()]);
        assert_eq!(config.data, folder.path().join("chappe-data"));
        let file = folder.path().join(TOKENS_FILE);
        let token = crate::tokens::find(Some(&MemberId::parse("csirt-at").unwrap()), &file, None).unwrap();
        assert_eq!(token.digest(), config.members[0].token);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let before = std::fs::read(&file).unwrap();
        assert!(
            run(folder.path(), &mut Vec::new())
                .unwrap_err()
                .to_string()
                .contains("overwrites nothing")
        );
        assert_eq!(std::fs::read(&file).unwrap(), before);
    }
}
