//! Urgent reports: each report of critical severity by itself. It corroborates nothing and never leaves its compartment.

use std::sync::Arc;

use chappe_model::{Alert, AlertState, Audience, CountrySet, KeyField, Timestamp};

use crate::Voice;
use crate::picture::{Picture, Said};
use crate::sighting::Contribution;
use crate::subject::Subject;

/// Judges the critical reports of one reporter in one compartment, in (time, incident) order, as of log time `now`. Of those in a window
/// the first `quota` go out; the rest is held for a person, whatever the order of arrival.
pub(crate) fn judge(subject: &Subject<'_>, own: &[Contribution], now: Timestamp) -> Vec<Alert> {
    let mut from = 0;
    let each = own.iter().enumerate().map(|(index, contribution)| {
        while own[from].time.plus(subject.rule.when.within_ms) <= contribution.time {
            from += 1;
        }
        let held = index - from >= subject.rule.quota as usize;
        alert(subject, contribution, held, now)
    });
    each.collect()
}

fn alert(subject: &Subject<'_>, contribution: &Contribution, held: bool, now: Timestamp) -> Alert {
    let state = match contribution.now {
        None => AlertState::Retracted,
        Some(_) if now >= contribution.time.plus(subject.rule.when.within_ms) => AlertState::Resolved,
        Some(_) => AlertState::Open,
    };
    let ever = &contribution.ever;
    let audience = if !subject.compartment.is_pool() {
        Audience::Recipients
    } else if held || !ever.openly {
        Audience::Reporter(ever.reporter.clone())
    } else {
        Audience::Countries(ever.countries)
    };
    let countries = contribution
        .now
        .as_ref()
        .map_or(CountrySet::new(), |voice| voice.countries);
    let picture = Picture {
        anchor: contribution.order(),
        last_fire: contribution.time,
        peak: u32::from(contribution.now.is_some()),
        fires: 1,
        state,
        audience,
        held,
        values: countries.iter().map(|country| country.as_str().into()).collect(),
        countries,
        key: shown_key(contribution.now.as_ref().unwrap_or(ever)),
    };
    picture.into_alert(
        subject,
        Said::now(contribution).into_iter().collect(),
        vec![Said::ever(contribution)],
    )
}

/// The reporter, which makes the key, stays hidden: the alert shows what the report observed.
fn shown_key(voice: &Voice) -> Arc<[KeyField]> {
    voice
        .indicators
        .iter()
        .map(|indicator| KeyField {
            field: "indicator".into(),
            value: indicator.to_string().into(),
        })
        .collect()
}
