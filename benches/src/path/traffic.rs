//! The reports: generated, since no public corpus of what CSIRTs submit to one another exists.

use chappe_proto::v1;
use fastrand::Rng;
use prost::Message;

/// Members that report: the CSIRTs that `chappe init` writes down.
pub(super) const MEMBERS: [(&str, &str); 8] = [
    ("csirt-at", "AT"),
    ("csirt-be", "BE"),
    ("csirt-cz", "CZ"),
    ("csirt-de", "DE"),
    ("csirt-ee", "EE"),
    ("csirt-fr", "FR"),
    ("csirt-it", "IT"),
    ("csirt-pl", "PL"),
];
/// Who watches: told of everything in the shared pool.
pub(super) const WATCHER: &str = "europol";
/// Indicators of a report.
pub(super) const INDICATORS: usize = 4;
/// One report in this many carries a value that other members report too.
pub(super) const SHARED_ONE_IN: u64 = 20;
/// Reports whose mean size is given.
const SAMPLE: usize = 1_000;
/// Every run has the same reports.
const SEED: u64 = 0x0c4a_99e0;

const TYPES: [&str; 6] = [
    "fraud/phishing",
    "malicious-code/c2-server",
    "malicious-code/malware-distribution",
    "intrusion-attempts/exploit",
    "intrusion-attempts/brute-force",
    "intrusions/system-compromise",
];
const SECTORS: [&str; 8] = [
    "energy",
    "transport",
    "banking",
    "health",
    "digital-infrastructure",
    "public-administration",
    "manufacturing",
    "research",
];
const SEVERITIES: [v1::Severity; 4] = [
    v1::Severity::Low,
    v1::Severity::Medium,
    v1::Severity::Medium,
    v1::Severity::High,
];

/// A source of reports. Values are distinct but for those that are said to be shared, and for chance among IPv4 addresses.
pub(super) struct Traffic {
    phase: u32,
    random: Rng,
}

impl Traffic {
    /// The reports of one source in one phase of the benchmark; keys and values of different phases have nothing in common.
    pub(super) fn new(phase: u32, source: u64) -> Self {
        Self {
            phase,
            random: Rng::with_seed(SEED ^ (u64::from(phase) << 32) ^ source),
        }
    }

    /// A report. `key` is unique in the phase; `shared` numbers the value that others report too.
    pub(super) fn report(&mut self, member: usize, key: u64, shared: Option<u64>) -> v1::Incident {
        let (_, home) = MEMBERS[member % MEMBERS.len()];
        let mut countries = vec![home.to_owned()];
        // Two members that name the same other country attest it: a shared value's alert would be due before its third member.
        if self.random.u8(..5) == 0 && shared.is_none() {
            let (_, other) = MEMBERS[self.random.usize(..MEMBERS.len())];
            if other != home {
                countries.push(other.to_owned());
            }
        }
        let mut sectors = Vec::new();
        if self.random.u8(..5) < 3 {
            sectors.push(SECTORS[self.random.usize(..SECTORS.len())].to_owned());
        }
        let mut indicators: Vec<v1::Indicator> = (0..INDICATORS).map(|place| self.indicator(place, key)).collect();
        if let (Some(number), Some(first)) = (shared, indicators.first_mut()) {
            *first = indicator(v1::IndicatorType::Domain, shared_value(self.phase, number));
        }
        v1::Incident {
            report_key: format!("{}-{key}", self.phase),
            revision: 1,
            incident_type: TYPES[self.random.usize(..TYPES.len())].to_owned(),
            severity: SEVERITIES[self.random.usize(..SEVERITIES.len())] as i32,
            marking: Some(v1::Marking {
                tlp: v1::Tlp::Amber as i32,
                ..v1::Marking::default()
            }),
            countries,
            sectors,
            indicators,
            title: "Credentials asked for in the name of a bank".to_owned(),
            ..v1::Incident::default()
        }
    }

    /// Places 0 to 3: a domain, an address (one in four IPv6), a SHA-256, a URL.
    fn indicator(&mut self, place: usize, key: u64) -> v1::Indicator {
        let (phase, noise) = (self.phase, self.random.u32(..));
        match place % INDICATORS {
            0 => indicator(
                v1::IndicatorType::Domain,
                format!("login-{noise:08x}.h{key}.p{phase}.example"),
            ),
            1 if noise.is_multiple_of(4) => {
                let [a, b] = [noise >> 16, noise & 0xffff];
                indicator(
                    v1::IndicatorType::Ip,
                    format!("2a0{phase:x}:{a:x}:{b:x}::{:x}:1", key & 0xffff),
                )
            }
            1 => {
                let [a, b, c, d] = noise.to_be_bytes();
                // First octets that are public throughout.
                indicator(v1::IndicatorType::Ip, format!("{}.{b}.{c}.{d}", 11 + a % 80))
            }
            2 => {
                let digest = self.random.u128(..);
                indicator(v1::IndicatorType::Sha256, format!("{digest:032x}{:032x}", !digest))
            }
            _ => indicator(
                v1::IndicatorType::Url,
                format!("https://cdn{noise}.example/{phase}/{key:x}/invoice.php?id={noise}"),
            ),
        }
    }
}

