//! STIX files that cannot be read, and large ones that can.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chappe_exchange::{ReadError, read_stix};
use serde_json::{Value, json};

#[test]
fn a_file_that_cannot_be_read_says_where_and_what() {
    let deep = format!(
        "{{\"type\": \"bundle\", \"objects\": {}1{}}}",
        "[".repeat(200),
        "]".repeat(200)
    );
    let utf16: Vec<u8> = "{\"type\"".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: Vec<(&[u8], &str)> = vec![
        (b"", "f: line 1, column 0: EOF"),
        (b"{\"type\": \"bundle\",\n \"objects\": [{", "f: line 2, column 14: EOF"),
        (
            b"{\"type\": \"bundle\" \"objects\": []}",
            "f: line 1, column 19: expected",
        ),
        (
            b"{\"type\": \"bundle\", \"id\": \"\xe9\"}",
            "f: byte 26 (line 1): not UTF-8, perhaps Latin-1",
        ),
        (
            b"{\"type\": \"bundle\", \"id\": \"\xc3",
            "f: byte 26 (line 1): the file ends inside a character",
        ),
        (&utf16, "f: byte 0 (line 1): UTF-16"),
        (b"7", "f: top level: neither an object nor a list: give a STIX 2 bundle"),
        (b"{}", "f: top level: an empty object: give"),
        (b"{\"a\": 1}", "f: top level: an object with the keys a: give"),
        (
            b"{\"type\": \"bundle\", \"objects\": 7}",
            "f: top level: objects that are no list: give",
        ),
        (b"[[[[[[]]]]]]", "f: [0][0][0][0]: lists within lists: give"),
        (deep.as_bytes(), "f: line 1, column 157: recursion limit exceeded"),
    ];
    for (bytes, says) in cases {
        let error = read_stix("f", bytes).unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}\n{says}");
    }
}

#[test]
fn what_is_over_a_bound_is_refused_and_twenty_megabytes_are_read() {
    let many = json!({ "type": "bundle", "objects": vec![0; 100_001] });
    let error = read_stix("f", many.to_string().as_bytes()).unwrap_err();
    assert!(matches!(error, ReadError::TooMany { what: "objects", .. }), "{error}");
    let filler = "x".repeat(1000);
    let large: Vec<Value> = (0..20_000)
        .map(|n| {
            json!({
                "type": "indicator", "id": format!("indicator--{n}"), "pattern": format!("[domain-name:value = 'a{n}.example']"), "description": filler,
            })
        })
        .collect();
    let text = json!({ "type": "bundle", "objects": large }).to_string();
    assert!(text.len() > 20 * 1024 * 1024);
    let reading = read_stix("f", text.as_bytes()).unwrap().remove(0).unwrap();
    assert_eq!((reading.total, reading.draft.indicators.len()), (20_000, 20_000));
}

#[test]
fn reports_that_all_refer_to_the_same_much_are_refused() {
    let mut objects: Vec<Value> = (0..60_000)
        .map(|n| json!({ "type": "mutex", "id": format!("mutex--{n}") }))
        .collect();
    let refs: Vec<String> = (0..60_000).map(|n| format!("mutex--{n}")).collect();
    objects.push(json!({ "type": "observed-data", "id": "observed-data--1", "object_refs": refs }));
    for n in 0..20 {
        objects.push(json!({ "type": "report", "id": format!("report--{n}"), "object_refs": ["observed-data--1"] }));
    }
    let error = read_stix("f", json!({ "objects": objects }).to_string().as_bytes()).unwrap_err();
    assert!(matches!(error, ReadError::TooMany { what: "items", .. }), "{error}");
}

#[test]
fn what_stands_many_times_is_followed_once_and_what_refers_to_itself_is_bounded() {
    let read = |objects: Vec<Value>| read_stix("f", json!({ "objects": objects }).to_string().as_bytes());
    let mut objects: Vec<Value> = (0..90_000)
        .map(|n| json!({ "type": "mutex", "id": "mutex--1", "n": n }))
        .collect();
    objects.push(json!({ "type": "report", "id": "report--1", "object_refs": vec!["mutex--1"; 1_000_000] }));
    assert_eq!(read(objects).unwrap()[0].as_ref().unwrap().total, 90_001);

    let nowhere = vec!["mutex--2"; 1_000_000];
    let mut objects = vec![json!({ "type": "observed-data", "id": "observed-data--1", "object_refs": nowhere })];
    let report = |n| json!({ "type": "report", "id": format!("report--{n}"), "object_refs": ["observed-data--1"] });
    objects.extend((0..10_000).map(report));
    assert_eq!(read(objects).unwrap().len(), 10_000);

    let all: Vec<String> = (0..350).map(|n| format!("observed-data--{n}")).collect();
    let mut objects: Vec<Value> = all
        .iter()
        .map(|id| json!({ "type": "observed-data", "id": id, "object_refs": all }))
        .collect();
    objects.extend((0..30).map(|n| json!({ "type": "report", "id": format!("report--{n}"), "object_refs": all })));
    let error = read(objects).unwrap_err();
    assert!(
        matches!(error, ReadError::TooMany { what: "references", .. }),
        "{error}"
    );
}

#[test]
fn what_holds_nothing_to_report_makes_no_report() {
    let file = json!({ "objects": [{ "type": "campaign", "id": "campaign--1", "name": "c" }] }).to_string();
    let error = read_stix("f", file.as_bytes())
        .unwrap()
        .remove(0)
        .unwrap_err()
        .to_string();
    let says = "f: objects[0]: no report, grouping, incident, indicator";
    assert!(error.starts_with(says), "{error}");
}
