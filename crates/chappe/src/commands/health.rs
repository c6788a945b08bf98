//! `chappe health`: whether an installation, or one of its services, serves (grpc.health.v1).

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::Exit;
use crate::cli::HealthArgs;
use crate::config::Config;

/// How long an answer may take: a container's check waits no longer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What it says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// Requests are welcome.
    Serving,
    /// They are not: it is being ended.
    NotServing,
}

/// Asks, and tells it on `out`.
///
/// # Errors
/// When the configuration cannot be read, or nobody answers.
pub(crate) async fn run(args: &HealthArgs, out: &mut dyn Write) -> Result<Exit> {
    let address = match &args.server {
        Some(server) => server.to_string(),
        None => nearby(Config::read(&args.config)?.listen),
    };
    match ask(&address).await? {
        Health::Serving => {
            writeln!(out, "{address} serves")?;
            Ok(Exit::Done)
        }
        Health::NotServing => bail!("{address} does not serve: it is being ended"),
    }
}

/// Where an address is reached from this machine: one that stands for all is reached on loopback.
pub(crate) fn nearby(listen: SocketAddr) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port()).to_string()
}

/// # Errors
/// When nobody answers in time, or it is not gRPC.
pub(crate) async fn ask(address: &str) -> Result<Health> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?
        .connect_timeout(PATIENCE)
        .timeout(PATIENCE);
    let asked = async {
        let channel = endpoint.connect().await.context("no connection")?;
        let mut client = HealthClient::new(channel);
        let answer = client.check(HealthCheckRequest::default()).await;
        anyhow::Ok(answer.context("no answer")?.into_inner().status())
    };
    let status = tokio::time::timeout(PATIENCE, asked).await;
    let status = status
        .with_context(|| format!("{address} does not answer in {} s", PATIENCE.as_secs()))?
        .with_context(|| format!("{address} does not answer"))?;
    Ok(match status {
        ServingStatus::Serving => Health::Serving,
        _ => Health::NotServing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_stands_for_all_is_asked_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:7600", "127.0.0.1:7600"),
            ("[::]:7600", "[::1]:7600"),
            ("127.0.0.1:7", "127.0.0.1:7"),
        ] {
            assert_eq!(nearby(listen.parse().unwrap()), asked);
        }
    }
}
