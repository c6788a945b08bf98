//! What roots, certificates and lists look like.

use chappe_identity::{Serial, SpiffeId};
use chappe_model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber,
};
use time::{Duration, OffsetDateTime};

use crate::AuthorityError;

/// Certificates are valid from a little before they are made, for clocks that are behind.
const BACKDATED: Duration = Duration::minutes(5);
/// How long a root is valid.
const ROOT: Duration = Duration::days(3_650);
/// How long the server's certificate is valid.
const SERVER: Duration = Duration::days(397);
/// How long a revocation list is in force.
pub(crate) const LIST: Duration = Duration::days(365);
/// Bytes of a serial number: random, and so given once.
const SERIAL_BYTES: usize = 16;

/// A certificate and its private key, in PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

pub(crate) fn moment(at: Timestamp) -> OffsetDateTime {
    let seconds = i64::try_from(at.as_millis() / 1_000).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn params(name: &str, now: Timestamp, valid: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = moment(now) - BACKDATED;
    params.not_after = moment(now) + valid;
    params
}

/// A root: it signs certificates and lists, and nothing below it does.
pub(crate) fn root(name: &str, now: Timestamp) -> Result<Pair, AuthorityError> {
    let key = KeyPair::generate()?;
    let mut params = params(name, now, ROOT);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(Pair {
        certificate: params.self_signed(&key)?.pem(),
        key: key.serialize_pem(),
    })
}

pub(crate) fn issuer(certificate: &str, key: &str) -> Result<Issuer<'static, KeyPair>, AuthorityError> {
    Ok(Issuer::from_ca_cert_pem(certificate, KeyPair::from_pem(key)?)?)
}

/// A holder's certificate.
pub(crate) fn holder(
    issuer: &Issuer<'_, KeyPair>,
    id: &SpiffeId,
    days: u32,
    now: Timestamp,
) -> Result<(Pair, Serial), AuthorityError> {
    let mut params = params(id.member.as_str(), now, Duration::days(days.into()));
    params.subject_alt_names = vec![SanType::URI(id.to_string().try_into()?)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    signed(issuer, params)
}

/// The server's certificate, for these names and addresses.
pub(crate) fn server(issuer: &Issuer<'_, KeyPair>, hosts: &[String], now: Timestamp) -> Result<Pair, AuthorityError> {
    let mut params = params("Chappe", now, SERVER);
    let names = hosts.iter().map(|host| match host.parse() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => host.as_str().try_into().map(SanType::DnsName),
    });
    params.subject_alt_names = names.collect::<Result<_, rcgen::Error>>()?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(signed(issuer, params)?.0)
}

fn signed(issuer: &Issuer<'_, KeyPair>, mut params: CertificateParams) -> Result<(Pair, Serial), AuthorityError> {
    let mut serial = [0; SERIAL_BYTES];
    getrandom::fill(&mut serial)?;
    // A positive number, in as many bytes.
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let pair = Pair {
        certificate: params.signed_by(&key, issuer)?.pem(),
        key: key.serialize_pem(),
    };
    let serial = Serial::of_bytes(&serial).ok_or(rcgen::Error::CouldNotParseCertificate)?;
    Ok((pair, serial))
}

/// A list of what is revoked. Its number rises with time.
pub(crate) fn list<'a>(
    issuer: &Issuer<'_, KeyPair>,
    serials: impl Iterator<Item = &'a Serial>,
    now: Timestamp,
) -> Result<String, AuthorityError> {
    let revoked = serials.map(|serial| RevokedCertParams {
        serial_number: SerialNumber::from_slice(&bytes(serial)),
        revocation_time: moment(now),
        reason_code: None,
        invalidity_date: None,
    });
    let params = CertificateRevocationListParams {
        this_update: moment(now) - BACKDATED,
        next_update: moment(now) + LIST,
        crl_number: SerialNumber::from(now.as_millis()),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(params.signed_by(issuer)?.pem()?)
}

fn bytes(serial: &Serial) -> Vec<u8> {
    let digits = serial.as_str();
    let even = format!("{}{digits}", if digits.len() % 2 == 1 { "0" } else { "" });
    let pairs = even.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16).unwrap_or_default();
    pairs.map(byte).collect()
}
