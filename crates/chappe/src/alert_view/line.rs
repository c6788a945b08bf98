//! An alert as JSON. The fields are a promise of `docs/quickstart.md`: they may be joined by others, never change.

use chappe_proto::v1;
use serde::Serialize;

use super::cascade::CascadeLine;
use super::{DecisionLine, HitLine};
use crate::words;

/// An alert revision in words. Times are log time, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertLine {
    /// `alerts/{id}`.
    pub id: String,
    /// Rises with every change.
    pub revision: u32,
    /// `cross-border`, `urgent`, …
    pub kind: &'static str,
    /// `open`, `resolved`, `retracted`, `superseded`.
    pub state: &'static str,
    /// `info` to `critical`.
    pub severity: &'static str,
    /// `eu`, `countries`, `recipients`, `reporter`.
    pub audience: &'static str,
    /// For the audience `countries`.
    pub audience_countries: Vec<String>,
    /// `TLP:AMBER`, …
    pub tlp: &'static str,
    /// `PAP:AMBER`, …
    pub pap: &'static str,
    /// `share` or `named-recipients-only`.
    #[serde(rename = "use")]
    pub usage: &'static str,
    /// Of named recipients.
    pub recipients: Vec<String>,
    /// What the reports share.
    pub key: Vec<KeyLine>,
    /// ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
    /// NIS2 codes.
    pub sectors: Vec<String>,
    /// RSIT.
    pub incident_types: Vec<String>,
    /// Reports that stand.
    pub reports: u32,
    /// Of these, never shown.
    pub unlisted: u32,
    /// Members among them.
    pub members: u32,
    /// Names the contributing set.
    pub digest: String,
    /// First contributing report.
    pub first_seen_ms: u64,
    /// Last contributing report.
    pub last_seen_ms: u64,
    /// This revision.
    pub revised_at_ms: u64,
    /// Raised by exercise traffic.
    pub exercise: bool,
    /// `alerts/{id}`, or empty.
    pub superseded_by: String,
    /// Why.
    pub why: WhyLine,
    /// What to do.
    pub advice: Vec<String>,
    /// One member's word.
    pub uncorroborated: bool,
    /// Waits for a person at the hub.
    pub held: bool,
    /// What members judged of it, known when it was told.
    pub decisions: Vec<DecisionLine>,
    /// What of the viewer's own constituency it hits.
    pub hits: Vec<HitLine>,
}

/// One field of what the reports share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyLine {
    /// Such as `indicator`.
    pub field: String,
    /// Canonical.
    pub value: String,
    /// Safe to paste.
    pub defanged: String,
}

/// The rule and its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhyLine {
    /// Rule id.
    pub rule: String,
    /// Its version.
    pub version: u32,
    /// In words.
    pub condition: String,
    /// What was counted.
    pub field: String,
    /// What was found.
    pub values: Vec<String>,
    /// What was needed.
    pub threshold: u32,
    /// Log time.
    pub window_seconds: u32,
    /// The most that was counted in a window where the rule holds.
    pub peak: u32,
    /// Times the rule fired.
    pub fires: u32,
    /// Of a surge: what it stands out from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surge: Option<SurgeLine>,
    /// Of a cascade: what depends on the sector that is hit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cascade: Option<CascadeLine>,
}

/// What a surge stands out from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SurgeLine {
    /// Width of a bin.
    pub bin_seconds: u32,
    /// The last bins, the oldest first.
    pub bins: Vec<SurgeBinLine>,
    /// How much it stands out, in thousandths of a natural logarithm.
    pub score_milli: u32,
    /// What the score must be above.
    pub threshold_milli: u32,
    /// So many alerts a year come for no reason, over all series.
    pub false_alarms_per_year: u32,
    /// Which lesson the expectation rests on.
    pub lesson: u32,
    /// The countries that stand out together in one bin, where it is they that make the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub together: Option<SurgeSetLine>,
}

