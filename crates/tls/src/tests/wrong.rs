//! Wrong identities. Each is wrong in one thing and right in all others, and refused for that thing.

mod chains;
mod forms;
mod names;

use rustls::version::TLS12;

use super::pki::Holder;
use super::world::{Client, World};

/// What is wrong, how a client comes to it, and what the refusal says.
type Wrong = (&'static str, fn(&World) -> Holder, &'static str);

async fn are_all_refused(table: &[Wrong]) {
    let mut misfits = Vec::new();
    for (what, make, says) in table {
        let world = World::new();
        let holder = make(&world);
        let tls = world.tls();
        match world.meet(&tls, Client::showing(holder)).await {
            Ok(peer) => misfits.push(format!("{what}: accepted as {peer:?}")),
            Err(why) if !why.to_string().contains(says) => misfits.push(format!("{what}: {why}")),
            Err(_) => assert_eq!(tls.connections(), 0, "{what}"),
        }
    }
    assert!(misfits.is_empty(), "{misfits:#?}");
}

#[tokio::test]
async fn wrong_names_are_refused() {
    are_all_refused(names::TABLE).await;
}

#[tokio::test]
async fn wrong_forms_are_refused() {
    are_all_refused(forms::TABLE).await;
}

#[tokio::test]
async fn wrong_chains_are_refused() {
    are_all_refused(chains::TABLE).await;
}

/// Wrong is not the certificate, but how it is come with.
#[tokio::test]
async fn wrong_handshakes_are_refused() {
    let world = World::new();
    let tls = world.tls();
    let right = || Client::showing(world.austria.holder(|_| {}));
    let old = Client {
        version: &TLS12,
        ..right()
    };
    let web = Client {
        alpn: vec![b"http/1.1".to_vec()],
        ..right()
    };
    let no_protocol = Client {
        alpn: vec![],
        ..right()
    };
    for (what, client, says) in [
        ("no certificate", Client::silent(), "peer sent no certificates"),
        ("an older version of TLS", old, "Tls12NotOffered"),
        ("another protocol", web, "known protocol"),
        ("no protocol", no_protocol, "does not ask for h2"),
    ] {
        let why = world.meet(&tls, client).await.expect_err(what).to_string();
        assert!(why.contains(says), "{what}: {why}");
    }
    assert!(world.meet(&tls, right()).await.is_ok());
}

#[test]
fn there_are_more_than_forty() {
    assert!(names::TABLE.len() + forms::TABLE.len() + chains::TABLE.len() >= 70);
}
