//! What `strace` wrote of the program's system calls: who wrote which bytes where, and what was synced when.
//!
//! The order of the lines is what matters here: a call *began* at the line that shows its arguments, before the kernel took it up, and
//! *ended* at the line that shows its result, before its thread went on. Line numbers serve as moments.

mod bytes_sent;
mod line;
mod synced;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::{fs, io};

use anyhow::{Context, Result, bail};

pub use bytes_sent::BytesSent;
pub use synced::{Content, Loss, SyncedFolder};

use line::Line;

/// Calls that put bytes somewhere, or say what becomes durable. Whatever else writes is traced so that it is noticed.
const CALLS: &str = "write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,splice,copy_file_range,fdatasync,fsync,\
                     sync_file_range,ftruncate,fallocate,openat,rename,renameat,renameat2,io_uring_setup";

/// Longest string that is traced whole, in bytes: more than the tests let stand in one write. A longer one fails the reading.
const STRING_BYTES: usize = 4 << 20;

/// A moment: the number of a line.
pub type Moment = usize;

/// What a call was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file or folder.
    File(PathBuf),
    /// A TCP connection, by descriptor and ends.
    Connection(String),
    /// Neither.
    Other,
}

/// One system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Such as `pwrite64`.
    pub name: String,
    /// What its descriptor stands for; of `openat`, the one it returned.
    pub target: Target,
    /// The bytes that were offered.
    pub bytes: Vec<u8>,
    /// The last argument, if it is a number: the offset of `pwrite64`, the length of `ftruncate`.
    pub number: Option<u64>,
    /// Of `openat`: whether it may make the file.
    pub creates: bool,
    /// When it began.
    pub begun: Moment,
    /// When it had ended; none for a call that the trace does not see the end of.
    pub ended: Option<Moment>,
    /// What it returned; none for an error.
    pub returned: Option<u64>,
}

impl Call {
    /// When it had ended well.
    #[must_use]
    pub fn succeeded(&self) -> Option<Moment> {
        self.ended.filter(|_| self.returned.is_some())
    }
}

/// A trace that is being written.
///
/// It goes through a named pipe, for `strace` outlives what it traces: that the program has ended does not say that its trace is whole, and
/// that the pipe has ended does.
pub struct Trace {
    pipe: PathBuf,
    text: JoinHandle<io::Result<String>>,
}

impl Trace {
    /// Makes the named pipe `trace` in a folder, and begins to read it.
    ///
    /// # Errors
    /// When the pipe cannot be made.
    pub fn begin(folder: &Path) -> Result<Self> {
        let pipe = folder.join("trace");
        let made = Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .context("cannot run mkfifo")?;
        if !made.success() {
            bail!("mkfifo {}: {made}", pipe.display());
        }
        let read = pipe.clone();
        let text = thread::spawn(move || fs::read_to_string(read));
        Ok(Self { pipe, text })
    }

    /// The command that traces a program, to stand before the program. The traced program stays the child that was started.
    #[must_use]
    pub fn command(&self, more: &[&str]) -> Vec<OsString> {
        let strings = STRING_BYTES.to_string();
        let mut words: Vec<OsString> = [
            "strace",
            "-D",
            "-f",
            "--seccomp-bpf",
            "-qq",
            "-yy",
            "-xx",
            "-s",
            &strings,
        ]
        .map(Into::into)
        .into();
        words.extend(["-e", &format!("trace={CALLS}")].map(Into::into));
        words.extend(more.iter().map(Into::into));
        words.extend(["-o".into(), self.pipe.clone().into()]);
        words
    }

    /// The calls in the order in which they began, once the program has ended.
    ///
    /// # Errors
    /// When a line is not understood, or a string was cut short.
    pub fn calls(self) -> Result<Vec<Call>> {
        let text = self.text.join().ok().context("the reader of the trace panicked")?;
        parse(&text.with_context(|| format!("cannot read {}", self.pipe.display()))?)
    }
}

/// Why nothing can be traced here; none where it can.
#[must_use]
pub fn impossible() -> Option<String> {
    let tried = Command::new("strace")
        .args(["-f", "--seccomp-bpf", "-o", "/dev/null", "true"])
        .output();
    match tried {
        Ok(tried) if tried.status.success() => None,
        Ok(tried) => Some(format!(
            "strace does not work here: {}",
            String::from_utf8_lossy(&tried.stderr).trim()
        )),
        Err(_) => Some("strace is missing: 'cargo xtask setup core' installs it".to_owned()),
    }
}

