//! Whether brokers can run here, and the words of a test that could not.

use std::{
    env,
    fs::OpenOptions,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::error::ClusterError;

/// Names another folder of jars.
const JARS_VARIABLE: &str = "KAFKA_JARS";
/// Where `cargo xtask setup kafka` puts the jars, from the workspace's root.
const JARS_FOLDER: &str = "target/tools/kafka-4.1.1";
/// The jar without which there is no broker.
const BROKER_JAR: &str = "kafka_2.13-4.1.1.jar";
/// Names the file that collects what was skipped, as in the tests of the program.
const SKIPS_VARIABLE: &str = "CHAPPE_SKIPS";

/// The folder of the brokers' jars.
pub(crate) fn jars() -> Result<PathBuf, ClusterError> {
    let folder = env::var_os(JARS_VARIABLE).map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(JARS_FOLDER),
        PathBuf::from,
    );
    if !folder.join(BROKER_JAR).is_file() {
        return Err(ClusterError::Missing {
            what: format!("{BROKER_JAR} is not in {}", folder.display()),
        });
    }
    Ok(folder)
}

fn java() -> Result<(), ClusterError> {
    let answered = Command::new("java")
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match answered {
        Ok(status) if status.success() => Ok(()),
        _ => Err(ClusterError::Missing {
            what: "there is no Java that answers".into(),
        }),
    }
}

/// Whether brokers can run here. If not, a line `SKIPPED: <test>: <reason>` goes to standard error and to the file that `CHAPPE_SKIPS` names:
/// `cargo xtask test` collects it, and with `CI=true` fails for it.
#[must_use]
pub fn is_available(test: &str) -> bool {
    let Err(reason) = jars().and_then(|_| java()) else {
        return true;
    };
    let line = format!("SKIPPED: {test}: {reason}\n");
    // Nobody is left to tell where standard error is gone.
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(file) = env::var_os(SKIPS_VARIABLE) {
        let told = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&file)
            .and_then(|mut file| file.write_all(line.as_bytes()));
        if let Err(error) = told {
            let _ = writeln!(std::io::stderr(), "{SKIPS_VARIABLE} names {}: {error}", file.display());
        }
    }
    false
}
