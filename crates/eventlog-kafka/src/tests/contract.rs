//! The contract suite on real brokers.

use chappe_eventlog::{
    Durability, EventLog, Writers,
    contract::{Subject, run_all},
};

use super::{new_prefix, on_brokers, open};
use crate::{KafkaLog, KafkaOptions};

/// Opens logs with topics of their own.
struct OnBrokers(KafkaOptions);

impl Subject for OnBrokers {
    type Log = KafkaLog;

    fn create(&self) -> KafkaLog {
        let options = KafkaOptions {
            prefix: new_prefix(),
            ..self.0.clone()
        };
        open(&options)
    }

    fn crash(&self, log: KafkaLog) -> KafkaLog {
        open(&log.crash())
    }

    fn fail_next_sync(&self, _log: &KafkaLog) -> bool {
        false // The brokers sync when they see fit; what counts is that several have a record.
    }
}

#[test]
fn one_broker_keeps_the_contract() {
    let Some(options) = on_brokers("one_broker_keeps_the_contract", 1) else {
        return;
    };
    let log = open(&options);
    assert_eq!(
        (log.durability(), log.writers()),
        (Durability::Process, Writers::Shared)
    );
    run_all(&OnBrokers(options));
}

#[test]
fn three_brokers_keep_the_contract() {
    let Some(options) = on_brokers("three_brokers_keep_the_contract", 3) else {
        return;
    };
    let log = open(&options);
    assert_eq!(
        (log.durability(), log.writers()),
        (Durability::Replicated, Writers::Shared)
    );
    run_all(&OnBrokers(options));
}

#[test]
fn a_window_of_one_record_keeps_the_contract() {
    let Some(options) = on_brokers("a_window_of_one_record_keeps_the_contract", 1) else {
        return;
    };
    run_all(&OnBrokers(KafkaOptions {
        window_partition_bytes: 0,
        cursors: 2,
        ..options
    }));
}
