//! The rules every installation starts with.

use super::{Condition, Field, Measure, Rule, Source, WidestAudience};
use crate::AlertKind;

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
            group_by: vec![Field::Indicator],
            sources: vec![Source::any()],
            when: Condition::plain(Measure::Distinct(Field::AttestedCountry), 3, DAY_MS),
            quota: 0,
            widest_audience: WidestAudience::Eu,
            condition: "the same indicator in 3 or more attested countries within 24 hours".into(),
            advice: vec!["Search your constituency's logs for the indicator.".into(), "Report what you find, so that the picture gets whole.".into()],
        },
        Rule {
            id: "cross-border-critical-sector".into(),
            version: 1,
            kind: AlertKind::CrossBorder,
            group_by: vec![Field::Indicator, Field::CriticalSector],
            sources: vec![Source::any()],
            when: Condition::plain(Measure::Distinct(Field::AttestedCountry), 2, DAY_MS),
            quota: 0,
            widest_audience: WidestAudience::Countries,
            condition: "the same indicator in the same sector of high criticality (NIS2 Annex I) in 2 or more attested countries within 24 hours".into(),
            advice: vec!["Warn the operators of this sector in your country.".into(), "Compare notes with the other country through the hub.".into()],
        },
        Rule {
            id: "urgent".into(),
            version: 1,
            kind: AlertKind::Urgent,
            group_by: vec![Field::Reporter],
            sources: vec![Source::any()],
            when: Condition::plain(Measure::CriticalReport, 1, DAY_MS),
            quota: 10,
            widest_audience: WidestAudience::Countries,
            condition: "one report of critical severity".into(),
            advice: vec!["One member's word, not yet confirmed: check with the hub before you act in public.".into()],
        },
    ]
}
