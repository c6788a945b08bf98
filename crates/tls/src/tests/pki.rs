//! Authorities and certificates to be right and wrong with.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use time::{Duration, OffsetDateTime};

/// When the tests begin: a morning in January 2027, in seconds since 1970.
pub(super) const NOW_S: u64 = 1_800_000_000;
/// Whom certificates name unless told otherwise.
pub(super) const AUSTRIA: &str = "spiffe://chappe.test/member/csirt-at/person/muster";
pub(super) const BELGIUM: &str = "spiffe://chappe.test/member/csirt-be/service/feed";

pub(super) fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW_S.cast_signed()).unwrap()
}

/// An authority.
pub(super) struct Root {
    pub(super) certificate: Certificate,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

/// A certificate, what stands above it, and its private key.
pub(super) struct Holder {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = now() - Duration::days(1);
    params.not_after = now() + Duration::days(30);
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

impl Root {
    pub(super) fn new(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    pub(super) fn with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        Self { certificate, issuer }
    }

    /// An authority below this one.
    pub(super) fn below(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority(name);
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let issuer = Issuer::new(params, key);
        Self { certificate, issuer }
    }

    /// A right certificate, changed.
    pub(super) fn holder(&self, change: impl FnOnce(&mut CertificateParams)) -> Holder {
        let mut params = params("a holder");
        params.is_ca = IsCa::ExplicitNoCa;
        params.serial_number = Some(SerialNumber::from(7));
        params.subject_alt_names = vec![uri(AUSTRIA)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Holder {
            chain: vec![certificate.der().clone()],
            key: private(&key),
        }
    }

    /// A right certificate that names this.
    pub(super) fn named(&self, name: &str) -> Holder {
        self.holder(|params| params.subject_alt_names = vec![uri(name)])
    }

    /// A revocation list of two days ago.
    pub(super) fn list(&self, serials: &[u64], until: OffsetDateTime) -> String {
        self.list_of(now() - Duration::days(2), serials, until)
    }

    /// A revocation list of some day.
    pub(super) fn list_of(&self, day: OffsetDateTime, serials: &[u64], until: OffsetDateTime) -> String {
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: now(),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: day,
            next_update: until,
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().pem().unwrap()
    }
}

impl Holder {
    /// With further certificates above it.
    pub(super) fn above(mut self, authorities: &[&Root]) -> Self {
        self.chain
            .extend(authorities.iter().map(|root| root.certificate.der().clone()));
        self
    }

    /// With its certificate's bytes changed.
    pub(super) fn bent(mut self, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut bytes = self.chain[0].to_vec();
        change(&mut bytes);
        self.chain[0] = bytes.into();
        self
    }
}

pub(super) fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

pub(super) fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(key.serialize_der()).unwrap()
}
