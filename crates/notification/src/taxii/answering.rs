//! Answers as they go out.

use chappe_taxii::{MEDIA_TYPE, Page, moment_text, resource};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use metrics::counter;
use serde_json::Value;

use super::content::Content;
use crate::metric_names as names;

/// An answer: its whole body is there.
pub(crate) type Answer = Response<Content>;

const ADDED_FIRST: HeaderName = HeaderName::from_static("x-taxii-date-added-first");
const ADDED_LAST: HeaderName = HeaderName::from_static("x-taxii-date-added-last");

/// A resource.
pub(crate) fn json(status: StatusCode, resource: &Value) -> Answer {
    let mut answer = Response::new(Content::from(resource.to_string()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    // It is for one member alone.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// A page, of what is made of each of its objects.
pub(crate) fn page(name: &str, page: Page, item: impl Fn(chappe_taxii::Listed) -> Value) -> Answer {
    let dates = page.listed.first().zip(page.listed.last());
    let dates = dates.map(|(first, last)| [(ADDED_FIRST, first.added_us), (ADDED_LAST, last.added_us)]);
    counter!(names::TAXII_OBJECTS).increment(page.listed.len() as u64);
    let items = page.listed.into_iter().map(item).collect();
    let mut answer = json(StatusCode::OK, &resource::page(name, items, page.next));
    for (header, added_us) in dates.into_iter().flatten() {
        if let Ok(value) = HeaderValue::from_str(&moment_text(added_us)) {
            answer.headers_mut().insert(header, value);
        }
    }
    answer
}
