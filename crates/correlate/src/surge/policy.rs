use std::sync::Arc;

use chappe_model::{AlertKind, Condition, Field, Measure, Rule, Source, WidestAudience};
use chappe_surge::Bin;

use super::series::Scope;

/// Rule id of all surges.
pub const SURGE_RULE: &str = "surge";

/// The largest budget: more are no alerts any more.
pub const FALSE_ALARMS_PER_YEAR: u32 = 1_000;

/// What an operator asks of surges. What is in force stands in the lessons: they are learned for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SurgePolicy {
    /// The width of a bin.
    pub bin: Bin,
    /// So many alerts a year may come for no reason, over all series of the installation: 1 to [`FALSE_ALARMS_PER_YEAR`].
    pub false_alarms_per_year: u32,
}

impl Default for SurgePolicy {
    fn default() -> Self {
        Self {
            bin: Bin::Hour,
            false_alarms_per_year: 12,
        }
    }
}

/// The rule as it stands in alerts.
pub(super) fn rule(bin: Bin, false_alarms_per_year: u32, scope: Scope) -> Arc<Rule> {
    let seconds = u64::from(bin.seconds());
    let (whose, narrower) = match scope {
        Scope::Country(_) => (" from one country", Some(Field::ReporterCountry)),
        Scope::Sector(_) => (" that hit one sector", Some(Field::Sector)),
        Scope::Everywhere => ("", None),
    };
    let group_by = [Field::IncidentType].into_iter().chain(narrower).collect();
    Arc::new(Rule {
        id: SURGE_RULE.into(),
        version: 1,
        kind: AlertKind::Surge,
        sources: vec![Source::any()],
        group_by,
        when: Condition::plain(Measure::Events, 1, seconds * 1_000),
        quota: 0,
        widest_audience: match scope {
            Scope::Country(_) => WidestAudience::Countries,
            Scope::Everywhere | Scope::Sector(_) => WidestAudience::Eu,
        },
        condition: format!(
            "more incidents of a type{whose} by the {} than level, season, weekday, hour, holidays and chance explain; of all series \
             together {false_alarms_per_year} such alerts a year come for no reason",
            bin.as_str()
        )
        .into(),
        advice: vec![
            Arc::from("Look through the reports behind it for what they have in common, and for whom it may reach next."),
            Arc::from("Dismiss it if it has an ordinary cause, such as a member's new sensor."),
        ],
    })
}
