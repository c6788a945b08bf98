use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    AlertId, Campaign, Cascade, CascadeNode, Compartment, Country, CountrySet, Digest, IncidentId, KeyHash, MemberId,
    Pap, Rsit, Rule, Sector, Severity, Surge, Timestamp, Tlp, WarningState,
};

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// Linked incidents.
    Campaign,
    /// More than usual.
    Surge,
    /// The same in several countries.
    CrossBorder,
    /// About to reach other sectors.
    Cascade,
    /// A rule of the operator's.
    Rule,
    /// One report that says critical.
    Urgent,
    /// Written by people.
    Advisory,
}

impl AlertKind {
    /// Its name, as shown and as asked for.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Surge => "surge",
            Self::CrossBorder => "cross-border",
            Self::Cascade => "cascade",
            Self::Rule => "rule",
            Self::Urgent => "urgent",
            Self::Advisory => "advisory",
        }
    }
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AlertState {
    /// It holds now.
    Open,
    /// It held; its window has passed.
    Resolved,
    /// It does not hold: the reports behind it were withdrawn or corrected, or came to more than the rule allows. Nobody is told so who was not
    /// told that it held (ADR 0007).
    Retracted,
    /// Another alert carries it on.
    Superseded(AlertId),
}

impl AlertState {
    /// Its name, as shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Retracted => "retracted",
            Self::Superseded(_) => "superseded",
        }
    }
}

/// Who is told. Rests on all that was ever said, so it does not shrink when a report is withdrawn: a correction reaches everyone the alert
/// reached. The one exception is an urgent report that turns out to be over its reporter's quota (ADR 0006).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// Every member.
    Eu,
    /// Members of these countries, and the hub.
    Countries(CountrySet),
    /// The compartment's recipients.
    Recipients,
    /// The reporter and the hub's duty officer.
    Reporter(MemberId),
}

/// One report behind an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Which.
    pub incident: IncidentId,
    /// By whom: never shown to others.
    pub reporter: MemberId,
    /// Log time at which it counted.
    pub time: Timestamp,
    /// Countries it names.
    pub countries: CountrySet,
    /// Its RSIT type.
    pub incident_type: Rsit,
    /// Its severity.
    pub severity: Severity,
}

/// Sizes of the contributing set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Reports that stand.
    pub reports: u32,
    /// Of these, reports that may never be shown.
    pub unlisted: u32,
    /// Distinct members among them.
    pub members: u32,
}

/// One field of what the reports of an alert share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyField {
    /// Such as `indicator`, `sector`, `reporter`.
    pub field: Arc<str>,
    /// Canonical value.
    pub value: Arc<str>,
}

/// A finding, whole: one revision of one alert. Two revisions that say the same are equal but for `revision`, `revised_at` and `epoch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Never changes.
    pub id: AlertId,
    /// Rises with every change.
    pub revision: u32,
    /// Log time of this revision.
    pub revised_at: Timestamp,
    /// Fencing epoch of the owner that wrote it.
    pub epoch: u64,
    /// Where it stands.
    pub state: AlertState,
    /// The rule in force.
    pub rule: Arc<Rule>,
    /// Where the reports behind it may have influence.
    pub compartment: Compartment,
    /// Hash of the correlation key.
    pub key_hash: KeyHash,
    /// What the reports share.
    pub key: Arc<[KeyField]>,
    /// First fire: identity rests on it.
    pub anchor: (Timestamp, IncidentId),
    /// Last fire.
    pub last_fire: Timestamp,
    /// Who is told.
    pub audience: Audience,
    /// Highest severity among the reports that stand and may be listed.
    pub severity: Severity,
    /// Strictest TLP among the reports that stand.
    pub tlp: Tlp,
    /// Strictest PAP among the reports that stand.
    pub pap: Pap,
    /// Attested countries; for an urgent alert, those the report names.
    pub countries: CountrySet,
    /// Sectors named by reports that may be listed.
    pub sectors: BTreeSet<Sector>,
    /// Types of the reports that may be listed.
    pub incident_types: BTreeSet<Rsit>,
    /// Sizes.
    pub counts: Counts,
    /// Names the contributing set.
    pub digest: Digest,
    /// The 100 lowest contributing reports by (time, id) that may be listed.
    pub evidence: Arc<[Evidence]>,
    /// What was found: the counted values, sorted.
    pub values: Vec<Arc<str>>,
    /// The most that the rule measured in a window where it holds: what it fired on. Zero where it holds in none.
    pub peak: u32,
    /// How many times the rule fired in this episode.
    pub fires: u32,
    /// Log time of the first report that stands.
    pub first_seen: Timestamp,
    /// Log time of the last.
    pub last_seen: Timestamp,
    /// Over its reporter's quota: waits for a person at the hub.
    pub held: bool,
    /// Of a campaign: why its reports belong together.
    pub campaign: Option<Box<Campaign>>,
    /// Of a surge: what it stands out from.
    pub surge: Option<Box<Surge>>,
    /// Of a cascade: what depends on the sector that is hit.
    pub cascade: Option<Box<Cascade>>,
}

impl Alert {
    /// Whether it is about more reports than fall to one key: a campaign, a surge or a cascade.
    #[must_use]
    pub fn is_of_the_whole(&self) -> bool {
        matches!(
            self.rule.kind,
            AlertKind::Campaign | AlertKind::Surge | AlertKind::Cascade
        )
    }

