//! Who reports what, and when: about 30 hours in the life of eight CSIRTs, drawn from a seed. What raises an alert is not its business.

use std::collections::BTreeMap;

use chappe_model::Timestamp;
use chappe_proto::{incident, v1};

use super::script_words::Values;

/// A Monday, 06:00 UTC: 2026-03-02.
const START_MS: u64 = 1_772_431_200_000;
const MINUTE_MS: u64 = 60_000;
const HOUR_MINUTES: u64 = 60;

/// In every report: internal addresses that mean nothing elsewhere.
const INTERNAL: [&str; 2] = ["ip:10.20.30.40", "ip:192.168.1.10"];

/// The reporters: id and country.
const CSIRTS: [(&str, &str); 8] = [
    ("csirt-at", "AT"),
    ("csirt-be", "BE"),
    ("csirt-cz", "CZ"),
    ("csirt-de", "DE"),
    ("csirt-ee", "EE"),
    ("csirt-fr", "FR"),
    ("csirt-it", "IT"),
    ("csirt-pl", "PL"),
];

type Csirt = (&'static str, &'static str);

/// What happens.
#[derive(Debug)]
pub(crate) struct Script {
    /// When it begins.
    pub(crate) start: Timestamp,
    /// What is reported, in the order of time.
    pub(crate) steps: Vec<Step>,
    /// Values that only look as if they should raise an alert.
    pub(crate) decoys: Vec<Decoy>,
}

/// One report or withdrawal.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Log time.
    pub(crate) at: Timestamp,
    /// Who.
    pub(crate) member: &'static str,
    /// What.
    pub(crate) act: Act,
}

/// What a member does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Reports a revision.
    Report(Box<v1::Incident>),
    /// Withdraws a report.
    Withdraw {
        /// Its key.
        report_key: String,
        /// Above the one withdrawn.
        revision: u32,
        /// Why.
        reason: String,
    },
}

/// Values that must raise nothing, and why they must not.
#[derive(Debug)]
pub(crate) struct Decoy {
    /// Canonical.
    pub(crate) values: Vec<String>,
    /// Why.
    pub(crate) why: &'static str,
}

impl Script {
    /// The script of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut writer = Writer {
            values: Values::new(seed),
            steps: Vec::new(),
            decoys: Vec::new(),
            cases: BTreeMap::new(),
        };
        writer.wave();
        writer.urgent();
        writer.named();
        writer.match_only();
        writer.decoys();
        let mut steps = writer.steps;
        steps.sort_by_key(|step| step.at);
        number(&mut steps);
        let internal = Decoy {
            values: INTERNAL.map(str::to_owned).to_vec(),
            why: "internal addresses, in every report: they mean nothing elsewhere",
        };
        writer.decoys.push(internal);
        Self {
            start: Timestamp::from_millis(START_MS),
            steps,
            decoys: writer.decoys,
        }
    }
}

/// A report in the making.
struct Draft<'a> {
    by: Csirt,
    minute: u64,
    incident_type: &'a str,
    severity: v1::Severity,
    values: &'a [String],
    countries: &'a [&'a str],
    sectors: &'a [&'a str],
    usage: v1::Use,
    recipients: &'a [&'a str],
    exercise: bool,
}

impl<'a> Draft<'a> {
    fn open(by: Csirt, minute: u64, values: &'a [String]) -> Self {
        Self {
            by,
            minute,
            incident_type: "malicious-code/c2-server",
            severity: v1::Severity::Medium,
            values,
            countries: &[],
            sectors: &[],
            usage: v1::Use::Share,
            recipients: &[],
            exercise: false,
        }
    }
}

struct Writer {
    values: Values,
    steps: Vec<Step>,
    decoys: Vec<Decoy>,
    cases: BTreeMap<&'static str, u32>,
}

impl Writer {
    fn shuffled(&mut self) -> [Csirt; 8] {
        let mut csirts = CSIRTS;
        self.values.rng().shuffle(&mut csirts);
        csirts
    }

    /// A minute between two.
    fn minute(&mut self, from: u64, to: u64) -> u64 {
        self.values.rng().u64(from..to)
    }

    /// Reports under a new key; returns the incident, for revisions.
    fn report(&mut self, draft: &Draft<'_>) -> v1::Incident {
        let case = self.cases.entry(draft.by.0).or_default();
        *case += 1;
        let own = [draft.by.1];
        let countries = if draft.countries.is_empty() {
            &own[..]
        } else {
            draft.countries
        };
        let text = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        let red = draft.usage == v1::Use::NamedRecipientsOnly;
        let incident = v1::Incident {
            report_key: format!("{} {case}", draft.by.0),
            revision: 1,
            incident_type: draft.incident_type.to_owned(),
            severity: draft.severity as i32,
            marking: Some(v1::Marking {
                tlp: if red { v1::Tlp::Red } else { v1::Tlp::Amber } as i32,
                pap: v1::Pap::Amber as i32,
                r#use: draft.usage as i32,
                recipients: text(draft.recipients),
            }),
            countries: text(countries),
            sectors: text(draft.sectors),
            indicators: draft
                .values
                .iter()
                .map(String::as_str)
                .chain(INTERNAL)
                .filter_map(indicator)
                .collect(),
            exercise: draft.exercise,
            ..v1::Incident::default()
        };
        self.step(draft.by, draft.minute, Act::Report(Box::new(incident.clone())));
        incident
    }

