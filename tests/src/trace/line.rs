//! One line of a trace.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::Target;

/// What stands where a call was not over when another thread's line came.
const UNFINISHED: &str = " <unfinished ...>";

/// One line.
#[derive(Debug)]
pub(super) enum Line<'a> {
    /// A call, from beginning to end.
    Whole {
        name: &'a str,
        arguments: &'a str,
        result: &'a str,
    },
    /// A call that began.
    Begun {
        thread: u32,
        name: &'a str,
        arguments: &'a str,
    },
    /// The end of a call that began before.
    Resumed {
        thread: u32,
        name: &'a str,
        arguments: &'a str,
        result: &'a str,
    },
    /// A signal, or the end of a thread.
    Nothing,
}

impl<'a> Line<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self> {
        let (thread, rest) = text.split_once(' ').context("no thread")?;
        let thread = thread.parse().context("no thread")?;
        let rest = rest.trim_start();
        if rest.starts_with("---") || rest.starts_with("+++") {
            return Ok(Self::Nothing);
        }
        if let Some(resumed) = rest.strip_prefix("<... ") {
            let (name, rest) = resumed.split_once(" resumed>").context("no name is resumed")?;
            let (arguments, result) = ending(rest)?;
            return Ok(Self::Resumed {
                thread,
                name,
                arguments,
                result,
            });
        }
        let (name, rest) = rest.split_once('(').context("no call")?;
        if let Some(arguments) = rest.strip_suffix(UNFINISHED) {
            return Ok(Self::Begun {
                thread,
                name,
                arguments,
            });
        }
        let (arguments, result) = ending(rest)?;
        Ok(Self::Whole {
            name,
            arguments,
            result,
        })
    }
}

/// `arguments) = result`. Strings and paths are in hexadecimal, so the marks between stand nowhere else.
fn ending(text: &str) -> Result<(&str, &str)> {
    let (arguments, result) = text.rsplit_once(" = ").context("no result")?;
    let arguments = arguments
        .trim_end()
        .strip_suffix(')')
        .context("no end of the arguments")?;
    Ok((arguments, result.trim()))
}

/// What the first descriptor of a text stands for: `12<path>`, or `9<TCP:[ends]>`.
pub(super) fn target(text: &str) -> Result<Target> {
    let Some((descriptor, rest)) = text.split_once('<').filter(|(descriptor, _)| is_number(descriptor)) else {
        return Ok(Target::Other);
    };
    if let Some(rest) = rest.strip_prefix("TCP") {
        let (ends, _) = rest.split_once(']').context("no end of a connection")?;
        return Ok(Target::Connection(format!("{descriptor} {ends}")));
    }
    let (path, _) = rest.split_once(['<', '>']).context("no end of a path")?;
    if !path.starts_with(r"\x2f") {
        return Ok(Target::Other);
    }
    Ok(Target::File(PathBuf::from(OsString::from_vec(unescape(path)?))))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The bytes of every string of the arguments, one after the other.
pub(super) fn strings(arguments: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut parts = arguments.split('"');
    // Outside, inside, outside …
    parts.next();
    while let (Some(inside), Some(outside)) = (parts.next(), parts.next()) {
        if outside.starts_with("...") {
            bail!("a string is cut short");
        }
        bytes.append(&mut unescape(inside)?);
    }
    Ok(bytes)
}

/// The last argument, if it is a number.
pub(super) fn last_number(arguments: &str) -> Option<u64> {
    arguments.rsplit(", ").next()?.trim().parse().ok()
}

/// `\x68\x69` as its bytes.
fn unescape(text: &str) -> Result<Vec<u8>> {
    let quads = text.as_bytes().chunks(4);
    quads
        .map(|quad| match quad {
            [b'\\', b'x', high, low] => Ok(digit(*high)? << 4 | digit(*low)?),
            _ => bail!("not in hexadecimal: {}", text.get(..80).unwrap_or(text)),
        })
        .collect()
}

fn digit(byte: u8) -> Result<u8> {
    let digit = char::from(byte).to_digit(16).context("no hexadecimal digit")?;
    Ok(digit as u8)
}
