//! How a topic must be, and what an operator does where it is not.

use chappe_eventlog::Topic;
use rdkafka::admin::ConfigResource;

use super::Shape;
use crate::{error::OpenError, options::KafkaOptions, settings::MAX_MESSAGE_BYTES};

const CLEANUP_POLICY: &str = "cleanup.policy";
const RETENTION_MS: &str = "retention.ms";
const RETENTION_BYTES: &str = "retention.bytes";
const SEGMENT_MS: &str = "segment.ms";
const MIN_ISR: &str = "min.insync.replicas";
const UNCLEAN: &str = "unclean.leader.election.enable";
const MESSAGE_BYTES: &str = "max.message.bytes";

/// How long the pulse of an installation stays, in milliseconds: only the last minute matters to it.
const PULSE_RETENTION_MS: u32 = 60 * 60 * 1_000;
/// After how long a segment of the pulse ends, in milliseconds: only whole segments are deleted.
const PULSE_SEGMENT_MS: u32 = 10 * 60 * 1_000;

/// The settings of a topic that is created.
pub(crate) fn settings(options: &KafkaOptions, topic: Topic) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        (CLEANUP_POLICY, "delete".to_owned()),
        (MIN_ISR, options.min_in_sync().to_string()),
        (UNCLEAN, "false".to_owned()),
        (MESSAGE_BYTES, MAX_MESSAGE_BYTES.to_string()),
        (RETENTION_BYTES, "-1".to_owned()),
    ];
    if topic == Topic::Pulse {
        settings.push((RETENTION_MS, PULSE_RETENTION_MS.to_string()));
        settings.push((SEGMENT_MS, PULSE_SEGMENT_MS.to_string()));
    } else {
        settings.push((RETENTION_MS, "-1".to_owned()));
    }
    settings
}

/// The command that creates a topic as it must be.
pub(crate) fn creation_command(options: &KafkaOptions, topic: Topic) -> String {
    let mut command = format!(
        "kafka-topics.sh --bootstrap-server {} --create --topic {} --partitions {} --replication-factor {}",
        options.brokers,
        options.topic_name(topic),
        options.partitions.of(topic),
        options.replication,
    );
    for (key, value) in settings(options, topic) {
        command.push_str(&format!(" --config {key}={value}"));
    }
    command
}

/// Checks a topic that exists.
pub(crate) fn check(
    options: &KafkaOptions,
    topic: Topic,
    shape: Shape,
    config: &ConfigResource,
) -> Result<(), OpenError> {
    let value = |setting: &str| config.get(setting).and_then(|entry| entry.value.clone());
    check_values(options, topic, shape, value)
}

fn check_values(
    options: &KafkaOptions,
    topic: Topic,
    shape: Shape,
    value: impl Fn(&str) -> Option<String>,
) -> Result<(), OpenError> {
    let name = options.topic_name(topic);
    let mismatch = |setting, found: String, wanted: String, remedy: String| {
        Err(OpenError::Mismatch {
            topic: name.clone(),
            setting,
            found,
            wanted,
            remedy,
        })
    };
    let partitions = usize::from(options.partitions.of(topic));
    if shape.partitions != partitions {
        let remedy = format!(
            "start with {} partitions of {topic}, or begin a new log under another prefix",
            shape.partitions
        );
        return mismatch(
            "partitions",
            shape.partitions.to_string(),
            partitions.to_string(),
            remedy,
        );
    }
    if shape.replication < usize::from(options.replication) {
        let remedy = format!(
            "start with replication {}, or move the partitions with kafka-reassign-partitions.sh --bootstrap-server {}",
            shape.replication, options.brokers
        );
        let wanted = format!("{} or more", options.replication);
        return mismatch("replication", shape.replication.to_string(), wanted, remedy);
    }
    for (setting, wanted, is_right) in demanded(options, topic) {
        let found = value(setting).unwrap_or_else(|| "(not told)".into());
        if !is_right(&found, &wanted) {
            let remedy = format!(
                "kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {name} --add-config {setting}={wanted}",
                options.brokers
            );
            return mismatch(setting, found, wanted, remedy);
        }
    }
    Ok(())
}

/// Whether a value that was found does for the one that is wanted.
type IsRight = fn(&str, &str) -> bool;