    fn revise(&mut self, by: Csirt, minute: u64, incident: &v1::Incident) {
        self.step(
            by,
            minute,
            Act::Report(Box::new(v1::Incident {
                revision: incident.revision + 1,
                ..incident.clone()
            })),
        );
    }

    fn withdraw(&mut self, by: Csirt, minute: u64, incident: &v1::Incident, reason: &str) {
        let (report_key, revision) = (incident.report_key.clone(), incident.revision + 1);
        self.step(
            by,
            minute,
            Act::Withdraw {
                report_key,
                revision,
                reason: reason.to_owned(),
            },
        );
    }

    /// Steps of one minute keep the order in which they were written: two seconds lie between any two.
    fn step(&mut self, by: Csirt, minute: u64, act: Act) {
        let written = self.steps.len() as u64 * 2_000;
        let at = Timestamp::from_millis(START_MS + minute * MINUTE_MS + written);
        self.steps.push(Step { at, member: by.0, act });
    }

    /// Five to seven members see one command-and-control infrastructure, each its own part; a revision and a withdrawal follow.
    fn wave(&mut self) {
        let csirts = self.shuffled();
        let members = self.values.rng().usize(5..=7);
        let domain = self.values.domain();
        let (url, hash, ip) = (self.values.url(&domain), self.values.sha256(), self.values.ip());
        let sector = ["energy", "health"][self.values.rng().usize(..2)];
        let mut minute = self.minute(20, 90);
        let mut reports = Vec::new();
        for (i, by) in csirts.into_iter().take(members).enumerate() {
            let mut values = vec![domain.clone()];
            values.extend((i < 4).then(|| hash.clone()));
            values.extend((2..5).contains(&i).then(|| ip.clone()));
            let first_two: &[&str] = if i < 2 { &[sector] } else { &[] };
            let severity = if i % 2 == 0 {
                v1::Severity::High
            } else {
                v1::Severity::Medium
            };
            let incident = self.report(&Draft {
                severity,
                sectors: first_two,
                ..Draft::open(by, minute, &values)
            });
            reports.push((by, minute, incident));
            minute += self.minute(12, 75);
        }
        // The members that report next to each other compare notes: three of them add the URL.
        for (by, _, incident) in reports.iter().take(3) {
            minute += self.minute(10, 30);
            let mut richer = incident.clone();
            richer.indicators.extend(indicator(&url));
            self.revise(*by, minute, &richer);
        }
        // One of the three that reported the address had looked at a shared proxy.
        let (by, _, incident) = &reports[4];
        minute += self.minute(20, 60);
        self.withdraw(*by, minute, incident, "false positive: a shared proxy");
    }

    /// One or two reports of critical severity.
    fn urgent(&mut self) {
        let csirts = self.shuffled();
        let reports = self.values.rng().usize(1..=2);
        for (i, by) in csirts.into_iter().take(reports).enumerate() {
            let minute = (4 + 6 * i as u64) * HOUR_MINUTES + self.minute(0, 120);
            let values = [self.values.sha256()];
            let countries = if i == 0 { vec![by.1] } else { vec![by.1, csirts[7].1] };
            let incident_type = "information-content-security/unauthorised-information-modification";
            let urgent = Draft {
                severity: v1::Severity::Critical,
                incident_type,
                countries: &countries,
                sectors: &["health"],
                ..Draft::open(by, minute, &values)
            };
            self.report(&urgent);
        }
    }

    /// Two members and Europol work on a case that nobody else may know of.
    fn named(&mut self) {
        let [a, b, third, ..] = self.shuffled();
        let values = [self.values.sha256(), self.values.ip()];
        let recipients = [a.0, b.0, "europol"];
        let mut minute = self.minute(7 * HOUR_MINUTES, 9 * HOUR_MINUTES);
        for by in [a, b] {
            let countries = [by.1, third.1];
            let named = v1::Use::NamedRecipientsOnly;
            let draft = Draft {
                countries: &countries,
                usage: named,
                recipients: &recipients,
                ..Draft::open(by, minute, &values)
            };
            self.report(&Draft {
                severity: v1::Severity::High,
                ..draft
            });
            minute += self.minute(30, 120);
        }
    }

    /// Two members report a value openly, four more let it be matched only.
    fn match_only(&mut self) {
        let csirts = self.shuffled();
        let values = [self.values.domain()];
        let mut minute = self.minute(10 * HOUR_MINUTES, 12 * HOUR_MINUTES);
        for (i, by) in csirts.into_iter().take(6).enumerate() {
            let usage = if i < 2 { v1::Use::Share } else { v1::Use::MatchOnly };
            self.report(&Draft {
                usage,
                incident_type: "fraud/phishing",
                ..Draft::open(by, minute, &values)
            });
            minute += self.minute(15, 60);
        }
    }

