//! Rules as they stand in the `config` topic.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits::{RULE_ID_BYTES, RULES};
use crate::{AlertKind, MemberId};

/// What makes the correlation key of a rule. A report has one key for each combination of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// Each indicator.
    Indicator,
    /// Each affected sector of NIS2 Annex I.
    CriticalSector,
    /// The reporter.
    Reporter,
}

/// What a rule counts in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountField {
    /// Countries named by their own reporter, or by two independent members.
    AttestedCountry,
    /// Countries named: Sigma's value_count, plain.
    Country,
    /// Distinct members.
    Reporter,
    /// Each report of critical severity, by itself: it corroborates nothing.
    CriticalReport,
}

/// The widest audience a rule's alerts may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WidestAudience {
    /// Every member, once three independent members stand behind it.
    Eu,
    /// The contributing members' own countries and the hub.
    Countries,
}

/// One rule in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Stable: alert ids rest on it.
    pub id: Arc<str>,
    /// Rises with every edit; stands in explanations, never in ids.
    pub version: u32,
    /// What its alerts are.
    pub kind: AlertKind,
    /// What makes its key.
    pub group_by: Vec<GroupBy>,
    /// What it counts.
    pub field: CountField,
    /// Fires at this many.
    pub at_least: u32,
    /// Its window in milliseconds of log time: (t − within, t].
    pub within_ms: u64,
    /// For [`CountField::CriticalReport`]: this many per reporter and window go out, the rest waits for a person.
    pub quota: u32,
    /// The widest audience of its alerts.
    pub widest_audience: WidestAudience,
    /// In words, for explanations.
    pub condition: Arc<str>,
    /// What recipients should do next.
    pub advice: Vec<Arc<str>>,
}

/// Why rules cannot be in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Bad id.
    #[error("rule id '{0}': 1 to {RULE_ID_BYTES} of a-z, 0-9 and '-'")]
    Id(String),
    /// Same id twice.
    #[error("rule id '{0}' stands twice")]
    Twice(Arc<str>),
    /// Window of nothing, or threshold of nothing.
    #[error("rule '{0}': {1} must be at least 1")]
    Zero(Arc<str>, &'static str),
    /// A key without fields, or repeated fields.
    #[error("rule '{0}': group_by needs at least one field, each once")]
    GroupBy(Arc<str>),
    /// A window that would keep state for more than 90 days.
    #[error("rule '{0}': a window of {1} ms is longer than 90 days")]
    Window(Arc<str>, u64),
    /// Critical reports are judged one by one.
    #[error("rule '{0}': critical_report needs group_by reporter and at_least 1")]
    Critical(Arc<str>),
    /// Too many.
    #[error("{0} rules: at most {RULES}")]
    TooMany(usize),
}

/// Longest window, in milliseconds (90 days).
const WITHIN_MS: u64 = 90 * 24 * 3600 * 1000;

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
        rules.iter().try_for_each(check)?;
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

    /// How long a contribution to `rule` may be revised, in milliseconds: its window and the lateness.
    #[must_use]
    pub fn horizon_ms(&self, rule: &Rule) -> u64 {
        rule.within_ms.saturating_add(self.lateness_ms)
    }

    /// How long after its last fire an alert of `rule` may still change, in milliseconds: a contribution up to one window behind that fire may
    /// extend the episode, and may be revised for as long as [`Policy::horizon_ms`] says.
    #[must_use]
    pub fn settled_ms(&self, rule: &Rule) -> u64 {
        self.horizon_ms(rule).saturating_add(rule.within_ms)
    }

    /// Whether correlation would judge alike under both, whatever their versions.
    #[must_use]
    pub fn judges_like(&self, other: &Self) -> bool {
        self.rules == other.rules && self.lateness_ms == other.lateness_ms
    }
}

