//! A member's side of the API.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use chappe_proto::v1::alert_service_client::AlertServiceClient;
use chappe_proto::v1::incident_service_client::IncidentServiceClient;
use chappe_proto::v1::member_service_client::MemberServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// Patience for a connection on loopback.
const CONNECT: Duration = Duration::from_secs(5);

/// Puts a member's token into every request.
#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer")
    }
}

/// A channel that carries a member's token.
pub type Authenticated = InterceptedService<Channel, Bearer>;

/// A connection of its own that speaks for one member. It connects when first used, and again whenever it broke.
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
    bearer: Bearer,
}

impl Client {
    /// One for the program at an address. It must be made inside a runtime.
    ///
    /// # Errors
    /// When the token cannot stand in a request.
    pub fn new(address: SocketAddr, token: &str) -> Result<Self> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?
            .connect_timeout(CONNECT)
            .tcp_nodelay(true);
        let bearer = format!("Bearer {token}")
            .parse()
            .context("the token cannot stand in a request")?;
        Ok(Self {
            channel: endpoint.connect_lazy(),
            bearer: Bearer(bearer),
        })
    }

    /// Where incidents are submitted.
    #[must_use]
    pub fn incidents(&self) -> IncidentServiceClient<Authenticated> {
        IncidentServiceClient::with_interceptor(self.channel.clone(), self.bearer.clone())
    }

    /// Where alerts are told.
    #[must_use]
    pub fn alerts(&self) -> AlertServiceClient<Authenticated> {
        AlertServiceClient::with_interceptor(self.channel.clone(), self.bearer.clone())
    }

    /// Where constituencies are stated and shown.
    #[must_use]
    pub fn members(&self) -> MemberServiceClient<Authenticated> {
        MemberServiceClient::with_interceptor(self.channel.clone(), self.bearer.clone())
    }

    /// The channel without a token, for other services and for requests that are wrong on purpose.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }
}
