//! Draws a history.

use std::collections::{BTreeMap, BTreeSet};

use chappe_model::{
    Accepted, Country, Incident, IncidentId, Indicator, Marking, MemberId, Pap, ReportKey, Severity, Timestamp, Tlp,
};
use fastrand::Rng;

use super::values::{self, Kit};
use super::{DAY_MS, HOUR_MS, HUB_MEMBER, Labelled, Landscape};
use crate::case::{member, secret};

/// The members: one CSIRT for each member state.
pub(super) const COUNTRIES: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];
/// Incidents of a campaign before it renews a part of its infrastructure.
const WAVE: usize = 25;
/// Values that a wave takes over from the one before.
const CARRIED: usize = 3;
/// Values common to all members.
const COMMON: usize = 40;
/// Common values of each member alone.
const OWN_COMMON: usize = 3;
/// Campaigns whose values a hub ties together.
const HUB_CAMPAIGNS: usize = 6;
/// Chance, in percent, that an incident of a sharing campaign shows the shared value.
const SHARED_SEEN_PERCENT: u64 = 50;
/// A campaign that borrows begins at most so many days after its lender: both run at one time, which makes them hard to tell apart.
const LENT_WITHIN_DAYS: u64 = 10;
/// Where the history begins: 2026-01-01.
const BEGINNING_MS: u64 = 1_767_225_600_000;

/// What stood in a report when campaigns' values were seen, for who wants to tie them together.
pub(super) struct SeenKit {
    pub(super) time: u64,
    pub(super) campaign: u32,
    pub(super) values: Vec<Indicator>,
}

pub(super) struct Draw {
    landscape: Landscape,
    pub(super) rng: Rng,
    common: Kit,
    own_common: Vec<Kit>,
    found: Vec<(Timestamp, Accepted)>,
    labels: BTreeMap<IncidentId, Option<u32>>,
    pub(super) seen: Vec<SeenKit>,
    next_key: u64,
}

/// A value that the next campaign that shares takes over, and when the one that brought it began.
type Lender = (Indicator, u64);

struct Campaign {
    number: u32,
    members: Vec<usize>,
    start: u64,
    length: u64,
    size: usize,
    shared: Option<Indicator>,
}

