//! Filters on the wire.

use chappe_constituency::{Entry, EntryKind};
use chappe_distribute::{FILTER_COUNTRIES, FILTER_TYPES, FILTER_VALUES, Filter, Period, Sought, types_named};
use chappe_model::limits::SECTORS;
use chappe_model::{AlertKind, Country, Indicator, Network, Secret, Sector};
use chappe_proto::{Violations, alert, incident, time, v1};

/// Kinds of alert that there are.
const KINDS: usize = 7;

/// Takes a filter apart, noting every violation with its field path. None given: everything live. Mail addresses are looked for as they are stored, by
/// pseudonyms under the installation's secret.
pub(crate) fn parse(wire: Option<&v1::AlertFilter>, secret: &Secret, bad: &mut Violations) -> Filter {
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
    if bounded(bad, "filter.sectors", wire.sectors.len(), SECTORS) {
        for (i, code) in wire.sectors.iter().enumerate() {
            filter
                .sectors
                .extend(bad.check(format!("filter.sectors[{i}]"), code.parse::<Sector>()));
        }
    }
    let values = values(&wire.values, secret, bad);
    let networks = entries("filter.networks", &wire.networks, bad, |text| {
        Network::parse(text).map(|network| Entry::Network(network.unmapped()))
    });
    let domains = entries("filter.domains", &wire.domains, bad, |text| {
        Entry::parse(EntryKind::Domain, text)
    });
    filter.sought = Sought::new(values, networks.into_iter().chain(domains));
    filter
}

/// Takes a filter of incidents apart, likewise.
pub(crate) fn of_incidents(wire: Option<&v1::IncidentFilter>, secret: &Secret, bad: &mut Violations) -> Filter {
    let alike = wire.map(|wire| v1::AlertFilter {
        min_severity: wire.min_severity,
        countries: wire.countries.clone(),
        incident_types: wire.incident_types.clone(),
        exercise: wire.exercise,
        sectors: wire.sectors.clone(),
        values: wire.values.clone(),
        networks: wire.networks.clone(),
        domains: wire.domains.clone(),
        ..v1::AlertFilter::default()
    });
    parse(alike.as_ref(), secret, bad)
}

/// The time of a list.
pub(crate) fn period(
    since: Option<&prost_types::Timestamp>,
    until: Option<&prost_types::Timestamp>,
    bad: &mut Violations,
) -> Period {
    let period = Period {
        since: since.and_then(|since| bad.check("since", time::from_wire(since))),
        until: until.and_then(|until| bad.check("until", time::from_wire(until))),
    };
    if let (Some(since), Some(until)) = (period.since, period.until)
        && since >= until
    {
        bad.push("until", "not after since: nothing is seen in no time");
    }
    period
}

fn values(wire: &[v1::Indicator], secret: &Secret, bad: &mut Violations) -> Vec<Indicator> {
    if !bounded(bad, "filter.values", wire.len(), FILTER_VALUES) {
        return Vec::new();
    }
    let each = wire.iter().enumerate();
    each.filter_map(|(i, wire)| {
        let path = format!("filter.values[{i}]");
        let indicator = incident::indicator(bad, &path, wire)?;
        bad.check(format!("{path}.value"), indicator.pseudonymised(secret))
    })
    .collect()
}

