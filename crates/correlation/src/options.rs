use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chappe_correlate::{CascadePolicy, Detectors, LinkPolicy, SurgePolicy, WarningList};
use chappe_model::{Live, Policy, Secret};

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
    /// What is asked of surges; none: they are not looked for.
    pub surges: Option<SurgePolicy>,
    /// When cascades are warned of; none: they are not.
    pub cascades: Option<CascadePolicy>,
    /// Threads that own keys, 1 to [`MAX_SHARDS`].
    pub shards: usize,
    /// How often a snapshot is saved. A restart reads the log from the last one.
    pub snapshot_interval: Duration,
    /// This instance's name, where several processes share the work: no two that run at once may share it.
    pub instance: String,
    /// Who is told how much live state there is; none: nobody. Where several processes share the work, the pulse topic tells instead.
    pub live: Option<LiveListener>,
}

/// Called on the reader's thread with the live contributions at the place up to which the log was read: it must be quick and must not
/// wait. That is at least each time the watermark moves and each time there is nothing more to read, and else at most ten times a second.
#[derive(Clone)]
pub struct LiveListener(Arc<dyn Fn(&Live) + Send + Sync>);

impl LiveListener {
    /// Calls `listen`.
    pub fn new(listen: impl Fn(&Live) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listen))
    }

    pub(crate) fn tell(&self, live: &Live) {
        (self.0)(live);
    }
}

impl fmt::Debug for LiveListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveListener(…)")
    }
}

impl Options {
    /// Two shards, a snapshot each minute, neither campaigns nor surges nor cascades, nobody told of live state.
    #[must_use]
    pub fn new(secret: Secret, policy: Policy) -> Self {
        Self {
            secret,
            policy,
            linking: None,
            surges: None,
            cascades: None,
            shards: 2,
            snapshot_interval: Duration::from_secs(60),
            instance: "correlation".to_owned(),
            live: None,
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

    /// Looks for surges.
    #[must_use]
    pub fn with_surges(self, surges: SurgePolicy) -> Self {
        Self {
            surges: Some(surges),
            ..self
        }
    }

    /// Warns of cascades.
    #[must_use]
    pub fn with_cascades(self, cascades: CascadePolicy) -> Self {
        Self {
            cascades: Some(cascades),
            ..self
        }
    }

    /// What is looked for in all reports.
    #[must_use]
    pub fn detectors(&self) -> Detectors {
        Detectors {
            linking: self.linking.clone().map(Arc::new),
            surges: self.surges.is_some(),
            cascades: self.cascades.clone().map(Arc::new),
        }
    }

    /// Where incidents are linked, values of these lists link nothing. The order of the lists says nothing.
    #[must_use]
    pub fn with_warning_lists(mut self, mut lists: Vec<WarningList>) -> Self {
        lists.sort_by(|one, other| one.name.cmp(&other.name));
        lists.dedup();
        if let Some(linking) = &mut self.linking {
            linking.warning_lists = lists;
        }
        self
    }
}
