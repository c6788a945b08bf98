//! The rules that every installation starts with, as files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_model::built_in_rules;
use chappe_sigma::{BUILT_IN, SourceText, load};

#[test]
fn the_files_are_the_rules_of_the_model() {
    let files: Vec<SourceText> = BUILT_IN
        .iter()
        .map(|(name, text)| SourceText::new(name, text))
        .collect();
    let loaded = load(&files).unwrap();
    let mut rules = built_in_rules();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(loaded.rules, rules);
    assert!(loaded.cases.len() >= 5, "each file shows what it does");
    for file in files {
        assert_eq!(load(&[file]).unwrap().rules.len(), 1, "each file stands by itself");
    }
}
