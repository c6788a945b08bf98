//! The incidents that are searched: each a function of its number, so that what is there is known without keeping it.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use anyhow::{Context, Result};
use bytes::Bytes;
use chappe_eventlog::{EventLog, Record, Topic};
use chappe_eventlog_local::LocalLog;
use chappe_model::{
    Accepted, Country, Incident, Indicator, IndicatorKind, Marking, MemberId, Network, Pap, ReportKey, Rsit, Secret,
    Sector, Severity, Timestamp, Tlp, Use,
};
use chappe_proto::{incident, v1};

/// Members. The first reports [`OWN_OF_TEN`] of ten incidents, the others the rest in turn.
pub(super) const MEMBERS: u64 = 27;
const OWN_OF_TEN: u64 = 4;
/// One in so many reports has the value that is hot.
const HOT_ONE_IN: u64 = 100;
/// What the kind of search for it is called by.
pub(super) const HOT: &str = "1 %";
/// Appends that wait for the disk at most: few, so that commits are as large as they are under load and no larger.
const UNDER_WAY: usize = 256;
/// Log time from one report to the next, in milliseconds: ten million in some 58 days.
const STEP_MS: u64 = 500;
const BEGIN_MS: u64 = 1_700_000_000_000;
/// Incidents between two time marks in every partition.
const INCIDENTS_PER_MARK: u64 = 2_000;
/// Names below one domain.
const NAMES_PER_ZONE: u64 = 20;

/// So many incidents.
pub(super) struct Corpus {
    pub(super) count: u64,
    pub(super) secret: Secret,
    members: Vec<MemberId>,
    countries: Vec<Country>,
    types: Vec<Rsit>,
}

