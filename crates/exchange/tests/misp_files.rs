//! The three MISP events of `../shared/data/misp`, published by ESET. They are not part of the project; where they are absent the tests say so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;

use chappe_exchange::{Reading, SkipReason, read_misp};
use chappe_model::Severity;

/// The only event of a file, or nothing, with a word on it, where the folder is absent.
fn event(test: &str, file: &str) -> Option<Reading> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/misp");
    if !folder.is_dir() {
        let word = format!("SKIPPED: {test}: ../shared/data/misp is absent");
        println!("{word}");
        if let Some(list) = std::env::var_os("CHAPPE_SKIPS") {
            let mut list = fs::OpenOptions::new().create(true).append(true).open(list).unwrap();
            writeln!(list, "{word}").unwrap();
        }
        return None;
    }
    let bytes = fs::read(folder.join(file)).unwrap();
    let mut readings = read_misp(file, &bytes).unwrap();
    assert_eq!(readings.len(), 1, "{file}");
    Some(readings.remove(0).unwrap())
}

/// The first 16 hexadecimal digits of a text's BLAKE3 hash: nothing that the events say stands here.
///
/// `printf '%s' domain:bad.example | b3sum | cut -c1-16`
fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}

fn by_kind(reading: &Reading) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for indicator in &reading.draft.indicators {
        *counts.entry(indicator.kind().as_str()).or_default() += 1;
    }
    counts
}

fn skipped_by_type(reading: &Reading) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for item in &reading.skipped {
        assert_eq!(item.reason, SkipReason::NotCorrelated, "{}", item.path);
        *counts
            .entry(item.what.split(' ').next().unwrap_or_default())
            .or_default() += 1;
    }
    counts
}

#[test]
fn xdspy_is_read_and_every_item_accounted_for() {
    let Some(reading) = event("xdspy_is_read_and_every_item_accounted_for", "misp-xdspy-event.json") else {
        return;
    };
    assert_eq!((reading.read.len(), reading.skipped.len(), reading.total), (45, 26, 71));
    assert_eq!(
        by_kind(&reading),
        BTreeMap::from([("domain", 29), ("ip", 3), ("sha1", 13)])
    );
    assert_eq!(
        skipped_by_type(&reading),
        BTreeMap::from([("filename", 14), ("link", 1), ("text", 11)])
    );

    let draft = &reading.draft;
    assert!(draft.report_key.starts_with("misp:"), "{}", draft.report_key);
    assert_eq!(hash(&draft.report_key), "d7005be43a97009f");
    assert_eq!(draft.revision, 1_601_564_930);
    assert_eq!(hash(&draft.title), "71d4cfc595256094");
    assert_eq!(hash(&draft.summary), "3e66126051e63020");
    assert_eq!(draft.severity, Some(Severity::High));
    assert_eq!(
        (draft.occurred_from_ms, draft.occurred_to_ms),
        (Some(1_601_510_400_000), None)
    );
    assert_eq!((draft.tlp, draft.pap, draft.incident_type), (None, None, None));
    assert!(draft.countries.is_empty() && draft.sectors.is_empty());
    let hashes: BTreeSet<String> = draft.indicators.iter().map(|one| hash(&one.to_string())).collect();
    assert!(hashes.contains("07c83af3645eab8b"), "{hashes:?}");
    assert_eq!(reading.read[0].path, "response[0].Event.Attribute[0]");
}

#[test]
fn ramsay_is_read_and_every_item_accounted_for() {
    let Some(reading) = event("ramsay_is_read_and_every_item_accounted_for", "misp-ramsay.json") else {
        return;
    };
    assert_eq!((reading.read.len(), reading.skipped.len(), reading.total), (53, 28, 81));
    assert_eq!(
        by_kind(&reading),
        BTreeMap::from([("cve", 2), ("md5", 17), ("sha1", 17), ("sha256", 17)])
    );
    assert_eq!(
        skipped_by_type(&reading),
        BTreeMap::from([("filename", 18), ("text", 10)])
    );
    assert_eq!(
        reading.notes,
        [
            "the tag osint:source-type=\"blog-post\" is not read",
            "the event's distribution in MISP is its own organisation only; here the TLP label alone decides",
        ]
    );
}

#[test]
fn kryptocibule_is_read_and_every_item_accounted_for() {
    let test = "kryptocibule_is_read_and_every_item_accounted_for";
    let Some(reading) = event(test, "misp-kryptocibule.json") else {
        return;
    };
    assert_eq!(
        (reading.read.len(), reading.skipped.len(), reading.total),
        (111, 80, 191)
    );
    assert_eq!(
        by_kind(&reading),
        BTreeMap::from([
            ("crypto_address", 10),
            ("domain", 67),
            ("ip", 1),
            ("sha1", 32),
            ("user_agent", 1)
        ])
    );
    assert_eq!(reading.draft.severity, Some(Severity::Low));
}

#[test]
fn the_three_events_share_no_value() {
    let test = "the_three_events_share_no_value";
    let mut seen = BTreeSet::new();
    for file in ["misp-xdspy-event.json", "misp-ramsay.json", "misp-kryptocibule.json"] {
        let Some(reading) = event(test, file) else { return };
        for indicator in reading.draft.indicators {
            assert!(!indicator.is_special(), "{indicator}");
            assert!(seen.insert(indicator.clone()), "{file}: {indicator}");
        }
    }
}
