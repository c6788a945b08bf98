//! The resources that requests are answered with. Members without a value are left out: no list in TAXII is empty.

use serde_json::{Map, Value, json};

use crate::collection::Collection;
use crate::endpoint::API_ROOT;
use crate::media::{MEDIA_TYPE, STIX_MEDIA_TYPE};
use crate::moment::{moment_text, version_text};

/// The discovery resource (section 4.1.1).
#[must_use]
pub fn discovery() -> Value {
    json!({
        "title": "Chappe",
        "description": "Rapid alerts on cybercrime, under the handling rules of those who reported.",
        "default": API_ROOT,
        "api_roots": [API_ROOT],
    })
}

/// The API root resource (section 4.2.1). What is posted may have so many bytes.
#[must_use]
pub fn api_root(max_content_bytes: usize) -> Value {
    json!({
        "title": "Chappe",
        "description": "Alerts that you may see, and an inbox for what you report.",
        "versions": [MEDIA_TYPE],
        "max_content_length": max_content_bytes,
    })
}

/// A collection resource (section 5.2.1).
#[must_use]
pub fn collection(of: Collection) -> Value {
    json!({
        "id": of.id(),
        "title": of.title(),
        "description": of.description(),
        "alias": of.alias(),
        "can_read": of.is_read(),
        "can_write": of == Collection::Inbox,
        "media_types": [STIX_MEDIA_TYPE],
    })
}

/// The collections resource (section 5.1.1).
#[must_use]
pub fn collections(all: impl IntoIterator<Item = Collection>) -> Value {
    listed("collections", all.into_iter().map(collection).collect())
}

/// A record of a manifest (section 5.3.1): an object, when it was added, and its version, in microseconds and milliseconds since 1970.
#[must_use]
pub fn manifest_record(id: &str, added_us: u64, version_ms: u64) -> Value {
    json!({
        "id": id,
        "date_added": moment_text(added_us),
        "version": version_text(version_ms),
        "media_type": STIX_MEDIA_TYPE,
    })
}

/// An envelope, manifest or versions resource: what is on a page, under its name, and where it goes on.
#[must_use]
pub fn page(name: &str, items: Vec<Value>, next: Option<u64>) -> Value {
    let mut page = listed(name, items);
    if let Value::Object(page) = &mut page
        && !(page.is_empty() && next.is_none())
    {
        page.insert("more".to_owned(), next.is_some().into());
        if let Some(next) = next {
            page.insert("next".to_owned(), next.to_string().into());
        }
    }
    page
}

/// An error message (section 3.6.1).
#[must_use]
pub fn error(http_status: u16, code: &str, title: &str, description: &str) -> Value {
    json!({
        "title": title,
        "description": description,
        "error_code": code,
        "http_status": http_status.to_string(),
    })
}

/// Items under a name; nothing where there are none.
fn listed(name: &str, items: Vec<Value>) -> Value {
    let mut resource = Map::new();
    if !items.is_empty() {
        resource.insert(name.to_owned(), items.into());
    }
    Value::Object(resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_an_empty_object() {
        assert_eq!(page("objects", vec![], None), json!({}));
        assert_eq!(collections([]), json!({}));
    }

    #[test]
    fn a_page_says_whether_and_where_it_goes_on() {
        assert_eq!(
            page("versions", vec!["a".into()], None),
            json!({ "versions": ["a"], "more": false })
        );
        let more = json!({ "objects": [1], "more": true, "next": "1772432100500000" });
        assert_eq!(page("objects", vec![1.into()], Some(1_772_432_100_500_000)), more);
    }

    #[test]
    fn api_roots_are_relative_and_the_default_is_one_of_them() {
        let discovery = discovery();
        let root = discovery["default"].as_str().unwrap();
        assert!(root.starts_with('/') && !root.starts_with("//") && root.ends_with('/'));
        assert_eq!(discovery["api_roots"], json!([root]));
    }

    #[test]
    fn the_inbox_alone_is_written_and_the_rest_is_read() {
        for of in Collection::ALL {
            let resource = collection(of);
            assert_eq!(resource["can_write"], (of == Collection::Inbox));
            assert_eq!(resource["can_read"], (of != Collection::Inbox));
        }
    }
}
