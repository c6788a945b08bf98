//! The six STIX examples of `../shared/data/stix`, published by OASIS. They are not part of the project; where they are absent the test says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use chappe_exchange::{Format, read_stix};

#[test]
fn the_published_examples_are_read_and_every_object_accounted_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/stix");
    if !folder.is_dir() {
        let word =
            "SKIPPED: the_published_examples_are_read_and_every_object_accounted_for: ../shared/data/stix is absent";
        println!("{word}");
        if let Some(list) = std::env::var_os("CHAPPE_SKIPS") {
            let mut list = fs::OpenOptions::new().create(true).append(true).open(list).unwrap();
            writeln!(list, "{word}").unwrap();
        }
        return;
    }
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(&path).unwrap();
        assert_eq!(Format::of(&bytes), Some(Format::Stix), "{name}");
        let readings = read_stix(&name, &bytes).unwrap();
        assert_eq!(readings.len(), 1, "{name}");
        // A campaign alone: knowledge, and nothing that somebody saw.
        let Ok(reading) = &readings[0] else {
            found.insert(name, (0, 0, 0));
            continue;
        };
        assert!(reading.is_whole() && reading.draft.revision > 1, "{name}");
        let counts = (reading.draft.indicators.len(), reading.read.len(), reading.total);
        found.insert(name, counts);
    }
    // Indicators, items read, items in all.
    let expected = [
        ("indicator-for-c2-ip-address.json", (1, 1, 1)),
        ("indicator-to-campaign-relationship.json", (1, 1, 3)),
        ("indicators-for-C2-with-COA.json", (3, 3, 8)),
        ("infrastructure.json", (4, 4, 10)),
        ("interop-objectmarking-test.json", (0, 0, 0)),
        ("malicious-email-indicator-with-attachment.json", (0, 0, 6)),
    ];
    let expected = expected.map(|(name, counts)| (name.to_owned(), counts));
    assert_eq!(found, expected.into_iter().collect());
}
