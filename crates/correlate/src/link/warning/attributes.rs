use chappe_model::IndicatorKind;
use chappe_model::IndicatorKind::{
    Certificate, Cidr, CryptoAddress, Cve, Domain, Email, Ip, Md5, Mutex, RegistryKey, Sha1, Sha256, Sha512, Url,
    UserAgent,
};

/// MISP's types of attributes, each with the kind of indicator that is read from it. Types with two parts name a kind for each.
const ATTRIBUTES: &[(&str, IndicatorKind)] = &[
    ("ip-src", Ip),
    ("ip-dst", Ip),
    ("ip", Ip),
    ("ip-src", Cidr),
    ("ip-dst", Cidr),
    ("ip", Cidr),
    ("domain", Domain),
    ("hostname", Domain),
    ("url", Url),
    ("uri", Url),
    ("link", Url),
    ("email", Email),
    ("email-src", Email),
    ("email-dst", Email),
    ("target-email", Email),
    ("md5", Md5),
    ("sha1", Sha1),
    ("sha256", Sha256),
    ("sha512", Sha512),
    ("vulnerability", Cve),
    ("btc", CryptoAddress),
    ("dash", CryptoAddress),
    ("xmr", CryptoAddress),
    ("user-agent", UserAgent),
    ("x509-fingerprint-sha1", Certificate),
    ("x509-fingerprint-sha256", Certificate),
    ("mutex", Mutex),
    ("regkey", RegistryKey),
];

/// The kinds that a list is for: every kind if it names no attribute, or `ALL`.
pub(super) fn kinds(attributes: &[String]) -> Vec<IndicatorKind> {
    if attributes.is_empty() || attributes.iter().any(|attribute| attribute == "ALL") {
        return IndicatorKind::ALL.to_vec();
    }
    let named = |wanted: IndicatorKind| {
        let mut parts = attributes.iter().flat_map(|attribute| attribute.split('|'));
        parts.any(|part| ATTRIBUTES.iter().any(|(name, kind)| *name == part && *kind == wanted))
    };
    IndicatorKind::ALL.into_iter().filter(|kind| named(*kind)).collect()
}
