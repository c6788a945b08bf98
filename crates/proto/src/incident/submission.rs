use std::collections::BTreeSet;

use chappe_model::limits::{
    CLOCK_SKEW_MS, COUNTRIES, INDICATORS, RECIPIENTS, SECTOR_KEYS, SECTORS, SUMMARY_BYTES, TITLE_BYTES,
};
use chappe_model::{
    Country, Incident, Indicator, Marking, MarkingError, MemberId, Pap, ReportKey, Rsit, Sector, Severity, Timestamp,
    Tlp, Use,
};

use super::particulars;
use super::record::kind_from_wire;
use crate::v1;
use crate::violations::{Violation, Violations};

/// A sound submission. What it lacks is at most the marking: the installation's rule for unmarked reports decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    incident: Incident,
    marked: bool,
}

impl Submission {
    /// The incident, under the marking it bore.
    ///
    /// # Errors
    /// The submission back, when it bore none.
    #[allow(
        clippy::result_large_err,
        reason = "what is given back is what was given, once a report"
    )]
    pub fn marked(self) -> Result<Incident, Self> {
        if self.marked { Ok(self.incident) } else { Err(self) }
    }

    /// The incident of an unmarked submission, under the marking the installation gives it.
    #[must_use]
    pub fn marked_as(self, marking: Marking) -> Incident {
        Incident {
            marking,
            ..self.incident
        }
    }
}

/// Takes a submitted message apart.
///
/// # Errors
/// Every violation, each with its field path, at most [`crate::LISTED_VIOLATIONS`].
pub fn parse(wire: &v1::Incident, now: Timestamp) -> Result<Submission, Vec<Violation>> {
    let mut bad = Violations::default();
    let report_key = bad.check("incident.report_key", ReportKey::parse(&wire.report_key));
    let incident_type = bad.check("incident.incident_type", incident_type(&wire.incident_type));
    let severity = bad.check("incident.severity", severity(wire.severity));
    let marking = marking(&mut bad, wire.marking.as_ref());
    let countries = countries(&mut bad, &wire.countries);
    let sectors = sectors(&mut bad, &wire.sectors);
    let indicators = indicators(&mut bad, &wire.indicators);
    sector_keys(&mut bad, &indicators, &sectors);
    let (occurred_from, occurred_to, detected_at) = times(&mut bad, wire, now);
    text(&mut bad, "incident.title", &wire.title, TITLE_BYTES);
    text(&mut bad, "incident.summary", &wire.summary, SUMMARY_BYTES);
    let particulars = particulars::read(&mut bad, wire);
    particulars::judge(&mut bad, &particulars, &sectors, now);
    let (Some(report_key), Some(incident_type), Some(severity), true) =
        (report_key, incident_type, severity, bad.is_empty())
    else {
        return Err(bad.into_vec());
    };
    let marked = marking.is_some();
    let placeholder = || {
        Marking::new(Tlp::Amber, Pap::Amber, None, BTreeSet::new()).map_err(|e| {
            vec![Violation {
                field: "incident.marking".into(),
                description: e.to_string(),
            }]
        })
    };
    let marking = marking.map_or_else(placeholder, Ok)?;
    let incident = Incident {
        report_key,
        revision: wire.revision,
        retracted: false,
        incident_type,
        severity,
        marking,
        occurred_from,
        occurred_to,
        detected_at,
        countries,
        sectors,
        indicators,
        title: wire.title.clone(),
        summary: wire.summary.clone(),
        exercise: wire.exercise,
        backfill: wire.backfill,
        particulars,
    };
    Ok(Submission { incident, marked })
}

fn incident_type(text: &str) -> Result<Rsit, String> {
    if text.is_empty() {
        return Err("missing: give the RSIT class and type, such as 'fraud/phishing'".into());
    }
    text.parse::<Rsit>().map_err(|error| error.to_string())
}

fn severity(code: i32) -> Result<Severity, String> {
    match v1::Severity::try_from(code) {
        Ok(v1::Severity::Unspecified | v1::Severity::Medium) => Ok(Severity::Medium),
        Ok(v1::Severity::Info) => Ok(Severity::Info),
        Ok(v1::Severity::Low) => Ok(Severity::Low),
        Ok(v1::Severity::High) => Ok(Severity::High),
        Ok(v1::Severity::Critical) => Ok(Severity::Critical),
        Err(_) => Err(format!(
            "{code} is no severity: 1 (info) to 5 (critical), or leave it out"
        )),
    }
}

