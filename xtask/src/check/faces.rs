//! The face of a crate: what it is, what it is not, and a running example, before any code.

use super::finding::Finding;
use super::sources::Source;

/// Doc lines that the face of a library must have at least.
const FACE_LINES_MIN: usize = 10;

/// What the face of the crate lacks, if the file is a crate's root.
pub(crate) fn of_crate(source: &Source) -> Vec<Finding> {
    let library = source.path.ends_with("/src/lib.rs");
    if !library && !source.path.ends_with("/src/main.rs") {
        return Vec::new();
    }
    let face: Vec<&str> = source.text.lines().take_while(|line| line.starts_with("//!")).collect();
    let finding = |reason: String| Finding::new(&source.path, 1, reason);
    if face.is_empty() {
        return vec![finding(
            "a crate begins with //! docs: what it is, what it is not, its invariants".to_owned(),
        )];
    }
    let mut found = Vec::new();
    if library && source.path.starts_with("crates/") {
        if face.len() < FACE_LINES_MIN {
            found.push(finding(format!(
                "{} lines of crate docs, at least {FACE_LINES_MIN} are needed",
                face.len()
            )));
        }
        if !has_example(&face) {
            found.push(finding(
                "the crate docs lack a section `# Example` with a code block".to_owned(),
            ));
        }
    }
    found
}

fn has_example(face: &[&str]) -> bool {
    let heading = face
        .iter()
        .position(|line| line.trim_start_matches("//!").trim().starts_with("# Example"));
    heading.is_some_and(|at| face[at..].iter().any(|line| line.contains("```")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(path: &str, text: &str) -> usize {
        of_crate(&Source::new(path, text)).len()
    }

    #[test]
    fn a_library_needs_docs_and_an_example() {
        let whole = format!(
            "{}//! # Example\n//! ```\n//! f();\n//! ```\n",
            "//! What it is.\n".repeat(6)
        );
        assert_eq!(reasons("crates/a/src/lib.rs", &whole), 0);
        assert_eq!(reasons("crates/a/src/lib.rs", &"//! What it is.\n".repeat(10)), 1);
        assert_eq!(reasons("crates/a/src/lib.rs", "//! Short.\n"), 2);
        assert_eq!(reasons("crates/a/src/lib.rs", "use std::a;\n"), 1);
    }

    #[test]
    fn programs_and_test_packages_need_one_line() {
        for path in ["tests/src/lib.rs", "benches/src/lib.rs", "crates/chappe/src/main.rs"] {
            assert_eq!(reasons(path, "//! What it is.\n"), 0, "{path}");
            assert_eq!(reasons(path, "fn main() {}\n"), 1, "{path}");
        }
        assert_eq!(reasons("crates/a/src/fold.rs", "fn f() {}\n"), 0);
    }
}