/// What an existing topic must have. How long the pulse is kept is its owner's to choose: nothing is resumed from there.
fn demanded(options: &KafkaOptions, topic: Topic) -> Vec<(&'static str, String, IsRight)> {
    let same: IsRight = |found, wanted| found == wanted;
    let at_least: IsRight = |found, wanted| match (found.parse::<u64>(), wanted.parse::<u64>()) {
        (Ok(found), Ok(wanted)) => found >= wanted,
        _ => false,
    };
    let mut demanded = Vec::new();
    for (setting, wanted) in settings(options, topic) {
        let is_right = match setting {
            MIN_ISR | MESSAGE_BYTES => at_least,
            RETENTION_MS | RETENTION_BYTES | SEGMENT_MS if topic == Topic::Pulse => continue,
            _ => same,
        };
        demanded.push((setting, wanted, is_right));
    }
    demanded
}

/// Whether what is acknowledged in a topic survives the loss of any one broker.
pub(crate) fn survives_a_broker(shape: Shape, config: &ConfigResource) -> bool {
    let value = |setting: &str| config.get(setting).and_then(|entry| entry.value.as_deref());
    let in_sync = value(MIN_ISR).and_then(|value| value.parse::<u16>().ok()).unwrap_or(1);
    shape.replication >= 3 && in_sync >= 2 && value(UNCLEAN) == Some("false")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::HashMap;

    use super::*;

    fn checked(topic: Topic, shape: Shape, changed: Option<(&'static str, &str)>) -> Result<(), String> {
        let options = KafkaOptions::at("kafka:9092");
        let mut values: HashMap<&str, String> = settings(&options, topic).into_iter().collect();
        values.extend(changed.map(|(setting, value)| (setting, value.to_owned())));
        check_values(&options, topic, shape, |setting| values.get(setting).cloned()).map_err(|error| error.to_string())
    }

    const ALERTS: Shape = Shape {
        partitions: 1,
        replication: 3,
    };

    #[test]
    fn what_is_created_passes_and_more_than_wanted_does_too() {
        for topic in [Topic::Alerts, Topic::Config, Topic::Pulse, Topic::Decisions] {
            assert_eq!(checked(topic, ALERTS, None), Ok(()));
        }
        assert_eq!(checked(Topic::Alerts, ALERTS, Some((MIN_ISR, "3"))), Ok(()));
        assert_eq!(checked(Topic::Pulse, ALERTS, Some((RETENTION_MS, "60000"))), Ok(()));
    }

    #[test]
    fn a_mismatch_names_topic_setting_both_values_and_the_command() {
        let said = checked(Topic::Alerts, ALERTS, Some((CLEANUP_POLICY, "compact"))).unwrap_err();
        assert_eq!(
            said,
            "topic chappe.alerts has cleanup.policy compact, wanted delete: kafka-configs.sh --bootstrap-server kafka:9092 --alter \
             --entity-type topics --entity-name chappe.alerts --add-config cleanup.policy=delete"
        );
        for (setting, value) in [
            (RETENTION_MS, "604800000"),
            (RETENTION_BYTES, "1000"),
            (MIN_ISR, "1"),
            (UNCLEAN, "true"),
            (MESSAGE_BYTES, "1048588"),
        ] {
            let said = checked(Topic::Config, ALERTS, Some((setting, value))).unwrap_err();
            assert!(
                said.contains(&format!("chappe.config has {setting} {value}, wanted ")),
                "{said}"
            );
        }
        let few = Shape {
            partitions: 2,
            ..ALERTS
        };
        assert!(
            checked(Topic::Alerts, few, None)
                .unwrap_err()
                .contains("has partitions 2, wanted 1: start with 2")
        );
        let thin = Shape {
            replication: 1,
            ..ALERTS
        };
        assert!(
            checked(Topic::Alerts, thin, None)
                .unwrap_err()
                .contains("has replication 1, wanted 3 or more")
        );
    }

    #[test]
    fn the_command_that_creates_holds_every_setting() {
        let options = KafkaOptions::at("kafka:9092");
        let command = creation_command(&options, Topic::Incidents);
        assert!(command.contains("--create --topic chappe.incidents --partitions 8 --replication-factor 3"));
        assert!(
            command.ends_with("--config retention.bytes=-1 --config retention.ms=-1"),
            "{command}"
        );
    }
}
