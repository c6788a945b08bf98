//! An installation's files, its server, and clients that show what they like.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use chappe_clock::ManualClock;
use chappe_identity::{Peer, TrustDomain};
use chappe_model::{MemberId, Timestamp};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::pki::{Holder, NOW_S, Root, now};
use crate::accepting::{Failed, handshake};
use crate::{Options, Protocol, REVOKED_FILE, ROOTS_FILE, Tls};

/// Two members, each with an authority, and a server.
pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) austria: Root,
    pub(super) belgium: Root,
    server: Root,
    pub(super) clock: Arc<ManualClock>,
    pub(super) tokens: bool,
}

/// What a client does.
pub(super) struct Client {
    pub(super) shows: Option<Holder>,
    pub(super) version: &'static SupportedProtocolVersion,
    pub(super) alpn: Vec<Vec<u8>>,
}

impl World {
    pub(super) fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
            austria: Root::new("authority of Austria"),
            belgium: Root::new("authority of Belgium"),
            server: Root::new("authority of the server"),
            clock: Arc::new(ManualClock::starting_at(Timestamp::from_millis(NOW_S * 1_000))),
            tokens: false,
        };
        world.write_server();
        for (member, root) in [("csirt-at", &world.austria), ("csirt-be", &world.belgium)] {
            world.write(member, ROOTS_FILE, &root.certificate.pem());
            world.write(member, "root.crl", &root.list(&[], now() + Duration::days(7)));
        }
        world
    }

    /// A new certificate for the server.
    pub(super) fn write_server(&self) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = now() - Duration::days(1);
        params.not_after = now() + Duration::days(60);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.server.issuer).unwrap();
        self.write_key(&key.serialize_pem());
        fs::write(self.folder.path().join("certificate.pem"), certificate.pem()).unwrap();
    }

    pub(super) fn write_key(&self, pem: &str) {
        let path = self.folder.path().join("key.pem");
        fs::write(&path, pem).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(super) fn file(&self, member: &str, name: &str) -> PathBuf {
        self.folder.path().join("members").join(member).join(name)
    }

    pub(super) fn write(&self, member: &str, name: &str, text: &str) {
        let path = self.file(member, name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn revoke(&self, member: &str, line: &str) {
        self.write(member, REVOKED_FILE, line);
    }

    pub(super) fn options(&self) -> Options {
        let path = self.folder.path();
        Options {
            trust_domain: TrustDomain::parse("chappe.test").unwrap(),
            certificate: path.join("certificate.pem"),
            key: path.join("key.pem"),
            members: path.join("members"),
            known: ["csirt-at", "csirt-be", "csirt-cz"]
                .map(|id| MemberId::parse(id).unwrap())
                .into(),
            tokens: self.tokens,
        }
    }

    pub(super) fn tls(&self) -> Tls {
        Tls::open(self.options(), self.clock.clone()).unwrap()
    }

    /// What the server makes of a client, over a connection on loopback.
    pub(super) async fn meet(&self, tls: &Tls, client: Client) -> Result<Peer, Failed> {
        self.meet_over(Protocol::Grpc, tls, client).await
    }

    pub(super) async fn meet_over(&self, protocol: Protocol, tls: &Tls, client: Client) -> Result<Peer, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serve = async {
            let (io, _) = listener.accept().await.unwrap();
            let secured = handshake(&tls.0, io, tls.0.config(protocol), protocol).await?;
            Ok(secured.peer().clone())
        };
        let ask = async {
            let io = TcpStream::connect(address).await.unwrap();
            let connector = TlsConnector::from(Arc::new(self.config(client)));
            // Whether it is through is for the server to say.
            if let Ok(mut stream) = connector.connect(ServerName::try_from("localhost").unwrap(), io).await {
                let _ = stream.read_u8().await;
            }
        };
        let (served, ()) = tokio::join!(serve, ask);
        served
    }

    pub(super) fn config(&self, client: Client) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.server.certificate.der().clone()).unwrap();
        let provider = rustls::crypto::ring::default_provider();
        let shown = client.shows.map(|holder| {
            let key = provider.key_provider.load_private_key(holder.key).unwrap();
            Arc::new(CertifiedKey::new(holder.chain, key))
        });
        let time = Arc::new(crate::verifier::Seconds(self.clock.clone()));
        let mut config = ClientConfig::builder_with_details(Arc::new(provider), time)
            .with_protocol_versions(&[client.version])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(Shows(shown)));
        config.alpn_protocols = client.alpn;
        config
    }
}

impl Client {
    pub(super) fn showing(holder: Holder) -> Self {
        Self {
            shows: Some(holder),
            version: &TLS13,
            alpn: vec![b"h2".to_vec()],
        }
    }

    pub(super) fn silent() -> Self {
        Self {
            shows: None,
            version: &TLS13,
            alpn: vec![b"h2".to_vec()],
        }
    }
}

/// Shows what it was given, whatever that is.
#[derive(Debug)]
struct Shows(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}
