//! All own incidents that a search asks for, page by page.

use chappe_proto::v1;

use super::{Refusal, Session};

/// Incidents of one page.
const PAGE: i32 = 1_000;

/// A search among the caller's own incidents that is read to its end.
#[derive(Debug)]
pub struct Searching {
    session: Session,
    request: Option<v1::SearchIncidentsRequest>,
    stale_from: Option<prost_types::Timestamp>,
}

impl Searching {
    /// Of what a request asks for, but its page. Nothing is asked before the first page.
    #[must_use]
    pub fn new(session: Session, asked: v1::SearchIncidentsRequest) -> Self {
        let request = v1::SearchIncidentsRequest {
            page_size: PAGE,
            page_token: String::new(),
            ..asked
        };
        Self {
            session,
            request: Some(request),
            stale_from: None,
        }
    }

    /// The next page, by id; none behind the last. A page may be empty with more to come.
    ///
    /// # Errors
    /// When the server refuses or does not answer; the search ends there.
    pub async fn next(&mut self) -> Result<Option<Vec<v1::Incident>>, Refusal> {
        let Some(request) = self.request.take() else {
            return Ok(None);
        };
        let answer = self.session.searches().search_incidents(request.clone()).await;
        let answer = answer.map_err(|status| Refusal::from(&status))?.into_inner();
        if answer.stale && self.stale_from.is_none() {
            self.stale_from = Some(answer.searched_to.unwrap_or_default());
        }
        let more = !answer.next_page_token.is_empty();
        self.request = more.then_some(v1::SearchIncidentsRequest {
            page_token: answer.next_page_token,
            ..request
        });
        Ok(Some(answer.incidents))
    }

    /// Where the server does not keep up: up to when everything reported was looked at on the first page that said so.
    #[must_use]
    pub fn stale_from(&self) -> Option<&prost_types::Timestamp> {
        self.stale_from.as_ref()
    }
}
