//! What changes while connections are open.

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};

use super::pki::{AUSTRIA, BELGIUM, Holder, Root, now};
use super::world::{Client, World};
use crate::{Protocol, ROOTS_FILE, Secured, Tls};

/// Far above what a loaded machine needs to end a connection.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// A server and the connections that it took.
struct Server {
    address: std::net::SocketAddr,
    incoming: ReceiverStream<io::Result<Secured<TcpStream>>>,
}

type Ends = (TlsStream<TcpStream>, Secured<TcpStream>);

impl Server {
    async fn start(tls: &Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let incoming = tls.incoming(TcpListenerStream::new(listener), Protocol::Grpc);
        Self { address, incoming }
    }

    async fn connect(&mut self, world: &World, holder: Holder) -> Ends {
        let io = TcpStream::connect(self.address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(world.config(Client::showing(holder))));
        let client = connector.connect(ServerName::try_from("localhost").unwrap(), io);
        let (client, server) = tokio::join!(client, self.incoming.next());
        (client.unwrap(), server.unwrap().unwrap())
    }
}

async fn works((client, server): &mut Ends) -> io::Result<()> {
    client.write_all(b"a").await?;
    client.flush().await?;
    server.read_u8().await?;
    server.write_all(b"b").await?;
    server.flush().await?;
    client.read_u8().await.map(drop)
}

/// Waits, as whoever serves the connection does, until it is ended.
async fn ends((_, server): &mut Ends) {
    let ended = tokio::time::timeout(PATIENCE, server.read_u8()).await;
    let error = ended.expect("the connection is ended").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted, "{error}");
    assert!(server.write_all(b"a").await.is_err());
}

#[tokio::test]
async fn a_revoked_certificate_ends_its_connections_and_no_others() {
    let world = World::new();
    let tls = world.tls();
    let mut server = Server::start(&tls).await;
    let mut laptop = server.connect(&world, world.austria.holder(|_| {})).await;
    let mut other = server
        .connect(
            &world,
            world.austria.holder(|params| params.serial_number = Some(8.into())),
        )
        .await;
    let mut belgium = server.connect(&world, world.belgium.named(BELGIUM)).await;
    assert_eq!(tls.connections(), 3);
    tls.look();
    works(&mut laptop).await.unwrap();
    world.write(
        "csirt-at",
        "root.crl",
        &world.austria.list(&[7], now() + Duration::days(7)),
    );
    let ((), ()) = tokio::join!(ends(&mut laptop), async { tls.look() });
    works(&mut other).await.unwrap();
    works(&mut belgium).await.unwrap();
    assert!(
        world
            .meet(&tls, Client::showing(world.austria.holder(|_| {})))
            .await
            .is_err()
    );
    world.revoke("csirt-at", "*");
    tls.look();
    ends(&mut other).await;
    works(&mut belgium).await.unwrap();
    assert_eq!(tls.connections(), 1);
    drop(belgium);
    assert_eq!(tls.connections(), 0);
}

#[tokio::test]
async fn what_expires_ends_its_connections_without_a_change_of_files() {
    let world = World::new();
    let tls = world.tls();
    let mut server = Server::start(&tls).await;
    let short = world
        .austria
        .holder(|params| params.not_after = now() + Duration::hours(1));
    let mut short = server.connect(&world, short).await;
    let mut long = server.connect(&world, world.austria.named(AUSTRIA)).await;
    let mut belgium = server.connect(&world, world.belgium.named(BELGIUM)).await;
    world.clock.advance_millis(3_601_000);
    tls.look();
    ends(&mut short).await;
    works(&mut long).await.unwrap();
    // Their lists are in force for a week; a new one is there for one of the members.
    world.write(
        "csirt-be",
        "root.crl",
        &world.belgium.list(&[], now() + Duration::days(14)),
    );
    world.clock.advance_millis(7 * 86_400_000);
    tls.look();
    ends(&mut long).await;
    works(&mut belgium).await.unwrap();
}

#[tokio::test]
async fn broken_files_change_nothing_and_are_made_good_later() {
    let world = World::new();
    let tls = world.tls();
    let mut server = Server::start(&tls).await;
    let mut open = server.connect(&world, world.austria.named(AUSTRIA)).await;
    world.write("csirt-at", ROOTS_FILE, "no PEM");
    world.write("csirt-at", "root.crl", "no PEM either");
    world.write_key("no key");
    tls.look();
    works(&mut open).await.unwrap();
    assert!(
        world
            .meet(&tls, Client::showing(world.austria.named(AUSTRIA)))
            .await
            .is_ok()
    );
    // What the operator refuses does not wait for that.
    world.revoke("csirt-at", "7");
    tls.look();
    ends(&mut open).await;
    world.revoke("csirt-at", "");
    let second = Root::new("a second authority of Austria");
    world.write("csirt-at", ROOTS_FILE, &second.certificate.pem());
    world.write("csirt-at", "root.crl", &second.list(&[], now() + Duration::days(7)));
    world.write_server();
    tls.look();
    assert!(world.meet(&tls, Client::showing(second.named(AUSTRIA))).await.is_ok());
    assert!(
        world
            .meet(&tls, Client::showing(world.austria.named(AUSTRIA)))
            .await
            .is_err()
    );
    std::fs::remove_file(world.file("csirt-at", ROOTS_FILE)).unwrap();
    tls.look();
    assert!(world.meet(&tls, Client::showing(second.named(AUSTRIA))).await.is_err());
}

#[tokio::test]
async fn a_new_server_certificate_is_shown_to_the_next_and_disturbs_nobody() {
    let world = World::new();
    let tls = world.tls();
    let mut server = Server::start(&tls).await;
    let shown = |ends: &Ends| ends.0.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    let mut before = server.connect(&world, world.austria.named(AUSTRIA)).await;
    world.write_server();
    tls.look();
    let mut after = server.connect(&world, world.austria.named(AUSTRIA)).await;
    assert_ne!(shown(&before), shown(&after));
    works(&mut before).await.unwrap();
    works(&mut after).await.unwrap();
}

#[tokio::test]
async fn whoever_connects_while_files_change_is_judged_by_the_new_ones() {
    let world = World::new();
    let tls = world.tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // The handshake begins with what was in force before.
    let config = tls.0.config(Protocol::Grpc);
    world.revoke("csirt-at", "*");
    tls.look();
    let serve = async {
        let (io, _) = listener.accept().await.unwrap();
        crate::accepting::handshake(&tls.0, io, config, Protocol::Grpc).await
    };
    let ask = async {
        let io = TcpStream::connect(address).await.unwrap();
        let config = world.config(Client::showing(world.austria.named(AUSTRIA)));
        let connected = TlsConnector::from(Arc::new(config));
        let mut stream = connected
            .connect(ServerName::try_from("localhost").unwrap(), io)
            .await
            .unwrap();
        assert!(stream.read_u8().await.is_err());
    };
    let (served, ()) = tokio::join!(serve, ask);
    assert!(served.unwrap_err().to_string().contains("has revoked"));
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_let_go() {
    let world = World::new();
    let tls = world.tls();
    let mut server = Server::start(&tls).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut byte = [0];
    let ended = tokio::select! {
        _ = server.incoming.next() => panic!("nobody is through"),
        ended = silent.read(&mut byte) => ended,
    };
    assert_eq!(ended.unwrap_or(0), 0);
}
