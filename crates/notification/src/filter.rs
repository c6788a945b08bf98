//! Filters on the wire.

use chappe_distribute::{FILTER_COUNTRIES, FILTER_TYPES, Filter, types_named};
use chappe_model::{AlertKind, Country};
use chappe_proto::{Violations, alert, v1};

/// Kinds of alert that there are.
const KINDS: usize = 7;

/// Takes a filter apart, noting every violation with its field path. None given: everything live.
pub(crate) fn parse(wire: Option<&v1::AlertFilter>, bad: &mut Violations) -> Filter {
    let mut filter = Filter::default();
    let Some(wire) = wire else {
        return filter;
    };
    (filter.exercise, filter.mine) = (wire.exercise, wire.mine);
    if bounded(bad, "filter.kinds", wire.kinds.len(), KINDS) {
        for (i, code) in wire.kinds.iter().enumerate() {
            filter
                .kinds
                .extend(bad.check(format!("filter.kinds[{i}]"), kind(*code)));
        }
    }
    match alert::severity_at_least(wire.min_severity) {
        Some(severity) => filter.min_severity = severity,
        None => bad.push(
            "filter.min_severity",
            format!(
                "{} is no severity: give 1 (info) to 5 (critical), or leave it out",
                wire.min_severity
            ),
        ),
    }
    if bounded(bad, "filter.countries", wire.countries.len(), FILTER_COUNTRIES) {
        for (i, code) in wire.countries.iter().enumerate() {
            if let Some(country) = bad.check(format!("filter.countries[{i}]"), Country::parse(code)) {
                filter.countries.insert(country);
            }
        }
    }
    if bounded(bad, "filter.incident_types", wire.incident_types.len(), FILTER_TYPES) {
        for (i, text) in wire.incident_types.iter().enumerate() {
            let types = bad.check(format!("filter.incident_types[{i}]"), types_named(text));
            filter.incident_types.extend(types.into_iter().flatten());
        }
    }
    filter
}

fn bounded(bad: &mut Violations, field: &str, given: usize, at_most: usize) -> bool {
    if given > at_most {
        bad.push(field, format!("{given} entries: at most {at_most}"));
    }
    given <= at_most
}

fn kind(code: i32) -> Result<AlertKind, String> {
    alert::kind_from_wire(code)
        .ok_or_else(|| format!("{code} is no kind of alert: give 1 (campaign) to {KINDS} (advisory)"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_violation_is_named_at_once() {
        let wire = v1::AlertFilter {
            kinds: vec![3, 0, 99],
            min_severity: 9,
            countries: vec!["AT".into(), "UK".into()],
            incident_types: vec!["fraud".into(), "fraud/nothing".into()],
            exercise: true,
            mine: false,
        };
        let mut bad = Violations::default();
        parse(Some(&wire), &mut bad);
        let fields: Vec<String> = bad.into_vec().into_iter().map(|v| v.field).collect();
        let wanted = [
            "filter.kinds[1]",
            "filter.kinds[2]",
            "filter.min_severity",
            "filter.countries[1]",
            "filter.incident_types[1]",
        ];
        assert_eq!(fields, wanted);
    }

    #[test]
    fn lists_are_bounded() {
        let wire = v1::AlertFilter {
            kinds: vec![1; 8],
            countries: vec!["AT".into(); 65],
            incident_types: vec!["fraud".into(); 65],
            ..Default::default()
        };
        let mut bad = Violations::default();
        parse(Some(&wire), &mut bad);
        let fields: Vec<String> = bad.into_vec().into_iter().map(|v| v.field).collect();
        assert_eq!(fields, ["filter.kinds", "filter.countries", "filter.incident_types"]);
    }

    #[test]
    fn a_filter_says_what_it_was_given() {
        let wire = v1::AlertFilter {
            kinds: vec![3],
            min_severity: 4,
            countries: vec!["de".into(), "AT".into()],
            incident_types: vec!["fraud/phishing".into()],
            exercise: false,
            mine: true,
        };
        let mut bad = Violations::default();
        let filter = parse(Some(&wire), &mut bad);
        assert!(bad.is_empty());
        assert_eq!(
            filter.to_string(),
            "live mine severity>=high kinds=cross-border countries=AT,DE types=fraud/phishing"
        );
        assert_eq!(parse(None, &mut bad), Filter::default());
    }
}
