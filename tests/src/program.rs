//! An installation: `chappe init` and `chappe serve` in a folder of its own.

use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chappe_eventlog::EventLog;
use chappe_proto::v1::DurabilityClass;

use crate::PATIENCE;
use crate::binary::binary;
use crate::client::Client;
use crate::log;
use crate::process::{LastWords, Process};

/// What stands in the line that says the program is ready, before its address.
const READY: &str = " ready on ";

/// How the program is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    before: Vec<OsString>,
    service: Option<String>,
    arguments: Vec<OsString>,
    init: Vec<OsString>,
    settings: Vec<(String, toml::Value)>,
    on_kafka: bool,
}

impl Options {
    /// Puts a command before `chappe serve`, such as `strace -D`. The child that it starts as must become the program itself (by exec),
    /// for signals go to that child.
    #[must_use]
    pub fn under<S: Into<OsString>>(mut self, command: impl IntoIterator<Item = S>) -> Self {
        self.before = command.into_iter().map(Into::into).collect();
        self
    }

    /// Runs one service, such as `ingest`, instead of all of them.
    #[must_use]
    pub fn service(mut self, name: &str) -> Self {
        self.service = Some(name.to_owned());
        self
    }

    /// Adds arguments behind the configuration's.
    #[must_use]
    pub fn arguments<S: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Runs a new installation on Kafka brokers that this process starts, whatever `CHAPPE_TESTS_ON` says.
    #[must_use]
    pub fn on_kafka(mut self) -> Self {
        self.on_kafka = true;
        self
    }

    /// Begins a new installation with further arguments of `chappe init`.
    #[must_use]
    pub fn init<S: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.init.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a value of `chappe.toml` by its dotted path, such as `quotas.burst`.
    #[must_use]
    pub fn set(mut self, path: &str, value: impl Into<toml::Value>) -> Self {
        self.settings.push((path.to_owned(), value.into()));
        self
    }
}

/// An installation in a folder: one program that runs, or has ended and may be started again.
///
/// Dropped, it is killed; if its test is failing, what it said on standard error is shown.
pub struct Program {
    folder: PathBuf,
    options: Options,
    tokens: toml::Table,
    process: Process,
    address: SocketAddr,
    ready: String,
    said: LastWords,
}

impl Program {
    /// Begins an installation in a folder, or goes on with the one that is there, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not get ready; what it said is part of the message.
    pub fn start(folder: &Path) -> Result<Self> {
        Self::start_with(folder, Options::default())
    }

    /// As [`Program::start`], with options. A new installation listens on a loopback port that the system chooses.
    ///
    /// # Errors
    /// As [`Program::start`].
    pub fn start_with(folder: &Path, options: Options) -> Result<Self> {
        let config = folder.join("chappe.toml");
        let is_new = !config.exists();
        if is_new {
            init(folder, &options)?;
        }
        configure(&config, &options, is_new)?;
        let tokens = folder.join("tokens.toml");
        // Members may be known by certificate alone.
        let tokens = if tokens.exists() {
            read_toml(&tokens)?
        } else {
            toml::Table::new()
        };
        let said = LastWords::default();
        let (process, ready) = serve(folder, &options, &said, PATIENCE)?;
        let ready = ready.with_context(|| format!("chappe serve did not get ready; its errors:\n{}", said.text()))?;
        let address = address(&ready)?;
        Ok(Self {
            folder: folder.to_owned(),
            options,
            tokens,
            process,
            address,
            ready,
            said,
        })
    }

