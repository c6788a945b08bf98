//! What is behind an alert: the reports that may be shown, and why they are linked.

use std::fmt::Write;

use chappe_proto::v1;
use serde::Serialize;

use super::{AlertLine, millis, moment};
use crate::words::{self, count, plain};

/// What `GetAlert` tells beside the alert. Times are log time, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BehindLine {
    /// The reports behind it: the 100 lowest by (time, id) that may be shown.
    pub evidence: Vec<EvidenceLine>,
    /// Of a campaign: what links them.
    pub links: Vec<LinkLine>,
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EvidenceLine {
    /// Names the report to this viewer only.
    pub handle: String,
    /// When it counted.
    pub seen_at_ms: u64,
    /// ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
    /// RSIT.
    pub incident_type: String,
    /// `info` to `critical`.
    pub severity: &'static str,
    /// `incidents/{id}` of the viewer's own, else empty.
    pub incident: String,
}

/// Two reports that share something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkLine {
    /// Its handle.
    pub earlier: String,
    /// Its handle.
    pub later: String,
    /// When the later one said what they share.
    pub linked_at_ms: u64,
    /// The sum of the values' weights, in thousandths.
    pub weight_milli: u32,
    /// What they share, heaviest first.
    pub shared: Vec<SharedLine>,
}

/// A value that two reports share: its weight is prior × rarity × decay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SharedLine {
    /// Canonical.
    pub value: String,
    /// Reports that carried it.
    pub document_frequency: u32,
    /// In thousandths.
    pub prior_milli: u32,
    /// In thousandths.
    pub rarity_milli: u32,
    /// In thousandths.
    pub decay_milli: u32,
    /// In thousandths.
    pub weight_milli: u32,
}

impl From<&v1::GetAlertResponse> for BehindLine {
    fn from(answer: &v1::GetAlertResponse) -> Self {
        Self {
            evidence: answer.evidence.iter().map(EvidenceLine::from).collect(),
            links: answer.links.iter().map(LinkLine::from).collect(),
        }
    }
}

impl From<&v1::Evidence> for EvidenceLine {
    fn from(report: &v1::Evidence) -> Self {
        Self {
            handle: report.handle.clone(),
            seen_at_ms: millis(report.seen_at.as_ref()),
            countries: report.countries.clone(),
            incident_type: report.incident_type.clone(),
            severity: words::severity(report.severity),
            incident: report.incident.clone(),
        }
    }
}

impl From<&v1::CampaignLink> for LinkLine {
    fn from(link: &v1::CampaignLink) -> Self {
        let shared = |value: &v1::SharedValue| SharedLine {
            value: value.value.clone(),
            document_frequency: value.document_frequency,
            prior_milli: value.prior_milli,
            rarity_milli: value.rarity_milli,
            decay_milli: value.decay_milli,
            weight_milli: value.weight_milli,
        };
        Self {
            earlier: link.earlier.clone(),
            later: link.later.clone(),
            linked_at_ms: millis(link.linked_at.as_ref()),
            weight_milli: link.weight_milli,
            shared: link.shared.iter().map(shared).collect(),
        }
    }
}

impl BehindLine {
    /// For people, below the alert itself; a line break behind each line.
    pub(crate) fn text(&self, alert: &AlertLine) -> String {
        let mut out = String::new();
        let shown = self.evidence.len();
        if shown > 0 {
            let of = alert.reports as usize;
            let some = if shown < of { format!(" of {of}") } else { String::new() };
            let _ = writeln!(out, "  {}{some} behind it", count(shown, "report")); // writing to a String cannot fail
        }
        for report in &self.evidence {
            let _ = writeln!(out, "    {}", report.words()); // writing to a String cannot fail
        }
        if !self.links.is_empty() {
            let _ = writeln!(out, "  {}", count(self.links.len(), "link")); // writing to a String cannot fail
        }
        for link in &self.links {
            let _ = writeln!(out, "    {}", link.words()); // writing to a String cannot fail
        }
        out
    }
}

impl EvidenceLine {
    fn words(&self) -> String {
        let countries: Vec<String> = self.countries.iter().map(|country| plain(country)).collect();
        let own = if self.incident.is_empty() {
            String::new()
        } else {
            format!("  yours: {}", plain(&self.incident))
        };
        format!(
            "{}  {}  {}  {}  {}{own}",
            moment(self.seen_at_ms),
            plain(&self.handle),
            countries.join(","),
            self.severity,
            plain(&self.incident_type)
        )
    }
}

impl LinkLine {
    fn words(&self) -> String {
        let value = |shared: &SharedLine| {
            format!(
                "{} {} (prior {} × rarity {} × decay {}; in {})",
                plain(&shared.value),
                thousandths(shared.weight_milli),
                thousandths(shared.prior_milli),
                thousandths(shared.rarity_milli),
                thousandths(shared.decay_milli),
                count(shared.document_frequency as usize, "report")
            )
        };
        let shared: Vec<String> = self.shared.iter().map(value).collect();
        format!(
            "{} – {}  weight {}: {}",
            plain(&self.earlier),
            plain(&self.later),
            thousandths(self.weight_milli),
            shared.join(", ")
        )
    }
}

fn thousandths(milli: u32) -> String {
    format!("{}.{:03}", milli / 1_000, milli % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_and_links_are_told_a_line_each_and_no_more_of_others_than_their_handles() {
        let report = |handle: &str, incident: &str| v1::Evidence {
            handle: handle.into(),
            countries: vec!["AT".into(), "DE".into()],
            incident_type: "fraud/phishing".into(),
            severity: v1::Severity::High as i32,
            incident: incident.into(),
            ..v1::Evidence::default()
        };
        let shared = v1::SharedValue {
            value: "domain:bad.example".into(),
            document_frequency: 3,
            prior_milli: 900,
            rarity_milli: 500,
            decay_milli: 1_000,
            weight_milli: 450,
        };
        let answer = v1::GetAlertResponse {
            alert: Some(v1::Alert {
                counts: Some(v1::Counts {
                    reports: 5,
                    ..v1::Counts::default()
                }),
                ..v1::Alert::default()
            }),
            evidence: vec![report("h1", "incidents/7"), report("h2", "")],
            links: vec![v1::CampaignLink {
                earlier: "h1".into(),
                later: "h2".into(),
                weight_milli: 450,
                shared: vec![shared],
                ..v1::CampaignLink::default()
            }],
        };
        let alert = AlertLine::from(answer.alert.as_ref().unwrap());
        let text = BehindLine::from(&answer).text(&alert);
        assert_eq!(
            text,
            "  2 reports of 5 behind it
    1970-01-01 00:00 UTC  h1  AT,DE  high  fraud/phishing  yours: incidents/7
    1970-01-01 00:00 UTC  h2  AT,DE  high  fraud/phishing
  1 link
    h1 – h2  weight 0.450: domain:bad.example 0.450 (prior 0.900 × rarity 0.500 × decay 1.000; in 3 reports)
"
        );
    }
}
