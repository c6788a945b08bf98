use rcgen::{DnType, ExtendedKeyUsagePurpose, SanType};
use time::Duration;

use super::pki::{AUSTRIA, BELGIUM, Root, now, uri};
use super::world::{Client, World};
use crate::Protocol;

#[tokio::test]
async fn a_member_s_certificate_names_its_voice() {
    let world = World::new();
    let tls = world.tls();
    for (holder, name) in [
        (world.austria.named(AUSTRIA), AUSTRIA),
        (world.belgium.named(BELGIUM), BELGIUM),
        (
            world.austria.named("spiffe://chappe.test/member/csirt-at"),
            "spiffe://chappe.test/member/csirt-at",
        ),
    ] {
        let peer = world.meet(&tls, Client::showing(holder)).await.unwrap();
        let certificate = peer.certificate.unwrap();
        assert_eq!(certificate.id.to_string(), name);
        assert_eq!(certificate.serial.as_str(), "7");
    }
    assert_eq!(tls.connections(), 0, "who has gone has left");
}

#[tokio::test]
async fn further_names_and_usages_say_nothing() {
    let world = World::new();
    let holder = world.austria.holder(|params| {
        params.distinguished_name.push(DnType::CommonName, "csirt-be");
        let dns = SanType::DnsName("csirt-be".try_into().unwrap());
        params.subject_alt_names = vec![dns, uri(AUSTRIA)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    });
    let peer = world.meet(&world.tls(), Client::showing(holder)).await.unwrap();
    assert_eq!(peer.certificate.unwrap().id.to_string(), AUSTRIA);
}

#[tokio::test]
async fn an_intermediate_authority_with_a_list_of_its_own_will_do() {
    let world = World::new();
    let below = world.austria.below("an office", |_| {});
    let second = Root::new("a second authority of Austria");
    let roots = [world.austria.certificate.pem(), second.certificate.pem()].concat();
    world.write("csirt-at", crate::ROOTS_FILE, &roots);
    world.write("csirt-at", "office.crl", &below.list(&[8], now() + Duration::days(1)));
    world.write("csirt-at", "second.crl", &second.list(&[8], now() + Duration::days(1)));
    let tls = world.tls();
    for holder in [below.named(AUSTRIA).above(&[&below]), second.named(AUSTRIA)] {
        assert!(world.meet(&tls, Client::showing(holder)).await.is_ok());
    }
}

#[tokio::test]
async fn where_tokens_count_a_certificate_is_not_asked_for_but_judged() {
    let mut world = World::new();
    world.tokens = true;
    let tls = world.tls();
    assert_eq!(world.meet(&tls, Client::silent()).await.unwrap().certificate, None);
    assert!(
        world
            .meet(&tls, Client::showing(world.austria.named(AUSTRIA)))
            .await
            .is_ok()
    );
    let wrong = world.belgium.named(AUSTRIA);
    assert!(world.meet(&tls, Client::showing(wrong)).await.is_err());
}

#[tokio::test]
async fn over_http_a_client_may_leave_the_protocol_out() {
    let world = World::new();
    let tls = world.tls();
    for alpn in [vec![], vec![b"http/1.1".to_vec()]] {
        let client = Client {
            alpn,
            ..Client::showing(world.austria.named(AUSTRIA))
        };
        assert!(world.meet_over(Protocol::Http, &tls, client).await.is_ok());
    }
    let client = Client::showing(world.austria.named(AUSTRIA));
    assert!(
        world.meet_over(Protocol::Http, &tls, client).await.is_err(),
        "HTTP/2 is for gRPC"
    );
}