impl Draw {
    pub(super) fn new(landscape: Landscape, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0xca3b_a165);
        let common = values::common(&mut rng, COMMON);
        let own_common = COUNTRIES.iter().map(|_| values::common(&mut rng, OWN_COMMON)).collect();
        Self {
            landscape,
            rng,
            common,
            own_common,
            found: vec![],
            labels: BTreeMap::new(),
            seen: vec![],
            next_key: 0,
        }
    }

    pub(super) fn run(mut self) -> Labelled {
        self.draw();
        self.finish()
    }

    pub(super) fn draw(&mut self) {
        let background =
            self.landscape.incidents * usize::try_from(self.landscape.background_percent).unwrap_or(0) / 100;
        let mut lender = None;
        for number in 0.. {
            if self.labels.len() + background >= self.landscape.incidents {
                break;
            }
            let campaign = self.campaign(number, &mut lender);
            self.incidents_of(&campaign);
        }
        for _ in 0..background {
            self.background();
        }
        for _ in 0..self.landscape.hubs {
            self.hub(HUB_MEMBER, HUB_CAMPAIGNS);
        }
    }

    pub(super) fn finish(mut self) -> Labelled {
        self.found
            .sort_by_key(|(time, accepted)| (*time, accepted.id, accepted.incident.revision));
        Labelled {
            reports: self.found,
            labels: self.labels,
        }
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.rng.u64(0..100) < chance
    }

    fn size(&mut self) -> usize {
        // The inverse of a power law's distribution with exponent 2, from 2 on.
        let uniform = 1.0 - self.rng.f64() * 0.9999;
        ((2.0 / uniform) as usize).clamp(2, self.landscape.largest_campaign)
    }

    fn campaign(&mut self, number: u32, lender: &mut Option<Lender>) -> Campaign {
        let size = self.size();
        let most = (size / 2 + 1).clamp(1, 14);
        let mut members: Vec<usize> = (0..COUNTRIES.len()).collect();
        self.rng.shuffle(&mut members);
        members.truncate(self.rng.usize(1..=most));
        let length = DAY_MS * self.rng.u64(1..=(3 + size as u64 / 4).min(75));
        let last_start = (self.landscape.days * DAY_MS).saturating_sub(length).max(1);
        let mut start = BEGINNING_MS + self.rng.u64(0..last_start);
        let mut shared = None;
        if self.percent(self.landscape.sharing_percent) {
            if let Some((value, lenders_start)) = lender.take() {
                shared = Some(value);
                start = lenders_start + self.rng.u64(0..LENT_WITHIN_DAYS * DAY_MS);
            } else {
                let value = values::shared(&mut self.rng);
                *lender = Some((value.clone(), start));
                shared = Some(value);
            }
        }
        Campaign {
            number,
            members,
            start,
            length,
            size,
            shared,
        }
    }

    fn incidents_of(&mut self, campaign: &Campaign) {
        let mut times: Vec<u64> = (0..campaign.size)
            .map(|_| campaign.start + self.rng.u64(0..campaign.length))
            .collect();
        times.sort_unstable();
        let mut kit = values::kit(&mut self.rng);
        for (at, time) in times.into_iter().enumerate() {
            if at > 0 && at % WAVE == 0 {
                self.rng.shuffle(&mut kit);
                kit.truncate(CARRIED);
                let fresh = values::kit(&mut self.rng);
                let missing = fresh.len() - kit.len();
                kit.extend(fresh.into_iter().take(missing));
            }
            let mut values = kit.clone();
            self.rng.shuffle(&mut values);
            values.truncate(self.rng.usize(2..=4));
            self.seen.push(SeenKit {
                time,
                campaign: campaign.number,
                values: values.clone(),
            });
            if let Some(shared) = &campaign.shared
                && self.percent(SHARED_SEEN_PERCENT)
            {
                values.push(shared.clone());
            }
            for _ in 0..self.rng.usize(0..=2) {
                values.push(values::own(&mut self.rng));
            }
            let busiest = self.rng.usize(0..campaign.members.len());
            let reporter = campaign.members[self.rng.usize(0..=busiest)]; // the first report most
            self.incident(time, reporter, values, Some(campaign.number));
        }
    }

    fn background(&mut self) {
        let time = BEGINNING_MS + self.rng.u64(0..self.landscape.days * DAY_MS);
        let values = (0..self.rng.usize(1..=5)).map(|_| values::own(&mut self.rng)).collect();
        let reporter = self.rng.usize(0..COUNTRIES.len());
        self.incident(time, reporter, values, None);
    }

    fn incident(&mut self, time: u64, reporter: usize, mut values: Vec<Indicator>, label: Option<u32>) {
        for _ in 0..values.len() {
            if self.percent(self.landscape.noise_percent) {
                values.push(self.common_value(reporter));
            }
        }
        let later: Vec<Indicator> = if values.len() > 2 && self.percent(self.landscape.revised_percent) {
            values.split_off(values.len() - 1)
        } else {
            vec![]
        };
        let first = self.report(time, reporter, values, None);
        if !later.is_empty() {
            let mut second = first.clone();
            second.incident.revision = 1;
            second.incident.indicators.extend(later);
            let when = time + self.rng.u64(HOUR_MS..48 * HOUR_MS);
            self.say(when, second);
        }
        let retracted = self.percent(self.landscape.retracted_percent);
        if retracted {
            let mut last = first.clone();
            last.incident.revision = 2;
            last.incident.retracted = true;
            let when = time + self.rng.u64(HOUR_MS..240 * HOUR_MS);
            self.say(when, last);
        } else {
            self.labels.insert(first.id, label);
        }
    }

    fn common_value(&mut self, reporter: usize) -> Indicator {
        let from = if self.rng.bool() {
            &self.common
        } else {
            &self.own_common[reporter]
        };
        let often = self.rng.usize(0..from.len());
        from[self.rng.usize(0..=often)].clone() // the first are the most common
    }

    /// A report by `reporter` that carries what several campaigns of the last days were seen with.
    pub(super) fn hub(&mut self, reporter: usize, campaigns: usize) {
        let after = self.rng.usize(0..self.seen.len().max(1));
        let Some(first) = self.seen.get(after) else { return };
        let (time, mut tied, mut values) = (first.time + HOUR_MS, BTreeSet::new(), vec![]);
        let recent: Vec<usize> = (0..self.seen.len())
            .filter(|at| (time - 5 * DAY_MS..time).contains(&self.seen[*at].time))
            .collect();
        for at in recent {
            let seen = &self.seen[at];
            if tied.len() < campaigns && tied.insert(seen.campaign) {
                values.extend(seen.values.iter().cloned());
            }
        }
        self.report(time, reporter, values, Some(&COUNTRIES));
    }

    pub(super) fn report(
        &mut self,
        time: u64,
        reporter: usize,
        values: Vec<Indicator>,
        countries: Option<&[&str]>,
    ) -> Accepted {
        self.next_key += 1;
        let home = COUNTRIES[reporter];
        let reporter = member(&format!("csirt-{}", home.to_lowercase()));
        let accepted = accepted(
            time,
            self.next_key,
            &reporter,
            home,
            values,
            countries.unwrap_or(&[home]),
        );
        self.say(time, accepted.clone());
        accepted
    }

    fn say(&mut self, time: u64, accepted: Accepted) {
        self.found.push((Timestamp::from_millis(time), accepted));
    }
}

#[allow(clippy::expect_used, reason = "for tests only")]
fn accepted(
    time: u64,
    key: u64,
    reporter: &MemberId,
    home: &str,
    values: Vec<Indicator>,
    countries: &[&str],
) -> Accepted {
    let report_key = ReportKey::parse(&format!("case-{key}")).expect("a sound key");
    let country = |code: &str| Country::parse(code).expect("a country");
    Accepted {
        id: secret().incident_id(reporter, &report_key),
        reporter: reporter.clone(),
        home: Some(country(home)),
        unmarked: false,
        reported_at: Timestamp::from_millis(time),
        incident: Incident {
            report_key,
            revision: 0,
            retracted: false,
            incident_type: "malicious-code/c2-server".parse().expect("a type"),
            severity: Severity::Medium,
            marking: Marking::new(Tlp::Green, Pap::Green, None, BTreeSet::new()).expect("a sound marking"),
            occurred_from: None,
            occurred_to: None,
            detected_at: None,
            countries: countries.iter().map(|code| country(code)).collect(),
            sectors: BTreeSet::new(),
            indicators: values.into_iter().collect(),
            title: String::new(),
            summary: String::new(),
            exercise: false,
            backfill: false,
            particulars: Default::default(),
        },
    }
}
