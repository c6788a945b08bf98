//! The `[policy]` of the file, as rules and policies.

use chappe_correlate::{CascadePolicy, SurgePolicy};
use chappe_model::{MemberId, Policy, Rule, RuleError, built_in_rules};

use crate::warning_files::WarningLists;

/// Hours in milliseconds.
const HOUR_MS: u64 = 3_600_000;

/// How long after its window a contribution may still be revised, in seconds, unless the file says otherwise.
pub(crate) const DEFAULT_LATENESS_SECONDS: u64 = 300;
/// The same in milliseconds.
pub(crate) const DEFAULT_LATENESS_MS: u64 = DEFAULT_LATENESS_SECONDS * 1_000;

/// Thresholds of a cross-border rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrossBorder {
    /// It fires at this many attested countries.
    pub countries: u32,
    /// Within this many hours of log time.
    pub window_hours: u64,
}

/// Bounds of urgent reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Urgent {
    /// This many per reporter and window go out at once; the rest waits for a person.
    pub quota: u32,
    /// The window, in hours of log time.
    pub window_hours: u64,
}

/// What the file's `[policy]` says. What it leaves out has the built-in value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySection {
    /// How long after its window a contribution may still be revised, in seconds.
    pub lateness_seconds: u64,
    /// Incidents are linked into campaigns.
    pub link_campaigns: bool,
    /// Counts are watched for surges.
    pub surge: Option<SurgePolicy>,
    /// Cascades are warned of.
    pub cascade: Option<CascadePolicy>,
    /// Members whose unmarked reports are taken as TLP:RED; others' are refused.
    pub unmarked_as_red: Vec<MemberId>,
    /// The rule `cross-border`.
    pub cross_border: CrossBorder,
    /// The rule `cross-border-critical-sector`.
    pub critical_sector: CrossBorder,
    /// The rule `urgent`.
    pub urgent: Urgent,
    /// Rules of files, each as version 1. One takes the place of the built-in rule of its id.
    pub rules: Vec<Rule>,
    /// Values that link nothing.
    pub warning_lists: WarningLists,
}

impl Default for PolicySection {
    fn default() -> Self {
        Self {
            lateness_seconds: DEFAULT_LATENESS_SECONDS,
            link_campaigns: false,
            surge: None,
            cascade: None,
            unmarked_as_red: Vec::new(),
            cross_border: CrossBorder {
                countries: 3,
                window_hours: 24,
            },
            critical_sector: CrossBorder {
                countries: 2,
                window_hours: 24,
            },
            urgent: Urgent {
                quota: 10,
                window_hours: 24,
            },
            rules: Vec::new(),
            warning_lists: WarningLists::default(),
        }
    }
}

impl PolicySection {
    /// The policy as version 1, with rules of version 1.
    ///
    /// # Errors
    /// When a rule could not be run as asked for.
    pub fn to_policy(&self, duty_officers: Vec<MemberId>) -> Result<Policy, RuleError> {
        let replaced = |rule: &Rule| self.rules.iter().any(|own| own.id == rule.id);
        let built_in = built_in_rules().into_iter().filter(|rule| !replaced(rule));
        let rules = built_in
            .map(|rule| self.fit(rule))
            .chain(self.rules.iter().cloned())
            .collect();
        let lateness_ms = self.lateness_seconds.saturating_mul(1_000);
        let mut unmarked = self.unmarked_as_red.clone();
        unmarked.sort();
        unmarked.dedup();
        Policy::new(1, rules, lateness_ms, unmarked, duty_officers)
    }

    fn fit(&self, mut rule: Rule) -> Rule {
        let hours = match &*rule.id {
            "cross-border" => {
                let CrossBorder {
                    countries,
                    window_hours,
                } = self.cross_border;
                rule.when.bounds.at_least = countries;
                rule.condition =
                    format!("the same indicator in {countries} or more attested countries within {window_hours} hours")
                        .into();
                window_hours
            }
            "cross-border-critical-sector" => {
                let CrossBorder {
                    countries,
                    window_hours,
                } = self.critical_sector;
                rule.when.bounds.at_least = countries;
                rule.condition = format!(
                    "the same indicator in the same sector of high criticality (NIS2 Annex I) in {countries} or more \
                     attested countries within {window_hours} hours"
                )
                .into();
                window_hours
            }
            "urgent" => {
                rule.quota = self.urgent.quota;
                self.urgent.window_hours
            }
            _ => return rule,
        };
        rule.when.within_ms = hours.saturating_mul(HOUR_MS);
        rule
    }
}

