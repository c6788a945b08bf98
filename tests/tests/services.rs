//! The services as processes of their own on one log: several of each, real brokers, real binaries.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

#[path = "kill/ending.rs"]
mod ending;
#[path = "services/installation.rs"]
mod installation;
#[path = "services/one_alert.rs"]
mod one_alert;
#[path = "services/pairs.rs"]
mod pairs;
#[path = "services/refused.rs"]
mod refused;
#[path = "kill/reporter.rs"]
mod reporter;
#[path = "services/stated_elsewhere.rs"]
mod stated_elsewhere;
#[path = "services/takeover.rs"]
mod takeover;
#[path = "kill/watcher.rs"]
mod watcher;
