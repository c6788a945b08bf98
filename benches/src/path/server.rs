//! The processes that are measured: the real program, built and set up as anyone would, and the limit.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines, Take};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use toml::{Table, Value};

use super::traffic::{MEMBERS, WATCHER};

/// Stands before the address in the line that a server prints when it is ready.
pub(super) const READY: &str = " ready on ";
/// How long a server may take to be ready.
const START: Duration = Duration::from_secs(30);
/// How long it may take to end: its own deadline and a little.
const STOP: Duration = Duration::from_secs(12);
/// Quotas out of the way: what is to be measured is not the refusal. Reports a second and at once, per member.
const NO_QUOTA: i64 = 4_000_000;
/// Requests in flight: far above the harness's windows.
const NO_BOUND: i64 = 1_000_000;
/// The highest memory budget that may be set, in MiB.
const NO_BUDGET_MIB: i64 = 1_048_576;
/// Most that is repeated of what a failed process said, in bytes.
const SAID: u64 = 4096;

/// A running server. Dropping it kills the process.
pub(super) struct Server {
    child: Child,
    pub(super) process: u32,
    pub(super) address: SocketAddr,
    /// Held open: a program whose standard output is gone may end.
    _output: Lines<BufReader<Take<ChildStdout>>>,
}

/// A folder with an installation that was set up and not started.
pub(super) struct Installation {
    program: PathBuf,
    config: PathBuf,
    tokens: Table,
}

/// Builds the program beside this one.
pub(super) async fn build(root: &Path, kafka: bool) -> Result<PathBuf> {
    ensure!(
        !cfg!(debug_assertions),
        "figures of an unoptimised build say nothing: run it with 'cargo xtask bench'"
    );
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .args(["build", "--release", "--locked", "--package", "chappe"])
        .args(kafka.then_some(["--features", "kafka"]).into_iter().flatten())
        .current_dir(root);
    ensure!(
        build.status().await.context("cannot run cargo")?.success(),
        "chappe does not build"
    );
    let own = std::env::current_exe()?;
    let program = own.with_file_name("chappe");
    ensure!(program.is_file(), "{} is missing after the build", program.display());
    Ok(program)
}

impl Installation {
    /// `chappe init`, with quotas raised and a free port, on these brokers if there are any.
    pub(super) async fn set_up(program: &Path, folder: &Path, brokers: Option<&str>) -> Result<Self> {
        let mut init = Command::new(program);
        let said = init.arg("init").arg("--dir").arg(folder).output().await?;
        ensure!(
            said.status.success(),
            "chappe init: {}",
            String::from_utf8_lossy(&said.stderr)
        );
        let config = folder.join("chappe.toml");
        let text = std::fs::read_to_string(&config)?;
        std::fs::write(&config, raised(&text, brokers)?)?;
        let tokens: Table = std::fs::read_to_string(folder.join("tokens.toml"))?.parse()?;
        let tokens = tokens
            .get("tokens")
            .and_then(Value::as_table)
            .context("tokens.toml has no [tokens]")?
            .clone();
        let known = MEMBERS.iter().map(|(member, _)| *member).chain([WATCHER]);
        if let Some(missing) = known.into_iter().find(|member| !tokens.contains_key(*member)) {
            bail!("chappe init gives no token of {missing}");
        }
        Ok(Self {
            program: program.to_owned(),
            config,
            tokens,
        })
    }

    pub(super) fn token(&self, member: &str) -> &str {
        self.tokens.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// `chappe serve`.
    pub(super) async fn serve(&self) -> Result<Server> {
        let mut serve = Command::new(&self.program);
        serve
            .arg("serve")
            .arg("--config")
            .arg(&self.config)
            .env("CHAPPE_LOG", "warn");
        Server::start(serve).await.context("chappe serve")
    }
}

/// The configuration with a port of the system's choice, and quotas and a memory budget that nothing here reaches.
fn raised(config: &str, brokers: Option<&str>) -> Result<String> {
    let mut config: Table = config.parse()?;
    config.insert("listen".into(), Value::String("127.0.0.1:0".into()));
    let quotas = [
        ("reports-per-second", NO_QUOTA),
        ("burst", NO_QUOTA),
        ("in-flight", NO_BOUND),
        ("in-flight-per-member", NO_BOUND),
    ];
    let quotas = quotas.map(|(name, value)| (name.to_owned(), Value::Integer(value)));
    config.insert("quotas".into(), Value::Table(quotas.into_iter().collect()));
    config.insert("memory-mib".into(), Value::Integer(NO_BUDGET_MIB));
    if let Some(brokers) = brokers {
        let brokers = brokers
            .split(',')
            .map(|broker| Value::String(broker.to_owned()))
            .collect();
        let kafka = Table::from_iter([("brokers".to_owned(), Value::Array(brokers))]);
        config.insert("kafka".into(), Value::Table(kafka));
    }
    Ok(toml::to_string(&config)?)
}

impl Server {
    /// The limit: this program again.
    pub(super) async fn bare() -> Result<Self> {
        let mut serve = Command::new(std::env::current_exe()?);
        serve.arg("bare-server");
        Self::start(serve).await.context("the bare server")
    }

    async fn start(mut command: Command) -> Result<Self> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let process = child.id().context("it ended at once")?;
        let output = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(output.take(SAID)).lines();
        let line = timeout(START, lines.next_line()).await.context("not ready in time")??;
        let line = line.context("it ended before it was ready")?;
        let address = address_of(&line).with_context(|| format!("no address in {line:?}"))?;
        Ok(Self {
            child,
            process,
            address,
            _output: lines,
        })
    }

    /// Asks it to end as an operator would, and says how it did.
    pub(super) async fn stop(mut self) -> Result<String> {
        let mut signal = Command::new("kill");
        signal.arg("-TERM").arg(self.process.to_string());
        ensure!(
            signal.status().await.context("cannot run kill")?.success(),
            "the server is gone already"
        );
        match timeout(STOP, self.child.wait()).await {
            Ok(status) => Ok(status?.to_string()),
            Err(_) => {
                self.child.kill().await?;
                Ok(format!("killed: it did not end within {} s of SIGTERM", STOP.as_secs()))
            }
        }
    }
}

fn address_of(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(READY)?;
    rest.split(": ").next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_address_is_read_from_the_ready_line() {
        let wanted = "127.0.0.1:7600".parse().ok();
        assert_eq!(
            address_of("chappe 0.1.0 ready on 127.0.0.1:7600: 10 members, 8 partitions"),
            wanted
        );
        assert_eq!(address_of("bare ready on 127.0.0.1:7600"), wanted);
        assert_eq!(address_of("chappe 0.1.0"), None);
    }

    #[test]
    fn members_stay_and_quotas_rise() {
        let text = raised(
            "listen = \"127.0.0.1:7600\"\n[quotas]\nburst = 1\n[[members]]\nid = \"a\"\n",
            Some("a:1,b:2"),
        )
        .unwrap();
        let config: Table = text.parse().unwrap();
        assert_eq!(config["quotas"]["burst"].as_integer(), Some(NO_QUOTA));
        assert_eq!(config["listen"].as_str(), Some("127.0.0.1:0"));
        assert_eq!(config["kafka"]["brokers"].as_array().map(Vec::len), Some(2));
        assert_eq!(config["members"][0]["id"].as_str(), Some("a"));
    }
}
