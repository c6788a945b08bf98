//! The files to submit: one, standard input, a folder, or a MISP feed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use chappe_exchange::{FeedRole, MAX_FILE_BYTES, TableFormat, read_manifest};

/// Largest file that is read, in bytes.
pub(crate) const FILE_BYTES: usize = MAX_FILE_BYTES;
/// Most files of a folder.
const FILES: usize = 100_000;

/// A file to be read when its turn comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard input.
    Input,
    /// A file.
    File(PathBuf),
}

impl Source {
    /// Its name, for people.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Input => "standard input".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// Its content, at most [`FILE_BYTES`].
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Input => bounded(io::stdin().lock()),
            Self::File(path) => bounded(File::open(path)?),
        }
    }
}

fn bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > FILE_BYTES {
        return Err(io::Error::other(format!(
            "larger than {} MiB: split it, or export the events one by one",
            FILE_BYTES >> 20
        )));
    }
    Ok(bytes)
}

/// The files that an argument stands for: `-`, a file, every `*.json` of a folder in the order of their names (of tables what is
/// called as they are), or the events of a feed.
pub(crate) fn find(argument: &Path, table: Option<TableFormat>) -> Result<Vec<Source>> {
    if argument == Path::new("-") {
        return Ok(vec![Source::Input]);
    }
    let kind = fs::metadata(argument).with_context(|| format!("cannot read {}", argument.display()))?;
    if !kind.is_dir() {
        return Ok(vec![Source::File(argument.to_owned())]);
    }
    let manifest = argument.join("manifest.json");
    let files = match table {
        None if manifest.is_file() => feed(argument, &manifest)?,
        None => folder(argument, &["json"])?,
        Some(TableFormat::Csv) => folder(argument, &["csv", "tsv"])?,
        Some(TableFormat::JsonLines) => folder(argument, &["json", "jsonl", "ndjson"])?,
    };
    if files.is_empty() {
        bail!(
            "{} holds no report: a folder is read for *.json files (with a mapping also *.jsonl and *.ndjson, or *.csv and *.tsv), or for manifest.json of a MISP feed",
            argument.display()
        );
    }
    if files.len() > FILES {
        bail!(
            "{} holds {} files: at most {FILES}, submit it in parts",
            argument.display(),
            files.len()
        );
    }
    Ok(files.into_iter().map(Source::File).collect())
}

fn feed(folder: &Path, manifest: &Path) -> Result<Vec<PathBuf>> {
    let name = manifest.display().to_string();
    let bytes = File::open(manifest)
        .and_then(bounded)
        .with_context(|| format!("cannot read {name}"))?;
    let mut entries = read_manifest(&name, &bytes)?;
    entries.sort();
    Ok(entries.into_iter().map(|entry| folder.join(entry.file_name)).collect())
}

fn folder(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let list = || -> io::Result<Vec<PathBuf>> { fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect() };
    let mut files = list().with_context(|| format!("cannot list {}", folder.display()))?;
    files.retain(|path| {
        let extension = path
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default();
        let is_called_so = extensions.iter().any(|known| extension.eq_ignore_ascii_case(known));
        let role = path
            .file_name()
            .and_then(|name| name.to_str())
            .map_or(FeedRole::Other, FeedRole::of);
        is_called_so && may_be_read(path) && role != FeedRole::Manifest
    });
    files.sort();
    Ok(files)
}

/// A link that leads nowhere may be a report that got lost: reading it will say so.
fn may_be_read(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |kind| kind.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_in_the_order_of_names_and_feeds_by_their_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        assert!(
            find(folder.path(), None)
                .unwrap_err()
                .to_string()
                .contains("holds no report")
        );
        write("b.json", "{}");
        write("a.JSON", "{}");
        write("readme.txt", "");
        let names = |sources: Vec<Source>| -> Vec<String> {
            sources
                .iter()
                .map(|s| Path::new(&s.name()).file_name().unwrap().to_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names(find(folder.path(), None).unwrap()), ["a.JSON", "b.json"]);
        write("c.CSV", "");
        assert_eq!(names(find(folder.path(), Some(TableFormat::Csv)).unwrap()), ["c.CSV"]);
        let uuid = "5f0c7d1e-0000-4000-8000-000000000001";
        write("manifest.json", &format!("{{\"{uuid}\": {{\"info\": \"x\"}}}}"));
        assert_eq!(names(find(folder.path(), None).unwrap()), [format!("{uuid}.json")]);
        assert!(find(&folder.path().join("absent"), None).is_err());
    }
}
