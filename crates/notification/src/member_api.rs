//! The gRPC side of constituencies.

use std::sync::Arc;

use chappe_clock::Clock;
use chappe_identity::Directory;
use chappe_proto::v1;
use chappe_proto::v1::member_service_server::MemberService;
use tonic::{Request, Response, Status};

use crate::board::Board;
use crate::grpc::apart;

/// Serves `chappe.v1.MemberService`. Whatever takes long runs on the runtime's threads for blocking work, so many at once.
pub struct MemberApi {
    pub(crate) board: Arc<Board>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[tonic::async_trait]
impl MemberService for MemberApi {
    async fn set_constituency(
        &self,
        request: Request<v1::SetConstituencyRequest>,
    ) -> Result<Response<v1::SetConstituencyResponse>, Status> {
        let who = self.directory.authenticate(&request)?;
        let (board, directory, now) = (Arc::clone(&self.board), Arc::clone(&self.directory), self.clock.now());
        let state = move || board.state_constituency(&who, &directory, request.get_ref(), now);
        apart(&self.board.deciding, state).await.map(Response::new)
    }

    async fn get_constituency(
        &self,
        request: Request<v1::GetConstituencyRequest>,
    ) -> Result<Response<v1::GetConstituencyResponse>, Status> {
        let who = self.directory.authenticate(&request)?;
        let board = Arc::clone(&self.board);
        let get = move || board.constituency(&who, request.get_ref());
        apart(&self.board.lookups, get).await.map(Response::new)
    }

    async fn list_constituencies(
        &self,
        request: Request<v1::ListConstituenciesRequest>,
    ) -> Result<Response<v1::ListConstituenciesResponse>, Status> {
        let who = self.directory.authenticate(&request)?;
        let board = Arc::clone(&self.board);
        let list = move || Ok(board.constituencies(&who));
        apart(&self.board.lookups, list).await.map(Response::new)
    }
}

impl std::fmt::Debug for MemberApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemberApi").finish_non_exhaustive()
    }
}