/// Countries that each stand out a little in one bin, and together much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SurgeSetLine {
    /// Where the bin begins.
    pub begins_ms: u64,
    /// So many countries.
    pub countries: u32,
    /// Of so many that are watched.
    pub watched: u32,
    /// Each at least so much, as minus the logarithm of a probability, in thousandths.
    pub surprise_milli: u32,
    /// Each in whichever of so many sectors it stands out most; 0 where only the series itself was looked at.
    pub sectors: u32,
}

/// One bin of a surge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SurgeBinLine {
    /// Where it begins.
    pub begins_ms: u64,
    /// Incidents in it.
    pub reports: u32,
    /// What was to be expected, in thousandths.
    pub expected_milli: u64,
    /// What chance brings once in a hundred bins.
    pub unusual_from: u32,
}

impl From<&v1::Surge> for SurgeLine {
    fn from(surge: &v1::Surge) -> Self {
        let bin = |bin: &v1::SurgeBin| SurgeBinLine {
            begins_ms: millis(bin.begins_at.as_ref()),
            reports: bin.reports,
            expected_milli: bin.expected_milli,
            unusual_from: bin.unusual_from,
        };
        Self {
            bin_seconds: surge.bin_seconds,
            bins: surge.bins.iter().map(bin).collect(),
            score_milli: surge.score_milli,
            threshold_milli: surge.threshold_milli,
            false_alarms_per_year: surge.false_alarms_per_year,
            lesson: surge.lesson,
            together: surge.together.as_ref().map(|set| SurgeSetLine {
                begins_ms: millis(set.begins_at.as_ref()),
                countries: set.countries,
                watched: set.watched,
                surprise_milli: set.surprise_milli,
                sectors: set.sectors,
            }),
        }
    }
}

impl From<&v1::Alert> for AlertLine {
    fn from(alert: &v1::Alert) -> Self {
        let marking = alert.marking.clone().unwrap_or_default();
        let counts = alert.counts.unwrap_or_default();
        let why = alert.explanation.clone().unwrap_or_default();
        Self {
            id: alert.name.clone(),
            revision: alert.revision,
            kind: words::kind(alert.kind),
            state: words::state(alert.state),
            severity: words::severity(alert.severity),
            audience: words::audience(alert.audience),
            audience_countries: alert.audience_countries.clone(),
            tlp: words::tlp(marking.tlp),
            pap: words::pap(marking.pap),
            usage: words::usage(marking.r#use),
            recipients: marking.recipients,
            key: alert.key.iter().map(KeyLine::from).collect(),
            countries: alert.countries.clone(),
            sectors: alert.sectors.clone(),
            incident_types: alert.incident_types.clone(),
            reports: counts.reports,
            unlisted: counts.unlisted,
            members: counts.members,
            digest: alert.digest.clone(),
            first_seen_ms: millis(alert.first_seen.as_ref()),
            last_seen_ms: millis(alert.last_seen.as_ref()),
            revised_at_ms: millis(alert.revised_at.as_ref()),
            exercise: alert.exercise,
            superseded_by: alert.superseded_by.clone(),
            why: WhyLine {
                rule: why.rule_id,
                version: why.rule_version,
                condition: why.condition,
                field: why.field,
                values: why.values,
                threshold: why.threshold,
                window_seconds: why.window_seconds,
                peak: why.peak,
                fires: why.fires,
                surge: why.surge.as_ref().map(SurgeLine::from),
                cascade: why.cascade.as_ref().map(CascadeLine::from),
            },
            advice: alert.advice.clone(),
            uncorroborated: alert.uncorroborated,
            held: alert.held,
            decisions: alert.decisions.iter().map(DecisionLine::from).collect(),
            hits: alert.hits.iter().map(HitLine::from).collect(),
        }
    }
}

impl From<&v1::KeyField> for KeyLine {
    fn from(key: &v1::KeyField) -> Self {
        Self {
            field: key.field.clone(),
            value: key.value.clone(),
            defanged: key.defanged.clone(),
        }
    }
}

/// Milliseconds since 1970; 0 for no moment.
pub(crate) fn millis(moment: Option<&prost_types::Timestamp>) -> u64 {
    moment
        .and_then(|moment| chappe_proto::time::from_wire(moment).ok())
        .map_or(0, |at| at.as_millis())
}