/// None for an unmarked report, and where the marking was faulty.
pub(super) fn marking(bad: &mut Violations, wire: Option<&v1::Marking>) -> Option<Marking> {
    let wire = wire?;
    let tlp = match v1::Tlp::try_from(wire.tlp) {
        Ok(v1::Tlp::Unspecified) => None,
        Ok(v1::Tlp::Clear) => Some(Tlp::Clear),
        Ok(v1::Tlp::Green) => Some(Tlp::Green),
        Ok(v1::Tlp::Amber) => Some(Tlp::Amber),
        Ok(v1::Tlp::AmberStrict) => Some(Tlp::AmberStrict),
        Ok(v1::Tlp::Red) => Some(Tlp::Red),
        Err(_) => {
            bad.push(
                "incident.marking.tlp",
                format!("{} is no TLP 2.0 label: 1 (CLEAR) to 5 (RED)", wire.tlp),
            );
            return None;
        }
    };
    let pap = match v1::Pap::try_from(wire.pap) {
        Ok(v1::Pap::Unspecified | v1::Pap::Amber) => Pap::Amber,
        Ok(v1::Pap::Clear) => Pap::Clear,
        Ok(v1::Pap::Green) => Pap::Green,
        Ok(v1::Pap::Red) => Pap::Red,
        Err(_) => {
            bad.push(
                "incident.marking.pap",
                format!("{} is no PAP label: 1 (CLEAR) to 4 (RED), or leave it out", wire.pap),
            );
            return None;
        }
    };
    let usage = match v1::Use::try_from(wire.r#use) {
        Ok(v1::Use::Unspecified) => None,
        Ok(v1::Use::Share) => Some(Use::Share),
        Ok(v1::Use::MatchOnly) => Some(Use::MatchOnly),
        Ok(v1::Use::NamedRecipientsOnly) => Some(Use::NamedRecipientsOnly),
        Err(_) => {
            bad.push(
                "incident.marking.use",
                format!(
                    "{} is no use: 1 (share), 2 (match-only), 3 (named-recipients-only), or leave it out",
                    wire.r#use
                ),
            );
            return None;
        }
    };
    let recipients = recipients(bad, &wire.recipients);
    let Some(tlp) = tlp else {
        if usage.is_some() || !recipients.is_empty() {
            bad.push(
                "incident.marking.tlp",
                "missing: a use or recipients without a TLP label say too little",
            );
        }
        return None;
    };
    let none_was_sound = recipients.is_empty() && !wire.recipients.is_empty();
    let marking = Marking::new(tlp, pap, usage, recipients);
    if none_was_sound && marking == Err(MarkingError::NoRecipients) {
        return None; // what is wrong with them is named already
    }
    bad.check("incident.marking", marking)
}

fn recipients(bad: &mut Violations, names: &[String]) -> BTreeSet<MemberId> {
    if names.len() > RECIPIENTS {
        bad.push(
            "incident.marking.recipients",
            format!("{} recipients: at most {RECIPIENTS}", names.len()),
        );
        return BTreeSet::new();
    }
    let each = names.iter().enumerate();
    each.filter_map(|(i, name)| bad.check(format!("incident.marking.recipients[{i}]"), MemberId::parse(name)))
        .collect()
}

fn countries(bad: &mut Violations, codes: &[String]) -> BTreeSet<Country> {
    if codes.is_empty() {
        bad.push(
            "incident.countries",
            "missing: name at least one affected country, ISO 3166-1 alpha-2",
        );
    }
    if codes.len() > COUNTRIES {
        bad.push(
            "incident.countries",
            format!("{} countries: at most {COUNTRIES}", codes.len()),
        );
        return BTreeSet::new();
    }
    let each = codes.iter().enumerate();
    each.filter_map(|(i, code)| bad.check(format!("incident.countries[{i}]"), Country::parse(code)))
        .collect()
}

fn sectors(bad: &mut Violations, codes: &[String]) -> BTreeSet<Sector> {
    if codes.len() > SECTORS {
        bad.push(
            "incident.sectors",
            format!("{} sectors: at most {SECTORS}", codes.len()),
        );
        return BTreeSet::new();
    }
    let each = codes.iter().enumerate();
    each.filter_map(|(i, code)| bad.check(format!("incident.sectors[{i}]"), code.parse::<Sector>()))
        .collect()
}

