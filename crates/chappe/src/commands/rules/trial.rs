//! Rules run on reports by the core that serves, in virtual time.

use std::collections::BTreeMap;

use chappe_correlate::Engine;
use chappe_model::{Accepted, Alert, AlertId, AlertState, Policy, Rule, RuleError, Secret, Timestamp};

use crate::config::DEFAULT_LATENESS_MS;

/// A revision of a report, at its log time.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) at: Timestamp,
    pub(crate) accepted: Accepted,
}

/// A rule that fired, once or several times at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Firing {
    /// As it was told then: its last fire is this one.
    pub(crate) alert: Alert,
    /// How many of the reports had come.
    pub(crate) heard: usize,
    /// How many times the rule fired at that moment.
    pub(crate) times: u32,
}

/// Rules under which reports are judged.
pub(crate) struct Trial {
    secret: Secret,
    policy: Policy,
}

impl Trial {
    /// Under a secret of no installation.
    ///
    /// # Errors
    /// When a rule could not be run.
    pub(crate) fn new(rules: Vec<Rule>) -> Result<Self, RuleError> {
        Self::under(secret(), rules)
    }

    /// Under an installation's secret: alerts have the ids that they have there.
    ///
    /// # Errors
    /// When a rule could not be run.
    pub(crate) fn under(secret: Secret, rules: Vec<Rule>) -> Result<Self, RuleError> {
        let policy = Policy::new(1, rules, DEFAULT_LATENESS_MS, Vec::new(), Vec::new())?;
        Ok(Self { secret, policy })
    }

    /// Every firing, in the order in which it was told. Reports come in the order of their times.
    pub(crate) fn run(&self, reports: &[Recorded]) -> Vec<Firing> {
        let mut engine = Engine::new(&self.secret, self.policy.clone(), 1, 1, 1);
        engine.settle();
        let mut told: BTreeMap<AlertId, u32> = BTreeMap::new();
        let mut firings = Vec::new();
        let mut last = Timestamp::ZERO;
        for (index, report) in reports.iter().enumerate() {
            // What this report cannot be part of any more is told before it.
            engine.mark(0, report.at);
            note(&mut engine, index, &mut told, &mut firings);
            engine.record(0, report.at, &report.accepted);
            note(&mut engine, index + 1, &mut told, &mut firings);
            last = last.max(report.at);
        }
        // Conditions that more reports could make false are judged behind the time at which none can come any more.
        let settled = self
            .policy
            .rules()
            .iter()
            .map(|rule| self.policy.settled_ms(rule))
            .max()
            .unwrap_or(0);
        engine.mark(0, last.plus(settled).plus(1));
        note(&mut engine, reports.len(), &mut told, &mut firings);
        firings
    }
}

/// What fired since the last look. Without the flush, changes of counts would wait for each other.
fn note(engine: &mut Engine, heard: usize, told: &mut BTreeMap<AlertId, u32>, firings: &mut Vec<Firing>) {
    engine.flush();
    for alert in engine.drain() {
        let before = told.insert(alert.id, alert.fires).unwrap_or(0);
        let times = alert.fires.saturating_sub(before);
        if times > 0 && !matches!(alert.state, AlertState::Superseded(_) | AlertState::Retracted) {
            firings.push(Firing { alert, heard, times });
        }
    }
}

/// The secret of trials: their ids mean nothing outside.
pub(crate) fn secret() -> Secret {
    Secret::new([0; 32])
}