fn check(rule: &Rule) -> Result<(), RuleError> {
    let id = || Arc::clone(&rule.id);
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if rule.id.is_empty() || rule.id.len() > RULE_ID_BYTES || !rule.id.bytes().all(plain) {
        return Err(RuleError::Id(
            rule.id
                .chars()
                .take(RULE_ID_BYTES)
                .flat_map(char::escape_default)
                .collect(),
        ));
    }
    if rule.at_least == 0 {
        return Err(RuleError::Zero(id(), "at_least"));
    }
    if rule.within_ms == 0 {
        return Err(RuleError::Zero(id(), "within_ms"));
    }
    if rule.within_ms > WITHIN_MS {
        return Err(RuleError::Window(id(), rule.within_ms));
    }
    let mut fields = rule.group_by.clone();
    fields.sort_unstable();
    fields.dedup();
    if fields.is_empty() || fields.len() != rule.group_by.len() {
        return Err(RuleError::GroupBy(id()));
    }
    if rule.field == CountField::CriticalReport && (rule.group_by != [GroupBy::Reporter] || rule.at_least != 1) {
        return Err(RuleError::Critical(id()));
    }
    Ok(())
}

/// A day in milliseconds.
const DAY_MS: u64 = 24 * 3600 * 1000;

/// The rules every installation starts with.
#[must_use]
pub fn built_in_rules() -> Vec<Rule> {
    vec![
        Rule {
            id: "cross-border".into(),
            version: 1,
            kind: AlertKind::CrossBorder,
            group_by: vec![GroupBy::Indicator],
            field: CountField::AttestedCountry,
            at_least: 3,
            within_ms: DAY_MS,
            quota: 0,
            widest_audience: WidestAudience::Eu,
            condition: "the same indicator in 3 or more attested countries within 24 hours".into(),
            advice: vec!["Search your constituency's logs for the indicator.".into(), "Report what you find, so that the picture gets whole.".into()],
        },
        Rule {
            id: "cross-border-critical-sector".into(),
            version: 1,
            kind: AlertKind::CrossBorder,
            group_by: vec![GroupBy::Indicator, GroupBy::CriticalSector],
            field: CountField::AttestedCountry,
            at_least: 2,
            within_ms: DAY_MS,
            quota: 0,
            widest_audience: WidestAudience::Countries,
            condition: "the same indicator in the same sector of high criticality (NIS2 Annex I) in 2 or more attested countries within 24 hours".into(),
            advice: vec!["Warn the operators of this sector in your country.".into(), "Compare notes with the other country through the hub.".into()],
        },
        Rule {
            id: "urgent".into(),
            version: 1,
            kind: AlertKind::Urgent,
            group_by: vec![GroupBy::Reporter],
            field: CountField::CriticalReport,
            at_least: 1,
            within_ms: DAY_MS,
            quota: 10,
            widest_audience: WidestAudience::Countries,
            condition: "one report of critical severity".into(),
            advice: vec!["One member's word, not yet confirmed: check with the hub before you act in public.".into()],
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_rules_are_sound() {
        assert!(Policy::new(1, built_in_rules(), 300_000, vec![], vec![]).is_ok());
    }

    #[test]
    fn unsound_rules_are_named() {
        let with = |edit: fn(&mut Rule)| {
            let mut rules = built_in_rules();
            edit(&mut rules[0]);
            Policy::new(1, rules, 300_000, vec![], vec![])
        };
        assert!(matches!(with(|r| r.at_least = 0), Err(RuleError::Zero(_, "at_least"))));
        assert!(matches!(
            with(|r| r.within_ms = 0),
            Err(RuleError::Zero(_, "within_ms"))
        ));
        assert!(matches!(with(|r| r.id = "urgent".into()), Err(RuleError::Twice(_))));
        assert!(matches!(with(|r| r.id = "A b".into()), Err(RuleError::Id(_))));
        assert!(matches!(with(|r| r.group_by.clear()), Err(RuleError::GroupBy(_))));
        assert!(matches!(
            with(|r| r.field = CountField::CriticalReport),
            Err(RuleError::Critical(_))
        ));
    }
}
