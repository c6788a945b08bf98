//! What must not be left in a text: notes to oneself, ignored tests nobody can run, paths of somebody's machine.

use super::finding::Finding;
use super::sources::Source;

/// Notes to oneself. Written in two halves, so that this file does not find itself.
const NOTES: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
];

/// Folders of one machine, which no text names.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/t", "mp/target")];

/// Folders of one machine that tests alone may name, as examples of what a user gives.
const EXAMPLE_PATHS: &[&str] = &[concat!("/ho", "me/"), concat!("/t", "mp/")];

/// Texts that are not ours to edit.
const NOT_OURS: &[&str] = &["LICENSE", "proto/google/"];

/// The leftovers of one text.
pub(crate) fn in_text(source: &Source) -> Vec<Finding> {
    if NOT_OURS.iter().any(|path| source.path.starts_with(path)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, line) in source.text.lines().enumerate() {
        let reasons = [note(line), machine_path(source, line), ignored(source, line)];
        found.extend(
            reasons
                .into_iter()
                .flatten()
                .map(|reason| Finding::new(&source.path, at + 1, reason)),
        );
    }
    found
}

fn note(line: &str) -> Option<String> {
    let word = line
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .find(|word| NOTES.contains(word))?;
    Some(format!("{word}: do it now, or open an issue"))
}

fn machine_path(source: &Source, line: &str) -> Option<String> {
    let examples = if source.is_test() { &[] } else { EXAMPLE_PATHS };
    let starts_path = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~}/*".contains(c));
    let path = MACHINE_PATHS
        .iter()
        .chain(examples)
        .find(|path| line.match_indices(*path).any(|(at, _)| starts_path(at)))?;
    Some(format!(
        "{path} is a folder of one machine: use a path from the project root, or a temporary folder"
    ))
}

fn ignored(source: &Source, line: &str) -> Option<String> {
    let bare = source.is_rust() && line.trim_start().starts_with("#[ignore") && !line.contains("cargo ");
    bare.then(|| "an ignored test says how to run it: #[ignore = \"cargo test -p … -- --ignored\"]".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        in_text(&Source::new(path, text))
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn notes_are_whole_words() {
        let text = NOTES
            .iter()
            .map(|note| format!("// {note}: later\n// {note}S and {}\n", note.to_lowercase()))
            .collect::<String>();
        assert_eq!(lines("crates/a/src/b.rs", &text), [1, 3, 5, 7]);
    }

    #[test]
    fn a_machine_s_folders_are_found_and_addresses_are_not() {
        let path = MACHINE_PATHS[0];
        assert_eq!(
            lines(
                "deploy/a.sh",
                &format!("cd {path}main\ncurl https://host.example{path}x\nls \"{path}\"\nls ..{path}\n")
            ),
            [1, 3]
        );
    }

    #[test]
    fn examples_of_paths_are_for_tests() {
        for path in EXAMPLE_PATHS {
            let text = format!("let file = \"{path}a\";\nlet page = \"https://host.example{path}a\";\n");
            assert_eq!(lines("crates/a/src/b.rs", &text), [1]);
            assert_eq!(lines("docs/b.md", &text), [1]);
            assert_eq!(lines("crates/a/tests/b.rs", &text), Vec::<usize>::new());
        }
    }

    #[test]
    fn an_ignored_test_names_its_command() {
        let text = "#[ignore]\n    #[ignore = \"slow\"]\n#[ignore = \"slow: cargo test -p a -- --ignored\"]\n";
        assert_eq!(lines("crates/a/tests/b.rs", text), [1, 2]);
    }

    #[test]
    fn the_licence_is_left_as_it_is() {
        assert_eq!(lines("LICENSE", NOTES[0]), Vec::<usize>::new());
    }
}
