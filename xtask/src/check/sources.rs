//! The texts of the workspace.

use std::path::Path;

use anyhow::{Context, Result};

/// Folders that hold nothing written by us, by name, wherever they are.
const SKIPPED_FOLDERS: &[&str] = &["target", "node_modules", ".git"];

/// Kinds of file that the rules are about.
const EXTENSIONS: &[&str] = &["rs", "proto", "toml", "md", "sh", "yaml", "yml", "py"];

/// Files without such an extension that are read all the same.
const NAMED_FILES: &[&str] = &[".ci/run", "LICENSE"];

/// One text file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Path from the workspace root, with `/`.
    pub(crate) path: String,
    /// Its text; bytes that are not UTF-8 are replaced.
    pub(crate) text: String,
}

impl Source {
    /// A text under a path.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The crate's folder name, for a file below `crates/`.
    pub(crate) fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Whether the whole file is test code: below a `tests` folder, a module `tests`, or the test kit.
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs") || self.crate_name() == Some("testkit")
    }
}

/// Reads every text below the root.
pub(crate) fn read(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
            let kind = entry
                .file_type()
                .with_context(|| format!("cannot look at {}", entry.path().display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_dir() && !SKIPPED_FOLDERS.contains(&name.as_str()) {
                folders.push(entry.path());
            } else if kind.is_file()
                && let Some(source) = read_one(root, &entry.path())?
            {
                sources.push(source);
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn read_one(root: &Path, file: &Path) -> Result<Option<Source>> {
    let relative = file.strip_prefix(root).unwrap_or(file);
    let path = relative
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/");
    let wanted = file
        .extension()
        .and_then(|e| e.to_str())
        .is_some_and(|e| EXTENSIONS.contains(&e));
    if !wanted && !NAMED_FILES.contains(&path.as_str()) {
        return Ok(None);
    }
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {path}"))?;
    Ok(Some(Source::new(&path, &String::from_utf8_lossy(&bytes))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_output_and_other_kinds_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("a/b.rs", "x"),
            ("target/c.rs", "x"),
            ("a/target/d.rs", "x"),
            ("a/e.bin", "x"),
            ("f.md", "\u{e9}"),
        ] {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let paths: Vec<String> = read(folder.path())
            .unwrap()
            .into_iter()
            .map(|source| source.path)
            .collect();
        assert_eq!(paths, ["a/b.rs", "f.md"]);
    }

    #[test]
    fn test_code_is_known_by_its_place() {
        for path in [
            "tests/src/wave.rs",
            "crates/model/tests/ids.rs",
            "crates/model/src/id/tests.rs",
            "crates/testkit/src/lib.rs",
        ] {
            assert!(Source::new(path, "").is_test(), "{path}");
        }
        assert!(!Source::new("crates/model/src/lib.rs", "").is_test());
    }
}
