//! What a report says for its own record.

use std::collections::BTreeSet;
use std::str::FromStr;

use chappe_model::limits::{CLOCK_SKEW_MS, MITIGATION_BYTES, SUBSECTORS};
use chappe_model::{Notification, Particulars, Sector, Stage, Timestamp};

use super::submission::text;
use crate::violations::Violations;
use crate::{time, v1};

/// Takes it off a message, whether it was submitted or stands in the log.
pub(super) fn read(bad: &mut Violations, wire: &v1::Incident) -> Particulars {
    let subsectors = if wire.subsectors.len() > SUBSECTORS {
        let count = wire.subsectors.len();
        bad.push(
            "incident.subsectors",
            format!("{count} subsectors: at most {SUBSECTORS}"),
        );
        BTreeSet::new()
    } else {
        let each = wire.subsectors.iter().enumerate();
        each.filter_map(|(i, code)| bad.check(format!("incident.subsectors[{i}]"), code.parse()))
            .collect()
    };
    Particulars {
        subsectors,
        confidence: word(bad, "incident.confidence", &wire.confidence),
        notification: wire
            .notification
            .as_ref()
            .and_then(|wire| notification(bad, wire))
            .map(Box::new),
    }
}

/// A word, or none where it is left out.
fn word<T: FromStr<Err: ToString>>(bad: &mut Violations, field: &str, text: &str) -> Option<T> {
    (!text.is_empty()).then(|| bad.check(field, text.parse())).flatten()
}

fn notification(bad: &mut Violations, wire: &v1::Notification) -> Option<Notification> {
    let field = |name: &str| format!("incident.notification.{name}");
    let mut moment = |name: &str, wire: Option<&prost_types::Timestamp>| bad.check(field(name), time::from_wire(wire?));
    let (aware_at, handled_at) = (
        moment("aware_at", wire.aware_at.as_ref()),
        moment("handled_at", wire.handled_at.as_ref()),
    );
    if wire.aware_at.is_none() {
        bad.push(
            field("aware_at"),
            "missing: deadlines run from when the entity became aware",
        );
    }
    // An empty word is told with those that there are.
    let stage = bad.check(field("stage"), wire.stage.parse::<Stage>());
    let (root_cause, threat) = (
        word(bad, &field("root_cause"), &wire.root_cause),
        word(bad, &field("threat_severity"), &wire.threat_severity),
    );
    let (impact, outlook) = (
        word(bad, &field("impact"), &wire.impact),
        word(bad, &field("outlook"), &wire.outlook),
    );
    text(bad, &field("mitigation"), &wire.mitigation, MITIGATION_BYTES);
    Some(Notification {
        stage: stage?,
        aware_at: aware_at?,
        suspected_malicious: wire.suspected_malicious,
        cross_border: wire.cross_border,
        root_cause,
        threat,
        impact,
        outlook,
        mitigation: wire.mitigation.clone(),
        users_affected: wire.users_affected,
        handled_at,
    })
}

/// What a submission must not say, and what its stage must.
pub(super) fn judge(bad: &mut Violations, particulars: &Particulars, sectors: &BTreeSet<Sector>, now: Timestamp) {
    for subsector in &particulars.subsectors {
        let sector = subsector.sector();
        if !sectors.contains(&sector) {
            bad.push(
                "incident.subsectors",
                format!("{subsector} is of the sector {sector}, which the report does not name"),
            );
        }
    }
    let Some(notification) = &particulars.notification else {
        return;
    };
    let field = |name: &str| format!("incident.notification.{name}");
    let moments = [
        ("aware_at", Some(notification.aware_at)),
        ("handled_at", notification.handled_at),
    ];
    for (name, moment) in moments.into_iter().filter_map(|(name, moment)| Some((name, moment?))) {
        if moment > now.plus(CLOCK_SKEW_MS) {
            bad.push(
                field(name),
                format!("{moment} lies in the future; the installation's clock says {now}"),
            );
        }
    }
    if let Some(handled) = notification
        .handled_at
        .filter(|handled| *handled < notification.aware_at)
    {
        bad.push(
            field("handled_at"),
            format!("{handled} lies before aware_at, {}", notification.aware_at),
        );
    }
    if notification.stage == Stage::Notification && notification.impact.is_none() {
        bad.push(
            field("impact"),
            "missing: a notification assesses the impact (NIS2 Art. 23(4)(b))",
        );
    }
    if notification.stage == Stage::Final {
        if notification.root_cause.is_none() {
            bad.push(
                field("root_cause"),
                "missing: a final report says the root cause (NIS2 Art. 23(4)(d))",
            );
        }
        if notification.mitigation.is_empty() {
            bad.push(
                field("mitigation"),
                "missing: a final report says what was done against it (NIS2 Art. 23(4)(d))",
            );
        }
    }
}

