use std::time::Duration;

use chappe_correlate::LinkPolicy;
use chappe_model::{Policy, Secret};

/// Most shards of one process.
pub const MAX_SHARDS: usize = 64;

/// How the service runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The installation's secret.
    pub secret: Secret,
    /// Rules in force.
    pub policy: Policy,
    /// How incidents are linked into campaigns; none: they are not.
    pub linking: Option<LinkPolicy>,
    /// Threads that own keys, 1 to [`MAX_SHARDS`].
    pub shards: usize,
    /// How often a snapshot is saved. A restart reads the log from the last one.
    pub snapshot_interval: Duration,
}

impl Options {
    /// Two shards, a snapshot each minute, no linking.
    #[must_use]
    pub fn new(secret: Secret, policy: Policy) -> Self {
        Self {
            secret,
            policy,
            linking: None,
            shards: 2,
            snapshot_interval: Duration::from_secs(60),
        }
    }

    /// Links incidents into campaigns, with the lateness of the policy.
    #[must_use]
    pub fn with_linking(self) -> Self {
        let linking = LinkPolicy {
            lateness_ms: self.policy.lateness_ms,
            ..LinkPolicy::default()
        };
        Self {
            linking: Some(linking),
            ..self
        }
    }
}
