//! A member's side of the gRPC API.

mod following;
mod listing;
mod refusal;
mod searching;
mod submitting;
mod voice;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use chappe_proto::v1::alert_service_client::AlertServiceClient;
use chappe_proto::v1::incident_service_client::IncidentServiceClient;
use chappe_proto::v1::member_service_client::MemberServiceClient;
use chappe_proto::v1::search_service_client::SearchServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

pub use following::{Following, SILENCE, Told};
pub use listing::Listing;
pub use refusal::{Refusal, refusal_of_message};
pub use searching::Searching;
pub use submitting::{MAX_IDLE_ROUNDS, Outcome, STREAM_WINDOW, Stopped, check, submit};
pub use voice::Voice;

use crate::tokens::Token;

/// Patience for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// A silent connection is asked whether it lives.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(20);
/// And given up after this long without an answer.
const KEEPALIVE_PATIENCE: Duration = Duration::from_secs(10);
/// Bytes that may be under way on a stream and a connection.
const WINDOW_BYTES: u32 = 1024 * 1024;

/// Where an installation answers: a host and a port, on loopback or over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    host_and_port: String,
    tls: bool,
}

impl ServerAddress {
    /// Whether it is reached over TLS.
    #[must_use]
    pub fn is_over_tls(&self) -> bool {
        self.tls
    }

    /// Reads `https://chappe.example:7600`; on loopback also `127.0.0.1:7600`, `[::1]:7600`, `localhost:7600`, with or without `http://`.
    ///
    /// # Errors
    /// For anything else: a token would travel in plain text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (tls, address) = match text.strip_prefix("https://") {
            Some(address) => (true, address),
            None => (false, text.strip_prefix("http://").unwrap_or(text)),
        };
        let address = address.trim_end_matches('/');
        let no = |what: &str| {
            Err(format!(
                "{what}: write it like https://chappe.example:7600 or 127.0.0.1:7600"
            ))
        };
        let Some((host, port)) = address.rsplit_once(':') else {
            return no("no port");
        };
        if port.parse::<u16>().is_err() {
            return no("no port");
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(ip) if tls || ip.is_loopback() => {}
            Err(_) if host == "localhost" || (tls && is_name(host)) => {}
            _ if tls => return no("no name of a host, and no address"),
            _ => return no("not a loopback address, and without https:// all would travel in plain text"),
        }
        Ok(Self {
            host_and_port: address.to_owned(),
            tls,
        })
    }
}

/// Whether a text has the form of a host's name (RFC 1123, 2.1).
fn is_name(host: &str) -> bool {
    (1..=253).contains(&host.len())
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https://" } else { "" };
        write!(f, "{scheme}{}", self.host_and_port)
    }
}

/// Puts the token into every request, if there is one.
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
        f.write_str("Bearer(…)")
    }
}

/// A connection that speaks for one member. It connects when first used, and again whenever it broke.
#[derive(Clone, Debug)]
pub struct Session {
    channel: Channel,
    bearer: Bearer,
}

/// A channel that carries the token.
pub type Authenticated = InterceptedService<Channel, Bearer>;

impl Session {
    /// # Errors
    /// When address or token cannot stand in a request; not when nobody answers: that is told by the first call.
    pub fn new(server: &ServerAddress, token: &Token) -> anyhow::Result<Self> {
        Self::speaking(server, &Voice::token(token.clone()))
    }

    /// As [`Session::new`], by certificate or token.
    ///
    /// # Errors
    /// As there, and when the address says TLS and the voice does not say whom to believe.
    pub fn speaking(server: &ServerAddress, voice: &Voice) -> anyhow::Result<Self> {
        if server.tls && voice.tls().is_none() {
            anyhow::bail!(
                "{server} is reached over TLS: say whom to believe, with --identity FOLDER, or --ca FILE and who you are"
            );
        }
        // With TLS the channel's own connections are beneath this.
        let endpoint = Endpoint::from_shared(format!("http://{}", server.host_and_port))?
            .user_agent(concat!("chappe/", env!("CARGO_PKG_VERSION")))?
            .connect_timeout(CONNECT)
            .http2_keep_alive_interval(KEEPALIVE_EVERY)
            .keep_alive_timeout(KEEPALIVE_PATIENCE)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES * 2)
            .tcp_nodelay(true);
        let channel = match voice.tls() {
            Some(files) => files.channel(&endpoint, &server.host_and_port)?,
            None => endpoint.connect_lazy(),
        };
        let bearer = voice.bearer().map(|token| {
            let mut bearer: MetadataValue<Ascii> = format!("Bearer {}", token.reveal()).parse()?;
            bearer.set_sensitive(true);
            anyhow::Ok(bearer)
        });
        Ok(Self {
            channel,
            bearer: Bearer(bearer.transpose()?),
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

    /// Where own incidents are looked up.
    #[must_use]
    pub fn searches(&self) -> SearchServiceClient<Authenticated> {
        SearchServiceClient::with_interceptor(self.channel.clone(), self.bearer.clone())
    }

    /// Where constituencies are stated and shown.
    #[must_use]
    pub fn members(&self) -> MemberServiceClient<Authenticated> {
        MemberServiceClient::with_interceptor(self.channel.clone(), self.bearer.clone())
    }
}

/// Doubling pauses between attempts, from 200 ms to 5 s.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(200);
    const LONGEST: Duration = Duration::from_secs(5);

    /// Starts small.
    #[must_use]
    pub fn new() -> Self {
        Self { next: Self::FIRST }
    }

    /// Starts small again: something went well.
    pub fn reset(&mut self) {
        self.next = Self::FIRST;
    }

    /// How long to wait now.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(Self::LONGEST);
        pause
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_leave_over_loopback_only() {
        for good in [
            "127.0.0.1:7600",
            "http://[::1]:1/",
            "localhost:7600",
            "127.9.9.9:80",
            "https://127.0.0.1:1",
            "https://192.0.2.1:7600",
            "https://chappe.example:7600/",
        ] {
            assert!(ServerAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "192.0.2.1:7600",
            "example.org:7600",
            "127.0.0.1",
            "https://127.0.0.1",
            "https://a b:1",
            "https://:1",
            "[::]:1",
            "localhost.example:1",
            ":1",
        ] {
            assert!(ServerAddress::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn pauses_double_to_a_bound() {
        let mut backoff = Backoff::new();
        let pauses: Vec<_> = (0..7).map(|_| backoff.pause().as_millis()).collect();
        assert_eq!(pauses, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        backoff.reset();
        assert_eq!(backoff.pause(), Backoff::FIRST);
    }
}
