//! Pages that the repository must have.

use super::finding::Finding;
use super::sources::Source;

/// Each with what a reader looks for in it.
const PAGES: &[(&str, &str)] = &[
    ("README.md", "what it is and the first command"),
    ("ARCHITECTURE.md", "the shape and its invariants"),
    ("CHANGELOG.md", "what changed for users"),
    ("CONTRIBUTING.md", "how to build, test and commit"),
    ("LICENSE", "the EUPL-1.2"),
    ("docs/adr/000-template.md", "the form of a decision record"),
];

/// The pages that are not there or are empty.
pub(crate) fn missing(sources: &[Source]) -> Vec<Finding> {
    let there = |page: &str| {
        sources
            .iter()
            .any(|source| source.path == page && !source.text.trim().is_empty())
    };
    let absent = PAGES.iter().filter(|(page, _)| !there(page));
    absent
        .map(|(page, holds)| Finding::new(page, 1, format!("missing or empty; it holds {holds}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_and_empty_pages_are_found() {
        let mut sources: Vec<Source> = PAGES.iter().map(|(page, _)| Source::new(page, "text")).collect();
        assert_eq!(missing(&sources), []);
        sources[0].text = " \n".to_owned();
        sources.pop();
        assert_eq!(
            missing(&sources).iter().map(|f| f.file.as_str()).collect::<Vec<_>>(),
            ["README.md", "docs/adr/000-template.md"]
        );
    }
}
