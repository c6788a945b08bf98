//! Metrics over HTTP, as Prometheus scrapes them.

use anyhow::{Context, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

use crate::config::Config;
use crate::installation::Parts;

/// Upper bounds of a duration's buckets, in seconds: from a quick disk's sync to what a person would not wait for.
const BUCKETS_SECONDS: [f64; 16] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
];

/// Serves metrics where the configuration says, if it does. What does not run here is not described, so that nothing of it looks like zero.
///
/// # Errors
/// When the address is taken.
pub(super) fn begin(config: &Config, parts: Parts) -> Result<()> {
    let Some(address) = config.metrics else { return Ok(()) };
    let mut exporter = PrometheusBuilder::new()
        .with_http_listener(address)
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS_SECONDS)?;
    if !address.ip().is_loopback() || !config.metrics_allow.is_empty() {
        // The machine itself: it asks from there, or from where it is asked.
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let own = format!("{}/{bits}", address.ip());
        for network in ["127.0.0.0/8", "::1/128", &own] {
            exporter = exporter.add_allowed_address(network)?;
        }
    }
    for network in &config.metrics_allow {
        exporter = exporter.add_allowed_address(network.to_string())?;
    }
    let installed = exporter.install();
    installed.with_context(|| format!("cannot serve metrics on {address}"))?;
    crate::metric_names::describe_metrics();
    if config.tls.is_some() {
        chappe_tls::describe_metrics();
    }
    match &config.kafka {
        None => chappe_eventlog_local::describe_metrics(),
        #[cfg(feature = "kafka")]
        Some(_) => chappe_eventlog_kafka::describe_metrics(),
        #[cfg(not(feature = "kafka"))]
        Some(_) => {}
    }
    if parts.ingest {
        chappe_ingest::describe_metrics();
    }
    if parts.correlation {
        chappe_correlation::describe_metrics();
    }
    Ok(())
}
