//! Who may read and write the files of an installation.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chappe_model::Role;

use super::finding::Finding;
use crate::config::Config;
use crate::secret::{self, SECRET_FILE};
use crate::tokens;

pub(super) fn examine(config: &Config, path: &Path, tokens: &Path) -> Vec<Finding> {
    let mut findings = vec![
        config_mode(path),
        roles(config),
        data(&config.data),
        secret(&config.data),
    ];
    findings.extend(tokens_file(tokens));
    if let Some(sasl) = config.kafka.as_ref().and_then(|kafka| kafka.sasl.as_ref()) {
        findings.push(private("kafka-password", &sasl.password_file, "the brokers' password"));
    }
    if let Some((_, key)) = kafka_key(config) {
        findings.push(private(
            "kafka-key",
            key,
            "the key by which this process proves itself to the brokers",
        ));
    }
    findings
}

fn kafka_key(config: &Config) -> Option<&(std::path::PathBuf, std::path::PathBuf)> {
    config.kafka.as_ref()?.tls.as_ref()?.identity.as_ref()
}

/// The permission bits.
fn mode(path: &Path) -> io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o777)
}

fn config_mode(path: &Path) -> Finding {
    const CHECK: &str = "configuration-mode";
    match mode(path) {
        Ok(mode) if mode & 0o022 != 0 => Finding::broken(
            CHECK,
            format!("{}: mode {mode:03o} lets others write it", path.display()),
            "whoever may write it can admit members and change the policy",
            format!("chmod go-w {}", path.display()),
        ),
        Ok(mode) => Finding::well(CHECK, format!("{mode:03o}")),
        Err(error) => unreadable(CHECK, path, &error),
    }
}

fn roles(config: &Config) -> Finding {
    const CHECK: &str = "roles";
    match config.duty_officers().len() {
        0 => Finding::warning(
            CHECK,
            "no member is duty-officer",
            "urgent reports beyond a member's quota wait for a person who is not there",
            "give one member the role duty-officer",
        ),
        officers => {
            let hubs = config
                .members
                .iter()
                .filter(|member| member.principal.role == Role::Hub);
            Finding::well(CHECK, format!("{officers} duty-officer, {} hub", hubs.count()))
        }
    }
}

fn data(folder: &Path) -> Finding {
    const CHECK: &str = "data-folder";
    let found = match fs::metadata(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Finding::well(
                CHECK,
                format!("{} is not there yet: the first start makes it", folder.display()),
            );
        }
        Err(error) => return unreadable(CHECK, folder, &error),
    };
    if !found.is_dir() {
        return Finding::broken(
            CHECK,
            format!("{} is no folder", folder.display()),
            "there is no place for the log, and nothing starts",
            "choose another folder with 'data'",
        );
    }
    match found.permissions().mode() & 0o777 {
        mode if mode & 0o077 != 0 => Finding::warning(
            CHECK,
            format!("{}: mode {mode:03o} lets others on this machine in", folder.display()),
            "the log in it holds every report in plain text, those for named recipients included",
            format!("chmod 700 {}", folder.display()),
        ),
        mode => Finding::well(CHECK, format!("{}: {mode:03o}", folder.display())),
    }
}

fn secret(folder: &Path) -> Finding {
    const CHECK: &str = "secret";
    match secret::look(folder) {
        Ok(Some(_)) => Finding::well(CHECK, format!("{SECRET_FILE} is whole and for its owner alone")),
        Ok(None) => Finding::well(CHECK, format!("no {SECRET_FILE} yet: the first start makes it")),
        Err(error) => Finding::broken(
            CHECK,
            error.to_string(),
            "every id rests on the secret: nothing starts without it",
            format!("put {SECRET_FILE} in order as said, from its backup"),
        ),
    }
}

/// None where there is no such file: on a server it should be gone.
fn tokens_file(path: &Path) -> Option<Finding> {
    const CHECK: &str = "tokens";
    if !path.exists() {
        return None;
    }
    let finding = private(CHECK, path, "members' tokens, by which one speaks for them");
    Some(match tokens::members(path) {
        Err(error) => Finding::broken(
            CHECK,
            error.to_string(),
            "no command with --as can speak for a member",
            "mend the file; 'chappe token' makes a token",
        ),
        Ok(_) => finding,
    })
}

/// A file that nobody but its owner may read.
fn private(check: &'static str, path: &Path, holds: &str) -> Finding {
    match mode(path) {
        Ok(mode) if mode & 0o077 != 0 => Finding::broken(
            check,
            format!(
                "{}: mode {mode:03o} lets others on this machine read it",
                path.display()
            ),
            &format!("it holds {holds}"),
            format!("chmod 600 {}, and replace what others may have read", path.display()),
        ),
        Ok(mode) => Finding::well(check, format!("{}: {mode:03o}", path.display())),
        Err(error) => unreadable(check, path, &error),
    }
}

fn unreadable(check: &'static str, path: &Path, error: &io::Error) -> Finding {
    Finding::broken(
        check,
        format!("{}: {error}", path.display()),
        "this user cannot look at it, and the program under this user could not either",
        "run as the user that owns the installation, or give the file to it",
    )
}