/// What is in force when the newest record says `recorded` and the file wants `wanted` (the built-in values where it has no `[policy]`):
/// the record where both say the same, else the wish under the next version, its changed rules each under theirs.
///
/// # Errors
/// Not for rules that are already sound.
pub(crate) fn in_force(recorded: &Policy, wanted: &Policy) -> Result<Policy, RuleError> {
    let renumbered = wanted.rules().iter().map(|rule| {
        let mut rule = Rule::clone(rule);
        if let Some(before) = recorded.rules().iter().find(|before| before.id == rule.id) {
            rule.version = before.version;
            if rule != **before {
                rule.version += 1;
            }
        }
        rule
    });
    let mut next = Policy::new(
        recorded.version,
        renumbered.collect(),
        wanted.lateness_ms,
        wanted.unmarked_as_red.clone(),
        wanted.duty_officers.clone(),
    )?;
    if next != *recorded {
        next.version += 1;
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_built_in_rules() {
        let built_in = Policy::new(1, built_in_rules(), 300_000, vec![], vec![]).unwrap();
        assert_eq!(PolicySection::default().to_policy(vec![]).unwrap(), built_in);
    }

    #[test]
    fn an_unchanged_file_changes_nothing_and_a_changed_rule_gets_the_next_version() {
        let first = PolicySection::default().to_policy(vec![]).unwrap();
        assert_eq!(in_force(&first, &first).unwrap(), first);

        let mut section = PolicySection::default();
        section.cross_border.countries = 4;
        let second = in_force(&first, &section.to_policy(vec![]).unwrap()).unwrap();
        assert_eq!(second.version, 2);
        let versions: Vec<_> = second.rules().iter().map(|rule| (&*rule.id, rule.version)).collect();
        assert_eq!(
            versions,
            [("cross-border", 2), ("cross-border-critical-sector", 1), ("urgent", 1)]
        );
        assert_eq!(in_force(&second, &section.to_policy(vec![]).unwrap()).unwrap(), second);

        let back = in_force(&second, &first).unwrap();
        assert_eq!(
            (
                back.version,
                back.rules()[0].version,
                back.rules()[0].when.bounds.at_least
            ),
            (3, 3, 3)
        );
    }

    #[test]
    fn surges_are_looked_for_where_the_section_stands() {
        let surge = |text: &str| {
            let member = "[[members]]\nid = \"europol\"\ntoken-digest = \"00112233445566778899aabbccddeeff\"\n";
            let text = format!("{text}\n{member}");
            let config = crate::config::Config::parse(&text, "chappe.toml".as_ref(), ".".as_ref())?;
            Ok::<_, crate::config::ConfigError>(config.policy.unwrap().surge)
        };
        assert_eq!(surge("[policy]").unwrap(), None);
        assert_eq!(surge("[policy.surge]").unwrap(), Some(SurgePolicy::default()));
        let weekly = surge("[policy.surge]\nbin = \"week\"\nfalse-alarms-per-year = 4")
            .unwrap()
            .unwrap();
        assert_eq!((weekly.bin.as_str(), weekly.false_alarms_per_year), ("week", 4));
        for (wrong, says) in [
            ("bin = \"month\"", "a bin is"),
            ("false-alarms-per-year = 0", "1 to 1000 alerts a year"),
            ("false-alarms-per-year = 1001", "1 to 1000 alerts a year"),
        ] {
            let error = surge(&format!("[policy.surge]\n{wrong}")).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains(":2:"), "{error}");
        }
    }

    #[test]
    fn a_threshold_of_nothing_is_refused() {
        let mut section = PolicySection::default();
        section.cross_border.countries = 0;
        assert!(section.to_policy(vec![]).is_err());
    }
}
