use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chappe_model::{Country, IncidentId, MemberId, Timestamp};
use serde::{Deserialize, Serialize};

use super::policy::CascadePolicy;
use crate::Voice;

/// The reports that stand on one node, each since when.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Standing {
    reports: BTreeMap<(Timestamp, IncidentId), Arc<Voice>>,
    /// How many are of each member.
    of_member: BTreeMap<MemberId, usize>,
}

impl Standing {
    /// Whether another report of a member has one of its own go.
    pub(super) fn is_full_for(&self, policy: &CascadePolicy, key: (Timestamp, IncidentId), member: &MemberId) -> bool {
        let own = self.of_member.get(member).copied().unwrap_or(0);
        own >= policy.per_member && !self.reports.contains_key(&key)
    }

    /// A report stands, in the words of its last revision. Of one member the oldest are kept, and the newest: one that reports without end
    /// takes no room from others.
    pub(super) fn put(&mut self, policy: &CascadePolicy, key: (Timestamp, IncidentId), voice: &Arc<Voice>) {
        if self.reports.insert(key, Arc::clone(voice)).is_some() {
            return;
        }
        let own = self.of_member.entry(voice.reporter.clone()).or_default();
        *own += 1;
        if *own > policy.per_member {
            let of_member = |(_, other): &(_, &Arc<Voice>)| other.reporter == voice.reporter;
            let second_newest = self.reports.iter().rev().filter(of_member).nth(1);
            if let Some(second_newest) = second_newest.map(|(key, _)| *key) {
                self.remove(second_newest);
            }
        }
    }

    pub(super) fn remove(&mut self, key: (Timestamp, IncidentId)) {
        let Some(gone) = self.reports.remove(&key) else { return };
        if let Some(own) = self.of_member.get_mut(&gone.reporter) {
            *own -= 1;
            if *own == 0 {
                self.of_member.remove(&gone.reporter);
            }
        }
    }

    /// Lets go what stands since `last` or longer.
    pub(super) fn forget(&mut self, last: Timestamp) {
        while let Some(oldest) = self.reports.first_key_value().map(|(key, _)| *key) {
            if oldest.0 > last {
                break;
            }
            self.remove(oldest);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reports.is_empty()
    }

    /// What stands since `first` or later.
    pub(super) fn since(
        &self,
        first: Timestamp,
    ) -> impl DoubleEndedIterator<Item = (Timestamp, IncidentId, &Arc<Voice>)> {
        let since = self.reports.range((first, IncidentId::from_bytes([0; 16]))..);
        since.map(|((at, incident), voice)| (*at, *incident, voice))
    }

    /// What has come to stand in the window that ends at `at`: the time of the first of it, and how much it is. None if that is not enough.
    pub(super) fn enough(&self, policy: &CascadePolicy, at: Timestamp) -> Option<(Timestamp, u32)> {
        let begins = Timestamp::from_millis((at.as_millis() + 1).saturating_sub(policy.window_ms));
        let recent = || self.since(begins).take_while(|(since, ..)| *since <= at);
        let members: BTreeSet<&MemberId> = recent().map(|(.., voice)| &voice.reporter).collect();
        let reports = u32::try_from(recent().count()).unwrap_or(u32::MAX);
        let enough = reports >= policy.reports && members.len() >= policy.members as usize;
        Some((recent().next()?.0, reports)).filter(|_| enough)
    }

    /// Whether what stands since `first` or later is enough in some window.
    pub(super) fn holds(&self, policy: &CascadePolicy, first: Timestamp) -> bool {
        let mut window: VecDeque<(Timestamp, &MemberId)> = VecDeque::new();
        let mut members: BTreeMap<&MemberId, usize> = BTreeMap::new();
        for (at, _, voice) in self.since(first) {
            window.push_back((at, &voice.reporter));
            *members.entry(&voice.reporter).or_default() += 1;
            while let Some((_, gone)) =
                window.pop_front_if(|(oldest, _)| oldest.as_millis() + policy.window_ms <= at.as_millis())
            {
                let left = members.entry(gone).or_default();
                *left -= 1;
                if *left == 0 {
                    members.remove(gone);
                }
            }
            if window.len() >= policy.reports as usize && members.len() >= policy.members as usize {
                return true;
            }
        }
        false
    }

    /// The time of the last report since `first`, where they say by their own country, or by two members, that this one in `country` is hit.
    pub(super) fn confirms(&self, country: Country, first: Timestamp) -> Option<Timestamp> {
        let (last, _, voice) = self.since(first).next_back()?;
        let one = &voice.reporter;
        let says = |voice: &Voice| voice.home == Some(country) || voice.reporter != *one;
        self.since(first).any(|(.., voice)| says(voice)).then_some(last)
    }
}