fn indicator(kind: v1::IndicatorType, value: String) -> v1::Indicator {
    v1::Indicator {
        r#type: kind as i32,
        value,
    }
}

fn shared_value(phase: u32, number: u64) -> String {
    format!("s{number}.p{phase}.campaign.example")
}

/// The phase and number of a shared value, from the key of an alert.
pub(super) fn shared_of_key(value: &str) -> Option<(u32, u64)> {
    let (labels, _) = value.strip_prefix("domain:s")?.split_once(".campaign.example")?;
    let (number, phase) = labels.split_once(".p")?;
    Some((phase.parse().ok()?, number.parse().ok()?))
}

/// Mean encoded size of a report in bytes, as a message of SubmitStream.
pub(super) fn mean_bytes() -> usize {
    let mut traffic = Traffic::new(1, 0);
    let sizes = (0..SAMPLE).map(|i| {
        let shared = (i as u64).is_multiple_of(SHARED_ONE_IN).then_some(i as u64);
        let message = v1::SubmitStreamRequest {
            sequence: i as u64,
            incident: Some(traffic.report(i, i as u64, shared)),
        };
        message.encoded_len()
    });
    sizes.sum::<usize>() / SAMPLE
}

/// Who sends what in a closed loop: each member counts its own reports, and each shared value is reported by four of the eight.
pub(super) fn shared_in_closed_loop(member: usize, count: u64) -> Option<u64> {
    let turn = count / SHARED_ONE_IN;
    let half = u64::from((member as u64 + turn) % MEMBERS.len() as u64 >= 4);
    count.is_multiple_of(SHARED_ONE_IN).then_some(2 * turn + half)
}

/// What an open loop sends at one place of its schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) member: usize,
    /// The number of the shared value, if the report carries one.
    pub(super) shared: Option<u64>,
    /// The report is the third that names this value, from a third country: an alert is due.
    pub(super) completes: bool,
}

/// The schedule of an open loop. Three members report each shared value, each some groups of three shared reports after the one before,
/// so that a value's first two reports have long been judged when the third is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// Groups of three shared reports between two reports of one value.
    pub(super) lag_groups: u64,
}

impl Schedule {
    /// Reports of one value are at least `lag_seconds` apart at this rate.
    pub(super) fn new(reports_per_second: u64, lag_seconds: f64) -> Self {
        let groups_per_second = reports_per_second as f64 / (3 * SHARED_ONE_IN) as f64;
        Self {
            lag_groups: (groups_per_second * lag_seconds).ceil() as u64,
        }
    }

    pub(super) fn offer(self, place: u64) -> Offer {
        let ordinary = Offer {
            member: (place % MEMBERS.len() as u64) as usize,
            shared: None,
            completes: false,
        };
        if !place.is_multiple_of(SHARED_ONE_IN) {
            return ordinary;
        }
        let (group, role) = (place / SHARED_ONE_IN / 3, place / SHARED_ONE_IN % 3);
        // The first groups of a phase have no value to go on with.
        let Some(number) = group.checked_sub(role * self.lag_groups) else {
            return ordinary;
        };
        Offer {
            member: ((number * 3 + role) % MEMBERS.len() as u64) as usize,
            shared: Some(number),
            completes: role == 2,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn a_shared_value_is_known_again_from_an_alert() {
        let report = Traffic::new(7, 0).report(0, 1, Some(42));
        assert_eq!(report.indicators.len(), INDICATORS);
        assert_eq!(
            shared_of_key(&format!("domain:{}", report.indicators[0].value)),
            Some((7, 42))
        );
        assert_eq!(shared_of_key("domain:login.h1.p7.example"), None);
        assert_eq!(shared_of_key("ip:11.0.0.1"), None);
    }

    #[test]
    fn an_open_loop_completes_each_value_once_by_three_members_apart() {
        let schedule = Schedule::new(1_000, 0.5);
        let mut sent: BTreeMap<u64, Vec<(u64, Offer)>> = BTreeMap::new();
        for place in 0..20_000 {
            let offer = schedule.offer(place);
            if let Some(number) = offer.shared {
                sent.entry(number).or_default().push((place, offer));
            }
        }
        let whole: Vec<_> = sent.values().filter(|offers| offers.len() == 3).collect();
        assert!(whole.len() > 300, "{}", whole.len());
        for offers in sent.values() {
            assert!(offers.len() <= 3);
            let members: BTreeSet<usize> = offers.iter().map(|(_, offer)| offer.member).collect();
            assert_eq!(members.len(), offers.len());
            for (place, offer) in offers {
                assert_eq!(offer.completes, offers.len() == 3 && *place == offers[2].0);
            }
            for pair in offers.windows(2) {
                assert!(pair[1].0 - pair[0].0 >= 500, "half a second at 1,000 a second");
            }
        }
    }

    #[test]
    fn a_closed_loop_shares_each_value_among_four_members() {
        let mut by: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
        for member in 0..MEMBERS.len() {
            for count in 0..1_000 {
                if let Some(number) = shared_in_closed_loop(member, count) {
                    by.entry(number).or_default().insert(member);
                }
            }
        }
        assert_eq!(by.len(), 100);
        assert!(by.values().all(|members| members.len() == 4));
    }
}
