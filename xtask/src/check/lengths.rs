//! Files and functions that fit in a head.

use super::finding::Finding;
use super::rust::Facts;
use super::sources::Source;

/// Lines a Rust file may have, tests included.
const FILE_LINES_MAX: usize = 500;

/// Lines a function may have, from `fn` to the closing brace, tests included.
const FUNCTION_LINES_MAX: usize = 70;

/// A file that is too long.
pub(crate) fn of_file(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    let reason = || format!("{lines} lines, {FILE_LINES_MAX} are allowed: split it by idea");
    (lines > FILE_LINES_MAX).then(|| Finding::new(&source.path, FILE_LINES_MAX + 1, reason()))
}

/// Functions that are too long.
pub(crate) fn of_functions(source: &Source, facts: &Facts) -> Vec<Finding> {
    let long = facts
        .functions
        .iter()
        .filter(|function| function.lines > FUNCTION_LINES_MAX);
    long.map(|function| {
        let reason = format!(
            "fn {} has {} lines, {FUNCTION_LINES_MAX} are allowed",
            function.name, function.lines
        );
        Finding::new(&source.path, function.line, reason)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function_of(lines: usize) -> Vec<Finding> {
        let text = format!("#[test]\nfn f() {{\n{}}}\n", "    g();\n".repeat(lines - 2));
        let source = Source::new("crates/model/src/a.rs", &text);
        of_functions(&source, &Facts::read(&source).unwrap())
    }

    #[test]
    fn a_function_of_70_lines_passes_and_one_of_71_does_not() {
        assert_eq!(function_of(70), []);
        assert_eq!(
            function_of(71),
            [Finding::new(
                "crates/model/src/a.rs",
                2,
                "fn f has 71 lines, 70 are allowed"
            )]
        );
    }

    #[test]
    fn a_file_of_500_lines_passes_and_one_of_501_does_not() {
        assert_eq!(of_file(&Source::new("a.rs", &"//\n".repeat(500))), None);
        assert_eq!(
            of_file(&Source::new("a.rs", &"//\n".repeat(501))).map(|f| f.line),
            Some(501)
        );
    }
}
