//! The reports behind an alert of something that looks at reports whole: what they say together.

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::limits::LISTED_REPORTS;
use chappe_model::{Counts, Digest, Evidence, IncidentId, MemberId, Pap, Secret, Sector, Severity, Timestamp, Tlp};

use crate::Voice;

/// Reports that stand, each since when, in the order of (time, id).
pub(crate) struct Behind<'a>(Vec<(Timestamp, IncidentId, &'a Arc<Voice>)>);

impl<'a> Behind<'a> {
    /// In any order; of an incident that comes more than once, its first time counts.
    pub(crate) fn new(reports: impl Iterator<Item = (Timestamp, IncidentId, &'a Arc<Voice>)>) -> Self {
        let mut reports: Vec<_> = reports.collect();
        reports.sort_unstable_by_key(|(at, incident, _)| (*at, *incident));
        let mut seen = BTreeSet::new();
        reports.retain(|(_, incident, _)| seen.insert(*incident));
        Self(reports)
    }

    pub(crate) fn voices(&self) -> impl Iterator<Item = &'a Arc<Voice>> {
        self.0.iter().map(|(_, _, voice)| *voice)
    }

    /// The strictest labels; where nothing stands, those that let nobody do anything.
    pub(crate) fn labels(&self) -> (Tlp, Pap) {
        let labels = self.voices().fold(None, |strictest: Option<(Tlp, Pap)>, voice| {
            let strictest = strictest.unwrap_or((Tlp::Clear, Pap::Clear));
            Some((strictest.0.join(voice.tlp), strictest.1.join(voice.pap)))
        });
        labels.unwrap_or((Tlp::AmberStrict, Pap::Red))
    }

    pub(crate) fn severity(&self) -> Severity {
        let severities = self.voices().map(|voice| voice.severity);
        severities.max().unwrap_or(Severity::Medium)
    }

    pub(crate) fn sectors(&self) -> BTreeSet<Sector> {
        self.voices().flat_map(|voice| voice.sectors.iter().copied()).collect()
    }

    pub(crate) fn counts(&self) -> Counts {
        let members: BTreeSet<&MemberId> = self.voices().map(|voice| &voice.reporter).collect();
        Counts {
            reports: u32::try_from(self.0.len()).unwrap_or(u32::MAX),
            unlisted: 0,
            members: u32::try_from(members.len()).unwrap_or(u32::MAX),
        }
    }

    pub(crate) fn digest(&self, secret: &Secret) -> Digest {
        secret.set_digest(self.0.iter().map(|(_, incident, _)| *incident))
    }

    /// The first of them.
    pub(crate) fn evidence(&self) -> Arc<[Evidence]> {
        let listed = self.0.iter().take(LISTED_REPORTS);
        listed
            .filter_map(|(at, incident, voice)| voice.evidence(*at, *incident))
            .collect()
    }

    /// The times of the first and of the last.
    pub(crate) fn seen(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.0.first()?.0, self.0.last()?.0))
    }
}
