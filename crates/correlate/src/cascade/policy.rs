use std::sync::Arc;

use chappe_model::{AlertKind, Condition, Field, Measure, Rule, Severity, Source, WidestAudience};
use serde::Serialize;

use super::dependencies::Dependencies;

/// Rule id of all cascades.
pub const CASCADE_RULE: &str = "cascade";
/// Most reports that may be asked for: one member alone is counted that many times.
pub const CASCADE_REPORTS: u32 = 100;
/// Longest window, in hours: two weeks.
pub const CASCADE_WINDOW_HOURS: u64 = 336;
const HOUR_MS: u64 = 3_600_000;

/// When a sector of a country counts as hit, and what depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CascadePolicy {
    /// So many reports of it: 1 to [`CASCADE_REPORTS`].
    pub reports: u32,
    /// By so many members: at least 2, so that one alone warns nobody.
    pub members: u32,
    /// Within so much log time, in milliseconds: up to [`CASCADE_WINDOW_HOURS`].
    pub window_ms: u64,
    /// Reports of incidents at least so severe count.
    pub least_severity: Severity,
    /// Reports of one member that count in one sector and country: its oldest and its newest.
    pub per_member: usize,
    /// What depends on what.
    pub dependencies: Dependencies,
}

impl CascadePolicy {
    /// Three reports by two members of incidents of high severity within a day.
    #[must_use]
    pub fn new(dependencies: Dependencies) -> Self {
        Self {
            reports: 3,
            members: 2,
            window_ms: 24 * HOUR_MS,
            least_severity: Severity::High,
            per_member: 100,
            dependencies,
        }
    }

    /// The rule as it stands in alerts.
    pub(super) fn rule(&self) -> Rule {
        let (reports, members, hours) = (self.reports, self.members, self.window_ms / HOUR_MS);
        let severity = self.least_severity.as_str();
        Rule {
            id: CASCADE_RULE.into(),
            version: 1,
            kind: AlertKind::Cascade,
            sources: vec![Source::any()],
            group_by: vec![Field::Sector, Field::Country],
            when: Condition::plain(Measure::Events, self.reports, self.window_ms),
            quota: 0,
            widest_audience: WidestAudience::Countries,
            condition: format!(
                "{reports} or more reports by {members} or more members within {hours} hours, of incidents of severity {severity} or \
                 higher in a sector of a country that others depend on"
            )
            .into(),
            advice: vec![
                Arc::from("Ask those who are warned whether they see signs of it, and report what they see: that confirms it or lets it expire."),
                Arc::from("A warning says what may follow, not that it does."),
            ],
        }
    }
}
