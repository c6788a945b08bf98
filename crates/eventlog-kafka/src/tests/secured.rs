//! Brokers that ask who one is.

use std::time::Duration;

use chappe_eventlog::{Position, ReadLimit, Topic};
use chappe_kafka_cluster::{Cluster, Secured, is_available};

use super::{fill, new_prefix, stamps};
use crate::{KafkaLog, KafkaOptions, Mechanism, Secret, Security, Timeouts, Tls};

fn options(brokers: &str, security: Security) -> KafkaOptions {
    KafkaOptions {
        prefix: new_prefix(),
        replication: 1,
        security,
        ..KafkaOptions::at(brokers)
    }
}

fn by_certificate(secured: &Secured) -> Tls {
    Tls {
        ca: Some(secured.ca.clone()),
        identity: Some((secured.certificate.clone(), secured.key.clone())),
    }
}

fn by_password(secured: &Secured, password: &str) -> Security {
    Security::Sasl {
        tls: Tls {
            ca: Some(secured.ca.clone()),
            identity: None,
        },
        mechanism: Mechanism::Plain,
        user: secured.user.to_owned(),
        password: Secret::new(password.to_owned()),
    }
}

fn serves(options: KafkaOptions) {
    let (log, _) = KafkaLog::open(options).unwrap();
    fill(&log, Topic::Incidents, 0..20);
    let found = stamps(&log, Topic::Incidents, Position(0), ReadLimit::default());
    assert_eq!(found, (0..20).map(|nth| (nth, nth)).collect::<Vec<_>>());
}

fn refused(options: KafkaOptions) -> String {
    // It is tried for as long: brokers may be on their way up.
    let open = Duration::from_secs(4);
    let timeouts = Timeouts {
        open,
        ..Timeouts::default()
    };
    let options = KafkaOptions { timeouts, ..options };
    let error = KafkaLog::open(options).expect_err("it is refused");
    let mut words = error.to_string();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
    while let Some(next) = cause {
        words += &format!(": {next}");
        cause = next.source();
    }
    words
}

#[test]
fn certificates_and_passwords_are_shown_to_brokers_that_ask_for_them() {
    if !is_available("secured brokers") {
        return;
    }
    let (_cluster, secured) = Cluster::start_secured().unwrap();
    serves(options(&secured.tls, Security::Tls(by_certificate(&secured))));
    serves(options(&secured.sasl, by_password(&secured, secured.password)));

    let without = Tls {
        identity: None,
        ..by_certificate(&secured)
    };
    let words = refused(options(&secured.tls, Security::Tls(without)));
    assert!(words.contains("certificate"), "{words}");
    let stranger = Tls {
        ca: Some(secured.other_ca.clone()),
        ..by_certificate(&secured)
    };
    let words = refused(options(&secured.tls, Security::Tls(stranger)));
    assert!(words.contains("certificate"), "{words}");
    let words = refused(options(&secured.sasl, by_password(&secured, "guessed")));
    assert!(words.to_lowercase().contains("authentication"), "{words}");
    assert!(!words.contains("guessed"), "{words}");
    let words = refused(options(&secured.tls, Security::Plaintext));
    assert!(!words.is_empty(), "{words}");
}
