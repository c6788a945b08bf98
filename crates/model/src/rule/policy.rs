//! The rules in force, and the policies that correlation and ingest share.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Rule, RuleError};
use crate::MemberId;
use crate::limits::RULES;

/// The configuration in force from a stamped time: rules, and the policies that correlation and ingest share. Valid by construction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Rises by one with every change.
    pub version: u32,
    /// The rules, by id.
    rules: Vec<Arc<Rule>>,
    /// How long after its window a contribution may still be revised, in milliseconds.
    pub lateness_ms: u64,
    /// Members whose unmarked reports are taken as TLP:RED; others' are refused.
    pub unmarked_as_red: Vec<MemberId>,
    /// The hub's duty officers.
    pub duty_officers: Vec<MemberId>,
}

impl Policy {
    /// # Errors
    /// When a rule could not be run as written.
    pub fn new(
        version: u32,
        mut rules: Vec<Rule>,
        lateness_ms: u64,
        unmarked_as_red: Vec<MemberId>,
        duty_officers: Vec<MemberId>,
    ) -> Result<Self, RuleError> {
        if rules.len() > RULES {
            return Err(RuleError::TooMany(rules.len()));
        }
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        rules.iter().try_for_each(Rule::check)?;
        if let Some(pair) = rules.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(RuleError::Twice(Arc::clone(&pair[0].id)));
        }
        Ok(Self {
            version,
            rules: rules.into_iter().map(Arc::new).collect(),
            lateness_ms,
            unmarked_as_red,
            duty_officers,
        })
    }

    /// The rules, by id.
    #[must_use]
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// How long a contribution to `rule` may be revised, in milliseconds: the span of its windows and the lateness.
    #[must_use]
    pub fn horizon_ms(&self, rule: &Rule) -> u64 {
        rule.when.span_ms().saturating_add(self.lateness_ms)
    }

    /// How long after its last fire an alert of `rule` may still change, in milliseconds: a contribution up to one window behind that fire may
    /// extend the episode, and may be revised for as long as [`Policy::horizon_ms`] says. A fire that such a revision makes rests on reports
    /// one span back, so what lies within this is kept.
    #[must_use]
    pub fn settled_ms(&self, rule: &Rule) -> u64 {
        self.horizon_ms(rule).saturating_add(rule.when.span_ms())
    }

    /// Whether correlation would judge alike under both, whatever their versions.
    #[must_use]
    pub fn judges_like(&self, other: &Self) -> bool {
        self.rules == other.rules && self.lateness_ms == other.lateness_ms
    }
}
