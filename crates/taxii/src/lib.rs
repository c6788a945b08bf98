//! TAXII 2.1 (OASIS Standard, 10 June 2021), the server's side: what a request asks, what a collection holds, what is answered.
//!
//! - [`Endpoint`] is what a path names; [`accepts`] and [`is_taxii`] judge media types; [`Query`] is paging and filters.
//! - [`Collection`] says which alerts a collection holds.
//! - [`Additions`] is the index of what was added and when. A [`Shelf`] is one viewer's look at a collection in it.
//! - [`fill`] makes a page, [`resource`] what it is answered as.
//!
//! What it is not: a server. It opens no connection, knows no clock and no member; who may see an alert its caller says.
//!
//! # Invariants
//! 1. **Dates rise strictly.** In a collection, for each viewer, every object has a date of its own, later than those of all objects before it in the
//!    log. So a page goes on by `next` and by `added_after` alike, and neither loses an object or gives one twice, whatever comes meanwhile.
//! 2. **Dates are of the log.** They are a function of the log and of what the viewer may see: equal at every process and after every restart,
//!    untouched by what is hidden.
//! 3. **What is referred to comes first.** An object stands behind those that it refers to, in one page or an earlier one.
//! 4. **One version, one object.** Of an object each version stands once. Of revisions of one millisecond the last one counts.
//! 5. **The newest revision decides.** Where it may not be seen, or is in another collection, nothing of the alert's own is shown. What
//!    alerts share (author, extension, labels, countries) stays: it was seen with an alert while that could be seen.
//!
//! # Memory
//! For each revision of an alert about 60 bytes, for each of its objects 50 once, and for each way of handling that alerts have one of them.
//!
//! # Example
//! ```
//! use chappe_taxii::{Collection, Endpoint, Query, accepts};
//! let Some(Endpoint::Objects(name)) = Endpoint::of("/chappe/collections/tlp-amber/objects/") else { panic!() };
//! assert_eq!(Collection::named(name), Some(Collection::Label(chappe_model::Tlp::Amber)));
//! assert!(accepts("application/taxii+json;version=2.1"));
//! let query = Query::parse("match[type]=indicator&limit=5000")?;
//! assert_eq!(query.limit, 1_000);
//! # Ok::<(), chappe_taxii::QueryError>(())
//! ```

mod additions;
mod collection;
mod endpoint;
mod media;
mod moment;
mod page;
mod query;
pub mod resource;
mod selection;

pub use additions::{Addition, Additions, Bookmark, Shelf};
pub use collection::{Collection, Told};
pub use endpoint::{API_ROOT, Endpoint};
pub use media::{MEDIA_TYPE, STIX_MEDIA_TYPE, accepts, is_taxii};
pub use moment::{moment_text, version_text};
pub use page::{PAGE_BYTES, PAST_REVISIONS, Page, Revision, fill};
pub use query::{MATCH_VALUES, PAGE_OBJECTS, PAGE_OBJECTS_MAX, Query, QueryError, Versions};
pub use selection::Listed;
