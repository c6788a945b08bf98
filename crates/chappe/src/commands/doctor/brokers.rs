//! The brokers, where the log is on Kafka: reached, and their topics as they must be.

use super::finding::Finding;
use crate::config::Config;
#[cfg(feature = "kafka")]
use crate::config::KafkaSection;

const CHECK: &str = "brokers";

pub(super) fn examine(config: &Config) -> Option<Finding> {
    config.kafka.as_ref().map(look)
}

#[cfg(not(feature = "kafka"))]
fn look(_: &crate::config::KafkaSection) -> Finding {
    Finding::broken(
        CHECK,
        "the configuration has [kafka], and this build has no Kafka",
        "nothing starts",
        "build it with 'cargo build --release --features kafka'",
    )
}

#[cfg(feature = "kafka")]
fn look(section: &KafkaSection) -> Finding {
    use chappe_eventlog_kafka::{KafkaLog, KafkaOptions, Timeouts};

    use crate::installation::{broker_options, with_sources};

    /// How long brokers are waited for: less than a start waits, for somebody looks on.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

    let options = match broker_options(section) {
        Ok(options) => options,
        Err(error) => {
            return Finding::broken(
                CHECK,
                with_sources(&error),
                "this process cannot prove itself to the brokers: nothing starts",
                "put the file in place, readable by this user alone",
            );
        }
    };
    let options = KafkaOptions {
        timeouts: Timeouts {
            open: PATIENCE,
            ..options.timeouts
        },
        ..options
    };
    match KafkaLog::look(&options) {
        Ok(seen) if seen.absent.is_empty() => {
            Finding::well(CHECK, format!("{} reached, every topic is as it must be", seen.brokers))
        }
        Ok(seen) => Finding::well(
            CHECK,
            format!(
                "{} reached; the first start creates {}",
                seen.brokers,
                seen.absent.join(", ")
            ),
        ),
        Err(error) => Finding::broken(
            CHECK,
            with_sources(&error),
            "the log is on the brokers: nothing starts without it",
            "do as said, then look again",
        ),
    }
}