/// A notification on the wire; with its deadlines where the report is told, which it was at `reported_at`.
pub(super) fn notification_to_wire(notification: &Notification, reported_at: Option<Timestamp>) -> v1::Notification {
    let due = reported_at.map(|at| notification.deadlines(at));
    let word = |word: Option<&'static str>| word.unwrap_or_default().to_owned();
    v1::Notification {
        stage: notification.stage.as_str().to_owned(),
        aware_at: Some(time::to_wire(notification.aware_at)),
        suspected_malicious: notification.suspected_malicious,
        cross_border: notification.cross_border,
        root_cause: word(notification.root_cause.map(|one| one.as_str())),
        threat_severity: word(notification.threat.map(|one| one.as_str())),
        impact: word(notification.impact.map(|one| one.as_str())),
        outlook: word(notification.outlook.map(|one| one.as_str())),
        mitigation: notification.mitigation.clone(),
        users_affected: notification.users_affected,
        handled_at: notification.handled_at.map(time::to_wire),
        early_warning_due: due.map(|due| time::to_wire(due.early_warning)),
        notification_due: due.map(|due| time::to_wire(due.notification)),
        final_report_due: due.map(|due| time::to_wire(due.final_report)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::incident::parse;

    const NOW: Timestamp = Timestamp::from_millis(1_772_500_000_000);

    fn report(notification: v1::Notification) -> v1::Incident {
        v1::Incident {
            report_key: "A".into(),
            incident_type: "fraud/phishing".into(),
            countries: vec!["AT".into()],
            sectors: vec!["energy".into()],
            subsectors: vec!["electricity".into()],
            confidence: "b2".into(),
            notification: Some(notification),
            ..v1::Incident::default()
        }
    }

    fn stage(name: &str) -> v1::Notification {
        v1::Notification {
            stage: name.into(),
            aware_at: Some(time::to_wire(NOW.minus(1_000))),
            cross_border: Some(false),
            ..v1::Notification::default()
        }
    }

    fn faults(report: &v1::Incident) -> Vec<String> {
        let found = parse(report, NOW).unwrap_err().into_iter();
        found
            .map(|fault| format!("{}: {}", fault.field, fault.description))
            .collect()
    }

    #[test]
    fn what_a_stage_says_is_read_and_written() {
        let mut said = stage("final");
        (said.root_cause, said.mitigation) = ("human-errors".into(), "patched".into());
        (said.impact, said.users_affected) = ("green".into(), Some(7));
        let mut bad = Violations::default();
        let read = read(&mut bad, &report(said.clone()));
        assert!(bad.is_empty() && parse(&report(said.clone()), NOW).is_ok());
        assert_eq!(read.confidence.unwrap().to_string(), "B2");
        let notification = read.notification.unwrap();
        assert_eq!(
            (notification.cross_border, notification.suspected_malicious),
            (Some(false), None)
        );
        assert_eq!(notification_to_wire(&notification, None), said);
        let told = notification_to_wire(&notification, Some(NOW));
        assert_eq!(
            told.early_warning_due,
            Some(time::to_wire(NOW.plus(86_400_000 - 1_000)))
        );
    }

    #[test]
    fn a_fault_is_told_with_its_path() {
        for (name, field) in [
            ("notification", "impact"),
            ("final", "root_cause"),
            ("final", "mitigation"),
        ] {
            let found = faults(&report(stage(name)));
            assert!(
                found
                    .iter()
                    .any(|fault| fault.starts_with(&format!("incident.notification.{field}: missing"))),
                "{found:?}"
            );
        }
        let mut odd = report(stage(""));
        odd.subsectors = vec!["rail".into(), "oli".into()];
        odd.confidence = "Z9".into();
        let said = odd.notification.as_mut().unwrap();
        said.aware_at = None;
        said.outlook = "good".into();
        let found = faults(&odd).join("\n");
        for part in [
            "incident.subsectors[1]: \"oli\" is not a NIS2 subsector",
            "incident.confidence: \"Z9\" is no grade",
            "incident.notification.aware_at: missing",
            "incident.notification.stage: \"\" is no stage of NIS2 Art. 23: give one of early-warning",
            "incident.notification.outlook: \"good\" is no outlook",
        ] {
            assert!(found.contains(part), "{part} in {found}");
        }
        let mut elsewhere = report(stage("early-warning"));
        elsewhere.subsectors = vec!["rail".into()];
        assert_eq!(
            faults(&elsewhere),
            ["incident.subsectors: rail is of the sector transport, which the report does not name"]
        );
        let mut early = stage("early-warning");
        early.handled_at = Some(time::to_wire(NOW.minus(9_000)));
        assert!(faults(&report(early))[0].contains("lies before aware_at"));
        let mut late = stage("early-warning");
        late.aware_at = Some(time::to_wire(NOW.plus(86_400_000)));
        assert!(faults(&report(late))[0].contains("incident.notification.aware_at: "));
    }
}
