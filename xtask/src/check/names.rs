//! Names that say nothing about what is inside.

use super::finding::Finding;
use super::rust::Facts;
use super::sources::Source;

/// Module names that become a heap of everything.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "manager", "misc", "util", "utils"];

/// A Rust file or one of its folders with such a name, or `mod.rs`.
pub(crate) fn of_file(source: &Source) -> Option<Finding> {
    let stem = source.path.strip_suffix(".rs")?;
    if stem.ends_with("/mod") {
        return Some(Finding::new(
            &source.path,
            1,
            "mod.rs: write foo.rs beside a folder foo/",
        ));
    }
    let part = stem.split('/').find(|part| EMPTY_NAMES.contains(part))?;
    Some(Finding::new(
        &source.path,
        1,
        format!("the name {part} says nothing: name the idea"),
    ))
}

/// A module with such a name.
pub(crate) fn of_modules(source: &Source, facts: &Facts) -> Vec<Finding> {
    let empty = facts
        .modules
        .iter()
        .filter(|(name, _)| EMPTY_NAMES.contains(&name.as_str()));
    empty
        .map(|(name, line)| {
            Finding::new(
                &source.path,
                *line,
                format!("the name {name} says nothing: name the idea"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_found_in_files_folders_and_modules() {
        for path in [
            "crates/a/src/mod.rs",
            "crates/a/src/utils.rs",
            "crates/a/src/common/x.rs",
            "crates/a/src/manager.rs",
        ] {
            assert!(of_file(&Source::new(path, "")).is_some(), "{path}");
        }
        for path in [
            "crates/a/src/model.rs",
            "crates/a/src/commons_licence.rs",
            "docs/common.md",
        ] {
            assert_eq!(of_file(&Source::new(path, "")), None, "{path}");
        }
        let source = Source::new("crates/a/src/lib.rs", "mod fold;\nmod helpers {}\n");
        let found = of_modules(&source, &Facts::read(&source).unwrap());
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [2]);
    }
}