    /// The folder that holds `chappe.toml`, `tokens.toml` and the data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder that holds the secret and the log.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("chappe-data")
    }

    /// The `[kafka]` table, if it runs on Kafka: for another installation, it is the option `kafka`.
    ///
    /// # Errors
    /// When `chappe.toml` cannot be read.
    pub fn brokers(&self) -> Result<Option<toml::Table>> {
        let mut file = read_toml(&self.folder.join("chappe.toml"))?;
        match file.remove(log::TABLE) {
            Some(toml::Value::Table(brokers)) => Ok(Some(brokers)),
            Some(_) => bail!("{} is no table", log::TABLE),
            None => Ok(None),
        }
    }

    /// Whether it runs on Kafka, on which everything takes longer and other processes may share the log.
    ///
    /// # Errors
    /// When `chappe.toml` cannot be read.
    pub fn is_on_kafka(&self) -> Result<bool> {
        Ok(self.brokers()?.is_some())
    }

    /// What receipts must say of how durable a report is: one broker alone promises no more than its process.
    ///
    /// # Errors
    /// When `chappe.toml` cannot be read.
    pub fn durability(&self) -> Result<DurabilityClass> {
        Ok(match self.is_on_kafka()? {
            true => DurabilityClass::Process,
            false => DurabilityClass::Disk,
        })
    }

    /// Opens its log, to see what it holds. Where that is the journal the program must have ended.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn log(&self) -> Result<Arc<dyn EventLog>> {
        match self.brokers()? {
            Some(brokers) => log::on_brokers(&brokers),
            None => log::in_folder(&self.data().join("log")),
        }
    }

    /// The folder with a certificate that `chappe init --tls` made, such as `person-analyst`.
    #[must_use]
    pub fn identity(&self, member: &str, holder: &str) -> PathBuf {
        self.folder.join("tls/identities").join(member).join(holder)
    }

    /// Where it serves. It changes with every start.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it serves TAXII, if it does.
    ///
    /// # Errors
    /// When the ready line names an address that is none.
    pub fn taxii(&self) -> Result<Option<SocketAddr>> {
        let stated = self.ready.split_once("; TAXII on http://").map(|(_, rest)| rest);
        let address = stated.map(|stated| stated.split('/').next().unwrap_or_default().parse());
        address
            .transpose()
            .with_context(|| format!("the ready line names no address: {}", self.ready))
    }

    /// The line it said when it was ready: members, partitions, policy, and what was found in the log.
    #[must_use]
    pub fn ready_line(&self) -> &str {
        &self.ready
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it said last on standard error, over all starts.
    #[must_use]
    pub fn said(&self) -> String {
        self.said.text()
    }

    /// The token of a member, such as `csirt-at`.
    ///
    /// # Errors
    /// When there is no such member.
    pub fn token(&self, member: &str) -> Result<&str> {
        let tokens = self.tokens.get("tokens").and_then(toml::Value::as_table);
        let token = tokens.and_then(|tokens| tokens.get(member)?.as_str());
        token.with_context(|| format!("tokens.toml has no member {member}"))
    }

    /// A new connection for a member, to where the program serves now. It must be made inside a runtime.
    ///
    /// # Errors
    /// When there is no such member.
    pub fn client(&self, member: &str) -> Result<Client> {
        Client::new(self.address, self.token(member)?)
    }

    /// How the program ended, if it has: nothing else tells of a program that ends by itself.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.process.ended()
    }

    /// Ends it as a power cut would end it: SIGKILL.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill().map(drop)
    }

    /// Stops it where it is, as a machine does that hangs: SIGSTOP.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn pause(&self) -> Result<()> {
        self.process.signal("STOP")
    }

    /// Lets it go on after [`Program::pause`]: SIGCONT.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn resume(&self) -> Result<()> {
        self.process.signal("CONT")
    }

    /// Tells it to end: SIGTERM.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn terminate(&self) -> Result<()> {
        self.process.signal("TERM")
    }

    /// Tells it to end and waits until it has.
    ///
    /// # Errors
    /// When it ends with another code than 0, or not in time.
    pub fn stop(&mut self) -> Result<()> {
        self.terminate()?;
        let status = self.process.wait(PATIENCE)?;
        if !status.success() {
            bail!("it ended with {status}; its errors:\n{}", self.said());
        }
        Ok(())
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When it does not end in time; it is killed then.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.process.wait(PATIENCE)
    }

    /// Starts it again where it was; one that still runs is killed first.
    ///
    /// # Errors
    /// As [`Program::start`].
    pub fn restart(&mut self) -> Result<()> {
        if !self.restart_within(PATIENCE)? {
            bail!("chappe serve did not get ready again; its errors:\n{}", self.said());
        }
        Ok(())
    }

    /// Starts it again, and kills it if it is not ready within this time; says whether it was.
    ///
    /// # Errors
    /// When it ends by itself.
    pub fn restart_within(&mut self, patience: Duration) -> Result<bool> {
        self.kill()?;
        let (process, ready) = serve(&self.folder, &self.options, &self.said, patience)?;
        self.process = process;
        let Some(ready) = ready else {
            self.kill()?;
            return Ok(false);
        };
        self.address = address(&ready)?;
        self.ready = ready;
        Ok(true)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Nobody is left to tell where standard error is gone.
            let _ = writeln!(
                std::io::stderr(),
                "--- the program's standard error ---\n{}---",
                self.said()
            );
        }
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("folder", &self.folder)
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}

