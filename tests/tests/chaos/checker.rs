//! What must hold whenever all is quiet, whatever went wrong before: the clients' books, the log, the alerts and the deliveries agree with
//! each other and with a model that reads the same log in one thread.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use chappe_correlate::Engine;
use chappe_eventlog::{EventLog, Fences, Position, Record, RecordKind, Topic};
use chappe_model::limits::LOTS;
use chappe_model::{Accepted, Alert, AlertId, AlertState, Policy, Secret, Timestamp};
use chappe_proto::alert::{self, AlertsMark};
use chappe_proto::{incident, policy, v1};
use chappe_tests::read_on;

use super::reporter::{Key, Reporter};

/// How much of an alert is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What is told at once; counts may wait.
    AtOnce,
    /// Everything: 30 s of log time have passed since the last report.
    Everything,
}

/// Marks of the alerts topic that are kept for the message of a failure.
const MARKS_KEPT: usize = 40;

/// What was read of the log so far.
pub struct Checker {
    secret: Secret,
    policy: Policy,
    incidents: Vec<Position>,
    /// Everything of the incidents topic that can be read, for the model.
    records: Vec<(u16, Timestamp, Option<Accepted>)>,
    stored: BTreeMap<Key, v1::Incident>,
    alerts: Position,
    fences: Fences,
    last: BTreeMap<AlertId, Alert>,
    /// The marks of the alerts topic as they came, newest last: for whoever looks for a cause.
    marks: VecDeque<String>,
    /// Records that stand twice, after an unknown outcome.
    pub repeated: usize,
    /// Records that nobody can read.
    pub poison: usize,
    /// Alert revisions that an earlier owner wrote, and that count for nobody.
    pub fenced: usize,
}

impl Checker {
    /// Of the installation in a folder.
    pub fn new(folder: &Path, log: &dyn EventLog) -> Self {
        let master = std::fs::read(folder.join("chappe-data").join("secret.key")).unwrap();
        let config = read_on(log, Topic::Config, 0, &mut Position(0)).unwrap();
        let newest = config.iter().rev().find(|record| record.key == b"policy"[..]).unwrap();
        Self {
            secret: Secret::new(master.try_into().unwrap()),
            policy: policy::decode(&newest.payload).unwrap(),
            incidents: vec![Position(0); usize::from(log.partitions(Topic::Incidents))],
            records: vec![],
            stored: BTreeMap::new(),
            alerts: Position(0),
            fences: Fences::new(LOTS),
            last: BTreeMap::new(),
            marks: VecDeque::new(),
            repeated: 0,
            poison: 0,
            fenced: 0,
        }
    }

    /// How many revisions the log holds.
    pub fn stored(&self) -> usize {
        self.stored.len()
    }

    /// How many alerts were ever told.
    pub fn told(&self) -> usize {
        self.last.len()
    }

    /// Every acknowledged revision stands in the log, and nothing stands there that was not submitted.
    pub fn the_log_holds_what_was_acknowledged(&mut self, log: &dyn EventLog, reporters: &[Reporter]) {
        for partition in 0..log.partitions(Topic::Incidents) {
            let from = &mut self.incidents[usize::from(partition)];
            for record in read_on(log, Topic::Incidents, partition, from).unwrap() {
                self.take(partition, &record);
            }
        }
        for reporter in reporters {
            let lost: Vec<_> = reporter
                .acked
                .keys()
                .filter(|key| !self.stored.contains_key(*key))
                .collect();
            assert!(
                lost.is_empty(),
                "{} acknowledged revisions are lost, such as {:?}",
                lost.len(),
                lost[0]
            );
        }
        for (key, stored) in &self.stored {
            let submitted = reporters.iter().find_map(|reporter| reporter.submitted.get(key));
            let submitted = submitted.unwrap_or_else(|| panic!("{key:?} is invented"));
            assert_eq!(
                submitted.indicators, stored.indicators,
                "{key:?} is not what was submitted"
            );
        }
    }

    fn take(&mut self, partition: u16, record: &Record) {
        let stamp = Timestamp::from_millis(record.stamp_ms);
        if record.kind == RecordKind::Mark {
            return self.records.push((partition, stamp, None));
        }
        let Ok((accepted, _)) = incident::decode(&record.payload) else {
            self.poison += 1;
            return;
        };
        let wire = incident::to_wire(&accepted);
        let key = (wire.report_key.clone(), wire.revision);
        match self.stored.get(&key) {
            None => drop(self.stored.insert(key, wire)),
            Some(first) => {
                assert_eq!(
                    first.indicators, wire.indicators,
                    "{key:?} stands twice, with other content"
                );
                self.repeated += 1;
            }
        }
        self.records.push((partition, stamp, Some(accepted)));
    }

