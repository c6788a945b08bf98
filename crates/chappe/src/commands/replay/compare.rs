//! What was told by a replay beside what the log holds.

use std::collections::{BTreeMap, BTreeSet};

use chappe_correlate::{COALESCE_MS, HOT_MS};
use chappe_model::{Alert, AlertId, Timestamp};
use serde_json::Value;

use super::rerun::JudgedBy;
use super::{Since, line};

/// Fields of an alert that two owners may say differently of the same.
const OF_NO_MEANING: [&str; 2] = ["revision", "revised_at_ms"];

/// An alert beside the recorded one of its id.
pub(super) enum Outcome<'a> {
    /// Both say the same.
    Equal(&'a Alert),
    /// The recorded one lacks changes of counts that it had not yet to tell when the log ended.
    Waiting(&'a Alert),
    /// Of a rule that is not in force any more, or has changed since.
    Earlier(&'a Alert),
    /// They differ in these fields.
    Differs {
        replayed: &'a Alert,
        recorded: &'a Alert,
        fields: Vec<String>,
    },
    /// The log does not hold it.
    OnlyReplayed(&'a Alert),
    /// The replay does not find it.
    OnlyRecorded(&'a Alert),
}

impl<'a> Outcome<'a> {
    /// As JSON and text say it.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Equal(_) => "equal",
            Self::Waiting(_) => "waiting",
            Self::Earlier(_) => "earlier",
            Self::Differs { .. } => "differs",
            Self::OnlyReplayed(_) => "only-replayed",
            Self::OnlyRecorded(_) => "only-recorded",
        }
    }

    pub(super) const fn is_difference(&self) -> bool {
        matches!(
            self,
            Self::Differs { .. } | Self::OnlyReplayed(_) | Self::OnlyRecorded(_)
        )
    }

    /// The replayed one, where there is one.
    pub(super) const fn alert(&self) -> &'a Alert {
        match self {
            Self::Equal(alert) | Self::Waiting(alert) | Self::Earlier(alert) => alert,
            Self::Differs { replayed: alert, .. } | Self::OnlyReplayed(alert) | Self::OnlyRecorded(alert) => alert,
        }
    }
}

/// How alerts are compared.
pub(super) struct Comparison<'j> {
    judged_by: &'j JudgedBy,
    /// Since when these rules are in force.
    since: Since,
    /// Up to which log time was judged.
    reached: Timestamp,
}

impl<'j> Comparison<'j> {
    pub(super) fn new(judged_by: &'j JudgedBy, since: Since, reached: Timestamp) -> Self {
        Self {
            judged_by,
            since,
            reached,
        }
    }

    /// One outcome for each alert of either side: the replayed ones in their order, then those that are recorded only.
    pub(super) fn of<'a>(&self, replayed: &'a [Alert], recorded: &'a [Alert]) -> Vec<Outcome<'a>> {
        let by_id: BTreeMap<AlertId, &Alert> = recorded.iter().map(|alert| (alert.id, alert)).collect();
        let known: BTreeSet<AlertId> = replayed.iter().map(|alert| alert.id).collect();
        let found = replayed
            .iter()
            .map(|alert| self.one(alert, by_id.get(&alert.id).copied()));
        let others = recorded.iter().filter(|alert| !known.contains(&alert.id));
        let others = others.map(|alert| match self.is_in_force(alert) {
            true => Outcome::OnlyRecorded(alert),
            false => Outcome::Earlier(alert),
        });
        found.chain(others).collect()
    }

    fn one<'a>(&self, replayed: &'a Alert, recorded: Option<&'a Alert>) -> Outcome<'a> {
        match recorded {
            // What ended before these rules came was judged by others, and is not judged again.
            None if self.since.is_some_and(|since| replayed.last_fire < since) => Outcome::Earlier(replayed),
            None => Outcome::OnlyReplayed(replayed),
            Some(recorded) if replayed.says_the_same_as(recorded) => Outcome::Equal(replayed),
            Some(recorded) if !self.is_in_force(recorded) => Outcome::Earlier(replayed),
            Some(recorded) if self.may_wait(replayed, recorded) => Outcome::Waiting(replayed),
            Some(recorded) => Outcome::Differs {
                replayed,
                recorded,
                fields: fields(replayed, recorded),
            },
        }
    }

    /// Whether a recorded alert is of what the replay judged by.
    fn is_in_force(&self, recorded: &Alert) -> bool {
        if recorded.is_of_the_whole() {
            return self.judged_by.detectors.find(recorded.rule.kind);
        }
        let mut rules = self.judged_by.policy.rules().iter();
        rules.any(|rule| rule.id == recorded.rule.id && rule.version == recorded.rule.version)
    }

    /// Changes of counts alone wait for each other.
    fn may_wait(&self, replayed: &Alert, recorded: &Alert) -> bool {
        !replayed.differs_materially_from(recorded) && self.reached < recorded.revised_at.plus(COALESCE_MS + HOT_MS)
    }
}

/// The fields in which both differ, by their names in JSON.
fn fields(replayed: &Alert, recorded: &Alert) -> Vec<String> {
    let of = |alert: &Alert| match serde_json::to_value(line(alert)) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (replayed, recorded) = (of(replayed), of(recorded));
    let differing = replayed
        .iter()
        .filter(|(name, value)| !OF_NO_MEANING.contains(&name.as_str()) && recorded.get(name.as_str()) != Some(*value));
    let mut names: Vec<String> = differing.map(|(name, _)| name.clone()).collect();
    if names.is_empty() {
        names.push("the reports behind it".to_owned());
    }
    names
}
