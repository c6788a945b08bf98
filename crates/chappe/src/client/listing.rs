//! All alerts that a filter asks for, page by page.

use chappe_proto::v1;

use super::{Refusal, Session};

/// Alerts of one page.
const PAGE: i32 = 1_000;

/// A list of alerts that is read to its end.
#[derive(Debug)]
pub struct Listing {
    session: Session,
    request: Option<v1::ListAlertsRequest>,
}

impl Listing {
    /// Of what a request asks for, but its page. Nothing is asked before the first page.
    #[must_use]
    pub fn new(session: Session, asked: v1::ListAlertsRequest) -> Self {
        let request = v1::ListAlertsRequest {
            page_size: PAGE,
            page_token: String::new(),
            ..asked
        };
        Self {
            session,
            request: Some(request),
        }
    }

    /// The next page, by id; none behind the last.
    ///
    /// # Errors
    /// When the server refuses or does not answer; the list ends there.
    pub async fn next(&mut self) -> Result<Option<Vec<v1::Alert>>, Refusal> {
        let Some(request) = self.request.take() else {
            return Ok(None);
        };
        let answer = self.session.alerts().list_alerts(request.clone()).await;
        let answer = answer.map_err(|status| Refusal::from(&status))?.into_inner();
        let more = !answer.next_page_token.is_empty();
        self.request = more.then_some(v1::ListAlertsRequest {
            page_token: answer.next_page_token,
            ..request
        });
        Ok(Some(answer.alerts))
    }
}
