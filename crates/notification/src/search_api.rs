//! `chappe.v1.SearchService` over the index of incidents.

use std::sync::Arc;

use chappe_clock::Clock;
use chappe_identity::Directory;
use chappe_proto::v1;
use chappe_proto::v1::search_service_server::SearchService;
use tonic::{Request, Response, Status};

use crate::grpc::apart;
use crate::incidents::Incidents;

/// Serves `chappe.v1.SearchService`. Searches read the log, so they run on the runtime's threads for blocking work, so many at once.
pub struct SearchApi {
    pub(crate) incidents: Arc<Incidents>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[tonic::async_trait]
impl SearchService for SearchApi {
    async fn search_incidents(
        &self,
        request: Request<v1::SearchIncidentsRequest>,
    ) -> Result<Response<v1::SearchIncidentsResponse>, Status> {
        let who = self.directory.authenticate(&request)?;
        let (incidents, now) = (Arc::clone(&self.incidents), self.clock.now());
        let search = move || incidents.search(&who, request.get_ref(), now);
        apart(&self.incidents.searches, search).await.map(Response::new)
    }
}

impl std::fmt::Debug for SearchApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchApi").finish_non_exhaustive()
    }
}
