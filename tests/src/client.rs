//! A member's side of the API.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use chappe_proto::v1::alert_service_client::AlertServiceClient;
use chappe_proto::v1::incident_service_client::IncidentServiceClient;
use chappe_proto::v1::member_service_client::MemberServiceClient;
use chappe_proto::v1::search_service_client::SearchServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};

/// Patience for a connection on loopback.
const CONNECT: Duration = Duration::from_secs(5);

/// Puts a member's token into every request, if it has one.
#[derive(Clone)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(bearer) = &self.0 {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
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
            bearer: Bearer(Some(bearer)),
        })
    }

    /// One over TLS, by the certificate in a folder such as `chappe member add` makes, and with a token besides if there is one. It must be made
    /// inside a runtime.
    ///
    /// # Errors
    /// When a file cannot be read, or the token cannot stand in a request.
    pub fn by_certificate(address: SocketAddr, folder: &Path, token: Option<&str>) -> Result<Self> {
        let read = |name: &str| std::fs::read(folder.join(name)).with_context(|| format!("no {name}"));
        let identity = Identity::from_pem(read("certificate.pem")?, read("key.pem")?);
        let config = ClientTlsConfig::new().identity(identity);
        Self::over_tls(address, config, folder, token)
    }

    /// One over TLS without a certificate of its own, with a token.
    ///
    /// # Errors
    /// As [`Client::by_certificate`].
    pub fn by_token_over_tls(address: SocketAddr, folder: &Path, token: &str) -> Result<Self> {
        Self::over_tls(address, ClientTlsConfig::new(), folder, Some(token))
    }

    fn over_tls(address: SocketAddr, config: ClientTlsConfig, folder: &Path, token: Option<&str>) -> Result<Self> {
        let authorities = std::fs::read(folder.join("ca.pem")).context("no ca.pem")?;
        let endpoint = Endpoint::from_shared(format!("https://{address}"))?
            .tls_config(config.ca_certificate(Certificate::from_pem(authorities)))?
            .connect_timeout(CONNECT)
            .tcp_nodelay(true);
        let bearer = token.map(|token| format!("Bearer {token}").parse()).transpose();
        Ok(Self {
            channel: endpoint.connect_lazy(),
            bearer: Bearer(bearer.context("the token cannot stand in a request")?),
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

    /// Where own incidents are looked up.
    #[must_use]
    pub fn searches(&self) -> SearchServiceClient<Authenticated> {
        SearchServiceClient::with_interceptor(self.channel.clone(), self.bearer.clone())
    }

    /// The channel without a token, for other services and for requests that are wrong on purpose.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }
}
