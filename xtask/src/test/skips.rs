//! Tests that did not run say so: a line `SKIPPED: <reason>` on a stream, and the same line appended to the file that the variable
//! `CHAPPE_SKIPS` names, because the test harness hides what passing tests print.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::SKIP_MARK;
use crate::place::Place;

/// The only reason to skip that holds everywhere: reference data that is not part of the repository. A path in it, then the words.
const BESIDE: &str = "../shared";
/// How a reason ends that says so.
const ABSENT: &str = " is absent";

/// Whether a skip is no failure even with `CI=true`: it says that a path in `../shared` is absent, and it is.
pub(crate) fn is_excused(root: &Path, reason: &str) -> bool {
    let Some(rest) = reason.strip_suffix(ABSENT) else {
        return false;
    };
    let path = Path::new(rest.rsplit(' ').next().unwrap_or_default());
    path.starts_with(BESIDE) && !root.join(path).exists()
}

/// The file that collects the skips of one run.
#[derive(Debug)]
pub(crate) struct Skips {
    file: PathBuf,
}

impl Skips {
    /// Starts with no skips.
    pub(crate) fn open(place: &Place) -> Result<Self> {
        fs::create_dir_all(place.target()).context("cannot make the target folder")?;
        let file = place.target().join("skips.txt");
        fs::write(&file, "").with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Self { file })
    }

    /// What `CHAPPE_SKIPS` names.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Adds reasons that were read from a stream.
    pub(crate) fn add(&self, reasons: &[String]) -> Result<()> {
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(&self.file)
            .context("cannot open the file of skips")?;
        for reason in reasons {
            writeln!(file, "{SKIP_MARK}{reason}").context("cannot write to the file of skips")?;
        }
        Ok(())
    }

    /// All reasons, each once, in order.
    pub(crate) fn collect(&self) -> Result<Vec<String>> {
        let text = fs::read_to_string(&self.file).context("cannot read the file of skips")?;
        let mut reasons: Vec<String> = text.lines().filter_map(reason).collect();
        reasons.sort();
        reasons.dedup();
        Ok(reasons)
    }
}

/// A line of the file; one without the mark counts too, so that no skip is lost for its form.
fn reason(line: &str) -> Option<String> {
    let line = line.trim();
    let reason = line.strip_prefix(SKIP_MARK.trim_end()).unwrap_or(line).trim();
    (!line.is_empty()).then(|| reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_collected_once_whatever_their_form() {
        let folder = tempfile::tempdir().unwrap();
        let skips = Skips {
            file: folder.path().join("skips.txt"),
        };
        fs::write(skips.file(), "SKIPPED: no strace\n\nno disk\n").unwrap();
        skips.add(&["no strace".to_owned()]).unwrap();
        assert_eq!(skips.collect().unwrap(), ["no disk", "no strace"]);
    }

    #[test]
    fn only_absent_reference_data_is_excused() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        fs::create_dir_all(&root).unwrap();
        let excused = |reason: &str| is_excused(&root, reason);
        assert!(excused("a_test: ../shared/data/misp is absent"));
        assert!(excused("../shared is absent"));
        for reason in [
            "strace is missing",
            "strace is absent",
            "../shared/data/misp is too large",
            "strace is absent, though ../shared is there",
            "../sharedness is absent",
        ] {
            assert!(!excused(reason), "{reason}");
        }
        fs::create_dir_all(folder.path().join("shared/data/misp")).unwrap();
        assert!(!excused("a_test: ../shared/data/misp is absent"), "it is there");
        assert!(excused("a_test: ../shared/data/other is absent"));
    }
}
