//! What librdkafka is told. Each value that differs from its default stands here with the reason.

use rdkafka::{ClientConfig, config::RDKafkaLogLevel};

use crate::{
    framing::HEADER_BYTES,
    options::{KafkaOptions, Security, Tls},
};
use chappe_eventlog::MAX_RECORD_BYTES;

/// How many appends may wait for the brokers; more are refused.
pub const QUEUE_RECORDS: usize = 131_072;

/// How many bytes of records may wait for the brokers, in KiB; more are refused.
pub const QUEUE_KIBIBYTES: usize = 64 << 10;

/// The largest message, in bytes: the largest record, its header and what Kafka puts around both.
pub const MAX_MESSAGE_BYTES: usize = MAX_RECORD_BYTES + HEADER_BYTES + (64 << 10);

/// How long an append waits for others to share its request, in milliseconds.
const LINGER_MS: u32 = 1;

/// How long one request may take before its connection is given up, in milliseconds: a broker that hangs must leave time to try the next one.
const REQUEST_TIMEOUT_MS: u32 = 4_000;

/// How long a connection attempt may take, in milliseconds.
const CONNECT_TIMEOUT_MS: u32 = 3_000;

/// Pauses between attempts to connect, in milliseconds: the first, and the longest they grow to.
const RECONNECT_MS: (u32, u32) = (50, 500);

/// Pauses before a request is tried again, in milliseconds: the first, and the longest they grow to.
const RETRY_MS: (u32, u32) = (50, 500);

/// How long the broker may hold a fetch back that finds nothing, in milliseconds. It answers at once when there is a record.
const FETCH_WAIT_MS: u32 = 100;

/// Pause after a fetch that failed, in milliseconds.
const FETCH_BACKOFF_MS: u32 = 50;

/// Pause before the next fetch once enough records wait inside the client, in milliseconds. By default it is a second, in which a reader of
/// history has long emptied the queue.
const FETCH_QUEUE_BACKOFF_MS: u32 = 5;

/// How many KiB of fetched records may wait inside the follower's client.
const FOLLOWER_QUEUE_KIBIBYTES: u32 = 16 << 10;

/// The same for each cursor: it runs ahead of its reader by this much.
const CURSOR_QUEUE_KIBIBYTES: u32 = 4 << 10;

/// What every client is told.
fn base(options: &KafkaOptions) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &options.brokers)
        .set("client.id", "chappe")
        .set("socket.keepalive.enable", "true")
        .set("socket.nagle.disable", "true")
        .set("socket.timeout.ms", REQUEST_TIMEOUT_MS.to_string())
        .set("socket.connection.setup.timeout.ms", CONNECT_TIMEOUT_MS.to_string())
        .set("reconnect.backoff.ms", RECONNECT_MS.0.to_string())
        .set("reconnect.backoff.max.ms", RECONNECT_MS.1.to_string())
        .set("retry.backoff.ms", RETRY_MS.0.to_string())
        .set("retry.backoff.max.ms", RETRY_MS.1.to_string())
        // Brokers close idle connections; that is no news.
        .set("log.connection.close", "false")
        .set("statistics.interval.ms", "0")
        .set("allow.auto.create.topics", "false");
    // What is shown of it is for the process's own log to filter.
    config.set_log_level(RDKafkaLogLevel::Info);
    secure(&mut config, &options.security);
    config
}

fn secure(config: &mut ClientConfig, security: &Security) {
    match security {
        Security::Plaintext => {
            config.set("security.protocol", "plaintext");
        }
        Security::Tls(tls) => {
            config.set("security.protocol", "ssl");
            secure_by(config, tls);
        }
        Security::Sasl {
            tls,
            mechanism,
            user,
            password,
        } => {
            config
                .set("security.protocol", "sasl_ssl")
                .set("sasl.mechanism", mechanism.name())
                .set("sasl.username", user)
                .set("sasl.password", password.reveal());
            secure_by(config, tls);
        }
    }
}

