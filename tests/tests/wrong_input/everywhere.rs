//! Every kind of wrong input over all formats, files and commands: a table. Each is refused with the file, the place and what to do, or read where
//! that is right; nothing panics, hangs or changes anything.

#[path = "everywhere/files.rs"]
mod files;
#[path = "everywhere/formats.rs"]
mod formats;
#[path = "everywhere/lines.rs"]
mod lines;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use chappe_tests::{PATIENCE, binary};

use super::bystander::{Bystander, SENDER};

pub(crate) const DONE: i32 = 0;
pub(crate) const FAILED: i32 = 1;
pub(crate) const USAGE: i32 = 2;
pub(crate) const REFUSED: i32 = 3;

/// What comes before a UTF-8 text that some programs write.
pub(crate) const MARK: &[u8] = b"\xef\xbb\xbf";

/// A kind of wrong input.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The command, with `{file}` for the file and `{at}` for where and as whom.
    pub(crate) line: &'static str,
    /// The file and what it holds.
    pub(crate) file: (&'static str, Vec<u8>),
    /// A file that stands beside it.
    pub(crate) beside: Option<(&'static str, Vec<u8>)>,
    pub(crate) code: i32,
    /// Words of the answer: the place, and what to do.
    pub(crate) says: &'static [&'static str],
}

impl Kind {
    pub(crate) fn new(
        name: &'static str,
        line: &'static str,
        file: (&'static str, impl Into<Vec<u8>>),
        code: i32,
        says: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            line,
            file: (file.0, file.1.into()),
            beside: None,
            code,
            says,
        }
    }

    pub(crate) fn beside(self, name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            beside: Some((name, bytes.into())),
            ..self
        }
    }

    /// Runs it in a folder and holds the answer against what was expected: what is wrong with it.
    fn check(&self, folder: &Path, at: &str) -> Option<String> {
        let (file, bytes) = &self.file;
        let beside = self.beside.iter().map(|(name, bytes)| (*name, bytes));
        for (name, bytes) in [(*file, bytes)]
            .into_iter()
            .chain(beside)
            .filter(|(name, _)| !name.is_empty())
        {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        let line = self.line.replace("{file}", file).replace("{at}", at);
        let mut command = Command::new("timeout");
        command.arg(PATIENCE.as_secs().to_string()).arg(binary().unwrap());
        let output = command
            .args(line.split_whitespace())
            .current_dir(folder)
            .output()
            .unwrap();
        let said = [&output.stdout[..], &output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let short: String = said.chars().take(2_000).collect();
        let wrong = |what: String| Some(format!("{}: chappe {line}: {what} of {short:?}", self.name));
        if output.status.code() != Some(self.code) {
            return wrong(format!("ended with {:?}, not {}", output.status.code(), self.code));
        }
        if let Some(words) = self.says.iter().find(|words| !said.contains(**words)) {
            return wrong(format!("{words:?} is no part"));
        }
        if !(file.is_empty() || said.contains(file) || self.code == DONE) {
            return wrong("the file's name is no part".to_owned());
        }
        said.contains("panicked").then(|| format!("{}: {short}", self.name))
    }
}

fn with(before: &str, middle: &[u8], after: &str) -> Vec<u8> {
    [before.as_bytes(), middle, after.as_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_wrong_input_is_told_where_it_is_wrong_and_what_to_do() {
    let mut bystander = Bystander::new().await;
    let folder = tempfile::tempdir().unwrap();
    let tokens = bystander.program.folder().join("tokens.toml");
    let (address, tokens) = (bystander.program.address(), tokens.display());
    let at = format!("--server {address} --tokens {tokens} --as {SENDER}");
    let tables = [
        formats::own(),
        formats::misp(),
        formats::stix_and_idea(),
        formats::tables(),
        formats::mappings(),
    ];
    let tables = tables
        .into_iter()
        .chain([files::configurations(), files::rules(), files::others(), lines::lines()]);
    let kinds: Vec<Kind> = tables.flatten().collect();
    let names: BTreeSet<&str> = kinds.iter().map(|kind| kind.name).collect();
    assert_eq!(names.len(), kinds.len(), "each has a name of its own");
    assert!(kinds.len() >= 120, "{} kinds", kinds.len());
    let wrong: Vec<String> = kinds.iter().filter_map(|kind| kind.check(folder.path(), &at)).collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        kinds.len(),
        wrong.join("\n")
    );
    bystander.is_unharmed("all of them").await;
    bystander.stop().await;
}