    /// The lot whose owner writes this alert, of `lots`. What is of the whole has no key to be parted by: all of it is of the first.
    #[must_use]
    pub fn lot(&self, lots: u16) -> u16 {
        if self.is_of_the_whole() {
            0
        } else {
            self.key_hash.lot(lots)
        }
    }

    /// Whether both say the same, whenever and by whichever owner they were written.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        // What changes most comes first.
        self.digest == other.digest
            && (self.id, self.state, self.last_fire, self.fires)
                == (other.id, other.state, other.last_fire, other.fires)
            && (self.counts, self.severity, self.tlp, self.pap) == (other.counts, other.severity, other.tlp, other.pap)
            && (self.first_seen, self.last_seen, self.held) == (other.first_seen, other.last_seen, other.held)
            && (self.anchor, self.key_hash, self.countries) == (other.anchor, other.key_hash, other.countries)
            && (&self.key, &self.rule, &self.compartment) == (&other.key, &other.rule, &other.compartment)
            && (&self.sectors, &self.incident_types) == (&other.sectors, &other.incident_types)
            && (&self.audience, &self.values, self.peak) == (&other.audience, &other.values, other.peak)
            && self.evidence == other.evidence
            && self.campaign == other.campaign
            && self.surge == other.surge
            && self.cascade == other.cascade
    }

    /// Whether the change from `other` is one of country, sector, severity, audience or state, its own or that of a warning, and so is told at
    /// once.
    #[must_use]
    pub fn differs_materially_from(&self, other: &Self) -> bool {
        self.state != other.state
            || self.countries != other.countries
            || self.sectors != other.sectors
            || self.severity != other.severity
            || self.audience != other.audience
            || self.held != other.held
            || self.tlp != other.tlp
            || self.pap != other.pap
            || self.warned() != other.warned()
    }

    /// What a cascade warns, and how it stands.
    fn warned(&self) -> Vec<(Option<CascadeNode>, WarningState)> {
        let warnings = self.cascade.iter().flat_map(|cascade| &cascade.warnings);
        warnings.map(|warning| (warning.node(), warning.state)).collect()
    }

    /// Whether it names any of these countries.
    #[must_use]
    pub fn affects(&self, country: Country) -> bool {
        self.countries.contains(country)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revision_time_and_epoch_alone_say_nothing_new() {
        let alert = sample();
        let later = Alert {
            revision: 7,
            revised_at: Timestamp::from_millis(9),
            epoch: 3,
            ..alert.clone()
        };
        assert!(alert.says_the_same_as(&later));
        for other in [
            Alert {
                state: AlertState::Resolved,
                ..alert.clone()
            },
            Alert {
                fires: 2,
                ..alert.clone()
            },
            Alert {
                peak: 4,
                ..alert.clone()
            },
            Alert {
                held: true,
                ..alert.clone()
            },
            Alert {
                digest: [1; 16],
                ..alert.clone()
            },
            Alert {
                severity: Severity::High,
                ..alert.clone()
            },
            Alert {
                values: vec!["AT".into()],
                ..alert.clone()
            },
            Alert {
                audience: Audience::Recipients,
                ..alert.clone()
            },
            Alert {
                last_seen: Timestamp::from_millis(5),
                ..alert.clone()
            },
            Alert {
                sectors: BTreeSet::from([Sector::ALL[0]]),
                ..alert.clone()
            },
        ] {
            assert!(!alert.says_the_same_as(&other), "{other:?}");
        }
    }

    #[test]
    fn a_campaign_is_of_the_first_lot_to_its_end() {
        let rule = Rule {
            kind: AlertKind::Campaign,
            ..crate::built_in_rules().remove(0)
        };
        let withdrawn = Alert {
            rule: Arc::new(rule),
            key_hash: KeyHash(5 << 64),
            state: AlertState::Retracted,
            ..sample()
        };
        assert_eq!((withdrawn.lot(8), withdrawn.is_of_the_whole()), (0, true));
        let other = Alert {
            key_hash: KeyHash(5 << 64),
            ..sample()
        };
        assert_eq!((other.lot(8), other.is_of_the_whole()), (5, false));
    }

    fn sample() -> Alert {
        Alert {
            id: AlertId::from_bytes([0; 16]),
            revision: 1,
            revised_at: Timestamp::ZERO,
            epoch: 1,
            state: AlertState::Open,
            rule: Arc::new(crate::built_in_rules().remove(0)),
            compartment: Compartment::pool(crate::Realm::Live),
            key_hash: KeyHash(0),
            key: Arc::default(),
            anchor: (Timestamp::ZERO, IncidentId::from_bytes([0; 16])),
            last_fire: Timestamp::ZERO,
            audience: Audience::Eu,
            severity: Severity::Low,
            tlp: Tlp::Green,
            pap: Pap::Green,
            countries: CountrySet::new(),
            sectors: BTreeSet::new(),
            incident_types: BTreeSet::new(),
            counts: Counts::default(),
            digest: [0; 16],
            evidence: Arc::default(),
            values: vec![],
            peak: 3,
            fires: 1,
            first_seen: Timestamp::ZERO,
            last_seen: Timestamp::ZERO,
            held: false,
            campaign: None,
            surge: None,
            cascade: None,
        }
    }
}