    /// What stands in the alerts topic, once lots are fenced, is what the model says of the incidents.
    pub fn alerts_are_the_models(&mut self, log: &dyn EventLog, depth: Depth) {
        let mut at = self.alerts;
        for record in read_on(log, Topic::Alerts, 0, &mut at).unwrap() {
            self.take_alert(&record);
        }
        self.alerts = at;
        let live = |alerts: &BTreeMap<AlertId, Alert>| -> BTreeMap<AlertId, Alert> {
            let live = alerts
                .iter()
                .filter(|(_, alert)| matches!(alert.state, AlertState::Open | AlertState::Resolved));
            live.map(|(id, alert)| (*id, alert.clone())).collect()
        };
        let (told, wanted) = (live(&self.last), live(&self.model()));
        let missing: Vec<_> = wanted.keys().filter(|id| !told.contains_key(id)).collect();
        let invented: Vec<_> = told.keys().filter(|id| !wanted.contains_key(id)).collect();
        assert!(
            missing.is_empty(),
            "{} of {} alerts are missing, of lots {:?}, such as {:?}\nafter the marks {:#?}",
            missing.len(),
            wanted.len(),
            missing.iter().map(|id| wanted[*id].lot(LOTS)).collect::<Vec<_>>(),
            wanted[missing[0]],
            self.marks
        );
        assert!(
            invented.is_empty(),
            "{} alerts are invented, such as {:?}",
            invented.len(),
            told[invented[0]]
        );
        for (id, told) in &told {
            let wanted = &wanted[id];
            let same = match depth {
                Depth::Everything => told.says_the_same_as(wanted),
                Depth::AtOnce => {
                    (&told.state, &told.countries, told.severity) == (&wanted.state, &wanted.countries, wanted.severity)
                }
            };
            assert!(same, "told: {told:#?}\nthe model says: {wanted:#?}");
        }
    }

    fn take_alert(&mut self, record: &Record) {
        if record.kind == RecordKind::Mark {
            let Ok(mark) = alert::decode_mark(&record.payload) else {
                return self.poison += 1;
            };
            let admitted = match &mark {
                AlertsMark::Claim(claim) => self.fences.admit(claim.lot, claim.epoch),
                AlertsMark::Reached { epoch, .. } => self.fences.admit(0, *epoch),
            };
            self.marks.push_back(format!("{mark:?}, admitted: {admitted}"));
            if self.marks.len() > MARKS_KEPT {
                self.marks.pop_front();
            }
            return;
        }
        let Ok(told) = alert::decode(&record.payload) else {
            self.poison += 1;
            return;
        };
        if !self.fences.admit(told.lot(LOTS), told.epoch) {
            self.fenced += 1;
        } else if self
            .last
            .get(&told.id)
            .is_none_or(|before| before.revision < told.revision)
        {
            self.last.insert(told.id, told);
        } else {
            self.repeated += 1;
        }
    }

    fn model(&self) -> BTreeMap<AlertId, Alert> {
        let partitions = u16::try_from(self.incidents.len()).unwrap();
        let mut engine = Engine::new(&self.secret, self.policy.clone(), partitions, 1, 1);
        for (partition, stamp, accepted) in &self.records {
            match accepted {
                Some(accepted) => engine.record(*partition, *stamp, accepted),
                None => engine.mark(*partition, *stamp),
            }
        }
        engine.settle();
        engine.flush();
        let mut last = BTreeMap::new();
        for alert in engine.drain() {
            last.insert(alert.id, alert);
        }
        last
    }
}

/// Both notifications list the same alerts, each fact under one id. The lists are read one after the other: changes of counts may come between.
pub fn all_tell_the_same(lists: &[BTreeMap<(String, Vec<String>), v1::Alert>], depth: Depth) {
    let names = |list: &BTreeMap<_, v1::Alert>| -> BTreeSet<(String, u32)> {
        let revision = |alert: &v1::Alert| if depth == Depth::Everything { alert.revision } else { 0 };
        list.values()
            .map(|alert| (alert.name.clone(), revision(alert)))
            .collect()
    };
    for pair in lists.windows(2) {
        let (one, other) = (names(&pair[0]), names(&pair[1]));
        let differ: Vec<_> = one.symmetric_difference(&other).collect();
        assert!(differ.is_empty(), "two notifications list different alerts: {differ:?}");
    }
}
