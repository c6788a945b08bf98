use std::sync::Arc;

use chappe_model::{AlertKind, Condition, Field, Measure, Rule, Source, WidestAudience};
use serde::Serialize;

use super::warning::WarningList;

/// The id of the rule under which campaigns are told: alert ids rest on it.
pub const CAMPAIGN_RULE: &str = "campaign";

/// A day in milliseconds.
const DAY_MS: u64 = 24 * 3600 * 1000;

/// Links that one revision makes, at most: the strongest.
pub(super) const LINKS: usize = 12;
/// Of these, links to reports of one member, at most: so none crowds out the others.
pub(super) const LINKS_TO_MEMBER: usize = 3;
/// Values that count in one link, at most: the heaviest.
pub(super) const SHARED: usize = 16;
/// Members that together can weld nothing: one fewer than an alert to every member needs.
pub(super) const FEW: usize = chappe_model::limits::EU_MEMBERS - 1;
/// Incidents that make a cluster something that must not be welded to another.
pub(super) const SOMETHING: usize = 1;
/// Values of at least this prior, in thousandths, tell that a report belongs to a campaign, or that two clusters do: addresses, names, files and what else an
/// attacker owns.
pub(super) const TELLING: u32 = 400;
/// Values of less than this prior, in thousandths, two campaigns may share by chance: addresses, names and what malware brings
/// along.
pub(super) const BY_CHANCE: u32 = 800;
/// Telling values that a report must share with a campaign to be taken into it.
pub(super) const KNOWN: usize = 2;
/// Values whose evidence for a join of two clusters is kept, at most.
pub(super) const EVIDENCE_VALUES: usize = 256;

/// How linking judges. The defaults are what figures are reported on (`docs/linking.md`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkPolicy {
    /// Two reports further apart than this are not linked, and document frequency looks back so far, in milliseconds.
    pub window_ms: u64,
    /// A revision counts up to the window and this after its incident's first report, in milliseconds.
    pub lateness_ms: u64,
    /// A link holds from this weight on, in thousandths.
    pub threshold_milli: u32,
    /// Below that, from this weight on, a link joins nothing, but is evidence for a join of two clusters, in thousandths.
    pub evidence_milli: u32,
    /// Of each member so many reports count in the document frequency of a value, and may be linked to by it: the last ones. So one member
    /// makes no value common, and hides no other member's reports.
    pub per_member: usize,
    /// At most so many reports are linked to by one value: the last ones.
    pub candidates: usize,
    /// Two clusters that both hold more incidents than this are not joined until a person decides.
    pub guard: usize,
    /// A campaign is told from so many incidents on.
    pub least_incidents: usize,
    /// A campaign is told from so many members on.
    pub least_members: usize,
    /// Span in which a campaign's countries and sectors are counted, in milliseconds.
    pub cross_ms: u64,
    /// Attested countries, or sectors, in that span that make a campaign cross-border, or cross-sector.
    pub cross_at_least: usize,
    /// Values that link nothing.
    pub warning_lists: Vec<WarningList>,
}

impl Default for LinkPolicy {
    fn default() -> Self {
        Self {
            window_ms: 30 * DAY_MS,
            lateness_ms: 300_000,
            threshold_milli: 500,
            evidence_milli: 250,
            per_member: 3,
            candidates: 96,
            guard: 50,
            least_incidents: 3,
            least_members: 2,
            cross_ms: DAY_MS,
            cross_at_least: 3,
            warning_lists: vec![],
        }
    }
}

impl LinkPolicy {
    /// How long after an incident's first report a revision of it still counts, in milliseconds.
    #[must_use]
    pub fn horizon_ms(&self) -> u64 {
        self.window_ms.saturating_add(self.lateness_ms)
    }

    /// How long after its first report an incident may still be linked to, in milliseconds: what its last revision said may be shared one
    /// window later.
    #[must_use]
    pub fn settled_ms(&self) -> u64 {
        self.horizon_ms().saturating_add(self.window_ms)
    }

    /// The rule as it stands in alerts.
    #[must_use]
    pub fn rule(&self) -> Rule {
        Rule {
            id: CAMPAIGN_RULE.into(),
            version: 1,
            kind: AlertKind::Campaign,
            sources: vec![Source::any()],
            group_by: vec![Field::Indicator],
            when: Condition::plain(
                Measure::Distinct(Field::Reporter),
                u32::try_from(self.least_members).unwrap_or(u32::MAX),
                self.window_ms,
            ),
            quota: 0,
            widest_audience: WidestAudience::Eu,
            condition: format!(
                "{} or more incidents of {} or more members, joined by links of weight {} thousandths or more",
                self.least_incidents, self.least_members, self.threshold_milli
            )
            .into(),
            advice: vec![
                Arc::from("Search your constituency's logs for the indicators of the campaign."),
                Arc::from("Compare your open incidents with it, and report what belongs to it."),
            ],
        }
    }
}
