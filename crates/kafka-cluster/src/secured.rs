//! Listeners that ask for TLS, for a client's certificate, or for a password, with the certificates that they and their clients need.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::error::ClusterError;

/// The user whom [`Secured::sasl`] knows.
pub(crate) const USER: &str = "chappe";
/// And the password.
pub(crate) const PASSWORD: &str = "only-for-tests";

/// Where a broker is that asks who one is, and what a client shows it. Files are PEM.
#[derive(Debug, Clone)]
pub struct Secured {
    /// The address at which it asks for a client's certificate.
    pub tls: String,
    /// The address at which it asks for a user and a password, by SASL PLAIN over TLS.
    pub sasl: String,
    /// The authority that signed the broker's certificate and the client's.
    pub ca: PathBuf,
    /// An authority that signed neither.
    pub other_ca: PathBuf,
    /// A client's certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// A user.
    pub user: &'static str,
    /// The user's password.
    pub password: &'static str,
}

impl Secured {
    /// Makes authorities and certificates in a folder, for listeners at these ports of the loopback address.
    pub(crate) fn create(folder: &Path, tls: u16, sasl: u16) -> Result<Self, ClusterError> {
        fs::create_dir_all(folder).map_err(ClusterError::io("make a folder for certificates"))?;
        authority(folder, "ca")?;
        authority(folder, "other-ca")?;
        signed(folder, "broker")?;
        signed(folder, "client")?;
        let read = |name: &str| fs::read_to_string(folder.join(name));
        let store = || fs::write(folder.join("broker.pem"), read("broker.key")? + &read("broker.crt")?);
        store().map_err(ClusterError::io("write the broker's certificate"))?;
        Ok(Self {
            tls: format!("127.0.0.1:{tls}"),
            sasl: format!("127.0.0.1:{sasl}"),
            ca: folder.join("ca.crt"),
            other_ca: folder.join("other-ca.crt"),
            certificate: folder.join("client.crt"),
            key: folder.join("client.key"),
            user: USER,
            password: PASSWORD,
        })
    }

    /// The broker's settings besides those of its listeners.
    pub(crate) fn properties(&self) -> String {
        format!(
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,SASL:SASL_SSL\n\
             ssl.keystore.type=PEM\n\
             ssl.keystore.location={}\n\
             ssl.truststore.type=PEM\n\
             ssl.truststore.location={}\n\
             listener.name.tls.ssl.client.auth=required\n\
             listener.name.sasl.sasl.enabled.mechanisms=PLAIN\n\
             listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
             user_{USER}=\"{PASSWORD}\";\n",
            self.ca.with_file_name("broker.pem").display(),
            self.ca.display(),
        )
    }
}

fn authority(folder: &Path, name: &str) -> Result<(), ClusterError> {
    certificate(folder, name, &[])
}

/// A certificate of the authority `ca`, for the loopback address.
fn signed(folder: &Path, name: &str) -> Result<(), ClusterError> {
    let no_authority = "basicConstraints=critical,CA:FALSE";
    let address = "subjectAltName=IP:127.0.0.1";
    certificate(
        folder,
        name,
        &[
            "-addext",
            address,
            "-addext",
            no_authority,
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
        ],
    )
}

/// A private key and its certificate, signed by itself unless `more` says otherwise.
fn certificate(folder: &Path, name: &str, more: &[&str]) -> Result<(), ClusterError> {
    let (key, certificate, subject) = (
        format!("{name}.key"),
        format!("{name}.crt"),
        format!("/CN=chappe {name}"),
    );
    let kind = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(' ');
    let named = ["-subj", &subject, "-keyout", &key, "-out", &certificate];
    let arguments: Vec<&str> = kind.chain(named).chain(more.iter().copied()).collect();
    openssl(folder, &arguments)
}

fn openssl(folder: &Path, arguments: &[&str]) -> Result<(), ClusterError> {
    let status = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(ClusterError::io("run openssl"))?;
    match status.success() {
        true => Ok(()),
        false => Err(ClusterError::Missing {
            what: format!("openssl {} failed with {status}", arguments.first().unwrap_or(&"")),
        }),
    }
}