fn init(folder: &Path, options: &Options) -> Result<()> {
    let made = Command::new(binary()?)
        .arg("init")
        .arg("--dir")
        .arg(folder)
        .args(&options.init)
        .output()
        .context("chappe init does not start")?;
    if !made.status.success() {
        bail!(
            "chappe init ended with {}: {}",
            made.status,
            String::from_utf8_lossy(&made.stderr)
        );
    }
    set(
        &folder.join("chappe.toml"),
        &[("listen".to_owned(), "127.0.0.1:0".into())],
    )
}

fn configure(config: &Path, options: &Options, is_new: bool) -> Result<()> {
    if !options.settings.is_empty() {
        set(config, &options.settings)?;
    }
    let on_kafka = options.on_kafka || log::is_kafka_by_default()?;
    if is_new && on_kafka && !read_toml(config)?.contains_key(log::TABLE) {
        set(config, &[(log::TABLE.to_owned(), log::table()?.into())])?;
    }
    Ok(())
}

fn set(config: &Path, settings: &[(String, toml::Value)]) -> Result<()> {
    let mut file = read_toml(config)?;
    for (path, value) in settings {
        let (tables, name) = path.rsplit_once('.').unwrap_or(("", path));
        let mut table = &mut file;
        for part in tables.split('.').filter(|part| !part.is_empty()) {
            let entry = table.entry(part).or_insert_with(|| toml::Table::new().into());
            table = entry
                .as_table_mut()
                .with_context(|| format!("{part} of {path} is no table"))?;
        }
        table.insert(name.to_owned(), value.clone());
    }
    std::fs::write(config, toml::to_string(&file)?).with_context(|| format!("cannot write {}", config.display()))
}

fn read_toml(path: &Path) -> Result<toml::Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("{} is no TOML", path.display()))
}

/// Starts the program; the line that says it is ready, if that comes in time.
fn serve(folder: &Path, options: &Options, said: &LastWords, patience: Duration) -> Result<(Process, Option<String>)> {
    let program = binary()?.into_os_string();
    let service = options.service.as_deref().unwrap_or("serve");
    let mut words = options
        .before
        .iter()
        .cloned()
        .chain([program, service.into(), "--config".into()]);
    let mut command = Command::new(words.next().context("no program")?);
    command
        .args(words)
        .arg(folder.join("chappe.toml"))
        .args(&options.arguments);
    let mut process = Process::start(&mut command, said)?;
    let ready = process.line(patience).context("chappe serve did not get ready")?;
    Ok((process, ready))
}

fn address(ready: &str) -> Result<SocketAddr> {
    let stated = ready.split_once(READY).and_then(|(_, rest)| rest.split_once(": "));
    let (address, _) = stated.with_context(|| format!("the ready line names no address: {ready}"))?;
    address
        .parse()
        .with_context(|| format!("the ready line names no address: {ready}"))
}
