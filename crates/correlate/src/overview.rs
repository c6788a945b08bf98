//! All that looks at reports whole, in one place: linking, surges and cascades, whichever of them run.

use std::sync::Arc;

use chappe_model::{Accepted, Alert, AlertKind, Secret, SurgeLessonPart, Timestamp};

use crate::cascade::{CascadePolicy, CascadeShard, CascadeSnapshotError, Dependencies};
use crate::link::{LinkPolicy, LinkShard, LinkSnapshotError};
use crate::surge::{SurgePolicy, SurgeShard, SurgeSnapshotError, SurgeTask};

/// What is looked for in all reports.
#[derive(Clone, Debug, Default)]
pub struct Detectors {
    /// How incidents are linked into campaigns; none: they are not.
    pub linking: Option<Arc<LinkPolicy>>,
    /// Whether counts are watched for surges. How, stands in the lessons.
    pub surges: bool,
    /// When cascades are warned of; none: they are not.
    pub cascades: Option<Arc<CascadePolicy>>,
}

impl Detectors {
    /// Whether an alert is of what is looked for.
    #[must_use]
    pub fn find(&self, kind: AlertKind) -> bool {
        match kind {
            AlertKind::Campaign => self.linking.is_some(),
            AlertKind::Surge => self.surges,
            AlertKind::Cascade => self.cascades.is_some(),
            _ => false,
        }
    }

    /// Whether anything is looked for.
    #[must_use]
    pub fn any(&self) -> bool {
        self.linking.is_some() || self.surges || self.cascades.is_some()
    }
}

/// The owner of campaigns, surges and cascades: one, because they have no key to be parted by.
#[derive(Debug)]
pub struct Overview {
    links: Option<LinkShard>,
    surges: Option<SurgeShard>,
    cascades: Option<CascadeShard>,
}

