//! What a cascade warns, as JSON and in words.

use chappe_proto::v1;
use serde::Serialize;

use super::line::millis;
use super::text::moment;
use crate::words::{count, plain};

/// What depends on the sector that is hit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CascadeLine {
    /// Each sector that is or was warned.
    pub warnings: Vec<WarningLine>,
    /// The version of the dependencies.
    pub dependencies: String,
}

/// One sector that is warned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WarningLine {
    /// From the sector that is hit to the one that is warned.
    pub path: Vec<NodeLine>,
    /// `pending`, `confirmed`, `expired`.
    pub state: &'static str,
    /// Log time by which it comes, if it does.
    pub until_ms: u64,
    /// Reports that it is hit.
    pub reports: u32,
    /// Members behind these.
    pub members: u32,
    /// Why the last depends on the one before it.
    pub why: String,
}

/// A sector in a country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeLine {
    /// NIS2 code.
    pub sector: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

impl From<&v1::Cascade> for CascadeLine {
    fn from(cascade: &v1::Cascade) -> Self {
        let node = |node: &v1::CascadeNode| NodeLine {
            sector: node.sector.clone(),
            country: node.country.clone(),
        };
        let warning = |warning: &v1::CascadeWarning| WarningLine {
            path: warning.path.iter().map(node).collect(),
            state: match v1::WarningState::try_from(warning.state) {
                Ok(v1::WarningState::Confirmed) => "confirmed",
                Ok(v1::WarningState::Expired) => "expired",
                _ => "pending",
            },
            until_ms: millis(warning.until.as_ref()),
            reports: warning.reports,
            members: warning.members,
            why: warning.why.clone(),
        };
        Self {
            warnings: cascade.warnings.iter().map(warning).collect(),
            dependencies: cascade.dependencies.clone(),
        }
    }
}

impl NodeLine {
    fn words(&self) -> String {
        format!("{} in {}", plain(&self.sector), plain(&self.country))
    }
}

impl WarningLine {
    /// `health in AT may be hit until 2026-03-02 12:04 UTC, after energy in DE: Hospitals …`
    pub(super) fn words(&self) -> String {
        let [before @ .., warned] = &self.path[..] else {
            return String::new();
        };
        let after: Vec<String> = before.iter().map(NodeLine::words).collect();
        let until = moment(self.until_ms);
        let stands = match self.state {
            "confirmed" => {
                let (reports, members) = (self.reports as usize, self.members as usize);
                format!("is hit ({} by {})", count(reports, "report"), count(members, "member"))
            }
            "expired" => format!("was not hit by {until}"),
            _ => format!("may be hit until {until}"),
        };
        format!(
            "{} {stands}, after {}: {}",
            warned.words(),
            after.join(", then "),
            plain(&self.why)
        )
    }

    /// `health in AT confirmed`
    fn news(&self) -> String {
        let warned = self.path.last().map(NodeLine::words).unwrap_or_default();
        format!("{warned} {}", self.state)
    }
}

/// What of the warnings has changed, each in a few words.
pub(super) fn changes(before: Option<&CascadeLine>, now: Option<&CascadeLine>) -> Vec<String> {
    let stands = |line: Option<&CascadeLine>, warned: &WarningLine| {
        let mut known = line.into_iter().flat_map(|line| &line.warnings);
        known.any(|known| known.path.last() == warned.path.last() && known.state == warned.state)
    };
    let now = now.into_iter().flat_map(|line| &line.warnings);
    now.filter(|warned| !stands(before, warned))
        .map(WarningLine::news)
        .collect()
}
