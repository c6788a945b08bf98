//! The values that a field can have: what is written must be one of them, or the rule would never match.

use chappe_model::{Country, Indicator, IndicatorKind, Pap, Rsit, Sector, Severity, Subject, Tlp, Use};

use crate::nearest::suggestion;
use crate::values::cut;

/// In ascending order where there is one.
const SEVERITIES: [Severity; 5] = [
    Severity::Info,
    Severity::Low,
    Severity::Medium,
    Severity::High,
    Severity::Critical,
];
const TLPS: [Tlp; 5] = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];
const PAPS: [Pap; 4] = [Pap::Clear, Pap::Green, Pap::Amber, Pap::Red];
const USES: [Use; 3] = [Use::Share, Use::MatchOnly, Use::NamedRecipientsOnly];

/// Every value of a field that has a list of them, in ascending order where there is one.
pub(super) fn closed(subject: Subject) -> Option<Vec<&'static str>> {
    Some(match subject {
        Subject::Sector => Sector::ALL.map(Sector::as_str).to_vec(),
        Subject::CriticalSector => {
            let critical = Sector::ALL.into_iter().filter(|sector| sector.is_critical());
            critical.map(Sector::as_str).collect()
        }
        Subject::IncidentType => Rsit::all().map(Rsit::as_str).collect(),
        Subject::IncidentClass => {
            let mut classes: Vec<&str> = Rsit::all().map(Rsit::class).collect();
            classes.dedup();
            classes
        }
        Subject::Severity => SEVERITIES.map(Severity::as_str).to_vec(),
        Subject::Tlp => TLPS.map(Subject::of_tlp).to_vec(),
        Subject::Pap => PAPS.map(Subject::of_pap).to_vec(),
        Subject::Use => USES.map(Subject::of_use).to_vec(),
        Subject::Exercise => vec!["true", "false"],
        Subject::Indicator | Subject::IndicatorOf(_) | Subject::Country | Subject::Title => return None,
    })
}

/// The value as reports hold it.
pub(super) fn canonical(subject: Subject, text: &str) -> Result<String, String> {
    let lower = text.to_lowercase();
    match subject {
        Subject::Title => Ok(text.to_owned()),
        Subject::Country => {
            let country = Country::parse(text).map_err(|error| error.to_string())?;
            Ok(country.as_str().to_owned())
        }
        Subject::IndicatorOf(kind) => {
            let indicator = Indicator::parse(kind, text).map_err(|error| error.to_string())?;
            Ok(indicator.value().to_owned())
        }
        Subject::Indicator => {
            let indicator: Indicator = text.parse().map_err(|error| format!("{error}"))?;
            if indicator.kind().is_personal() {
                return Err(pseudonyms(indicator.kind()));
            }
            Ok(indicator.to_string())
        }
        Subject::Sector => {
            let sector: Sector = lower.parse().map_err(|_| unknown(subject, text))?;
            Ok(sector.as_str().to_owned())
        }
        Subject::CriticalSector => {
            let sector = lower.parse::<Sector>().ok().filter(|sector| sector.is_critical());
            Ok(sector.ok_or_else(|| unknown(subject, text))?.as_str().to_owned())
        }
        Subject::IncidentType => {
            let rsit: Rsit = lower.parse().map_err(|error| format!("{error}"))?;
            Ok(rsit.as_str().to_owned())
        }
        Subject::Tlp => {
            let tlp: Tlp = text.parse().map_err(|_| unknown(subject, text))?;
            Ok(Subject::of_tlp(tlp).to_owned())
        }
        Subject::Pap => {
            let pap: Pap = text.parse().map_err(|_| unknown(subject, text))?;
            Ok(Subject::of_pap(pap).to_owned())
        }
        Subject::IncidentClass | Subject::Severity | Subject::Use | Subject::Exercise => {
            let known = closed(subject).unwrap_or_default().contains(&lower.as_str());
            if known { Ok(lower) } else { Err(unknown(subject, text)) }
        }
    }
}

/// Why nothing is compared with values of a personal kind.
pub(super) fn pseudonyms(kind: IndicatorKind) -> String {
    format!("values of '{kind}' are stored as pseudonyms that nothing written meets; '{kind}|exists' can be asked")
}

/// What a field cannot be, and what it can.
pub(super) fn unknown(subject: Subject, text: &str) -> String {
    let right = closed(subject).unwrap_or_default();
    format!(
        "'{}' is no value of '{}'{}",
        cut(text),
        subject.as_str(),
        suggestion(text, right)
    )
}
