//! The files of a MISP feed, and its manifest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_exchange::{FeedRole, read_manifest};
use serde_json::json;

const UUID: &str = "5f0c7d1e-0000-4000-8000-00000000000a";

#[test]
fn the_files_of_a_feed_are_told_apart_and_its_manifest_read() {
    assert_eq!(FeedRole::of("manifest.json"), FeedRole::Manifest);
    assert_eq!(FeedRole::of("hashes.csv"), FeedRole::Hashes);
    assert_eq!(FeedRole::of(&format!("{UUID}.json")), FeedRole::Event);
    assert_eq!(FeedRole::of("event.json"), FeedRole::Other);

    let upper = UUID.to_uppercase();
    let manifest = json!({ &upper: { "info": "A wave", "timestamp": "7", "Orgc": { "name": "x" } } }).to_string();
    let entries = read_manifest("manifest.json", manifest.as_bytes()).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (entries[0].uuid.as_str(), entries[0].file_name.as_str()),
        (UUID, format!("{upper}.json").as_str())
    );
    assert_eq!((entries[0].info.as_str(), entries[0].timestamp), ("A wave", Some(7)));
    assert_eq!(read_manifest("manifest.json", b"[]").unwrap(), []);
    for wrong in ["{\"../../x\": {}}", "{\"Event\": {}}", "7", "[1]"] {
        let error = read_manifest("m.json", wrong.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("not the manifest of a feed"), "{error}");
    }
}
