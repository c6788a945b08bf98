//! `chappe health`: whether an installation, or one of its services, serves (grpc.health.v1).

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::Exit;
use crate::cli::HealthArgs;
use crate::config::Config;
use crate::metric_names::SERVING;

/// How long an answer may take: a container's check waits no longer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is read of metrics at most, in bytes: many times what they are.
const METRICS_BYTES: u64 = 4 << 20;

/// Why health is not asked over TLS.
const ASKS_FOR_CERTIFICATES: &str =
    "gRPC asks for a certificate there, which this command has not: ask the metrics, with 'chappe health --metrics'";

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
    let (address, health) = match &args.server {
        Some(server) if server.is_over_tls() => bail!("{server}: {ASKS_FOR_CERTIFICATES}"),
        Some(server) => (server.to_string(), ask(&server.to_string()).await?),
        None => {
            let config = Config::read(&args.config)?;
            let metrics = config.metrics.filter(|_| args.metrics);
            if args.metrics && metrics.is_none() {
                bail!("{}: 'metrics' names no address to ask", args.config.display());
            }
            match metrics {
                Some(metrics) => (nearby(metrics), ask_metrics(metrics).await?),
                None if config.tls.is_some() => bail!("{}: {ASKS_FOR_CERTIFICATES}", config.listen),
                None => (nearby(config.listen), ask(&nearby(config.listen)).await?),
            }
        }
    };
    match health {
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

/// The same from the metrics, on whatever terms gRPC is served.
///
/// # Errors
/// When nobody answers in time, or what answers is not Chappe.
pub(crate) async fn ask_metrics(listen: SocketAddr) -> Result<Health> {
    let address = nearby(listen);
    let asked = async {
        let mut connection = TcpStream::connect(&address).await.context("no connection")?;
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await?;
        let mut page = Vec::new();
        connection.take(METRICS_BYTES).read_to_end(&mut page).await?;
        anyhow::Ok(String::from_utf8_lossy(&page).into_owned())
    };
    let page = tokio::time::timeout(PATIENCE, asked).await;
    let page = page
        .with_context(|| format!("{address} does not answer in {} s", PATIENCE.as_secs()))?
        .with_context(|| format!("{address} does not answer"))?;
    let told = page
        .lines()
        .find_map(|line| line.strip_prefix(SERVING)?.strip_prefix(' '));
    match told {
        Some("1") => Ok(Health::Serving),
        Some(_) => Ok(Health::NotServing),
        None => bail!("{address} answers, but not with the metrics of Chappe"),
    }
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
