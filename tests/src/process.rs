//! A child process whose lines are read as they come.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What is kept of a process's standard error, in bytes: its last words.
const LAST_WORDS_BYTES: usize = 64 << 10;

pub(crate) struct Process {
    child: Child,
    /// The lines of standard output; it breaks off once the process has ended.
    lines: Receiver<String>,
    /// Reads standard error to its end.
    errors: Option<JoinHandle<()>>,
    said: LastWords,
}

impl Process {
    pub(crate) fn start(command: &mut Command, said: &LastWords) -> Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let output = child.stdout.take().context("no pipe from standard output")?;
        let errors = child.stderr.take().context("no pipe from standard error")?;
        let (tell, lines) = channel();
        thread::spawn(move || each_line(output, |line| drop(tell.send(line))));
        let kept = said.clone();
        let errors = thread::spawn(move || each_line(errors, |line| kept.add(&line)));
        Ok(Self {
            child,
            lines,
            errors: Some(errors),
            said: said.clone(),
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of standard output; nothing if none comes in time.
    pub(crate) fn line(&mut self, patience: Duration) -> Result<Option<String>> {
        match self.lines.recv_timeout(patience) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.over()?;
                bail!("it ended with {status}; its errors:\n{}", self.said.text())
            }
        }
    }

    /// How it ended, once its output has broken off and everything that it said is there to be read.
    fn over(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait().context("cannot wait for the child")?;
        if let Some(errors) = self.errors.take() {
            // A reader that panicked has kept what it read.
            let _ = errors.join();
        }
        Ok(status)
    }

    /// Whether it has ended by itself.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot ask after the child")
    }

    pub(crate) fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill().context("cannot kill the child")?;
        self.child.wait().context("cannot wait for the child")
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        // The shell's own: the standard library sends no signal but SIGKILL.
        let mut shell = Command::new("sh");
        let sent = shell
            .args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &self.id().to_string()])
            .status()?;
        if !sent.success() {
            bail!("the signal {name} could not be sent: {sent}");
        }
        Ok(())
    }

    /// Waits until it has ended, and killed it if it has not in time.
    pub(crate) fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            // Its output breaks off when it ends.
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return self.over(),
                Err(RecvTimeoutError::Timeout) => {
                    self.kill()?;
                    bail!(
                        "it did not end within {patience:?} and was killed; its errors:\n{}",
                        self.said.text()
                    );
                }
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.kill();
    }
}

fn each_line(from: impl Read, mut each: impl FnMut(String)) {
    for line in BufReader::new(from).lines() {
        match line {
            Ok(line) => each(line),
            Err(_) => return,
        }
    }
}

/// The end of what processes said on standard error.
#[derive(Clone, Default)]
pub(crate) struct LastWords(Arc<Mutex<String>>);

impl LastWords {
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn add(&self, line: &str) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(line);
        text.push('\n');
        if text.len() > 2 * LAST_WORDS_BYTES {
            let mut cut = text.len() - LAST_WORDS_BYTES;
            while !text.is_char_boundary(cut) {
                cut += 1;
            }
            text.drain(..cut);
        }
    }
}