/// Why a snapshot of it is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverviewError {
    /// Damaged, or of another version.
    #[error("campaigns, surges and cascades are not readable by this version: {0}")]
    Unreadable(String),
    /// Linking cannot go on with it.
    #[error(transparent)]
    Links(#[from] LinkSnapshotError),
    /// Surges cannot go on with it.
    #[error(transparent)]
    Surges(#[from] SurgeSnapshotError),
    /// Cascades cannot go on with it.
    #[error(transparent)]
    Cascades(#[from] CascadeSnapshotError),
}

impl Overview {
    /// Starts empty and replaying; none where nothing is looked for. `epoch` is above every earlier owner's.
    #[must_use]
    pub fn new(secret: &Secret, detectors: &Detectors, epoch: u64) -> Option<Self> {
        let Detectors {
            linking,
            surges,
            cascades,
        } = detectors.clone();
        detectors.any().then(|| Self {
            links: linking.map(|policy| LinkShard::new(secret.clone(), policy, epoch)),
            surges: surges.then(|| SurgeShard::new(secret.clone(), epoch)),
            cascades: cascades.map(|policy| CascadeShard::new(secret.clone(), policy, epoch)),
        })
    }

    /// Goes on from a snapshot; none where nothing is looked for.
    ///
    /// # Errors
    /// When it cannot serve: the log is read from the beginning instead.
    pub fn restore(
        secret: &Secret,
        detectors: &Detectors,
        epoch: u64,
        bytes: &[u8],
    ) -> Result<Option<Self>, OverviewError> {
        let parts: (Vec<u8>, Vec<u8>, Vec<u8>) = match bytes {
            [] => Default::default(),
            bytes => postcard::from_bytes(bytes).map_err(unreadable)?,
        };
        let Detectors {
            linking,
            surges,
            cascades,
        } = detectors.clone();
        let links = linking.map(|policy| LinkShard::restore(secret.clone(), policy, epoch, &parts.0));
        let surges = surges.then(|| SurgeShard::restore(secret.clone(), epoch, &parts.1));
        let cascades = cascades.map(|policy| CascadeShard::restore(secret.clone(), policy, epoch, &parts.2));
        let all = Self {
            links: links.transpose()?,
            surges: surges.transpose()?,
            cascades: cascades.transpose()?,
        };
        Ok(detectors.any().then_some(all))
    }

    /// A snapshot of now. It is valid once everything emitted is durable.
    ///
    /// # Errors
    /// When the state cannot be encoded.
    pub fn snapshot(&self) -> Result<Vec<u8>, OverviewError> {
        let links = self.links.as_ref().map_or(Ok(vec![]), LinkShard::snapshot)?;
        let surges = self.surges.as_ref().map_or(Ok(vec![]), SurgeShard::snapshot)?;
        let cascades = self.cascades.as_ref().map_or(Ok(vec![]), CascadeShard::snapshot)?;
        postcard::to_stdvec(&(links, surges, cascades)).map_err(unreadable)
    }

    /// See [`crate::WholeShard::stand_by`].
    pub fn stand_by(&mut self) {
        self.links.iter_mut().for_each(LinkShard::stand_by);
        self.surges.iter_mut().for_each(SurgeShard::stand_by);
        self.cascades.iter_mut().for_each(CascadeShard::stand_by);
    }

    /// See [`crate::Shard::own`].
    pub fn own(&mut self, epoch: u64, emit: &mut Vec<Alert>) {
        self.links.iter_mut().for_each(|links| links.own(epoch, emit));
        self.surges.iter_mut().for_each(|surges| surges.own(epoch, emit));
        self.cascades.iter_mut().for_each(|cascades| cascades.own(epoch, emit));
    }

    /// Learns what was told before.
    pub fn recall(&mut self, alert: Alert) {
        match (alert.rule.kind, &mut self.links, &mut self.surges, &mut self.cascades) {
            (AlertKind::Campaign, Some(links), ..) => links.recall(alert),
            (AlertKind::Surge, _, Some(surges), _) => surges.recall(alert),
            (AlertKind::Cascade, .., Some(cascades)) => cascades.recall(alert),
            _ => {} // of what is not looked for
        }
    }

    /// The ends of alerts of what is looked for no more: what is withdrawn later would otherwise stand in them for ever.
    pub fn end(secret: &Secret, epoch: u64, alerts: Vec<Alert>, emit: &mut Vec<Alert>) {
        let nothing_depends = CascadePolicy::new(Dependencies::default());
        let everything = Detectors {
            linking: Some(Arc::default()),
            surges: true,
            cascades: Some(Arc::new(nothing_depends)),
        };
        if let Some(mut nothing) = Self::new(secret, &everything, epoch) {
            alerts.into_iter().for_each(|alert| nothing.recall(alert));
            nothing.settle(emit);
        }
    }

    /// Takes one accepted revision at its log time.
    pub fn take(&mut self, at: Timestamp, accepted: &Accepted) {
        self.links.iter_mut().for_each(|links| links.take(at, accepted));
        self.surges.iter_mut().for_each(|surges| surges.take(at, accepted));
        self.cascades
            .iter_mut()
            .for_each(|cascades| cascades.take(at, accepted));
    }

    /// Takes a part of a lesson at its log time.
    pub fn learn(&mut self, at: Timestamp, part: SurgeLessonPart) {
        if let Some(surges) = &mut self.surges {
            surges.learn(at, part);
        }
    }

    /// The number of the lesson in force; 0 without one.
    #[must_use]
    pub fn lesson(&self) -> u32 {
        self.surges.as_ref().map_or(0, |surges| surges.surges().number())
    }

    /// What is to be learned now: see [`crate::Surges::task`].
    #[must_use]
    pub fn task(&self, policy: SurgePolicy) -> Option<SurgeTask> {
        self.surges.as_ref()?.task(policy)
    }

    /// Log time has passed `watermark` in every partition.
    pub fn advance(&mut self, watermark: Timestamp, emit: &mut Vec<Alert>) {
        self.links.iter_mut().for_each(|links| links.advance(watermark, emit));
        self.surges
            .iter_mut()
            .for_each(|surges| surges.advance(watermark, emit));
        self.cascades
            .iter_mut()
            .for_each(|cascades| cascades.advance(watermark, emit));
    }

    /// Tells everything that could wait.
    pub fn flush(&mut self, emit: &mut Vec<Alert>) {
        self.links.iter_mut().for_each(|links| links.flush(emit));
        self.surges.iter_mut().for_each(|surges| surges.flush(emit));
        self.cascades.iter_mut().for_each(|cascades| cascades.flush(emit));
    }

    /// The log has been read up to where it was at the start.
    pub fn settle(&mut self, emit: &mut Vec<Alert>) {
        self.links.iter_mut().for_each(|links| links.settle(emit));
        self.surges.iter_mut().for_each(|surges| surges.settle(emit));
        self.cascades.iter_mut().for_each(|cascades| cascades.settle(emit));
    }
}

fn unreadable(error: postcard::Error) -> OverviewError {
    OverviewError::Unreadable(error.to_string())
}