fn secure_by(config: &mut ClientConfig, tls: &Tls) {
    config
        .set("enable.ssl.certificate.verification", "true")
        .set("ssl.endpoint.identification.algorithm", "https");
    if let Some(ca) = &tls.ca {
        config.set("ssl.ca.location", ca.to_string_lossy());
    }
    if let Some((certificate, key)) = &tls.identity {
        config
            .set("ssl.certificate.location", certificate.to_string_lossy())
            .set("ssl.key.location", key.to_string_lossy());
    }
}

/// For asking about topics and creating them.
pub(crate) fn admin(options: &KafkaOptions) -> ClientConfig {
    let mut config = base(options);
    // Known to producers only under another name, and an administrator produces nothing.
    config.remove("allow.auto.create.topics");
    config
}

/// For appending.
pub(crate) fn producer(options: &KafkaOptions) -> ClientConfig {
    let mut config = base(options);
    config.remove("allow.auto.create.topics");
    config
        // Retries inside the client neither double records nor change their order; a record counts once all in-sync replicas have it.
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("max.in.flight.requests.per.connection", "5")
        .set("message.timeout.ms", options.timeouts.append.as_millis().to_string())
        .set("request.timeout.ms", REQUEST_TIMEOUT_MS.to_string())
        .set("linger.ms", LINGER_MS.to_string())
        .set("compression.type", "lz4")
        .set("message.max.bytes", MAX_MESSAGE_BYTES.to_string())
        .set("queue.buffering.max.messages", QUEUE_RECORDS.to_string())
        .set("queue.buffering.max.kbytes", QUEUE_KIBIBYTES.to_string());
    config
}

/// For reading what is new.
pub(crate) fn follower(options: &KafkaOptions) -> ClientConfig {
    consumer(options, FOLLOWER_QUEUE_KIBIBYTES)
}

/// For reading history.
pub(crate) fn cursor(options: &KafkaOptions) -> ClientConfig {
    let mut config = consumer(options, CURSOR_QUEUE_KIBIBYTES);
    config.set("enable.partition.eof", "true");
    config
}

fn consumer(options: &KafkaOptions, queue_kibibytes: u32) -> ClientConfig {
    let mut config = base(options);
    config
        // Nothing is read as a member of a group; the client wants a name before it takes partitions by hand.
        .set("group.id", format!("{}readers", options.prefix))
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // A lost position must be noticed, not skipped over.
        .set("auto.offset.reset", "error")
        .set("check.crcs", "true")
        // Nothing of the log is written in transactions; an open one of somebody else must not hold readers up.
        .set("isolation.level", "read_uncommitted")
        .set("fetch.min.bytes", "1")
        .set("fetch.wait.max.ms", FETCH_WAIT_MS.to_string())
        .set("fetch.error.backoff.ms", FETCH_BACKOFF_MS.to_string())
        .set("fetch.queue.backoff.ms", FETCH_QUEUE_BACKOFF_MS.to_string())
        .set("queued.max.messages.kbytes", queue_kibibytes.to_string());
    config
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use rdkafka::{admin::AdminClient, client::DefaultClientContext, consumer::BaseConsumer, producer::BaseProducer};

    use super::*;
    use crate::options::{Mechanism, Secret};

    fn each_security() -> Vec<Security> {
        let sasl = |mechanism| Security::Sasl {
            tls: Tls::default(),
            mechanism,
            user: "chappe".into(),
            password: Secret::new("hidden".into()),
        };
        vec![
            Security::Plaintext,
            Security::Tls(Tls::default()),
            sasl(Mechanism::Plain),
            sasl(Mechanism::ScramSha256),
            sasl(Mechanism::ScramSha512),
        ]
    }

    #[test]
    fn the_client_library_takes_every_setting() {
        for security in each_security() {
            assert!(!format!("{security:?}").contains("hidden"));
            let options = KafkaOptions {
                security,
                ..KafkaOptions::at("127.0.0.1:1")
            };
            producer(&options).create::<BaseProducer>().unwrap();
            follower(&options).create::<BaseConsumer>().unwrap();
            cursor(&options).create::<BaseConsumer>().unwrap();
            admin(&options).create::<AdminClient<DefaultClientContext>>().unwrap();
        }
    }
}
