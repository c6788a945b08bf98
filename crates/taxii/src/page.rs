//! Pages.

use chappe_exchange::Told;

use crate::additions::{Addition, Bookmark};
use crate::query::Query;
use crate::selection::{Listed, select};

/// A page ends early once its objects have so many bytes.
pub const PAGE_BYTES: usize = 4 << 20;
/// A page ends early once so many revisions that are no longer the newest were read for it, each from the log.
pub const PAST_REVISIONS: usize = 256;

/// What one answer lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// In the order in which they were added.
    pub listed: Vec<Listed>,
    /// What was added after this time, in microseconds since 1970, may be more. None: there is no more now.
    pub next: Option<u64>,
}

/// A revision of an alert, as its viewer is told it.
#[derive(Clone, Debug)]
pub enum Revision {
    /// The newest.
    Newest(Told),
    /// One that was read from the log.
    Past(Told),
    /// It may not be seen any more, or the log holds it no more.
    Gone,
}

/// Fills a page. `stride` gives the next additions, from a bookmark that it moves, until there are none; `revision` the content of one.
///
/// # Errors
/// The first of `revision`'s.
pub fn fill<E>(
    query: &Query,
    mut from: Bookmark,
    mut stride: impl FnMut(&mut Bookmark) -> Option<Vec<Addition>>,
    mut revision: impl FnMut(&Addition) -> Result<Revision, E>,
) -> Result<Page, E> {
    let (mut page, mut bytes, mut past) = (Page::default(), 0, 0);
    while let Some(additions) = stride(&mut from) {
        for addition in additions {
            let told = match addition.own {
                true => match revision(&addition)? {
                    Revision::Newest(told) => Some(told),
                    Revision::Past(told) => {
                        past += 1;
                        Some(told)
                    }
                    Revision::Gone => None,
                },
                false => None,
            };
            for listed in select(&addition, told.as_ref(), query) {
                if page.listed.len() >= query.limit || bytes >= PAGE_BYTES {
                    page.next = page.listed.last().map(|last| last.added_us);
                    return Ok(page);
                }
                bytes += listed.object.to_string().len();
                page.listed.push(listed);
            }
            if past >= PAST_REVISIONS {
                page.next = Some(addition.last_us);
                return Ok(page);
            }
        }
    }
    Ok(page)
}