fn indicators(bad: &mut Violations, wire: &[v1::Indicator]) -> BTreeSet<Indicator> {
    if wire.len() > INDICATORS {
        bad.push(
            "incident.indicators",
            format!("{} indicators: at most {INDICATORS}; split the report", wire.len()),
        );
        return BTreeSet::new();
    }
    let each = wire.iter().enumerate();
    each.filter_map(|(i, wire)| indicator(bad, &format!("incident.indicators[{i}]"), wire))
        .collect()
}

/// An indicator in any form that is understood, noting what is wrong with it under `path`: `path.type`, `path.value`.
pub fn indicator(bad: &mut Violations, path: &str, wire: &v1::Indicator) -> Option<Indicator> {
    let Some(kind) = kind_from_wire(wire.r#type) else {
        bad.push(
            format!("{path}.type"),
            format!("{} is no indicator type: 1 (ip) to 20 (technique)", wire.r#type),
        );
        return None;
    };
    bad.check(format!("{path}.value"), Indicator::parse(kind, &wire.value))
}

/// Correlation looks at each indicator in each critical sector: their product is what a report costs it.
fn sector_keys(bad: &mut Violations, indicators: &BTreeSet<Indicator>, sectors: &BTreeSet<Sector>) {
    let critical = sectors.iter().filter(|sector| sector.is_critical()).count();
    let keys = indicators.len() * critical;
    if keys > SECTOR_KEYS {
        bad.push(
            "incident.sectors",
            format!(
                "{keys} combinations of an indicator and a critical sector ({} x {critical}): at most {SECTOR_KEYS}; split the report",
                indicators.len()
            ),
        );
    }
}

type Times = (Option<Timestamp>, Option<Timestamp>, Option<Timestamp>);

fn times(bad: &mut Violations, wire: &v1::Incident, now: Timestamp) -> Times {
    let mut read = |field: &str, moment: Option<&prost_types::Timestamp>| {
        let moment = bad.check(field, crate::time::from_wire(moment?))?;
        if moment > now.plus(CLOCK_SKEW_MS) {
            bad.push(
                field,
                format!("{moment} lies in the future; the installation's clock says {now}"),
            );
        }
        Some(moment)
    };
    let from = read("incident.occurred_from", wire.occurred_from.as_ref());
    let to = read("incident.occurred_to", wire.occurred_to.as_ref());
    let detected = read("incident.detected_at", wire.detected_at.as_ref());
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        bad.push(
            "incident.occurred_to",
            format!("{to} lies before occurred_from, {from}"),
        );
    }
    (from, to, detected)
}

pub(super) fn text(bad: &mut Violations, field: &str, text: &str, limit_bytes: usize) {
    if text.len() > limit_bytes {
        bad.push(field, format!("{} bytes: at most {limit_bytes}", text.len()));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        bad.push(field, "holds a control character other than line breaks and tabs");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn report(indicators: usize, sectors: impl Iterator<Item = Sector>) -> v1::Incident {
        let indicator = |n| v1::Indicator {
            r#type: v1::IndicatorType::Domain as i32,
            value: format!("bad-{n}.example"),
        };
        v1::Incident {
            report_key: "A".into(),
            incident_type: "fraud/phishing".into(),
            countries: vec!["AT".into()],
            indicators: (0..indicators).map(indicator).collect(),
            sectors: sectors.map(|sector| sector.as_str().to_owned()).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn indicators_in_critical_sectors_are_bounded_together() {
        let critical = |count| {
            Sector::ALL
                .into_iter()
                .filter(|sector| sector.is_critical())
                .take(count)
        };
        let other = || Sector::ALL.into_iter().filter(|sector| !sector.is_critical());
        let of = |indicators, sectors| parse(&report(indicators, sectors), Timestamp::from_millis(1_000));
        assert!(of(1_000, critical(2)).is_ok());
        assert!(of(400, critical(5)).is_ok());
        let found = of(401, critical(5)).unwrap_err();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].field, "incident.sectors");
        for part in ["2005 combinations", "401 x 5", "at most 2000", "split the report"] {
            assert!(found[0].description.contains(part), "{}", found[0].description);
        }
        let all = parse(&report(1_000, other()), Timestamp::from_millis(1_000));
        assert!(all.is_ok(), "other sectors make no keys");
        // The same indicator twice is one.
        let mut twice = report(400, critical(5));
        twice.indicators.extend(twice.indicators.clone());
        assert!(parse(&twice, Timestamp::from_millis(1_000)).is_ok());
    }
}