    fn decoys(&mut self) {
        self.spread("in two countries only", &[60, 200], |_| v1::Use::Share, false);
        self.spread(
            "in three countries, but over more than a day",
            &[90, 14 * 60, 27 * 60],
            |_| v1::Use::Share,
            false,
        );
        self.spread(
            "by three members that let it be matched only",
            &[15 * 60, 16 * 60, 17 * 60],
            |_| v1::Use::MatchOnly,
            false,
        );
        self.spread(
            "an exercise: it reaches those who asked for exercises",
            &[18 * 60, 19 * 60, 20 * 60],
            |_| v1::Use::Share,
            true,
        );
        self.alone();
        self.withdrawn();
    }

    /// One value by different members, at these minutes and a little later.
    fn spread(&mut self, why: &'static str, minutes: &[u64], usage: impl Fn(usize) -> v1::Use, exercise: bool) {
        let csirts = self.shuffled();
        let values = vec![self.values.domain()];
        for (i, minute) in minutes.iter().enumerate() {
            let minute = minute + self.minute(0, 20);
            self.report(&Draft {
                usage: usage(i),
                exercise,
                ..Draft::open(csirts[i], minute, &values)
            });
        }
        self.decoys.push(Decoy { values, why });
    }

    /// One member names five countries.
    fn alone(&mut self) {
        let csirts = self.shuffled();
        let values = vec![self.values.domain()];
        let countries: Vec<_> = csirts.iter().take(5).map(|csirt| csirt.1).collect();
        let minute = self.minute(5 * HOUR_MINUTES, 6 * HOUR_MINUTES);
        self.report(&Draft {
            countries: &countries,
            ..Draft::open(csirts[0], minute, &values)
        });
        self.decoys.push(Decoy {
            values,
            why: "by one member that names five countries: nobody else confirms them",
        });
    }

    /// Two members report a value, the first withdraws, then a third reports it.
    fn withdrawn(&mut self) {
        let [a, b, c, ..] = self.shuffled();
        let values = vec![self.values.domain()];
        let minute = self.minute(21 * HOUR_MINUTES, 22 * HOUR_MINUTES);
        let first = self.report(&Draft::open(a, minute, &values));
        self.report(&Draft::open(b, minute + 20, &values));
        self.withdraw(a, minute + 45, &first, "false positive: our own scanner");
        self.report(&Draft::open(c, minute + 70, &values));
        self.decoys.push(Decoy {
            values,
            why: "withdrawn in the first country before the third reported it",
        });
    }
}

/// Gives report keys their numbers in the order of time, as a ticket system would.
fn number(steps: &mut [Step]) {
    let mut counts: BTreeMap<&'static str, u32> = BTreeMap::new();
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    for step in steps {
        let key = match &mut step.act {
            Act::Report(incident) => &mut incident.report_key,
            Act::Withdraw { report_key, .. } => report_key,
        };
        let named = keys.entry(key.clone()).or_insert_with(|| {
            let count = counts.entry(step.member).or_default();
            *count += 1;
            let country = step.member.trim_start_matches("csirt-").to_uppercase();
            format!("{country}-2026-{count:04}")
        });
        key.clone_from(named);
    }
}

/// `kind:value` on the wire.
fn indicator(text: &str) -> Option<v1::Indicator> {
    let (kind, value) = text.split_once(':')?;
    let kind = kind.parse().ok()?;
    Some(v1::Indicator {
        r#type: incident::kind_to_wire(kind) as i32,
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_gives_one_script_and_every_report_is_sound() {
        for seed in 0..200 {
            let (script, again) = (Script::new(seed), Script::new(seed));
            assert_eq!(format!("{script:?}"), format!("{again:?}"));
            let mut times = BTreeSet::new();
            for step in &script.steps {
                assert!(
                    step.at >= script.start && times.insert(step.at),
                    "seed {seed}: two steps at {}",
                    step.at
                );
                if let Act::Report(incident) = &step.act {
                    chappe_proto::incident::parse(incident, step.at)
                        .unwrap_or_else(|bad| panic!("seed {seed}: {bad:?}"));
                }
            }
            let last = script.steps.last().unwrap().at.as_millis() - script.start.as_millis();
            assert!((27..31).contains(&(last / 3_600_000)), "seed {seed}: {last} ms");
            assert_eq!(script.decoys.len(), 7);
        }
        assert_ne!(format!("{:?}", Script::new(1)), format!("{:?}", Script::new(2)));
    }

    #[test]
    fn decoys_share_no_value_with_the_rest() {
        let script = Script::new(7);
        let mut seen = BTreeSet::new();
        assert!(
            script
                .decoys
                .iter()
                .flat_map(|decoy| &decoy.values)
                .all(|value| seen.insert(value))
        );
    }
}
