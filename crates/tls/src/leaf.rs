//! A holder's certificate by itself: what it says, and whether it has the form that the X.509-SVID standard asks for.

use chappe_identity::{Serial, SpiffeId};
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Version;

use crate::Refusal;

/// What a holder's certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its holder.
    pub id: SpiffeId,
    /// Its serial number.
    pub serial: Serial,
    /// The second from which on it is valid, since 1970.
    pub not_before: i64,
    /// The last second in which it is valid, since 1970.
    pub not_after: i64,
}

/// Reads a holder's certificate. Nothing is said of who signed it, and whether that counts.
///
/// # Errors
/// Why its form is not that of a member's certificate.
pub fn read_leaf(der: &CertificateDer<'_>) -> Result<Leaf, Refusal> {
    let certificate = parse(der)?;
    check_authority(&certificate)?;
    check_usage(&certificate)?;
    let id = SpiffeId::parse(only_uri(&certificate)?)?;
    let serial = serial(&certificate)?;
    let validity = certificate.validity();
    Ok(Leaf {
        id,
        serial,
        not_before: validity.not_before.timestamp(),
        not_after: validity.not_after.timestamp(),
    })
}

/// A certificate's serial number.
pub(crate) fn serial(certificate: &X509Certificate<'_>) -> Result<Serial, Refusal> {
    Serial::of_bytes(certificate.raw_serial()).ok_or(Refusal::Malformed("its serial number is too long"))
}

/// The last second in which a certificate is valid, since 1970.
pub(crate) fn not_after(der: &CertificateDer<'_>) -> Result<i64, Refusal> {
    Ok(parse(der)?.validity().not_after.timestamp())
}

pub(crate) fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, Refusal> {
    let (rest, certificate) =
        X509Certificate::from_der(der.as_ref()).map_err(|_| Refusal::Malformed("its DER cannot be read"))?;
    if !rest.is_empty() {
        return Err(Refusal::TrailingBytes);
    }
    if certificate.version() != X509Version::V3 {
        return Err(Refusal::Malformed("it is of another version"));
    }
    Ok(certificate)
}

fn check_authority(certificate: &X509Certificate<'_>) -> Result<(), Refusal> {
    let constraints = certificate.basic_constraints();
    let constraints = constraints.map_err(|_| Refusal::Extension("basic constraints"))?;
    if constraints.is_some_and(|constraints| constraints.value.ca) {
        return Err(Refusal::Authority);
    }
    Ok(())
}

fn check_usage(certificate: &X509Certificate<'_>) -> Result<(), Refusal> {
    let usage = certificate.key_usage().map_err(|_| Refusal::Extension("key usage"))?;
    let usage = usage.ok_or(Refusal::KeyUsage("it has none"))?.value;
    if !usage.digital_signature() {
        return Err(Refusal::KeyUsage("digitalSignature is missing"));
    }
    if usage.key_cert_sign() {
        return Err(Refusal::KeyUsage("keyCertSign is for authorities"));
    }
    if usage.crl_sign() {
        return Err(Refusal::KeyUsage("cRLSign is for authorities"));
    }
    let extended = certificate.extended_key_usage();
    let extended = extended.map_err(|_| Refusal::Extension("extended key usage"))?;
    if !extended.is_some_and(|extended| extended.value.client_auth) {
        return Err(Refusal::NotForClients);
    }
    Ok(())
}

/// The URI among the subject alternative names. Names of other kinds, and the subject's common name, say nothing of who holds it.
fn only_uri<'a>(certificate: &'a X509Certificate<'_>) -> Result<&'a str, Refusal> {
    let names = certificate.subject_alternative_name();
    let names = names.map_err(|_| Refusal::Extension("subject alternative name"))?;
    let names = names
        .map(|names| names.value.general_names.as_slice())
        .unwrap_or_default();
    if names.iter().any(|name| matches!(name, GeneralName::Invalid(..))) {
        return Err(Refusal::Extension("subject alternative name"));
    }
    let uris: Vec<&str> = names
        .iter()
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        })
        .collect();
    match uris[..] {
        [] => Err(Refusal::NoUri),
        [uri] => Ok(uri),
        _ => Err(Refusal::Uris(uris.len())),
    }
}