fn parse(text: &str) -> Result<Vec<Call>> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: HashMap<u32, (usize, String)> = HashMap::new();
    for (moment, text) in text.lines().enumerate() {
        let line = Line::read(text).with_context(|| format!("line {} of the trace", moment + 1))?;
        match line {
            Line::Whole {
                name,
                arguments,
                result,
            } => calls.push(call(name, arguments, result, moment)?),
            Line::Begun {
                thread,
                name,
                arguments,
            } => {
                calls.push(call(name, arguments, "?", moment)?);
                if open.insert(thread, (calls.len() - 1, name.to_owned())).is_some() {
                    bail!("line {}: thread {thread} is in two calls at once", moment + 1);
                }
            }
            Line::Resumed {
                thread,
                name,
                arguments,
                result,
            } => {
                let (at, begun) = open
                    .remove(&thread)
                    .with_context(|| format!("line {}: nothing to resume", moment + 1))?;
                if begun != name {
                    bail!("line {}: {begun} resumed as {name}", moment + 1);
                }
                let rest = call(name, arguments, result, moment)?;
                let call = &mut calls[at];
                (call.ended, call.returned) = (rest.ended, rest.returned);
                if call.target == Target::Other {
                    call.target = rest.target;
                }
                call.number = rest.number.or(call.number);
                call.creates |= rest.creates;
            }
            Line::Nothing => {}
        }
    }
    Ok(calls)
}

fn call(name: &str, arguments: &str, result: &str, moment: Moment) -> Result<Call> {
    let opens = name == "openat";
    let (value, note) = result
        .split_once(' ')
        .map_or((result, ""), |(value, note)| (value, note));
    let number = value.split(['<', ' ']).next().unwrap_or_default();
    // An error is shown as -1 with its name; a call that was broken off as a question mark.
    let returned = number.parse().ok().filter(|_| !note.starts_with('E'));
    let told = if opens { value } else { arguments };
    Ok(Call {
        name: name.to_owned(),
        target: line::target(told)?,
        bytes: if opens { Vec::new() } else { line::strings(arguments)? },
        number: line::last_number(arguments),
        creates: opens && arguments.contains("O_CREAT"),
        begun: moment,
        ended: (result != "?").then_some(moment),
        returned,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const INTERLEAVED: &str = r#"
7 openat(AT_FDCWD<\x2f\x74>, "\x61", O_WRONLY|O_CREAT|O_CLOEXEC, 0666) = 12<\x2f\x74\x2f\x61>
7 pwrite64(12<\x2f\x74\x2f\x61>, "\x68\x69", 2, 815 <unfinished ...>
8 sendto(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, "\x01\x02\x03", 3, MSG_NOSIGNAL, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable)
7 <... pwrite64 resumed>)             = 2
8 writev(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, [{iov_base="\x01\x02", iov_len=2}, {iov_base="\x03", iov_len=1}], 2) = 2
7 fdatasync(12<\x2f\x74\x2f\x61> <unfinished ...>
8 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=1, si_uid=0} ---
7 <... fdatasync resumed>)            = 0
7 fdatasync(12<\x2f\x74\x2f\x61>) = -1 EIO (Input/output error) (INJECTED)
8 write(4<\x61\x6e\x6f\x6e\x5f\x69\x6e\x6f\x64\x65\x3a\x5b\x65\x76\x65\x6e\x74\x66\x64\x5d>, "\x01", 1) = ?
8 +++ exited with 0 +++
"#;

    #[test]
    fn interleaved_lines_become_calls_with_their_moments() {
        let calls = parse(INTERLEAVED.trim_start()).unwrap();
        let file = Target::File("/t/a".into());
        let shown: Vec<_> = calls
            .iter()
            .map(|call| (call.name.as_str(), call.begun, call.succeeded()))
            .collect();
        assert_eq!(
            shown,
            [
                ("openat", 0, Some(0)),
                ("pwrite64", 1, Some(3)),
                ("sendto", 2, None),
                ("writev", 4, Some(4)),
                ("fdatasync", 5, Some(7)),
                ("fdatasync", 8, None),
                ("write", 9, None),
            ]
        );
        assert!(calls[0].creates && calls[0].target == file);
        assert_eq!(
            (calls[1].bytes.as_slice(), calls[1].number, calls[1].returned),
            (&b"hi"[..], Some(815), Some(2))
        );
        assert_eq!(calls[1].target, file);
        assert_eq!(
            (calls[3].bytes.as_slice(), calls[3].returned),
            (&[1, 2, 3][..], Some(2))
        );
        assert!(matches!(&calls[3].target, Target::Connection(_)) && calls[2].target == calls[3].target);
        assert_eq!((calls[6].ended, &calls[6].target), (None, &Target::Other));
    }

    #[test]
    fn what_is_cut_short_or_unknown_is_refused() {
        for wrong in [
            r#"7 write(1<\x2f\x74>, "\x68"..., 2) = 2"#,
            "7 <... write resumed>) = 2",
            "7 write 1",
            "no line",
            "7 write(1<\\x2f\\x74> <unfinished ...>\n7 write(1<\\x2f\\x74>) = 1\n7 <... read resumed>) = 2",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
