//! What an alert shows: drawn from the voices that stand, or, when none stands any more, from all that ever counted.

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::limits::LISTED_REPORTS;
use chappe_model::{
    Alert, AlertState, Audience, CountrySet, Counts, IncidentId, KeyField, Pap, Severity, Timestamp, Tlp,
};

use crate::Voice;
use crate::sighting::Contribution;
use crate::subject::Subject;

/// A voice that counted, with whose and when.
pub(crate) struct Said<'a> {
    order: (Timestamp, IncidentId),
    voice: &'a Voice,
}

impl<'a> Said<'a> {
    pub(crate) fn now(contribution: &'a Contribution) -> Option<Self> {
        contribution.now.as_deref().map(|voice| Self {
            order: contribution.order(),
            voice,
        })
    }

    pub(crate) fn ever(contribution: &'a Contribution) -> Self {
        Self {
            order: contribution.order(),
            voice: &contribution.ever,
        }
    }
}

/// What is settled about an alert before its voices are looked at.
pub(crate) struct Picture {
    pub(crate) anchor: (Timestamp, IncidentId),
    pub(crate) last_fire: Timestamp,
    pub(crate) peak: u32,
    pub(crate) fires: u32,
    pub(crate) state: AlertState,
    pub(crate) audience: Audience,
    pub(crate) held: bool,
    pub(crate) countries: CountrySet,
    pub(crate) values: Vec<Arc<str>>,
    pub(crate) key: Arc<[KeyField]>,
}

impl Picture {
    /// `standing` is in (time, incident) order. The alert has no revision yet: assess gives it one.
    pub(crate) fn into_alert(self, subject: &Subject<'_>, standing: Vec<Said<'_>>, ever: Vec<Said<'_>>) -> Alert {
        let mut contributing: Vec<IncidentId> = standing.iter().map(|said| said.order.1).collect();
        contributing.sort_unstable();
        let members: BTreeSet<_> = standing.iter().map(|said| &said.voice.reporter).collect();
        let counts = Counts {
            reports: count(standing.len()),
            unlisted: count(standing.iter().filter(|said| said.voice.quietly).count()),
            members: count(members.len()),
        };
        let basis = if standing.is_empty() { &ever } else { &standing };
        let open = || basis.iter().map(|said| said.voice).filter(|voice| voice.openly);
        let strictest =
            |labels: (Tlp, Pap), said: &Said<'_>| (labels.0.join(said.voice.tlp), labels.1.join(said.voice.pap));
        let (tlp, pap) = basis.iter().fold((Tlp::Clear, Pap::Clear), strictest);
        Alert {
            id: subject
                .secret
                .alert_id(&subject.rule.id, subject.compartment, subject.key_hash, self.anchor),
            revision: 0,
            revised_at: Timestamp::ZERO,
            epoch: 0,
            state: self.state,
            rule: Arc::clone(subject.rule),
            compartment: subject.compartment.clone(),
            key_hash: subject.key_hash,
            anchor: self.anchor,
            last_fire: self.last_fire,
            audience: self.audience,
            severity: open().map(|voice| voice.severity).max().unwrap_or(Severity::Medium),
            tlp,
            pap,
            sectors: open().flat_map(|voice| voice.sectors.iter().copied()).collect(),
            incident_types: open().flat_map(|voice| voice.incident_types.iter().copied()).collect(),
            counts,
            digest: subject.secret.set_digest(contributing),
            evidence: standing
                .iter()
                .filter(|said| !said.voice.quietly)
                .take(LISTED_REPORTS)
                .filter_map(|said| said.voice.evidence(said.order.0, said.order.1))
                .collect(),
            first_seen: standing.first().map_or(self.anchor.0, |said| said.order.0),
            last_seen: standing.last().map_or(self.last_fire, |said| said.order.0),
            key: self.key,
            countries: self.countries,
            values: self.values,
            peak: self.peak,
            fires: self.fires,
            held: self.held,
            campaign: None,
            surge: None,
            cascade: None,
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
