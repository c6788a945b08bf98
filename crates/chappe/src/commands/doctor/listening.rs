//! The addresses: free, or held by an installation that is well.

use std::net::{SocketAddr, TcpListener};

use super::finding::Finding;
use crate::commands::health::{self, Health};
use crate::config::Config;

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![listening(config).await];
    if let Some(address) = config.metrics {
        findings.push(metrics(address, config.listen));
    }
    findings
}

async fn listening(config: &Config) -> Finding {
    const CHECK: &str = "listen";
    let address = config.listen;
    let taken = match TcpListener::bind(address) {
        Ok(_) => return Finding::well(CHECK, format!("{address} is free: nothing runs there now")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => error,
        Err(error) => {
            return Finding::broken(
                CHECK,
                format!("{address}: {error}"),
                "nobody could listen there",
                "choose an address of this machine, and a port that this user may take",
            );
        }
    };
    if config.tls.is_some() && config.metrics.is_none() {
        return Finding::warning(
            CHECK,
            format!("{address} is taken, and asks for a certificate, which this command has not"),
            "it is not known whether an installation serves there, or another program holds the address",
            "state where metrics are served, with 'metrics': it is asked there then; 'ss -ltnp' names the program",
        );
    }
    let mut health = health::ask(&health::nearby(address)).await;
    if let (Err(_), Some(metrics)) = (&health, config.metrics) {
        // gRPC may ask for what this command cannot show.
        health = health::ask_metrics(metrics).await.or(health);
    }
    match health {
        Ok(Health::Serving) => Finding::well(CHECK, format!("an installation serves on {address}")),
        Ok(Health::NotServing) => Finding::broken(
            CHECK,
            format!("what runs on {address} says that it does not serve"),
            "it is being ended, or not ready",
            "wait for its end, and read its last lines on standard error",
        ),
        Err(error) => Finding::broken(
            CHECK,
            format!("{address}: {taken}, and it does not answer as Chappe does: {error}"),
            "another program holds the address: nothing starts there",
            "end that program ('ss -ltnp' names it), or choose another address with 'listen'",
        ),
    }
}

fn metrics(address: SocketAddr, listen: SocketAddr) -> Finding {
    const CHECK: &str = "metrics";
    if address == listen {
        return Finding::broken(
            CHECK,
            format!("{address} is the address of gRPC too"),
            "both cannot listen there: nothing starts",
            "choose another port for 'metrics'",
        );
    }
    let runs = TcpListener::bind(listen).is_err();
    match TcpListener::bind(address) {
        Ok(_) if runs => Finding::warning(
            CHECK,
            format!("{address}: nothing serves metrics there, though an installation runs"),
            "nobody is told when something goes wrong",
            "start it again: the configuration may have changed since",
        ),
        Ok(_) => Finding::well(CHECK, format!("{address} is free")),
        Err(_) if runs => Finding::well(CHECK, format!("{address} is served")),
        Err(error) => Finding::broken(
            CHECK,
            format!("{address}: {error}"),
            "another program holds the address: nothing starts",
            "end that program, or choose another address with 'metrics'",
        ),
    }
}
