//! Opening on topics that are not as they must be, on brokers that are not there.

use std::{thread, time::Duration};

use chappe_eventlog::{EventLog, Partitions, Topic};
use rdkafka::admin::{NewTopic, TopicReplication};

use super::{create_topic, fill, on_brokers, open};
use crate::{KafkaLog, KafkaOptions, OpenError, Timeouts};

fn refusal(options: &KafkaOptions) -> String {
    KafkaLog::open(options.clone()).unwrap_err().to_string()
}

#[test]
fn a_compacted_topic_is_refused_with_the_command_that_mends_it() {
    let Some(options) = on_brokers("a_compacted_topic", 1) else {
        return;
    };
    let name = options.topic_name(Topic::Incidents);
    let topic = NewTopic::new(&name, 2, TopicReplication::Fixed(1)).set("cleanup.policy", "compact");
    create_topic(&options, &topic);
    let want = format!(
        "topic {name} has cleanup.policy compact, wanted delete: kafka-configs.sh --bootstrap-server {} --alter --entity-type topics \
         --entity-name {name} --add-config cleanup.policy=delete",
        options.brokers
    );
    assert_eq!(refusal(&options), want);
}

#[test]
fn the_brokers_defaults_do_not_do_for_a_topic_made_by_hand() {
    let Some(options) = on_brokers("the_brokers_defaults", 1) else {
        return;
    };
    let name = options.topic_name(Topic::Alerts);
    create_topic(&options, &NewTopic::new(&name, 1, TopicReplication::Fixed(1)));
    let said = refusal(&options);
    assert!(
        said.contains(&format!("topic {name} has max.message.bytes 1048588, wanted 11")),
        "{said}"
    );
}

#[test]
fn other_numbers_of_partitions_and_replicas_are_refused() {
    let Some(options) = on_brokers("other_numbers_of_partitions", 1) else {
        return;
    };
    fill(&open(&options), Topic::Config, 0..1);
    let more = KafkaOptions {
        partitions: Partitions::default().with(Topic::Incidents, 3),
        ..options.clone()
    };
    let said = refusal(&more);
    assert!(
        said.contains("incidents has partitions 2, wanted 3: start with 2 partitions of incidents"),
        "{said}"
    );
    let safer = KafkaOptions {
        replication: 3,
        ..options.clone()
    };
    let said = refusal(&safer);
    assert!(
        said.contains("incidents has replication 1, wanted 3 or more: start with replication 1"),
        "{said}"
    );
    let (_, report) = KafkaLog::open(options).unwrap();
    assert_eq!((report.created, report.records, report.brokers), (vec![], 1, 1));
}

#[test]
fn two_processes_may_create_at_once() {
    let Some(options) = on_brokers("two_processes_may_create_at_once", 3) else {
        return;
    };
    let created: Vec<Topic> = thread::scope(|scope| {
        let opening = || scope.spawn(|| KafkaLog::open(options.clone()).unwrap().1.created);
        let both = [opening(), opening()];
        both.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    let mut sorted = created.clone();
    sorted.sort();
    assert_eq!(sorted, Topic::ALL, "each topic is created once, by one of the two");
}

#[test]
fn brokers_that_are_not_there_are_named_with_what_failed() {
    let options = KafkaOptions {
        timeouts: Timeouts {
            open: Duration::from_secs(1),
            ..Timeouts::default()
        },
        ..KafkaOptions::at("127.0.0.1:1")
    };
    let said = refusal(&options);
    assert!(
        said.starts_with("the brokers at 127.0.0.1:1 were not ready within 1 s ("),
        "{said}"
    );
    assert!(said.contains("refused"), "{said}");
}

#[test]
fn options_out_of_range_are_named() {
    let base = KafkaOptions::at("kafka:9092");
    let bad = [
        ("brokers", KafkaOptions::at(" ")),
        (
            "prefix",
            KafkaOptions {
                prefix: "a b".into(),
                ..base.clone()
            },
        ),
        (
            "replication",
            KafkaOptions {
                replication: 0,
                ..base.clone()
            },
        ),
        (
            "cursors",
            KafkaOptions {
                cursors: 0,
                ..base.clone()
            },
        ),
        (
            "window_bytes",
            KafkaOptions {
                window_bytes: 1,
                ..base.clone()
            },
        ),
        (
            "timeouts.append",
            KafkaOptions {
                timeouts: Timeouts {
                    append: Duration::from_secs(1),
                    ..Timeouts::default()
                },
                ..base
            },
        ),
    ];
    for (name, options) in bad {
        match KafkaLog::open(options) {
            Err(OpenError::BadOption { option, .. }) => assert_eq!(option, name),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn two_replicas_are_no_replication_and_say_so() {
    let Some(three) = on_brokers("two_replicas", 3) else {
        return;
    };
    let log = open(&KafkaOptions {
        replication: 2,
        ..three
    });
    assert_eq!(log.durability().name(), "process");
}