fn entries<E: ToString>(
    field: &str,
    texts: &[String],
    bad: &mut Violations,
    parse: impl Fn(&str) -> Result<Entry, E>,
) -> Vec<Entry> {
    if !bounded(bad, field, texts.len(), FILTER_VALUES) {
        return Vec::new();
    }
    let each = texts.iter().enumerate();
    each.filter_map(|(i, text)| bad.check(format!("{field}[{i}]"), parse(text)))
        .collect()
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

    const KEY: [u8; 32] = [7; 32];

    fn parsed(wire: Option<&v1::AlertFilter>, bad: &mut Violations) -> Filter {
        parse(wire, &Secret::new(KEY), bad)
    }

    fn value(kind: v1::IndicatorType, value: &str) -> v1::Indicator {
        v1::Indicator {
            r#type: kind as i32,
            value: value.into(),
        }
    }

    #[test]
    fn every_violation_is_named_at_once() {
        let wire = v1::AlertFilter {
            kinds: vec![3, 0, 99],
            min_severity: 9,
            countries: vec!["AT".into(), "UK".into()],
            incident_types: vec!["fraud".into(), "fraud/nothing".into()],
            sectors: vec!["energy".into(), "mining".into()],
            values: vec![
                value(v1::IndicatorType::Unspecified, "x"),
                value(v1::IndicatorType::Ip, "192.0.2.300"),
            ],
            networks: vec!["192.0.2.0/24".into(), "192.0.2.1/24".into()],
            domains: vec!["com".into()],
            exercise: true,
            mine: false,
        };
        let mut bad = Violations::default();
        parsed(Some(&wire), &mut bad);
        let fields: Vec<String> = bad.into_vec().into_iter().map(|v| v.field).collect();
        let wanted = [
            "filter.kinds[1]",
            "filter.kinds[2]",
            "filter.min_severity",
            "filter.countries[1]",
            "filter.incident_types[1]",
            "filter.sectors[1]",
            "filter.values[0].type",
            "filter.values[1].value",
            "filter.networks[1]",
            "filter.domains[0]",
        ];
        assert_eq!(fields, wanted);
    }

    #[test]
    fn lists_are_bounded() {
        let wire = v1::AlertFilter {
            kinds: vec![1; 8],
            countries: vec!["AT".into(); 65],
            incident_types: vec!["fraud".into(); 65],
            sectors: vec!["energy".into(); 19],
            values: vec![value(v1::IndicatorType::Ip, "192.0.2.3"); 65],
            networks: vec!["192.0.2.0/24".into(); 65],
            domains: vec!["at".into(); 65],
            ..Default::default()
        };
        let mut bad = Violations::default();
        parsed(Some(&wire), &mut bad);
        let fields: Vec<String> = bad.into_vec().into_iter().map(|v| v.field).collect();
        let wanted = [
            "filter.kinds",
            "filter.countries",
            "filter.incident_types",
            "filter.sectors",
            "filter.values",
            "filter.networks",
            "filter.domains",
        ];
        assert_eq!(fields, wanted);
    }

    #[test]
    fn a_filter_says_what_it_was_given() {
        let wire = v1::AlertFilter {
            kinds: vec![3],
            min_severity: 4,
            countries: vec!["de".into(), "AT".into()],
            incident_types: vec!["fraud/phishing".into()],
            sectors: vec!["energy".into()],
            values: vec![
                value(v1::IndicatorType::Url, "hxxp://b[.]example"),
                value(v1::IndicatorType::Ip, "192.0.2.7"),
            ],
            networks: vec!["192.0.2.0/24".into()],
            domains: vec!["gv.at".into(), "Bank.at".into()],
            exercise: false,
            mine: true,
        };
        let mut bad = Violations::default();
        let filter = parsed(Some(&wire), &mut bad);
        assert!(bad.is_empty());
        assert_eq!(
            filter.to_string(),
            "live mine severity>=high kinds=cross-border countries=AT,DE types=fraud/phishing sectors=energy \
             values=ip:\"192.0.2.7\",url:\"http://b.example/\" networks=192.0.2.0/24 domains=bank.at,gv.at"
        );
        assert_eq!(parsed(None, &mut bad), Filter::default());
    }
    #[test]
    fn mail_addresses_are_looked_for_by_their_pseudonyms() {
        let wire = v1::AlertFilter {
            values: vec![value(v1::IndicatorType::Email, "Info[at]bad.example")],
            ..Default::default()
        };
        let mut bad = Violations::default();
        let said = parsed(Some(&wire), &mut bad).to_string();
        assert!(
            said.starts_with("live severity>=info values=email:\"pseudonym:"),
            "{said}"
        );
        assert!(!said.contains("bad.example"), "{said}");
    }
}
