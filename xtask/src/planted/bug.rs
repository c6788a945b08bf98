//! What a planted bug is, as its list states it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// One bug.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bug {
    /// What the bug is, in few words; unique.
    pub(crate) name: String,
    /// The file to change, from the workspace root.
    pub(crate) file: String,
    /// Text that stands in the file exactly once.
    pub(crate) find: String,
    /// What it becomes.
    pub(crate) replace: String,
    /// Cargo's arguments, beginning with `test`.
    pub(crate) test: Vec<String>,
    /// Whether the test runs the program: it is then built with the bug in, and `CHAPPE_BIN` names it.
    #[serde(default)]
    pub(crate) program: bool,
    /// Whether judging it takes minutes: `cargo xtask test` then leaves it out.
    #[serde(default)]
    pub(crate) minutes: bool,
    /// Variables for the test, such as `CHAPPE_CASES`.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    bug: Vec<Bug>,
}

impl Bug {
    /// The file's text with the bug in it.
    pub(crate) fn apply(&self, text: &str) -> Result<String> {
        let times = text.matches(&self.find).count();
        if times != 1 {
            bail!(
                "planted bug {}: its text stands {times} times in {}, once is needed: bring `find` up to date",
                self.name,
                self.file
            );
        }
        Ok(text.replacen(&self.find, &self.replace, 1))
    }

    fn validate(&self) -> Result<()> {
        let outside = Path::new(&self.file)
            .components()
            .any(|part| !matches!(part, std::path::Component::Normal(_)));
        if outside || self.file.is_empty() {
            bail!(
                "planted bug {}: file = {:?} is not a path inside the workspace",
                self.name,
                self.file
            );
        }
        if self.test.first().map(String::as_str) != Some("test") {
            bail!("planted bug {}: test must begin with \"test\"", self.name);
        }
        if self.find.is_empty() || self.find == self.replace {
            bail!(
                "planted bug {}: find and replace must differ, and find must not be empty",
                self.name
            );
        }
        Ok(())
    }
}

/// The lists, by name.
pub(crate) fn lists(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.join(super::FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", super::FOLDER))?;
    let paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>();
    let mut lists = paths.with_context(|| format!("cannot list {}", super::FOLDER))?;
    lists.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    lists.sort();
    Ok(lists)
}

/// Every bug of every list.
pub(crate) fn read_all(root: &Path) -> Result<Vec<Bug>> {
    let mut bugs: Vec<Bug> = Vec::new();
    for list in lists(root)? {
        let text = std::fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
        for bug in read(&text).with_context(|| format!("in {}", list.display()))? {
            if bugs.iter().any(|other| other.name == bug.name) {
                bail!("two planted bugs are called {}", bug.name);
            }
            bugs.push(bug);
        }
    }
    Ok(bugs)
}

fn read(text: &str) -> Result<Vec<Bug>> {
    let list: List = toml::from_str(text)?;
    list.bug.iter().try_for_each(Bug::validate)?;
    Ok(list.bug)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"
        [[bug]]
        name = "a first-k cap"
        file = "crates/correlate/src/count.rs"
        find = "lowest(k)"
        replace = "first(k)"
        test = ["test", "-p", "chappe-testkit", "--test", "equality"]
        env = { CHAPPE_CASES = "2000" }
    "#;

    #[test]
    fn a_list_is_read_and_applied() {
        let bugs = read(LIST).unwrap();
        assert_eq!(bugs[0].env["CHAPPE_CASES"], "2000");
        assert!(!bugs[0].program);
        assert_eq!(bugs[0].apply("let a = lowest(k);").unwrap(), "let a = first(k);");
    }

    #[test]
    fn a_text_that_is_not_there_exactly_once_is_refused_by_name() {
        let bug = &read(LIST).unwrap()[0];
        for text in ["", "lowest(k) lowest(k)"] {
            assert!(bug.apply(text).unwrap_err().to_string().contains("a first-k cap"));
        }
    }

    #[test]
    fn a_wrong_list_is_refused() {
        for (from, to) in [
            ("crates/", "../"),
            ("crates/", "/"),
            ("\"test\", \"-p\"", "\"run\", \"-p\""),
            ("first(k)", "lowest(k)"),
            ("env", "envs"),
        ] {
            assert!(read(&LIST.replace(from, to)).is_err(), "{from} -> {to}");
        }
    }
}
