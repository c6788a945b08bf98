//! Processes that cannot belong to the installation are told what to do.

use chappe_kafka_cluster::is_available;
use chappe_tests::{Options, Program};

use super::installation::start;

fn refused(folder: &std::path::Path, options: Options) -> String {
    let started = Program::start_with(folder, options);
    format!("{:#}", started.expect_err("it must not start"))
}

#[test]
fn another_secret_is_refused_with_what_to_copy() {
    if !is_available("another_secret_is_refused") {
        return;
    }
    let [folder, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let mut first = start(folder.path(), "ingest", "ingest-1");
    let brokers = first.brokers().unwrap().unwrap();
    let joining = |service: &str| Options::default().service(service).set("kafka", brokers.clone());

    let said = refused(other.path(), joining("notification"));
    assert!(said.contains("copy secret.key") && said.contains("has none"), "{said}");

    // One that has a secret of its own already.
    let data = other.path().join("chappe-data");
    std::fs::remove_dir_all(&data).unwrap_or_default();
    let mut alone = Program::start_with(
        other.path(),
        Options::default().on_kafka().set("kafka.topic-prefix", "own."),
    )
    .unwrap();
    alone.stop().unwrap();
    let said = refused(other.path(), joining("correlation"));
    assert!(
        said.contains("copy secret.key") && said.contains("another secret"),
        "{said}"
    );
    first.stop().unwrap();
}

#[test]
fn a_service_alone_on_an_embedded_log_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for service in ["ingest", "correlation", "notification"] {
        let said = refused(folder.path(), Options::default().service(service));
        assert!(
            said.contains(&format!("chappe {service}")) && said.contains("[kafka]") && said.contains("chappe serve"),
            "{said}"
        );
    }
}