/// A number that looks like chance and is the same each time.
fn mixed(n: u64, salt: u64) -> u64 {
    let mut x = n.wrapping_add(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Corpus {
    pub(super) fn new(count: u64, secret: Secret) -> Result<Self> {
        let members = (0..MEMBERS).map(|n| MemberId::parse(&format!("csirt-{n}")));
        Ok(Self {
            count,
            secret,
            members: members.collect::<Result<_, _>>()?,
            countries: Country::eu27().collect(),
            types: Rsit::all().collect(),
        })
    }

    pub(super) fn member(&self, n: u64) -> &MemberId {
        let turn = match n % 10 < OWN_OF_TEN {
            true => 0,
            false => 1 + n % (MEMBERS - 1),
        };
        &self.members[turn as usize]
    }

    /// How many the first member reported.
    pub(super) fn own(&self) -> u64 {
        self.count / 10 * OWN_OF_TEN
    }

    /// The number of one of its.
    pub(super) fn own_at(&self, nth: u64) -> u64 {
        nth / OWN_OF_TEN * 10 + nth % OWN_OF_TEN
    }

    pub(super) fn key_of(&self, n: u64) -> String {
        format!("CASE-{n}")
    }

    pub(super) fn time_of(&self, n: u64) -> u64 {
        BEGIN_MS + n * STEP_MS
    }

    fn address(&self, n: u64) -> Ipv4Addr {
        // In what is globally reachable; as many as there are incidents, so that some meet.
        Ipv4Addr::from(0x2000_0000 + (mixed(n, 1) % self.count.max(1)) as u32 * 16)
    }

    fn zone(&self, n: u64) -> String {
        format!("z{}.example.net", mixed(n, 2) % (self.count / NAMES_PER_ZONE).max(1))
    }

    fn url(&self, n: u64) -> String {
        format!(
            "https://w{}.{}/{:x}",
            mixed(n, 3) % NAMES_PER_ZONE,
            self.zone(n),
            mixed(n, 4)
        )
    }

    fn hash(&self, n: u64) -> String {
        let [a, b, c, d] = [5, 6, 7, 8].map(|salt| mixed(n, salt));
        format!("{a:016x}{b:016x}{c:016x}{d:016x}")
    }

    fn country(&self, n: u64) -> Country {
        self.countries[(mixed(n, 9) % self.countries.len() as u64) as usize]
    }

    fn sector(n: u64) -> Sector {
        Sector::ALL[(mixed(n, 10) % Sector::ALL.len() as u64) as usize]
    }

    fn incident_type(&self, n: u64) -> Rsit {
        self.types[(mixed(n, 11) % self.types.len() as u64) as usize]
    }

    pub(super) fn address_of(&self, n: u64) -> v1::Indicator {
        wire(v1::IndicatorType::Ip, self.address(n).to_string())
    }

    pub(super) fn url_of(&self, n: u64) -> v1::Indicator {
        wire(v1::IndicatorType::Url, self.url(n))
    }

    pub(super) fn hash_of(&self, n: u64) -> v1::Indicator {
        wire(v1::IndicatorType::Sha256, self.hash(n))
    }

    pub(super) fn hot(&self) -> v1::Indicator {
        wire(v1::IndicatorType::Domain, "cdn.hot.example".to_owned())
    }

    pub(super) fn network_of(&self, n: u64, bits: u8) -> String {
        let network = Network::around(self.address(n).into(), bits);
        network.map(|network| network.to_string()).unwrap_or_default()
    }

    pub(super) fn domain_of(&self, n: u64) -> String {
        self.zone(n)
    }

    pub(super) fn about(&self, n: u64) -> v1::IncidentFilter {
        v1::IncidentFilter {
            countries: vec![self.country(n).as_str().to_owned()],
            sectors: vec![Self::sector(n).as_str().to_owned()],
            incident_types: vec![self.incident_type(n).as_str().to_owned()],
            ..v1::IncidentFilter::default()
        }
    }

    /// Four indicators: an address, a name, a URL of it, and a hash, or what is hot.
    fn accepted(&self, n: u64) -> Result<Accepted> {
        let of = Indicator::from_canonical;
        let last = match n.is_multiple_of(HOT_ONE_IN) {
            true => of(IndicatorKind::Domain, "cdn.hot.example".to_owned())?,
            false => of(
                IndicatorKind::Md5,
                format!("{:016x}{:016x}", mixed(n, 12), mixed(n, 13)),
            )?,
        };
        let indicators = BTreeSet::from([
            of(IndicatorKind::Ip, self.address(n).to_string())?,
            of(IndicatorKind::Url, self.url(n))?,
            of(IndicatorKind::Sha256, self.hash(n))?,
            last,
        ]);
        let (reporter, report_key) = (self.member(n).clone(), ReportKey::parse(&self.key_of(n))?);
        Ok(Accepted {
            id: self.secret.incident_id(&reporter, &report_key),
            reporter,
            home: None,
            unmarked: false,
            reported_at: Timestamp::from_millis(self.time_of(n)),
            incident: Incident {
                report_key,
                revision: 1,
                retracted: false,
                incident_type: self.incident_type(n),
                severity: Severity::Medium,
                marking: Marking::new(Tlp::Amber, Pap::Amber, Some(Use::Share), BTreeSet::new())?,
                occurred_from: None,
                occurred_to: None,
                detected_at: None,
                countries: BTreeSet::from([self.country(n)]),
                sectors: BTreeSet::from([Self::sector(n)]),
                indicators,
                title: String::new(),
                summary: String::new(),
                exercise: false,
                backfill: false,
                particulars: Default::default(),
            },
        })
    }
}

fn wire(kind: v1::IndicatorType, value: String) -> v1::Indicator {
    v1::Indicator {
        r#type: kind as i32,
        value,
    }
}

/// Appends all incidents, and time marks.
pub(super) fn fill(log: &Arc<LocalLog>, corpus: &Corpus) -> Result<()> {
    let waiting = Arc::new((Mutex::new(0_usize), Condvar::new()));
    let partitions = log.partitions(Topic::Incidents);
    let append = |partition: u16, record: Record| {
        let (held, free) = &*waiting;
        let held = held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = free
            .wait_while(held, |held| *held >= UNDER_WAY)
            .unwrap_or_else(PoisonError::into_inner);
        *held += 1;
        drop(held);
        let waiting = Arc::clone(&waiting);
        let done = move |_| {
            *waiting.0.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
            waiting.1.notify_one();
        };
        log.append(Topic::Incidents, partition, record, Box::new(done));
    };
    for n in 0..corpus.count {
        let accepted = corpus.accepted(n)?;
        let key = Bytes::copy_from_slice(accepted.id.as_bytes());
        let record = Record::data(corpus.time_of(n), key, incident::encode(&accepted, &[0; 16]).into());
        append(Secret::partition(accepted.id, partitions), record);
        if (n + 1).is_multiple_of(INCIDENTS_PER_MARK) || n + 1 == corpus.count {
            (0..partitions).for_each(|partition| append(partition, Record::mark(corpus.time_of(n))));
        }
    }
    let (held, free) = &*waiting;
    let held = held.lock().unwrap_or_else(PoisonError::into_inner);
    drop(free.wait_while(held, |held| *held > 0));
    log.health().context("the log was not filled")
}
