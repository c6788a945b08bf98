//! The house rules that Cargo and Clippy cannot state.
//!
//! Every rule takes file texts and returns findings with file, line and reason; reading the disk happens once, in `sources`.

mod arrows;
mod calls;
mod faces;
mod finding;
mod lengths;
mod manifests;
mod names;
mod notes;
mod pages;
mod rust;
mod sources;

use anyhow::{Result, bail};

use crate::place::Place;
use finding::Finding;
use sources::Source;

/// `cargo xtask check`: prints what it finds; an error if that is anything.
pub(crate) fn command(place: &Place) -> Result<()> {
    let sources = sources::read(place.root())?;
    let found = findings(&sources);
    for finding in &found {
        println!("{finding}");
    }
    if !found.is_empty() {
        bail!("{} finding(s) in {} files", found.len(), sources.len());
    }
    println!("{} files keep the house rules", sources.len());
    Ok(())
}

fn findings(sources: &[Source]) -> Vec<Finding> {
    let mut found = pages::missing(sources);
    for source in sources {
        found.extend(names::of_file(source));
        found.extend(notes::in_text(source));
        if source.path.ends_with("Cargo.toml") {
            found.extend(arrows::of_manifest(source));
            found.extend(manifests::of_manifest(source));
        }
        if source.is_rust() {
            found.extend(of_rust(source));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn of_rust(source: &Source) -> Vec<Finding> {
    let mut found = faces::of_crate(source);
    found.extend(lengths::of_file(source));
    match rust::Facts::read(source) {
        Ok(facts) => {
            found.extend(lengths::of_functions(source, &facts));
            found.extend(calls::banned(source, &facts));
            found.extend(names::of_modules(source, &facts));
        }
        Err(finding) => found.push(finding),
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_keeps_the_rules_it_checks() {
        let place = Place::find().unwrap();
        let own: Vec<Source> = sources::read(place.root())
            .unwrap()
            .into_iter()
            .filter(|source| source.path.starts_with("xtask/"))
            .collect();
        assert!(own.len() > 10, "only {} files of xtask were read", own.len());
        let found: Vec<Finding> = findings(&own)
            .into_iter()
            .filter(|finding| finding.file.starts_with("xtask/"))
            .collect();
        assert!(found.is_empty(), "{found:#?}");
    }

    #[test]
    fn rust_that_does_not_parse_is_a_finding() {
        let found = findings(&[Source::new("crates/model/src/broken.rs", "fn f() {\n    let = ;\n}\n")]);
        assert!(
            found
                .iter()
                .any(|f| f.file == "crates/model/src/broken.rs" && f.line == 2),
            "{found:?}"
        );
    }
}
