//! Where metrics are served, and to whom.

use std::net::SocketAddr;

use chappe_model::Network;
use toml::Spanned;

use super::error::ConfigError;
use super::file::{Source, loopback};

/// Most networks that metrics are served to.
const MAX_NETWORKS: usize = 16;

/// The address, and the networks that may ask. Metrics bear no member and no content, but say how much goes on: without `metrics-allow` they
/// stay on this machine.
pub(super) fn section(
    source: &Source<'_>,
    address: Option<&Spanned<String>>,
    allow: &[Spanned<String>],
) -> Result<(Option<SocketAddr>, Vec<Network>), ConfigError> {
    if let Some(excess) = allow.get(MAX_NETWORKS) {
        return Err(source.refuse(excess, format!("more than {MAX_NETWORKS} networks")));
    }
    let networks = allow.iter().map(|network| {
        let parsed = Network::parse(network.get_ref());
        parsed.map_err(|error| source.refuse(network, format!("no network, such as 10.1.2.0/24: {error}")))
    });
    let networks = networks.collect::<Result<Vec<_>, _>>()?;
    let Some(address) = address else {
        return match allow.first() {
            None => Ok((None, networks)),
            Some(first) => Err(source.refuse(
                first,
                "metrics-allow says nothing without metrics, the address to serve them on",
            )),
        };
    };
    let anywhere = address.get_ref().parse().ok().filter(|_| !networks.is_empty());
    match anywhere {
        Some(anywhere) => Ok((Some(anywhere), networks)),
        None => Ok((Some(loopback(source, address, "metrics")?), networks)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::Config;

    fn read(text: &str) -> Result<Config, String> {
        let member = "[[members]]\nid = \"europol\"\ntoken-digest = \"00112233445566778899aabbccddeeff\"\n";
        let text = format!("{text}\n{member}");
        Config::parse(&text, Path::new("chappe.toml"), Path::new(".")).map_err(|error| error.to_string())
    }

    #[test]
    fn metrics_leave_the_machine_only_for_stated_networks() {
        let config = read("metrics = \"0.0.0.0:7601\"\nmetrics-allow = [\"172.31.7.0/24\"]").unwrap();
        assert_eq!(config.metrics.unwrap().to_string(), "0.0.0.0:7601");
        assert_eq!(config.metrics_allow[0].to_string(), "172.31.7.0/24");
        assert!(read("metrics = \"127.0.0.1:7601\"").unwrap().metrics_allow.is_empty());
        for (text, says) in [
            ("metrics = \"0.0.0.0:7601\"", "loopback"),
            ("metrics = \"0.0.0.0:7601\"\nmetrics-allow = []", "loopback"),
            ("metrics-allow = [\"10.0.0.0/8\"]", "says nothing"),
            (
                "metrics = \"0.0.0.0:1\"\nmetrics-allow = [\"10.0.0.1/8\"]",
                "10.0.0.0/8",
            ),
            (
                "metrics = \"0.0.0.0\"\nmetrics-allow = [\"10.0.0.0/8\"]",
                "address with a port",
            ),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(says), "{text}: {refused}");
        }
    }
}
